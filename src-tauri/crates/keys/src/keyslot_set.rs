//! All keyslot files of a place: ordered, offered as ways, unlocked with a secret, verified and merged.

use crate::attempt::{Attempt, PASSWORD_ATTEMPTS, attempts};
use crate::keyslot::Keyslot;
use crate::keyslot_file::KeyslotFile;
use crate::sealed_part::ancestor_mark;
use crate::verified_version::{MergedVersions, VerifiedVersion, merge_versions};
use crate::{
    DataKey, KeyError, Keyring, KeyslotFileHash, OpenKeyslots, PasskeyCredential, RepositoryId, SlotId,
    SlotKind, UnlockReport, UnlockSecret,
};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

/// Every version that was found, in order, and what is wrong with the rest. Nothing in it is authentic yet.
#[derive(Debug)]
pub struct KeyslotSet {
    /// Newest first.
    files: Vec<KeyslotFile>,
    damaged: Vec<DamagedKeyslotFile>,
    /// Those that this home verified before: a later data key must have come from theirs.
    kept: BTreeSet<KeyslotFileHash>,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The slot.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// The passkey to ask for, for a way of that kind.
    pub passkey: Option<PasskeyCredential>,
}

impl KeyslotSet {
    /// Reads files by (name, bytes). The same version may come twice, once from each copy.
    pub fn read(files: Vec<(String, Vec<u8>)>) -> Self {
        Self::read_beside(Vec::new(), files)
    }

    /// Reads files beside those that this home verified before. A version of a later data key counts only when it holds the
    /// data keys of the kept ones: who knows an earlier one, and the public keys that stand in clear, could make another.
    pub fn read_beside(kept: Vec<(String, Vec<u8>)>, found: Vec<(String, Vec<u8>)>) -> Self {
        let mut known = BTreeSet::new();
        let names: BTreeSet<String> = kept.iter().map(|(name, _)| name.clone()).collect();
        let mut set = Self { files: Vec::new(), damaged: Vec::new(), kept: BTreeSet::new() };
        for (name, bytes) in kept.into_iter().chain(found) {
            match KeyslotFile::decode(&name, bytes) {
                Ok(file) if known.insert(file.hash()) => set.files.push(file),
                Ok(_) => {}
                Err(reason) => set.damaged.push(DamagedKeyslotFile { name, reason }),
            }
        }
        set.files.sort_by_key(|file| Reverse((file.header().order(), file.hash())));
        let hashes = set.files.iter().map(KeyslotFile::hash);
        set.kept = hashes.filter(|hash| names.contains(&hash.file_name())).collect();
        set
    }

    /// True when no version is well-formed.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Files that are damaged, newer than this build, or wrongly named: known before any prompt.
    pub fn damaged(&self) -> &[DamagedKeyslotFile] {
        &self.damaged
    }

    /// Names of the well-formed versions, newest first by (generation, counter).
    pub fn versions(&self) -> Vec<String> {
        self.files.iter().map(|file| file.hash().file_name()).collect()
    }

    /// What the newest version says its place is among all states: (generation, counter). A claim until it is unlocked.
    pub fn newest_claim(&self) -> Option<(u32, u64)> {
        self.files.first().map(|file| file.header().order())
    }

    /// The repository that most versions name. A hint until a version is unlocked; `None` when there is no version.
    pub fn repository_id(&self) -> Option<RepositoryId> {
        let mut counts = BTreeMap::new();
        for file in &self.files {
            *counts.entry(file.header().repository).or_insert(0_usize) += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(repository, _)| repository)
    }

    /// The union of the ways of all versions, so that a stray file cannot hide a real way.
    pub fn ways(&self) -> Vec<Way> {
        let heads = self.files.iter().flat_map(KeyslotFile::slots).map(Keyslot::head);
        let ways: BTreeSet<Way> =
            heads.map(|head| Way { id: head.id, kind: head.kind, passkey: head.passkey.clone() }).collect();
        ways.into_iter().collect()
    }

