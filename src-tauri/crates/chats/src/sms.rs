//! SMS Backup & Restore: text and picture messages (`<smses>`) and calls (`<calls>`) of an Android phone, as XML.
//!
//! Entries of all people are mixed. A first walk notes where the entries of each address stand; then each chat is read by those places.
//! Pictures stand in the XML as base64 and are decoded from their place when they are taken in.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::base64;
use crate::error::ChatError;
use crate::files::{MainFile, Spans};
use crate::model::{Conversation, MessageKind};
use crate::source::{Cancel, Damage, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason};

mod chat;
mod entry;
mod tags;

use chat::Chat;
use entry::{Entry, Part};
use tags::{Stop, Tag, Tags};

/// Entries between two looks at the switch that stops.
const STEP: usize = 256;

/// What the first bytes say: 0 (not a backup), 60 (its root alone) or 100.
pub(crate) fn confidence(start: &[u8]) -> u8 {
    let has = |what: &str| memchr::memmem::find(start, what.as_bytes()).is_some();
    if !start.starts_with(b"<") {
        return 0;
    }
    if has("<smses") && (has("<sms ") || has("<mms ")) || has("<calls ") && has("<call ") {
        return 100;
    }
    if has("<smses") || has("<calls ") { 60 } else { 0 }
}

/// Where an entry stands.
#[derive(Clone, Copy)]
struct At {
    offset: u64,
    /// Its number among all, from 1.
    number: u32,
}

/// Reads a backup into the sink.
pub(crate) fn read(
    main: &MainFile,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let size = main.size()?;
    report.bytes = report.bytes.saturating_add(size);
    report.knows_me = true;
    let mut spans = Spans::open(main, options.workroom.as_ref())?;
    let chats = survey(&mut spans, cancel, report)?;
    if report.is_cancelled {
        return Ok(());
    }
    let total = chats.values().map(Vec::len).sum();
    let run = Run { spans, report, sink, cancel, size, total, done: 0 };
    run.all(&chats, options)
}

/// The places of entries by the addresses of their chat.
fn survey(
    spans: &mut Spans,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<BTreeMap<String, Vec<At>>, ChatError> {
    let mut chats: BTreeMap<String, Vec<At>> = BTreeMap::new();
    let mut tags = Tags::new(spans, 0);
    let mut number: u32 = 0;
    loop {
        if number.is_multiple_of(1024) && cancel.is_cancelled() {
            report.is_cancelled = true;
            return Ok(chats);
        }
        let begins = match tags.next() {
            Ok((Tag::End, _)) => return Ok(chats),
            Ok((Tag::Close(_), _)) => continue,
            Ok((Tag::Open { name, .. }, _)) if matches!(name.as_str(), "smses" | "calls") => continue,
            Ok((Tag::Open { name, attributes, is_empty }, begins)) => {
                number = number.saturating_add(1);
                entry::take(&mut tags, name, attributes, is_empty).map(|entry| (entry, begins))
            }
            Err(stop) => Err(stop),
        };
        match begins {
            Ok((Some(entry), offset)) => {
                chats.entry(entry.chat_key()).or_default().push(At { offset, number })
            }
            Ok((None, offset)) => {
                report.skipped.entry(SkipReason::UnknownPart).or_default().add(&format!("byte {offset}"));
            }
            Err(Stop::Failed(error)) => return Err(ChatError::Io(error)),
            Err(stop) => {
                let is_cut_off = matches!(stop, Stop::CutOff);
                report.damage = Some(Damage { is_cut_off, at: tags.offset() });
                if is_cut_off {
                    report.skipped.entry(SkipReason::CutOff).or_default().add("the last entry");
                }
                return Ok(chats);
            }
        }
    }
}

struct Run<'a> {
    spans: Spans,
    report: &'a mut ReadReport,
    sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    size: u64,
    total: usize,
    done: usize,
}

