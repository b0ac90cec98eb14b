//! Takes a conversation's log from a backup: a new one comes as it is, byte for byte; one that is here is completed.
//!
//! What is shown of a message is its record of the latest import; among equals the one further on in the log. Restoring into an
//! empty library, restoring again after an interruption, and completing an older copy all give the log of the backup.

use super::compare;
use super::error::LibraryError;
use super::overlap;
use super::rows::{MergeOptions, MergeOutcome};
use super::write::{Existing, Writer, short_of};
use crate::model::{BlobHash, Conversation, ConversationId, Import, Message};
use crate::record::{Record, encode_message};
use std::collections::{BTreeMap, HashMap};

/// How a message of the backup was counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    Added,
    Present,
    Differ,
}

/// How the log of the backup and the one here go together.
enum Way {
    /// Equal so far; this many segments are here, and the next one to compare is that.
    Same { here: u64, next: u64 },
    /// The log here is a beginning of the backup's: the rest is appended as it is.
    Verbatim,
    /// They went apart: message by message.
    Each,
}

/// A merge at work.
pub(super) struct Merge<'w, 'a> {
    writer: &'w mut Writer<'a>,
    options: &'w MergeOptions,
    outcome: MergeOutcome,
    counted: HashMap<i64, Count>,
    blobs: BTreeMap<BlobHash, u64>,
    way: Way,
    /// The import the records at hand come from.
    mark: Import,
    conversation: Conversation,
    is_here: bool,
}

/// Runs a merge to its end.
pub(super) fn merge(
    writer: &mut Writer<'_>,
    id: ConversationId,
    segments: &mut dyn Iterator<Item = Vec<u8>>,
    options: &MergeOptions,
) -> Result<MergeOutcome, LibraryError> {
    let Some(first) = segments.next() else {
        return Ok(MergeOutcome { conversation: id, ..MergeOutcome::default() });
    };
    let mut following = segments.next();
    let mut merge = Merge::begin(writer, id, &first, following.is_none(), options)?;
    let mut at_hand = Some(first);
    while let Some(segment) = at_hand {
        if options.cancel.is_cancelled() {
            merge.outcome.is_cancelled = true;
            break;
        }
        merge.take(&segment)?;
        at_hand = following.take().or_else(|| segments.next());
    }
    merge.end()
}

impl<'w, 'a> Merge<'w, 'a> {
    fn begin(
        writer: &'w mut Writer<'a>,
        id: ConversationId,
        first: &[u8],
        is_whole: bool,
        options: &'w MergeOptions,
    ) -> Result<Self, LibraryError> {
        let (conversation, messages) = look_at(id, first)?;
        let mut target = id;
        let mut is_here = writer.load(id)?;
        if !is_here
            && conversation.native_id.is_none()
            && let Some(other) = overlap::target(writer, &conversation, messages, is_whole, &options.apart)?
        {
            target = other;
            is_here = writer.load(other)?;
        }
        let is_filtered = options.from.is_some() || options.to.is_some();
        let way = match (is_filtered || options.is_dry_run, is_here) {
            (_, true) if target != id => Way::Each,
            (false, true) => Way::Same { here: writer.segment_count()?, next: 0 },
            (false, false) => Way::Verbatim,
            (true, _) => Way::Each,
        };
        let conversation = Conversation { id: target, ..conversation };
        if !options.is_dry_run {
            match way {
                Way::Each => writer.begin_conversation(&conversation)?,
                Way::Verbatim | Way::Same { .. } => {
                    writer.begin_verbatim(&conversation)?;
                }
            }
        }
        let outcome = MergeOutcome { conversation: target, ..MergeOutcome::default() };
        let (counted, blobs) = (HashMap::new(), BTreeMap::new());
        Ok(Self {
            writer,
            options,
            outcome,
            counted,
            blobs,
            way,
            mark: Import::default(),
            conversation,
            is_here,
        })
    }

