//! WhatsApp on Android: its database `msgstore.db`, in clear or as an encrypted backup, with the names of `wa.db` and the files of
//! `Media/` beside it.
//!
//! Tables and columns are taken as they are found; both schemas (one table `messages`, and `message` with a table per kind of
//! content) are read by the same code. `src-tauri/docs/0012-whatsapp-databases.md` says what is known about them, and from where.

use std::path::Path;
use std::rc::Rc;

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::Files;
use crate::model::Conversation;
use crate::sealed_copy::SealedDatabase;
use crate::source::{Cancel, ReadOptions, ReadReport, Sink, SkipReason};
use crate::tables::{Table, Tables};
use crate::walk::Walk;

mod chat;
mod content;
mod entry;
mod index;
mod java;
mod message;
mod people;
mod place;
mod system;

pub(crate) use place::{database_in, is_database_name};

use chat::Current;
use entry::Entries;
use index::{At, Index};
use people::People;
use place::Opened;

/// Which of the two schemas is used.
struct Schema {
    main: Rc<Table>,
    is_old: bool,
}

impl Schema {
    /// The table with the messages. While an app moves from one to the other both are there, and one of them may be empty.
    fn pick(tables: &Tables<'_>) -> Option<Self> {
        let new = tables.get("message").filter(|_| tables.has("message", &["chat_row_id", "key_id"]));
        let old = tables.get("messages").filter(|_| tables.has("messages", &["key_remote_jid", "key_id"]));
        match (new, old) {
            (Some(new), Some(old)) if tables.count(&old) > tables.count(&new) => {
                Some(Self { main: old, is_old: true })
            }
            (Some(new), _) => Some(Self { main: new, is_old: false }),
            (None, Some(old)) => Some(Self { main: old, is_old: true }),
            (None, None) => None,
        }
    }
}

/// Says whether a database is WhatsApp's of Android: 0 or 100.
pub(crate) fn confidence(connection: &Connection) -> u8 {
    match Tables::look(connection) {
        Ok(tables) if Schema::pick(&tables).is_some() => 100,
        _ => 0,
    }
}

/// Reads a database or a backup of it into the sink.
pub(crate) fn read(
    path: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let size = std::fs::metadata(path)?.len();
    report.bytes = report.bytes.saturating_add(size);
    let Opened { messages, names, is_sealed } =
        match Opened::open(path, options, &mut |done, _| sink.progress(done, size.saturating_mul(2)), cancel)
        {
            Err(ChatError::Cancelled) => {
                report.is_cancelled = true;
                return Ok(());
            }
            opened => opened?,
        };
    let messages = SealedDatabase::open(messages)?;
    let names = names.and_then(|names| SealedDatabase::open(names).ok());
    let tables = Tables::look(&messages)?;
    let start = if is_sealed { "backup" } else { "database" };
    let schema = Schema::pick(&tables).ok_or(ChatError::Unknown { start })?;
    let people = People::read(&tables, names.as_deref());
    report.own_name.clone_from(&people.own_name);
    report.knows_me = true;
    let index = Index::read(&tables, &schema, &people, report);
    let mut entries = Entries::begin(&tables, &schema, report)?;
    let mut files = Files::Folder { root: place::media_root(path), composed: None };
    let all = size.saturating_mul(2);
    let mut walk = Walk::begin(options, sink, cancel, report, all);
    walk.database(index.entries.len(), (size, all));
    let mut run = Run { index: &index, people: &people, is_old: schema.is_old, walk: &mut walk };
    for chat in index.by_chat() {
        run.chat(chat, &mut entries, &mut files)?;
    }
    walk.end();
    Ok(())
}

struct Run<'a, 'w> {
    index: &'a Index,
    people: &'a People,
    is_old: bool,
    walk: &'a mut Walk<'w>,
}

impl Run<'_, '_> {
    fn chat(&mut self, places: &[At], entries: &mut Entries<'_>, files: &mut Files) -> Result<(), ChatError> {
        let chat = places.first().and_then(|at| self.index.chat(at.chat));
        let (Some(chat), true) = (chat, self.walk.wants(places.len())) else { return Ok(()) };
        let mut current = Current::begin(chat, self.people, self.index, self.is_old);
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
        let entry = match if at.is_call { entries.call(at.row) } else { entries.message(at.row) } {
            Ok(Some(entry)) => entry,
            // The row was there when all were counted: its page is damaged.
            Ok(None) | Err(_) => {
                self.walk.skip(SkipReason::UnreadableEntry, &place);
                return Ok(());
            }
        };
        if entry.has_bad_text() {
            self.walk.report.bad_text.add(&place);
        }
        self.walk.give(current.message(&entry), &place, files, place::names)
    }
}
