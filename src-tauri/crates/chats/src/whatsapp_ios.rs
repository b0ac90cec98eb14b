//! WhatsApp on iPhones and Macs: its database `ChatStorage.sqlite`, with what lies beside it: hidden identifiers (`LID.sqlite`), the
//! address book (`ContactsV2.sqlite`), the log of calls (`CallHistory.sqlite`) and the files of `Message/Media/`.
//!
//! The tables are those of Apple's Core Data. They and their columns are taken as they are found.
//! `src-tauri/docs/0021-whatsapp-ios.md` says what is known about them, and from where.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::{Files, file_name};
use crate::model::Conversation;
use crate::sealed_copy::{self, SealedDatabase, Workroom};
use crate::source::{Cancel, ReadOptions, ReadReport, Sink, SkipReason};
use crate::tables::Tables;
use crate::walk::Walk;

mod calls;
mod chat;
mod content;
mod entry;
mod index;
mod message;
mod people;
mod poll;
mod system;

use calls::Calls;
use chat::{Current, Given};
use entry::Entries;
use index::{At, Index};
use people::People;

/// The database of the chats.
pub(crate) const DATABASE: &str = "ChatStorage.sqlite";
const HIDDEN: &str = "LID.sqlite";
const CONTACTS: &str = "ContactsV2.sqlite";
const CALLS: &str = "CallHistory.sqlite";
/// All that are read.
pub(crate) const DATABASES: [&str; 4] = [DATABASE, HIDDEN, CONTACTS, CALLS];

/// Folders below the one that was chosen in which WhatsApp keeps its database.
const FOLDERS: [&str; 5] = [
    "",
    "group.net.whatsapp.WhatsApp.shared",
    "AppDomainGroup-group.net.whatsapp.WhatsApp.shared",
    "group.net.whatsapp.WhatsAppSMB.shared",
    "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared",
];

/// Says whether a database is WhatsApp's of an iPhone or a Mac: 0 or 100.
pub(crate) fn confidence(connection: &Connection) -> u8 {
    let is_one = Tables::look(connection).is_ok_and(|tables| {
        tables.has("ZWAMESSAGE", &["zchatsession", "zmessagedate"])
            && tables.has("ZWACHATSESSION", &["zcontactjid"])
    });
    if is_one { 100 } else { 0 }
}

/// The database in a folder that was chosen.
pub(crate) fn database_in(folder: &Path) -> Option<PathBuf> {
    let below = |name: &&str| if name.is_empty() { folder.to_owned() } else { folder.join(name) };
    FOLDERS.iter().map(|name| below(name).join(DATABASE)).find(|path| path.is_file())
}

/// The databases that are read, with their logs.
pub(crate) fn originals(path: &Path) -> Vec<PathBuf> {
    let mut files = beside(path);
    let names = std::iter::once(file_name(path)).chain(DATABASES[1..].iter().map(|name| (*name).to_owned()));
    let paths: Vec<PathBuf> = names.filter_map(|name| files.path(&name)).collect();
    paths.iter().flat_map(|path| sealed_copy::files_of(path)).collect()
}

fn beside(path: &Path) -> Files {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Files::Folder { root: folder.to_owned(), composed: None }
}

/// Reads a database and what lies beside it into the sink.
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
    let mut walk = Walk::begin(options, sink, cancel, report, size);
    read_from(&mut beside(path), &file_name(path), room, &mut walk, (0, size))?;
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
    let messages = open(files, name, room)?.ok_or(ChatError::Unknown { start: "database" })?;
    // The others are a help, not a need: one that does not open is as good as none.
    let mut help = |name| open(files, name, room).ok().flatten();
    let (hidden, contacts, calls) = (help(HIDDEN), help(CONTACTS), help(CALLS));
    let tables = Tables::look(&messages)?;
    if confidence(&messages) == 0 {
        return Err(ChatError::Unknown { start: "database" });
    }
    let people = People::read(&tables, hidden.as_deref(), contacts.as_deref());
    let mut calls = Calls::read(calls.as_deref(), &people, walk.report);
    let index = Index::read(&tables, &people, &mut calls, walk.report)?;
    let mut entries = Entries::begin(&tables, walk.report)?;
    walk.database(index.entries.len(), span);
    let mut run = Run { index: &index, people: &people, calls: &calls, walk };
    for chat in index.by_chat() {
        run.chat(chat, &mut entries, files)?;
    }
    Ok(())
}