    fn take(&mut self, segment: &[u8]) -> Result<(), LibraryError> {
        let Way::Same { here, next } = self.way else { return self.take_records(segment) };
        let Some(held) = self.writer.segment(next)? else {
            self.way = Way::Verbatim;
            return self.take_records(segment);
        };
        let is_last = next + 1 == here;
        if held == segment || (is_last && held.starts_with(segment)) {
            self.way = Way::Same { here, next: next + 1 };
            return self.note_present(segment);
        }
        match segment.strip_prefix(held.as_slice()) {
            Some(rest) if is_last => {
                self.note_present(&held)?;
                self.way = Way::Verbatim;
                self.take_records(rest)
            }
            _ => {
                self.way = Way::Each;
                self.take_records(segment)
            }
        }
    }

    fn take_records(&mut self, segment: &[u8]) -> Result<(), LibraryError> {
        each_record(segment, |record, bytes| match self.way {
            Way::Verbatim => self.take_verbatim(record, bytes),
            Way::Each | Way::Same { .. } => self.take_each(record, bytes),
        })
    }

    /// Counts a segment both logs have.
    fn note_present(&mut self, segment: &[u8]) -> Result<(), LibraryError> {
        each_record(segment, |record, _| {
            match record {
                Record::Message(message) => {
                    self.note_blobs(&message);
                    self.count(&message, Count::Present);
                }
                Record::Import(mark) => self.mark = mark,
                Record::Conversation(found) => {
                    self.conversation = Conversation { id: self.outcome.conversation, ..found };
                }
            }
            Ok(())
        })
    }

    fn take_verbatim(&mut self, record: Record, bytes: &[u8]) -> Result<(), LibraryError> {
        let message = match record {
            Record::Message(message) => message,
            Record::Import(mark) => {
                self.mark = mark.clone();
                return self.writer.append_verbatim(&Record::Import(mark), bytes);
            }
            Record::Conversation(found) => {
                let found = Conversation { id: self.outcome.conversation, ..found };
                return self.writer.append_verbatim(&Record::Conversation(found), bytes);
            }
        };
        self.note_blobs(&message);
        match self.writer.find(message.id)? {
            None => {
                self.count(&message, Count::Added);
                self.writer.add_verbatim(&message, bytes)
            }
            Some(existing) => {
                let count = if self.is_here { Count::Differ } else { Count::Added };
                self.count(&message, count);
                if self.is_later(&existing)? {
                    self.writer.update_verbatim(&existing, &message, bytes)
                } else {
                    self.writer.revise_verbatim(&existing, bytes)
                }
            }
        }
    }

    fn is_later(&self, existing: &Existing) -> Result<bool, LibraryError> {
        Ok(self.writer.imported_at(existing.spot)?.is_none_or(|imported| self.mark.utc_ms >= imported))
    }

    fn take_each(&mut self, record: Record, bytes: &[u8]) -> Result<(), LibraryError> {
        let message = match record {
            Record::Message(message) => message,
            Record::Import(mark) => {
                self.mark = mark.clone();
                self.writer.set_mark(mark);
                return Ok(());
            }
            Record::Conversation(found) => {
                self.conversation = Conversation { id: self.outcome.conversation, ..found };
                return Ok(());
            }
        };
        if !self.is_wanted(&message) {
            return Ok(());
        }
        self.note_blobs(&message);
        let existing = if self.writer.current().is_ok() { self.writer.find(message.id)? } else { None };
        match existing {
            None => {
                self.count(&message, Count::Added);
                if self.options.is_dry_run { Ok(()) } else { self.writer.add(&message) }
            }
            Some(existing) => self.meet(&existing, &message, bytes),
        }
    }

    fn is_wanted(&self, message: &Message) -> bool {
        let time = message.time.as_ref().map(|time| time.utc_ms);
        self.options.from.is_none_or(|from| time.is_some_and(|time| time >= from))
            && self.options.to.is_none_or(|to| time.is_some_and(|time| time < to))
    }

    fn meet(&mut self, existing: &Existing, message: &Message, bytes: &[u8]) -> Result<(), LibraryError> {
        let is_later = self.is_later(existing)?;
        if self.is_known(existing, message, is_later)? {
            self.count(message, Count::Present);
            return Ok(());
        }
        // A message this merge brought meets its own later record: that is its history, not a difference.
        if self.counted.get(&short_of(message.id)) != Some(&Count::Added) {
            self.count(message, Count::Differ);
        }
        if self.options.is_dry_run {
            return Ok(());
        }
        if is_later {
            let merged = compare::merged(&existing.message, message).unwrap_or_else(|| message.clone());
            return self.writer.update_verbatim_marked(existing, &merged, &encode_message(&merged));
        }
        self.writer.add_revision(existing, bytes)?;
        match compare::merged(message, &existing.message) {
            Some(merged) if !compare::is_same(&merged, &existing.message) => self.complete(existing, &merged),
            _ => Ok(()),
        }
    }

