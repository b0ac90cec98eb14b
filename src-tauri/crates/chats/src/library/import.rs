//! An import run: what a reader finds goes into the library, once.

use super::compare;
use super::error::LibraryError;
use super::overlap::{Decision, OtherIds, Probe, Shift};
use super::rows::{ImportOptions, ImportOutcome, Join, UndecidedJoin};
use super::write::{Existing, Writer};
use crate::error::ChatError;
use crate::media::{MediaError, MediaStore};
use crate::model::{Attachment, AttachmentState, Conversation, ConversationId, Import, Message};
use crate::source::{MediaOpener, Sink};
use rusqlite::params;
use std::collections::BTreeSet;

/// Bytes of text and raw record a message may have.
const RECORD_BYTES: usize = 6 << 20;

/// A running import: give it to a reader as its [`Sink`], then call [`ImportRun::finish`].
///
/// Dropped without `finish`, it keeps what was committed so far and stays consistent.
pub struct ImportRun<'a> {
    writer: Writer<'a>,
    media: Option<&'a MediaStore>,
    options: ImportOptions,
    run: i64,
    outcome: ImportOutcome,
    /// A text export whose place is not decided yet.
    probe: Option<Probe>,
    /// Counts of the conversation at hand, kept apart until it has its place.
    counts: Counts,
    /// Ordinal in the library minus ordinal in the source, at the last message both have.
    shift: Option<i64>,
    merged: Conversation,
    /// How a text export differs from the conversation it joined, and the other ids its messages may have there.
    difference: Option<Shift>,
    others: OtherIds,
    seen: BTreeSet<ConversationId>,
}

/// What happened to the messages of one conversation.
#[derive(Clone, Copy, Default)]
struct Counts {
    added: u64,
    updated: u64,
    present: u64,
}

impl<'a> ImportRun<'a> {
    pub(super) fn begin(
        mut writer: Writer<'a>,
        options: ImportOptions,
        media: Option<&'a MediaStore>,
    ) -> Result<Self, LibraryError> {
        writer.begin()?;
        writer.connection().execute(
            "INSERT INTO import_run (started, source, tool_version) VALUES (?, ?, ?)",
            params![options.now, options.source, options.tool_version],
        )?;
        let run = writer.connection().last_insert_rowid();
        Ok(Self {
            writer,
            media,
            options,
            run,
            outcome: ImportOutcome::default(),
            probe: None,
            counts: Counts::default(),
            shift: None,
            merged: Conversation::default(),
            difference: None,
            others: OtherIds::default(),
            seen: BTreeSet::new(),
        })
    }

    /// Makes everything lasting and says what was done.
    ///
    /// # Errors
    /// When the last batch cannot be written; what was committed before it stays.
    pub fn finish(mut self) -> Result<ImportOutcome, LibraryError> {
        if self.probe.is_some() || self.writer.current().is_ok() {
            // The reader stopped in the middle of a conversation: what came is kept.
            let last = self.merged.clone();
            self.end(&last)?;
        }
        let outcome = std::mem::take(&mut self.outcome);
        self.writer.begin()?;
        self.writer.connection().execute(
            "UPDATE import_run SET outcome = ? WHERE id = ?",
            params![outcome_json(&outcome), self.run],
        )?;
        self.writer.commit()?;
        self.writer.check_point();
        Ok(outcome)
    }

    fn begin_conversation(&mut self, conversation: &Conversation) -> Result<(), LibraryError> {
        self.merged = conversation.clone();
        self.start_counting(0);
        if conversation.native_id.is_some() {
            return self.open(conversation.clone());
        }
        match self.options.join {
            Join::Into(id) => self.open(Conversation { id, ..conversation.clone() }),
            Join::Apart => {
                self.probe = Some(Probe::apart(conversation));
                Ok(())
            }
            Join::Auto => {
                self.probe = Some(Probe::begin(self.writer.connection(), conversation)?);
                Ok(())
            }
        }
    }

    fn start_counting(&mut self, present: u64) {
        self.counts = Counts { present, ..Counts::default() };
        (self.shift, self.difference, self.others) = (None, None, OtherIds::default());
    }

