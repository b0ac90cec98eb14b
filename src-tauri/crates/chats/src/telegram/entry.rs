//! One element of `messages`.

use serde_json::{Map, Value};

use super::service::service_kind;
use super::text::read_text;
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, ContactCard, Edit, Forwarded, Location, Message,
    MessageKind, Poll, PollOption, Precision, Reaction, ReactionPerson, Reply, Timestamp,
};
use crate::wall_clock::{WallClock, parse_wall};

/// Kinds the model has no fields for yet, by the key that shows them.
const UNSUPPORTED: &[&str] = &[
    "game_title",
    "invoice_information",
    "giveaway_information",
    "giveaway_results",
    "todo_list",
    "story_id",
    "paid_stars_amount",
    "self_destruct_period_seconds",
];

/// Reads an element; ids, direction and raw bytes are the caller's.
pub(super) fn read_entry(parsed: &Map<String, Value>, clock: &mut WallClock) -> Message {
    let entry = Entry(parsed);
    let (text, entities) = read_text(parsed.get("text"), parsed.get("text_entities"));
    let mut message = Message {
        native_id: entry.id("id"),
        sender: entry.sender("from", "from_id"),
        time: entry.time(clock),
        text,
        entities,
        reply_to: entry.reply(),
        forwarded: entry.forwarded(),
        reactions: entry.reactions(),
        edits: entry.edits(),
        ..Message::default()
    };
    match entry.text("type") {
        Some("service") => {
            message.sender = entry.sender("actor", "actor_id").or(message.sender);
            let (kind, sentence) = service_kind(parsed);
            message.kind = kind;
            if message.text.is_empty() {
                message.text = sentence;
            }
            message.attachments = entry.attachments();
        }
        Some("message") | None => {
            message.attachments = entry.attachments();
            message.kind = entry.kind(&message.attachments);
        }
        Some(other) => message.kind = MessageKind::Unsupported(other.to_owned()),
    }
    message
}

/// Access to an element's keys.
struct Entry<'a>(&'a Map<String, Value>);

