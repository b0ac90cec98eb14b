//! Telegram Desktop's JSON export: one chat (`{name, type, id, messages}`) or an account (`chats.list[]`).
//!
//! The text is walked, never loaded: a first walk finds the chats and what is known about them (names may stand
//! behind the messages), a second one gives each message to the sink.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use serde_json::{Map, Value};

use crate::error::ChatError;
use crate::files::{Files, MainFile};
use crate::model::{
    App, AttachmentState, Conversation, ConversationId, ConversationKind, Direction, Message, MessageId,
    MessageKind, Participant,
};
use crate::source::{Cancel, Damage, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason, Undecided};
use crate::wall_clock::WallClock;

mod entry;
mod service;
mod stream;
mod text;

use entry::read_entry;
use stream::{Stop, Walk};

/// Entries whose fingerprints are remembered to count equal ones, where entries have no ids.
const MAX_FINGERPRINTS: usize = 1 << 16;

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
    // Old exports of one chat.
    if has("\"messages\"") && has("\"from\"") && is_any(&["\"type\": \"message\"", "\"type\":\"message\""]) {
        return 70;
    }
    0
}

/// What an export says about a chat, outside of its messages.
#[derive(Clone, Debug, Default)]
struct Head {
    name: String,
    kind: String,
    id: Option<String>,
    has_messages: bool,
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
    report.own_name.clone_from(&survey.own_name);
    let run = Run {
        heads: &survey.heads,
        own_key: survey.own_id.as_ref().map(|id| format!("user{id}")),
        account: survey.own_id.clone().unwrap_or_default(),
        options,
        cancel,
        report,
        sink,
        size,
        next: 0,
    };
    main.with(|input| run.all(&mut Walk::new(input), main))
}

/// The first walk.
#[derive(Default)]
struct Survey {
    heads: Vec<Head>,
    own_id: Option<String>,
    own_name: Option<String>,
}

impl Survey {
    fn root(&mut self, walk: &mut Walk<impl Read>) -> Result<(), Stop> {
        let mut single = Head::default();
        let result = self.root_keys(walk, &mut single);
        if single.has_messages {
            self.heads.push(single);
        }
        result
    }

    fn root_keys(&mut self, walk: &mut Walk<impl Read>, single: &mut Head) -> Result<(), Stop> {
        walk.expect(b'{')?;
        let mut is_first = true;
        while walk.has_next(is_first, b'}')? {
            is_first = false;
            match walk.key()?.as_str() {
                "chats" | "left_chats" => self.list(walk)?,
                "personal_information" => {
                    let about = object(walk)?;
                    self.own_id = about.get("user_id").and_then(scalar_text);
                    self.own_name = own_name(&about);
                }
                key => head_key(walk, key, single)?,
            }
        }
        Ok(())
    }

    fn list(&mut self, walk: &mut Walk<impl Read>) -> Result<(), Stop> {
        let heads = &mut self.heads;
        each_chat(walk, &mut |walk| {
            let mut head = Head::default();
            walk.expect(b'{')?;
            let mut is_first = true;
            let mut result = Ok(());
            while result.is_ok() {
                match walk.has_next(is_first, b'}') {
                    Ok(true) => result = walk.key().and_then(|key| head_key(walk, &key, &mut head)),
                    Ok(false) => break,
                    Err(stop) => result = Err(stop),
                }
                is_first = false;
            }
            // Kept even when cut off: the messages before the cut belong to it.
            heads.push(head);
            result
        })
    }
}

