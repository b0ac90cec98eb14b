//! All keyslot files of a place, before and while one of them is opened.

use crate::{KeyError, OpenKeyslots, RepositoryId, SlotId, SlotKind, UnlockSecret};

/// Every version that was found, in order, and what is wrong with the rest.
#[derive(Debug)]
pub struct KeyslotSet {
    damaged: Vec<DamagedKeyslotFile>,
}

/// A file that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedKeyslotFile {
    /// Its name as it was given.
    pub name: String,
    /// What is wrong with it.
    pub reason: KeyError,
}

/// A way to unlock as it can be seen without any secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The slot.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
}

impl KeyslotSet {
    /// Reads files by (name, bytes). The same version may come twice, once from each copy.
    pub fn read(files: Vec<(String, Vec<u8>)>) -> Self {
        let _ = files;
        unimplemented!()
    }

    /// True when no version is well-formed.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }

    /// Files that are damaged, newer than this build, or wrongly named: known before any prompt.
    pub fn damaged(&self) -> &[DamagedKeyslotFile] {
        &self.damaged
    }

    /// Names of the versions, newest first by (generation, counter).
    pub fn versions(&self) -> Vec<String> {
        unimplemented!()
    }

    /// The repository that most versions name. A hint until a version is unlocked; `None` when there is no version.
    pub fn repository_id(&self) -> Option<RepositoryId> {
        unimplemented!()
    }

    /// The union of the ways of all versions, so that a stray file cannot hide a real way.
    pub fn ways(&self) -> Vec<Way> {
        unimplemented!()
    }

    /// Opens the newest version that this secret opens, verifies all others with its keys, and merges them.
    ///
    /// # Errors
    /// [`KeyError::WrongSecret`] when no slot commits to it, [`KeyError::Tampered`] when one does but nothing verifies,
    /// [`KeyError::RemovedWay`] when the verified set has removed it.
    pub fn unlock(&self, secret: &UnlockSecret) -> Result<OpenKeyslots, KeyError> {
        let _ = secret;
        unimplemented!()
    }

    /// Verifies and merges these files with keys that are already open: what another computer wrote meanwhile is taken in.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] when none of the files verifies.
    pub fn reopen(&self, open: &OpenKeyslots) -> Result<OpenKeyslots, KeyError> {
        let _ = open;
        unimplemented!()
    }
}
