//! What every reader of chats offers: recognise a path by its content, preview it, read it into a [`Sink`].

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app_key::AppKey;
use crate::error::ChatError;
use crate::model::{Conversation, Message};
use crate::sealed_copy::Workroom;

mod open;
mod overview;
mod trees;

pub use open::{originals, preview, read, recognise};
pub use overview::{Preview, PreviewChat};

/// A kind of source this build reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// WhatsApp "Export chat": text, zip with media, or the unpacked folder.
    WhatsAppExport,
    /// Telegram Desktop JSON: one chat or a whole account.
    TelegramExport,
    /// WhatsApp's own database on Android, in clear or as an encrypted backup.
    WhatsAppAndroid,
    /// WhatsApp's own database on an iPhone or a Mac.
    WhatsAppIos,
    /// A backup of an iPhone that is not encrypted, with the chats of its apps.
    IphoneBackup,
    /// Apple's Messages of a Mac or an iPhone.
    IMessage,
    /// Signal's export in clear: `main.jsonl` and files.
    SignalExport,
    /// Signal's local backup, encrypted under its recovery key.
    SignalBackup,
    /// SMS Backup & Restore: text messages, picture messages and calls of an Android phone.
    SmsBackup,
    /// Messenger or Instagram: the download in JSON, or the end-to-end encrypted export.
    MetaExport,
    /// A workspace of Slack.
    SlackExport,
}

impl SourceKind {
    /// The stable word: `whatsapp_export`, `telegram_export`, …
    pub fn word(self) -> &'static str {
        match self {
            Self::WhatsAppExport => "whatsapp_export",
            Self::TelegramExport => "telegram_export",
            Self::WhatsAppAndroid => "whatsapp_android",
            Self::WhatsAppIos => "whatsapp_ios",
            Self::IphoneBackup => "iphone_backup",
            Self::IMessage => "imessage",
            Self::SignalExport => "signal_export",
            Self::SignalBackup => "signal_backup",
            Self::SmsBackup => "sms_backup",
            Self::MetaExport => "meta_export",
            Self::SlackExport => "slack_export",
        }
    }

    /// Every source of this kind says which messages are the person's own.
    pub fn knows_me(self) -> bool {
        match self {
            Self::WhatsAppExport | Self::TelegramExport | Self::MetaExport | Self::SlackExport => false,
            Self::WhatsAppAndroid | Self::WhatsAppIos | Self::IphoneBackup | Self::IMessage => true,
            Self::SignalExport | Self::SignalBackup | Self::SmsBackup => true,
        }
    }
}

/// What a path was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The reader.
    pub source: SourceKind,
    /// 1 (may be) to 100 (certain).
    pub confidence: u8,
}

/// Order of day, month and year in a text export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

impl DateOrder {
    /// `dmy`, `mdy`, `ymd`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
            Self::Ymd => "ymd",
        }
    }

    /// The order with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Dmy, Self::Mdy, Self::Ymd].into_iter().find(|order| order.word() == word)
    }
}

/// Zone of the times in a source that gives none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// Nobody said: times are taken as UTC and every one is marked as resting on an assumption.
    #[default]
    Unknown,
    /// A guess, such as this computer's zone (IANA name); times are marked as resting on an assumption.
    Assumed(String),
    /// The person said so (IANA name).
    Known(String),
}

/// Answers to what a source leaves open.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Zone of local times.
    pub zone: Zone,
    /// Name (or key) of the participant who is the person.
    pub me: Option<String>,
    /// Order of dates; decided from the file when `None`.
    pub date_order: Option<DateOrder>,
    /// Only these chats, by [`PreviewChat::index`]; all when `None`.
    pub chats: Option<Vec<u32>>,
    /// The app's own key, where the source is encrypted by its app.
    pub app_key: Option<Arc<AppKey>>,
    /// Where a database is copied to, sealed; sources that are databases need it.
    pub workroom: Option<Workroom>,
}

/// Stops a reader between two entries; clones share the switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the reader to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// It was asked to.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Opens the files of the message at hand.
pub trait MediaOpener {
    /// The content of `message.attachments[index]`; `None` when it is not in the source.
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError>;
}

/// Takes what a reader finds. For each conversation: `conversation`, its messages in order, `conversation_end`.
pub trait Sink {
    /// A conversation begins; its participants may still be incomplete.
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError>;
    /// An entry of the current conversation. Attachments in state `Present` can be opened through `media`.
    fn message(&mut self, message: Message, media: &mut dyn MediaOpener) -> Result<(), ChatError>;
    /// The conversation ends; now all its participants are known.
    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError>;
    /// Something was not read; the reader counts it too.
    fn skipped(&mut self, reason: SkipReason, place: &str) {
        let _ = (reason, place);
    }
    /// Bytes of the source read so far and in all; `total` 0 = not known.
    fn progress(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }
}

