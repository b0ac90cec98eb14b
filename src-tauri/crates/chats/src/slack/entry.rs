//! A message of a day.

use serde_json::{Map, Value};

use super::names::{Book, text};
use super::text;
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Deletion, Edit, Message, MessageKind, Precision, Reaction,
    ReactionPerson, Reply, SystemEvent, Timestamp,
};

/// Kinds of messages that people or programs wrote.
const WRITTEN: &[&str] = &[
    "",
    "bot_message",
    "me_message",
    "file_share",
    "thread_broadcast",
    "file_comment",
    "reply_broadcast",
    "assistant_app_thread",
];

/// Reads a message; ids and direction are the caller's.
pub(super) fn read(parsed: &Map<String, Value>, book: &Book) -> Message {
    let word = text(parsed, "subtype").unwrap_or_default();
    let (shown, entities) = text::read(&text(parsed, "text").unwrap_or_default(), book);
    let mut message = Message {
        native_id: text(parsed, "ts"),
        sender: sender(parsed),
        time: text(parsed, "ts").and_then(|ts| timestamp(&ts)),
        text: shown,
        entities,
        attachments: objects(parsed, "files").map(file).collect(),
        reactions: objects(parsed, "reactions").map(|one| reaction(one, book)).collect(),
        edits: parsed.get("edited").and_then(Value::as_object).map(edit).into_iter().collect(),
        reply_to: reply(parsed),
        ..Message::default()
    };
    if message.text.is_empty() {
        message.text = beside(parsed, book);
    }
    if word == "tombstone" {
        message.deleted = Some(Deletion::Unknown);
    }
    message.kind = match word.as_str() {
        "tombstone" => MessageKind::Text,
        word if !WRITTEN.contains(&word) => {
            MessageKind::System(SystemEvent { event: word.to_owned(), ..SystemEvent::default() })
        }
        _ if !message.attachments.is_empty() => MessageKind::Media,
        _ => MessageKind::Text,
    };
    message
}

fn sender(parsed: &Map<String, Value>) -> Option<String> {
    text(parsed, "user").or_else(|| text(parsed, "bot_id")).or_else(|| text(parsed, "username"))
}

/// `1512085950.000216`: seconds and millionths since 1970.
fn timestamp(ts: &str) -> Option<Timestamp> {
    let (seconds, millionths) = ts.split_once('.').unwrap_or((ts, "0"));
    let millis: i64 = format!("{millionths:0<3}").get(..3)?.parse().ok()?;
    let utc_ms = seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis)?;
    Some(Timestamp {
        utc_ms,
        precision: Precision::Us,
        zone_known: true,
        text: ts.to_owned(),
        ..Timestamp::default()
    })
}

fn objects<'a>(parsed: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    parsed.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// An answer in a thread names the message the thread began with.
fn reply(parsed: &Map<String, Value>) -> Option<Reply> {
    let thread = text(parsed, "thread_ts").filter(|thread| Some(thread) != text(parsed, "ts").as_ref())?;
    Some(Reply { native_id: Some(thread), ..Reply::default() })
}

fn edit(edited: &Map<String, Value>) -> Edit {
    let time = text(edited, "ts").and_then(|ts| timestamp(&ts));
    Edit { utc_ms: time.map(|time| time.utc_ms), ..Edit::default() }
}

fn reaction(one: &Map<String, Value>, book: &Book) -> Reaction {
    let people: Vec<ReactionPerson> = one
        .get("users")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|id| ReactionPerson { key: id.to_owned(), name: book.name(id), ..ReactionPerson::default() })
        .collect();
    let count = one.get("count").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    Reaction {
        sign: text(one, "name").map(|name| format!(":{name}:")).unwrap_or_default(),
        count: count.unwrap_or_else(|| u32::try_from(people.len()).unwrap_or(0)),
        people,
        ..Reaction::default()
    }
}

/// What programs write instead of a text.
fn beside(parsed: &Map<String, Value>, book: &Book) -> String {
    let lines = objects(parsed, "attachments").flat_map(|one| {
        let all = ["pretext", "title", "text", "fallback"].map(|key| text(one, key));
        let [pretext, title, shown, fallback] = all;
        let shown = shown.or(fallback);
        [pretext, title, shown].into_iter().flatten().collect::<Vec<_>>()
    });
    let lines: Vec<String> = lines.map(|line| text::read(&line, book).0).collect();
    lines.join("\n")
}

/// A file is on Slack's servers; some tools put it beside the messages, where it is looked for later.
fn file(about: &Map<String, Value>) -> Attachment {
    let mime = text(about, "mimetype");
    let kind = match mime.as_deref().and_then(|mime| mime.split('/').next()) {
        Some("image") => AttachmentKind::Photo,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        _ => AttachmentKind::File,
    };
    let pixels = |key: &str| about.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    // `tombstone` and `hidden_by_limit`: Slack itself does not have it, or does not give it.
    let mode = text(about, "mode").unwrap_or_default();
    let is_gone = matches!(mode.as_str(), "tombstone" | "hidden_by_limit");
    Attachment {
        kind,
        name: text(about, "name").or_else(|| text(about, "title")),
        state: if is_gone { AttachmentState::Omitted } else { AttachmentState::RemoteOnly },
        mime,
        size: about.get("size").and_then(Value::as_u64),
        width: pixels("original_w"),
        height: pixels("original_h"),
        path: text(about, "id"),
        ..Attachment::default()
    }
}