impl<'a> Entry<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    fn filled(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A number, also when it was written as text.
    fn number(&self, key: &str) -> Option<i64> {
        number_of(self.0.get(key)?)
    }

    fn size(&self, key: &str) -> Option<u64> {
        self.number(key).and_then(|number| u64::try_from(number).ok())
    }

    fn id(&self, key: &str) -> Option<String> {
        super::scalar_text(self.0.get(key)?)
    }

    /// The id, or the name where an old export has no ids. Old ids are the number alone.
    fn sender(&self, name: &str, id: &str) -> Option<String> {
        let id = self.id(id).filter(|id| !id.is_empty());
        let id =
            id.map(|id| if id.bytes().all(|byte| byte.is_ascii_digit()) { format!("user{id}") } else { id });
        id.or_else(|| self.filled(name))
    }

    fn time(&self, clock: &mut WallClock) -> Option<Timestamp> {
        let text = self.text("date").unwrap_or_default().to_owned();
        let local_ms = parse_wall(&text);
        if let Some(seconds) = self.number("date_unixtime") {
            let utc_ms = seconds.checked_mul(1000)?;
            return Some(Timestamp {
                utc_ms,
                precision: Precision::S,
                zone_known: true,
                local_ms,
                text,
                ..Timestamp::default()
            });
        }
        Some(clock.timestamp(local_ms?, Precision::S, text))
    }

    fn reply(&self) -> Option<Reply> {
        let native_id = self.id("reply_to_message_id")?;
        Some(Reply {
            native_id: Some(native_id),
            conversation: self.id("reply_to_peer_id"),
            ..Reply::default()
        })
    }

    fn forwarded(&self) -> Option<Forwarded> {
        if !self.0.contains_key("forwarded_from") && !self.0.contains_key("saved_from") {
            return None;
        }
        Some(Forwarded {
            from: self.filled("forwarded_from").or_else(|| self.filled("saved_from")),
            from_id: self.id("forwarded_from_id"),
            utc_ms: self.number("forwarded_date_unixtime").and_then(|seconds| seconds.checked_mul(1000)),
            ..Forwarded::default()
        })
    }

    fn edits(&self) -> Vec<Edit> {
        // Old exports write the epoch for "never".
        let is_edited = self.number("edited_unixtime").unwrap_or_default() > 0
            || self
                .text("edited")
                .is_some_and(|edited| !edited.is_empty() && !edited.starts_with("1970-01-01"));
        let utc_ms = self.number("edited_unixtime").and_then(|seconds| seconds.checked_mul(1000));
        if is_edited { vec![Edit { utc_ms, ..Edit::default() }] } else { Vec::new() }
    }

    fn reactions(&self) -> Vec<Reaction> {
        let Some(Value::Array(reactions)) = self.0.get("reactions") else { return Vec::new() };
        reactions.iter().filter_map(Value::as_object).map(|reaction| reaction_of(&Entry(reaction))).collect()
    }

    fn kind(&self, attachments: &[Attachment]) -> MessageKind {
        if let Some(Value::Object(place)) = self.0.get("location_information") {
            return MessageKind::Location(self.location(&Entry(place)));
        }
        if let Some(Value::Object(card)) = self.0.get("contact_information") {
            return MessageKind::Contact(contact(&Entry(card)));
        }
        if let Some(Value::Object(poll)) = self.0.get("poll") {
            return MessageKind::Poll(poll_of(&Entry(poll)));
        }
        if let Some(first) = attachments.first() {
            return match first.kind {
                AttachmentKind::Sticker => MessageKind::Sticker,
                AttachmentKind::Voice => MessageKind::Voice,
                AttachmentKind::File
                | AttachmentKind::Photo
                | AttachmentKind::Video
                | AttachmentKind::VideoMessage
                | AttachmentKind::Audio
                | AttachmentKind::Gif
                | AttachmentKind::Contact => MessageKind::Media,
            };
        }
        match UNSUPPORTED.iter().find(|key| self.0.contains_key(**key)) {
            Some(key) => MessageKind::Unsupported((*key).to_owned()),
            None => MessageKind::Text,
        }
    }

    fn location(&self, place: &Entry<'_>) -> Location {
        let degrees = |key, most: f64| {
            let degrees = place.0.get(key).and_then(Value::as_f64)?;
            (degrees.abs() <= most).then_some(degrees)
        };
        Location {
            latitude: degrees("latitude", 90.0),
            longitude: degrees("longitude", 180.0),
            name: self.filled("place_name"),
            address: self.filled("address"),
            live: self.size("live_location_period_seconds"),
            ..Location::default()
        }
    }

    fn attachments(&self) -> Vec<Attachment> {
        let mut found = Vec::new();
        if let Some(path) = self.text("photo") {
            let size = self.size("photo_file_size");
            found.push(self.attachment(path, AttachmentKind::Photo, None, size));
        }
        if let Some(path) = self.text("file") {
            let kind = match self.text("media_type") {
                Some("sticker") => AttachmentKind::Sticker,
                Some("video_message") => AttachmentKind::VideoMessage,
                Some("voice_message") => AttachmentKind::Voice,
                Some("animation") => AttachmentKind::Gif,
                Some("video_file") => AttachmentKind::Video,
                Some("audio_file") => AttachmentKind::Audio,
                _ => AttachmentKind::File,
            };
            found.push(self.attachment(path, kind, self.filled("mime_type"), self.size("file_size")));
        }
        if let Some(path) = self.text("contact_vcard") {
            found.push(self.attachment(path, AttachmentKind::Contact, Some("text/vcard".to_owned()), None));
        }
        found
    }

    fn attachment(
        &self,
        path: &str,
        kind: AttachmentKind,
        mime: Option<String>,
        size: Option<u64>,
    ) -> Attachment {
        let state = placeholder(path);
        let real = state.is_none().then(|| path.to_owned());
        let last = real.as_ref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let pixels = |key| self.size(key).and_then(|pixels| u32::try_from(pixels).ok());
        let is_contact = kind == AttachmentKind::Contact;
        Attachment {
            kind,
            name: self.filled("file_name").filter(|_| !is_contact && kind != AttachmentKind::Photo).or(last),
            state: state.unwrap_or(AttachmentState::Present),
            mime: mime.or_else(|| (kind == AttachmentKind::Photo).then(|| "image/jpeg".to_owned())),
            size,
            duration: self.size("duration_seconds").filter(|_| !is_contact).and_then(|s| s.checked_mul(1000)),
            width: pixels("width").filter(|_| !is_contact),
            height: pixels("height").filter(|_| !is_contact),
            path: real,
            emoji: self.filled("sticker_emoji").filter(|_| kind == AttachmentKind::Sticker),
            ..Attachment::default()
        }
    }
}

