//! Ways to unlock over their life: created, added, removed, replaced, merged; what is refused on the way.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use coffer_keys::{
    Argon2Params, EncodedKeyslots, KeyError, KeyslotSet, OpenKeyslots, Policy, Reach, RecoveryKey,
    RepositoryId, SlotDetails, SlotId, SlotKind, UnlockSecret,
};
use coffer_secret::testing::SeededEntropy;
use coffer_secret::{Secret, SecretString};

fn details(name: &str, added: i64) -> SlotDetails {
    SlotDetails { name: name.to_owned(), added, proved: None, reach: Reach::Anywhere }
}

fn keychain_details(name: &str) -> SlotDetails {
    SlotDetails { reach: Reach::ThisComputer, ..details(name, 3) }
}

fn password(text: &str) -> UnlockSecret {
    UnlockSecret::Password(SecretString::new(text.to_owned()))
}

fn digits(seed: u64) -> UnlockSecret {
    UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(seed)))
}

fn keychain(seed: u64) -> UnlockSecret {
    UnlockSecret::Keychain(Secret::make(&SeededEntropy::new(seed)))
}

/// One computer: what it opened, and its randomness.
struct Computer {
    open: OpenKeyslots,
    entropy: SeededEntropy,
}

impl Computer {
    /// Makes a repository with the digits of seed 1.
    fn creates() -> Self {
        let entropy = SeededEntropy::new(100);
        let repository = RepositoryId::make(&entropy);
        let open =
            OpenKeyslots::create(repository, &digits(1), details("Digits", 1), Argon2Params::FLOOR, &entropy);
        Self { open: open.unwrap(), entropy }
    }

    fn opens(files: &[EncodedKeyslots], secret: &UnlockSecret, seed: u64) -> Self {
        Self { open: set(files).unlock(secret).unwrap(), entropy: SeededEntropy::new(seed) }
    }

    fn adds(&mut self, secret: &UnlockSecret, name: &str, added: i64) -> SlotId {
        self.open.add(secret, details(name, added), Argon2Params::FLOOR, &self.entropy).unwrap()
    }

    /// Adds a keychain slot of one name for each seed.
    fn adds_each(&mut self, seeds: std::ops::Range<u64>, name: &str) -> Vec<SlotId> {
        seeds.map(|seed| self.adds(&keychain(seed), name, 3)).collect()
    }

    fn writes(&mut self) -> EncodedKeyslots {
        let written = self.open.encode(&self.entropy).unwrap();
        self.open.mark_written(&written);
        written
    }
}

fn set(files: &[EncodedKeyslots]) -> KeyslotSet {
    KeyslotSet::read(files.iter().map(|file| (file.file_name.clone(), file.bytes.clone())).collect())
}

/// The same bytes, changed, under the name that fits them: what whoever holds the place can write.
fn renamed(bytes: Vec<u8>) -> EncodedKeyslots {
    EncodedKeyslots { file_name: coffer_keys::KeyslotFileHash::of(&bytes).file_name(), bytes }
}

fn names(open: &OpenKeyslots) -> Vec<String> {
    open.slots().into_iter().map(|slot| slot.details.name).collect()
}

#[test]
fn each_way_opens_the_same_keys() {
    let mut computer = Computer::creates();
    computer.adds(&password("correct horse battery"), "Password", 2);
    computer
        .open
        .add(&keychain(3), keychain_details("Here"), Argon2Params::FLOOR, &computer.entropy)
        .unwrap();
    let file = computer.writes();

    let opened = [digits(1), password("correct horse battery"), keychain(3)]
        .map(|secret| set(std::slice::from_ref(&file)).unlock(&secret).unwrap());

    let ids = opened.each_ref().map(|open| open.keyring().newest().key_id());
    let kinds = opened
        .each_ref()
        .map(|open| open.slots().iter().find(|slot| slot.id == open.opened_by()).unwrap().kind);
    let chunks = opened.each_ref().map(|open| open.keyring().chunk_id_key().derive_chunk_id(1, b"x"));
    assert_eq!(ids, [computer.open.keyring().newest().key_id(); 3]);
    assert_eq!(kinds, [SlotKind::RecoveryKey, SlotKind::Password, SlotKind::Keychain]);
    assert_eq!(chunks, [computer.open.keyring().chunk_id_key().derive_chunk_id(1, b"x"); 3]);
}