    /// The record says what is shown, or what was shown before by an import that is not older than the record's.
    fn is_known(&self, existing: &Existing, message: &Message, is_later: bool) -> Result<bool, LibraryError> {
        if compare::is_same(&existing.message, message) {
            return Ok(true);
        }
        for (revision, spot) in self.writer.revisions(existing.key)? {
            let is_old_news = !is_later
                || self.writer.imported_at(spot)?.is_some_and(|imported| imported >= self.mark.utc_ms);
            if is_old_news && compare::is_same(&revision, message) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The one here is later, but the backup's has something it lacks: a file.
    fn complete(&mut self, existing: &Existing, merged: &Message) -> Result<(), LibraryError> {
        let utc_ms = self.writer.imported_at(existing.spot)?.unwrap_or_default();
        let back = self.mark.clone();
        self.writer.set_mark(Import { utc_ms, source: "restore".to_owned(), ..Import::default() });
        self.writer.update(existing, merged)?;
        self.writer.set_mark(back);
        Ok(())
    }

    fn note_blobs(&mut self, message: &Message) {
        for attachment in &message.attachments {
            if let Some(blob) = attachment.blob {
                self.blobs.insert(blob, attachment.size.unwrap_or(0));
            }
        }
    }

    fn count(&mut self, message: &Message, count: Count) {
        let held = self.counted.entry(short_of(message.id)).or_insert(count);
        if *held == Count::Present {
            *held = count;
        }
    }

    fn end(mut self) -> Result<MergeOutcome, LibraryError> {
        for count in self.counted.values() {
            match count {
                Count::Added => self.outcome.added += 1,
                Count::Present => self.outcome.present += 1,
                Count::Differ => self.outcome.differ += 1,
            }
        }
        self.outcome.blobs = self.blobs.into_iter().collect();
        if self.options.is_dry_run {
            self.writer.forget();
            return Ok(self.outcome);
        }
        if matches!(self.way, Way::Each) {
            end_conversation_record(self.writer, &self.conversation, &self.mark)?;
        }
        self.writer.end_conversation()?;
        Ok(self.outcome)
    }
}

/// What is known about the conversation itself: the later import wins, people of both are kept.
fn end_conversation_record(
    writer: &mut Writer<'_>,
    incoming: &Conversation,
    mark: &Import,
) -> Result<(), LibraryError> {
    let current = writer.current()?;
    let here = &current.conversation;
    let is_later = current.last_mark.as_ref().is_none_or(|last| mark.utc_ms >= last.utc_ms);
    let merged = if is_later {
        compare::merged_conversation(here, incoming)
    } else {
        let id = here.id;
        Conversation { id, ..compare::merged_conversation(incoming, here) }
    };
    if merged == *here { Ok(()) } else { writer.append_conversation(&merged) }
}

/// The conversation and the messages of a log's first segment.
fn look_at(id: ConversationId, first: &[u8]) -> Result<(Conversation, Vec<Message>), LibraryError> {
    let mut conversation = Conversation { id, ..Conversation::default() };
    let mut messages = Vec::new();
    each_record(first, |record, _| {
        match record {
            Record::Conversation(found) => conversation = Conversation { id, ..found },
            Record::Message(message) => messages.push(*message),
            Record::Import(_) => {}
        }
        Ok(())
    })?;
    Ok((conversation, messages))
}

/// Takes a segment apart.
pub(super) fn each_record(
    segment: &[u8],
    mut take: impl FnMut(Record, &[u8]) -> Result<(), LibraryError>,
) -> Result<(), LibraryError> {
    let mut rest = segment;
    while !rest.is_empty() {
        let (record, end) = Record::decode_first(rest)?;
        let (bytes, after) = rest.split_at(end);
        take(record, bytes)?;
        rest = after;
    }
    Ok(())
}