/// Why something of a source is not in the result, or not as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// Text before the first entry.
    UnreadableLine,
    /// A header-like line with an impossible date was kept as text of the entry before it.
    ImpossibleDate,
    /// An entry of JSON that is not a message object.
    UnreadableEntry,
    /// The file ends inside this entry.
    CutOff,
    /// A chat without an entry list.
    UnreadableChat,
    /// A row an app puts at the beginning of its table and shows to nobody.
    Placeholder,
    /// An entry whose chat is not in the database any more: it was deleted in the app.
    DeletedChat,
    /// A row that says again what another row of the same database says.
    Repeated,
    /// A part of the source whose kind this build does not know.
    UnknownPart,
}

impl SkipReason {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::UnreadableLine => "unreadable_line",
            Self::ImpossibleDate => "impossible_date",
            Self::UnreadableEntry => "unreadable_entry",
            Self::CutOff => "cut_off",
            Self::UnreadableChat => "unreadable_chat",
            Self::Placeholder => "placeholder",
            Self::DeletedChat => "deleted_chat",
            Self::Repeated => "repeated",
            Self::UnknownPart => "unknown_part",
        }
    }
}

/// A count with the places of its first cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// Where the first are: `line 12`, `messages[7]`.
    pub examples: Vec<String>,
}

impl Counted {
    const MAX_EXAMPLES: usize = 5;

    /// Counts one more.
    pub fn add(&mut self, place: &str) {
        self.count += 1;
        if self.examples.len() < Self::MAX_EXAMPLES {
            self.examples.push(place.to_owned());
        }
    }
}

/// A question the source leaves open and a default answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Undecided {
    /// Day and month could be either way round in every line.
    DateOrder,
    /// Times have no zone and none was given.
    Zone,
}

impl Undecided {
    /// The stable word: `date_order`, `zone`.
    pub fn word(self) -> &'static str {
        match self {
            Self::DateOrder => "date_order",
            Self::Zone => "zone",
        }
    }
}

/// What an app leaves out of its own export, so that no count can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Note {
    /// Messages that disappear, and files to be looked at once.
    NoDisappearing,
}

impl Note {
    /// The stable word: `no_disappearing`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoDisappearing => "no_disappearing",
        }
    }
}

/// What a reading did.
#[derive(Clone, Debug)]
pub struct ReadReport {
    /// The reader.
    pub source: SourceKind,
    /// Conversations read.
    pub conversations: u64,
    /// Entries given to the sink.
    pub read: u64,
    /// System entries and calls among them.
    pub system: u64,
    /// Entries of a kind no field exists for yet; they are kept with their raw record.
    pub unsupported: BTreeMap<String, Counted>,
    /// Not read, and why.
    pub skipped: BTreeMap<SkipReason, Counted>,
    /// Entries whose bytes are not UTF-8: text has replacement signs, raw has the bytes.
    pub bad_text: Counted,
    /// Files found in the source.
    pub media_found: u64,
    /// Files named but not there.
    pub media_missing: u64,
    /// Files the app left out.
    pub media_omitted: u64,
    /// Questions answered by a default.
    pub undecided: Vec<Undecided>,
    /// The source is cut off or damaged from here on; what came before was read.
    pub damage: Option<Damage>,
    /// The person stopped it; what came before was read.
    pub is_cancelled: bool,
    /// Bytes of the source.
    pub bytes: u64,
    /// Some times were local ones without a zone.
    pub has_local_times: bool,
    /// Name of the person, where the source itself says it.
    pub own_name: Option<String>,
    /// The source itself says which messages are the person's: nothing to ask.
    pub knows_me: bool,
    /// How dates were read, of the first text that leaves it open, else of the first text.
    pub dates: Option<DateGuess>,
    /// Rows of a database's other tables, the app's own bookkeeping: only in the original file.
    pub beside: BTreeMap<String, u64>,
    /// What the app left out on its own.
    pub notes: Vec<Note>,
}

/// Where a source stops making sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// It simply ends (a cut-off download), rather than holding wrong bytes.
    pub is_cut_off: bool,
    /// Byte offset.
    pub at: u64,
}

impl ReadReport {
    /// A report of nothing yet.
    pub fn new(source: SourceKind) -> Self {
        Self {
            source,
            conversations: 0,
            read: 0,
            system: 0,
            unsupported: BTreeMap::new(),
            skipped: BTreeMap::new(),
            bad_text: Counted::default(),
            media_found: 0,
            media_missing: 0,
            media_omitted: 0,
            undecided: Vec::new(),
            damage: None,
            is_cancelled: false,
            bytes: 0,
            has_local_times: false,
            own_name: None,
            knows_me: source.knows_me(),
            dates: None,
            beside: BTreeMap::new(),
            notes: Vec::new(),
        }
    }
}

/// How the dates of a text export are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateGuess {
    /// The order used.
    pub order: DateOrder,
    /// Every line is possible in more than one order: ask.
    pub is_undecided: bool,
    /// The time of a line as the file writes it; one that tells the orders apart where there is one.
    pub sample: String,
    /// That time under each order that fits the whole file, ISO 8601 without zone.
    pub readings: Vec<(DateOrder, String)>,
}
