//! An entry of either schema as a message. What is in a column of `messages` is in a table of its own beside `message`.

use super::chat::Current;
use super::entry::Entry;
use super::people::ME;
use super::{content, system};
use crate::model::{
    Deletion, Direction, Edit, Entity, Forwarded, LinkPreview, Message, MessageId, MessageKind, Reaction,
    ReactionPerson, Receipt, Reply, Timestamp,
};
use crate::tables::Row;

/// Kinds of message, as WhatsApp numbers them.
pub(super) mod code {
    pub(in super::super) const TEXT: i64 = 0;
    pub(in super::super) const IMAGE: i64 = 1;
    pub(in super::super) const AUDIO: i64 = 2;
    pub(in super::super) const VIDEO: i64 = 3;
    pub(in super::super) const CONTACT: i64 = 4;
    pub(in super::super) const LOCATION: i64 = 5;
    pub(in super::super) const SYSTEM: i64 = 7;
    pub(in super::super) const OLD_CALL: i64 = 8;
    pub(in super::super) const DOCUMENT: i64 = 9;
    pub(in super::super) const MISSED_CALL: i64 = 10;
    pub(in super::super) const GIF: i64 = 13;
    pub(in super::super) const CONTACTS: i64 = 14;
    pub(in super::super) const DELETED: i64 = 15;
    pub(in super::super) const LIVE_LOCATION: i64 = 16;
    pub(in super::super) const STICKER: i64 = 20;
    pub(in super::super) const GROUP_INVITE: i64 = 24;
    pub(in super::super) const TIMER: i64 = 36;
    pub(in super::super) const ONCE_IMAGE: i64 = 42;
    pub(in super::super) const ONCE_VIDEO: i64 = 43;
    pub(in super::super) const DELETED_BY_ADMIN: i64 = 64;
    pub(in super::super) const POLL: i64 = 66;
    pub(in super::super) const ONCE_AUDIO: i64 = 82;
    pub(in super::super) const CALL: i64 = 90;
    pub(in super::super) const EVENT: i64 = 92;
    pub(in super::super) const ALBUM: i64 = 99;
    pub(in super::super) const POLL_2: i64 = 106;
}

/// `status` of a system message where it has no kind of its own.
const OLD_SYSTEM_STATUS: i64 = 6;
/// The bit of `origination_flags` that says "forwarded".
const IS_FORWARDED: i64 = 1;

/// The message; ids and position are the caller's.
pub(super) fn read(entry: &Entry, chat: &Current<'_>) -> Message {
    let row = &entry.main;
    if row.table() == "call_log" {
        return call(entry, chat);
    }
    let code = code_of(entry);
    let is_mine = row.int("from_me").or_else(|| row.int("key_from_me")) == Some(1);
    let mut message = Message {
        native_id: native_id(entry),
        sender: sender(row, is_mine, chat),
        direction: if is_mine { Direction::Out } else { Direction::In },
        time: time(row.int("timestamp")),
        text: row.text("text_data").or_else(|| row.text("data")).unwrap_or_default(),
        reply_to: reply(entry, chat),
        forwarded: forwarded(entry),
        reactions: reactions(entry, chat),
        edits: edits(entry),
        deleted: deletion(entry, code, is_mine),
        is_starred: row.int("starred") == Some(1),
        is_view_once: matches!(code, code::ONCE_IMAGE | code::ONCE_VIDEO | code::ONCE_AUDIO)
            || entry.one("message_view_once_media").is_some(),
        disappears: entry.one("message_ephemeral").and_then(|row| row.positive("duration")),
        receipts: receipts(entry, is_mine, chat),
        link: link(entry, code),
        raw: entry.raw(),
        ..Message::default()
    };
    content::fill(&mut message, entry, code, chat);
    message.entities = mentions(entry, &message.text, chat);
    if code == code::SYSTEM || code == code::TIMER {
        system::fill(&mut message, entry, chat);
    }
    if message.is_system() {
        message.direction = Direction::None;
    }
    message
}

/// A call no message stands for.
fn call(entry: &Entry, chat: &Current<'_>) -> Message {
    let row = &entry.main;
    let is_mine = row.int("from_me") == Some(1);
    let caller = row.int("jid_row_id").and_then(|jid| chat.people.key(jid)).map(|key| key.to_string());
    Message {
        native_id: row.text("call_id").or_else(|| Some(format!("call_log:{}", row.int("_id").unwrap_or(0)))),
        sender: if is_mine { Some(ME.to_owned()) } else { caller },
        time: time(row.int("timestamp")),
        kind: MessageKind::Call(content::call_of(row, is_mine)),
        raw: entry.raw(),
        ..Message::default()
    }
}

