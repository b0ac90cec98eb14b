//! A way that was lost or became known: what its finder still opens with every file he ever copied, and what no longer.

use crate::story::{Fixture, Machine, PASSWORD, code, digits_of, everything, password, secret};
use crate::{Attacked, is_keyslot, messages};
use coffer_engine::Unlock;
use coffer_engine::view::{RemovalReason, WayKind};
use coffer_keys::{Argon2Params, KeyslotSet, Reach, SlotDetails, UnlockSecret};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;
use std::collections::{BTreeMap, BTreeSet};

/// A place before a way was lost, and after: the way is answered by a new key, and one more backup was made.
struct Lost {
    attacked: Attacked,
    spare: String,
    before: BTreeMap<String, Vec<u8>>,
    after: BTreeMap<String, Vec<u8>>,
    /// Every message of the backup before.
    old: BTreeSet<String>,
}

impl Lost {
    fn way(kind: WayKind) -> Self {
        let mut attacked = Attacked::new();
        let engine = &attacked.laptop.engine;
        engine.fresh_unlock(digits_of(&attacked.digits)).unwrap();
        let ways = engine.get_protection().unwrap().ways;
        let way = ways.iter().find(|way| way.kind == kind).unwrap().id.clone();
        let spare = attacked.laptop.add_digits();
        let (before, old) = (attacked.files(), attacked.truth.clone());
        engine.remove_way(&way, RemovalReason::LostOrKnown, false).unwrap();
        let later = Fixture::write_small(&attacked.world.path("later"), 40);
        attacked.laptop.import(&later.telegram);
        attacked.laptop.back_up();
        attacked.truth = messages(&attacked.laptop);
        let after = attacked.files();
        Self { attacked, spare, before, after, old }
    }

    /// Shows the data of now under the keyslot files that `keep` says.
    fn show(&self, keep: impl Fn(&Self, &String) -> bool) {
        let all = self.before.iter().filter(|(name, _)| is_keyslot(name)).chain(&self.after);
        let shown = all.filter(|(name, _)| !is_keyslot(name) || keep(self, name));
        self.attacked.put_back(&shown.map(|(name, bytes)| (name.clone(), bytes.clone())).collect());
    }

    /// What somebody with a computer of his own gets: the number of backups and every message, or why not.
    fn open(&self, name: &str, seed: u64, unlock: Unlock) -> Result<(usize, BTreeSet<String>), &'static str> {
        let machine: Machine = self.attacked.world.machine(name, seed);
        let opened = machine.engine.open_backup(&self.attacked.world.place()).unwrap();
        let backups = machine.engine.unlock_backup(&opened.session, unlock);
        let backups = backups.map_err(|error| error.code().as_str())?.len();
        machine.engine.wait_job(machine.engine.start_restore(everything(&opened.session)).unwrap()).unwrap();
        Ok((backups, messages(&machine)))
    }
}

fn assert_opens_the_past_only(lost: &Lost, unlock: impl Fn() -> Unlock, refusal: &'static str) {
    let is_new = |lost: &Lost, name: &String| lost.after.contains_key(name);
    let is_old = |lost: &Lost, name: &String| lost.before.contains_key(name);

    lost.show(is_new);
    let newest = lost.open("finder", 21, unlock());
    let kept = lost.open("owner", 22, digits_of(&lost.spare)).unwrap();
    lost.show(is_old);
    let older = lost.open("finder with a copy", 23, unlock()).unwrap();
    lost.show(|_, _| true);
    let both = lost.open("finder with both", 24, unlock()).unwrap();
    let kept_beside = lost.open("owner beside both", 25, digits_of(&lost.spare)).unwrap();

    assert_eq!(newest, Err(refusal));
    assert!(lost.old.is_subset(&lost.attacked.truth) && lost.old.len() < lost.attacked.truth.len());
    assert_eq!(older, (1, lost.old.clone()), "copies made before still open, and nothing else does");
    assert_eq!(both, older);
    assert_eq!(kept, (2, lost.attacked.truth.clone()));
    assert_eq!(kept_beside, kept);
}

#[test]
fn a_lost_password_opens_nothing_that_was_written_after_it() {
    let lost = Lost::way(WayKind::Password);

    assert_opens_the_past_only(&lost, password, "wrong_password");
}

#[test]
fn lost_digits_open_nothing_that_was_written_after_them() {
    let lost = Lost::way(WayKind::RecoveryKey);
    let digits = lost.attacked.digits.clone();

    assert_opens_the_past_only(&lost, || digits_of(&digits), "wrong_key");
}

