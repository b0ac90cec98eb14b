//! Conversations, participants and messages, in words no single app owns.
//!
//! The model has room for every source of SOURCES 6.2 and stays small: what it has no field for is kept in
//! [`Message::raw`], so that a better reader can run again over it.

use std::fmt;
use std::sync::OnceLock;

use minicbor::Decoder;
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::record::{Field, RecordError, malformed, next_is_array, put_head, record, words};

mod ids;

pub use ids::{BlobHash, ConversationId, MessageId};

words! {
    /// The app a conversation was held in.
    pub enum App {
        /// WhatsApp.
        #[default]
        1 WhatsApp "WhatsApp",
        /// Telegram.
        2 Telegram "Telegram",
        /// Signal.
        3 Signal "Signal",
        /// Apple Messages.
        4 IMessage "iMessage",
        /// Facebook Messenger.
        5 Messenger "Messenger",
        /// Instagram.
        6 Instagram "Instagram",
        /// SMS and MMS.
        7 Sms "SMS",
        /// Slack.
        8 Slack "Slack",
        /// Discord.
        9 Discord "Discord",
        /// Matrix.
        10 Matrix "Matrix",
        /// Google Chat.
        11 GoogleChat "Google Chat",
    }

    /// Who is in a conversation.
    pub enum ConversationKind {
        /// Two people.
        #[default]
        1 Direct "direct",
        /// Several people.
        2 Group "group",
        /// One writes, many read.
        3 Channel "channel",
        /// Notes to oneself.
        4 Saved "saved",
        /// A list of receivers, or status updates.
        5 Broadcast "broadcast",
    }

    /// Which way a message went, seen from the person whose library this is.
    pub enum Direction {
        /// Neither: a system entry, or it is not known who the person is.
        #[default]
        1 None "none",
        /// Received.
        2 In "in",
        /// Sent.
        3 Out "out",
    }

    /// How exact a time is in the source.
    pub enum Precision {
        /// Milliseconds.
        #[default]
        1 Ms "ms",
        /// Seconds.
        2 S "s",
        /// Minutes.
        3 Min "min",
        /// Microseconds.
        4 Us "us",
        /// Nanoseconds.
        5 Ns "ns",
    }

    /// What a file of a message is.
    pub enum AttachmentKind {
        /// Any file.
        #[default]
        1 File "file",
        /// A picture.
        2 Photo "photo",
        /// A film.
        3 Video "video",
        /// A round or short video message.
        4 VideoMessage "video_message",
        /// A voice message.
        5 Voice "voice",
        /// Music or another sound.
        6 Audio "audio",
        /// A sticker.
        7 Sticker "sticker",
        /// A looping film.
        8 Gif "gif",
        /// A contact card.
        9 Contact "contact",
    }

    /// Where a file of a message is.
    pub enum AttachmentState {
        /// In the source, and in the library once imported.
        #[default]
        1 Present "present",
        /// Named by the source but not there.
        2 Missing "missing",
        /// The app left it out on purpose (an export without media).
        3 Omitted "omitted",
        /// The app left it out because of its size.
        4 TooLarge "too_large",
        /// Only on the app's servers.
        5 RemoteOnly "remote_only",
        /// There, but not readable.
        6 Corrupt "corrupt",
    }

    /// Who deleted a message.
    pub enum Deletion {
        /// Somebody; the source does not say who.
        #[default]
        1 Unknown "unknown",
        /// The person.
        2 ByMe "by_me",
        /// Its sender.
        3 BySender "by_sender",
        /// An admin of the group.
        4 ByAdmin "by_admin",
    }
}

record! {
    /// A conversation as its source describes it.
    pub struct Conversation {
        /// Stable id.
        1 id: ConversationId,
        /// The app.
        2 app: App,
        /// The person's account in that app; empty when the source does not say.
        3 account: String,
        /// The source's own id; `None` for text exports, which have none.
        4 native_id: Option<String>,
        /// Who is in it.
        5 kind: ConversationKind,
        /// Its name; may be empty.
        6 title: String,
        /// Everyone seen in it, ordered by key.
        7 participants: Vec<Participant>,
        /// The source's own bytes about it.
        8 raw: Vec<u8>,
    }

    /// Somebody in a conversation.
    pub struct Participant {
        /// What messages call them: the source's id, or the name where the source has only names.
        1 key: String,
        /// The name to show.
        2 name: String,
        /// It is the person whose library this is.
        3 is_me: bool,
        /// Telephone number, where known.
        4 phone: Option<String>,
    }

