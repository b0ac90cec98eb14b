//! The words for what can be wrong with a file of a repository.

use crate::error::ArchiveError;
use crate::store::StoreError;
use std::fmt;

/// What is the matter with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It should be there and is not: deleted, or it has not arrived yet.
    Missing,
    /// It is empty, shorter than it must be, or a placeholder of a synchroniser: it has not arrived yet.
    Partial,
    /// Its bytes are not the ones that were written.
    Damaged,
    /// It is whole, but it was not written under this repository's keys: another repository's, or forged.
    Foreign,
    /// It is whole, but written under a newer generation of keys than the keyslot files know: they were rolled back.
    RolledBack,
    /// It is whole, but in a newer format.
    Newer,
    /// It is no file of a repository.
    Extra,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Partial => "only partly there",
            Self::Damaged => "damaged",
            Self::Foreign => "of another repository or forged",
            Self::RolledBack => "of newer keys than the keyslots know",
            Self::Newer => "of a newer format",
            Self::Extra => "no file of a repository",
        })
    }
}

/// One file that is not as it should be, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file in the place.
    pub file: String,
    /// What is the matter.
    pub what: What,
    /// Names of the entries that cannot be read in full because of it, in order; of any snapshot.
    pub affected: Vec<Vec<u8>>,
    /// It still holds content that no sound file holds: damage beside the content, or content nothing was stored again of.
    pub is_sole: bool,
}

impl Damage {
    pub(crate) fn new(file: impl Into<String>, what: What) -> Self {
        Self { file: file.into(), what, affected: Vec::new(), is_sole: false }
    }
}

/// An error about reading a chunk as a fact: which file, and what is the matter. A chunk that no file has is a file
/// missing that `needed_by` needs. An error only when the place itself is gone.
pub(crate) fn of(error: ArchiveError, needed_by: &str) -> Result<(String, What), ArchiveError> {
    match error {
        ArchiveError::Damaged { file, what } => Ok((file, what)),
        ArchiveError::MissingChunk => Ok((needed_by.to_owned(), What::Missing)),
        ArchiveError::Store(StoreError::Io { .. } | StoreError::PermissionDenied) => {
            Ok((needed_by.to_owned(), What::Damaged))
        }
        other @ (ArchiveError::NotARepository
        | ArchiveError::AlreadyARepository
        | ArchiveError::Newer { .. }
        | ArchiveError::UnknownFeature
        | ArchiveError::StillSyncing { .. }
        | ArchiveError::DamagedKeyslots { .. }
        | ArchiveError::Keys(_)
        | ArchiveError::NoSuchSnapshot
        | ArchiveError::TooLarge { .. }
        | ArchiveError::UnknownChunk
        | ArchiveError::Stream { .. }
        | ArchiveError::Store(_)) => Err(other),
    }
}
