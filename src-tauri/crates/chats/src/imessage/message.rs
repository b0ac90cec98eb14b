//! An entry as a message.

use super::body;
use super::chat::{Current, ME};
use super::entry::Entry;
use super::index::{plain_guid, utc_ms};
use super::system;
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Deletion, Direction, Message, MessageId, MessageKind,
    Reaction, ReactionPerson, Receipt, Reply, Timestamp,
};
use crate::tables::Row;

/// The bundle of a page somebody linked to: the link stands in the text.
const LINK: &str = "com.apple.messages.URLBalloonProvider";
/// Stands between the parts of an app's bundle; the last one is its own.
const BUNDLE: char = ':';

/// The message; its position is the caller's.
pub(super) fn read(entry: &Entry, chat: &Current<'_>) -> Message {
    let row = &entry.main;
    let is_mine = row.int("is_from_me") == Some(1);
    let body = body::read(row);
    let changes = body::changes(row);
    let mut message = Message {
        native_id: row.text("guid").or_else(|| row.int("rowid").map(|row| format!("row:{row}"))),
        sender: sender(row, is_mine, chat),
        direction: if is_mine { Direction::Out } else { Direction::In },
        time: time(row.int("date")),
        text: with_subject(row.text("subject"), body.text),
        entities: if row.text("subject").is_some() { Vec::new() } else { body.entities },
        attachments: entry.attachments.iter().map(|file| attachment(file, row)).collect(),
        reply_to: reply(row, chat),
        reactions: reactions(entry, chat),
        edits: changes.edits,
        deleted: entry.is_deleted.then_some(Deletion::ByMe),
        receipts: receipts(row, is_mine, chat),
        raw: entry.raw(),
        ..Message::default()
    };
    if changes.is_taken_back && message.text.is_empty() {
        message.deleted = Some(if is_mine { Deletion::ByMe } else { Deletion::BySender });
    }
    message.kind = kind(row, &message, body.is_unreadable);
    system::fill(&mut message, row, chat);
    if message.is_system() {
        message.direction = Direction::None;
    }
    message
}

fn with_subject(subject: Option<String>, text: String) -> String {
    match subject {
        Some(subject) if text.is_empty() => subject,
        Some(subject) => format!("{subject}\n{text}"),
        None => text,
    }
}

fn kind(row: &Row, message: &Message, is_unreadable: bool) -> MessageKind {
    if is_unreadable {
        return MessageKind::Unsupported("attributed_body".to_owned());
    }
    let associated = row.int("associated_message_type").unwrap_or(0);
    match associated {
        2000..4000 => return MessageKind::Unsupported("tapback".to_owned()),
        4000.. => return MessageKind::Unsupported(format!("associated_{associated}")),
        _ => {}
    }
    match row.text("balloon_bundle_id") {
        Some(bundle) if bundle != LINK => {
            let app = bundle.rsplit(BUNDLE).next().unwrap_or(&bundle);
            return MessageKind::Unsupported(format!("app_{app}"));
        }
        _ => {}
    }
    match message.attachments.first().map(|file| file.kind) {
        None => MessageKind::Text,
        Some(AttachmentKind::Sticker) => MessageKind::Sticker,
        Some(AttachmentKind::Voice) => MessageKind::Voice,
        Some(
            AttachmentKind::File
            | AttachmentKind::Photo
            | AttachmentKind::Video
            | AttachmentKind::VideoMessage
            | AttachmentKind::Audio
            | AttachmentKind::Gif
            | AttachmentKind::Contact,
        ) => MessageKind::Media,
    }
}

pub(super) fn sender(row: &Row, is_mine: bool, chat: &Current<'_>) -> Option<String> {
    if is_mine {
        return Some(ME.to_owned());
    }
    let named = row.int("handle_id").and_then(|handle| chat.index.handle(handle));
    named.map(|key| key.to_string()).or_else(|| chat.is_direct().then(|| chat.key.to_string()))
}

fn time(date: Option<i64>) -> Option<Timestamp> {
    let utc_ms = utc_ms(date)?;
    Some(Timestamp { utc_ms, zone_known: true, ..Timestamp::default() })
}

