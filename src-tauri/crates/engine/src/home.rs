//! The home: where everything of this computer lies, and its small settings file.

use crate::check::without_names;
use crate::error::Error;
use crate::progress::lock;
use crate::view::{CheckReport, ErrorView};
use coffer_keys::Reach;
use coffer_secret::Entropy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const SETTINGS: &str = "settings.json";
const LOCK: &str = "in-use";
/// A settings file is a few hundred bytes; more than this is not ours.
const SETTINGS_CEILING: u64 = 1 << 20;

/// The folder of this computer. Cheap to clone; clones share the settings.
#[derive(Clone, Debug)]
pub struct Home(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    settings: Mutex<Settings>,
    // Held for as long as the engine lives; the system lets go of it when the process dies.
    _in_use: File,
}

/// What is remembered in the clear. Nothing secret, nothing about any chat.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Settings {
    /// Random id of this home: names its entries in the keychain and its pins.
    pub home_id: String,
    /// Random id of this home as a writer of snapshots.
    pub writer_id: String,
    /// Where backups go.
    #[serde(default)]
    pub place: Option<Place>,
    /// What the last check found, without names of chats.
    #[serde(default)]
    pub last_check: Option<CheckReport>,
    /// Why the last backup failed; none after a good one.
    #[serde(default)]
    pub last_failure: Option<ErrorView>,
    /// When each way (slot id) was used and tested here.
    #[serde(default)]
    pub ways: BTreeMap<String, WayTimes>,
    /// This computer's own slot in the place, opened by its keychain.
    #[serde(default)]
    pub computer_slot: Option<String>,
}

/// The place backups go to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Place {
    /// The folder.
    pub path: String,
    /// The repository in it, as hex; none until the first way is set up.
    pub repository: Option<String>,
    /// Proved ways when this computer last saw them, for the screen while locked.
    #[serde(default)]
    pub proved: u32,
    /// Those of them that work on another computer.
    #[serde(default)]
    pub proved_elsewhere: u32,
}

impl Place {
    /// A folder that holds no repository yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_string_lossy().into_owned(), repository: None, proved: 0, proved_elsewhere: 0 }
    }
}

/// Times of one way on this computer.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct WayTimes {
    /// When it was added, for the screen while the rest of it is sealed.
    #[serde(default)]
    pub added: Option<i64>,
    /// Last used to unlock.
    pub last_used: Option<i64>,
    /// Last tested.
    pub last_tested: Option<i64>,
    /// Where a passkey works, when that changed since its slot was written.
    #[serde(default)]
    pub reach: Option<SeenReach>,
}

/// Where a passkey works now, and what its slot said then: another reach in the slot means that somebody knew better.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct SeenReach {
    /// In the slot.
    pub sealed: WayReach,
    /// Now.
    pub now: WayReach,
}

/// Where a way works, as it is remembered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WayReach {
    /// See [`Reach::ThisComputer`].
    ThisComputer,
    /// See [`Reach::ThisKey`].
    ThisKey,
    /// See [`Reach::Synced`].
    Synced,
    /// See [`Reach::Anywhere`].
    Anywhere,
}

impl From<Reach> for WayReach {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::ThisComputer => Self::ThisComputer,
            Reach::ThisKey => Self::ThisKey,
            Reach::Synced => Self::Synced,
            Reach::Anywhere => Self::Anywhere,
        }
    }
}

impl From<WayReach> for Reach {
    fn from(reach: WayReach) -> Self {
        match reach {
            WayReach::ThisComputer => Self::ThisComputer,
            WayReach::ThisKey => Self::ThisKey,
            WayReach::Synced => Self::Synced,
            WayReach::Anywhere => Self::Anywhere,
        }
    }
}

