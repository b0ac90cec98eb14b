//! A message of a download.

use serde_json::{Map, Value};

use super::thread::time_of;
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Call, Deletion, LinkPreview, Message, MessageKind,
    Precision, Reaction, ReactionPerson, SystemEvent, Timestamp,
};

/// Lists of files in a download, with what they are.
const FILES: &[(&str, AttachmentKind)] = &[
    ("photos", AttachmentKind::Photo),
    ("videos", AttachmentKind::Video),
    ("audio_files", AttachmentKind::Audio),
    ("gifs", AttachmentKind::Gif),
    ("files", AttachmentKind::File),
];

/// Reads a message; ids, direction and bytes are the caller's.
pub(super) fn read(parsed: &Map<String, Value>) -> Message {
    let entry = Entry(parsed);
    let attachments = entry.attachments();
    let mut message = Message {
        sender: entry.text("sender_name").or_else(|| entry.text("senderName")),
        time: time_of(parsed).map(timestamp),
        text: entry.text("content").or_else(|| entry.text("text")).unwrap_or_default(),
        reactions: entry.reactions(),
        link: entry.link(),
        ..Message::default()
    };
    message.kind = entry.kind(&message, &attachments);
    message.attachments = attachments;
    if entry.is("is_unsent") || entry.is("isUnsent") {
        message.deleted = Some(Deletion::BySender);
    }
    message
}

fn timestamp(utc_ms: i64) -> Timestamp {
    Timestamp {
        utc_ms,
        precision: Precision::Ms,
        zone_known: true,
        text: utc_ms.to_string(),
        ..Timestamp::default()
    }
}

struct Entry<'a>(&'a Map<String, Value>);

impl Entry<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn is(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    fn list(&self, key: &str) -> &[Value] {
        self.0.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn kind(&self, message: &Message, attachments: &[Attachment]) -> MessageKind {
        let word = self.text("type").unwrap_or_default();
        let duration = self.0.get("call_duration").and_then(Value::as_u64);
        if word == "Call" || duration.is_some() {
            return MessageKind::Call(Call {
                is_video: message.text.contains("video"),
                is_missed: self.is("missed") || duration == Some(0),
                duration,
                ..Call::default()
            });
        }
        match word.as_str() {
            "Subscribe" | "Unsubscribe" => {
                let event = if word == "Subscribe" { "join" } else { "leave" };
                return MessageKind::System(SystemEvent {
                    event: event.to_owned(),
                    ..SystemEvent::default()
                });
            }
            "Generic" | "Share" | "" | "text" | "media" | "link" => {}
            _ if message.text.is_empty() && attachments.is_empty() => {
                return MessageKind::Unsupported(word.chars().take(40).collect());
            }
            _ => {}
        }
        match attachments.first().map(|file| file.kind) {
            None => MessageKind::Text,
            Some(AttachmentKind::Sticker) => MessageKind::Sticker,
            Some(
                AttachmentKind::File
                | AttachmentKind::Photo
                | AttachmentKind::Video
                | AttachmentKind::VideoMessage
                | AttachmentKind::Voice
                | AttachmentKind::Audio
                | AttachmentKind::Gif
                | AttachmentKind::Contact,
            ) => MessageKind::Media,
        }
    }

    fn attachments(&self) -> Vec<Attachment> {
        let mut found = Vec::new();
        for (key, kind) in FILES {
            found.extend(self.list(key).iter().filter_map(|file| attachment(file, Some(*kind))));
        }
        found.extend(self.0.get("sticker").and_then(|file| attachment(file, Some(AttachmentKind::Sticker))));
        found.extend(self.list("media").iter().filter_map(|file| attachment(file, None)));
        found
    }

    fn reactions(&self) -> Vec<Reaction> {
        let mut found: Vec<Reaction> = Vec::new();
        for one in self.list("reactions") {
            let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let seconds = one.get("timestamp").and_then(Value::as_i64);
            let person = ReactionPerson {
                key: text("actor"),
                name: text("actor"),
                utc_ms: seconds.and_then(|seconds| seconds.checked_mul(1000)),
                ..ReactionPerson::default()
            };
            let sign = text("reaction");
            match found.iter_mut().find(|reaction| reaction.sign == sign) {
                Some(reaction) => {
                    reaction.count += 1;
                    reaction.people.push(person);
                }
                None => found.push(Reaction { sign, count: 1, people: vec![person], ..Reaction::default() }),
            }
        }
        found
    }

    fn link(&self) -> Option<LinkPreview> {
        let share = self.0.get("share")?;
        let text = |key: &str| share.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let link = LinkPreview {
            url: text("link").map(str::to_owned),
            title: text("original_content_owner").map(str::to_owned),
            description: text("share_text").map(str::to_owned),
            ..LinkPreview::default()
        };
        (link.url.is_some() || link.description.is_some()).then_some(link)
    }
}

/// A file the message names; where it lies is looked up later.
fn attachment(file: &Value, kind: Option<AttachmentKind>) -> Option<Attachment> {
    let uri = file.get("uri")?.as_str()?;
    let name = uri.rsplit('/').next().filter(|name| !name.is_empty());
    let is_web = uri.contains("://");
    Some(Attachment {
        kind: kind.unwrap_or_else(|| kind_by_name(name.unwrap_or_default())),
        name: name.filter(|_| !is_web).map(str::to_owned),
        state: if is_web { AttachmentState::RemoteOnly } else { AttachmentState::Missing },
        path: Some(uri.to_owned()),
        ..Attachment::default()
    })
}

fn kind_by_name(name: &str) -> AttachmentKind {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "webp" | "heic" => AttachmentKind::Photo,
        "gif" => AttachmentKind::Gif,
        "mp4" | "mov" | "webm" => AttachmentKind::Video,
        "mp3" | "m4a" | "aac" | "ogg" | "opus" | "wav" => AttachmentKind::Audio,
        _ => AttachmentKind::File,
    }
}