#[test]
fn a_wrong_secret_of_each_kind_is_a_wrong_secret() {
    let mut computer = Computer::creates();
    computer.adds(&password("correct horse battery"), "Password", 2);
    computer.adds(&keychain(3), "Here", 3);
    let file = computer.writes();

    let refused = [digits(2), password("correct horse batterz"), keychain(4)]
        .map(|secret| set(std::slice::from_ref(&file)).unlock(&secret).unwrap_err());

    assert_eq!(refused, [KeyError::WrongSecret, KeyError::WrongSecret, KeyError::WrongSecret]);
}

#[test]
fn the_ways_are_known_before_unlocking_but_not_their_names() {
    let mut computer = Computer::creates();
    computer.adds(&keychain(3), "a name nobody else reads", 2);
    let file = computer.writes();

    let ways = set(std::slice::from_ref(&file)).ways();

    let mut kinds: Vec<SlotKind> = ways.iter().map(|way| way.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [SlotKind::RecoveryKey, SlotKind::Keychain]);
    assert!(!file.bytes.windows(8).any(|window| window == b"a name n"));
}

#[test]
fn the_ways_of_all_versions_are_offered() {
    let mut computer = Computer::creates();
    let way = computer.adds(&keychain(3), "only in the older version", 2);
    let old = computer.writes();
    computer.open.remove(way, 9).unwrap();
    let new = computer.writes();

    let offered: Vec<SlotId> = set(&[new, old]).ways().iter().map(|way| way.id).collect();

    assert!(offered.len() == 2 && offered.contains(&way) && offered.contains(&computer.open.opened_by()));
}

#[test]
fn the_size_of_a_file_says_nothing() {
    let mut computer = Computer::creates();

    let small = computer.writes();
    computer.adds(&keychain(3), &"n".repeat(128), 2);
    let large = computer.writes();

    assert_eq!((small.bytes.len(), large.bytes.len()), (49_152, 49_152));
}

#[test]
fn details_and_policy_come_back_as_they_were_written() {
    let mut computer = Computer::creates();
    let id = computer.open.opened_by();
    let known =
        SlotDetails {
            name: "Zettel 🗝".to_owned(), added: -5, proved: Some(i64::MAX), reach: Reach::ThisKey
        };
    let policy = Policy { minimum_ways: 3, minimum_elsewhere: 2, memory_floor_kib: 131_072, passes_floor: 4 };

    computer.open.update_details(id, known.clone()).unwrap();
    computer.open.set_policy(policy);
    let file = computer.writes();
    let read = Computer::opens(&[file], &digits(1), 5).open;

    assert_eq!(read.slots()[0].details, known);
    assert_eq!(read.policy(), policy);
}

#[test]
fn a_seventeenth_slot_is_refused() {
    let mut computer = Computer::creates();
    computer.adds_each(2..17, "way");

    let refused = computer.open.add(&keychain(17), details("way", 2), Argon2Params::FLOOR, &computer.entropy);
    let file = computer.writes();

    assert_eq!(refused, Err(KeyError::TooMany { what: "slots", limit: 16 }));
    assert_eq!(Computer::opens(&[file], &keychain(16), 5).open.slots().len(), 16);
}

#[test]
fn the_last_way_that_works_elsewhere_stays() {
    let mut computer = Computer::creates();
    let first = computer.open.opened_by();
    let here = computer
        .open
        .add(&keychain(3), keychain_details("Here"), Argon2Params::FLOOR, &computer.entropy)
        .unwrap();

    let refused = computer.open.remove(first, 9);
    let removed = computer.open.remove(here, 9);
    let unknown = computer.open.remove(here, 9);

    assert_eq!(refused, Err(KeyError::LastWay));
    assert_eq!(removed, Ok(()));
    assert_eq!(unknown, Err(KeyError::UnknownSlot));
}

