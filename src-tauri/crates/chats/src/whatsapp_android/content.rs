//! What a message is: files, places, cards, polls, calls.

use super::chat::Current;
use super::entry::Entry;
use super::java;
use super::message::{code, person};
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Call, ContactCard, Location, Message, MessageKind, Poll,
    PollOption,
};
use crate::tables::Row;
use crate::vcard;

/// How a call ended, as `call_result` numbers it; a call that lasted was answered, whatever the number says.
const MISSED: i64 = 2;
const DECLINED: &[i64] = &[3, 4];
const CONNECTED: i64 = 5;
/// `origin` of sound that was recorded in the app.
const RECORDED: i64 = 1;

/// Sets the kind and what only that kind has.
pub(super) fn fill(message: &mut Message, entry: &Entry, code: i64, chat: &Current<'_>) {
    let row = &entry.main;
    message.kind = match code {
        code::SYSTEM | code::TIMER | code::TEXT | code::DELETED | code::DELETED_BY_ADMIN => MessageKind::Text,
        code::LOCATION | code::LIVE_LOCATION => {
            add_caption(message, entry);
            MessageKind::Location(location(entry))
        }
        code::CONTACT | code::CONTACTS => {
            let card = contact(entry);
            if card.cards.contains(&message.text) {
                message.text.clear();
            }
            MessageKind::Contact(card)
        }
        code::POLL | code::POLL_2 => MessageKind::Poll(poll(entry, message, chat)),
        code::OLD_CALL => MessageKind::Call(old_call(entry)),
        code::MISSED_CALL => MessageKind::Call(missed_call(entry)),
        code::CALL => {
            let is_mine = row.int("from_me") == Some(1);
            MessageKind::Call(entry.one("call_log").map_or_else(Call::default, |call| call_of(call, is_mine)))
        }
        code::GROUP_INVITE => MessageKind::Unsupported("group_invite".to_owned()),
        code::EVENT => MessageKind::Unsupported("event".to_owned()),
        code::ALBUM => MessageKind::Unsupported("album".to_owned()),
        _ => {
            message.attachments = attachments(entry, code, message.is_view_once);
            add_caption(message, entry);
            kind_of_media(code, &message.attachments)
        }
    };
    if matches!(code, code::TEXT | code::DELETED) && entry.one("message_media").is_some() {
        // A file the number of the kind does not speak of is a file all the same.
        message.attachments = attachments(entry, code, message.is_view_once);
        message.kind = kind_of_media(code, &message.attachments);
    }
}

