//! WhatsApp's "Export chat": a text, a zip with media, or the unpacked folder; every language's line shape.
//!
//! Two passes: [`survey`] learns from all lines which shape headers have, in which order dates are and who
//! writes; the second pass cuts the text into entries and gives each to the sink. Neither holds the text.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use crate::error::ChatError;
use crate::files::{Files, MainFile};
use crate::model::{
    App, AttachmentState, Conversation, ConversationId, Direction, Message, MessageId, MessageKind,
    Participant,
};
use crate::source::{Cancel, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason, Undecided};
use crate::wall_clock::WallClock;

mod author;
mod body;
mod clock_words;
mod dates;
mod header;
mod lines;
mod survey;
mod title;
mod words;

use body::{Context, read_body};
use header::{Header, parse_header};
use lines::{Lines, without_end};
use survey::Survey;
use title::Title;

pub(crate) use title::pick_texts;

/// Longest entry; WhatsApp's own limit is 65,536 signs.
const MAX_ENTRY: usize = 16 << 20;
/// Entries whose fingerprints are remembered to count equal ones.
const MAX_FINGERPRINTS: usize = 1 << 12;

/// What the first bytes say: 0 (not an export) to 100.
pub(crate) fn confidence(start: &[u8]) -> u8 {
    if memchr::memchr(0, start).is_some() {
        return 0;
    }
    let Ok(Some(found)) = survey::survey(start, None, &mut |_| {}, &Cancel::default()) else { return 0 };
    let begins = start.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let begins = begins.and_then(parse_header).is_some_and(|header| header.shape == found.shape);
    match (begins, found.shape.is_log_like()) {
        (true, false) => 95,
        (true, true) | (false, true) => 0,
        (false, false) => 50,
    }
}

/// Reads one text into the sink.
pub(crate) fn read(
    main: &MainFile,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let size = main.size()?;
    // Both passes count; the second one is twice as slow.
    let total = size.saturating_mul(3);
    let mut progress = |done: u64| sink.progress(done, total);
    let found = main.with(|input| survey::survey(input, options.date_order, &mut progress, cancel))?;
    let Some(found) = found else { return Err(ChatError::Unknown { start: "text" }) };
    if found.decision.is_undecided && !report.undecided.contains(&Undecided::DateOrder) {
        report.undecided.push(Undecided::DateOrder);
    }
    if report.dates.as_ref().is_none_or(|dates| !dates.is_undecided && found.decision.is_undecided) {
        report.dates = Some(found.decision.clone());
    }
    let clock = WallClock::new(&options.zone)?;
    if !clock.is_known() && !report.undecided.contains(&Undecided::Zone) {
        report.undecided.push(Undecided::Zone);
    }
    let conversation = conversation_of(main, &found, options);
    report.conversations += 1;
    report.has_local_times = true;
    report.bytes = report.bytes.saturating_add(found.bytes);
    sink.conversation(&conversation)?;
    let media = Media { files: main.files()?, names: Vec::new() };
    let state = State {
        survey: &found,
        conversation,
        clock,
        media,
        report,
        ordinal: 0,
        seen: HashMap::new(),
        participants: BTreeMap::new(),
    };
    main.with(|input| read_entries(state, input, size, sink, cancel))
}

struct State<'a> {
    survey: &'a Survey,
    conversation: Conversation,
    clock: WallClock,
    media: Media,
    report: &'a mut ReadReport,
    ordinal: u64,
    seen: HashMap<[u8; 16], u32>,
    participants: BTreeMap<String, Participant>,
}

/// Files of the entry at hand.
struct Media {
    files: Files,
    names: Vec<Option<String>>,
}

impl MediaOpener for Media {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        match self.names.get(index) {
            Some(Some(name)) => self.files.open(name),
            _ => Ok(None),
        }
    }
}

/// The entry that is being collected: its header and all its bytes.
struct Entry {
    header: Header,
    wall: i64,
    line: u64,
}