/// The kind, with the system messages of the old schema told from texts.
fn code_of(entry: &Entry) -> i64 {
    let row = &entry.main;
    let code = row.int("message_type").or_else(|| row.int("media_wa_type")).unwrap_or(code::TEXT);
    let is_old_system =
        code == code::TEXT && row.table() == "messages" && row.int("status") == Some(OLD_SYSTEM_STATUS);
    if entry.one("message_system").is_some() || is_old_system { code::SYSTEM } else { code }
}

/// An edit and a deletion give a message another id; the first one stays ours, so that both are seen as changes.
fn native_id(entry: &Entry) -> Option<String> {
    let original = entry.one("message_edit_info").and_then(|row| row.text("original_key_id"));
    let revoked = entry.one("message_revoked").and_then(|row| row.text("revoked_key_id"));
    revoked.or(original).or_else(|| entry.main.text("key_id"))
}

fn sender(row: &Row, is_mine: bool, chat: &Current<'_>) -> Option<String> {
    if is_mine {
        return Some(ME.to_owned());
    }
    named_sender(row, chat).or_else(|| chat.is_direct().then(|| chat.key.to_string()))
}

/// Whom the row itself names.
pub(super) fn named_sender(row: &Row, chat: &Current<'_>) -> Option<String> {
    let named = row.int("sender_jid_row_id").filter(|jid| *jid > 0).and_then(|jid| chat.people.key(jid));
    let named = named.or_else(|| row.text("remote_resource").map(|jid| chat.people.key_of(&jid)));
    named.map(|key| key.to_string())
}

/// Milliseconds since 1970 UTC; 0 and less are "not known".
pub(super) fn time(utc_ms: Option<i64>) -> Option<Timestamp> {
    let utc_ms = utc_ms.filter(|time| *time > 0)?;
    Some(Timestamp { utc_ms, zone_known: true, ..Timestamp::default() })
}

fn reply(entry: &Entry, chat: &Current<'_>) -> Option<Reply> {
    if let Some(row) = entry.one("message_quoted") {
        let other =
            row.int("chat_row_id").and_then(|row| chat.index.key_of_row(row)).filter(|key| **key != chat.key);
        let caption = entry.one("message_quoted_media").and_then(|row| row.text("media_caption"));
        let is_mine = row.int("from_me") == Some(1);
        let sender = row.int("sender_jid_row_id").filter(|jid| *jid > 0).and_then(|jid| chat.people.key(jid));
        let sender = sender.or_else(|| chat.is_direct().then(|| chat.key.clone())).map(|key| key.to_string());
        return Some(replying(
            chat,
            row.text("key_id"),
            if is_mine { Some(ME.to_owned()) } else { sender },
            row.text("text_data").or(caption),
            other.map(|key| key.to_string()),
        ));
    }
    let row = entry.one("messages_quotes")?;
    let is_mine = row.int("key_from_me") == Some(1);
    let sender = row.text("remote_resource").or_else(|| row.text("key_remote_jid"));
    let sender = sender.map(|jid| chat.people.key_of(&jid).to_string());
    let other = row.text("key_remote_jid").map(|jid| chat.people.key_of(&jid)).filter(|key| *key != chat.key);
    Some(replying(
        chat,
        row.text("key_id"),
        if is_mine { Some(ME.to_owned()) } else { sender },
        row.text("data").or_else(|| row.text("media_caption")),
        other.map(|key| key.to_string()),
    ))
}

fn replying(
    chat: &Current<'_>,
    native_id: Option<String>,
    sender: Option<String>,
    text: Option<String>,
    conversation: Option<String>,
) -> Reply {
    let here = native_id.as_ref().filter(|_| conversation.is_none());
    Reply {
        message: here.map(|id| MessageId::derive(chat.conversation.id, id)),
        native_id,
        sender,
        text: text.unwrap_or_default(),
        conversation,
        ..Reply::default()
    }
}

fn forwarded(entry: &Entry) -> Option<Forwarded> {
    let score = entry.one("message_forwarded").map(|row| row.positive("forward_score"));
    let is_marked = entry.main.int("origination_flags").is_some_and(|flags| flags & IS_FORWARDED != 0);
    let old = entry.main.positive("forwarded");
    if score.is_none() && !is_marked && old.is_none() {
        return None;
    }
    let times = score.flatten().or(old).and_then(|times| u32::try_from(times).ok());
    Some(Forwarded { times, ..Forwarded::default() })
}

fn reactions(entry: &Entry, chat: &Current<'_>) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for add_on in &entry.add_ons {
        for row in add_on.rows.iter().filter(|row| row.table() == "message_add_on_reaction") {
            // An empty sign is a reaction that was taken back.
            let Some(sign) = row.text("reaction") else { continue };
            let person = person(&add_on.row, row.positive("sender_timestamp"), chat);
            match reactions.iter_mut().find(|reaction| reaction.sign == sign) {
                Some(reaction) => {
                    reaction.count += 1;
                    reaction.people.push(person);
                }
                None => {
                    reactions.push(Reaction { sign, count: 1, people: vec![person], ..Reaction::default() })
                }
            }
        }
    }
    reactions
}

