//! What the library gives back and is asked for: plain values, no handles.

use crate::model::{Attachment, BlobHash, Conversation, ConversationId, Message};
use crate::source::Cancel;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A conversation with its counts.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRow {
    /// What is known about it.
    pub conversation: Conversation,
    /// Messages, system entries among them.
    pub messages: u64,
    /// System entries and calls among them.
    pub system: u64,
    /// Earliest time, milliseconds UTC.
    pub first: Option<i64>,
    /// Latest time.
    pub last: Option<i64>,
    /// The last message in one line of at most 120 characters.
    pub last_line: String,
    /// Files that are here.
    pub media: u64,
    /// Their bytes; a file sent twice counts twice.
    pub media_bytes: u64,
    /// Files that are named but not here.
    pub media_missing: u64,
    /// Records in its log: grows with every change, so a backup knows whether it has all.
    pub log_length: u64,
}

/// A message at its place in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    /// Position in the conversation, from 0.
    pub position: u64,
    /// The message as it is now.
    pub message: Message,
    /// Name of its sender to show.
    pub sender_name: Option<String>,
    /// What it was before later imports changed it, oldest first.
    pub revisions: Vec<Message>,
    /// The message it answers.
    pub reply: Option<ReplyTarget>,
}

/// The message another one answers, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTarget {
    /// Its position, when it is in the conversation.
    pub position: Option<u64>,
    /// Name of its sender.
    pub sender: Option<String>,
    /// Its text, at most 200 characters.
    pub text: String,
}

/// Messages of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRow {
    /// `2026-11-20`, in the conversation's own local time where its source has one, else UTC.
    pub day: String,
    /// Position of the first.
    pub position: u64,
    /// How many.
    pub count: u64,
}

/// A tab of the media grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaTab {
    /// Pictures and stickers.
    Photos,
    /// Films, round video messages, looping films.
    Videos,
    /// Voice messages and other sound.
    Voice,
    /// Everything else.
    Files,
    /// Messages with a link; their attachment is empty but for the address in `name`.
    Links,
}

impl MediaTab {
    /// `photos`, `videos`, `voice`, `files`, `links`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "photos" => Some(Self::Photos),
            "videos" => Some(Self::Videos),
            "voice" => Some(Self::Voice),
            "files" => Some(Self::Files),
            "links" => Some(Self::Links),
            _ => None,
        }
    }
}

/// One file of the media grid.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaRow {
    /// Position of its message.
    pub position: u64,
    /// When.
    pub time: Option<i64>,
    /// The file.
    pub attachment: Attachment,
}

/// Counts of the whole library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibraryCounts {
    /// Conversations.
    pub conversations: u64,
    /// Messages.
    pub messages: u64,
    /// Different files that are here.
    pub media: u64,
    /// Their bytes.
    pub media_bytes: u64,
    /// Files that are named but not here.
    pub media_missing: u64,
    /// Records in all logs.
    pub log_length: u64,
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest {
    /// The words, with filters written in: `from:`, `in:`, `app:`, `before:`, `after:`, `has:`.
    pub text: String,
    /// Only this conversation.
    pub conversation: Option<ConversationId>,
    /// IANA zone for days in `before:` and `after:`; UTC when `None`.
    pub zone: Option<String>,
    /// At most this many hits.
    pub limit: u32,
    /// Leave out this many hits first.
    pub offset: u32,
}

/// Hits, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResult {
    /// The hits.
    pub hits: Vec<Hit>,
    /// There are more.
    pub has_more: bool,
}

/// One hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its conversation.
    pub conversation: ConversationId,
    /// That conversation's name.
    pub title: String,
    /// Position in it.
    pub position: u64,
    /// Name of the sender.
    pub sender: Option<String>,
    /// When.
    pub time: Option<i64>,
    /// The text around the first word found.
    pub snippet: String,
    /// Where the words are in `snippet`: (start, length) in UTF-16 units.
    pub marks: Vec<(u32, u32)>,
}

/// How an import run treats what it finds.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Now, milliseconds UTC: every record of the run is stamped with it.
    pub now: i64,
    /// The stable word of the source.
    pub source: String,
    /// Version of this app.
    pub tool_version: String,
    /// Where a text export, which has no id of its own, goes.
    pub join: Join,
    /// Asked before a long step at the end: a cancelled import stays apart, even where it would join another conversation.
    pub cancel: Cancel,
}

/// Where a text export goes, which has no id of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// Into the conversation it overlaps with, when the overlap is beyond doubt; else apart, and reported.
    #[default]
    Auto,
    /// Into this one: the person said so.
    Into(ConversationId),
    /// Apart: the person said so.
    Apart,
}

/// What an import run did; `read` = `added` + `updated` + `present`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// Entries the reader gave.
    pub read: u64,
    /// New in the library.
    pub added: u64,
    /// Already there, now changed; the older record is kept.
    pub updated: u64,
    /// Already there.
    pub present: u64,
    /// System entries and calls among `read`.
    pub system: u64,
    /// Files taken in or already here.
    pub media_found: u64,
    /// Files named but not in the source.
    pub media_missing: u64,
    /// Files the app itself left out.
    pub media_omitted: u64,
    /// Conversations touched, in the order they came.
    pub conversations: Vec<ConversationId>,
    /// Text exports that may belong to another conversation, kept apart until the person says.
    pub undecided: Vec<UndecidedJoin>,
}

/// A text export that overlaps with a conversation, but not beyond doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecidedJoin {
    /// The conversation it was put in.
    pub conversation: ConversationId,
    /// The one it may belong to.
    pub other: ConversationId,
    /// Equal messages.
    pub overlap: u64,
    /// Both have the same name.
    pub is_same_title: bool,
}

/// What to take of a backup's log.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// Count only, write nothing.
    pub is_dry_run: bool,
    /// Only messages from this time on, milliseconds UTC.
    pub from: Option<i64>,
    /// Only messages before this time.
    pub to: Option<i64>,
    /// Asked between two batches whether to stop.
    pub cancel: Cancel,
    /// Chats the same backup tells apart from this one: it is never taken for one of them.
    pub apart: Arc<BTreeSet<ConversationId>>,
}

/// What a merge did (or would do). Each message of the backup counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeOutcome {
    /// The conversation it went into.
    pub conversation: ConversationId,
    /// Not here before.
    pub added: u64,
    /// Here already.
    pub present: u64,
    /// Here with other content; both are kept, the later import is shown.
    pub differ: u64,
    /// Different files the taken messages have, with their sizes.
    pub blobs: Vec<(BlobHash, u64)>,
    /// True when cancelled: what was taken stays.
    pub is_cancelled: bool,
}

/// One cut of a conversation's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Place in the log, from 0.
    pub index: u64,
    /// Bytes.
    pub length: u64,
    /// Records.
    pub records: u64,
    /// BLAKE3 of the bytes.
    pub hash: [u8; 32],
}

/// A file that messages refer to and that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobUse {
    /// Its content.
    pub hash: BlobHash,
    /// Bytes.
    pub size: u64,
    /// MIME type.
    pub mime: Option<String>,
}

/// An import that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportRunRow {
    /// Number, ascending.
    pub id: i64,
    /// When, milliseconds UTC.
    pub started: i64,
    /// The stable word of the source.
    pub source: String,
    /// Version of the app that made it.
    pub tool_version: String,
    /// What it did, as JSON; empty while it runs or when it was cut off.
    pub outcome: String,
}

/// A file the person imported, kept as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRow {
    /// Its content, in the media store.
    pub hash: BlobHash,
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was taken in, milliseconds UTC.
    pub imported: i64,
    /// The stable word of the source.
    pub source: String,
}
