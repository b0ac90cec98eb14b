//! The lower crates' failures in the engine's words.

use crate::error::Error;
use coffer_archive::{ArchiveError, StoreError, What};
use coffer_chats::ChatError;
use coffer_chats::library::LibraryError;
use coffer_chats::media::MediaError;
use std::io;

impl From<ChatError> for Error {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotFound { .. } => Self::FileMissing,
            ChatError::Io(error) => reading("the source", &error),
            ChatError::Empty => Self::EmptyFile,
            ChatError::Unknown { .. } => Self::UnknownFile,
            ChatError::Truncated { .. } => Self::TruncatedFile,
            ChatError::Damaged { what, at } => Self::Damaged { what: format!("{what}, byte {at}") },
            ChatError::UnsafeName { why, .. } => Self::UnsafeFile { reason: why.to_owned() },
            ChatError::TooBig { .. } => Self::UnsafeFile { reason: "unpacks to too much".to_owned() },
            ChatError::TooDeep { .. } => Self::UnsafeFile { reason: "is nested too deep".to_owned() },
            ChatError::EntryTooBig { .. } => {
                Self::UnsafeFile { reason: "holds an entry that is too big".to_owned() }
            }
            ChatError::UnreadableEntry { why, .. } => Self::UnsafeFile { reason: why.to_owned() },
            ChatError::UnknownZone { .. } => Self::ZoneUnknown,
            ChatError::NeedsAppKey { kind } => Self::NeedsAppKey { kind },
            ChatError::WrongAppKey | ChatError::WrongAppKeyOrDamaged | ChatError::UnreadableAppKey => {
                Self::WrongAppKey
            }
            ChatError::EncryptedPhoneBackup => Self::EncryptedPhoneBackup,
            ChatError::Changing => Self::SourceInUse,
            ChatError::Cancelled => Self::Cancelled,
            ChatError::Record(_) => Self::Damaged { what: "a record".to_owned() },
            ChatError::Library(error) => Self::from(*error),
            ChatError::Database(_) | _ => Self::storage("the source"),
        }
    }
}

impl From<LibraryError> for Error {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::WrongKey | LibraryError::Damaged { .. } => {
                Self::Damaged { what: "library".to_owned() }
            }
            LibraryError::Newer { .. } => Self::NewerFormat,
            LibraryError::Busy => Self::Busy,
            LibraryError::NoSpace => Self::DiskFull,
            LibraryError::ReadOnly => Self::storage("the library is read-only"),
            LibraryError::NoSuchConversation(_) => Self::NoSuchChat,
            LibraryError::UnknownZone(_) => Self::ZoneUnknown,
            LibraryError::Record(_) => Self::Damaged { what: "a record".to_owned() },
            LibraryError::Media(error) => Self::from(error),
            LibraryError::Io(error) => Self::from_io("the library", &error),
            LibraryError::Source(error) => Self::from(*error),
            LibraryError::Broken | LibraryError::Database(_) | _ => Self::storage("the library's database"),
        }
    }
}

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Missing(hash) => Self::Damaged { what: format!("media {}", short(&hash)) },
            MediaError::Damaged { hash, .. } => Self::Damaged { what: format!("media {}", short(&hash)) },
            MediaError::NoSpace => Self::DiskFull,
            MediaError::Source(error) => reading("a media file of the source", &error),
            MediaError::Io(error) => Self::from_io("the media store", &error),
            _ => Self::storage("the media store"),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::Damaged { what: "a file of the backup is missing".to_owned() },
            StoreError::Exists | StoreError::BadName => Self::storage("a file name of the place is taken"),
            StoreError::TooLarge { .. } => {
                Self::Damaged { what: "a file of the backup is too large".to_owned() }
            }
            StoreError::NoSpace => Self::PlaceFull,
            StoreError::ReadOnly | StoreError::PermissionDenied => Self::PlaceReadOnly,
            StoreError::Unreachable => Self::PlaceMissing,
            StoreError::Io { kind } => Self::Storage { what: format!("the place: {kind}") },
            _ => Self::storage("the place"),
        }
    }
}

impl From<ArchiveError> for Error {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NotARepository => Self::NotABackup,
            ArchiveError::AlreadyARepository => Self::ExistingBackups { backup_id: None },
            ArchiveError::Newer { .. } | ArchiveError::UnknownFeature => Self::NewerFormat,
            ArchiveError::StillSyncing { missing } => Self::StillSyncing { missing },
            ArchiveError::DamagedKeyslots { .. } => Self::Damaged { what: "keyslots".to_owned() },
            ArchiveError::Keys(error) => Self::from(error),
            ArchiveError::Damaged { what: What::Newer, .. } => Self::NewerFormat,
            ArchiveError::Damaged { file, .. } => Self::Damaged { what: file },
            ArchiveError::MissingChunk => Self::Damaged { what: "a pack is missing".to_owned() },
            ArchiveError::NoSuchSnapshot => Self::NoSuchBackup,
            ArchiveError::TooLarge { what } => Self::Storage { what: format!("{what} is beyond its bound") },
            ArchiveError::UnknownChunk => Self::storage("a chunk was not stored"),
            ArchiveError::Stream { kind } => Self::from_io("copying", &io::Error::from(kind)),
            ArchiveError::Store(error) => Self::from(error),
            _ => Self::storage("the backup"),
        }
    }
}

/// The error of a failed read of something the person chose.
pub(crate) fn reading(what: &str, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound { Error::FileMissing } else { Error::from_io(what, error) }
}

fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}
