//! A backup of an iPhone as Finder, iTunes or the Apple Devices app makes it: files under names that are hashes, and `Manifest.db`, the
//! list of what each of them was on the phone (domain and path).
//!
//! Only backups that are not encrypted are read. An encrypted one is recognised and named.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::Files;
use crate::plist::Plist;
use crate::sealed_copy::{self, SealedDatabase, Workroom};
use crate::source::{Cancel, ReadOptions, ReadReport, Sink};
use crate::tables::Tables;
use crate::walk::Walk;
use crate::{imessage, whatsapp_ios};

const MANIFEST: &str = "Manifest.db";
/// Longest `Manifest.plist` that is looked at: real ones have some ten to a hundred kilobytes.
const MAX_PLIST: u64 = 16 << 20;
/// Most files of one domain.
const MAX_FILES: usize = 4_000_000;

/// What reads the database of an app.
#[derive(Clone, Copy)]
enum Reader {
    WhatsApp,
    Messages,
}

/// An app whose chats are looked for: its domain, and its database there.
struct App {
    domain: &'static str,
    database: &'static str,
    /// Databases with their logs, which are kept if wanted.
    databases: &'static [&'static str],
    /// Where the files of messages are, if in another domain.
    files: Option<&'static str>,
    reader: Reader,
}

const fn whatsapp(domain: &'static str) -> App {
    let databases = &whatsapp_ios::DATABASES;
    App { domain, database: whatsapp_ios::DATABASE, databases, files: None, reader: Reader::WhatsApp }
}

const APPS: &[App] = &[
    whatsapp("AppDomainGroup-group.net.whatsapp.WhatsApp.shared"),
    whatsapp("AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared"),
    App {
        domain: "HomeDomain",
        database: imessage::PHONE_DATABASE,
        databases: &[imessage::PHONE_DATABASE],
        files: Some("MediaDomain"),
        reader: Reader::Messages,
    },
];

/// The folder of a backup: the one itself, one of a file in it, or the newest of those it holds.
pub(crate) fn root_of(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        let is_list = path.file_name().is_some_and(|name| name == MANIFEST);
        return path.parent().filter(|_| is_list).map(Path::to_owned);
    }
    if is_backup(path) {
        return Some(path.to_owned());
    }
    let folders = fs::read_dir(path).ok()?.flatten().map(|entry| entry.path());
    let dated = folders.filter(|folder| is_backup(folder)).filter_map(|folder| {
        let made = fs::metadata(folder.join(MANIFEST)).and_then(|about| about.modified()).ok()?;
        Some((made, folder))
    });
    dated.max().map(|(_, folder)| folder)
}

fn is_backup(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file() && folder.join("Manifest.plist").is_file()
}

/// Says whether a backup holds chats that are read: `None` when it holds none.
pub(crate) fn recognise(root: &Path) -> Result<Option<u8>, ChatError> {
    refuse_encrypted(root)?;
    let Some(list) = sealed_copy::peek(&root.join(MANIFEST)) else { return Ok(None) };
    let Some(manifest) = Manifest::of(&list) else { return Ok(None) };
    Ok(APPS.iter().any(|app| manifest.place(app.domain, app.database).is_some()).then_some(100))
}

/// The databases chats are read from, with their logs.
pub(crate) fn originals(root: &Path) -> Vec<PathBuf> {
    let Some(list) = sealed_copy::peek(&root.join(MANIFEST)) else { return Vec::new() };
    let Some(manifest) = Manifest::of(&list) else { return Vec::new() };
    let mut files = Vec::new();
    for app in APPS {
        for name in app.databases {
            for end in ["", "-wal"] {
                let place = manifest.place(app.domain, &format!("{name}{end}"));
                files.extend(place.map(|place| root.join(place)).filter(|path| path.is_file()));
            }
        }
    }
    files
}

/// Reads the chats of every app in it.
pub(crate) fn read(
    root: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    refuse_encrypted(root)?;
    let room = options.workroom.as_ref().ok_or(ChatError::NoWorkroom)?;
    let mut sources = sources(root, room)?;
    if sources.is_empty() {
        return Err(ChatError::Unknown { start: "folder" });
    }
    let sizes: Vec<u64> = sources.iter_mut().map(|(app, files)| size_of(files, app.database)).collect();
    let all = sizes.iter().fold(0_u64, |all, size| all.saturating_add(*size));
    report.bytes = report.bytes.saturating_add(all);
    let mut walk = Walk::begin(options, sink, cancel, report, all);
    let mut from = 0_u64;
    for ((app, mut files), size) in sources.into_iter().zip(sizes) {
        let to = from.saturating_add(size);
        let span = (from, to);
        match app.reader {
            Reader::WhatsApp => whatsapp_ios::read_from(&mut files, app.database, room, &mut walk, span)?,
            Reader::Messages => imessage::read_from(&mut files, app.database, room, &mut walk, span)?,
        }
        from = to;
    }
    walk.end();
    Ok(())
}

