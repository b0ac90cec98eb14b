//! What can be wrong with a source, as facts.

use std::path::PathBuf;

/// Why chats could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The file or folder is not there.
    #[error("there is no file at {}", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The operating system refused a read.
    #[error("cannot read the source: {0}")]
    Io(#[from] std::io::Error),
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// No reader knows this file.
    #[error("no reader knows this file; it begins with {start:?}")]
    Unknown {
        /// Its kind as far as its first bytes tell: `zip`, `json`, `text`, `binary`, `folder`.
        start: &'static str,
    },
    /// The file ends before its end: a download or copy was cut off.
    #[error("{what} is cut off at byte {at}")]
    Truncated {
        /// What: `zip`, `json`.
        what: &'static str,
        /// Where it ends.
        at: u64,
    },
    /// The file is damaged in the middle.
    #[error("{what} is damaged at byte {at}")]
    Damaged {
        /// What: `zip`, `json`.
        what: &'static str,
        /// Where.
        at: u64,
    },
    /// A zip holds a name that would leave its folder, a link, an absolute path or the same name twice.
    #[error("the zip holds an unsafe name, {name:?}: {why}")]
    UnsafeName {
        /// The name, cut to 120 characters.
        name: String,
        /// `leaves the folder`, `is absolute`, `is a link`, `stands twice`.
        why: &'static str,
    },
    /// A zip would unpack to more than is sane.
    #[error("the zip would unpack to {bytes} bytes in {files} files, more than {limit} allowed")]
    TooBig {
        /// Unpacked bytes it claims or was seen to hold.
        bytes: u64,
        /// Files in it.
        files: u64,
        /// The limit that was passed, in bytes or files.
        limit: u64,
    },
    /// A zip entry cannot be read: encrypted, or by a method nobody uses for chats.
    #[error("the zip entry {name:?} cannot be read: {why}")]
    UnreadableEntry {
        /// Its name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// JSON nested deeper than any export is.
    #[error("json is nested deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where.
        at: u64,
    },
    /// A single entry is larger than any message is.
    #[error("an entry at byte {at} is larger than {limit} bytes")]
    EntryTooBig {
        /// Where it begins.
        at: u64,
        /// The limit.
        limit: u64,
    },
    /// The zone is not in the time zone database.
    #[error("there is no time zone {name:?}")]
    UnknownZone {
        /// The name as given.
        name: String,
    },
    /// The backup is encrypted by its app, and no key was given.
    #[error("the backup is encrypted by its app and needs its key ({kind})")]
    NeedsAppKey {
        /// Which: `whatsapp_digits`, `whatsapp_key_file`, `signal_recovery_key`.
        kind: &'static str,
    },
    /// An iPhone's backup that its person chose to encrypt, which is not read.
    #[error("the iPhone backup is encrypted")]
    EncryptedPhoneBackup,
    /// The backup is whole, but the app's key that was given does not open it.
    #[error("the app's key does not open this backup")]
    WrongAppKey,
    /// The app's key does not open the backup, and nothing tells whether the backup is whole.
    #[error("the app's key does not open this backup, or the backup is damaged")]
    WrongAppKeyOrDamaged,
    /// A file given as the app's key is none.
    #[error("the key file holds no key of an app")]
    UnreadableAppKey,
    /// The database is being written to: the app is open, or its copy was taken in the middle of a change.
    #[error("the database changes while it is read")]
    Changing,
    /// A source that needs a private place to work in was read without one.
    #[error("no place was given for a sealed copy of the database")]
    NoWorkroom,
    /// Stopped by the person.
    #[error("cancelled")]
    Cancelled,
    /// Bytes of the library are not a record.
    #[error("a record of the library cannot be read")]
    Record(#[from] crate::record::RecordError),
    /// The database of the library refused.
    #[error("the library's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The library refused.
    #[error(transparent)]
    Library(Box<crate::library::LibraryError>),
}
