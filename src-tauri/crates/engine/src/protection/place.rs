//! Where backups go: looked at before it is used, never taken from somebody else.

use super::reach::current_slots;
use super::rules::Tally;
use super::{protected_place, short_id};
use crate::Engine;
use crate::error::{Error, is_full};
use crate::home::{Place, Settings};
use crate::keyslot_folder::KeyslotFolder;
use crate::places;
use crate::progress::lock;
use crate::view::{PlaceView, ProtectionView};
use coffer_archive::{Repository, Unlocked};
use coffer_keys::{KeyslotSet, OpenKeyslots};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder Coffer makes for itself among other files.
const SUBFOLDER: &str = "Coffer";
/// Names tried for it before giving up.
const SUBFOLDERS: u32 = 100;

/// What a folder is, as a place for backups.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum PlaceState {
    Empty,
    HasBackups,
    OtherFiles,
    Missing,
    ReadOnly,
    NotAFolder,
}

impl Engine {
    /// Looks at a folder a person picked; leaves nothing in it.
    ///
    /// # Errors
    /// None today; a place of another kind may fail.
    pub fn inspect_place(&self, path: &Path) -> Result<PlaceView, Error> {
        let state = PlaceState::of(path);
        let store = places::open_store(path).ok();
        Ok(PlaceView {
            path: path.to_string_lossy().into_owned(),
            kind: state.as_str().to_owned(),
            free: store.and_then(|store| store.free_space().ok().flatten()),
            suggested: match state {
                PlaceState::OtherFiles | PlaceState::HasBackups => {
                    free_subfolder(path).map(|folder| folder.to_string_lossy().into_owned())
                }
                PlaceState::Empty | PlaceState::Missing | PlaceState::ReadOnly | PlaceState::NotAFolder => {
                    None
                }
            },
        })
    }

    /// Takes a folder as the place for backups, or a new folder inside it.
    ///
    /// A folder with backups of somebody else is never taken: unlock and join it, or use a subfolder. When backups are already
    /// protected, the ways to unlock move along; the backups of the old place stay where they are.
    ///
    /// # Errors
    /// [`Error::PlaceMissing`], [`Error::PlaceReadOnly`], [`Error::PlaceInUse`], [`Error::ExistingBackups`];
    /// [`Error::NeedsUnlock`] when protection is on and its keys are not open.
    pub fn choose_place(&self, path: &Path, use_subfolder: bool) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        if self.jobs.running().is_some() {
            return Err(Error::Busy);
        }
        let settings = self.home.settings();
        match self.usable_folder(path, use_subfolder, &settings)? {
            Folder::Ours(folder) => self.move_settings(&folder)?,
            Folder::Empty(folder) if protected_place(&settings).is_ok() && self.was_proved(&settings) => {
                self.move_place(&folder, &settings)?;
            }
            Folder::Empty(folder) => {
                make_folder(&folder)?;
                self.home.update_settings(|settings| settings.place = Some(Place::new(&folder)))?;
            }
        }
        self.get_protection()
    }

    /// Makes an opened repository the place of this computer: asked by the person after a restore, never silent.
    ///
    /// # Errors
    /// [`Error::Locked`] while the library is locked; what the place says when it cannot be written.
    pub(crate) fn adopt_place(
        &self,
        path: &Path,
        repository: &Repository<Unlocked>,
    ) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        self.own_library()?;
        let keys = self.read_keys(path, &repository.open_keyslots())?;
        // Counted from the first moment: a place without a proved way would be taken for a half-made one of this computer.
        let tally = Tally::of(&current_slots(&keys, &self.home.settings()), None);
        let place = Place {
            path: path.to_string_lossy().into_owned(),
            repository: Some(keys.repository().to_string()),
            proved: tally.proved,
            proved_elsewhere: tally.elsewhere,
        };
        self.home.update_settings(|settings| {
            settings.place = Some(place);
            settings.computer_slot = None;
            settings.last_check = None;
            settings.last_failure = None;
        })?;
        self.settle(keys, true)?;
        self.get_protection()
    }

    /// The newest keys a place holds, verified with keys that are open.
    pub(crate) fn read_keys(&self, path: &Path, open: &OpenKeyslots) -> Result<OpenKeyslots, Error> {
        let folder = KeyslotFolder::of(places::open_store(path)?);
        let keys = self.current_keys(&KeyslotSet::read(folder.files()?), open, &self.home.settings())?;
        if keys.state() < open.state() {
            // An older state was put back: nothing is built on it.
            return Err(Error::RolledBack);
        }
        Ok(keys)
    }

    fn was_proved(&self, settings: &Settings) -> bool {
        settings.place.as_ref().is_some_and(|place| place.proved > 0)
    }

    fn usable_folder(&self, path: &Path, use_subfolder: bool, settings: &Settings) -> Result<Folder, Error> {
        let subfolder =
            || free_subfolder(path).ok_or(Error::PlaceInUse { suggested: None }).map(Folder::Empty);
        match PlaceState::of(path) {
            PlaceState::Empty => Ok(Folder::Empty(path.to_owned())),
            PlaceState::Missing if path.parent().is_some_and(Path::is_dir) => {
                Ok(Folder::Empty(path.to_owned()))
            }
            PlaceState::Missing | PlaceState::NotAFolder => Err(Error::PlaceMissing),
            PlaceState::ReadOnly => Err(Error::PlaceReadOnly),
            PlaceState::OtherFiles if use_subfolder => subfolder(),
            PlaceState::OtherFiles => Err(Error::PlaceInUse {
                suggested: free_subfolder(path).map(|folder| folder.to_string_lossy().into_owned()),
            }),
            PlaceState::HasBackups if self.is_ours(path, settings) => Ok(Folder::Ours(path.to_owned())),
            PlaceState::HasBackups if use_subfolder => subfolder(),
            PlaceState::HasBackups => Err(Error::ExistingBackups { backup_id: id_at(path) }),
        }
    }

    /// The repository this computer has opened already, perhaps under another path.
    fn is_ours(&self, path: &Path, settings: &Settings) -> bool {
        let Ok((_, repository)) = protected_place(settings) else { return false };
        set_at(path).and_then(|set| set.repository_id()) == Some(repository)
    }

    fn move_settings(&self, folder: &Path) -> Result<(), Error> {
        self.home.update_settings(|settings| {
            if let Some(place) = &mut settings.place {
                place.path = folder.to_string_lossy().into_owned();
            }
        })
    }

    /// The same ways and keys in a new, empty folder: written there first, then remembered.
    fn move_place(&self, folder: &Path, settings: &Settings) -> Result<(), Error> {
        let cached = self.cached_keyslots(settings)?.ok_or(Error::NotProtected)?;
        let keys = {
            let session = lock(&self.session);
            cached.reopen(session.place.as_ref().ok_or(Error::NeedsUnlock)?)?
        };
        let repository = keys.repository();
        make_folder(folder)?;
        Repository::create(places::open_store(folder)?, keys, self.ports.entropy.as_ref())?;
        self.begin_pins(&repository)?;
        self.home.update_settings(|settings| {
            if let Some(place) = &mut settings.place {
                place.path = folder.to_string_lossy().into_owned();
            }
            settings.last_check = None;
            settings.last_failure = None;
        })
    }
}