    /// One entry of a conversation.
    pub struct Message {
        /// Stable id inside its conversation.
        1 id: MessageId,
        /// The source's own id; `None` when it has none.
        2 native_id: Option<String>,
        /// Position in the source it was read from, from 0.
        3 ordinal: u64,
        /// Key of the sending participant; `None` for system entries without one.
        4 sender: Option<String>,
        /// Sent or received.
        5 direction: Direction,
        /// When; `None` when the source does not say.
        6 time: Option<Timestamp>,
        /// What it is.
        7 kind: MessageKind,
        /// Text as people read it; the caption of media.
        8 text: String,
        /// Parts of the text with a meaning.
        9 entities: Vec<Entity>,
        /// Files.
        10 attachments: Vec<Attachment>,
        /// The message it answers.
        11 reply_to: Option<Reply>,
        /// Where it was forwarded from.
        12 forwarded: Option<Forwarded>,
        /// Reactions to it.
        13 reactions: Vec<Reaction>,
        /// Changes of its text; one entry without text when it is only known that it was edited.
        14 edits: Vec<Edit>,
        /// It was deleted in the app.
        15 deleted: Option<Deletion>,
        /// The source's own bytes for this entry.
        16 raw: Vec<u8>,
        /// The person marked it.
        17 is_starred: bool,
        /// Its file could be looked at once only.
        18 is_view_once: bool,
        /// Seconds after which the app deletes it.
        19 disappears: Option<u64>,
        /// Who got it, read it, played it.
        20 receipts: Vec<Receipt>,
        /// What the app showed of the first link in it.
        21 link: Option<LinkPreview>,
    }

    /// What became of a sent message at one of its receivers.
    pub struct Receipt {
        /// Participant key.
        1 key: String,
        /// When it arrived.
        2 delivered: Option<i64>,
        /// When it was read.
        3 read: Option<i64>,
        /// When its sound or film was played.
        4 played: Option<i64>,
    }

    /// What an app shows of a page somebody linked to.
    pub struct LinkPreview {
        /// Its address.
        1 url: Option<String>,
        /// Its title.
        2 title: Option<String>,
        /// Its first words.
        3 description: Option<String>,
    }

    /// A moment, with what the source really said.
    pub struct Timestamp {
        /// Milliseconds since 1970-01-01 UTC.
        1 utc_ms: i64,
        /// How exact the source is.
        2 precision: Precision,
        /// The source, or the person, said which zone it is; otherwise `utc_ms` rests on an assumption.
        3 zone_known: bool,
        /// Wall clock time as milliseconds since 1970-01-01 without a zone, where the source has one.
        4 local_ms: Option<i64>,
        /// The time as the source wrote it.
        5 text: String,
    }

    /// A part of a text with a meaning; positions count UTF-16 units.
    pub struct Entity {
        /// First unit.
        1 start: u32,
        /// Units.
        2 length: u32,
        /// `bold`, `italic`, `code`, `link`, `mention`, ... as Telegram names them.
        3 kind: String,
        /// A link's address, a mention's id, a code's language.
        4 value: Option<String>,
    }

    /// A file of a message.
    pub struct Attachment {
        /// What it is.
        1 kind: AttachmentKind,
        /// File name in the source.
        2 name: Option<String>,
        /// Where it is.
        3 state: AttachmentState,
        /// Its content, once the library has it.
        4 blob: Option<BlobHash>,
        /// MIME type as the source says or its name suggests.
        5 mime: Option<String>,
        /// Bytes.
        6 size: Option<u64>,
        /// Milliseconds of sound or film.
        7 duration: Option<u64>,
        /// Pixels.
        8 width: Option<u32>,
        /// Pixels.
        9 height: Option<u32>,
        /// Path inside the source, as the source wrote it.
        10 path: Option<String>,
        /// Emoji of a sticker.
        11 emoji: Option<String>,
    }

    /// The message another one answers.
    pub struct Reply {
        /// The source's id of that message.
        1 native_id: Option<String>,
        /// Our id of it, where it can be known.
        2 message: Option<MessageId>,
        /// Participant who wrote it, where the source quotes it.
        3 sender: Option<String>,
        /// Its text, where the source quotes it.
        4 text: String,
        /// The source's id of the conversation it is in, when it is another one.
        5 conversation: Option<String>,
    }

    /// Where a message was forwarded from.
    pub struct Forwarded {
        /// Name.
        1 from: Option<String>,
        /// The source's id of that person or channel.
        2 from_id: Option<String>,
        /// When it was first sent.
        3 utc_ms: Option<i64>,
        /// How often it was passed on, where the source counts; WhatsApp counts no further than 127.
        4 times: Option<u32>,
    }

