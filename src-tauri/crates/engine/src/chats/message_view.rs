//! A message of the library in the words of the screen.

use crate::home::to_hex;
use crate::view::{
    AttachmentView, CallView, EntityView, LocationView, MessageView, PollView, QuoteView, ReactionView,
    RevisionView,
};
use coffer_chats::model::{
    Attachment, AttachmentKind, AttachmentState, BlobHash, Conversation, Direction, Message, MessageKind,
    Participant, Precision, Reaction, Reply,
};
use std::collections::BTreeMap;

/// Characters of a quoted message that are shown.
const QUOTE_LENGTH: usize = 160;

/// Names of a conversation's people by the key messages call them.
pub(crate) struct People<'a>(BTreeMap<&'a str, &'a Participant>);

impl<'a> People<'a> {
    /// Looks the names of a conversation up.
    pub(crate) fn of(conversation: &'a Conversation) -> Self {
        Self(conversation.participants.iter().map(|person| (person.key.as_str(), person)).collect())
    }

    /// The name to show for a key: the key itself where no name is known.
    pub(crate) fn name(&self, key: &str) -> String {
        let name = self.0.get(key).map(|person| person.name.as_str()).filter(|name| !name.is_empty());
        name.unwrap_or(key).to_owned()
    }

    fn is_me(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|person| person.is_me)
    }
}

/// What a message says about another one, looked up in the library.
#[derive(Default)]
pub(crate) struct Quoted {
    /// Position of the quoted message in the same chat.
    pub position: Option<u64>,
    /// The quoted message, where it is here.
    pub message: Option<Message>,
}

/// Converts a message that stands at `position`.
pub(crate) fn message_view(
    position: u64,
    message: &Message,
    people: &People<'_>,
    quoted: &Quoted,
) -> MessageView {
    let time = message.time.as_ref();
    let sender = message.sender.as_deref().filter(|_| !matches!(message.kind, MessageKind::System(_)));
    let parts = Parts::of(&message.kind);
    MessageView {
        id: to_hex(&message.id.0),
        position,
        time: time.map(|time| time.utc_ms),
        precision: time.map_or("ms", |time| precision_word(time.precision)).to_owned(),
        zone_known: time.is_some_and(|time| time.zone_known),
        local_time: time.and_then(coffer_chats::model::Timestamp::local_text),
        sender: sender.map(|key| people.name(key)),
        is_me: message.direction == Direction::Out || sender.is_some_and(|key| people.is_me(key)),
        kind: message.kind.word().to_owned(),
        text: message.text.clone(),
        entities: message.entities.iter().map(entity_view).collect(),
        attachments: message.attachments.iter().map(attachment_view).collect(),
        reply_to: message.reply_to.as_ref().map(|reply| quote_view(reply, people, quoted)),
        forwarded_from: message.forwarded.as_ref().map(|from| from.from.clone().unwrap_or_default()),
        reactions: message.reactions.iter().map(|reaction| reaction_view(reaction, people)).collect(),
        is_edited: message.is_edited(),
        revisions: revisions_of(message),
        is_deleted: message.deleted.is_some(),
        poll: parts.poll,
        location: parts.location,
        call: parts.call,
        contact: parts.contact,
    }
}

/// Where the words are in a text, in UTF-16 units as the window counts them.
pub(crate) fn utf16_len(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// Converts a file of a message.
pub(crate) fn attachment_view(attachment: &Attachment) -> AttachmentView {
    AttachmentView {
        hash: attachment.blob.as_ref().filter(|_| is_here(attachment)).map(|BlobHash(hash)| to_hex(hash)),
        kind: kind_word(attachment.kind).to_owned(),
        name: attachment.name.clone(),
        mime: attachment.mime.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: attachment.size.unwrap_or(0),
        state: state_word(attachment.state).to_owned(),
        duration: attachment.duration,
    }
}

fn is_here(attachment: &Attachment) -> bool {
    attachment.state == AttachmentState::Present
}

/// What only some kinds of message have.
#[derive(Default)]
struct Parts {
    poll: Option<PollView>,
    location: Option<LocationView>,
    call: Option<CallView>,
    contact: Option<String>,
}

impl Parts {
    fn of(kind: &MessageKind) -> Self {
        match kind {
            MessageKind::Poll(poll) => Self {
                poll: Some(PollView {
                    question: poll.question.clone(),
                    options: poll.options.iter().map(|option| (option.text.clone(), option.votes)).collect(),
                }),
                ..Self::default()
            },
            MessageKind::Location(location) => Self {
                location: Some(LocationView {
                    latitude: location.latitude,
                    longitude: location.longitude,
                    name: location.name.clone().or_else(|| location.address.clone()),
                    url: location.url.clone(),
                }),
                ..Self::default()
            },
            MessageKind::Call(call) => Self {
                call: Some(CallView {
                    is_video: call.is_video,
                    is_missed: call.is_missed,
                    duration: call.duration,
                }),
                ..Self::default()
            },
            MessageKind::Contact(contact) => {
                Self { contact: contact.name.clone().or_else(|| contact.phone.clone()), ..Self::default() }
            }
            MessageKind::Text
            | MessageKind::Media
            | MessageKind::Sticker
            | MessageKind::Voice
            | MessageKind::System(_)
            | MessageKind::Unsupported(_) => Self::default(),
        }
    }
}

fn entity_view(entity: &coffer_chats::model::Entity) -> EntityView {
    EntityView {
        start: entity.start,
        length: entity.length,
        kind: entity.kind.clone(),
        value: entity.value.clone(),
    }
}

fn reaction_view(reaction: &Reaction, people: &People<'_>) -> ReactionView {
    let name = |person: &coffer_chats::model::ReactionPerson| match person.name.as_str() {
        "" => people.name(&person.key),
        name => name.to_owned(),
    };
    ReactionView {
        emoji: reaction.sign.clone(),
        count: reaction.count,
        people: reaction.people.iter().map(name).collect(),
    }
}

fn quote_view(reply: &Reply, people: &People<'_>, quoted: &Quoted) -> QuoteView {
    let there = quoted.message.as_ref();
    let sender = reply.sender.as_deref().or_else(|| there.and_then(|message| message.sender.as_deref()));
    let text =
        if reply.text.is_empty() { there.map_or("", |message| message.text.as_str()) } else { &reply.text };
    QuoteView {
        position: quoted.position,
        sender: sender.map(|key| people.name(key)),
        text: text.chars().take(QUOTE_LENGTH).collect(),
    }
}

fn revisions_of(message: &Message) -> Vec<RevisionView> {
    let known = message.edits.iter().filter_map(|edit| edit.text.as_ref().map(|text| (edit.utc_ms, text)));
    known.map(|(time, text)| RevisionView { time, text: text.clone() }).collect()
}

fn precision_word(precision: Precision) -> &'static str {
    match precision {
        Precision::Ms | Precision::Us | Precision::Ns => "ms",
        Precision::S => "s",
        Precision::Min => "min",
    }
}

fn kind_word(kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::File | AttachmentKind::Contact => "file",
        AttachmentKind::Photo => "photo",
        AttachmentKind::Video | AttachmentKind::VideoMessage => "video",
        AttachmentKind::Voice => "voice",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Sticker => "sticker",
        AttachmentKind::Gif => "gif",
    }
}

fn state_word(state: AttachmentState) -> &'static str {
    match state {
        AttachmentState::Present => "present",
        AttachmentState::Missing | AttachmentState::RemoteOnly | AttachmentState::Corrupt => "missing",
        AttachmentState::Omitted => "omitted",
        AttachmentState::TooLarge => "too_large",
    }
}