    /// The passkeys to ask authenticators for, those of the newest version first, at most `limit`: a flooded place cannot
    /// make a ceremony endless. Those of unknown relying parties and of other repositories are left out.
    pub fn passkeys(&self, repository: &RepositoryId, limit: usize) -> Vec<PasskeyCredential> {
        let files = self.files.iter().filter(|file| file.header().repository == *repository);
        let named = files.flat_map(KeyslotFile::slots).filter_map(|slot| slot.head().passkey.as_ref());
        let mut known = BTreeSet::new();
        let mut asked = named.filter(|passkey| passkey.is_askable() && known.insert(passkey.id()));
        asked.by_ref().take(limit).cloned().collect()
    }

    /// Opens the newest version that this secret opens, verifies all others with its keys, and merges them.
    ///
    /// Cheap slots are tried first: slots that a stranger made expensive cannot delay the real ones.
    ///
    /// # Errors
    /// [`KeyError::WrongSecret`] when no slot commits to it, [`KeyError::Tampered`] when one does but nothing verifies,
    /// [`KeyError::RemovedWay`] when the verified set has removed it, [`KeyError::NoKeyslots`] without any version.
    pub fn unlock(&self, secret: &UnlockSecret) -> Result<OpenKeyslots, KeyError> {
        self.unlock_within(secret, PASSWORD_ATTEMPTS)
    }

    /// Unlocks with at most so many runs of Argon2id.
    fn unlock_within(
        &self,
        secret: &UnlockSecret,
        password_attempts: usize,
    ) -> Result<OpenKeyslots, KeyError> {
        let attempts = attempts(&self.files, secret.kind());
        let mut best = Err(self.reason_without_attempt());
        for (tried, attempt) in attempts.iter().enumerate() {
            if tried == password_attempts && secret.kind() == SlotKind::Password {
                return best.or(Err(KeyError::TooMany { what: "password slots", limit: password_attempts }));
            }
            best = better(best, self.try_attempt(attempt, secret));
            if best.as_ref().is_ok_and(|open| open.report().unverified_newer.is_empty()) {
                break;
            }
        }
        best
    }

    /// Verifies and merges these files with keys that are already open: what another computer wrote meanwhile is taken
    /// in. Changes of `open` that were not written are not.
    ///
    /// # Errors
    /// [`KeyError::Replaced`] when there are only files of newer data keys, [`KeyError::Tampered`] when none of the files
    /// verifies, [`KeyError::RemovedWay`] when another computer removed the way that `open` was opened by. Who removed it
    /// in `open` stays inside.
    pub fn reopen(&self, open: &OpenKeyslots) -> Result<OpenKeyslots, KeyError> {
        let keyring = open.keyring();
        let again = self.verify(keyring.newest(), open.repository(), open.opened_by())?;
        let again = again.with_opened_key(open.opened_with());
        if open.holds_opened_way() { again.still_open() } else { Ok(again) }
    }

    /// True when files claim a newer data key, and were not there when `open` was opened: another computer may have drawn
    /// one since. Using a way again tells.
    pub fn is_newer_than(&self, open: &OpenKeyslots) -> bool {
        let newest = open.keyring().newest();
        let claims = self.files.iter().filter(|file| {
            let header = file.header();
            header.repository == open.repository()
                && header.generation >= newest.generation()
                && header.key_id != newest.key_id()
        });
        claims.map(|file| file.hash().file_name()).any(|name| !open.report().unverified_newer.contains(&name))
    }

    /// Why nothing opens, as long as no slot was tried.
    fn reason_without_attempt(&self) -> KeyError {
        let newer = self
            .damaged
            .iter()
            .map(|file| &file.reason)
            .find(|reason| matches!(reason, KeyError::Newer { .. }));
        match newer {
            _ if !self.files.is_empty() => KeyError::WrongSecret,
            Some(newer) => newer.clone(),
            None => KeyError::NoKeyslots,
        }
    }

    fn try_attempt(&self, attempt: &Attempt<'_>, secret: &UnlockSecret) -> Result<OpenKeyslots, KeyError> {
        let key = attempt.derive(secret)?;
        let mut best = Err(KeyError::WrongSecret);
        for (file, slot) in attempt.places() {
            let header = file.header();
            let opened = slot
                .unwrap(&key, &header.wrap_place())
                .and_then(|data_key| file.open(&data_key).map(|_| data_key))
                .and_then(|data_key| self.verify(&data_key, header.repository, slot.head().id))
                .map(|open| open.with_opened_key(Some(&key)))
                .and_then(|open| self.follows_kept(open))
                .and_then(OpenKeyslots::still_open);
            best = better(best, opened);
            if best.is_ok() {
                break;
            }
        }
        best
    }