#[test]
fn a_keychain_is_no_way_even_when_its_details_say_so() {
    let mut computer = Computer::creates();
    computer.adds(&keychain(3), "claims to work anywhere", 2);

    assert_eq!(computer.open.remove(computer.open.opened_by(), 9), Err(KeyError::LastWay));
}

#[test]
fn a_password_below_the_floor_of_the_policy_is_refused() {
    let mut computer = Computer::creates();
    computer.open.set_policy(Policy { memory_floor_kib: 128 * 1024, ..Policy::default() });

    let refused =
        computer.open.add(&password("p"), details("Password", 2), Argon2Params::FLOOR, &computer.entropy);

    assert_eq!(refused, Err(KeyError::TooWeak { memory_kib: 65_536, passes: 3, lanes: 1 }));
}

#[test]
fn a_name_that_does_not_fit_is_refused() {
    let mut computer = Computer::creates();
    let id = computer.open.opened_by();

    let refused = computer.open.update_details(id, details(&"n".repeat(129), 1));

    assert_eq!(refused, Err(KeyError::TooLong { what: "name of a slot", limit: 128 }));
}

#[test]
fn unlocking_leaves_nothing_to_write_and_a_change_does() {
    let mut computer = Computer::creates();
    assert!(computer.open.needs_writing());

    let file = computer.writes();
    let mut other = Computer::opens(&[file], &digits(1), 5);

    assert!(!computer.open.needs_writing() && !other.open.needs_writing());
    other.adds(&keychain(3), "way", 2);
    assert!(other.open.needs_writing());
}

#[test]
fn a_removed_way_does_not_open_the_old_file_that_was_put_back() {
    let mut computer = Computer::creates();
    let lost = computer.adds(&keychain(3), "lost", 2);
    let old = computer.writes();
    computer.open.remove(lost, 77).unwrap();
    let new = computer.writes();

    let refused = set(&[old.clone(), new]).unlock(&keychain(3)).unwrap_err();
    let alone = set(&[old]).unlock(&keychain(3));

    assert_eq!(refused, KeyError::RemovedWay { at: Some(77) });
    assert!(alone.is_ok(), "a copy made before still opens with the old way, and the screen says so");
}

#[test]
fn a_set_can_be_read_again_without_asking() {
    let mut one = Computer::creates();
    let first = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&first), &digits(1), 5);
    two.adds(&keychain(3), "added over there", 2);
    let second = two.writes();

    let again = set(&[first, second]).reopen(&one.open).unwrap();

    assert_eq!(names(&again), ["Digits", "added over there"]);
    assert_eq!(again.opened_by(), one.open.opened_by());
}

#[test]
fn who_removes_the_way_they_came_in_by_stays_inside() {
    let mut computer = Computer::creates();
    let first = computer.writes();
    let came_in_by = computer.open.opened_by();
    let mut changed = Computer::opens(std::slice::from_ref(&first), &digits(1), 5);
    changed.open.add(&digits(2), details("new", 2), Argon2Params::FLOOR, &changed.entropy).unwrap();

    changed.open.remove(came_in_by, 60).unwrap();
    let second = changed.writes();
    let back = set(&[first.clone(), second.clone()]).reopen(&changed.open).unwrap();
    let thrown_out = set(&[first, second]).reopen(&computer.open).unwrap_err();

    assert_eq!(names(&back), ["new"]);
    assert_eq!(back.opened_by(), came_in_by);
    assert_eq!(thrown_out, KeyError::RemovedWay { at: Some(60) });
}

#[test]
fn files_of_another_repository_are_named_and_not_used() {
    let mut computer = Computer::creates();
    let own = computer.writes();
    let entropy = SeededEntropy::new(999);
    let other = OpenKeyslots::create(
        RepositoryId::make(&entropy),
        &digits(7),
        details("x", 1),
        Argon2Params::FLOOR,
        &entropy,
    );
    let stray = other.unwrap().encode(&entropy).unwrap();

    let open = set(&[own.clone(), own, stray.clone()]).unlock(&digits(1)).unwrap();

    assert_eq!(open.report().refused.len(), 1);
    assert_eq!(open.report().refused[0].name, stray.file_name);
    assert_eq!(open.report().refused[0].reason, KeyError::OtherRepository);
}