    /// Opens the conversation messages go to from now on.
    fn open(&mut self, conversation: Conversation) -> Result<(), LibraryError> {
        self.writer.set_mark(self.mark_for(conversation.id)?);
        self.writer.begin_conversation(&conversation)?;
        self.merged = compare::merged_conversation(&self.writer.current()?.conversation, &conversation);
        self.merged.id = conversation.id;
        Ok(())
    }

    /// The mark of this run. A clock that went back must not make this import look older than those before it.
    fn mark_for(&self, id: ConversationId) -> Result<Import, LibraryError> {
        let latest = self.writer.latest_import(id)?.unwrap_or(i64::MIN);
        Ok(Import {
            utc_ms: self.options.now.max(latest),
            source: self.options.source.clone(),
            tool_version: self.options.tool_version.clone(),
            ..Import::default()
        })
    }

    fn take(&mut self, mut message: Message, media: &mut dyn MediaOpener) -> Result<(), LibraryError> {
        self.outcome.read += 1;
        self.outcome.system += u64::from(message.is_system());
        self.count_media(&message);
        fit(&mut message);
        let Some(probe) = &mut self.probe else { return self.place(message, media) };
        // Only a message at hand can open its files, so they are taken in before its place is known.
        take_media(self.media, &mut message, &[], media)?;
        if probe.push(message) {
            self.settle()?;
        }
        Ok(())
    }

    /// Decides where a text export goes and puts what was held back there.
    fn settle(&mut self) -> Result<(), LibraryError> {
        let Some(probe) = self.probe.take() else { return Ok(()) };
        let decision = probe.decide(&self.writer, self.options.now)?;
        let (id, difference) = match decision {
            Decision::Into(id, difference) => (id, difference),
            Decision::New(id) => (id, None),
        };
        self.merged = with_names(difference.as_ref(), &self.merged);
        self.difference = difference;
        self.open(Conversation { id, ..self.merged.clone() })?;
        for message in probe.into_messages() {
            self.place(message, &mut NoMedia)?;
        }
        Ok(())
    }

    /// Puts a message into the open conversation.
    fn place(&mut self, mut message: Message, media: &mut dyn MediaOpener) -> Result<(), LibraryError> {
        if let Some(existing) = self.existing(&mut message)? {
            return self.meet(&existing, message, media);
        }
        take_media(self.media, &mut message, &[], media)?;
        message.ordinal = self.shifted(&message)?;
        if let Some(difference) = &self.difference {
            difference.put_right(&mut message);
        }
        self.writer.add(&message)?;
        self.counts.added += 1;
        Ok(())
    }

    /// The message as it is here, by its id or, in a text export, by what else it may be known by.
    fn existing(&mut self, message: &mut Message) -> Result<Option<Existing>, LibraryError> {
        let is_text = self.merged.native_id.is_none();
        let others = if is_text { self.others.take(self.difference.as_ref(), message) } else { Vec::new() };
        let mut found = self.writer.find(message.id)?;
        for other in others {
            if found.is_none() {
                found = match other.file {
                    None => self.writer.find(other.id)?,
                    Some(print) => self
                        .writer
                        .find_file(other.id, print)?
                        .filter(|existing| is_one_file(&existing.message, message)),
                };
            }
        }
        if let Some(existing) = &found
            && is_text
        {
            // Names and clocks of an export are those of one phone at one time; the first ones stay.
            message.sender.clone_from(&existing.message.sender);
            message.direction = existing.message.direction;
            if self.difference.is_some() && existing.message.id != message.id {
                message.time.clone_from(&existing.message.time);
            }
        }
        Ok(found)
    }

    fn meet(
        &mut self,
        existing: &Existing,
        mut message: Message,
        media: &mut dyn MediaOpener,
    ) -> Result<(), LibraryError> {
        self.shift = difference(existing.message.ordinal, message.ordinal);
        if message.id != existing.message.id && is_nameless(&message) {
            // The export without media says less of it than is known.
            self.counts.present += 1;
            return Ok(());
        }
        take_media(self.media, &mut message, &existing.message.attachments, media)?;
        match compare::merged(&existing.message, &message) {
            None => self.counts.present += 1,
            Some(_) if self.was_known(existing, &message)? => self.counts.present += 1,
            Some(merged) => {
                self.writer.update(existing, &merged)?;
                self.counts.updated += 1;
            }
        }
        Ok(())
    }