impl Home {
    /// Opens the home, making it on first use.
    ///
    /// # Errors
    /// [`Error::HomeInUse`] while another Coffer has it open; [`Error::Storage`] when it cannot be written.
    pub fn open(root: &Path, entropy: &dyn Entropy) -> Result<Self, Error> {
        make_private_folder(root)?;
        let in_use = take_lock(root)?;
        let settings = match read_settings(root)? {
            Some(settings) => settings,
            None => {
                let settings = Settings::make(entropy);
                write_settings(root, &settings)?;
                settings
            }
        };
        Ok(Self(Arc::new(Inner { root: root.to_owned(), settings: Mutex::new(settings), _in_use: in_use })))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The library database.
    pub fn library_database(&self) -> PathBuf {
        self.0.root.join("library").join("chats.db")
    }

    /// The folder of the library: database and media.
    pub fn library_folder(&self) -> PathBuf {
        self.0.root.join("library")
    }

    /// Sealed copies of other apps' databases, each as long as it is read.
    pub fn copies_folder(&self) -> PathBuf {
        self.0.root.join("library").join("copies")
    }

    /// The sealed media of the library.
    pub fn media_folder(&self) -> PathBuf {
        self.0.root.join("library").join("media")
    }

    /// Everything of the sample chats; thrown away when they are closed.
    pub fn sample_folder(&self) -> PathBuf {
        self.0.root.join("sample")
    }

    /// The file the library key lies in before protection is on.
    pub fn library_key_file(&self) -> PathBuf {
        self.0.root.join("library.key")
    }

    /// The local keyslot folder, which opens the library.
    pub fn ways_folder(&self) -> PathBuf {
        self.0.root.join("ways")
    }

    /// What this computer saw last of each repository.
    pub fn pins_file(&self) -> PathBuf {
        self.0.root.join("pins")
    }

    /// The newest keyslot files of the place, kept in case the place is lost.
    pub fn keyslot_cache(&self, repository: &str) -> PathBuf {
        self.0.root.join("places").join(repository)
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Settings {
        lock(&self.0.settings).clone()
    }

    /// Changes the settings; on the disk before it returns.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing is changed.
    pub fn update_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let mut settings = lock(&self.0.settings);
        let mut next = settings.clone();
        change(&mut next);
        // Chat titles belong in the sealed library, not in a plain file.
        next.last_check = next.last_check.as_ref().map(without_names);
        if next != *settings {
            write_settings(&self.0.root, &next)?;
            *settings = next;
        }
        Ok(())
    }
}

impl Settings {
    fn make(entropy: &dyn Entropy) -> Self {
        Self {
            home_id: make_id(entropy),
            writer_id: make_id(entropy),
            place: None,
            last_check: None,
            last_failure: None,
            ways: BTreeMap::new(),
            computer_slot: None,
        }
    }
}

/// Draws a random id of 16 bytes, as hex.
pub(crate) fn make_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    to_hex(&bytes)
}

/// Formats bytes as lower-case hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // Made in one piece: what is formatted may be a key, and pieces would stay in memory.
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(half)]));
        }
    }
    text
}

/// Parses 16 bytes of lower-case or upper-case hex.
pub(crate) fn parse_id(text: &str) -> Option<[u8; 16]> {
    let mut id = [0_u8; 16];
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in id.iter_mut().zip((0..32).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(id)
}

/// Makes a folder only this user can enter.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Error::from_io("making a folder of the home", &error))
}

/// Writes a file only this user can read: the old content or the new one stands there, never a part.
pub(crate) fn write_private_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let named = |error: &std::io::Error| Error::from_io("writing a file of the home", error);
    let folder = path.parent().ok_or_else(|| Error::storage("a file of the home has no folder"))?;
    make_private_folder(folder)?;
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".new");
    let temporary = folder.join(name);
    remove_file(&temporary)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).map_err(|error| named(&error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| named(&error))?;
    drop(file);
    fs::rename(&temporary, path).map_err(|error| named(&error))?;
    sync_folder(folder)
}

/// Removes a file if it is there, and makes that durable.
pub(crate) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::from_io("removing a file of the home", &error)),
    }
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::from_io("removing a folder of the home", &error)),
    }
}