    /// A reaction.
    pub struct Reaction {
        /// The sign: an emoji, or the source's name of a custom one.
        1 sign: String,
        /// How many.
        2 count: u32,
        /// Who, where known; may be fewer than `count`.
        3 people: Vec<ReactionPerson>,
    }

    /// Somebody who reacted or voted.
    pub struct ReactionPerson {
        /// Participant key.
        1 key: String,
        /// Name.
        2 name: String,
        /// When.
        3 utc_ms: Option<i64>,
    }

    /// A change of a message's text.
    pub struct Edit {
        /// When it was made.
        1 utc_ms: Option<i64>,
        /// The text before it, where known.
        2 text: Option<String>,
    }

    /// A place.
    pub struct Location {
        /// Degrees north.
        1 latitude: Option<f64>,
        /// Degrees east.
        2 longitude: Option<f64>,
        /// Its name.
        3 name: Option<String>,
        /// Street address.
        4 address: Option<String>,
        /// Link as written.
        5 url: Option<String>,
        /// Seconds a live location was shared for.
        6 live: Option<u64>,
    }

    /// A contact card.
    pub struct ContactCard {
        /// Name.
        1 name: Option<String>,
        /// Telephone number.
        2 phone: Option<String>,
        /// The cards themselves, as written; several when they were sent together.
        3 cards: Vec<String>,
    }

    /// A poll.
    pub struct Poll {
        /// The question.
        1 question: String,
        /// The options.
        2 options: Vec<PollOption>,
        /// People who voted.
        3 voters: Option<u32>,
        /// No more votes are taken.
        4 is_closed: bool,
    }

    /// An option of a poll.
    pub struct PollOption {
        /// Its text.
        1 text: String,
        /// Votes, where known.
        2 votes: Option<u32>,
        /// The person chose it.
        3 is_chosen: bool,
        /// Who chose it, where known; may be fewer than `votes`.
        4 people: Vec<ReactionPerson>,
    }

    /// A call.
    pub struct Call {
        /// With picture.
        1 is_video: bool,
        /// Not answered.
        2 is_missed: bool,
        /// Seconds.
        3 duration: Option<u64>,
        /// A call of the group.
        4 is_group: bool,
        /// The source's word for how it ended.
        5 outcome: Option<String>,
    }

    /// Something that happened in a conversation and was not written by anybody.
    pub struct SystemEvent {
        /// A stable word, the source's own where it has one: `create_group`, `pin_message`, `encryption`; empty
        /// when the reader only knows the sentence.
        1 event: String,
        /// Facts of it.
        2 args: Vec<Fact>,
    }

    /// An import, as the log of a conversation remembers it.
    pub struct Import {
        /// When it was made, milliseconds since 1970-01-01 UTC.
        1 utc_ms: i64,
        /// The stable word of its source.
        2 source: String,
        /// Version of the app that made it.
        3 tool_version: String,
    }

    /// A named fact.
    pub struct Fact {
        /// Name.
        1 name: String,
        /// Value.
        2 value: String,
    }
}

/// What a message is, with what only that kind has.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum MessageKind {
    /// Text.
    #[default]
    Text,
    /// Files, perhaps with a caption.
    Media,
    /// A sticker.
    Sticker,
    /// A voice message.
    Voice,
    /// A place.
    Location(Location),
    /// A contact card.
    Contact(ContactCard),
    /// A poll.
    Poll(Poll),
    /// A call.
    Call(Call),
    /// Something that happened.
    System(SystemEvent),
    /// A kind no field exists for yet, under the source's word (`invoice`, `game`, `todo_list`); the raw
    /// record has all of it.
    Unsupported(String),
}

impl MessageKind {
    /// `text`, `media`, `sticker`, `voice`, `location`, `contact`, `poll`, `call`, `system`, `unsupported`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Media => "media",
            Self::Sticker => "sticker",
            Self::Voice => "voice",
            Self::Location(_) => "location",
            Self::Contact(_) => "contact",
            Self::Poll(_) => "poll",
            Self::Call(_) => "call",
            Self::System(_) => "system",
            Self::Unsupported(_) => "unsupported",
        }
    }

    fn code(&self) -> u64 {
        match self {
            Self::Text => 1,
            Self::Media => 2,
            Self::Sticker => 3,
            Self::Voice => 4,
            Self::Location(_) => 5,
            Self::Contact(_) => 6,
            Self::Poll(_) => 7,
            Self::Call(_) => 8,
            Self::System(_) => 9,
            Self::Unsupported(_) => 10,
        }
    }
}