#[test]
fn a_damaged_newest_file_falls_back_to_the_one_before() {
    let mut computer = Computer::creates();
    let old = computer.writes();
    computer.adds(&keychain(3), "newer", 2);
    let mut new = computer.writes();
    new.bytes[30_000] ^= 1;

    let seen = set(&[old, new.clone()]);
    let open = seen.unlock(&digits(1)).unwrap();

    assert_eq!(seen.damaged()[0].name, new.file_name);
    assert_eq!(seen.damaged()[0].reason, KeyError::NameMismatch);
    assert_eq!(names(&open), ["Digits"]);
    assert_eq!(open.report().refused, seen.damaged());
}

#[test]
fn a_good_second_copy_makes_up_for_a_damaged_one() {
    let mut computer = Computer::creates();
    let good = computer.writes();
    let mut damaged = good.clone();
    damaged.bytes[30_000] ^= 1;

    let seen = set(&[damaged, good]);

    assert_eq!(seen.damaged().len(), 1);
    assert!(seen.unlock(&digits(1)).is_ok());
}

#[test]
fn an_altered_newest_file_under_its_right_name_falls_back_and_is_reported() {
    let mut computer = Computer::creates();
    let old = computer.writes();
    computer.adds(&keychain(3), "newer", 2);
    let mut altered = computer.writes().bytes;
    altered[30_000] ^= 1;
    let altered = renamed(altered);

    let open = set(&[old, altered.clone()]).unlock(&digits(1)).unwrap();

    assert_eq!(names(&open), ["Digits"]);
    assert_eq!(open.report().refused.len(), 1);
    assert_eq!(open.report().refused[0].name, altered.file_name);
    assert_eq!(open.report().refused[0].reason, KeyError::Tampered);
}

#[test]
fn nothing_to_read_is_told_from_a_wrong_secret() {
    assert_eq!(set(&[]).unlock(&digits(1)).unwrap_err(), KeyError::NoKeyslots);
    assert_eq!(
        set(&[renamed(b"cofferks".to_vec())]).unlock(&digits(1)).unwrap_err(),
        KeyError::Newer { what: "major version" }
    );
    assert_eq!(set(&[renamed(Vec::new())]).unlock(&digits(1)).unwrap_err(), KeyError::NoKeyslots);
}

#[test]
fn a_fork_is_merged_to_the_same_set_in_both_orders() {
    let mut one = Computer::creates();
    let root = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&root), &digits(1), 5);
    one.adds(&keychain(3), "from one", 3);
    two.adds(&keychain(4), "from two", 4);
    two.open.set_policy(Policy { minimum_ways: 5, ..Policy::default() });
    let (left, right) = (one.writes(), two.writes());

    let merged = set(&[root.clone(), left.clone(), right.clone()]).unlock(&digits(1)).unwrap();
    let reversed = set(&[right.clone(), left.clone(), root]).unlock(&digits(1)).unwrap();
    let encoded = [&merged, &reversed].map(|open| open.encode(&SeededEntropy::new(9)).unwrap());

    assert_eq!(names(&merged), ["Digits", "from one", "from two"]);
    assert_eq!(merged.policy().minimum_ways, 5);
    assert_eq!(encoded[0], encoded[1]);
    assert!(merged.needs_writing());
    let alone = set(&encoded[..1]).unlock(&keychain(4)).unwrap();
    assert_eq!(names(&alone), names(&merged));
    assert_eq!(
        set(&[left, right, encoded[0].clone()]).unlock(&digits(1)).unwrap().report().merged,
        [encoded[0].file_name.clone()]
    );
}

#[test]
fn a_removal_wins_over_a_change_made_at_the_same_time() {
    let mut one = Computer::creates();
    let contested = one.adds(&keychain(3), "contested", 3);
    let root = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&root), &digits(1), 5);
    one.open.remove(contested, 50).unwrap();
    two.open.update_details(contested, details("renamed meanwhile", 3)).unwrap();
    let (left, right) = (one.writes(), two.writes());

    let merged = set(&[left.clone(), right.clone()]).unlock(&digits(1)).unwrap();
    let refused = set(&[left, right]).unlock(&keychain(3)).unwrap_err();

    assert_eq!(names(&merged), ["Digits"]);
    assert_eq!(refused, KeyError::RemovedWay { at: Some(50) });
}