fn own_name(about: &Map<String, Value>) -> Option<String> {
    let part = |key| about.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let name = format!("{} {}", part("first_name"), part("last_name"));
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn head_key(walk: &mut Walk<impl Read>, key: &str, head: &mut Head) -> Result<(), Stop> {
    match key {
        "messages" => {
            head.has_messages = walk.peek()? == b'[';
            walk.value(None)
        }
        "name" | "type" | "id" => {
            let value = small_value(walk)?;
            match key {
                "name" => head.name = value.as_str().unwrap_or_default().to_owned(),
                "type" => head.kind = value.as_str().unwrap_or_default().to_owned(),
                _ => head.id = scalar_text(&value),
            }
            Ok(())
        }
        _ => walk.value(None),
    }
}

/// Calls for the value of each element of `{"list": [...]}`.
fn each_chat<R: Read>(
    walk: &mut Walk<R>,
    each: &mut dyn FnMut(&mut Walk<R>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    if walk.peek()? != b'{' {
        return walk.value(None);
    }
    walk.expect(b'{')?;
    let mut is_first = true;
    while walk.has_next(is_first, b'}')? {
        is_first = false;
        if walk.key()? != "list" || walk.peek()? != b'[' {
            walk.value(None)?;
            continue;
        }
        walk.expect(b'[')?;
        let mut is_first_chat = true;
        while walk.has_next(is_first_chat, b']')? {
            is_first_chat = false;
            if walk.peek()? == b'{' { each(walk)? } else { walk.value(None)? }
        }
    }
    Ok(())
}

fn small_value(walk: &mut Walk<impl Read>) -> Result<Value, Stop> {
    let mut bytes = Vec::new();
    walk.value(Some(&mut bytes))?;
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn object(walk: &mut Walk<impl Read>) -> Result<Map<String, Value>, Stop> {
    if let Value::Object(object) = small_value(walk)? { Ok(object) } else { Ok(Map::new()) }
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
    own_key: Option<String>,
    account: String,
    options: &'a ReadOptions,
    cancel: &'a Cancel,
    report: &'a mut ReadReport,
    sink: &'a mut dyn Sink,
    size: u64,
    /// Index of the next chat.
    next: usize,
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
        let wanted = u32::try_from(index)
            .is_ok_and(|index| self.options.chats.as_ref().is_none_or(|chats| chats.contains(&index)));
        let Some(head) = self.heads.get(index).filter(|_| wanted) else { return Ok(walk.value(None)?) };
        let mut chat = Chat::new(head, self)?;
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

/// The chat that is being read.
struct Chat {
    conversation: Conversation,
    clock: WallClock,
    people: BTreeMap<String, Participant>,
    me: Option<String>,
    own_key: Option<String>,
    /// In a chat of two, the key of the other.
    other: Option<String>,
    ordinal: u64,
    seen: HashMap<[u8; 16], u32>,
}

impl Chat {
    fn new(head: &Head, run: &Run<'_>) -> Result<Self, ChatError> {
        let kind = match head.kind.as_str() {
            "personal_chat" | "bot_chat" => ConversationKind::Direct,
            "saved_messages" => ConversationKind::Saved,
            "private_channel" | "public_channel" => ConversationKind::Channel,
            "" => ConversationKind::Direct,
            _ => ConversationKind::Group,
        };
        // Ids count separately for people, small groups, and channels with large groups.
        let class = match kind {
            ConversationKind::Direct | ConversationKind::Saved => "user",
            ConversationKind::Group if head.kind == "private_group" => "chat",
            ConversationKind::Group | ConversationKind::Channel | ConversationKind::Broadcast => "channel",
        };
        let native_id = head.id.as_ref().map(|id| format!("{class}{id}"));
        let name = head.name.trim();
        let title = if name.is_empty() && kind == ConversationKind::Saved { "Saved Messages" } else { name };
        let key = native_id.clone().unwrap_or_else(|| format!("title:{title}"));
        let other =
            (kind == ConversationKind::Direct && class == "user").then(|| native_id.clone()).flatten();
        Ok(Self {
            conversation: Conversation {
                // One chat exported alone and within an account is the same chat: the account stays out of the id.
                id: ConversationId::derive(App::Telegram, "", &key),
                app: App::Telegram,
                account: run.account.clone(),
                native_id,
                kind,
                title: title.to_owned(),
                ..Conversation::default()
            },
            clock: WallClock::new(&run.options.zone)?,
            people: BTreeMap::new(),
            me: run.options.me.clone(),
            own_key: run.own_key.clone(),
            other,
            ordinal: 0,
            seen: HashMap::new(),
        })
    }

    /// Fills what only the chat knows: ids, who the sender is, in which direction it went.
    fn complete(&mut self, message: &mut Message, parsed: &Map<String, Value>) {
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        let is_service = parsed.get("type").and_then(Value::as_str) == Some("service");
        let name = if is_service { "actor" } else { "from" };
        let name = parsed.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(key) = message.sender.clone() {
            let is_me = self.is_me(&key, name);
            let person = self
                .people
                .entry(key.clone())
                .or_insert_with(|| Participant { key, ..Participant::default() });
            person.is_me |= is_me;
            if person.name.is_empty() {
                person.name = name.to_owned();
            }
            message.direction = if is_me { Direction::Out } else { Direction::In };
        }
        if matches!(message.kind, MessageKind::System(_)) {
            message.direction = Direction::None;
            message.sender = None;
        }
        if let Some(reply) = &mut message.reply_to {
            let target = reply.native_id.as_ref().filter(|_| reply.conversation.is_none());
            reply.message = target.map(|id| MessageId::derive(self.conversation.id, id));
        }
        message.id = self.identify(message);
    }

    fn is_me(&self, key: &str, name: &str) -> bool {
        if let Some(me) = &self.me
            && (me == key || me == name)
        {
            return true;
        }
        if let Some(own) = &self.own_key {
            return own == key;
        }
        match self.conversation.kind {
            ConversationKind::Saved => true,
            // The chat's id is the other's: whoever else writes is the person.
            ConversationKind::Direct => {
                self.other.as_ref().is_some_and(|other| key.starts_with("user") && other != key)
            }
            ConversationKind::Group | ConversationKind::Channel | ConversationKind::Broadcast => false,
        }
    }

    fn identify(&mut self, message: &Message) -> MessageId {
        if let Some(id) = &message.native_id {
            return MessageId::derive(self.conversation.id, id);
        }
        let fingerprint = message.fingerprint();
        if self.seen.len() > MAX_FINGERPRINTS {
            self.seen.clear();
        }
        let count = self.seen.entry(fingerprint).or_insert(0);
        let id = MessageId::from_fingerprint(&fingerprint, *count);
        *count += 1;
        id
    }

    fn finish(&mut self) {
        self.conversation.participants = std::mem::take(&mut self.people).into_values().collect();
    }
}
