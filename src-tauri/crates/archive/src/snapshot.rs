//! One backup: what is in it, who made it, and which backup of that writer came before.

/// What a chunk holds; part of its id, and what decides on compression and on the pack it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChunkKind {
    /// A segment of a conversation's log.
    Messages,
    /// A piece of a media file.
    Media,
    /// A piece of a file the person imported.
    Original,
    /// A part of a snapshot's tree, or what the app keeps beside chats.
    Meta,
}

/// One chunk, named by what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkRef {
    /// What it holds.
    pub kind: ChunkKind,
    /// Keyed hash of kind and content; never visible outside ciphertext.
    pub id: [u8; 32],
    /// Bytes of its content.
    pub length: u32,
}

/// A named run of bytes in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; any bytes, unique in the snapshot. Never a path of any file system.
    pub name: Vec<u8>,
    /// The kind of all its chunks.
    pub kind: ChunkKind,
    /// Bytes of all chunks together.
    pub length: u64,
    /// Its chunks in order.
    pub chunks: Vec<ChunkRef>,
    /// What the app notes beside the content, at most 1 MiB.
    pub meta: Vec<u8>,
}

/// A snapshot's name in the place: the BLAKE3 hash of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub [u8; 32]);

/// One home that makes backups: random, drawn once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub [u8; 16]);

/// The newest snapshot of a writer, as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// Whose.
    pub writer: WriterId,
    /// Its place in that writer's chain, from 1.
    pub sequence: u64,
    /// Which.
    pub id: SnapshotId,
}

/// Who makes a backup.
#[derive(Clone, Debug)]
pub struct WriterInfo {
    /// This home's writer id.
    pub id: WriterId,
    /// The newest snapshot this home knows to be its own (its pin); `None` before the first.
    pub last: Option<Head>,
    /// The computer's name.
    pub machine: String,
    /// The version of the app.
    pub version: String,
}

/// What a backup holds beside what the library held at that moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Conversations in the backup.
    pub conversations: u64,
    /// Messages in the backup.
    pub messages: u64,
    /// Media files in the backup.
    pub media: u64,
    /// Conversations in the library.
    pub library_conversations: u64,
    /// Messages in the library.
    pub library_messages: u64,
    /// Media files in the library.
    pub library_media: u64,
    /// Media named by messages of which the library has no file.
    pub library_media_missing: u64,
}

impl Counts {
    /// Everything in the library went in.
    pub fn is_complete(&self) -> bool {
        self.conversations == self.library_conversations
            && self.messages == self.library_messages
            && self.media == self.library_media
    }
}

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its name.
    pub id: SnapshotId,
    /// Who made it.
    pub writer: WriterId,
    /// Its place in the writer's chain, from 1.
    pub sequence: u64,
    /// The snapshot of the same writer before it.
    pub previous: Option<SnapshotId>,
    /// When, in milliseconds since 1970 UTC, by the writer's clock: shown, never trusted.
    pub time: i64,
    /// The computer's name.
    pub machine: String,
    /// The version of the app that made it.
    pub version: String,
    /// What it holds.
    pub counts: Counts,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of all entries before compression.
    pub bytes: u64,
    /// The newest snapshots of the other writers its writer had seen.
    pub heads: Vec<Head>,
    /// The generation of the data key it is sealed under.
    pub generation: u32,
}