fn size_of(files: &mut Files, name: &str) -> u64 {
    files.size(name).unwrap_or(0)
}

/// The apps that have a database, with their files.
fn sources(root: &Path, room: &Workroom) -> Result<Vec<(&'static App, Files)>, ChatError> {
    let list = SealedDatabase::open(room.copy_database(&root.join(MANIFEST))?)?;
    let Some(manifest) = Manifest::of(&list) else { return Ok(Vec::new()) };
    let mut sources = Vec::new();
    for app in APPS {
        if manifest.place(app.domain, app.database).is_some() {
            let mut names = manifest.files(app.domain)?;
            if let Some(domain) = app.files {
                names.extend(manifest.files(domain)?);
            }
            sources.push((app, Files::Renamed { root: root.to_owned(), names }));
        }
    }
    Ok(sources)
}

/// `Manifest.plist` says so, or the list itself is no database.
fn refuse_encrypted(root: &Path) -> Result<(), ChatError> {
    let mut start = Vec::new();
    fs::File::open(root.join(MANIFEST))?.take(16).read_to_end(&mut start)?;
    let mut facts = Vec::new();
    fs::File::open(root.join("Manifest.plist"))?.take(MAX_PLIST).read_to_end(&mut facts)?;
    if start != b"SQLite format 3\0" || says_encrypted(&facts) {
        return Err(ChatError::EncryptedPhoneBackup);
    }
    Ok(())
}

fn says_encrypted(facts: &[u8]) -> bool {
    if let Some(list) = Plist::read(facts) {
        return list.get("IsEncrypted").is_some_and(Plist::is_true);
    }
    // The same list as text.
    let text: String = String::from_utf8_lossy(facts).split_whitespace().collect();
    text.contains("<key>IsEncrypted</key><true/>")
}

/// The list of a backup's files.
struct Manifest<'a>(&'a Connection);

impl<'a> Manifest<'a> {
    fn of(list: &'a Connection) -> Option<Self> {
        let tables = Tables::look(list).ok()?;
        tables.has("Files", &["fileid", "domain", "relativepath"]).then_some(Self(list))
    }

    /// Where a file lies below the folder of the backup.
    fn place(&self, domain: &str, path: &str) -> Option<String> {
        let sql = "SELECT fileID FROM Files WHERE domain = ? AND relativePath = ? LIMIT 1";
        let id = self.0.query_row(sql, [domain, path], |row| row.get::<_, String>(0)).ok()?;
        place_of(&id)
    }

    /// Every file of a domain, by its path on the phone.
    fn files(&self, domain: &str) -> Result<HashMap<String, String>, ChatError> {
        let mut rows = self.0.prepare("SELECT relativePath, fileID FROM Files WHERE domain = ?")?;
        let mut rows = rows.query([domain])?;
        let mut files = HashMap::new();
        while let Some(row) = rows.next()? {
            let (Ok(path), Ok(id)) = (row.get::<_, String>(0), row.get::<_, String>(1)) else { continue };
            if let Some(place) = place_of(&id).filter(|_| files.len() < MAX_FILES) {
                files.insert(path, place);
            }
        }
        Ok(files)
    }
}

/// A file lies in a folder named by the first two digits of its id.
fn place_of(id: &str) -> Option<String> {
    let is_hash = id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let folder = id.get(..2).filter(|_| is_hash)?;
    Some(format!("{folder}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_no_hash_leads_nowhere() {
        assert_eq!(place_of(&"0a".repeat(20)).unwrap(), format!("0a/{}", "0a".repeat(20)));
        assert_eq!(place_of("../../etc/passwd"), None);
        assert_eq!(place_of(&format!("..{}", "0".repeat(38))), None);
    }

    #[test]
    fn both_ways_of_writing_the_list_say_encrypted() {
        let facts = |is_encrypted| {
            let entries = [("IsEncrypted".to_owned(), Plist::Bool(is_encrypted))];
            crate::plist::write(&Plist::Dict(entries.into()))
        };
        let text = b"<plist><dict>\n\t<key>IsEncrypted</key>\n\t<true/>\n</dict></plist>";

        assert!(says_encrypted(&facts(true)) && says_encrypted(text));
        assert!(!says_encrypted(&facts(false)) && !says_encrypted(b"nothing"));
    }

    #[test]
    fn the_newest_backup_of_a_folder_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for (name, seconds) in [("old", 100), ("new", 900)] {
            let backup = folder.path().join(name);
            fs::create_dir(&backup).unwrap();
            fs::write(backup.join("Manifest.plist"), "x").unwrap();
            let list = fs::File::create(backup.join(MANIFEST)).unwrap();
            list.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        }

        assert_eq!(root_of(folder.path()), Some(folder.path().join("new")));
        assert_eq!(root_of(&folder.path().join("old")), Some(folder.path().join("old")));
        assert_eq!(root_of(&folder.path().join("old/Manifest.db")), Some(folder.path().join("old")));
        assert_eq!(root_of(&folder.path().join("nowhere")), None);
    }
}
