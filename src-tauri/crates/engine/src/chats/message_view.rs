//! A message of the library in the words of the screen.

use crate::view::{
    AttachmentView, CallView, EntityView, LocationView, MessageView, PollView, QuoteView, ReactionView,
    RevisionView,
};
use coffer_chats::library::{ReplyTarget, StoredMessage};
use coffer_chats::model::{
    Attachment, AttachmentKind, AttachmentState, BlobHash, Conversation, Direction, MessageKind, Participant,
    Precision, Reaction, Timestamp,
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

    fn name(&self, key: &str) -> String {
        let name = self.0.get(key).map(|person| person.name.as_str()).filter(|name| !name.is_empty());
        name.unwrap_or(key).to_owned()
    }

    fn is_me(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|person| person.is_me)
    }
}

/// Says whether a file's content can be read here.
pub(crate) type IsHere<'a> = &'a dyn Fn(&BlobHash) -> bool;

/// Converts a message of the library.
pub(crate) fn message_view(stored: &StoredMessage, people: &People<'_>, is_here: IsHere<'_>) -> MessageView {
    let message = &stored.message;
    let time = message.time.as_ref();
    let is_system = matches!(message.kind, MessageKind::System(_));
    let sender = message.sender.as_deref().filter(|_| !is_system);
    let name = || stored.sender_name.clone().or_else(|| sender.map(|key| people.name(key)));
    let parts = Parts::of(&message.kind);
    MessageView {
        id: message.id.to_hex(),
        position: stored.position,
        time: time.map(|time| time.utc_ms),
        precision: time.map_or("ms", |time| precision_word(time.precision)).to_owned(),
        zone_known: time.is_some_and(|time| time.zone_known),
        local_time: time.and_then(Timestamp::local_text),
        sender: if is_system { None } else { name() },
        is_me: message.direction == Direction::Out || sender.is_some_and(|key| people.is_me(key)),
        kind: message.kind.word().to_owned(),
        text: message.text.clone(),
        entities: message.entities.iter().map(entity_view).collect(),
        attachments: message.attachments.iter().map(|file| attachment_view(file, is_here)).collect(),
        reply_to: stored.reply.as_ref().map(quote_view),
        forwarded_from: message.forwarded.as_ref().map(|from| from.from.clone().unwrap_or_default()),
        reactions: message.reactions.iter().map(|reaction| reaction_view(reaction, people)).collect(),
        is_edited: message.is_edited() || stored.revisions.iter().any(|older| older.text != message.text),
        revisions: revisions_of(stored),
        is_deleted: message.deleted.is_some(),
        poll: parts.poll,
        location: parts.location,
        call: parts.call,
        contact: parts.contact,
    }
}

/// Converts a file of a message. One that was taken in once and is not here now (a restore without media) is missing.
pub(crate) fn attachment_view(attachment: &Attachment, is_here: IsHere<'_>) -> AttachmentView {
    let is_present = attachment.state == AttachmentState::Present;
    let hash = attachment.blob.filter(|hash| is_present && is_here(hash));
    let state = if is_present && hash.is_none() { AttachmentState::Missing } else { attachment.state };
    AttachmentView {
        hash: hash.map(BlobHash::to_hex),
        kind: kind_word(attachment.kind).to_owned(),
        name: attachment.name.clone(),
        mime: attachment.mime.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: attachment.size.unwrap_or(0),
        state: state_word(state).to_owned(),
        duration: attachment.duration,
    }
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

fn quote_view(reply: &ReplyTarget) -> QuoteView {
    QuoteView {
        position: reply.position,
        sender: reply.sender.clone(),
        text: reply.text.chars().take(QUOTE_LENGTH).collect(),
    }
}

/// Earlier texts: those the source tells of, then those an earlier import saw.
fn revisions_of(stored: &StoredMessage) -> Vec<RevisionView> {
    let known = stored.message.edits.iter().filter_map(|edit| Some((edit.utc_ms, edit.text.as_ref()?)));
    let mut revisions: Vec<_> = known.map(|(time, text)| RevisionView { time, text: text.clone() }).collect();
    for older in &stored.revisions {
        let is_known = revisions.iter().any(|revision| revision.text == older.text);
        if older.text != stored.message.text && !is_known {
            revisions.push(RevisionView { time: None, text: older.text.clone() });
        }
    }
    revisions
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