    /// Refuses keys of another branch than the versions this home verified before, and of an earlier data key than theirs:
    /// then the way is not in what this home knows.
    fn follows_kept(&self, open: OpenKeyslots) -> Result<OpenKeyslots, KeyError> {
        let newest = open.keyring().newest();
        let is_other = |file: &&KeyslotFile| {
            let header = file.header();
            header.repository == open.repository() && header.key_id != newest.key_id()
        };
        for file in self.files.iter().filter(|file| self.kept.contains(&file.hash())).filter(is_other) {
            if file.header().generation > newest.generation() {
                return Err(KeyError::RemovedWay { at: None });
            }
            let key = open.keyring().data_key_by_id(file.header().key_id);
            key.ok_or(KeyError::Tampered).and_then(|key| file.open(key))?;
        }
        Ok(open)
    }

    /// Verifies every file with a data key and merges those of its generation.
    fn verify(
        &self,
        data_key: &DataKey,
        repository: RepositoryId,
        opened_by: SlotId,
    ) -> Result<OpenKeyslots, KeyError> {
        let mut report = UnlockReport { refused: self.damaged.clone(), ..UnlockReport::default() };
        let mut versions: Vec<VerifiedVersion> = Vec::new();
        for file in &self.files {
            match Verdict::of(file, data_key, repository) {
                Verdict::Verified(version) => versions.push(version),
                Verdict::Refused(reason) => {
                    report.refused.push(DamagedKeyslotFile { name: file.hash().file_name(), reason });
                }
                Verdict::Newer => report.unverified_newer.push(file.hash().file_name()),
                Verdict::Older => {}
            }
        }
        let is_replaced = !report.unverified_newer.is_empty();
        let merged = merge_versions(&versions).ok_or(if is_replaced {
            KeyError::Replaced
        } else {
            KeyError::Tampered
        })?;
        report.merged = merged.heads.iter().map(KeyslotFileHash::file_name).collect();
        let newest = versions.swap_remove(0);
        let keyring = Keyring::from_parts(data_key.duplicate(), newest.earlier, newest.chunk_id_key);
        report.left_behind = self.left_behind(&keyring, &merged);
        Ok(OpenKeyslots::opened(repository, keyring, merged, opened_by, report))
    }

    /// Files of earlier generations that are genuine and not among the ancestors of the merged versions.
    fn left_behind(&self, keyring: &Keyring, merged: &MergedVersions) -> Vec<String> {
        let is_genuine = |file: &KeyslotFile| {
            let key = keyring.earlier().iter().find(|key| key.key_id() == file.header().key_id);
            key.is_some_and(|key| key.generation() == file.header().generation && file.open(key).is_ok())
        };
        let is_known = |file: &KeyslotFile| merged.ancestors.contains(&ancestor_mark(&file.hash()));
        let files = self.files.iter().filter(|file| is_genuine(file) && !is_known(file));
        files.map(|file| file.hash().file_name()).collect()
    }
}

/// What a data key says about a file.
enum Verdict {
    Verified(VerifiedVersion),
    Refused(KeyError),
    /// Of another data key of this or a later generation.
    Newer,
    /// Of an earlier generation: replaced, whatever its counter says.
    Older,
}

impl Verdict {
    fn of(file: &KeyslotFile, data_key: &DataKey, repository: RepositoryId) -> Self {
        let header = file.header();
        if header.repository != repository {
            return Self::Refused(KeyError::OtherRepository);
        }
        let is_own = header.key_id == data_key.key_id();
        match header.generation.cmp(&data_key.generation()) {
            Ordering::Equal if is_own => match VerifiedVersion::open(file, data_key) {
                Ok(version) => Self::Verified(version),
                Err(reason) => Self::Refused(reason),
            },
            Ordering::Less => Self::Older,
            // A data key has one generation: whoever holds an old one cannot write for a later generation.
            Ordering::Greater if is_own => Self::Refused(KeyError::Tampered),
            Ordering::Equal | Ordering::Greater => Self::Newer,
        }
    }
}