/// Sentences Telegram writes where a path would stand.
fn placeholder(path: &str) -> Option<AttachmentState> {
    if path.starts_with("(File exceeds maximum size") {
        return Some(AttachmentState::TooLarge);
    }
    let is_sentence = path.is_empty() || (path.starts_with("(File ") && path.ends_with(')'));
    is_sentence.then_some(AttachmentState::Missing)
}

fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn reaction_of(reaction: &Entry<'_>) -> Reaction {
    let sign =
        reaction.filled("emoji").or_else(|| reaction.id("document_id")).or_else(|| reaction.filled("type"));
    let people = match reaction.0.get("recent") {
        Some(Value::Array(recent)) => {
            recent.iter().filter_map(Value::as_object).map(|one| person_of(&Entry(one))).collect()
        }
        _ => Vec::new(),
    };
    let count = reaction.size("count").and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    Reaction { sign: sign.unwrap_or_default(), count, people, ..Reaction::default() }
}

fn person_of(one: &Entry<'_>) -> ReactionPerson {
    let seconds = one.number("date_unixtime");
    ReactionPerson {
        key: one.sender("from", "from_id").unwrap_or_default(),
        name: one.filled("from").unwrap_or_default(),
        utc_ms: seconds.and_then(|seconds| seconds.checked_mul(1000)),
        ..ReactionPerson::default()
    }
}

fn contact(card: &Entry<'_>) -> ContactCard {
    let part = |key| card.text(key).unwrap_or_default();
    let name = format!("{} {}", part("first_name"), part("last_name"));
    let name = name.trim();
    ContactCard {
        name: (!name.is_empty()).then(|| name.to_owned()),
        phone: card.filled("phone_number"),
        ..ContactCard::default()
    }
}

fn poll_of(poll: &Entry<'_>) -> Poll {
    let question = match poll.0.get("question") {
        // Newer exports write pieces.
        Some(value @ Value::Array(_)) => read_text(Some(value), None).0,
        _ => poll.filled("question").unwrap_or_default(),
    };
    let count = |entry: &Entry<'_>, key| entry.size(key).and_then(|count| u32::try_from(count).ok());
    let option = |answer: &Map<String, Value>| {
        let answer = Entry(answer);
        PollOption {
            text: read_text(answer.0.get("text"), None).0,
            votes: count(&answer, "voters"),
            is_chosen: answer.0.get("chosen").and_then(Value::as_bool).unwrap_or(false),
            ..PollOption::default()
        }
    };
    let options = match poll.0.get("answers") {
        Some(Value::Array(answers)) => answers.iter().filter_map(Value::as_object).map(option).collect(),
        _ => Vec::new(),
    };
    Poll {
        question,
        options,
        voters: count(poll, "total_voters"),
        is_closed: poll.0.get("closed").and_then(Value::as_bool).unwrap_or(false),
        ..Poll::default()
    }
}
