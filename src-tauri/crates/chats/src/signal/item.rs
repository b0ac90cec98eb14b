//! An item of a chat as a message.

use serde_json::{Map, Value};

use super::chat::Chat;
use super::part::Part;
use super::people::ME;
use super::pointer::{Pointer, attachment, flagged};
use super::{text, update};
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Call, ContactCard, Deletion, Direction, Edit, LinkPreview,
    Message, MessageKind, Poll, PollOption, Precision, Reaction, ReactionPerson, Receipt, Reply, Timestamp,
};

/// Keys of an item that say nothing about its kind.
const FRAME: &[&str] = &[
    "chatId",
    "authorId",
    "dateSent",
    "expireStartDate",
    "expiresInMs",
    "revisions",
    "sms",
    "incoming",
    "outgoing",
    "directionless",
    "pinDetails",
];

/// A message with the places of its files.
#[derive(Default)]
pub(super) struct Item {
    pub(super) message: Message,
    /// As many as the message has attachments.
    pub(super) files: Vec<Pointer>,
    /// The whole of a text that is too long to stand in place.
    pub(super) long_text: Option<Pointer>,
}

/// The message of a frame: an item of a chat, or a call by link; `raw` are its own bytes.
pub(super) fn of_frame(frame: &Map<String, Value>, chat: &mut Chat<'_>, raw: Vec<u8>) -> Option<Item> {
    if let Some(Value::Object(item)) = frame.get("chatItem") {
        return Some(read(item, chat, raw));
    }
    let call = Part(frame).part("adHocCall")?;
    let utc_ms = call.time("callTimestamp").unwrap_or(0);
    let mut message = Message {
        native_id: Some(format!("{utc_ms}:call:{}", call.number("callId").unwrap_or(0))),
        time: Some(time_of(utc_ms)),
        kind: MessageKind::Call(Call { is_group: true, ..Call::default() }),
        raw,
        ..Message::default()
    };
    chat.complete(&mut message);
    Some(Item { message, ..Item::default() })
}

/// Puts the whole of a text where its beginning stands.
pub(super) fn lengthen(message: &mut Message, whole: &str, frame: &Map<String, Value>, chat: &Chat<'_>) {
    let body = Part(frame).part("chatItem").and_then(body_of);
    (message.text, message.entities) = match body {
        Some(body) => text::ranged(whole, body, chat.people),
        None => (whole.to_owned(), Vec::new()),
    };
}

fn read(item: &Map<String, Value>, chat: &mut Chat<'_>, raw: Vec<u8>) -> Item {
    let part = Part(item);
    let author = part.number("authorId").unwrap_or(0);
    let direction = direction_of(part);
    let message = Message {
        sender: (direction != Direction::None).then(|| chat.person(author)),
        direction,
        time: Some(time_of(original(part).time("dateSent").unwrap_or(0))),
        disappears: part.number("expiresInMs").map(|ms| ms / 1000).filter(|seconds| *seconds > 0),
        receipts: receipts(part, chat),
        raw,
        ..Message::default()
    };
    let mut read = Item { message, ..Item::default() };
    fill(&mut read, part, chat);
    read.message.edits = edits(part, chat);
    let kind = if matches!(read.message.kind, MessageKind::System(_) | MessageKind::Call(_)) {
        ":update"
    } else {
        ""
    };
    read.message.native_id = Some(native_id(original(part), author, chat) + kind);
    chat.complete(&mut read.message);
    read
}

/// How the app tells messages of a chat apart: when they were sent, and by whom.
fn native_id(item: Part<'_>, author: u64, chat: &Chat<'_>) -> String {
    format!("{}:{}", item.number("dateSent").unwrap_or(0), chat.people.key(author))
}

