//! The status card, backups, and what a check of them finds.

use super::{ErrorView, JobView};
use serde::{Deserialize, Serialize};

view! {
    /// The status card and what belongs to it.
    pub struct BackupStatus {
        /// `off`, `protected`, `at_risk`, `failed`, `place_missing`, `rolled_back`, `locked`, `running`.
        pub state: String,
        /// Where backups go.
        pub place: Option<String>,
        /// Free bytes there.
        pub free: Option<u64>,
        /// Newest backup of this computer.
        pub last_backup: Option<BackupItem>,
        /// Time of the last check, and what it found.
        pub last_check: Option<CheckReport>,
        /// Backups in the place.
        pub backups: u64,
        /// Bytes in the place.
        pub bytes: u64,
        /// The job that runs now.
        pub running: Option<JobView>,
        /// Why the last run failed.
        pub failure: Option<ErrorView>,
        /// Ways to unlock that were proved.
        pub ways: u32,
        /// Those that work on another computer.
        pub ways_elsewhere: u32,
        /// Messages here that are not in the newest backup yet.
        pub unsaved_messages: u64,
        /// A run needs a way to unlock first (no keychain here).
        pub needs_unlock: bool,
    }

    /// One backup in a place.
    pub struct BackupItem {
        /// Snapshot id.
        pub id: String,
        /// When it was made, by its writer's clock.
        pub time: i64,
        /// The computer that made it.
        pub machine: String,
        /// Version that made it.
        pub made_by: String,
        /// Conversations.
        pub chats: u64,
        /// Messages.
        pub messages: u64,
        /// Media files.
        pub media: u64,
        /// Bytes before compression.
        pub bytes: u64,
        /// Messages the library had at that moment: equal to `messages` when complete.
        pub library_messages: u64,
        /// Everything in the library went in.
        pub is_complete: bool,
        /// Media known to be missing in the library then.
        pub media_missing: u64,
    }

    /// What one backup run did.
    pub struct BackupReport {
        /// The backup.
        pub backup: BackupItem,
        /// Bytes read from the library.
        pub bytes_read: u64,
        /// Bytes written to the place.
        pub bytes_stored: u64,
        /// Milliseconds.
        pub millis: u64,
    }

    /// What a check found.
    pub struct CheckReport {
        /// When it ended.
        pub time: i64,
        /// Every byte was read, not names and sizes only.
        pub every_byte: bool,
        /// No way to unlock was at hand: each file was looked at by itself, and whether all that belongs together is there was
        /// not.
        #[serde(default)]
        pub without_key: bool,
        /// Backups looked at.
        pub snapshots: u64,
        /// Files looked at.
        pub files: u64,
        /// Bytes read.
        pub bytes: u64,
        /// What is damaged.
        pub damaged: Vec<Damage>,
        /// Nothing is.
        pub is_ok: bool,
        /// Milliseconds.
        pub millis: u64,
    }

    /// One damaged file and what it means for the person.
    pub struct Damage {
        /// The file in the place.
        pub file: String,
        /// `missing`, `damaged`, `syncing`, `foreign`, `rolled_back`, `newer`, `extra`, `unneeded`: an id of a message.
        pub what: String,
        /// What cannot be read because of it.
        pub affects: Vec<Loss>,
    }

    /// Something that cannot be read: facts for a sentence, which the reader chooses by `what`.
    pub struct Loss {
        /// What kind of thing it is.
        pub what: LossKind,
        /// How many.
        pub count: u64,
        /// The chat it belongs to; none where that is not known or makes no sense.
        pub chat: Option<String>,
        /// Its own name: of a file, or of the computer that made a backup.
        pub name: Option<String>,
    }

    /// Kinds of things that can be lost; each has a sentence.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum LossKind {
        /// Messages, counted.
        Message,
        /// Messages, nobody knows how many.
        SomeMessages,
        /// Photos.
        Photo,
        /// Films.
        Video,
        /// Voice messages and other sound.
        Voice,
        /// Stickers.
        Sticker,
        /// Files of any other kind, or of a kind nobody knows any more.
        File,
        /// A file the person imported.
        Original,
        /// Chats or files whose names are lost too.
        Unnamed,
        /// Notes that make the next backup quick.
        Notes,
        /// Something a newer Coffer stored.
        Newer,
        /// A part of the list of what a backup holds.
        List,
        /// A whole backup.
        Backup,
        /// A backup this computer saw there before.
        SeenBackup,
        /// So many more things, which are not listed.
        More,
    }
}
