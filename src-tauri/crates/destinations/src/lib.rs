//! Places a repository can lie in: implementations of the archive's [`Store`].

mod folder;

pub use folder::FolderStore;

use coffer_archive::{Store, StoreError};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a repository lies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A folder: on this computer, on a drive, or one that another program synchronises.
    Folder(PathBuf),
}

/// Why a text is no location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// There is nothing in it.
    #[error("the location is empty")]
    Empty,
    /// A folder is named from its root, because the current folder is another one next time.
    #[error("the folder is not named from its root")]
    Relative,
    /// A kind of place this version does not know.
    #[error("this kind of place is not known")]
    UnknownKind,
}

impl Location {
    /// Reads a path, or a `file://` address without a host.
    ///
    /// # Errors
    /// [`LocationError`] says what keeps it from being a location.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if text.trim().is_empty() {
            return Err(LocationError::Empty);
        }
        let path = match text.split_once("://") {
            Some(("file", path)) => path,
            Some((kind, _)) if kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => {
                return Err(LocationError::UnknownKind);
            }
            Some(_) | None => text,
        };
        let path = Path::new(path);
        if path.is_absolute() { Ok(Self::Folder(path.to_owned())) } else { Err(LocationError::Relative) }
    }

    /// Opens the place.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when it is not there.
    pub fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(path) => Ok(Arc::new(FolderStore::open(path)?)),
        }
    }
}

/// Shown to people; holds no secret for any kind of place.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_from_its_root() {
        assert_eq!(Location::parse("/media/stick"), Ok(Location::Folder("/media/stick".into())));
        assert_eq!(Location::parse("file:///media/stick"), Ok(Location::Folder("/media/stick".into())));
        assert_eq!(Location::parse("stick"), Err(LocationError::Relative));
        assert_eq!(Location::parse("file://stick"), Err(LocationError::Relative));
        assert_eq!(Location::parse(" "), Err(LocationError::Empty));
    }

    #[test]
    fn a_place_of_an_unknown_kind_is_refused_and_not_taken_for_a_folder() {
        assert_eq!(Location::parse("s3://bucket/x"), Err(LocationError::UnknownKind));
    }
}