// A plain kind is its code, a kind with a body is an array of both.
impl Field for MessageKind {
    fn put(&self, out: &mut Vec<u8>) {
        let mut with = |body: &dyn Fn(&mut Vec<u8>)| {
            put_head(out, 4, 2);
            self.code().put(out);
            body(out);
        };
        match self {
            Self::Text | Self::Media | Self::Sticker | Self::Voice => self.code().put(out),
            Self::Location(body) => with(&|out| body.put(out)),
            Self::Contact(body) => with(&|out| body.put(out)),
            Self::Poll(body) => with(&|out| body.put(out)),
            Self::Call(body) => with(&|out| body.put(out)),
            Self::System(body) => with(&|out| body.put(out)),
            Self::Unsupported(body) => with(&|out| body.put(out)),
        }
    }

    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        if !next_is_array(decoder) {
            return match u64::take(decoder)? {
                1 => Ok(Self::Text),
                2 => Ok(Self::Media),
                3 => Ok(Self::Sticker),
                4 => Ok(Self::Voice),
                code => Err(RecordError::Newer { what: "MessageKind", code }),
            };
        }
        if decoder.array().map_err(|_| malformed(decoder))? != Some(2) {
            return Err(malformed(decoder));
        }
        match u64::take(decoder)? {
            5 => Field::take(decoder).map(Self::Location),
            6 => Field::take(decoder).map(Self::Contact),
            7 => Field::take(decoder).map(Self::Poll),
            8 => Field::take(decoder).map(Self::Call),
            9 => Field::take(decoder).map(Self::System),
            10 => Field::take(decoder).map(Self::Unsupported),
            code => Err(RecordError::Newer { what: "MessageKind", code }),
        }
    }

    fn json(&self) -> Value {
        let body = match self {
            Self::Text | Self::Media | Self::Sticker | Self::Voice => return Value::from(self.word()),
            Self::Location(body) => body.json(),
            Self::Contact(body) => body.json(),
            Self::Poll(body) => body.json(),
            Self::Call(body) => body.json(),
            Self::System(body) => body.json(),
            Self::Unsupported(body) => body.json(),
        };
        serde_json::json!({ self.word(): body })
    }
}

impl Message {
    /// It was edited.
    pub fn is_edited(&self) -> bool {
        !self.edits.is_empty()
    }

    /// It is a system entry or a call: nobody wrote it.
    pub fn is_system(&self) -> bool {
        matches!(self.kind, MessageKind::System(_) | MessageKind::Call(_))
    }

    /// Identity of an entry without a native id: wall time at the source's precision, sender, text (NFC) and
    /// the names of its files. The same entry in two exports has the same fingerprint; two equal entries in the
    /// same minute share one and are told apart by counting (SOURCES 6.4).
    pub fn fingerprint(&self) -> [u8; 16] {
        static KEY: OnceLock<blake3::hazmat::ContextKey> = OnceLock::new();
        let mut hasher = ids::hasher(&KEY, "coffer chats 2026 message fingerprint");
        let local = self.time.as_ref().map_or(i64::MIN, |time| time.local_ms.unwrap_or(time.utc_ms));
        hasher.update(&local.to_be_bytes());
        update_text(&mut hasher, self.sender.as_deref().unwrap_or(""));
        update_text(&mut hasher, self.kind.word());
        update_text(&mut hasher, self.text.trim());
        for attachment in &self.attachments {
            update_text(&mut hasher, attachment.name.as_deref().unwrap_or(""));
        }
        ids::first_16(&hasher.finalize())
    }
}

/// Length first, so that two texts cannot flow into each other.
fn update_text(hasher: &mut blake3::Hasher, text: &str) {
    let normal: std::borrow::Cow<'_, str> =
        if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() };
    hasher.update(&u64::try_from(normal.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(normal.as_bytes());
}

impl Timestamp {
    /// Wall time as ISO 8601 without a zone, to the source's precision.
    pub fn local_text(&self) -> Option<String> {
        let local = self.local_ms?;
        let span = jiff::SignedDuration::from_millis(local);
        let wall = jiff::civil::DateTime::new(1970, 1, 1, 0, 0, 0, 0).ok()?.checked_add(span).ok()?;
        Some(match self.precision {
            Precision::Min => wall.strftime("%Y-%m-%dT%H:%M").to_string(),
            Precision::S => wall.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            Precision::Ms | Precision::Us | Precision::Ns => {
                wall.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
            }
        })
    }
}

impl fmt::Display for App {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}