/// The message that began the thread, or the one a reaction or a sticker was put on.
fn reply(row: &Row, chat: &Current<'_>) -> Option<Reply> {
    let guid = row.text("thread_originator_guid").or_else(|| row.text("associated_message_guid"))?;
    let guid = plain_guid(&guid).to_owned();
    Some(Reply {
        message: Some(MessageId::derive(chat.conversation.id, &guid)),
        native_id: Some(guid),
        ..Reply::default()
    })
}

/// Reactions as they stand now: everybody has one for each part, and the latest counts.
fn reactions(entry: &Entry, chat: &Current<'_>) -> Vec<Reaction> {
    let mut made: Vec<(String, String, String, Option<i64>)> = Vec::new();
    for row in &entry.tapbacks {
        let who = sender(row, row.int("is_from_me") == Some(1), chat).unwrap_or_default();
        let part = row.text("associated_message_guid").unwrap_or_default();
        made.retain(|(of, on, ..)| (of, on) != (&who, &part));
        let kind = row.int("associated_message_type").unwrap_or(0);
        if let (2000..3000, Some(sign)) = (kind, sign(row, kind)) {
            made.push((who, part, sign, utc_ms(row.int("date"))));
        }
    }
    let mut reactions: Vec<Reaction> = Vec::new();
    for (who, _, sign, utc_ms) in made {
        let name = if who == ME { String::new() } else { who.clone() };
        let person = ReactionPerson { name, key: who, utc_ms, ..ReactionPerson::default() };
        match reactions.iter_mut().find(|reaction| reaction.sign == sign) {
            Some(reaction) => {
                reaction.count += 1;
                reaction.people.push(person);
            }
            None => reactions.push(Reaction { sign, count: 1, people: vec![person], ..Reaction::default() }),
        }
    }
    reactions
}

fn sign(row: &Row, kind: i64) -> Option<String> {
    let sign = match kind {
        2000 => "❤️",
        2001 => "👍",
        2002 => "👎",
        2003 => "😂",
        2004 => "‼️",
        2005 => "❓",
        2007 => "sticker",
        _ => return row.text("associated_message_emoji").or_else(|| Some(format!("tapback_{kind}"))),
    };
    Some(sign.to_owned())
}

/// In a chat of two it is the other who got and read what the person sent.
fn receipts(row: &Row, is_mine: bool, chat: &Current<'_>) -> Vec<Receipt> {
    if !is_mine || !chat.is_direct() {
        return Vec::new();
    }
    let at = |column: &str| utc_ms(row.int(column));
    let receipt = Receipt {
        key: chat.key.to_string(),
        delivered: at("date_delivered"),
        read: at("date_read"),
        played: at("date_played"),
        ..Receipt::default()
    };
    let is_any = receipt.delivered.or(receipt.read).or(receipt.played).is_some();
    is_any.then_some(receipt).into_iter().collect()
}

fn attachment(file: &Row, message: &Row) -> Attachment {
    let path = file.text("filename");
    let mime = file.text("mime_type");
    let last = path.as_ref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    Attachment {
        kind: attachment_kind(file, message, mime.as_deref()),
        name: file.text("transfer_name").or(last),
        // The reader of the files decides between here and missing.
        state: if path.is_some() { AttachmentState::Present } else { AttachmentState::Missing },
        mime,
        size: file.positive("total_bytes"),
        path,
        ..Attachment::default()
    }
}

fn attachment_kind(file: &Row, message: &Row, mime: Option<&str>) -> AttachmentKind {
    let family = mime.and_then(|mime| mime.split('/').next()).unwrap_or_default();
    match (family, mime) {
        _ if file.int("is_sticker") == Some(1) => AttachmentKind::Sticker,
        ("audio", _) if message.int("is_audio_message") == Some(1) => AttachmentKind::Voice,
        ("audio", _) => AttachmentKind::Audio,
        (_, Some("image/gif")) => AttachmentKind::Gif,
        ("image", _) => AttachmentKind::Photo,
        ("video", _) => AttachmentKind::Video,
        (_, Some("text/vcard" | "text/x-vcard")) => AttachmentKind::Contact,
        _ => AttachmentKind::File,
    }
}