/// Of two outcomes the one that says more: an opened set before an error, then the more certain error.
fn better(
    one: Result<OpenKeyslots, KeyError>,
    other: Result<OpenKeyslots, KeyError>,
) -> Result<OpenKeyslots, KeyError> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok(if other.state() > one.state() { other } else { one }),
        (Ok(open), Err(_)) | (Err(_), Ok(open)) => Ok(open),
        (Err(one), Err(other)) => Err(if certainty(&other) > certainty(&one) { other } else { one }),
    }
}

/// How much an error says about the secret that was tried.
const fn certainty(error: &KeyError) -> u8 {
    match error {
        KeyError::NoKeyslots => 0,
        KeyError::WrongSecret => 1,
        KeyError::OutOfMemory { .. } => 2,
        KeyError::Tampered => 3,
        KeyError::Newer { .. } => 5,
        KeyError::RemovedWay { .. } => 6,
        KeyError::NameMismatch
        | KeyError::OtherRepository
        | KeyError::Malformed { .. }
        | KeyError::TooExpensive { .. }
        | KeyError::TooWeak { .. }
        | KeyError::TooMany { .. }
        | KeyError::LastWay
        | KeyError::UnknownSlot
        | KeyError::Replaced
        | KeyError::TooLong { .. } => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Argon2Params, Reach, SlotDetails};
    use coffer_secret::testing::SeededEntropy;
    use coffer_secret::{Secret, SecretString};

    fn password(text: &str) -> UnlockSecret {
        UnlockSecret::Password(SecretString::new(text.to_owned()))
    }

    #[test]
    fn a_flood_of_password_slots_is_told_from_a_wrong_password() {
        let entropy = SeededEntropy::new(1);
        let details = SlotDetails { name: String::new(), added: 1, proved: None, reach: Reach::Anywhere };
        let params = Argon2Params::FLOOR;
        let repository = RepositoryId::make(&entropy);
        let mut open =
            OpenKeyslots::create(repository, &password("a"), details.clone(), params, &entropy).unwrap();
        open.add(&password("b"), details, params, &entropy).unwrap();
        let file = open.encode(&entropy).unwrap();
        let set = KeyslotSet::read(vec![(file.file_name, file.bytes)]);

        let answers = [1, 2].map(|limit| set.unlock_within(&password("c"), limit).unwrap_err());

        assert_eq!(answers, [KeyError::TooMany { what: "password slots", limit: 1 }, KeyError::WrongSecret]);
    }

    #[test]
    fn a_bogus_key_under_the_id_of_the_one_seen_here_is_no_chain() {
        let entropy = SeededEntropy::new(4);
        let details = SlotDetails { name: String::new(), added: 1, proved: None, reach: Reach::Anywhere };
        let (own, stolen) =
            (UnlockSecret::Keychain(Secret::make(&entropy)), UnlockSecret::Keychain(Secret::make(&entropy)));
        let params = Argon2Params::FLOOR;
        let mut open =
            OpenKeyslots::create(RepositoryId::make(&entropy), &own, details.clone(), params, &entropy)
                .unwrap();
        let lost = open.add(&stolen, details, params, &entropy).unwrap();
        let write = |open: &mut OpenKeyslots| {
            let file = open.encode(&entropy).unwrap();
            open.mark_written(&file);
            vec![(file.file_name, file.bytes)]
        };
        let first = write(&mut open);
        open.remove(lost, 2).unwrap();
        open.change_data_key(&entropy).unwrap();
        let second = write(&mut open);
        let mut thief = KeyslotSet::read(first).unlock(&stolen).unwrap();
        thief.change_data_key(&entropy).unwrap();
        thief.change_data_key(&entropy).unwrap();
        let bogus = DataKey::from_parts(2, open.keyring().newest().key_id(), Secret::make(&entropy));
        let [newest, _, root] = [0, 1, 2].map(|at| thief.keyring().data_keys().nth(at).unwrap().duplicate());
        let ring = Keyring::from_parts(newest, vec![bogus, root], thief.keyring().chunk_id_key().duplicate());
        let forged = write(&mut thief.with_keyring(ring));

        let alone = KeyslotSet::read(forged.clone()).unlock(&own).unwrap();
        let here = KeyslotSet::read_beside(second, forged).unlock(&own).unwrap();

        assert_eq!((alone.state().0, here.state().0), (3, 2));
    }
}