    /// An older export than the one shown says again what is kept as a revision: that is no news.
    fn was_known(&self, existing: &Existing, message: &Message) -> Result<bool, LibraryError> {
        let revisions = self.writer.revisions(existing.key)?;
        Ok(revisions.iter().any(|(revision, _)| compare::merged(revision, message).is_none()))
    }

    /// The place among messages of the same time, counted as the library counts.
    fn shifted(&mut self, message: &Message) -> Result<u64, LibraryError> {
        let shift = match self.shift {
            Some(shift) => shift,
            None => {
                // Nothing in common yet: what is newer than all comes after all.
                let last = self.writer.current()?.last_place;
                let time = message.time.as_ref().map(|time| time.utc_ms);
                let after = last
                    .filter(|(at, _)| time.is_none_or(|time| time >= *at))
                    .map(|(_, ordinal)| ordinal + 1);
                let shift = after.and_then(|after| difference(after, message.ordinal)).unwrap_or(0);
                *self.shift.insert(shift)
            }
        };
        Ok(message.ordinal.saturating_add_signed(shift))
    }

    fn count_media(&mut self, message: &Message) {
        for attachment in &message.attachments {
            match attachment.state {
                AttachmentState::Present => self.outcome.media_found += 1,
                AttachmentState::Missing | AttachmentState::RemoteOnly | AttachmentState::Corrupt => {
                    self.outcome.media_missing += 1;
                }
                AttachmentState::Omitted | AttachmentState::TooLarge => self.outcome.media_omitted += 1,
            }
        }
    }

    fn end(&mut self, conversation: &Conversation) -> Result<(), LibraryError> {
        self.merged =
            Conversation { id: self.merged.id, ..compare::merged_conversation(&self.merged, conversation) };
        self.settle()?;
        let id = self.close()?;
        let id = self.look_back(id)?;
        if self.seen.insert(id) {
            self.outcome.conversations.push(id);
        }
        self.outcome.added += self.counts.added;
        self.outcome.updated += self.counts.updated;
        self.outcome.present += self.counts.present;
        Ok(())
    }

    /// A text export that was put apart may turn out, now that it is all here, to overlap with another one.
    fn look_back(&mut self, id: ConversationId) -> Result<ConversationId, LibraryError> {
        let is_open = self.merged.native_id.is_none() && !self.options.cancel.is_cancelled();
        if !is_open
            || self.options.join != Join::Auto
            || self.counts.added == 0
            || !self.writer.began_here(id)
        {
            return Ok(id);
        }
        let Some(found) = super::overlap::whole(self.writer.connection(), id)? else { return Ok(id) };
        if found.is_certain {
            self.fold(id, found.other)?;
            return Ok(found.other);
        }
        self.outcome.undecided.push(UndecidedJoin {
            conversation: id,
            other: found.other,
            overlap: found.overlap,
            is_same_title: found.is_same_title,
        });
        Ok(id)
    }

    /// Moves every message of one conversation into another and removes the first.
    fn fold(&mut self, from: ConversationId, into: ConversationId) -> Result<(), LibraryError> {
        // Messages the export itself has twice have no record of their own: they stay counted as present.
        self.start_counting(self.counts.present);
        let segments = self.writer.segment_rows(from)?;
        self.open(Conversation { id: into, ..self.merged.clone() })?;
        for segment in segments {
            for message in self.writer.messages_of(segment)? {
                self.place(message, &mut NoMedia)?;
            }
        }
        self.close()?;
        self.writer.remove(from)
    }

    /// Writes what is known now about the conversation itself, and ends it.
    fn close(&mut self) -> Result<ConversationId, LibraryError> {
        let current = self.writer.current()?;
        let merged = compare::merged_conversation(&current.conversation, &self.merged);
        if merged != current.conversation {
            self.writer.append_conversation(&merged)?;
        }
        self.writer.end_conversation()?;
        Ok(merged.id)
    }
}

