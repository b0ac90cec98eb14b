//! Gives the chats of a database to a sink: which are wanted, what was found, how far it is, and when to stop.

use std::io::Read;

use crate::error::ChatError;
use crate::files::Files;
use crate::model::{AttachmentState, Conversation, Message, MessageKind};
use crate::source::{Cancel, Damage, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason};

/// Entries between two looks at the switch that stops.
const STEP: usize = 256;

/// A reading of one or more databases.
pub(crate) struct Walk<'a> {
    pub(crate) report: &'a mut ReadReport,
    pub(crate) sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    options: &'a ReadOptions,
    /// Index of the next chat in the source.
    number: u32,
    /// Entries of the database at hand: passed, and all.
    done: usize,
    total: usize,
    /// Where the database at hand begins and ends, as bytes of all that is to be done.
    span: (u64, u64),
    all: u64,
}

impl<'a> Walk<'a> {
    /// `all`: bytes of work, of which a sink hears how many are done.
    pub(crate) fn begin(
        options: &'a ReadOptions,
        sink: &'a mut dyn Sink,
        cancel: &'a Cancel,
        report: &'a mut ReadReport,
        all: u64,
    ) -> Self {
        Self { report, sink, cancel, options, number: 0, done: 0, total: 0, span: (0, all), all }
    }

    /// A database with so many entries begins; it stands for these bytes of the work.
    pub(crate) fn database(&mut self, entries: usize, span: (u64, u64)) {
        (self.done, self.total, self.span) = (0, entries, span);
    }

    /// The next chat of the source has so many entries; says whether they are to be given.
    pub(crate) fn wants(&mut self, entries: usize) -> bool {
        let is_wanted = self.options.chats.as_ref().is_none_or(|chats| chats.contains(&self.number));
        self.number = self.number.saturating_add(1);
        if !is_wanted || self.report.is_cancelled {
            self.done += entries;
            return false;
        }
        true
    }

    pub(crate) fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.report.conversations += 1;
        self.sink.conversation(conversation)
    }

    /// To be asked before each entry.
    pub(crate) fn is_stopped(&mut self) -> bool {
        if self.done.is_multiple_of(STEP) {
            if self.cancel.is_cancelled() {
                self.report.is_cancelled = true;
            } else {
                let (from, to) = self.span;
                self.sink.progress(from + share(to.saturating_sub(from), self.done, self.total), self.all);
            }
        }
        self.done += 1;
        self.report.is_cancelled
    }

    /// Gives an entry with those of its files that are there. `names` says where a path of the database may be in the files.
    pub(crate) fn give(
        &mut self,
        mut message: Message,
        place: &str,
        files: &mut Files,
        names: fn(&str) -> Vec<String>,
    ) -> Result<(), ChatError> {
        let found = self.find_media(&mut message, files, names);
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
        self.sink.message(message, &mut Media { files, names: found })
    }

    pub(crate) fn skip(&mut self, reason: SkipReason, place: &str) {
        self.report.skipped.entry(reason).or_default().add(place);
        self.sink.skipped(reason, place);
    }

    /// Everything was read, if nobody stopped it.
    pub(crate) fn end(&mut self) {
        if !self.report.is_cancelled {
            self.sink.progress(self.all, self.all);
        }
    }

    /// The names of the message's files that are there.
    fn find_media(
        &mut self,
        message: &mut Message,
        files: &mut Files,
        names: fn(&str) -> Vec<String>,
    ) -> Vec<Option<String>> {
        let mut found = Vec::new();
        for attachment in &mut message.attachments {
            let names = attachment.path.as_deref().map(names).unwrap_or_default();
            let there = names.into_iter().find_map(|name| Some((files.size(&name)?, name)));
            if let Some((size, _)) = there {
                attachment.size = Some(size);
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
            found.push(there.map(|(_, name)| name));
        }
        found
    }
}

/// A part of `size`, for showing how far it is.
fn share(size: u64, done: usize, total: usize) -> u64 {
    let (done, total) = (u128::try_from(done).unwrap_or(0), u128::try_from(total).unwrap_or(1).max(1));
    u64::try_from(u128::from(size) * done / total).unwrap_or(size)
}

/// A table that could not be read to its end.
pub(crate) fn damage(report: &mut ReadReport) {
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