fn read_entries(
    mut state: State<'_>,
    input: &mut dyn Read,
    size: u64,
    sink: &mut dyn Sink,
    cancel: &Cancel,
) -> Result<(), ChatError> {
    let mut lines = Lines::new(input, MAX_ENTRY);
    let mut bytes: Vec<u8> = Vec::new();
    let mut entry: Option<Entry> = None;
    let mut number: u64 = 0;
    while let Some(line) = lines.next()? {
        number += 1;
        if let Some(begun) = state.begins(line, number, sink) {
            if let Some(done) = entry.replace(begun) {
                state.deliver(&done, &bytes, sink)?;
            }
            bytes.clear();
        } else if entry.is_none() {
            state.skip_preamble(line, number, sink);
            continue;
        }
        if bytes.len() + line.len() > MAX_ENTRY {
            let limit = u64::try_from(MAX_ENTRY).unwrap_or(u64::MAX);
            return Err(ChatError::EntryTooBig { at: lines.offset(), limit });
        }
        bytes.extend_from_slice(line);
        if number.is_multiple_of(4096) {
            if cancel.is_cancelled() {
                state.report.is_cancelled = true;
                return state.finish(sink);
            }
            sink.progress(size.saturating_add(lines.offset().saturating_mul(2)), size.saturating_mul(3));
        }
    }
    if let Some(done) = entry {
        state.deliver(&done, &bytes, sink)?;
    }
    sink.progress(size.saturating_mul(3), size.saturating_mul(3));
    state.finish(sink)
}