#[test]
fn the_owner_sees_a_rollback_when_the_lost_ways_files_are_put_back() {
    let lost = Lost::way(WayKind::Password);
    let engine = &lost.attacked.laptop.engine;

    lost.show(|lost, name| lost.before.contains_key(name));
    let run = engine.wait_job(engine.start_backup(None).unwrap()).unwrap();
    let card = engine.get_backup_status().unwrap();
    let by_lost = code(engine.fresh_unlock(password()));

    assert_eq!(crate::story::failed(&run), "rolled_back");
    assert_eq!(card.state, "rolled_back");
    assert_eq!(by_lost, "wrong_password", "this home remembers the newer ways");
}

#[test]
fn a_new_key_stores_nothing_again() {
    let attacked = Attacked::new();
    let engine = &attacked.laptop.engine;
    engine.fresh_unlock(digits_of(&attacked.digits)).unwrap();
    let spare = attacked.laptop.add_digits();
    let way = engine.get_protection().unwrap().ways[0].id.clone();
    let data = |files: BTreeMap<String, Vec<u8>>| -> BTreeSet<String> {
        files.into_keys().filter(|name| name.ends_with(".cpk") || name.ends_with(".cix")).collect()
    };
    let before = data(attacked.files());

    engine.remove_way(&way, RemovalReason::LostOrKnown, false).unwrap();
    let at_once = data(attacked.files());
    let report = attacked.laptop.back_up();
    let after = data(attacked.files());

    assert!(before.len() >= 3, "{before:?}");
    assert_eq!(at_once, before);
    assert_eq!(after, before, "not one pack and no index file was written");
    assert!(report.bytes_stored <= 32 << 10, "one snapshot: {} bytes", report.bytes_stored);
    assert!(attacked.named().is_empty(), "every byte of both keys' files is whole");
    let owner = attacked.world.machine("owner", 31);
    let session = owner.open(&attacked.world.place(), digits_of(&spare));
    owner.engine.wait_job(owner.engine.start_restore(everything(&session)).unwrap()).unwrap();
    assert_eq!(messages(&owner), attacked.truth);
}

#[test]
fn old_data_key_used_to_forge_a_newer_file_counts_for_nobody_here() {
    let lost = Lost::way(WayKind::Password);
    let engine = &lost.attacked.laptop.engine;
    let entropy = SeededEntropy::new(77);
    let old: Vec<_> = lost.before.iter().filter(|(name, _)| name.starts_with("keyslots/")).collect();
    let old =
        old.into_iter().map(|(name, bytes)| (name["keyslots/".len()..].to_owned(), bytes.clone())).collect();
    let stolen = UnlockSecret::Password(secret(PASSWORD));
    let door = UnlockSecret::Keychain(Secret::make(&entropy));
    let details = SlotDetails { name: "door".to_owned(), added: 1, proved: Some(1), reach: Reach::Anywhere };
    let mut thief = KeyslotSet::read(old).unlock(&stolen).unwrap();
    thief.add(&door, details, Argon2Params::FLOOR, &entropy).unwrap();
    let before = lost.attacked.files();

    // A door under the old key, and a later key handed over to every way he can see.
    let put = |thief: &coffer_keys::OpenKeyslots| {
        let forged = thief.encode(&entropy).unwrap();
        for folder in ["keyslots", "keyslots-2"] {
            lost.attacked.store.replace(&format!("{folder}/{}", forged.file_name), forged.bytes.clone());
        }
    };
    put(&thief);
    lost.attacked.laptop.back_up();
    let under_old = engine.get_protection().unwrap().ways.len();
    thief.change_data_key(&entropy).unwrap();
    thief.change_data_key(&entropy).unwrap();
    put(&thief);
    let asked = engine.wait_job(engine.start_backup(None).unwrap()).unwrap();
    engine.fresh_unlock(digits_of(&lost.spare)).unwrap();
    lost.attacked.laptop.back_up();

    assert_eq!(under_old, 2, "his door is in no list");
    assert_eq!(crate::story::failed(&asked), "needs_unlock", "a newer key is never taken over unasked");
    let written: Vec<_> =
        lost.attacked.files().into_iter().filter(|(name, _)| !before.contains_key(name)).collect();
    let snapshots: Vec<_> = written.iter().filter(|(name, _)| name.ends_with(".csn")).collect();
    assert_eq!(snapshots.len(), 2);
    let generation = |bytes: &Vec<u8>| u32::from_be_bytes(bytes[12..16].try_into().unwrap());
    assert!(
        snapshots.iter().all(|(_, bytes)| generation(bytes) == 2),
        "sealed under the owner's key, not his"
    );
}