enum Folder {
    /// Nothing is in it, or it is not there yet.
    Empty(PathBuf),
    /// The repository this computer knows.
    Ours(PathBuf),
}

impl PlaceState {
    fn of(path: &Path) -> Self {
        let Ok(facts) = fs::metadata(path) else { return Self::Missing };
        if !facts.is_dir() {
            return Self::NotAFolder;
        }
        let is_repository = places::open_store(path).and_then(|store| places::is_repository(store.as_ref()));
        if is_repository.is_ok_and(|is_repository| is_repository) {
            return Self::HasBackups;
        }
        let Ok(mut entries) = fs::read_dir(path) else { return Self::ReadOnly };
        if entries.any(|entry| !entry.is_ok_and(|entry| is_clutter(&entry.file_name().to_string_lossy()))) {
            return Self::OtherFiles;
        }
        if is_writable(path) { Self::Empty } else { Self::ReadOnly }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::HasBackups => "has_backups",
            Self::OtherFiles => "other_files",
            Self::Missing => "missing",
            Self::ReadOnly => "read_only",
            Self::NotAFolder => "not_a_folder",
        }
    }
}

/// Files that systems leave in folders people call empty, and what a stopped set-up leaves where no backup is.
fn is_clutter(name: &str) -> bool {
    matches!(
        name,
        ".DS_Store" | "Thumbs.db" | "desktop.ini" | "lost+found" | ".Trash-1000" | ".stfolder" | ".sync"
    ) || matches!(name, ".coffer-tmp" | "creating" | "keyslots" | "keyslots-2")
}

/// Tries it: permission bits do not tell about read-only mounts.
fn is_writable(path: &Path) -> bool {
    let probe = path.join(".coffer-write-test");
    let written = fs::OpenOptions::new().write(true).create_new(true).open(&probe).is_ok();
    if written {
        return fs::remove_file(&probe).is_ok();
    }
    // A probe of a run that was stopped counts, when it can be removed.
    fs::remove_file(&probe).is_ok()
}

fn free_subfolder(path: &Path) -> Option<PathBuf> {
    (1..=SUBFOLDERS)
        .map(|number| if number == 1 { SUBFOLDER.to_owned() } else { format!("{SUBFOLDER} {number}") })
        .map(|name| path.join(name))
        .find(|folder| matches!(PlaceState::of(folder), PlaceState::Missing | PlaceState::Empty))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds a screen has no other sentence for are told as they are"
)]
fn make_folder(path: &Path) -> Result<(), Error> {
    let Err(error) = fs::create_dir(path) else { return Ok(()) };
    match error.kind() {
        ErrorKind::AlreadyExists => Ok(()),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Err(Error::PlaceReadOnly),
        ErrorKind::NotFound => Err(Error::PlaceMissing),
        _ if is_full(&error) => Err(Error::PlaceFull),
        kind => Err(Error::Storage { what: format!("making the folder for backups: {kind}") }),
    }
}

fn set_at(path: &Path) -> Option<KeyslotSet> {
    let files = KeyslotFolder::of(places::open_store(path).ok()?).files().ok()?;
    Some(KeyslotSet::read(files))
}

fn id_at(path: &Path) -> Option<String> {
    Some(short_id(&set_at(path)?.repository_id()?.to_string()))
}
