//! Signal's plaintext export (`main.jsonl`, a frame a line, and its files beside it) and its local backup (the same, encrypted under the
//! recovery key).
//!
//! Chats are mixed in the order things happened. A first walk reads everybody and every chat and notes where the items of each
//! chat stand; then each chat is read by those places, so memory holds sixteen bytes an item.

use std::io::Read;
use std::path::Path;

use crate::error::ChatError;
use crate::files::{MainFile, Spans};
use crate::model::{Attachment, AttachmentState, Message, MessageKind};
use crate::source::{Cancel, MediaOpener, Note, ReadOptions, ReadReport, Sink, SkipReason};

pub(crate) mod backup;
mod chat;
mod frames;
mod item;
mod part;
mod people;
mod pointer;
mod proto;
pub(crate) mod schema;
mod sealed;
mod store;
mod survey;
mod text;
mod update;

pub(crate) use backup::{is_main, main_in};

use chat::Chat;
use frames::{At, Form, Frames};
use item::Item;
use pointer::Pointer;
use store::Store;
use survey::{Place, Survey};

/// Items between two looks at the switch that stops.
const STEP: usize = 256;

/// What the first bytes say: 0 (not an export) or 100.
pub(crate) fn confidence(start: &[u8]) -> u8 {
    let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |what: &str| memchr::memmem::find(first, what.as_bytes()).is_some();
    let is_info = first.starts_with(b"{") && has("\"backupTimeMs\"") && has("\"version\"");
    // The first line is short and about the export itself; a frame follows.
    if is_info && first.len() < start.len() { 100 } else { 0 }
}

/// Reads an export into the sink.
pub(crate) fn read(
    main: &MainFile,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    report.bytes = report.bytes.saturating_add(main.size()?);
    // Signal leaves messages that disappear, and the files of those to be looked at once, out of every export in clear.
    report.notes.push(Note::NoDisappearing);
    let frames = Frames::new(Spans::open(main, options.workroom.as_ref())?, Form::Lines);
    let store = Store::open(main, false)?;
    read_frames(frames, store, options, sink, cancel, report)
}

/// Reads the `main` of a local backup into the sink.
pub(crate) fn read_backup(
    path: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let main = MainFile::Disk(path.to_owned());
    report.bytes = report.bytes.saturating_add(main.size()?);
    let room = options.workroom.as_ref().ok_or(ChatError::NoWorkroom)?;
    let mut told = |done, total| sink.progress(done, total);
    let opened = backup::open(path, options.app_key.as_deref(), room, &mut told, cancel);
    if matches!(opened, Err(ChatError::Cancelled)) {
        report.is_cancelled = true;
        return Ok(());
    }
    let frames = Frames::new(Spans::Sealed(Box::new(opened?)), Form::Delimited);
    let store = Store::open(&main, true)?;
    read_frames(frames, store, options, sink, cancel, report)
}

fn read_frames(
    mut frames: Frames,
    mut store: Store,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let survey = Survey::read(&mut frames, cancel, report)?;
    if report.is_cancelled {
        return Ok(());
    }
    let total = survey.chats.iter().map(|chat| chat.items.len()).sum();
    let size = report.bytes;
    let run = Run { survey: &survey, frames: &mut frames, store: &mut store, report, sink, cancel, size };
    run.all(options, total)
}

struct Run<'a> {
    survey: &'a Survey,
    frames: &'a mut Frames,
    store: &'a mut Store,
    report: &'a mut ReadReport,
    sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    size: u64,
}