fn kind_of_media(code: i64, attachments: &[Attachment]) -> MessageKind {
    match attachments.first().map(|attachment| attachment.kind) {
        None if code == code::TEXT || code == code::DELETED => MessageKind::Text,
        None => MessageKind::Unsupported(format!("type_{code}")),
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

fn add_caption(message: &mut Message, entry: &Entry) {
    if message.text.is_empty() {
        let caption = entry.one("message_media").and_then(|row| row.text("media_caption"));
        message.text = caption.or_else(|| entry.main.text("media_caption")).unwrap_or_default();
    }
}

fn attachments(entry: &Entry, code: i64, is_view_once: bool) -> Vec<Attachment> {
    let row = &entry.main;
    let media = entry.one("message_media");
    let text = |column: &str, old: &str| media.and_then(|media| media.text(column)).or_else(|| row.text(old));
    let number = |column: &str, old: &str| {
        media.and_then(|media| media.positive(column)).or_else(|| row.positive(old))
    };
    let mime = text("mime_type", "media_mime_type");
    let path = media.and_then(|media| media.text("file_path")).or_else(|| old_path(row));
    let address = text("message_url", "media_url").or_else(|| text("direct_path", "media_url"));
    let is_media_code = matches!(
        code,
        code::IMAGE
            | code::AUDIO
            | code::VIDEO
            | code::DOCUMENT
            | code::GIF
            | code::STICKER
            | code::ONCE_IMAGE
            | code::ONCE_VIDEO
            | code::ONCE_AUDIO
    );
    if !is_media_code && mime.is_none() && path.is_none() {
        return Vec::new();
    }
    let last = path.as_ref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let kind = kind_of(code, mime.as_deref(), row.int("origin"), path.as_deref());
    let caption = (code == code::DOCUMENT).then(|| row.text("media_caption")).flatten();
    let is_loaded = media.is_some_and(|media| media.int("transferred") == Some(1));
    let state = match (&path, is_view_once) {
        // The reader of the files decides between here and missing.
        (Some(_), _) => AttachmentState::Present,
        (None, true) => AttachmentState::Omitted,
        (None, false) if address.is_some() && !is_loaded => AttachmentState::RemoteOnly,
        (None, false) => AttachmentState::Missing,
    };
    let pixels = |column| number(column, column).and_then(|pixels| u32::try_from(pixels).ok());
    vec![Attachment {
        kind,
        name: text("media_name", "media_name").or(last).or(caption),
        state,
        mime,
        size: number("file_size", "media_size").or_else(|| number("file_length", "media_size")),
        duration: number("media_duration", "media_duration").and_then(|seconds| seconds.checked_mul(1000)),
        width: pixels("width"),
        height: pixels("height"),
        path,
        ..Attachment::default()
    }]
}

fn old_path(row: &Row) -> Option<String> {
    row.bytes("thumb_image").and_then(java::file_path)
}

/// The type of content goes before the number of the kind, about which public readers disagree.
fn kind_of(code: i64, mime: Option<&str>, origin: Option<i64>, path: Option<&str>) -> AttachmentKind {
    let family = mime.and_then(|mime| mime.split('/').next()).unwrap_or_default();
    let is_recorded = origin == Some(RECORDED)
        || path.is_some_and(|path| path.contains("Voice Notes/") || path.contains("/PTT-"));
    match (code, family) {
        (code::DOCUMENT, _) => AttachmentKind::File,
        (code::STICKER, _) => AttachmentKind::Sticker,
        (code::GIF, "video" | "image" | "") => AttachmentKind::Gif,
        (code::ONCE_AUDIO, _) => AttachmentKind::Voice,
        (_, "audio") if is_recorded => AttachmentKind::Voice,
        (_, "audio") => AttachmentKind::Audio,
        (_, "image") => AttachmentKind::Photo,
        (_, "video") => AttachmentKind::Video,
        (code::IMAGE | code::ONCE_IMAGE, "") => AttachmentKind::Photo,
        (code::VIDEO | code::ONCE_VIDEO, "") => AttachmentKind::Video,
        (code::AUDIO, "") if is_recorded => AttachmentKind::Voice,
        (code::AUDIO, "") => AttachmentKind::Audio,
        _ => AttachmentKind::File,
    }
}

fn location(entry: &Entry) -> Location {
    let row = entry.one("message_location").unwrap_or(&entry.main);
    let degrees = |column, most: f64| row.real(column).filter(|degrees| degrees.abs() <= most);
    let is_here = row.real("latitude").is_some_and(|degrees| degrees != 0.0)
        || row.real("longitude").is_some_and(|degrees| degrees != 0.0);
    let old_live = entry.main.positive("media_duration");
    Location {
        latitude: degrees("latitude", 90.0).filter(|_| is_here),
        longitude: degrees("longitude", 180.0).filter(|_| is_here),
        name: row.text("place_name").or_else(|| entry.main.text("media_name")),
        address: row.text("place_address"),
        url: row.text("url").or_else(|| entry.main.text("media_url")),
        live: row.positive("live_location_share_duration").or(old_live),
        ..Location::default()
    }
}

fn contact(entry: &Entry) -> ContactCard {
    let mut cards: Vec<String> = ["message_vcard", "messages_vcards"]
        .iter()
        .flat_map(|table| entry.all(table).filter_map(|row| row.text("vcard")))
        .collect();
    let is_card = |text: &String| text.trim_start().starts_with("BEGIN:VCARD");
    let main = ["text_data", "data"].iter().find_map(|column| entry.main.text(column).filter(is_card));
    if let Some(card) = main.filter(|card| !cards.contains(card)) {
        cards.insert(0, card);
    }
    let line = |names: &[&str]| cards.first().and_then(|card| vcard::line(card, names));
    ContactCard {
        name: line(&["FN", "N"]).or_else(|| entry.main.text("media_name")),
        phone: line(&["TEL"]),
        cards,
        ..ContactCard::default()
    }
}

fn poll(entry: &Entry, message: &mut Message, chat: &Current<'_>) -> Poll {
    let rows: Vec<&Row> = entry.all("message_poll_option").collect();
    let mut options: Vec<PollOption> = rows
        .iter()
        .map(|row| PollOption {
            text: row.text("option_name").unwrap_or_default(),
            votes: row.int("vote_total").and_then(|votes| u32::try_from(votes).ok()),
            ..PollOption::default()
        })
        .collect();
    let mut voters: u32 = 0;
    for add_on in &entry.add_ons {
        let chosen =
            add_on.rows.iter().filter(|row| row.table() == "message_add_on_poll_vote_selected_option");
        let chosen = chosen.filter_map(|row| row.int("message_poll_option_id"));
        let person = person(&add_on.row, None, chat);
        let mut is_any = false;
        for id in chosen {
            let place = rows.iter().position(|row| row.int("_id") == Some(id));
            if let Some(option) = place.and_then(|place| options.get_mut(place)) {
                option.is_chosen |= person.key == super::people::ME;
                option.people.push(person.clone());
                is_any = true;
            }
        }
        voters += u32::from(is_any);
    }
    let head = entry.one("message_poll");
    Poll {
        question: std::mem::take(&mut message.text),
        options,
        voters: (voters > 0).then_some(voters),
        is_closed: head.is_some_and(|row| row.positive("end_time").is_some()),
        ..Poll::default()
    }
}

/// A row of the log of calls.
pub(super) fn call_of(row: &Row, is_mine: bool) -> Call {
    let duration = row.positive("duration");
    let result = row.int("call_result");
    let outcome = match result {
        _ if duration.is_some() => "connected".to_owned(),
        Some(CONNECTED) => "connected".to_owned(),
        Some(MISSED) => "missed".to_owned(),
        Some(result) if DECLINED.contains(&result) => "declined".to_owned(),
        Some(result) => format!("result_{result}"),
        None => String::new(),
    };
    Call {
        is_video: row.int("video_call") == Some(1),
        is_missed: !is_mine && duration.is_none() && result != Some(CONNECTED),
        duration,
        is_group: row.positive("group_jid_row_id").is_some(),
        outcome: (!outcome.is_empty()).then_some(outcome),
        ..Call::default()
    }
}

fn missed_call(entry: &Entry) -> Call {
    let row = entry.one("missed_call_logs");
    Call {
        is_video: row.is_some_and(|row| row.int("video_call") == Some(1)),
        is_missed: true,
        is_group: row.is_some_and(|row| row.positive("group_jid_row_id").is_some()),
        ..Call::default()
    }
}

fn old_call(entry: &Entry) -> Call {
    let row = &entry.main;
    let duration = row.positive("media_duration");
    Call {
        is_video: row.text("media_caption").as_deref() == Some("video"),
        is_missed: duration.is_none() && row.int("key_from_me") != Some(1),
        duration,
        ..Call::default()
    }
}