impl State<'_> {
    /// The line begins an entry: a header of the file's shape with a possible date.
    fn begins(&mut self, line: &[u8], number: u64, sink: &mut dyn Sink) -> Option<Entry> {
        let header = parse_header(line).filter(|header| header.shape == self.survey.shape)?;
        match dates::wall_of(&header, self.survey.decision.order) {
            Some(wall) => Some(Entry { header, wall, line: number }),
            None => {
                self.skip(SkipReason::ImpossibleDate, number, sink);
                None
            }
        }
    }

    fn skip(&mut self, reason: SkipReason, line: u64, sink: &mut dyn Sink) {
        let place = format!("line {line}");
        self.report.skipped.entry(reason).or_default().add(&place);
        sink.skipped(reason, &place);
    }

    /// Lines before the first entry.
    fn skip_preamble(&mut self, line: &[u8], number: u64, sink: &mut dyn Sink) {
        if !author::trim_marks(line.trim_ascii()).is_empty() {
            self.skip(SkipReason::UnreadableLine, number, sink);
        }
    }

    fn deliver(&mut self, entry: &Entry, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), ChatError> {
        let message = self.message(entry, bytes);
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(&format!("line {}", entry.line));
        }
        sink.message(message, &mut self.media)
    }

    fn message(&mut self, entry: &Entry, bytes: &[u8]) -> Message {
        let raw = without_end(bytes);
        let header = &entry.header;
        let rest = raw.get(header.rest..).unwrap_or_default();
        let first_end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let first = rest.get(..first_end).unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first);
        let found = author::split_known(first, self.survey);
        let author = found.map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        if found.is_some_and(|(name, _)| std::str::from_utf8(name).is_err()) {
            self.report.bad_text.add(&format!("line {}", entry.line));
        }
        // The body goes on behind the author to the end of the entry.
        let body_start = found.map_or(0, |(_, body)| first.len() - body.len());
        let text = self.text_of(rest.get(body_start..).unwrap_or_default(), entry);
        let body = {
            let files = &mut self.media.files;
            let mut context = Context {
                author: author.as_deref(),
                has_marks: self.survey.has_marks,
                tags: &self.survey.tags,
                has_file: &mut |name| files.size(name).is_some(),
            };
            read_body(text, &mut context)
        };
        self.assemble(entry, raw, author, body)
    }

    /// The text with `\n` as line end; bytes that are no UTF-8 are counted and stay in the raw record.
    fn text_of(&mut self, bytes: &[u8], entry: &Entry) -> String {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            self.report.bad_text.add(&format!("line {}", entry.line));
        }
        if memchr::memchr(b'\r', bytes).is_some() { text.replace("\r\n", "\n") } else { text.into_owned() }
    }

    fn assemble(&mut self, entry: &Entry, raw: &[u8], author: Option<String>, body: body::Body) -> Message {
        let is_system = matches!(body.kind, MessageKind::System(_));
        // A system line names the group or the contact, but nobody wrote it.
        let sender = author.filter(|_| !is_system);
        let direction = sender.as_ref().map_or(Direction::None, |name| self.direction(name));
        let header = &entry.header;
        let time_text = raw.get(header.time_start..header.time_end).unwrap_or_default();
        let time_text = String::from_utf8_lossy(time_text).into_owned();
        let mut message = Message {
            ordinal: self.ordinal,
            sender,
            direction,
            time: Some(self.clock.timestamp(entry.wall, dates::precision_of(header), time_text)),
            kind: body.kind,
            text: body.text,
            entities: body.entities,
            attachments: body.attachments,
            edits: body.edits,
            deleted: body.deleted,
            raw: raw.to_vec(),
            ..Message::default()
        };
        self.ordinal += 1;
        self.find_media(&mut message);
        message.id = self.identify(&message);
        message
    }

    fn direction(&mut self, name: &str) -> Direction {
        if !self.participants.contains_key(name) {
            let known = self.conversation.participants.iter().find(|person| person.key == name);
            let person = known.cloned().unwrap_or_else(|| participant(name, false));
            self.participants.insert(name.to_owned(), person);
        }
        let is_me = self.participants.get(name).is_some_and(|person| person.is_me);
        if is_me { Direction::Out } else { Direction::In }
    }

    /// Looks the entry's files up and counts them.
    fn find_media(&mut self, message: &mut Message) {
        self.media.names.clear();
        for attachment in &mut message.attachments {
            let mut name = None;
            if attachment.state == AttachmentState::Present {
                let wanted = attachment.name.clone().unwrap_or_default();
                attachment.size = self.media.files.size(&wanted);
                if attachment.size.is_some() {
                    name = Some(wanted);
                } else {
                    attachment.state = AttachmentState::Missing;
                }
            }
            match attachment.state {
                AttachmentState::Present => self.report.media_found += 1,
                AttachmentState::Omitted => self.report.media_omitted += 1,
                AttachmentState::Missing
                | AttachmentState::TooLarge
                | AttachmentState::RemoteOnly
                | AttachmentState::Corrupt => self.report.media_missing += 1,
            }
            self.media.names.push(name);
        }
    }

    fn identify(&mut self, message: &Message) -> MessageId {
        let fingerprint = message.fingerprint();
        if self.seen.len() > MAX_FINGERPRINTS {
            self.seen.clear();
        }
        let count = self.seen.entry(fingerprint).or_insert(0);
        let id = MessageId::from_fingerprint(&fingerprint, *count);
        *count += 1;
        id
    }

    fn finish(mut self, sink: &mut dyn Sink) -> Result<(), ChatError> {
        let mut people = std::mem::take(&mut self.participants);
        for person in std::mem::take(&mut self.conversation.participants) {
            people.insert(person.key.clone(), person);
        }
        self.conversation.participants = people.into_values().collect();
        sink.conversation_end(&self.conversation)
    }
}

fn participant(name: &str, is_me: bool) -> Participant {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let is_number = digits >= 6 && name.starts_with('+') && !name.chars().any(char::is_alphabetic);
    Participant {
        key: name.to_owned(),
        name: name.to_owned(),
        is_me,
        phone: is_number.then(|| name.to_owned()),
        ..Participant::default()
    }
}

fn conversation_of(main: &MainFile, survey: &Survey, options: &ReadOptions) -> Conversation {
    let Title { title, key, kind, me } = title::title_of(main, survey, options.me.as_deref());
    let person = |(name, _): (String, u64)| (name.clone(), participant(&name, me.as_ref() == Some(&name)));
    let participants: BTreeMap<String, Participant> = survey.people().into_iter().map(person).collect();
    Conversation {
        id: ConversationId::derive(App::WhatsApp, "", &key),
        app: App::WhatsApp,
        kind,
        title,
        participants: participants.into_values().collect(),
        ..Conversation::default()
    }
}
