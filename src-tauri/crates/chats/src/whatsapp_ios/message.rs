//! An entry as a message.

use super::chat::Current;
use super::entry::Entry;
use super::{content, poll, system};
use crate::model::{
    Deletion, Direction, Entity, Forwarded, LinkPreview, Message, MessageId, MessageKind, Reaction,
    ReactionPerson, Reply, Timestamp,
};
use crate::protobuf::Fields;
use crate::tables::Row;
use crate::whatsapp_address::ME;

/// Kinds of message, as WhatsApp numbers them on Apple's devices.
pub(super) mod code {
    pub(in super::super) const TEXT: i64 = 0;
    pub(in super::super) const IMAGE: i64 = 1;
    pub(in super::super) const VIDEO: i64 = 2;
    pub(in super::super) const AUDIO: i64 = 3;
    pub(in super::super) const CONTACT: i64 = 4;
    pub(in super::super) const LOCATION: i64 = 5;
    pub(in super::super) const GROUP_EVENT: i64 = 6;
    pub(in super::super) const LINK: i64 = 7;
    pub(in super::super) const DOCUMENT: i64 = 8;
    pub(in super::super) const SYSTEM: i64 = 10;
    pub(in super::super) const GIF: i64 = 11;
    pub(in super::super) const WAITING: i64 = 12;
    pub(in super::super) const DELETED: i64 = 14;
    pub(in super::super) const STICKER: i64 = 15;
    pub(in super::super) const PRODUCT: i64 = 26;
    pub(in super::super) const GROUP_INVITE: i64 = 27;
    pub(in super::super) const TIMER: i64 = 28;
    pub(in super::super) const ONCE_IMAGE: i64 = 38;
    pub(in super::super) const ONCE_VIDEO: i64 = 39;
    pub(in super::super) const POLL: i64 = 46;
    pub(in super::super) const ONCE_AUDIO: i64 = 53;
    pub(in super::super) const VIDEO_NOTE: i64 = 54;
    pub(in super::super) const CALL: i64 = 59;
    pub(in super::super) const ASSOCIATION: i64 = 66;
    /// Messages of businesses with buttons, and answers to them.
    pub(in super::super) const TEMPLATES: [i64; 8] = [19, 20, 23, 24, 30, 32, 41, 42];
    pub(in super::super) const TEMPLATE_ANSWERS: [i64; 3] = [25, 31, 34];
}

/// Milliseconds from 1970 to 2001, from when Apple counts seconds.
const APPLE_EPOCH: i64 = 978_307_200_000;
/// The bit of `ZFLAGS` that says "forwarded"; on messages one sent it was seen without a meaning.
const IS_FORWARDED: i64 = 1 << 7;
/// Fewest digits of an address that is mentioned.
const FEWEST_DIGITS: usize = 5;

/// Numbers of the facts in `ZMETADATA`.
mod fact {
    pub(super) const QUOTED_ID: u64 = 5;
    pub(super) const QUOTED_SENDER: u64 = 6;
    pub(super) const QUOTED_CHAT: u64 = 7;
    pub(super) const TIMES_FORWARDED: u64 = 17;
    pub(super) const QUOTED: u64 = 19;
    pub(super) const FORWARDED_BY: u64 = 21;
}

/// The message; its position is the caller's.
pub(super) fn read(entry: &Entry, chat: &Current<'_>) -> Message {
    let row = &entry.main;
    let code = row.int("zmessagetype").unwrap_or(code::TEXT);
    let is_mine = row.int("zisfromme") == Some(1);
    let metadata = Fields::read(entry.metadata());
    let call = row.int("z_pk").and_then(|id| chat.calls.of_message(id));
    let mut message = Message {
        native_id: row.text("zstanzaid").or_else(|| Some(without_id(row, code))),
        sender: sender(row, is_mine, chat),
        direction: if is_mine { Direction::Out } else { Direction::In },
        time: time(utc_ms(row, "zmessagedate")),
        text: row.text("ztext").unwrap_or_default(),
        reply_to: reply(entry, &metadata, chat),
        forwarded: forwarded(row, is_mine, &metadata),
        reactions: reactions(&Fields::read(entry.receipt_info()), chat),
        is_starred: row.int("zstarred") == Some(1),
        is_view_once: matches!(code, code::ONCE_IMAGE | code::ONCE_VIDEO | code::ONCE_AUDIO),
        link: link(entry),
        raw: entry.raw(call.map(super::calls::Logged::raw)),
        ..Message::default()
    };
    match code {
        code::DELETED => {
            // Where there is text it is the address of whoever deleted it.
            message.deleted = Some(match (message.text.contains('@'), is_mine) {
                (true, _) => Deletion::Unknown,
                (false, true) => Deletion::ByMe,
                (false, false) => Deletion::BySender,
            });
            message.text.clear();
        }
        code::GROUP_EVENT | code::SYSTEM | code::TIMER => system::fill(&mut message, entry, code, call, chat),
        code::POLL => message.kind = MessageKind::Poll(poll::read(entry, &mut message, chat)),
        code::CALL => message.kind = MessageKind::Call(content::call(&metadata, is_mine, call, chat)),
        _ => content::fill(&mut message, entry, code, &metadata),
    }
    message.entities = mentions(&message.text, chat);
    if message.is_system() {
        message.direction = Direction::None;
    }
    message
}