#[test]
fn of_two_changes_the_later_wins_and_a_proof_is_kept() {
    let mut one = Computer::creates();
    let id = one.open.opened_by();
    let root = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&root), &digits(1), 5);
    one.open.update_details(id, SlotDetails { proved: Some(70), ..details("name z", 1) }).unwrap();
    two.open.update_details(id, details("name m", 1)).unwrap();
    let (left, between) = (one.writes(), two.writes());
    two.open.update_details(id, details("name a", 1)).unwrap();
    let right = two.writes();

    let merged = set(&[left, between, right]).unlock(&digits(1)).unwrap();

    assert_eq!(merged.slots()[0].details, SlotDetails { proved: Some(70), ..details("name a", 1) });
}

#[test]
fn a_merge_that_leaves_too_many_slots_loses_none() {
    let mut one = Computer::creates();
    let root = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&root), &digits(1), 5);
    let spare = one.adds_each(20..35, "one");
    two.adds_each(40..55, "two");
    let (left, right) = (one.writes(), two.writes());

    let mut merged = Computer::opens(&[left, right], &keychain(54), 6);
    let full = merged.open.encode(&merged.entropy).unwrap_err();
    spare.into_iter().for_each(|id| merged.open.remove(id, 60).unwrap());

    assert_eq!(full, KeyError::TooMany { what: "slots", limit: 16 });
    assert_eq!(set(&[merged.writes()]).unlock(&digits(1)).unwrap().slots().len(), 16);
}

#[test]
fn three_writers_meet_in_one_child() {
    let mut one = Computer::creates();
    let root = one.writes();
    let mut others = [5, 6].map(|seed| Computer::opens(std::slice::from_ref(&root), &digits(1), seed));
    one.adds(&keychain(3), "one", 3);
    others[0].adds(&keychain(4), "two", 4);
    others[1].adds(&keychain(5), "three", 5);
    let forks = [one.writes(), others[0].writes(), others[1].writes()];

    let mut merged = Computer::opens(&forks, &digits(1), 8);
    let child = merged.writes();
    let settled =
        set(&[forks[2].clone(), child.clone(), root, forks[0].clone()]).unlock(&keychain(4)).unwrap();

    assert_eq!(names(&settled), ["Digits", "one", "two", "three"]);
    assert_eq!(settled.report().merged, [child.file_name]);
    assert_eq!(settled.state(), (1, 3));
}

#[test]
fn a_new_data_key_reaches_every_kept_way_and_no_removed_one() {
    let mut computer = Computer::creates();
    computer.adds(&password("correct horse battery"), "Password", 2);
    let lost = computer.adds(&keychain(3), "lost", 3);
    let old = computer.writes();

    computer.open.remove(lost, 50).unwrap();
    computer.open.change_data_key(&computer.entropy).unwrap();
    let new = computer.writes();
    let both = [old.clone(), new.clone()];
    let opened =
        [digits(1), password("correct horse battery")].map(|secret| set(&both).unlock(&secret).unwrap());

    let newest = computer.open.keyring().newest();
    assert_eq!(newest.generation(), 2);
    assert!(opened.iter().all(|open| open.keyring().newest().key_id() == newest.key_id()));
    assert!(opened.iter().all(|open| open.keyring().data_key(1).is_some() && open.state() == (2, 2)));
    assert_eq!(set(std::slice::from_ref(&new)).unlock(&keychain(3)).unwrap_err(), KeyError::WrongSecret);
    let by_lost = set(&both).unlock(&keychain(3)).unwrap();
    assert_eq!(
        by_lost.report().unverified_newer,
        [new.file_name],
        "what it opened before it still opens, and no more"
    );
    assert_eq!(by_lost.keyring().newest().generation(), 1);
}

