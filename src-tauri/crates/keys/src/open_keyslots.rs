//! An unlocked set of ways: its keys, its slots, and the changes that make the next version.

use crate::{
    Argon2Params, KeyError, Keyring, Policy, RepositoryId, SlotDetails, SlotId, SlotInfo, UnlockSecret,
};
use coffer_secret::Entropy;

/// The opened, verified and merged set of ways of one repository.
#[derive(Debug)]
pub struct OpenKeyslots {
    repository: RepositoryId,
    keyring: Keyring,
    opened_by: SlotId,
    report: UnlockReport,
}

/// The bytes of a new version and the name they must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedKeyslots {
    /// `<hash>.cks`.
    pub file_name: String,
    /// The bytes; their size is always the same.
    pub bytes: Vec<u8>,
}

/// What was met on the way to the verified set; every list holds file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnlockReport {
    /// Files whose name, structure or authentication is broken. What they held was not used.
    pub refused: Vec<String>,
    /// Files that claim a newer state but could not be verified with this secret: damage, a stray file, or a rollback.
    pub unverified_newer: Vec<String>,
    /// Versions that were merged; more than one means that two computers wrote at once.
    pub merged: Vec<String>,
}

impl OpenKeyslots {
    /// Draws the keys of a new repository and makes its first way.
    ///
    /// # Errors
    /// [`KeyError::TooLong`] for a long name, [`KeyError::OutOfMemory`] while stretching a password.
    pub fn create(
        repository: RepositoryId,
        first: &UnlockSecret,
        details: SlotDetails,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let _ = (repository, first, details, params, entropy);
        unimplemented!()
    }

    /// The repository these ways open.
    pub const fn repository(&self) -> RepositoryId {
        self.repository
    }

    /// The keys.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The slot that was opened.
    pub const fn opened_by(&self) -> SlotId {
        self.opened_by
    }

    /// What was met while unlocking.
    pub const fn report(&self) -> &UnlockReport {
        &self.report
    }

    /// Order of this state among all states of the repository: generation, then counter. For pins.
    pub fn state(&self) -> (u32, u64) {
        unimplemented!()
    }

    /// The slots, oldest first.
    pub fn slots(&self) -> Vec<SlotInfo> {
        unimplemented!()
    }

    /// Adds a way. Its first proof is still open.
    ///
    /// # Errors
    /// [`KeyError::TooMany`] for a 17th slot, [`KeyError::TooWeak`] below the policy's floor, [`KeyError::TooLong`] for a long name.
    pub fn add(
        &mut self,
        secret: &UnlockSecret,
        details: SlotDetails,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Result<SlotId, KeyError> {
        let _ = (secret, details, params, entropy);
        unimplemented!()
    }

    /// Removes a way for good: merging with an older version does not bring it back.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`], or [`KeyError::LastWay`] when no way that works on another computer would be left.
    pub fn remove(&mut self, slot: SlotId, now: i64) -> Result<(), KeyError> {
        let _ = (slot, now);
        unimplemented!()
    }

    /// Replaces what is written about a way: its name, or that it was proved.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`], or [`KeyError::TooLong`] for a long name.
    pub fn update_details(&mut self, slot: SlotId, details: SlotDetails) -> Result<(), KeyError> {
        let _ = (slot, details);
        unimplemented!()
    }

    /// The rules of this repository.
    pub fn policy(&self) -> Policy {
        unimplemented!()
    }

    /// Replaces the rules.
    pub fn set_policy(&mut self, policy: Policy) {
        let _ = policy;
        unimplemented!()
    }

    /// True when something was changed or merged since the last version was written.
    pub fn needs_writing(&self) -> bool {
        unimplemented!()
    }

    /// Encodes the next version, a child of every version that went into this set.
    ///
    /// # Errors
    /// [`KeyError::TooMany`] when a merge left more slots than a file holds: remove one first.
    pub fn encode(&self, entropy: &dyn Entropy) -> Result<EncodedKeyslots, KeyError> {
        let _ = entropy;
        unimplemented!()
    }

    /// Tells the set that an encoded version was written, so that the next one becomes its child.
    pub fn mark_written(&mut self, written: &EncodedKeyslots) {
        let _ = written;
        unimplemented!()
    }
}
