//! An unlocked set of ways: its keys, its slots, and the changes that make the next version.

use crate::file_header::{FileHeader, PARENT_LIMIT};
use crate::key_encryption_key::KeyEncryptionKey;
use crate::keyslot::Keyslot;
use crate::keyslot_file::{KeyslotFile, SLOTS};
use crate::sealed_part::{EARLIER_LIMIT, SealedPart, ancestor_mark};
use crate::set_state::{SetState, SlotState};
use crate::slot_details::SealedDetails;
use crate::verified_version::{MergedVersions, unique};
use crate::{
    Argon2Params, DataKey, KeyError, Keyring, KeyslotFileHash, PasskeyCredential, Policy, RepositoryId,
    SlotDetails, SlotId, SlotInfo, SlotKind, UnlockReport, UnlockSecret,
};
use coffer_secret::Entropy;
use std::collections::BTreeMap;

/// The opened, verified and merged set of ways of one repository.
#[derive(Debug)]
pub struct OpenKeyslots {
    repository: RepositoryId,
    keyring: Keyring,
    merged: MergedVersions,
    opened_by: SlotId,
    /// The key of the slot that was opened, so that it can be wrapped for directly whenever a version is written.
    opened_with: Option<KeyEncryptionKey>,
    report: UnlockReport,
    is_changed: bool,
}

