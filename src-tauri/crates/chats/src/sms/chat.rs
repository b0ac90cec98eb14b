//! One chat while it is read: everything with one number, or one set of numbers.

use std::collections::HashMap;

use super::entry::{Entry, Kind, Part};
use crate::model::{
    App, Attachment, AttachmentKind, AttachmentState, Call, Conversation, ConversationId, ConversationKind,
    Direction, Message, MessageId, MessageKind, Participant, Precision, Timestamp,
};

/// Key of the phone's owner.
const ME: &str = "me";

/// The chat at hand.
pub(super) struct Chat {
    pub(super) conversation: Conversation,
    others: Vec<Participant>,
    is_mine_in: bool,
    ordinal: u64,
    /// Equal entries, counted.
    seen: HashMap<[u8; 16], u32>,
}

impl Chat {
    pub(super) fn begin(key: &str) -> Self {
        let others: Vec<Participant> = key.split('~').filter(|one| !one.is_empty()).map(person).collect();
        let kind = if others.len() > 1 { ConversationKind::Group } else { ConversationKind::Direct };
        let mut chat = Self {
            conversation: Conversation {
                id: ConversationId::derive(App::Sms, "", key),
                app: App::Sms,
                native_id: Some(key.to_owned()),
                kind,
                ..Conversation::default()
            },
            others,
            is_mine_in: false,
            ordinal: 0,
            seen: HashMap::new(),
        };
        chat.name_it();
        chat
    }

    fn name_it(&mut self) {
        let names: Vec<&str> = self.others.iter().map(|one| one.name.as_str()).collect();
        self.conversation.title = names.join(", ");
    }

    /// Names as the phone's address book had them.
    pub(super) fn hear_of(&mut self, entry: &Entry) {
        let Some(contact) = entry.contact() else { return };
        if let [only] = self.others.as_mut_slice() {
            contact.clone_into(&mut only.name);
            self.name_it();
        } else {
            // Whose name is whose is not said.
            contact.clone_into(&mut self.conversation.title);
        }
    }

    pub(super) fn has_name(&self) -> bool {
        let numbers: Vec<&str> = self.others.iter().map(|one| one.key.as_str()).collect();
        self.conversation.title != numbers.join(", ")
    }

    pub(super) fn message(&mut self, entry: &Entry) -> Message {
        let direction = direction_of(entry);
        let sender = match direction {
            Direction::Out => {
                self.is_mine_in = true;
                Some(ME.to_owned())
            }
            Direction::In => {
                let only =
                    || self.others.first().filter(|_| self.others.len() == 1).map(|one| one.key.clone());
                entry.from().or_else(only)
            }
            Direction::None => None,
        };
        if let Some(key) =
            sender.as_ref().filter(|key| *key != ME && !self.others.iter().any(|one| one.key == **key))
        {
            self.others.push(person(key));
        }
        let mut message = Message {
            ordinal: self.ordinal,
            sender,
            direction,
            time: time_of(entry),
            text: text_of(entry),
            kind: kind_of(entry),
            attachments: entry.parts.iter().map(attachment).collect(),
            raw: entry.raw.clone(),
            ..Message::default()
        };
        self.ordinal += 1;
        let print = message.fingerprint();
        let count = self.seen.entry(print).or_insert(0);
        message.id = MessageId::from_fingerprint(&print, *count);
        *count += 1;
        message
    }

    /// The chat with everyone in it.
    pub(super) fn end(mut self) -> Conversation {
        let me = Participant { key: ME.to_owned(), is_me: true, ..Participant::default() };
        self.others.extend(self.is_mine_in.then_some(me));
        self.others.sort_by(|one, other| one.key.cmp(&other.key));
        self.conversation.participants = self.others;
        self.conversation
    }
}

fn person(key: &str) -> Participant {
    let is_number = key.len() >= 5 && key.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit());
    Participant {
        key: key.to_owned(),
        name: key.to_owned(),
        phone: is_number.then(|| key.to_owned()),
        ..Participant::default()
    }
}

/// 1 came in; 2 went out; 3 is a draft, 4 waits, 5 failed, 6 is queued: none of those arrived, all were written here.
fn direction_of(entry: &Entry) -> Direction {
    let code = match entry.kind {
        Kind::Sms | Kind::Call => entry.number("type"),
        Kind::Mms => entry.number("msg_box"),
    };
    match (entry.kind, code) {
        (Kind::Call, Some(2)) | (Kind::Sms | Kind::Mms, Some(2..=6)) => Direction::Out,
        (Kind::Call, Some(_)) | (Kind::Sms | Kind::Mms, Some(1)) => Direction::In,
        (Kind::Call | Kind::Sms | Kind::Mms, _) => Direction::None,
    }
}

fn time_of(entry: &Entry) -> Option<Timestamp> {
    let text = entry.value("date")?.to_owned();
    let utc_ms: i64 = text.parse().ok()?;
    Some(Timestamp { utc_ms, precision: Precision::Ms, zone_known: true, text, ..Timestamp::default() })
}

/// The subject of a picture message stands before its text.
fn text_of(entry: &Entry) -> String {
    let text = entry.text();
    let key = if entry.kind == Kind::Mms { "sub" } else { "subject" };
    match entry.value(key).filter(|_| entry.kind != Kind::Call) {
        Some(subject) if text.is_empty() => subject.to_owned(),
        Some(subject) => format!("{subject}\n{text}"),
        None => text,
    }
}

fn kind_of(entry: &Entry) -> MessageKind {
    if entry.kind == Kind::Call {
        let code = entry.number("type");
        return MessageKind::Call(Call {
            is_missed: matches!(code, Some(3)),
            duration: entry.number("duration").and_then(|seconds| u64::try_from(seconds).ok()),
            outcome: outcome(code).map(str::to_owned),
            ..Call::default()
        });
    }
    if entry.parts.is_empty() { MessageKind::Text } else { MessageKind::Media }
}

/// Android's `CallLog.Calls` types.
fn outcome(code: Option<i64>) -> Option<&'static str> {
    match code? {
        1 => Some("incoming"),
        2 => Some("outgoing"),
        3 => Some("missed"),
        4 => Some("voicemail"),
        5 => Some("rejected"),
        6 => Some("blocked"),
        7 => Some("answered_elsewhere"),
        _ => None,
    }
}

fn attachment(part: &Part) -> Attachment {
    let kind = match part.mime.split('/').next() {
        Some("image") => AttachmentKind::Photo,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        _ if part.mime.ends_with("vcard") => AttachmentKind::Contact,
        _ => AttachmentKind::File,
    };
    let state = match (&part.data, part.size) {
        (_, Some(_)) => AttachmentState::Present,
        (None, None) => AttachmentState::Missing,
        (Some(_), None) => AttachmentState::Corrupt,
    };
    Attachment {
        kind,
        name: part.name.clone(),
        state,
        mime: Some(part.mime.clone()),
        size: part.size,
        ..Attachment::default()
    }
}