#[test]
fn a_way_that_was_absent_twice_opens_the_newest_data_key() {
    let mut computer = Computer::creates();
    computer.adds(&keychain(3), "absent", 3);
    computer.writes();

    computer.open.change_data_key(&computer.entropy).unwrap();
    computer.writes();
    computer.open.change_data_key(&computer.entropy).unwrap();
    let newest = computer.writes();
    let open = set(&[newest]).unlock(&keychain(3)).unwrap();

    let generations: Vec<u32> = open.keyring().data_keys().map(coffer_keys::DataKey::generation).collect();
    assert_eq!(generations, [3, 2, 1]);
    assert_eq!(open.keyring().newest().key_id(), computer.open.keyring().newest().key_id());
}

#[test]
fn the_chunk_ids_outlive_the_data_key() {
    let mut computer = Computer::creates();
    let before = computer.open.keyring().chunk_id_key().derive_chunk_id(1, b"x");

    computer.open.change_data_key(&computer.entropy).unwrap();
    let file = computer.writes();

    assert_eq!(
        Computer::opens(&[file], &digits(1), 5).open.keyring().chunk_id_key().derive_chunk_id(1, b"x"),
        before
    );
}

#[test]
fn a_way_that_is_back_gets_its_data_key_wrapped_again() {
    let mut computer = Computer::creates();
    computer.writes();
    computer.open.change_data_key(&computer.entropy).unwrap();
    let handed_over = computer.writes();
    let mut back = Computer::opens(std::slice::from_ref(&handed_over), &digits(1), 5);

    let was_handed_over = back.open.is_handed_over();
    let unlocking_alone = back.open.needs_writing();
    back.adds(&keychain(3), "a reason to write", 3);
    let wrapped = back.writes();
    let again = set(&[handed_over, wrapped]).unlock(&digits(1)).unwrap();

    assert!(was_handed_over && !unlocking_alone && !again.is_handed_over());
    assert_eq!(again.keyring().newest().key_id(), computer.open.keyring().newest().key_id());
}

#[test]
fn the_way_at_hand_gets_the_new_data_key_wrapped_at_once() {
    let mut computer = Computer::creates();
    let lost = computer.adds(&keychain(3), "lost", 3);
    computer.adds(&keychain(4), "absent", 4);
    let first = computer.writes();
    let mut here = Computer::opens(std::slice::from_ref(&first), &digits(1), 5);
    let again = set(&[first]).reopen(&here.open).unwrap();
    here.open = again;

    here.open.remove(lost, 50).unwrap();
    here.open.change_data_key(&here.entropy).unwrap();
    let second = here.writes();

    let opened =
        [digits(1), keychain(4)].map(|secret| set(std::slice::from_ref(&second)).unlock(&secret).unwrap());
    assert_eq!(opened.each_ref().map(OpenKeyslots::is_handed_over), [false, true]);
    assert_eq!(opened.each_ref().map(OpenKeyslots::state), [(2, 2), (2, 2)]);
}

#[test]
fn keys_that_are_open_tell_a_new_data_key_from_damage_and_from_files_they_saw() {
    let mut computer = Computer::creates();
    let first = computer.writes();
    let here = Computer::opens(std::slice::from_ref(&first), &digits(1), 5);
    computer.open.change_data_key(&computer.entropy).unwrap();
    let second = computer.writes();
    let mut torn = first.bytes.clone();
    *torn.last_mut().unwrap() ^= 1;

    let before = set(std::slice::from_ref(&first)).is_newer_than(&here.open);
    let beside = set(&[first.clone(), second.clone()]);
    let alone = set(std::slice::from_ref(&second));
    let seen = beside.reopen(&here.open).unwrap();

    assert_eq!(
        [before, beside.is_newer_than(&here.open), alone.is_newer_than(&here.open)],
        [false, true, true]
    );
    assert!(!beside.is_newer_than(&seen), "it was there when these keys were opened");
    assert_eq!(alone.reopen(&here.open).unwrap_err(), KeyError::Replaced);
    assert_eq!(set(&[renamed(torn)]).reopen(&here.open).unwrap_err(), KeyError::Tampered);
    assert!(!alone.is_newer_than(&alone.unlock(&digits(1)).unwrap()));
}