impl Run<'_> {
    fn all(mut self, options: &ReadOptions, total: usize) -> Result<(), ChatError> {
        let mut done = 0;
        for (index, place) in (0_u32..).zip(&self.survey.chats) {
            let is_wanted = options.chats.as_ref().is_none_or(|chats| chats.contains(&index));
            if is_wanted && !self.report.is_cancelled {
                self.chat(place, (done, total))?;
            }
            done += place.items.len();
        }
        if !self.report.is_cancelled {
            self.sink.progress(self.size, self.size);
        }
        Ok(())
    }

    fn chat(&mut self, place: &Place, (before, total): (usize, usize)) -> Result<(), ChatError> {
        let mut raw = Vec::new();
        for at in &place.heads {
            raw.extend(self.frames.bytes(*at)?);
            raw.push(b'\n');
        }
        let unknown = people::Recipient::unknown(place.recipient);
        let recipient = self.survey.people.get(place.recipient).unwrap_or(&unknown);
        let mut chat = Chat::begin(recipient, &self.survey.people, raw);
        self.report.conversations += 1;
        self.sink.conversation(&chat.conversation)?;
        for (at, n) in place.items.iter().zip(0_usize..) {
            if n.is_multiple_of(STEP) {
                if self.cancel.is_cancelled() {
                    self.report.is_cancelled = true;
                    break;
                }
                self.sink.progress(share(self.size, before + n, total), self.size);
            }
            self.item(*at, &mut chat)?;
        }
        let ended = chat.end();
        self.sink.conversation_end(&ended)
    }

    fn item(&mut self, at: At, chat: &mut Chat<'_>) -> Result<(), ChatError> {
        let place = self.frames.place(at);
        let bytes = self.frames.bytes(at)?;
        let parsed = self.frames.parse(&bytes);
        let read = parsed.as_ref().and_then(|frame| item::of_frame(frame, chat, bytes));
        let (Some(frame), Some(read)) = (&parsed, read) else {
            // It was read when all were counted: the file changed under us.
            self.report.skipped.entry(SkipReason::UnreadableEntry).or_default().add(&place);
            self.sink.skipped(SkipReason::UnreadableEntry, &place);
            return Ok(());
        };
        let Item { mut message, mut files, long_text } = read;
        if let Some(pointer) = long_text {
            match self.store.text(&pointer) {
                Some(whole) => item::lengthen(&mut message, &whole, frame, chat),
                None => name_lost_text(&mut message, &mut files, pointer),
            }
        }
        let paths = self.find_media(&mut message, &files);
        self.count(&message, &place);
        self.sink.message(message, &mut Media { store: self.store, paths, files })
    }

    fn count(&mut self, message: &Message, place: &str) {
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
    }

    /// The paths of the message's files that are there.
    fn find_media(&mut self, message: &mut Message, files: &[Pointer]) -> Vec<Option<String>> {
        let mut paths = Vec::new();
        for (attachment, pointer) in message.attachments.iter_mut().zip(files) {
            let found = self.store.find(pointer);
            if let Some((path, size)) = &found {
                attachment.state = AttachmentState::Present;
                attachment.size = Some(*size);
                attachment.path = Some(path.clone());
            }
            match attachment.state {
                AttachmentState::Present => self.report.media_found += 1,
                AttachmentState::Omitted => self.report.media_omitted += 1,
                AttachmentState::Missing
                | AttachmentState::TooLarge
                | AttachmentState::RemoteOnly
                | AttachmentState::Corrupt => self.report.media_missing += 1,
            }
            paths.push(found.map(|(path, _)| path));
        }
        paths
    }
}

/// A text whose beginning alone is there: the file with the whole of it is missing.
fn name_lost_text(message: &mut Message, files: &mut Vec<Pointer>, pointer: Pointer) {
    message.attachments.push(Attachment {
        name: Some("message.txt".to_owned()),
        mime: Some("text/x-signal-plain".to_owned()),
        state: AttachmentState::Missing,
        size: pointer.size,
        ..Attachment::default()
    });
    files.push(pointer);
}

/// A part of `size`, for showing how far it is.
fn share(size: u64, done: usize, total: usize) -> u64 {
    let (done, total) = (u128::try_from(done).unwrap_or(0), u128::try_from(total).unwrap_or(1).max(1));
    u64::try_from(u128::from(size) * done / total).unwrap_or(size)
}

/// Files of the item at hand.
struct Media<'a> {
    store: &'a mut Store,
    paths: Vec<Option<String>>,
    files: Vec<Pointer>,
}

impl MediaOpener for Media<'_> {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        match (self.paths.get(index), self.files.get(index)) {
            (Some(Some(path)), Some(pointer)) => self.store.open_file(path, pointer),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
