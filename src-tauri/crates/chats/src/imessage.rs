//! Apple's Messages: `chat.db` of a Mac, `sms.db` of an iPhone, with the files of `Attachments/`.
//!
//! Tables and columns are taken as they are found. `src-tauri/docs/0022-imessage.md` says what is known about them, and from where.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::{Files, file_name};
use crate::model::Conversation;
use crate::sealed_copy::{self, SealedDatabase, Workroom};
use crate::source::{Cancel, ReadOptions, ReadReport, Sink, SkipReason};
use crate::tables::Tables;
use crate::walk::Walk;

mod body;
mod chat;
mod entry;
mod index;
mod message;
mod system;

use chat::Current;
use entry::Entries;
use index::{At, Index};

/// The database on a Mac.
const DATABASE: &str = "chat.db";
/// The database in an iPhone's backup, by its path on the phone.
pub(crate) const PHONE_DATABASE: &str = "Library/SMS/sms.db";

/// Says whether a database is that of Messages: 0 or 100.
pub(crate) fn confidence(connection: &Connection) -> u8 {
    let is_one = Tables::look(connection).is_ok_and(|tables| {
        tables.has("message", &["guid", "handle_id", "is_from_me", "date"])
            && tables.has("chat", &["chat_identifier"])
            && tables.has("handle", &["id"])
    });
    if is_one { 100 } else { 0 }
}

/// The database in a folder that was chosen.
pub(crate) fn database_in(folder: &Path) -> Option<PathBuf> {
    [DATABASE, "Messages/chat.db", "sms.db", "SMS/sms.db", PHONE_DATABASE]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// The database with its log.
pub(crate) fn originals(path: &Path) -> Vec<PathBuf> {
    sealed_copy::files_of(path)
}

/// Reads a database and the files beside it into the sink.
pub(crate) fn read(
    path: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let room = options.workroom.as_ref().ok_or(ChatError::NoWorkroom)?;
    let size = std::fs::metadata(path)?.len();
    report.bytes = report.bytes.saturating_add(size);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = Files::Folder { root: folder.to_owned(), composed: None };
    let mut walk = Walk::begin(options, sink, cancel, report, size);
    read_from(&mut files, &file_name(path), room, &mut walk, (0, size))?;
    walk.end();
    Ok(())
}

/// Reads the database with this name among an app's files. `span`: the bytes of the work it stands for.
pub(crate) fn read_from(
    files: &mut Files,
    name: &str,
    room: &Workroom,
    walk: &mut Walk<'_>,
    span: (u64, u64),
) -> Result<(), ChatError> {
    let path = files.path(name).ok_or(ChatError::Unknown { start: "database" })?;
    let copy = match files.path(&format!("{name}-wal")) {
        Some(log) => room.copy_with_log(&path, &log)?,
        None => room.copy_database(&path)?,
    };
    let messages = SealedDatabase::open(copy)?;
    let tables = Tables::look(&messages)?;
    if confidence(&messages) == 0 {
        return Err(ChatError::Unknown { start: "database" });
    }
    let index = Index::read(&tables, walk.report)?;
    let mut entries = Entries::begin(&tables, walk.report)?;
    walk.database(index.entries.len(), span);
    let mut run = Run { index: &index, walk };
    for chat in index.by_chat() {
        run.chat(chat, &mut entries, files)?;
    }
    Ok(())
}

struct Run<'a, 'w, 'o> {
    index: &'a Index,
    walk: &'w mut Walk<'o>,
}

impl Run<'_, '_, '_> {
    fn chat(&mut self, places: &[At], entries: &mut Entries<'_>, files: &mut Files) -> Result<(), ChatError> {
        let chat = places.first().and_then(|at| self.index.chat(at.chat));
        let (Some(chat), true) = (chat, self.walk.wants(places.len())) else { return Ok(()) };
        let mut current = Current::begin(chat, self.index);
        self.walk.conversation(&current.conversation)?;
        for at in places {
            if self.walk.is_stopped() {
                break;
            }
            let place = format!("message {}", at.row);
            let Ok(Some(entry)) = entries.message(at.row, self.index) else {
                // The row was there when all were counted: its page is damaged.
                self.walk.skip(SkipReason::UnreadableEntry, &place);
                continue;
            };
            if entry.has_bad_text() {
                self.walk.report.bad_text.add(&place);
            }
            self.walk.give(current.message(&entry), &place, files, names)?;
        }
        let ended: Conversation = current.end();
        self.walk.sink.conversation_end(&ended)
    }
}

/// Paths begin in the person's home: `~/Library/Messages/Attachments/…`, on a phone `~/Library/SMS/Attachments/…`.
fn names(path: &str) -> Vec<String> {
    let Some(at) = path.find("Attachments/") else { return Vec::new() };
    let below = path.get(at..).unwrap_or_default();
    vec![below.to_owned(), format!("Library/SMS/{below}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_below_attachments() {
        assert_eq!(
            names("~/Library/Messages/Attachments/a1/01/G/IMG.heic")[0],
            "Attachments/a1/01/G/IMG.heic"
        );
        assert_eq!(names("/var/mobile/Library/SMS/Attachments/x")[1], "Library/SMS/Attachments/x");
        assert_eq!(names("/etc/passwd"), [""; 0]);
    }
}