/// A backup takes no record over 8 MiB (FORMAT.md, limits of the archive). Entries come near it only in files that are no chats:
/// their own bytes stay in the imported file alone, and a text longer than any app sends is cut.
fn fit(message: &mut Message) {
    if message.raw.len() + message.text.len() <= RECORD_BYTES {
        return;
    }
    message.raw.clear();
    message.text.truncate(message.text.floor_char_boundary(RECORD_BYTES));
}

/// The conversation with its people under the keys they have here; the later names are shown.
fn with_names(difference: Option<&Shift>, conversation: &Conversation) -> Conversation {
    let mut named = conversation.clone();
    if let Some(difference) = difference {
        for person in &mut named.participants {
            person.key = difference.name(&person.key).to_owned();
        }
    }
    named
}

fn is_nameless(message: &Message) -> bool {
    message.attachments.iter().any(|attachment| attachment.name.is_none() && attachment.blob.is_none())
}

/// One export names the file and the other leaves it out, or both name the same.
fn is_one_file(here: &Message, there: &Message) -> bool {
    let name = |message: &Message| message.attachments.first().and_then(|attachment| attachment.name.clone());
    here.attachments.len() == there.attachments.len()
        && (is_nameless(here) || is_nameless(there) || name(here) == name(there))
}

fn difference(to: u64, from: u64) -> Option<i64> {
    i64::try_from(to).ok()?.checked_sub(i64::try_from(from).ok()?)
}

/// Takes in the files of a message that are in the source and not in `known`, the message's files as the library has them.
fn take_media(
    store: Option<&MediaStore>,
    message: &mut Message,
    known: &[Attachment],
    media: &mut dyn MediaOpener,
) -> Result<(), LibraryError> {
    for (index, attachment) in message.attachments.iter_mut().enumerate() {
        if attachment.state != AttachmentState::Present || attachment.blob.is_some() {
            continue;
        }
        let Some(store) = store else {
            attachment.state = AttachmentState::Omitted;
            continue;
        };
        let here =
            known.get(index).filter(|known| known.size == attachment.size || attachment.size.is_none());
        if let Some(blob) = here.and_then(|known| known.blob).filter(|blob| store.has(blob)) {
            attachment.blob = Some(blob);
            continue;
        }
        take_file(store, attachment, index, media)?;
    }
    Ok(())
}

fn take_file(
    store: &MediaStore,
    attachment: &mut Attachment,
    index: usize,
    media: &mut dyn MediaOpener,
) -> Result<(), LibraryError> {
    let mut content = match media.open(index) {
        Ok(Some(content)) => content,
        Ok(None) => {
            attachment.state = AttachmentState::Missing;
            return Ok(());
        }
        Err(ChatError::Truncated { .. } | ChatError::Damaged { .. } | ChatError::UnreadableEntry { .. }) => {
            attachment.state = AttachmentState::Corrupt;
            return Ok(());
        }
        Err(error) => return Err(LibraryError::Source(Box::new(error))),
    };
    match store.put(&mut content) {
        Ok(stored) => {
            attachment.blob = Some(stored.hash);
            attachment.size = Some(stored.size);
            if attachment.mime.is_none() || stored.mime != "application/octet-stream" {
                attachment.mime = Some(stored.mime);
            }
            Ok(())
        }
        // One unreadable picture must not keep the rest of the chat out.
        Err(MediaError::Source(_)) => {
            attachment.state = AttachmentState::Corrupt;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// For messages whose files were taken in before.
struct NoMedia;

impl MediaOpener for NoMedia {
    fn open(&mut self, _index: usize) -> Result<Option<Box<dyn std::io::Read + '_>>, ChatError> {
        Ok(None)
    }
}

fn outcome_json(outcome: &ImportOutcome) -> String {
    serde_json::json!({
        "read": outcome.read,
        "added": outcome.added,
        "updated": outcome.updated,
        "present": outcome.present,
        "system": outcome.system,
        "media_found": outcome.media_found,
        "media_missing": outcome.media_missing,
        "media_omitted": outcome.media_omitted,
    })
    .to_string()
}

impl Sink for ImportRun<'_> {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        Ok(self.begin_conversation(conversation)?)
    }

    fn message(&mut self, message: Message, media: &mut dyn MediaOpener) -> Result<(), ChatError> {
        Ok(self.take(message, media)?)
    }

    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        Ok(self.end(conversation)?)
    }
}
