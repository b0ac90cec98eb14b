//! Telegram Desktop's JSON export: one chat (`{name, type, id, messages}`) or an account (`chats.list[]`).
//!
//! The text is walked, never loaded: a first walk finds the chats and what is known about them (names may stand
//! behind the messages), a second one gives each message to the sink.

use std::io::Read;

use serde_json::{Map, Value};

use crate::error::ChatError;
use crate::files::{Files, MainFile};
use crate::model::{AttachmentState, Message, MessageKind};
use crate::source::{Cancel, Damage, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason, Undecided};

mod chat;
mod entry;
mod heads;
mod service;
pub(crate) mod stream;
mod text;

use chat::Chat;
use entry::read_entry;
use heads::{Account, Head, Survey, each_chat};
use stream::{Stop, Walk};

/// What the first bytes say: 0 (not an export) to 100.
pub(crate) fn confidence(start: &[u8]) -> u8 {
    let has = |what: &str| memchr::memmem::find(start, what.as_bytes()).is_some();
    let is_any = |what: &[&str]| what.iter().any(|what| has(what));
    let kinds =
        ["personal_chat", "private_group", "private_supergroup", "public_supergroup", "private_channel"];
    let more = ["public_channel", "saved_messages", "bot_chat", "replies", "verification_codes"];
    let is_chat = kinds.iter().chain(&more).any(|kind| has(&format!("\"{kind}\"")));
    let is_entry = is_any(&["\"date_unixtime\"", "\"from_id\"", "\"text_entities\""]);
    if has("\"messages\"") && (is_chat || is_entry) {
        return 95;
    }
    if has("\"chats\"") && has("\"list\"") {
        return 90;
    }
    // An account's export begins with what Telegram knows about its owner; the chats come late.
    if has("\"personal_information\"") && is_any(&["\"about\"", "\"user_id\"", "\"phone_number\""]) {
        return 80;
    }
    // An account's export without it: nothing but the order of its parts tells.
    let parts = ["\"frequent_contacts\"", "\"contacts\"", "\"sessions\"", "\"left_chats\"", "\"stories\""];
    if has("\"about\"") && is_any(&parts) && has("Telegram") {
        return 75;
    }
    // Old exports of one chat.
    if has("\"messages\"") && has("\"from\"") && is_any(&["\"type\": \"message\"", "\"type\":\"message\""]) {
        return 70;
    }
    0
}

/// Reads an export into the sink.
pub(crate) fn read(
    main: &MainFile,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let size = main.size()?;
    report.bytes = report.bytes.saturating_add(size);
    let mut survey = Survey::default();
    let end = main.with(|input| {
        let mut walk = Walk::new(input);
        Ok((survey.root(&mut walk), walk.offset()))
    })?;
    match end {
        (Err(Stop::Failed(error)), _) => return Err(error),
        (Err(Stop::CutOff), at) => report.damage = Some(Damage { is_cut_off: true, at }),
        (Err(Stop::Damaged), at) => report.damage = Some(Damage { is_cut_off: false, at }),
        (Ok(()), _) => {}
    }
    if survey.heads.iter().all(|head| !head.has_messages) {
        return Err(match report.damage {
            Some(Damage { is_cut_off: true, at }) => ChatError::Truncated { what: "json", at },
            Some(Damage { is_cut_off: false, at }) => ChatError::Damaged { what: "json", at },
            None => ChatError::Unknown { start: "json" },
        });
    }
    report.own_name.clone_from(&survey.account.name);
    report.knows_me = survey.account.id.is_some();
    report.beside.extend(std::mem::take(&mut survey.beside));
    let run = Run {
        heads: &survey.heads,
        account: &survey.account,
        options,
        cancel,
        report,
        sink,
        size,
        next: 0,
        shown: 0,
    };
    main.with(|input| run.all(&mut Walk::new(input), main))
}

/// A number or text as text.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The second walk.
struct Run<'a> {
    heads: &'a [Head],
    account: &'a Account,
    options: &'a ReadOptions,
    cancel: &'a Cancel,
    report: &'a mut ReadReport,
    sink: &'a mut dyn Sink,
    size: u64,
    /// Index of the next chat.
    next: usize,
    /// Chats with messages so far: the index a preview gives them.
    shown: u32,
}

/// Why the second walk ends early without an error.
enum Pause {
    Stop(Stop),
    Cancelled,
}

impl From<Stop> for Pause {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<ChatError> for Pause {
    fn from(error: ChatError) -> Self {
        Self::Stop(Stop::Failed(error))
    }
}

impl Run<'_> {
    fn all(mut self, walk: &mut Walk<impl Read>, main: &MainFile) -> Result<(), ChatError> {
        let mut files = main.files()?;
        let result = self.root(walk, &mut files);
        self.sink.progress(self.size, self.size);
        match result {
            Ok(()) => Ok(()),
            Err(Pause::Cancelled) => {
                self.report.is_cancelled = true;
                Ok(())
            }
            Err(Pause::Stop(Stop::Failed(error))) => Err(error),
            // Already in the report, by the first walk.
            Err(Pause::Stop(Stop::CutOff | Stop::Damaged)) => Ok(()),
        }
    }