/// The bytes of a new version and the name they must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedKeyslots {
    /// `<hash>.cks`.
    pub file_name: String,
    /// The bytes; their number is always the same.
    pub bytes: Vec<u8>,
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
        let mut created = Self::empty(repository, entropy);
        created.opened_by = created.add(first, details, params, entropy)?;
        Ok(created)
    }

    /// Draws the keys of a new repository; a passkey, with what it gave, is its first way.
    ///
    /// # Errors
    /// As [`Self::add_passkey`].
    pub fn create_with_passkey(
        repository: RepositoryId,
        first: &UnlockSecret,
        passkey: &PasskeyCredential,
        details: SlotDetails,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let mut created = Self::empty(repository, entropy);
        created.opened_by = created.add_passkey(first, passkey, details, entropy)?;
        Ok(created)
    }

    /// The keys of a new repository, without a way yet.
    fn empty(repository: RepositoryId, entropy: &dyn Entropy) -> Self {
        let state = SetState {
            slots: BTreeMap::new(),
            removed: BTreeMap::new(),
            policy: Policy::default(),
            unknown: Default::default(),
        };
        let merged = MergedVersions { heads: Vec::new(), counter: 0, ancestors: Vec::new(), state };
        Self {
            repository,
            keyring: Keyring::make(entropy),
            merged,
            opened_by: SlotId::from_bytes([0; 16]),
            opened_with: None,
            report: UnlockReport::default(),
            is_changed: true,
        }
    }

    /// Puts a set together that was verified.
    pub(crate) fn opened(
        repository: RepositoryId,
        keyring: Keyring,
        merged: MergedVersions,
        opened_by: SlotId,
        report: UnlockReport,
    ) -> Self {
        let is_changed = merged.heads.len() > 1;
        Self { repository, keyring, merged, opened_by, opened_with: None, report, is_changed }
    }

    /// Remembers the key of the slot that was opened.
    pub(crate) fn with_opened_key(self, key: Option<&KeyEncryptionKey>) -> Self {
        Self { opened_with: key.map(KeyEncryptionKey::duplicate), ..self }
    }

    /// The key of the slot that was opened, while it is known.
    pub(crate) const fn opened_with(&self) -> Option<&KeyEncryptionKey> {
        self.opened_with.as_ref()
    }

    /// Refuses a set that no longer has the way it was opened by.
    pub(crate) fn still_open(self) -> Result<Self, KeyError> {
        if self.holds_opened_way() {
            return Ok(self);
        }
        Err(KeyError::RemovedWay { at: self.merged.state.removed.get(&self.opened_by).copied() })
    }

    /// False after the way that was opened has been removed: whoever removes it stays inside.
    pub(crate) fn holds_opened_way(&self) -> bool {
        self.slot_states().contains_key(&self.opened_by)
    }

    /// The repository these ways open.
    pub const fn repository(&self) -> RepositoryId {
        self.repository
    }

    /// The keys.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The slot that was opened, or the first one of a new repository; it may have been removed since.
    pub const fn opened_by(&self) -> SlotId {
        self.opened_by
    }

    /// What was met while unlocking.
    pub const fn report(&self) -> &UnlockReport {
        &self.report
    }

    /// Order of this state among all states of the repository: generation, then counter. For pins.
    pub const fn state(&self) -> (u32, u64) {
        (self.keyring.newest().generation(), self.merged.counter)
    }

    /// True when these keys hold the newest data key of others: what was drawn later came from somebody who holds it.
    pub fn follows(&self, earlier: &Self) -> bool {
        let theirs = earlier.keyring.newest();
        let ours = self.keyring.data_key_by_id(theirs.key_id());
        self.repository == earlier.repository && ours.is_some_and(|key| key.key().matches(theirs.key()))
    }

    /// The slots, oldest first.
    pub fn slots(&self) -> Vec<SlotInfo> {
        let mut slots: Vec<SlotInfo> = self.slot_states().values().map(SlotState::info).collect();
        slots.sort_by_key(|slot| (slot.details.added, slot.id));
        slots
    }

    /// Adds a way that is no passkey. `params` count for a password only.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for what a passkey gave: [`Self::add_passkey`] adds it.
    /// [`KeyError::TooMany`] for a 17th slot, [`KeyError::TooWeak`] below the policy's floor, [`KeyError::TooLong`] for
    /// a long name, [`KeyError::OutOfMemory`] while stretching a password.
    pub fn add(
        &mut self,
        secret: &UnlockSecret,
        details: SlotDetails,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Result<SlotId, KeyError> {
        self.add_slot(secret, None, details, params, entropy)
    }

    /// Adds a passkey, with what it gave for this repository.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for a secret of another kind, [`KeyError::TooMany`] for a 17th slot, [`KeyError::TooLong`]
    /// for a long name.
    pub fn add_passkey(
        &mut self,
        output: &UnlockSecret,
        passkey: &PasskeyCredential,
        details: SlotDetails,
        entropy: &dyn Entropy,
    ) -> Result<SlotId, KeyError> {
        self.add_slot(output, Some(passkey), details, Argon2Params::DEFAULT, entropy)
    }

    fn add_slot(
        &mut self,
        secret: &UnlockSecret,
        passkey: Option<&PasskeyCredential>,
        details: SlotDetails,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Result<SlotId, KeyError> {
        details.check()?;
        if self.is_full() {
            return Err(KeyError::TooMany { what: "slots", limit: SLOTS });
        }
        if secret.kind() == SlotKind::Password && !self.policy().accepts(&params) {
            return Err(params.too_weak());
        }
        let slot = Keyslot::make(secret, passkey, self.repository, self.keyring.newest(), params, entropy)?;
        let id = slot.head().id;
        let sealed = SealedDetails { id, details, changed: self.next_counter(), unknown: Default::default() };
        self.merged.state.slots.insert(id, SlotState { slot, sealed });
        self.is_changed = true;
        Ok(id)
    }

    /// Removes a way for good: merging with an older version does not bring it back.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`], or [`KeyError::LastWay`] when no way that works on another computer would be left.
    pub fn remove(&mut self, slot: SlotId, now: i64) -> Result<(), KeyError> {
        let slots = &mut self.merged.state.slots;
        if !slots.contains_key(&slot) {
            return Err(KeyError::UnknownSlot);
        }
        let is_door = |state: &SlotState| state.works_elsewhere();
        let is_last = !slots.iter().any(|(id, state)| *id != slot && is_door(state));
        if is_last && slots.get(&slot).is_some_and(is_door) {
            return Err(KeyError::LastWay);
        }
        slots.remove(&slot);
        self.merged.state.removed.insert(slot, now);
        self.is_changed = true;
        Ok(())
    }

    /// Replaces what is written about a way: its name, or that it was proved.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`], or [`KeyError::TooLong`] for a long name.
    pub fn update_details(&mut self, slot: SlotId, details: SlotDetails) -> Result<(), KeyError> {
        details.check()?;
        let changed = self.next_counter();
        let state = self.merged.state.slots.get_mut(&slot).ok_or(KeyError::UnknownSlot)?;
        if state.sealed.details != details {
            state.sealed.details = details;
            state.sealed.changed = changed;
            self.is_changed = true;
        }
        Ok(())
    }

    /// Draws a new data key for everything written from now on: what a lost way still opens ends here.
    ///
    /// The earlier keys go along sealed, and every kept way gets the new one through its public key, so that none of
    /// them has to be at hand; the way that was opened gets it wrapped directly when this is written. Remove the lost way
    /// first.
    ///
    /// # Errors
    /// [`KeyError::TooMany`] when there is no room for one more earlier key.
    pub fn change_data_key(&mut self, entropy: &dyn Entropy) -> Result<(), KeyError> {
        let too_many = KeyError::TooMany { what: "earlier data keys", limit: EARLIER_LIMIT };
        let generation = self.keyring.newest().generation().checked_add(1).ok_or(too_many.clone())?;
        if self.keyring.earlier().len() >= EARLIER_LIMIT {
            return Err(too_many);
        }
        let newest = DataKey::make(generation, entropy);
        let mut slots = self.merged.state.slots.clone();
        for state in slots.values_mut() {
            state.slot = state.slot.handing_over(&newest, &self.keyring, self.repository, entropy)?;
            state.sealed.changed = self.next_counter();
        }
        self.merged.state.slots = slots;
        self.keyring = self.keyring.with_newer(newest);
        self.is_changed = true;
        Ok(())
    }

    /// True when the way that was opened got the newest data key through its public key. The next version that is
    /// written wraps it directly.
    pub fn is_handed_over(&self) -> bool {
        self.slot_states().get(&self.opened_by).is_some_and(|state| state.slot.is_handed_over())
    }

    /// True when there is no room for another way.
    pub fn is_full(&self) -> bool {
        self.slot_states().len() >= SLOTS
    }

    /// The rules of this repository.
    pub const fn policy(&self) -> Policy {
        self.merged.state.policy
    }

    /// Replaces the rules.
    pub fn set_policy(&mut self, policy: Policy) {
        self.is_changed |= self.merged.state.policy != policy;
        self.merged.state.policy = policy;
    }

    /// True when something was changed or merged since the last version was written.
    pub const fn needs_writing(&self) -> bool {
        self.is_changed
    }

    /// Encodes the next version, a child of every version that went into this set.
    ///
    /// # Errors
    /// [`KeyError::TooMany`] when a merge left more slots than a file holds: remove one first.
    pub fn encode(&self, entropy: &dyn Entropy) -> Result<EncodedKeyslots, KeyError> {
        let data_key = self.keyring.newest();
        let header = self.next_header(entropy);
        let (slots, details) =
            self.slot_states().values().map(|state| self.wrapped_directly(state, entropy)).unzip();
        let slots: Vec<Keyslot> = slots;
        let bytes = KeyslotFile::encode(&header, &slots, &self.next_sealed_part(details), data_key)?;
        Ok(EncodedKeyslots { file_name: KeyslotFileHash::of(&bytes).file_name(), bytes })
    }

    /// Tells the set that a version it encoded was written and read back, so that the next one becomes its child.
    pub fn mark_written(&mut self, written: &EncodedKeyslots) {
        self.merged.ancestors = self.next_ancestors(0);
        self.merged.heads = vec![KeyslotFileHash::of(&written.bytes)];
        self.merged.counter = self.next_counter();
        self.is_changed = false;
    }

    /// A slot as it is written: the one that was opened gets the newest data key wrapped, its key is at hand.
    fn wrapped_directly(&self, state: &SlotState, entropy: &dyn Entropy) -> (Keyslot, SealedDetails) {
        let SlotState { slot, sealed } = state;
        let key = self.opened_with.as_ref().filter(|_| sealed.id == self.opened_by && slot.is_handed_over());
        let wrapped =
            key.and_then(|key| slot.wrapping(key, self.repository, self.keyring.newest(), entropy).ok());
        match wrapped {
            Some(slot) => (slot, SealedDetails { changed: self.next_counter(), ..sealed.clone() }),
            None => (slot.clone(), sealed.clone()),
        }
    }

    fn next_counter(&self) -> u64 {
        self.merged.counter.saturating_add(1)
    }

    fn next_header(&self, entropy: &dyn Entropy) -> FileHeader {
        let mut salt = [0_u8; 32];
        entropy.fill(&mut salt);
        let mut parents: Vec<KeyslotFileHash> =
            self.merged.heads.iter().copied().take(PARENT_LIMIT).collect();
        parents.sort_unstable();
        FileHeader {
            repository: self.repository,
            generation: self.keyring.newest().generation(),
            counter: self.next_counter(),
            key_id: self.keyring.newest().key_id(),
            salt,
            parents,
            policy: self.policy(),
            unknown: self.merged.state.unknown.0.clone(),
        }
    }

    fn next_sealed_part(&self, details: Vec<SealedDetails>) -> SealedPart {
        SealedPart {
            chunk_id_key: self.keyring.chunk_id_key().duplicate(),
            earlier: self.keyring.earlier().iter().map(DataKey::duplicate).collect(),
            details,
            removed: self.merged.state.removals_that_fit(),
            ancestors: self.next_ancestors(PARENT_LIMIT),
            unknown: self.merged.state.unknown.1.clone(),
        }
    }

    /// Marks of the heads beyond the first `parents`, then of everything before them.
    fn next_ancestors(&self, parents: usize) -> Vec<[u8; 16]> {
        let heads = self.merged.heads.iter().skip(parents).map(ancestor_mark);
        unique(heads.chain(self.merged.ancestors.iter().copied()))
    }

    const fn slot_states(&self) -> &BTreeMap<SlotId, SlotState> {
        &self.merged.state.slots
    }
}

#[cfg(test)]
impl OpenKeyslots {
    /// What a forger writes: other keys in the sealed list.
    pub(crate) fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, is_changed: true, ..self }
    }
}