fn open(files: &mut Files, name: &str, room: &Workroom) -> Result<Option<SealedDatabase>, ChatError> {
    let Some(path) = files.path(name) else { return Ok(None) };
    let copy = match files.path(&format!("{name}-wal")) {
        Some(log) => room.copy_with_log(&path, &log)?,
        None => room.copy_database(&path)?,
    };
    Ok(Some(SealedDatabase::open(copy)?))
}

struct Run<'a, 'w, 'o> {
    index: &'a Index,
    people: &'a People,
    calls: &'a Calls,
    walk: &'w mut Walk<'o>,
}

impl Run<'_, '_, '_> {
    fn chat(&mut self, places: &[At], entries: &mut Entries<'_>, files: &mut Files) -> Result<(), ChatError> {
        let chat = places.first().and_then(|at| self.index.chat(at.chat));
        let (Some(chat), true) = (chat, self.walk.wants(places.len())) else { return Ok(()) };
        let mut current = Current::begin(chat, self.people, self.calls);
        self.walk.conversation(&current.conversation)?;
        for at in places {
            if self.walk.is_stopped() {
                break;
            }
            self.entry(at, entries, files, &mut current)?;
        }
        let ended: Conversation = current.end();
        self.walk.sink.conversation_end(&ended)
    }

    fn entry(
        &mut self,
        at: &At,
        entries: &mut Entries<'_>,
        files: &mut Files,
        current: &mut Current<'_>,
    ) -> Result<(), ChatError> {
        let place = at.name();
        let given = if at.is_call {
            current.call(at.row)
        } else {
            match entries.message(at.row) {
                Ok(Some(entry)) => {
                    if entry.has_bad_text() {
                        self.walk.report.bad_text.add(&place);
                    }
                    current.message(&entry)
                }
                // The row was there when all were counted: its page is damaged.
                Ok(None) | Err(_) => Given::Not(SkipReason::UnreadableEntry),
            }
        };
        match given {
            Given::Message(message) => self.walk.give(*message, &place, files, names),
            Given::Not(reason) => {
                self.walk.skip(reason, &place);
                Ok(())
            }
        }
    }
}

/// A path of the database is relative to `Message/`; some have that part themselves, some begin with a stroke.
fn names(path: &str) -> Vec<String> {
    let below = path.trim_start_matches('/');
    let below = below.strip_prefix("Message/").unwrap_or(below);
    if below.is_empty() { Vec::new() } else { vec![format!("Message/{below}"), below.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_looked_for_below_message() {
        let expected = ["Message/Media/a@g.us/1/2/x.jpg", "Media/a@g.us/1/2/x.jpg"];

        assert_eq!(names("Media/a@g.us/1/2/x.jpg"), expected);
        assert_eq!(names("/Message/Media/a@g.us/1/2/x.jpg"), expected);
        assert_eq!(names("/"), [""; 0]);
    }

    #[test]
    fn the_folder_of_the_mac_is_found_from_above() {
        let folder = tempfile::tempdir().unwrap();
        let container = folder.path().join("group.net.whatsapp.WhatsApp.shared");
        std::fs::create_dir(&container).unwrap();
        std::fs::write(container.join(DATABASE), "x").unwrap();

        assert_eq!(database_in(folder.path()), Some(container.join(DATABASE)));
        assert_eq!(database_in(&container), Some(container.join(DATABASE)));
    }
}