    fn root(&mut self, walk: &mut Walk<impl Read>, files: &mut Files) -> Result<(), Pause> {
        walk.expect(b'{')?;
        let mut is_first = true;
        while walk.has_next(is_first, b'}')? {
            is_first = false;
            match walk.key()?.as_str() {
                "chats" | "left_chats" => {
                    let mut pause = None;
                    let walked = each_chat(walk, &mut |walk| {
                        self.chat(walk, files).map_err(|why| match why {
                            Pause::Stop(stop) => stop,
                            Pause::Cancelled => {
                                pause = Some(Pause::Cancelled);
                                Stop::Damaged
                            }
                        })
                    });
                    if let Some(pause) = pause {
                        return Err(pause);
                    }
                    walked?;
                }
                // The single chat's head is the last one.
                "messages" if walk.peek()? == b'[' => {
                    let index = self.heads.len().saturating_sub(1);
                    self.messages(walk, files, index)?;
                }
                _ => walk.value(None)?,
            }
        }
        Ok(())
    }

    fn chat(&mut self, walk: &mut Walk<impl Read>, files: &mut Files) -> Result<(), Pause> {
        let index = self.next;
        self.next += 1;
        walk.expect(b'{')?;
        let mut is_first = true;
        let mut is_read = false;
        while walk.has_next(is_first, b'}')? {
            is_first = false;
            if walk.key()? == "messages" && walk.peek()? == b'[' && !is_read {
                is_read = true;
                self.messages(walk, files, index)?;
            } else {
                walk.value(None)?;
            }
        }
        if !is_read {
            self.skip(SkipReason::UnreadableChat, &format!("chats.list[{index}]"));
        }
        Ok(())
    }

    fn messages(&mut self, walk: &mut Walk<impl Read>, files: &mut Files, index: usize) -> Result<(), Pause> {
        let shown = self.shown;
        self.shown += 1;
        let is_wanted = self.options.chats.as_ref().is_none_or(|chats| chats.contains(&shown));
        let Some(head) = self.heads.get(index).filter(|_| is_wanted) else { return Ok(walk.value(None)?) };
        let mut chat = Chat::new(head, self.account, self.options)?;
        self.report.conversations += 1;
        self.sink.conversation(&chat.conversation)?;
        let result = self.elements(walk, files, &mut chat);
        // Whatever ended it, the chat is complete as far as it was read.
        chat.finish();
        if !matches!(result, Err(Pause::Stop(Stop::Failed(_)))) {
            self.sink.conversation_end(&chat.conversation)?;
        }
        result
    }

    fn elements(
        &mut self,
        walk: &mut Walk<impl Read>,
        files: &mut Files,
        chat: &mut Chat,
    ) -> Result<(), Pause> {
        let mut bytes = Vec::new();
        let mut index: u64 = 0;
        walk.expect(b'[')?;
        while walk.has_next(index == 0, b']')? {
            bytes.clear();
            let place = format!("messages[{index}]");
            match walk.value(Some(&mut bytes)) {
                Ok(()) => self.element(&bytes, files, chat, &place)?,
                Err(stop) => {
                    if matches!(stop, Stop::CutOff) {
                        self.skip(SkipReason::CutOff, &place);
                    }
                    return Err(stop.into());
                }
            }
            index += 1;
            if index.is_multiple_of(1024) {
                if self.cancel.is_cancelled() {
                    return Err(Pause::Cancelled);
                }
                self.sink.progress(walk.offset(), self.size);
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        bytes: &[u8],
        files: &mut Files,
        chat: &mut Chat,
        place: &str,
    ) -> Result<(), Pause> {
        let parsed = match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(parsed) => Some(parsed),
            // Bytes that are no UTF-8: replaced in the text, kept in the raw record.
            Err(_) if std::str::from_utf8(bytes).is_err() => {
                self.report.bad_text.add(place);
                serde_json::from_str(&String::from_utf8_lossy(bytes)).ok()
            }
            Err(_) => None,
        };
        let Some(parsed) = parsed else {
            self.skip(SkipReason::UnreadableEntry, place);
            return Ok(());
        };
        let mut message = read_entry(&parsed, &mut chat.clock);
        message.raw = bytes.to_vec();
        chat.complete(&mut message, &parsed);
        let names = self.find_media(&mut message, files);
        self.count(&message, place);
        self.sink.message(message, &mut Media { files, names })?;
        Ok(())
    }

    fn count(&mut self, message: &Message, place: &str) {
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
        let is_local = message.time.as_ref().is_some_and(|time| !time.zone_known);
        if is_local && !self.report.has_local_times {
            self.report.has_local_times = true;
            self.report.undecided.push(Undecided::Zone);
        }
    }

    fn find_media(&mut self, message: &mut Message, files: &mut Files) -> Vec<Option<String>> {
        let mut names = Vec::new();
        for attachment in &mut message.attachments {
            let mut name = None;
            if attachment.state == AttachmentState::Present {
                let path = attachment.path.clone().unwrap_or_default();
                match files.size(&path) {
                    Some(size) => {
                        attachment.size = Some(size);
                        name = Some(path);
                    }
                    None => attachment.state = AttachmentState::Missing,
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
            names.push(name);
        }
        names
    }

    fn skip(&mut self, reason: SkipReason, place: &str) {
        self.report.skipped.entry(reason).or_default().add(place);
        self.sink.skipped(reason, place);
    }
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