/// Notices may have no id: when it was and what it is stay the same in every copy of the database, row numbers do not.
fn without_id(row: &Row, code: i64) -> String {
    let event = row.int("zgroupeventtype").unwrap_or(0);
    format!("notice:{}:{code}:{event}", utc_ms(row, "zmessagedate").unwrap_or(0))
}

fn sender(row: &Row, is_mine: bool, chat: &Current<'_>) -> Option<String> {
    if is_mine {
        return Some(ME.to_owned());
    }
    named_sender(row, chat).or_else(|| chat.is_direct().then(|| chat.key.to_string()))
}

/// Whom the row itself names: the member of the group, else the address it came from, which in a group is the group's.
pub(super) fn named_sender(row: &Row, chat: &Current<'_>) -> Option<String> {
    let member = row.int("zgroupmember").and_then(|id| chat.people.member(id));
    let from = || row.text("zfromjid").map(|jid| chat.people.key_of(&jid)).filter(|key| *key != chat.key);
    member.or_else(from).filter(|key| !key.ends_with("@g.us")).map(|key| key.to_string())
}

/// Milliseconds since 1970 UTC of a column with seconds since 2001, rounded.
pub(super) fn utc_ms(row: &Row, column: &str) -> Option<i64> {
    whole(row.real(column)? * 1000.0)?.checked_add(APPLE_EPOCH)
}

/// The nearest whole number; `None` for what is none.
pub(super) fn whole(value: f64) -> Option<i64> {
    if !value.is_finite() || value.abs() > 9e15 {
        return None;
    }
    format!("{:.0}", value.round()).parse().ok()
}

/// 0 and less are "not known".
pub(super) fn time(utc_ms: Option<i64>) -> Option<Timestamp> {
    let utc_ms = utc_ms.filter(|time| *time > 0)?;
    Some(Timestamp { utc_ms, zone_known: true, ..Timestamp::default() })
}

fn reply(entry: &Entry, metadata: &Fields<'_>, chat: &Current<'_>) -> Option<Reply> {
    let parent = entry.parent.as_ref();
    let native_id =
        metadata.text(fact::QUOTED_ID).or_else(|| parent.and_then(|row| row.text("zstanzaid")))?;
    let is_said = metadata.text(fact::QUOTED_ID).is_some();
    let named = metadata.text(fact::QUOTED_SENDER).map(|jid| chat.people.key_of(&jid).to_string());
    let of_parent = || parent.and_then(|row| sender(row, row.int("zisfromme") == Some(1), chat));
    // Nobody is named where the person answers their own words.
    let sender = named.or_else(of_parent).or_else(|| is_said.then(|| ME.to_owned()));
    let other = metadata.text(fact::QUOTED_CHAT).map(|jid| chat.people.key_of(&jid));
    let other = other.filter(|key| *key != chat.key).map(|key| key.to_string());
    let text = metadata.inside(fact::QUOTED).and_then(|quoted| quoted_text(&quoted));
    Some(Reply {
        message: other.is_none().then(|| MessageId::derive(chat.conversation.id, &native_id)),
        native_id: Some(native_id),
        sender,
        text: text.or_else(|| parent.and_then(|row| row.text("ztext"))).unwrap_or_default(),
        conversation: other,
        ..Reply::default()
    })
}