/// Who added something to a message.
pub(super) fn person(add_on: &Row, at: Option<u64>, chat: &Current<'_>) -> ReactionPerson {
    let is_mine = add_on.int("from_me") == Some(1);
    let key = sender(add_on, is_mine, chat).unwrap_or_default();
    let at = at.or_else(|| add_on.positive("timestamp")).and_then(|at| i64::try_from(at).ok());
    ReactionPerson { name: chat.people.name(&key), key, utc_ms: at, ..ReactionPerson::default() }
}

/// WhatsApp keeps the last wording only.
fn edits(entry: &Entry) -> Vec<Edit> {
    let edit = |row: &Row| {
        let at = row.positive("edited_timestamp").or_else(|| row.positive("sender_timestamp"));
        Edit { utc_ms: at.and_then(|at| i64::try_from(at).ok()), ..Edit::default() }
    };
    entry.all("message_edit_info").map(edit).collect()
}

fn deletion(entry: &Entry, code: i64, is_mine: bool) -> Option<Deletion> {
    let revoked = entry.one("message_revoked");
    let is_by_admin = revoked.is_some_and(|row| row.positive("admin_jid_row_id").is_some());
    match code {
        code::DELETED_BY_ADMIN => Some(Deletion::ByAdmin),
        _ if is_by_admin => Some(Deletion::ByAdmin),
        code::DELETED => Some(if is_mine { Deletion::ByMe } else { Deletion::BySender }),
        _ => revoked.map(|_| Deletion::BySender),
    }
}

fn receipts(entry: &Entry, is_mine: bool, chat: &Current<'_>) -> Vec<Receipt> {
    let at = |row: &Row, column: &str| row.positive(column).and_then(|at| i64::try_from(at).ok());
    let mut receipts: Vec<Receipt> = entry
        .receipts
        .iter()
        .filter_map(|row| {
            Some(Receipt {
                key: row.int("receipt_user_jid_row_id").and_then(|jid| chat.people.key(jid))?.to_string(),
                delivered: at(row, "receipt_timestamp"),
                read: at(row, "read_timestamp"),
                played: at(row, "played_timestamp"),
                ..Receipt::default()
            })
        })
        .collect();
    if receipts.is_empty() && is_mine && chat.is_old && chat.is_direct() {
        let row = &entry.main;
        let receipt = Receipt {
            key: chat.key.to_string(),
            delivered: at(row, "receipt_device_timestamp"),
            read: at(row, "read_device_timestamp"),
            played: at(row, "played_device_timestamp"),
            ..Receipt::default()
        };
        let is_any = receipt.delivered.or(receipt.read).or(receipt.played).is_some();
        receipts.extend(is_any.then_some(receipt));
    }
    receipts.retain(|receipt| receipt.delivered.or(receipt.read).or(receipt.played).is_some());
    receipts.sort_by(|one, other| one.key.cmp(&other.key));
    receipts
}

fn link(entry: &Entry, code: i64) -> Option<LinkPreview> {
    let (url, title, description) = match entry.one("message_text") {
        Some(row) => (row.text("url"), row.text("page_title"), row.text("description")),
        // In the old schema a text with a link keeps the page in the columns of media.
        None if code == code::TEXT => (None, entry.main.text("media_caption"), entry.main.text("media_name")),
        None => return None,
    };
    let is_any = url.is_some() || title.is_some() || description.is_some();
    is_any.then(|| LinkPreview { url, title, description, ..LinkPreview::default() })
}

/// A mention stands in the text as `@` and the number or hidden identifier.
fn mentions(entry: &Entry, text: &str, chat: &Current<'_>) -> Vec<Entity> {
    let mut entities = Vec::new();
    for row in entry.all("message_mentions") {
        let Some(jid) = row.int("jid_row_id") else { continue };
        let Some(key) = chat.people.key(jid) else { continue };
        let written = chat.people.written(jid).unwrap_or_else(|| key.to_string());
        let sign = format!("@{}", written.split('@').next().unwrap_or_default());
        let Some(at) = text.find(&sign).filter(|_| sign.len() > 1) else { continue };
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        entities.push(Entity {
            start: units(text.get(..at).unwrap_or_default()),
            length: units(&sign),
            kind: "mention".to_owned(),
            value: Some(key.to_string()),
            ..Entity::default()
        });
    }
    entities.sort_by_key(|entity| entity.start);
    entities.dedup();
    entities
}
