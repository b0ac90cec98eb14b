//! What the screens and the CLI are shown: plain data, no secret, no decision left to the reader.
//!
//! Times are milliseconds since 1970-01-01 UTC, sizes are bytes, ids are lower-case hex.

use serde::{Deserialize, Serialize};

/// Derives shared by everything that crosses to the window. Structs speak camelCase, enums `snake_case`.
macro_rules! view {
    ($($(#[$attribute:meta])* pub $word:tt $name:ident { $($body:tt)* })*) => { $(
        view_item! { $word $(#[$attribute])* pub $word $name { $($body)* } }
    )* };
}

/// One item of `view!`, by its keyword.
macro_rules! view_item {
    (struct $item:item) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "camelCase")]
        $item
    };
    (enum $item:item) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        $item
    };
}

mod backups;
#[cfg(test)]
mod bindings;
mod found;
mod passkey;
mod rollback;

pub use backups::*;
pub use found::*;
pub use passkey::{PasskeyKind, PinProblem, PromptPurpose, PromptStep, PromptView};
pub use rollback::*;

view! {
    /// The app as a whole: which screen to show first.
    pub struct AppView {
        /// `linux`, `macos` or `windows`.
        pub platform: String,
        /// The version of this build.
        pub version: String,
        /// The library cannot be read until a way to unlock is used.
        pub is_locked: bool,
        /// The kinds of way that open this computer's library, when locked, the best for this computer first.
        pub unlock_ways: Vec<WayKind>,
        /// What can make and use a passkey on this computer now.
        pub passkey_kinds: Vec<PasskeyKind>,
        /// There is at least one chat (false while locked).
        pub has_chats: bool,
        /// Protection was set up on this computer.
        pub is_protected: bool,
        /// The library key lies in a file only this user can read, because no way to unlock exists yet.
        pub library_key_in_file: bool,
        /// The operating system's keychain works here.
        pub keychain_available: bool,
        /// The sample chats are open, not the person's own library.
        pub is_sample: bool,
    }

    /// A kind of way to unlock.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum WayKind {
        /// A password.
        Password,
        /// The 64-digit key.
        RecoveryKey,
        /// This computer's keychain.
        Keychain,
        /// A passkey.
        Passkey,
        /// A backup key vault.
        Vault,
    }

    /// What a person says about a way that they remove.
    #[derive(Copy, Eq)]
    pub enum RemovalReason {
        /// They still have it, and nobody else knows it.
        StillMine,
        /// It is lost, or somebody else may know it: what is backed up from now on gets a new key.
        LostOrKnown,
    }

    /// What a file is, before anything is imported.
    pub struct ImportPreview {
        /// The path that was looked at.
        pub path: String,
        /// The word of its kind, `telegram_export` for one.
        pub source: String,
        /// The chats in it.
        pub chats: Vec<PreviewChat>,
        /// Everyone who writes in it, for "who is me".
        pub people: Vec<String>,
        /// The source does not say who the person is: ask.
        pub asks_me: bool,
        /// The name that is probably the person's own.
        pub me_guess: Option<String>,
        /// How dates are read, with what the file leaves open.
        pub dates: Option<DateGuess>,
        /// Media files found in the export.
        pub media_found: u64,
        /// Media named in the text but not in the export.
        pub media_missing: u64,
        /// Bytes of the source.
        pub bytes: u64,
        /// True when the source says times without a zone.
        pub needs_zone: bool,
        /// The zone of this computer, the default answer.
        pub zone_guess: String,
    }

    /// One chat of a preview.
    pub struct PreviewChat {
        /// Index in the source.
        pub index: u32,
        /// Its name.
        pub title: String,
        /// Messages in it.
        pub messages: u64,
        /// First and last time.
        pub first: Option<i64>,
        /// See `first`.
        pub last: Option<i64>,
    }

    /// How the dates of a text export are read.
    pub struct DateGuess {
        /// `dmy`, `mdy` or `ymd`.
        pub order: String,
        /// True when every line is possible in both orders: ask.
        pub is_undecided: bool,
        /// A line of the file.
        pub sample: String,
        /// That line's time under each possible order: (order, local time as ISO 8601).
        pub readings: Vec<(String, String)>,
    }

    /// What to import and how.
    pub struct ImportRequest {
        /// File or folder.
        pub path: String,
        /// IANA zone of the phone that made a text export.
        pub zone: Option<String>,
        /// The name that is "me".
        pub me: Option<String>,
        /// `dmy`, `mdy` or `ymd`.
        pub date_order: Option<String>,
        /// Keep the imported files themselves.
        pub keep_originals: bool,
        /// Only these chats (indexes of the preview); all when `None`.
        pub chats: Option<Vec<u32>>,
    }

    /// A count with its reason.
    pub struct ReasonCount {
        /// A stable word, an id of a message: `unreadable_line`, `unsupported_kind`, ...
        pub reason: String,
        /// How many.
        pub count: u64,
        /// Where the first ones are: "line 12", "messages[7]".
        pub examples: Vec<String>,
    }

    /// What an import did; `read` = `added` + `updated` + `present` + those in `skipped` that are in no record
    /// (`bad_text`, `bad_date` and `unsupported_kind` count entries that were kept).
    pub struct ImportReport {
        /// The word of its kind, `telegram_export` for one.
        pub source: String,
        /// Chats touched.
        pub chats: u64,
        /// Entries of the source.
        pub read: u64,
        /// New in the library.
        pub added: u64,
        /// Already there, now changed; the older text is kept.
        pub updated: u64,
        /// Already there.
        pub present: u64,
        /// System entries among those (group changes, calls).
        pub system: u64,
        /// Not kept, and why.
        pub skipped: Vec<ReasonCount>,
        /// Media files taken in.
        pub media_found: u64,
        /// Media named but not in the source.
        pub media_missing: u64,
        /// Media the app itself left out.
        pub media_omitted: u64,
        /// Questions the file leaves open, answered by a default.
        pub undecided: Vec<String>,
        /// What the app leaves out of its own export, which no count shows: `no_disappearing`.
        pub notes: Vec<String>,
        /// True when cancelled: what was added stays.
        pub is_cancelled: bool,
        /// The chats touched, to open them.
        pub chat_ids: Vec<String>,
    }

    /// A row of the chat list.
    pub struct ChatRow {
        /// Conversation id.
        pub id: String,
        /// Its name.
        pub title: String,
        /// `WhatsApp`, `Telegram`.
        pub app: String,
        /// `direct`, `group`, `channel`, `saved`.
        pub kind: String,
        /// Messages in it.
        pub messages: u64,
        /// First and last time.
        pub first: Option<i64>,
        /// See `first`.
        pub last: Option<i64>,
        /// The last message in one line.
        pub last_line: String,
        /// Media bytes and files.
        pub media: u64,
        /// People in it.
        pub people: Vec<String>,
        /// Media named but missing.
        pub media_missing: u64,
    }

    /// A run of messages of a chat.
    pub struct MessageRange {
        /// Offset of the first.
        pub offset: u64,
        /// Messages in the whole chat.
        pub total: u64,
        /// The messages.
        pub messages: Vec<MessageView>,
    }

    /// One message.
    pub struct MessageView {
        /// Message id.
        pub id: String,
        /// Position in the chat, from 0.
        pub position: u64,
        /// Time.
        pub time: Option<i64>,
        /// `ms`, `s` or `min`.
        pub precision: String,
        /// The zone of the time is known.
        pub zone_known: bool,
        /// Local wall time as the source wrote it, ISO 8601 without zone.
        pub local_time: Option<String>,
        /// Name of the sender; none for system entries.
        pub sender: Option<String>,
        /// Sent by the person.
        pub is_me: bool,
        /// `text`, `media`, `sticker`, `voice`, `location`, `contact`, `poll`, `call`, `system`, `unsupported`.
        pub kind: String,
        /// Text as people read it.
        pub text: String,
        /// Parts of the text with a meaning: bold, links, mentions.
        pub entities: Vec<EntityView>,
        /// Files.
        pub attachments: Vec<AttachmentView>,
        /// The quoted message.
        pub reply_to: Option<QuoteView>,
        /// Whom it was forwarded from.
        pub forwarded_from: Option<String>,
        /// Reactions.
        pub reactions: Vec<ReactionView>,
        /// It was edited.
        pub is_edited: bool,
        /// Earlier texts, oldest first, where known.
        pub revisions: Vec<RevisionView>,
        /// It was deleted in the app.
        pub is_deleted: bool,
        /// A poll's options.
        pub poll: Option<PollView>,
        /// A place.
        pub location: Option<LocationView>,
        /// A call.
        pub call: Option<CallView>,
        /// Name on a contact card.
        pub contact: Option<String>,
    }

    /// A part of a text; positions count UTF-16 units, as JavaScript does.
    pub struct EntityView {
        /// First unit.
        pub start: u32,
        /// Units.
        pub length: u32,
        /// `bold`, `italic`, `code`, `link`, `mention`, ...
        pub kind: String,
        /// A link's address.
        pub value: Option<String>,
    }

    /// A file of a message.
    pub struct AttachmentView {
        /// Content hash; none when the file is not here.
        pub hash: Option<String>,
        /// `photo`, `video`, `voice`, `audio`, `file`, `sticker`, `gif`.
        pub kind: String,
        /// File name in the source.
        pub name: Option<String>,
        /// MIME type, sniffed.
        pub mime: String,
        /// Bytes.
        pub size: u64,
        /// `present`, `missing`, `omitted`, `too_large`.
        pub state: String,
        /// Milliseconds of sound or film.
        pub duration: Option<u64>,
    }

    /// The message another one answers.
    pub struct QuoteView {
        /// Position in the chat, to jump there.
        pub position: Option<u64>,
        /// Who wrote it.
        pub sender: Option<String>,
        /// Its beginning.
        pub text: String,
    }

    /// A reaction.
    pub struct ReactionView {
        /// The sign.
        pub emoji: String,
        /// How many.
        pub count: u32,
        /// Who, where known.
        pub people: Vec<String>,
    }

    /// An earlier text of an edited message.
    pub struct RevisionView {
        /// When it was replaced.
        pub time: Option<i64>,
        /// The text.
        pub text: String,
    }

    /// A poll.
    pub struct PollView {
        /// The question.
        pub question: String,
        /// Options with their votes.
        pub options: Vec<(String, Option<u32>)>,
    }

    /// A place.
    pub struct LocationView {
        /// Degrees north.
        pub latitude: Option<f64>,
        /// Degrees east.
        pub longitude: Option<f64>,
        /// Its name.
        pub name: Option<String>,
        /// The address as written.
        pub url: Option<String>,
    }

    /// A call.
    pub struct CallView {
        /// With picture.
        pub is_video: bool,
        /// Not answered.
        pub is_missed: bool,
        /// Seconds.
        pub duration: Option<u64>,
    }

    /// Messages of one day.
    pub struct DayCount {
        /// `2026-11-20`, in the chat's own local time.
        pub day: String,
        /// Position of its first message.
        pub position: u64,
        /// How many.
        pub count: u64,
    }

    /// What to look for.
    pub struct SearchQuery {
        /// The words, with filters written in: `from:`, `in:`, `app:`, `before:`, `after:`, `has:`.
        pub text: String,
        /// Only this chat.
        pub chat: Option<String>,
        /// How many hits.
        pub limit: u32,
        /// From which hit.
        pub offset: u32,
    }

    /// Hits, newest first.
    pub struct SearchPage {
        /// The hits.
        pub hits: Vec<SearchHit>,
        /// There are more.
        pub has_more: bool,
    }

    /// One hit.
    pub struct SearchHit {
        /// Conversation id.
        pub chat: String,
        /// Its name.
        pub title: String,
        /// Position in the chat.
        pub position: u64,
        /// Who.
        pub sender: Option<String>,
        /// When.
        pub time: Option<i64>,
        /// The text around the hit.
        pub snippet: String,
        /// Where the words are in `snippet`: (start, length) in UTF-16 units.
        pub marks: Vec<(u32, u32)>,
    }

    /// One file of a chat's media grid.
    pub struct MediaItem {
        /// The message's position.
        pub position: u64,
        /// When.
        pub time: Option<i64>,
        /// The file.
        pub attachment: AttachmentView,
    }

    /// A folder a person picked for backups, looked at but not changed.
    pub struct PlaceView {
        /// The path.
        pub path: String,
        /// `empty`, `has_backups`, `other_files`, `missing`, `read_only`, `not_a_folder`.
        pub kind: String,
        /// Free bytes, where known.
        pub free: Option<u64>,
        /// A subfolder that can be used instead when the place holds other things.
        pub suggested: Option<String>,
    }

    /// Protection as the screen shows it.
    pub struct ProtectionView {
        /// `off`, `at_risk`, `protected`.
        pub state: String,
        /// Where backups go.
        pub place: Option<String>,
        /// A short id people can compare (first 8 hex digits).
        pub backup_id: Option<String>,
        /// The ways, oldest first; the keychain is not one of them.
        pub ways: Vec<WayView>,
        /// Ways that work on another computer, proved.
        pub ways_elsewhere: u32,
        /// This computer can back up without asking.
        pub automatic: bool,
        /// Changes need a fresh unlock first.
        pub needs_unlock: bool,
        /// A set-up was begun and its 64-digit key or password is not proved yet.
        pub pending: Option<String>,
    }

    /// One way to unlock.
    pub struct WayView {
        /// Slot id.
        pub id: String,
        /// Kind.
        pub kind: WayKind,
        /// The person's name for it.
        pub name: String,
        /// When it was added.
        pub added: i64,
        /// Last used on this computer.
        pub last_used: Option<i64>,
        /// Last tested on this computer.
        pub last_tested: Option<i64>,
        /// What holds it, for a passkey.
        pub passkey_kind: Option<PasskeyKind>,
        /// `this_computer`, `this_key`, `synced`, `anywhere`.
        pub reach: String,
        /// It has really opened the backup once.
        pub is_proved: bool,
    }

    /// How strong a password is.
    pub struct PasswordEstimate {
        /// 0 to 4.
        pub score: u8,
        /// Long enough and not easily guessed.
        pub is_accepted: bool,
        /// `too_short`, `common`, `guessable` or none: an id of a message.
        pub problem: Option<String>,
        /// Id of the offline guessing time in words: `minutes`, `hours`, `days`, `months`, `years`, `centuries`.
        pub guess_time: String,
        /// Tips, ids of messages.
        pub tips: Vec<String>,
    }

    /// Which two groups of the 64-digit key to ask for. The digits travel apart, once.
    pub struct RecoveryKeyView {
        /// Slot id.
        pub way: String,
        /// 16 groups of 4 digits. Shown once, never kept by the window after it.
        pub groups: Vec<String>,
        /// The two groups to ask for, from 1.
        pub ask: (u8, u8),
    }

    /// A typed 64-digit key, row by row, while typing.
    pub struct DigitsView {
        /// Rows (1 to 8) with a typing mistake.
        pub wrong_rows: Vec<u8>,
        /// All 64 digits are there and every row is right.
        pub is_complete: bool,
        /// Digits seen so far.
        pub digits: u8,
    }

    /// The answer of "Test": it really opened the newest backup.
    pub struct WayTest {
        /// The way that opened.
        pub way: WayKind,
        /// Time of the backup it opened, none when there is none yet.
        pub backup: Option<i64>,
        /// Chats read to prove it.
        pub chats: u64,
        /// Milliseconds it took.
        pub millis: u64,
    }

    /// Backups found at a place, before unlocking: nothing secret is known yet.
    pub struct OpenedBackup {
        /// Session id for the calls that follow.
        pub session: String,
        /// The place.
        pub place: String,
        /// A short id people can compare.
        pub backup_id: String,
        /// The kinds of way this place has, the best for this computer first.
        pub ways: Vec<WayKind>,
        /// Files that did not arrive yet or are damaged, said before any prompt.
        pub notes: Vec<Damage>,
        /// Other places with backups found below this one.
        pub also_found: Vec<String>,
    }

    /// What to restore.
    pub struct RestoreRequest {
        /// The opened place.
        pub session: String,
        /// The backup; the newest of each computer when `None`.
        pub backup: Option<String>,
        /// Only these chats.
        pub chats: Option<Vec<String>>,
        /// Take media too.
        pub with_media: bool,
        /// Only messages from this time on.
        pub from: Option<i64>,
        /// Only messages before this time.
        pub to: Option<i64>,
    }

    /// Counts of a restore, dry or done.
    pub struct RestoreReport {
        /// Messages that were (or would be) added.
        pub added: u64,
        /// Already here.
        pub present: u64,
        /// Here with other content; both are kept.
        pub differ: u64,
        /// Chats touched.
        pub chats: u64,
        /// Media files restored.
        pub media: u64,
        /// Bytes of media.
        pub bytes: u64,
        /// What could not be restored, by name.
        pub missing: Vec<Damage>,
        /// True when cancelled.
        pub is_cancelled: bool,
    }

    /// A job as it goes on.
    pub struct JobView {
        /// Job id.
        pub id: u64,
        /// `import`, `backup`, `check`, `restore`.
        pub kind: String,
        /// `running`, `done`, `failed`, `cancelled`.
        pub state: String,
        /// `reading`, `people`, `media`, `index`, `preparing`, `encrypting`, `saving`, `checking`, `opening`, `restoring`.
        pub phase: String,
        /// Work done and in all, in bytes where known, else in items; `total` 0 = not known yet.
        pub done: u64,
        /// See `done`.
        pub total: u64,
        /// Milliseconds since the start.
        pub millis: u64,
        /// Its result.
        pub outcome: Option<JobOutcome>,
        /// Why it failed.
        pub error: Option<ErrorView>,
    }

    /// The result of a job.
    #[serde(tag = "kind", content = "report")]
    pub enum JobOutcome {
        /// Of an import.
        Import(ImportReport),
        /// Of a backup.
        Backup(BackupReport),
        /// Of a check.
        Check(CheckReport),
        /// Of a restore.
        Restore(RestoreReport),
    }

    /// An error as it crosses to the window: a code the screen has a sentence for, and facts for that sentence.
    pub struct ErrorView {
        /// See `ErrorCode`.
        pub code: String,
        /// Facts: a row number, a file name inside the source, a size. Never a secret.
        pub detail: Option<String>,
        /// The account name of a passkey that was made just now and serves nothing: to be deleted by the person.
        #[serde(default)]
        pub unused_passkey: Option<String>,
    }
}
