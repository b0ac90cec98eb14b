//! What can be wrong with the library, as facts.

use crate::error::ChatError;
use crate::media::MediaError;
use crate::record::RecordError;

/// Why the library did not do what was asked. What was there before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The key is not the one this library was made with.
    #[error("the library does not open with this key")]
    WrongKey,
    /// The key is right, but the file is not what was written.
    #[error("the library file is damaged: {what}")]
    Damaged {
        /// Which part.
        what: &'static str,
    },
    /// A newer version of this app wrote it.
    #[error("the library has version {found}, this app knows {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version this build reads.
        known: i64,
    },
    /// Another import or restore is going on.
    #[error("the library is being written by another import or restore")]
    Busy,
    /// An earlier write of this run failed, so it writes nothing more.
    #[error("an earlier write of this run failed")]
    Broken,
    /// The disk is full; nothing was changed.
    #[error("the disk is full")]
    NoSpace,
    /// The library cannot be written here.
    #[error("the library is read-only")]
    ReadOnly,
    /// No conversation has this id.
    #[error("no conversation {0} is in the library")]
    NoSuchConversation(String),
    /// A zone name nobody knows.
    #[error("there is no time zone {0:?}")]
    UnknownZone(String),
    /// Bytes of the log are not records.
    #[error("a record of the log cannot be read")]
    Record(#[from] RecordError),
    /// The source of an import failed.
    #[error(transparent)]
    Source(Box<ChatError>),
    /// The media store failed.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The database failed in another way.
    #[error("the library's database failed")]
    Database(#[source] rusqlite::Error),
    /// A file beside the database could not be read or written.
    #[error("the library's folder could not be read or written")]
    Io(#[from] std::io::Error),
}

impl From<rusqlite::Error> for LibraryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let code = error.sqlite_error_code();
        let is = |wanted: ErrorCode| code == Some(wanted);
        if is(ErrorCode::NotADatabase) {
            Self::WrongKey
        } else if is(ErrorCode::DatabaseCorrupt) {
            Self::Damaged { what: "a page does not verify" }
        } else if is(ErrorCode::DiskFull) {
            Self::NoSpace
        } else if is(ErrorCode::ReadOnly) {
            Self::ReadOnly
        } else if is(ErrorCode::DatabaseBusy) || is(ErrorCode::DatabaseLocked) {
            Self::Busy
        } else {
            Self::Database(error)
        }
    }
}

impl From<LibraryError> for ChatError {
    fn from(error: LibraryError) -> Self {
        if let LibraryError::Source(source) = error { *source } else { Self::Library(Box::new(error)) }
    }
}
