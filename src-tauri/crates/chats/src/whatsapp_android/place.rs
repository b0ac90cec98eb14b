//! Where the database, the names and the files lie: in the phone's folders as they were copied, or beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ChatError;
use crate::files::file_name;
use crate::sealed_copy::{SealedCopy, Workroom};
use crate::source::{Cancel, ReadOptions};
use crate::whatsapp_crypt;

/// Folders below the one that was chosen in which WhatsApp keeps its databases.
const FOLDERS: &[&str] = &[
    "",
    "Databases",
    "databases",
    "WhatsApp/Databases",
    "com.whatsapp/WhatsApp/Databases",
    "com.whatsapp.w4b/WhatsApp Business/Databases",
    "WhatsApp Business/Databases",
];
/// Where `wa.db` may be, seen from the folder of `msgstore.db`.
const NAMES_FOLDERS: &[&str] = &["", "../Backups", "Backups", "../databases"];

/// The copies that were opened.
pub(super) struct Opened {
    pub(super) messages: SealedCopy,
    pub(super) names: Option<SealedCopy>,
    /// It was an encrypted backup.
    pub(super) is_sealed: bool,
}

impl Opened {
    pub(super) fn open(
        path: &Path,
        options: &ReadOptions,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &Cancel,
    ) -> Result<Self, ChatError> {
        let room = options.workroom.as_ref().ok_or(ChatError::NoWorkroom)?;
        let is_sealed = !is_plain(path)?;
        let messages = open_one(path, options, room, progress, cancel)?;
        // Names are a help, not a need: a file of them that does not open is as good as none.
        let names = names_beside(path)
            .into_iter()
            .find_map(|path| open_one(&path, options, room, &mut |_, _| {}, cancel).ok());
        Ok(Self { messages, names, is_sealed })
    }
}

fn open_one(
    path: &Path,
    options: &ReadOptions,
    room: &Workroom,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<SealedCopy, ChatError> {
    if is_plain(path)? {
        return room.copy_database(path);
    }
    whatsapp_crypt::open(path, options.app_key.as_deref(), room, progress, cancel)
}

fn is_plain(path: &Path) -> Result<bool, ChatError> {
    let mut file = fs::File::open(path)?;
    Ok(crate::files::first_bytes(&mut file, 16)? == b"SQLite format 3\0")
}

/// `msgstore.db`, `msgstore.db.crypt15`, `msgstore-2024-05-01.1.db.crypt14`; not `msgstore-increment-…`, which holds only changes.
pub(crate) fn is_database_name(name: &str) -> bool {
    rank(name).is_some()
}

/// How good a choice a file is: in clear before encrypted, the undated before the newest of the dated.
fn rank(name: &str) -> Option<(u8, u8, String)> {
    let rest = name.strip_prefix("msgstore")?;
    let (date, end) = rest.split_once(".db").map(|(date, end)| (date.to_owned(), end))?;
    let is_known_date =
        date.is_empty() || date.strip_prefix('-').is_some_and(|date| date.starts_with(char::is_numeric));
    let crypt = match end {
        "" => 3,
        ".crypt15" => 2,
        ".crypt14" => 1,
        ".crypt12" => 0,
        _ => return None,
    };
    is_known_date.then_some((u8::from(date.is_empty()), crypt, date))
}

/// The database to read in a folder that was chosen.
pub(crate) fn database_in(folder: &Path) -> Option<PathBuf> {
    FOLDERS.iter().find_map(|below| {
        let folder = if below.is_empty() { folder.to_owned() } else { folder.join(below) };
        let names = fs::read_dir(&folder).ok()?.flatten().filter(|entry| entry.path().is_file());
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let best = names.filter_map(|name| Some((rank(&name)?, name))).max()?;
        Some(folder.join(best.1))
    })
}

/// Files that may hold the names, the likeliest first.
fn names_beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let kinds = ["wa.db", "wa.db.crypt15", "wa.db.crypt14", "wa.db.crypt12"];
    let all =
        NAMES_FOLDERS.iter().flat_map(|below| kinds.iter().map(move |name| folder.join(below).join(name)));
    all.filter(|path| fs::symlink_metadata(path).is_ok_and(|about| about.is_file())).collect()
}

/// The folder that `Media/…` is below.
pub(super) fn media_root(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_in_databases = file_name(folder).eq_ignore_ascii_case("databases");
    match folder.parent() {
        Some(above) if is_in_databases && !folder.join("Media").is_dir() => above.to_owned(),
        _ => folder.to_owned(),
    }
}

/// A path as the database writes it, from `Media/` on.
fn below_root(path: &str) -> &str {
    match path.find("/Media/") {
        Some(at) => path.get(at + 1..).unwrap_or(path),
        None => path.trim_start_matches('/'),
    }
}

/// Where a path of the database may be among the files.
pub(super) fn names(path: &str) -> Vec<String> {
    let below = below_root(path);
    if below.is_empty() { Vec::new() } else { vec![below.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_database_of_a_folder_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let databases = folder.path().join("Databases");
        fs::create_dir(&databases).unwrap();
        for name in [
            "msgstore-2024-05-01.1.db.crypt15",
            "msgstore-2024-06-01.1.db.crypt14",
            "msgstore-increment-1-2024-07-01.1.db.crypt15",
            "notes.txt",
        ] {
            fs::write(databases.join(name), "x").unwrap();
        }
        let chosen = || file_name(&database_in(folder.path()).unwrap());

        assert_eq!(chosen(), "msgstore-2024-05-01.1.db.crypt15");
        fs::write(databases.join("msgstore.db.crypt14"), "x").unwrap();
        assert_eq!(chosen(), "msgstore.db.crypt14");
        fs::write(databases.join("msgstore.db"), "x").unwrap();
        assert_eq!(chosen(), "msgstore.db");
    }

    #[test]
    fn media_are_looked_for_beside_the_folder_of_databases() {
        assert_eq!(media_root(Path::new("/w/WhatsApp/Databases/msgstore.db")), Path::new("/w/WhatsApp"));
        assert_eq!(media_root(Path::new("/w/msgstore.db")), Path::new("/w"));
        assert_eq!(
            below_root("/storage/emulated/0/WhatsApp/Media/WhatsApp Images/a.jpg"),
            "Media/WhatsApp Images/a.jpg"
        );
        assert_eq!(below_root("Media/a.jpg"), "Media/a.jpg");
    }
}