#[test]
fn a_way_added_elsewhere_while_the_data_key_changed_is_reported() {
    let mut one = Computer::creates();
    let root = one.writes();
    let mut two = Computer::opens(std::slice::from_ref(&root), &digits(1), 5);
    two.adds(&keychain(3), "added meanwhile", 3);
    let meanwhile = two.writes();
    one.open.change_data_key(&one.entropy).unwrap();
    let later = one.writes();

    let open = set(&[root, meanwhile.clone(), later]).unlock(&digits(1)).unwrap();

    assert_eq!(names(&open), ["Digits"], "who holds an old data key cannot add a way to a newer one");
    assert_eq!(open.report().left_behind, [meanwhile.file_name]);
}

/// A repository whose password was lost and answered by generation 2; what its former holder, who has the first file, forges
/// for every kept way: a data key of generation 3.
fn forged_by_a_former_holder() -> [EncodedKeyslots; 3] {
    let mut owner = Computer::creates();
    let lost = owner.adds(&keychain(3), "lost", 3);
    let first = owner.writes();
    owner.open.remove(lost, 50).unwrap();
    owner.open.change_data_key(&owner.entropy).unwrap();
    let second = owner.writes();
    let mut thief = Computer::opens(std::slice::from_ref(&first), &keychain(3), 6);
    thief.open.change_data_key(&thief.entropy).unwrap();
    thief.open.change_data_key(&thief.entropy).unwrap();
    [first, second, thief.writes()]
}

#[test]
fn a_later_data_key_counts_here_only_when_it_came_from_the_one_seen_here() {
    let [first, second, forged] = forged_by_a_former_holder();
    let pair = |file: &EncodedKeyslots| vec![(file.file_name.clone(), file.bytes.clone())];

    let knowing = KeyslotSet::read_beside(pair(&second), pair(&forged)).unlock(&digits(1)).unwrap();
    let reached = KeyslotSet::read_beside(pair(&first), pair(&second)).unlock(&digits(1)).unwrap();
    let lost = KeyslotSet::read_beside(pair(&second), pair(&first)).unlock(&keychain(3));
    let unknowing = set(&[second.clone(), forged.clone()]).unlock(&digits(1)).unwrap();
    let stolen = set(std::slice::from_ref(&forged)).unlock(&keychain(3)).unwrap();

    assert_eq!((knowing.state().0, &knowing.report().unverified_newer), (2, &vec![forged.file_name]));
    assert_eq!(reached.state().0, 2);
    assert_eq!(
        lost.unwrap_err(),
        KeyError::RemovedWay { at: None },
        "its old file put back opens nothing here"
    );
    assert_eq!(unknowing.state().0, 3, "who never saw the second cannot tell: pins and homes can");
    assert!(stolen.follows(&set(std::slice::from_ref(&first)).unlock(&digits(1)).unwrap()));
    assert!(!stolen.follows(&knowing) && knowing.follows(&reached));
}

#[test]
fn nothing_secret_is_printed() {
    let mut computer = Computer::creates();
    computer.adds(&password("correct horse battery"), "Password", 2);
    let file = computer.writes();
    let key = RecoveryKey::make(&SeededEntropy::new(1));
    let shown = key.groups()[0].expose().to_owned();

    let printed = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        computer.open,
        set(&[file]),
        key,
        UnlockSecret::RecoveryKey(key.duplicate()),
        password("correct horse battery"),
        computer.open.keyring().newest().derive_file_key(
            &computer.open.repository(),
            coffer_keys::FileKind::Pack,
            &[0; 32]
        ),
    );

    assert!(!printed.contains("correct horse") && !printed.contains(&shown));
    assert!(printed.contains("DataKey { generation: 1") && printed.contains("key: [redacted]"));
    assert!(
        printed.contains("ChunkIdKey([redacted])") && printed.contains("RecoveryKey { digits: [redacted] }")
    );
    assert!(printed.contains("Password([redacted])") && printed.contains("FileKey { key: [redacted]"));
}
