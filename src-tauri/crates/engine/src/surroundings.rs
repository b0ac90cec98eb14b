//! A bounded look around this computer for backups and exports, so that a newcomer need not know where they lie.

use crate::Engine;
use crate::error::Error;
use crate::home::write_private_file;
use crate::places;
use crate::view::{FoundBackup, FoundSource};
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Entries of one folder that are looked at: a folder of downloads may hold a hundred thousand.
const ENTRY_LIMIT: usize = 5_000;
/// Exports that are shown, the newest.
const SOURCES_SHOWN: usize = 12;

impl Engine {
    /// Backups in the likely folders, this computer's own place left out; never deeper than two folders.
    pub fn find_backups(&self) -> Vec<FoundBackup> {
        let own = self.home.settings().place.map(|place| PathBuf::from(place.path));
        let mut paths = Vec::new();
        for folder in self.ports.folders.of_backups() {
            for path in places::look_for_repositories(&folder) {
                if Some(&path) != own.as_ref() && !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        let found = paths.iter().filter_map(|path| {
            let changed = fs::metadata(path.join("snapshots")).ok().as_ref().and_then(written);
            Some(FoundBackup { path: path.to_str()?.to_owned(), changed })
        });
        found.collect()
    }

    /// Exports in the folders they usually land in, the newest first.
    pub fn find_sources(&self) -> Vec<FoundSource> {
        let mut found = Vec::new();
        for folder in self.ports.folders.of_exports() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            found.extend(entries.flatten().take(ENTRY_LIMIT).filter_map(|entry| source_of(&entry)));
        }
        found.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.path.cmp(&b.path)));
        found.truncate(SOURCES_SHOWN);
        found
    }

    /// Writes a report where the person said, as text that only this user can read.
    ///
    /// # Errors
    /// [`Error::Storage`] and its kin when it cannot be written.
    pub fn save_report(&self, path: &Path, text: &str) -> Result<(), Error> {
        write_private_file(path, text.as_bytes())
    }
}

/// The export an entry is by its name; what it holds is looked at only when the person chooses it.
fn source_of(entry: &DirEntry) -> Option<FoundSource> {
    let name = entry.file_name();
    let name = name.to_str()?;
    let facts = entry.metadata().ok()?;
    let is_archive = Path::new(name)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("zip") || ending.eq_ignore_ascii_case("txt"));
    let source = if facts.is_file() && is_archive && name.contains("WhatsApp") {
        "whatsapp_export"
    } else if facts.is_dir() && is_telegram(name) && entry.path().join("result.json").is_file() {
        "telegram_export"
    } else if facts.is_dir() && name.starts_with("signal-") && entry.path().join("main.jsonl").is_file() {
        "signal_export"
    } else if facts.is_dir() && name == "SignalBackups" {
        "signal_backup"
    } else if facts.is_file() && is_sms(name) {
        "sms_backup"
    } else {
        return None;
    };
    Some(FoundSource {
        path: entry.path().to_str()?.to_owned(),
        source: source.to_owned(),
        bytes: facts.is_file().then_some(facts.len()),
        changed: written(&facts),
    })
}

/// Telegram Desktop's folders of one chat and of a whole account.
fn is_telegram(name: &str) -> bool {
    name.starts_with("ChatExport_") || name.starts_with("DataExport_")
}

/// Files of SMS Backup & Restore: `sms-20260101000000.xml`, `calls-….xml`.
fn is_sms(name: &str) -> bool {
    let rest = name.strip_prefix("sms-").or_else(|| name.strip_prefix("calls-"));
    rest.and_then(|rest| rest.strip_suffix(".xml"))
        .is_some_and(|date| date.starts_with(|sign: char| sign.is_ascii_digit()))
}

fn written(facts: &Metadata) -> Option<i64> {
    let since = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestComputer, open_engine};

    fn engine(folder: &Path) -> Engine {
        let mut computer = TestComputer::new(&folder.join("home"), "finder", 1);
        computer.ports.folders = computer.folders(&[folder.join("drive")], &[folder.join("downloads")]);
        open_engine(computer.ports).unwrap()
    }

    #[test]
    fn a_backup_two_folders_deep_on_a_drive_is_found_and_a_deeper_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let near = folder.path().join("drive/old/Coffer backups");
        let far = folder.path().join("drive/a/b/c");
        for path in [&near, &far] {
            fs::create_dir_all(path.join("snapshots")).unwrap();
            fs::write(path.join("coffer.json"), "{}").unwrap();
        }

        let found = engine(folder.path()).find_backups();

        let paths: Vec<_> = found.iter().map(|one| Path::new(&one.path)).collect();
        assert_eq!(paths, [near.as_path()]);
        assert!(found.iter().all(|one| one.changed.is_some()));
    }

    #[test]
    fn a_folder_that_is_not_there_has_nothing() {
        let folder = tempfile::tempdir().unwrap();

        let engine = engine(folder.path());

        assert_eq!(engine.find_backups(), []);
        assert_eq!(engine.find_sources(), []);
    }

    #[test]
    fn exports_are_known_by_their_names_and_nothing_else_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        let downloads = folder.path().join("downloads");
        fs::create_dir_all(downloads.join("ChatExport_2026-05-20")).unwrap();
        fs::create_dir_all(downloads.join("ChatExport_empty")).unwrap();
        fs::create_dir_all(downloads.join("DataExport_2026-05-21")).unwrap();
        fs::write(downloads.join("ChatExport_2026-05-20/result.json"), "{}").unwrap();
        fs::write(downloads.join("DataExport_2026-05-21/result.json"), "{}").unwrap();
        fs::create_dir_all(downloads.join("signal-export-2026-05-21")).unwrap();
        fs::write(downloads.join("signal-export-2026-05-21/main.jsonl"), "{}").unwrap();
        for name in [
            "sms-20260101000000.xml",
            "sms-notes.xml",
            "Chat de WhatsApp con Ana.zip",
            "WhatsApp Installer.exe",
            "taxes.zip",
        ] {
            fs::write(downloads.join(name), "1234").unwrap();
        }

        let mut found = engine(folder.path()).find_sources();

        found.sort_by(|a, b| a.path.cmp(&b.path));
        let seen: Vec<_> = found.iter().map(|one| (one.source.as_str(), one.bytes)).collect();
        let expected = [
            ("whatsapp_export", Some(4)),
            ("telegram_export", None),
            ("telegram_export", None),
            ("signal_export", None),
            ("sms_backup", Some(4)),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_report_is_written_whole_and_replaces_the_file_the_person_chose() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.txt");
        fs::write(&path, "an older and longer report").unwrap();

        engine(folder.path()).save_report(&path, "12 messages").unwrap();

        assert_eq!(fs::read_to_string(&path).unwrap(), "12 messages");
    }
}