/// What a quoted message says: its text, or the caption or name of what it is.
fn quoted_text(quoted: &Fields<'_>) -> Option<String> {
    // Number of the kind in the message, number of its words in the kind.
    const WORDS: [(u64, u64); 6] = [(6, 1), (3, 3), (9, 7), (7, 8), (5, 3), (4, 1)];
    let inner = |(kind, words): &(u64, u64)| quoted.inside(*kind).and_then(|kind| kind.text(*words));
    quoted.text(1).or_else(|| WORDS.iter().find_map(inner))
}

fn forwarded(row: &Row, is_mine: bool, metadata: &Fields<'_>) -> Option<Forwarded> {
    let times = metadata.number(fact::TIMES_FORWARDED).and_then(|times| u32::try_from(times).ok());
    let from_id = metadata.text(fact::FORWARDED_BY);
    let is_marked = !is_mine && row.int("zflags").is_some_and(|flags| flags & IS_FORWARDED != 0);
    let is_any = is_marked || from_id.is_some() || times.is_some_and(|times| times > 0);
    is_any.then(|| Forwarded { times, from_id, ..Forwarded::default() })
}

/// Field 7: reactions of others (1), the person's own (2), counts of a channel (3).
fn reactions(info: &Fields<'_>, chat: &Current<'_>) -> Vec<Reaction> {
    let mut found = Vec::new();
    for group in info.all_inside(7) {
        for one in group.all_inside(1) {
            let key = one.text(2).map(|jid| chat.people.key_of(&jid).to_string());
            // Without a sign it was taken back.
            if let (Some(sign), Some(key)) = (one.text(3), key) {
                add(&mut found, sign, 1, Some(person(key, one.number(4), chat)));
            }
        }
        for own in group.all_inside(2) {
            if let Some(sign) = own.text(2) {
                add(&mut found, sign, 1, Some(person(ME.to_owned(), own.number(3), chat)));
            }
        }
        for count in group.all_inside(3).flat_map(|counts| counts.all_inside(1).collect::<Vec<_>>()) {
            if let (Some(sign), Some(count)) = (count.text(1), count.number(2)) {
                add(&mut found, sign, u32::try_from(count).unwrap_or(u32::MAX), None);
            }
        }
    }
    found
}

fn add(reactions: &mut Vec<Reaction>, sign: String, count: u32, person: Option<ReactionPerson>) {
    let at = reactions.iter().position(|reaction| reaction.sign == sign).unwrap_or(reactions.len());
    if at == reactions.len() {
        reactions.push(Reaction { sign, ..Reaction::default() });
    }
    if let Some(reaction) = reactions.get_mut(at) {
        reaction.count = reaction.count.saturating_add(count);
        reaction.people.extend(person);
    }
}

/// Somebody who reacted or voted; `at` in milliseconds.
pub(super) fn person(key: String, at: Option<u64>, chat: &Current<'_>) -> ReactionPerson {
    let name = if key == ME { String::new() } else { chat.people.name(&key) };
    ReactionPerson {
        name,
        key,
        utc_ms: at.and_then(|at| i64::try_from(at).ok()),
        ..ReactionPerson::default()
    }
}

/// The first of the pages a message links to.
fn link(entry: &Entry) -> Option<LinkPreview> {
    let rows = entry.all("ZWAMESSAGEDATAITEM");
    let row = rows.min_by_key(|row| row.int("zindex").unwrap_or(i64::MAX))?;
    let is_address = |text: &String| text.contains("://") || text.starts_with("www.");
    let url = [row.text("zcontent1"), row.text("zmatchedtext")].into_iter().flatten().find(is_address);
    let (title, description) = (row.text("ztitle"), row.text("zsummary"));
    let is_any = url.is_some() || title.is_some() || description.is_some();
    is_any.then(|| LinkPreview { url, title, description, ..LinkPreview::default() })
}

/// A mention stands in the text as `@` and the digits of an address.
fn mentions(text: &str, chat: &Current<'_>) -> Vec<Entity> {
    let mut entities = Vec::new();
    for (at, _) in text.match_indices('@').take(1000) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let digits = rest.split(|sign: char| !sign.is_ascii_digit()).next().unwrap_or_default();
        if digits.len() < FEWEST_DIGITS || digits.len() > 20 {
            continue;
        }
        let Some(key) = chat.people.mentioned(digits) else { continue };
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        entities.push(Entity {
            start: units(text.get(..at).unwrap_or_default()),
            length: units(digits).saturating_add(1),
            kind: "mention".to_owned(),
            value: Some(key.to_string()),
            ..Entity::default()
        });
    }
    entities
}