impl Run<'_> {
    fn all(mut self, chats: &BTreeMap<String, Vec<At>>, options: &ReadOptions) -> Result<(), ChatError> {
        for (index, (key, places)) in (0_u32..).zip(chats) {
            let is_wanted = options.chats.as_ref().is_none_or(|chats| chats.contains(&index));
            if is_wanted && !self.report.is_cancelled {
                self.chat(key, places)?;
            }
        }
        if !self.report.is_cancelled {
            self.sink.progress(self.size, self.size);
        }
        Ok(())
    }

    fn chat(&mut self, key: &str, places: &[At]) -> Result<(), ChatError> {
        let mut chat = Chat::begin(key);
        // The name stands with the entries: the first that has one gives it.
        for at in places.iter().take(STEP) {
            if let Some(entry) = self.entry(*at)? {
                chat.hear_of(&entry);
            }
            if chat.has_name() {
                break;
            }
        }
        self.report.conversations += 1;
        self.sink.conversation(&chat.conversation)?;
        for at in places {
            if self.done.is_multiple_of(STEP) {
                if self.cancel.is_cancelled() {
                    self.report.is_cancelled = true;
                    break;
                }
                let done = u128::try_from(self.done).unwrap_or(0) * u128::from(self.size);
                let share = done / u128::try_from(self.total.max(1)).unwrap_or(1);
                self.sink.progress(u64::try_from(share).unwrap_or(self.size), self.size);
            }
            self.done += 1;
            self.message(*at, &mut chat)?;
        }
        let ended: Conversation = chat.end();
        self.sink.conversation_end(&ended)
    }

    fn entry(&mut self, at: At) -> Result<Option<Entry>, ChatError> {
        let mut tags = Tags::new(&mut self.spans, at.offset);
        let read = match tags.next() {
            Ok((Tag::Open { name, attributes, is_empty }, _)) => {
                entry::take(&mut tags, name, attributes, is_empty)
            }
            Ok((Tag::Close(_) | Tag::End, _)) => Ok(None),
            Err(stop) => Err(stop),
        };
        let length = tags.offset() - at.offset;
        match read {
            Ok(Some(mut entry)) => {
                entry.read_long(&mut self.spans)?;
                entry.read_raw(&mut self.spans, at.offset, length)?;
                Ok(Some(entry))
            }
            Ok(None) | Err(Stop::CutOff | Stop::Damaged) => Ok(None),
            Err(Stop::Failed(error)) => Err(ChatError::Io(error)),
        }
    }

    fn message(&mut self, at: At, chat: &mut Chat) -> Result<(), ChatError> {
        let place = format!("entry {}", at.number);
        let Some(mut entry) = self.entry(at)? else {
            // It was read when all were counted: the file changed under us.
            self.report.skipped.entry(SkipReason::UnreadableEntry).or_default().add(&place);
            self.sink.skipped(SkipReason::UnreadableEntry, &place);
            return Ok(());
        };
        for part in &mut entry.parts {
            part.size = measure(&mut self.spans, part)?;
        }
        let message = chat.message(&entry);
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(&place);
        }
        let here = entry.parts.iter().filter(|part| part.size.is_some()).count();
        self.report.media_found += u64::try_from(here).unwrap_or(0);
        self.report.media_missing += u64::try_from(entry.parts.len() - here).unwrap_or(0);
        self.sink.message(message, &mut Media { spans: &mut self.spans, parts: entry.parts })
    }
}

/// Bytes of a part, `None` when it is no base64.
fn measure(spans: &mut Spans, part: &Part) -> Result<Option<u64>, ChatError> {
    let Some(data) = part.open(spans) else { return Ok(None) };
    match io::copy(&mut { data }, &mut io::sink()) {
        Ok(size) => Ok(Some(size)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(ChatError::Io(error)),
    }
}

/// Reads a part of the file.
struct Window<'a> {
    spans: &'a mut Spans,
    at: u64,
    left: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = self.spans.read_at(self.at, buffer.get_mut(..wanted).unwrap_or_default())?;
        let taken = u64::try_from(count).unwrap_or(0);
        self.at += taken;
        self.left -= taken;
        Ok(count)
    }
}

impl Part {
    /// The content, decoded while it is read.
    fn open<'a>(&self, spans: &'a mut Spans) -> Option<Box<dyn Read + 'a>> {
        match &self.data {
            None => None,
            Some(tags::Text::Short(text)) => {
                Some(Box::new(base64::Decoder::new(io::Cursor::new(text.clone().into_bytes()))))
            }
            Some(tags::Text::Long { offset, length }) => {
                Some(Box::new(base64::Decoder::new(Window { spans, at: *offset, left: *length })))
            }
        }
    }
}

/// Files of the entry at hand.
struct Media<'a> {
    spans: &'a mut Spans,
    parts: Vec<Part>,
}

impl MediaOpener for Media<'_> {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        let part = self.parts.get(index).filter(|part| part.size.is_some());
        Ok(part.and_then(|part| part.open(self.spans)))
    }
}