/// The message before it was edited: its time is the message's.
fn original(item: Part<'_>) -> Part<'_> {
    item.parts("revisions").next().unwrap_or(item)
}

fn direction_of(item: Part<'_>) -> Direction {
    if item.part("incoming").is_some() {
        Direction::In
    } else if item.part("outgoing").is_some() {
        Direction::Out
    } else {
        Direction::None
    }
}

fn time_of(utc_ms: i64) -> Timestamp {
    Timestamp {
        utc_ms,
        precision: Precision::Ms,
        zone_known: true,
        text: utc_ms.to_string(),
        ..Timestamp::default()
    }
}

/// What was written before each change, with the time of the change.
fn edits(item: Part<'_>, chat: &Chat<'_>) -> Vec<Edit> {
    let revisions: Vec<Part<'_>> = item.parts("revisions").collect();
    let later = revisions.iter().skip(1).copied().chain([item]);
    let edit = |(before, after): (&Part<'_>, Part<'_>)| Edit {
        utc_ms: after.time("dateSent"),
        text: body_of(*before).map(|body| text::read(body, chat.people).0),
        ..Edit::default()
    };
    revisions.iter().zip(later).map(edit).collect()
}

fn body_of(item: Part<'_>) -> Option<Part<'_>> {
    let standard = item.part("standardMessage").and_then(|message| message.part("text"));
    standard.or_else(|| item.part("directStoryReplyMessage")?.part("textReply")?.part("text"))
}

fn receipts(item: Part<'_>, chat: &mut Chat<'_>) -> Vec<Receipt> {
    let Some(outgoing) = item.part("outgoing") else { return Vec::new() };
    let receipt = |status: Part<'_>| {
        let at = |key: &str| status.part(key).and_then(|_| status.time("timestamp"));
        let failed = ["failed", "skipped", "pending"].iter().any(|key| status.part(key).is_some());
        let key = chat.person(status.number("recipientId").unwrap_or(0));
        // Not sent is in the item's own bytes; a receipt would say the contrary.
        (!failed && key != ME).then(|| Receipt {
            key,
            delivered: at("delivered"),
            read: at("read"),
            played: at("viewed"),
            ..Receipt::default()
        })
    };
    outgoing.parts("sendStatus").filter_map(receipt).collect()
}

fn fill(read: &mut Item, item: Part<'_>, chat: &mut Chat<'_>) {
    if let Some(message) = item.part("standardMessage") {
        standard(read, message, chat);
    } else if let Some(message) = item.part("contactMessage") {
        contact(read, message, chat);
    } else if let Some(message) = item.part("stickerMessage") {
        sticker(read, message, chat);
    } else if item.part("remoteDeletedMessage").is_some() {
        let is_mine = read.message.direction == Direction::Out;
        read.message.deleted = Some(if is_mine { Deletion::ByMe } else { Deletion::BySender });
    } else if item.part("adminDeletedMessage").is_some() {
        read.message.deleted = Some(Deletion::ByAdmin);
    } else if let Some(message) = item.part("updateMessage") {
        update::fill(&mut read.message, message, item.number("authorId").unwrap_or(0), chat);
    } else if let Some(message) = item.part("viewOnceMessage") {
        view_once(read, message, chat);
    } else if let Some(message) = item.part("directStoryReplyMessage") {
        story_reply(read, message, chat);
    } else if let Some(poll) = item.part("poll") {
        read.message.kind = MessageKind::Poll(poll_of(poll, chat));
        read.message.reactions = reactions(poll, chat);
    } else if let Some(payment) = item.part("paymentNotification") {
        let amount = payment.text("amountMob").map(|amount| format!("{amount} MOB"));
        let parts = [amount, payment.text("note").map(str::to_owned)];
        read.message.text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        read.message.kind = MessageKind::Unsupported("payment".to_owned());
    } else {
        let word = item.0.keys().find(|key| !FRAME.contains(&key.as_str()));
        read.message.kind = MessageKind::Unsupported(word.map_or("empty", String::as_str).to_owned());
    }
}

fn standard(read: &mut Item, message: Part<'_>, chat: &mut Chat<'_>) {
    if let Some(body) = message.part("text") {
        (read.message.text, read.message.entities) = text::read(body, chat.people);
    }
    read.long_text = message.part("longText").map(Pointer::of);
    for one in message.parts("attachments") {
        let Some(pointer) = one.part("pointer") else { continue };
        push(read, attachment(pointer, flagged(one.text("flag"))));
    }
    read.message.kind = match read.message.attachments.as_slice() {
        [] => MessageKind::Text,
        [one] if one.kind == AttachmentKind::Voice => MessageKind::Voice,
        _ => MessageKind::Media,
    };
    read.message.link = message.parts("linkPreview").next().map(link_of);
    read.message.reply_to = message.part("quote").map(|quote| reply_of(quote, chat));
    read.message.reactions = reactions(message, chat);
}

fn push(read: &mut Item, (attachment, pointer): (Attachment, Pointer)) {
    read.message.attachments.push(attachment);
    read.files.push(pointer);
}

fn link_of(link: Part<'_>) -> LinkPreview {
    let text = |key| link.text(key).map(str::to_owned);
    LinkPreview {
        url: text("url"),
        title: text("title"),
        description: text("description"),
        ..LinkPreview::default()
    }
}

fn reply_of(quote: Part<'_>, chat: &mut Chat<'_>) -> Reply {
    let author = quote.number("authorId").unwrap_or(0);
    let sender = chat.person(author);
    let native_id = quote.number("targetSentTimestamp").map(|sent| format!("{sent}:{sender}"));
    Reply {
        message: native_id.as_ref().map(|native| chat.id_of(native)),
        native_id,
        sender: Some(sender),
        text: quote.part("text").map(|body| text::read(body, chat.people).0).unwrap_or_default(),
        ..Reply::default()
    }
}

/// Reactions of one sign together, those that came first before the others.
fn reactions(message: Part<'_>, chat: &mut Chat<'_>) -> Vec<Reaction> {
    let mut found: Vec<Reaction> = Vec::new();
    let mut all: Vec<Part<'_>> = message.parts("reactions").collect();
    all.sort_by_key(|one| (one.number("sortOrder"), one.number("sentTimestamp")));
    for one in all {
        let author = one.number("authorId").unwrap_or(0);
        let person = ReactionPerson {
            key: chat.person(author),
            name: chat.people.name(author),
            utc_ms: one.time("sentTimestamp"),
            ..ReactionPerson::default()
        };
        let sign = one.text("emoji").unwrap_or_default();
        match found.iter_mut().find(|reaction| reaction.sign == sign) {
            Some(reaction) => {
                reaction.count += 1;
                reaction.people.push(person);
            }
            None => found.push(Reaction {
                sign: sign.to_owned(),
                count: 1,
                people: vec![person],
                ..Reaction::default()
            }),
        }
    }
    found
}

fn contact(read: &mut Item, message: Part<'_>, chat: &mut Chat<'_>) {
    read.message.reactions = reactions(message, chat);
    let Some(card) = message.part("contact") else {
        read.message.kind = MessageKind::Contact(ContactCard::default());
        return;
    };
    let name = card.part("name").map(|name| {
        let parts = ["prefix", "givenName", "middleName", "familyName", "suffix"];
        parts.iter().filter_map(|key| name.text(key)).collect::<Vec<_>>().join(" ")
    });
    let nickname = card.part("name").and_then(|name| name.text("nickname"));
    let name = name.filter(|name| !name.is_empty()).or(nickname.map(str::to_owned));
    read.message.kind = MessageKind::Contact(ContactCard {
        name,
        phone: card.parts("number").find_map(|number| number.text("value")).map(str::to_owned),
        ..ContactCard::default()
    });
    read.message.text = beyond_first_number(card);
    if let Some(avatar) = card.part("avatar") {
        push(read, attachment(avatar, Some(AttachmentKind::Photo)));
    }
}

/// What else a card says, a line each; it has no card in the format phones exchange.
fn beyond_first_number(card: Part<'_>) -> String {
    let numbers = card.parts("number").filter_map(|number| number.text("value")).skip(1);
    let mails = card.parts("email").filter_map(|mail| mail.text("value"));
    let keys = ["street", "pobox", "neighborhood", "postcode", "city", "region", "country"];
    let place =
        |place: Part<'_>| keys.iter().filter_map(|key| place.text(key)).collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> =
        numbers.chain(mails).chain(card.text("organization")).map(str::to_owned).collect();
    lines.extend(card.parts("address").map(place).filter(|line| !line.is_empty()));
    lines.join("\n")
}

fn sticker(read: &mut Item, message: Part<'_>, chat: &mut Chat<'_>) {
    read.message.kind = MessageKind::Sticker;
    read.message.reactions = reactions(message, chat);
    let Some(sticker) = message.part("sticker") else { return };
    let (mut file, pointer) = match sticker.part("data") {
        Some(data) => attachment(data, Some(AttachmentKind::Sticker)),
        None => {
            let state = AttachmentState::Missing;
            (Attachment { kind: AttachmentKind::Sticker, state, ..Attachment::default() }, Pointer::default())
        }
    };
    file.emoji = sticker.text("emoji").map(str::to_owned);
    push(read, (file, pointer));
}

fn view_once(read: &mut Item, message: Part<'_>, chat: &mut Chat<'_>) {
    read.message.kind = MessageKind::Media;
    read.message.is_view_once = true;
    read.message.reactions = reactions(message, chat);
    let found = message.part("attachment").and_then(|one| Some((one.part("pointer")?, one.text("flag"))));
    push(
        read,
        match found {
            Some((pointer, flag)) => attachment(pointer, flagged(flag)),
            None => {
                let state = AttachmentState::Omitted;
                (
                    Attachment { kind: AttachmentKind::Photo, state, ..Attachment::default() },
                    Pointer::default(),
                )
            }
        },
    );
}

fn story_reply(read: &mut Item, message: Part<'_>, chat: &mut Chat<'_>) {
    read.message.reactions = reactions(message, chat);
    if let Some(reply) = message.part("textReply") {
        if let Some(body) = reply.part("text") {
            (read.message.text, read.message.entities) = text::read(body, chat.people);
        }
        read.long_text = reply.part("longText").map(Pointer::of);
    } else {
        read.message.text = message.text("emoji").unwrap_or_default().to_owned();
    }
    // The story itself is in no export.
    read.message.reply_to = Some(Reply { conversation: Some("story".to_owned()), ..Reply::default() });
}

fn poll_of(poll: Part<'_>, chat: &mut Chat<'_>) -> Poll {
    let mut voters = std::collections::BTreeSet::new();
    let mut options = Vec::new();
    for option in poll.parts("options") {
        let mut people = Vec::new();
        for vote in option.parts("votes") {
            let id = vote.number("voterId").unwrap_or(0);
            let key = chat.person(id);
            voters.insert(key.clone());
            people.push(ReactionPerson { key, name: chat.people.name(id), ..ReactionPerson::default() });
        }
        options.push(PollOption {
            text: option.text("option").unwrap_or_default().to_owned(),
            votes: u32::try_from(people.len()).ok(),
            is_chosen: people.iter().any(|person| person.key == ME),
            people,
            ..PollOption::default()
        });
    }
    Poll {
        question: poll.text("question").unwrap_or_default().to_owned(),
        options,
        voters: u32::try_from(voters.len()).ok(),
        is_closed: poll.is("hasEnded"),
        ..Poll::default()
    }
}
