//! Which slots a secret is tried on, and in which order.

use crate::key_encryption_key::KeyEncryptionKey;
use crate::keyslot::{Keyslot, SlotHead};
use crate::keyslot_file::KeyslotFile;
use crate::{KeyError, RepositoryId, SlotKind, UnlockSecret};

/// Argon2id runs that one unlock may cost. A person has one password, so a place with more password slots than this
/// over all its versions is flooded.
pub(crate) const PASSWORD_ATTEMPTS: usize = 64;

/// One key-encryption key to derive, and every place where it may open something. Versions carry the same slot along,
/// so a password pays once for all of them.
pub(crate) struct Attempt<'a> {
    repository: RepositoryId,
    /// Newest version first.
    places: Vec<(&'a KeyslotFile, &'a Keyslot)>,
}

/// The attempts for a kind of secret: cheapest first, then newest first. `files` are in order, newest first.
pub(crate) fn attempts(files: &[KeyslotFile], kind: SlotKind) -> Vec<Attempt<'_>> {
    let mut attempts: Vec<Attempt<'_>> = Vec::new();
    let slots = files.iter().flat_map(|file| file.slots().iter().map(move |slot| (file, slot)));
    for (file, slot) in slots.filter(|(_, slot)| slot.head().kind == kind) {
        let repository = file.header().repository;
        match attempts.iter_mut().find(|attempt| attempt.derives_for(repository, slot.head())) {
            Some(attempt) => attempt.places.push((file, slot)),
            None => attempts.push(Attempt { repository, places: vec![(file, slot)] }),
        }
    }
    attempts.sort_by_key(Attempt::cost);
    attempts
}

impl<'a> Attempt<'a> {
    pub(crate) fn derive(&self, secret: &UnlockSecret) -> Result<KeyEncryptionKey, KeyError> {
        KeyEncryptionKey::derive(secret, self.head(), &self.repository)
    }

    pub(crate) fn places(&self) -> &[(&'a KeyslotFile, &'a Keyslot)] {
        &self.places
    }

    /// True when a slot needs the very key of this attempt.
    fn derives_for(&self, repository: RepositoryId, slot: &SlotHead) -> bool {
        let own = self.head();
        self.repository == repository
            && own.id == slot.id
            && own.salt == slot.salt
            && own.argon2 == slot.argon2
    }

    /// Memory times passes of Argon2id.
    fn cost(&self) -> u64 {
        self.head().argon2.map_or(0, |params| u64::from(params.memory_kib()) * u64::from(params.passes()))
    }

    fn head(&self) -> &SlotHead {
        self.places[0].1.head()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Argon2Params, OpenKeyslots, Reach, SlotDetails};
    use coffer_secret::SecretString;
    use coffer_secret::testing::SeededEntropy;

    fn password(text: &str) -> UnlockSecret {
        UnlockSecret::Password(SecretString::new(text.to_owned()))
    }

    fn written(open: &mut OpenKeyslots, entropy: &SeededEntropy) -> KeyslotFile {
        let written = open.encode(entropy).unwrap();
        open.mark_written(&written);
        KeyslotFile::decode(&written.file_name, written.bytes).unwrap()
    }

    #[test]
    fn a_slot_is_tried_once_for_all_versions_and_cheap_slots_first() {
        let entropy = SeededEntropy::new(2);
        let details = SlotDetails { name: String::new(), added: 1, proved: None, reach: Reach::Anywhere };
        let dear = Argon2Params::new(64 * 1024, 4, 1).unwrap();
        let repository = RepositoryId::make(&entropy);
        let mut open =
            OpenKeyslots::create(repository, &password("dear"), details.clone(), dear, &entropy).unwrap();
        let first = written(&mut open, &entropy);
        open.add(&password("cheap"), details, Argon2Params::FLOOR, &entropy).unwrap();
        let files = [written(&mut open, &entropy), first];
        let costs_in_file = files[0].slots().iter().map(|slot| slot.head().argon2.unwrap().passes());
        assert!(costs_in_file.eq([4, 3]), "the dear slot stands first in the newest file");

        let attempts = attempts(&files, SlotKind::Password);

        let costs: Vec<u64> = attempts.iter().map(Attempt::cost).collect();
        let places: Vec<usize> = attempts.iter().map(|attempt| attempt.places().len()).collect();
        assert_eq!(costs, [65_536 * 3, 65_536 * 4]);
        assert_eq!(places, [1, 2]);
    }
}
