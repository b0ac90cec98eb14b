//! WhatsApp on Android: its database `msgstore.db`, in clear or as an encrypted backup, with the names of `wa.db` and the files of
//! `Media/` beside it.
//!
//! Tables and columns are taken as they are found; both schemas (one table `messages`, and `message` with a table per kind of
//! content) are read by the same code. `src-tauri/docs/0012-whatsapp-databases.md` says what is known about them, and from where.

use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::Files;
use crate::model::{AttachmentState, Conversation, Message, MessageKind};
use crate::sealed_copy::SealedDatabase;
use crate::source::{Cancel, Damage, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason};
use crate::tables::{Table, Tables};

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

/// Entries between two looks at the switch that stops.
const STEP: usize = 256;

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
    let index = Index::read(&tables, &schema, &people, report);
    let entries = Entries::begin(&tables, &schema, report)?;
    let files = Files::Folder { root: place::media_root(path), composed: None };
    let run = Run { index: &index, people: &people, is_old: schema.is_old, report, sink, cancel, size };
    run.all(entries, files, options)
}

struct Run<'a> {
    index: &'a Index,
    people: &'a People,
    is_old: bool,
    report: &'a mut ReadReport,
    sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    size: u64,
}

impl Run<'_> {
    fn all(
        mut self,
        mut entries: Entries<'_>,
        mut files: Files,
        options: &ReadOptions,
    ) -> Result<(), ChatError> {
        let total = self.index.entries.len();
        let mut done = 0;
        for (number, chat) in (0_u32..).zip(self.index.by_chat()) {
            let is_wanted = options.chats.as_ref().is_none_or(|chats| chats.contains(&number));
            if is_wanted && !self.report.is_cancelled {
                self.chat(chat, &mut entries, &mut files, (done, total))?;
            }
            done += chat.len();
        }
        if !self.report.is_cancelled {
            self.sink.progress(self.size.saturating_mul(2), self.size.saturating_mul(2));
        }
        Ok(())
    }

    fn chat(
        &mut self,
        places: &[At],
        entries: &mut Entries<'_>,
        files: &mut Files,
        (before, total): (usize, usize),
    ) -> Result<(), ChatError> {
        let Some(chat) = places.first().and_then(|at| self.index.chat(at.chat)) else { return Ok(()) };
        let mut current = Current::begin(chat, self.people, self.index, self.is_old);
        self.report.conversations += 1;
        self.sink.conversation(&current.conversation)?;
        for (at, n) in places.iter().zip(0_usize..) {
            if n.is_multiple_of(STEP) {
                if self.cancel.is_cancelled() {
                    self.report.is_cancelled = true;
                    break;
                }
                self.sink
                    .progress(self.size + share(self.size, before + n, total), self.size.saturating_mul(2));
            }
            self.entry(at, entries, files, &mut current)?;
        }
        let ended: Conversation = current.end();
        self.sink.conversation_end(&ended)
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
                self.skip(SkipReason::UnreadableEntry, &place);
                return Ok(());
            }
        };
        if entry.has_bad_text() {
            self.report.bad_text.add(&place);
        }
        let mut message = current.message(&entry);
        let names = self.find_media(&mut message, files);
        self.count(&message, &place);
        self.sink.message(message, &mut Media { files, names })
    }

    fn count(&mut self, message: &Message, place: &str) {
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
    }

    /// The names of the message's files that are there.
    fn find_media(&mut self, message: &mut Message, files: &mut Files) -> Vec<Option<String>> {
        let mut names = Vec::new();
        for attachment in &mut message.attachments {
            let path = attachment.path.as_deref().map(place::below_root).filter(|path| !path.is_empty());
            let size = path.and_then(|path| files.size(path));
            names.push(size.and(path).map(str::to_owned));
            if size.is_some() {
                attachment.size = size;
                attachment.state = AttachmentState::Present;
            } else if attachment.state == AttachmentState::Present {
                attachment.state = AttachmentState::Missing;
            }
            match attachment.state {
                AttachmentState::Present => self.report.media_found += 1,
                AttachmentState::Omitted => self.report.media_omitted += 1,
                AttachmentState::Missing
                | AttachmentState::TooLarge
                | AttachmentState::RemoteOnly
                | AttachmentState::Corrupt => self.report.media_missing += 1,
            }
        }
        names
    }

    fn skip(&mut self, reason: SkipReason, place: &str) {
        self.report.skipped.entry(reason).or_default().add(place);
        self.sink.skipped(reason, place);
    }
}

/// A part of `size`, for showing how far it is.
fn share(size: u64, done: usize, total: usize) -> u64 {
    let (done, total) = (u128::try_from(done).unwrap_or(0), u128::try_from(total).unwrap_or(1).max(1));
    u64::try_from(u128::from(size) * done / total).unwrap_or(size)
}

/// A table that could not be read to its end.
fn damage(report: &mut ReadReport) {
    report.damage.get_or_insert(Damage { is_cut_off: false, at: 0 });
}

/// Files of the entry at hand.
struct Media<'a> {
    files: &'a mut Files,
    names: Vec<Option<String>>,
}

impl MediaOpener for Media<'_> {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        match self.names.get(index) {
            Some(Some(name)) => self.files.open(name),
            _ => Ok(None),
        }
    }
}