/// Reads a small file; `None` when there is none.
pub(crate) fn read_small_file(path: &Path, ceiling: u64) -> Result<Option<Vec<u8>>, Error> {
    match fs::metadata(path) {
        Ok(facts) if facts.len() > ceiling => Err(Error::storage("a file of the home is too long")),
        Ok(_) => {
            fs::read(path).map(Some).map_err(|error| Error::from_io("reading a file of the home", &error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::from_io("reading a file of the home", &error)),
    }
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    // Windows has no handle to a folder that can be flushed; its rename is written through.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::from_io("writing a folder of the home", &error))
}

fn take_lock(root: &Path) -> Result<File, Error> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(root.join(LOCK))
        .map_err(|error| Error::from_io("opening the home", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::HomeInUse),
        // A file system without locks: one Coffer at a time is then up to the person.
        Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(fs::TryLockError::Error(error)) => Err(Error::from_io("opening the home", &error)),
    }
}

fn read_settings(root: &Path) -> Result<Option<Settings>, Error> {
    let path = root.join(SETTINGS);
    let Some(bytes) = read_small_file(&path, SETTINGS_CEILING)? else { return Ok(None) };
    match serde_json::from_slice::<Settings>(&bytes) {
        Ok(settings) if parse_id(&settings.home_id).is_some() && parse_id(&settings.writer_id).is_some() => {
            Ok(Some(settings))
        }
        Ok(_) | Err(_) => {
            // Kept aside, not thrown away; the ways to unlock do not depend on it.
            fs::rename(&path, root.join("settings.damaged.json"))
                .map_err(|error| Error::from_io("putting damaged settings aside", &error))?;
            Ok(None)
        }
    }
}

fn write_settings(root: &Path, settings: &Settings) -> Result<(), Error> {
    let bytes =
        serde_json::to_vec_pretty(settings).map_err(|_| Error::storage("settings cannot be encoded"))?;
    write_private_file(&root.join(SETTINGS), &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_secret::testing::SeededEntropy;

    fn open(root: &Path) -> Result<Home, Error> {
        Home::open(root, &SeededEntropy::new(1))
    }

    #[test]
    fn settings_come_back_after_a_new_start() {
        let folder = tempfile::tempdir().unwrap();
        let home = open(folder.path()).unwrap();
        let first = home.settings();

        home.update_settings(|settings| {
            settings.place = Some(Place::new(Path::new("/p")));
        })
        .unwrap();
        drop(home);

        let second = open(folder.path()).unwrap().settings();
        assert_eq!(second.home_id, first.home_id);
        assert_eq!(second.place.unwrap().path, "/p");
    }

    #[test]
    fn a_home_is_open_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = open(folder.path()).unwrap();

        let second = open(folder.path());

        assert!(matches!(second, Err(Error::HomeInUse)));
        drop(home);
        assert!(open(folder.path()).is_ok());
    }

    #[test]
    fn damaged_settings_are_put_aside_and_the_home_opens() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        fs::write(folder.path().join(SETTINGS), b"{\"home_id\": 3").unwrap();

        let home = open(folder.path()).unwrap();

        assert!(folder.path().join("settings.damaged.json").exists());
        assert!(home.settings().place.is_none());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_home() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("home");
        drop(open(&root).unwrap());

        let folder_mode = fs::metadata(&root).unwrap().permissions().mode() & 0o777;
        let file_mode = fs::metadata(root.join(SETTINGS)).unwrap().permissions().mode() & 0o777;

        assert_eq!((folder_mode, file_mode), (0o700, 0o600));
    }

    #[test]
    fn ids_are_16_bytes_of_hex() {
        assert_eq!(parse_id(&to_hex(&[0xab; 16])), Some([0xab; 16]));
        assert_eq!(parse_id("ab"), None);
        assert_eq!(parse_id(&"+1".repeat(16)), None);
    }
}
