//! A way that is lost or known to somebody: the new key reaches every kept way, here and on other computers, and no other.

use crate::error::Error;
use crate::keyslot_folder::KeyslotFolder;
use crate::library_key::LibraryKey;
use crate::places;
use crate::progress::lock;
use crate::protection::tests::{
    Desk, OTHER, PASSWORD, copy_folder, joined, password, protect, secret, set_digits, set_password,
    stored_copy, way_of,
};
use crate::protection::unlocking::parse_digits;
use crate::testing::open_engine;
use crate::testing_stores::{mount, unmount};
use crate::view::{RemovalReason, WayKind};
use crate::{Confirmation, Engine, Unlock};
use coffer_archive::{Failure, MemoryStore};
use coffer_keys::{Argon2Params, KeyslotSet, OpenKeyslots, Reach, SlotDetails, SlotKind, UnlockSecret};
use coffer_secret::{Entropy, Secret};
use std::path::Path;
use std::sync::Arc;

fn digits(text: &str) -> Unlock {
    Unlock::Digits(secret(text))
}

fn key(text: &str) -> UnlockSecret {
    UnlockSecret::RecoveryKey(parse_digits(&secret(text)).unwrap())
}

fn folder(desk: &Desk) -> KeyslotFolder {
    KeyslotFolder::of(places::open_store(&desk.place()).unwrap())
}

fn set(desk: &Desk) -> KeyslotSet {
    KeyslotSet::read(folder(desk).files().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn generation(engine: &Engine) -> u32 {
    engine.repository().unwrap().open_keyslots().state().0
}

/// Protection by a password and two 64-digit keys; their digits.
fn three_ways(engine: &Engine, desk: &Desk) -> [String; 2] {
    let first = protect(engine, &desk.place());
    [first, set_digits(engine).unwrap()]
}

fn lose_password(engine: &Engine) {
    engine.remove_way(&way_of(engine, WayKind::Password), RemovalReason::LostOrKnown, false).unwrap();
}

#[test]
fn a_lost_way_opens_nothing_and_every_kept_way_opens_the_new_key() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, second] = three_ways(&engine, &desk);
    let before = set(&desk).versions();

    lose_password(&engine);

    assert_eq!((generation(&engine), engine.get_protection().unwrap().ways.len()), (2, 2));
    let versions = set(&desk).versions();
    assert!(versions.len() == 1 && !before.contains(&versions[0]), "every older keyslot file is gone");
    assert!(matches!(engine.test_way(password(PASSWORD)), Err(Error::WrongPassword)));
    assert!(matches!(engine.fresh_unlock(password(PASSWORD)), Err(Error::WrongPassword)));
    for kept in [&first, &second] {
        assert!(engine.test_way(digits(kept)).is_ok());
        engine.lock();
        assert!(!engine.unlock(digits(kept)).unwrap().is_locked);
        assert_eq!(generation(&engine), 2);
    }
}

#[test]
fn a_way_that_is_still_mine_goes_without_a_new_key() {
    let desk = Desk::new();
    let engine = desk.start();
    three_ways(&engine, &desk);

    engine.remove_way(&way_of(&engine, WayKind::Password), RemovalReason::StillMine, false).unwrap();

    assert_eq!((generation(&engine), set(&desk).versions().len()), (1, 1));
    assert!(matches!(engine.test_way(password(PASSWORD)), Err(Error::WrongPassword)));
}

#[test]
fn ways_are_added_and_removed_again_after_a_new_key() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    lose_password(&engine);

    set_password(&engine, OTHER).unwrap();
    let again = engine.remove_way(&way_of(&engine, WayKind::Password), RemovalReason::LostOrKnown, false);
    set_password(&engine, PASSWORD).unwrap();
    engine.lock();

    assert_eq!(again.unwrap().ways.len(), 2);
    assert!(!engine.unlock(password(PASSWORD)).unwrap().is_locked);
    assert_eq!(generation(&engine), 3);
    assert!(matches!(engine.test_way(password(OTHER)), Err(Error::WrongPassword)));
    assert!(engine.test_way(digits(&first)).is_ok());
}

#[test]
fn the_old_key_no_longer_opens_the_library() {
    let desk = Desk::new();
    let engine = desk.start();
    three_ways(&engine, &desk);
    let stolen = set(&desk).unlock(&UnlockSecret::Password(secret(PASSWORD))).unwrap();
    let before = LibraryKey::open_by_place(&engine.home, &stolen).is_ok();

    lose_password(&engine);

    assert!(before);
    assert!(matches!(LibraryKey::open_by_place(&engine.home, &stolen), Err(Error::WrongSecret)));
}

#[test]
fn a_new_key_waits_for_the_job_that_works_with_the_old_one() {
    let desk = Desk::new();
    let engine = desk.start();
    three_ways(&engine, &desk);
    let way = way_of(&engine, WayKind::Password);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let job = engine
        .jobs
        .start(crate::progress::JobKind::Check, crate::progress::Phase::Preparing, move |_| {
            held.recv().ok();
            Err(Error::Cancelled)
        })
        .unwrap();

    let refused = engine.remove_way(&way, RemovalReason::LostOrKnown, false);
    drop(hold);
    engine.wait_job(job).unwrap();

    assert!(matches!(refused, Err(Error::Busy)));
    assert_eq!(generation(&engine), 1);
    lose_password(&engine);
}

#[test]
fn another_computer_goes_on_by_its_keychain_and_takes_the_new_key_over() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    let other = joined(&desk, &desk.neighbour(), &first);

    lose_password(&other);
    let asked_nothing = generation(&engine);
    let id = engine.repository().unwrap().repository_id().to_string();
    std::fs::rename(desk.place(), desk.folder.path().join("unplugged")).unwrap();
    engine.lock();

    assert_eq!(asked_nothing, 2);
    assert_eq!(
        names(&engine.home.keyslot_cache(&id).join("keyslots")).len(),
        1,
        "the copy at home is the new one"
    );
    assert!(matches!(engine.unlock(password(PASSWORD)), Err(Error::WrongPassword)));
    assert!(!engine.unlock(digits(&first)).unwrap().is_locked);
}

#[test]
fn another_computer_without_a_keychain_asks_for_a_way() {
    let desk = Desk::new();
    desk.computer.keychain.set_available(false);
    let engine = desk.start();
    let [first, second] = three_ways(&engine, &desk);
    let other = joined(&desk, &desk.neighbour(), &first);

    lose_password(&other);
    let waits = engine.repository();
    let change = engine.rename_way(&way_of(&engine, WayKind::RecoveryKey), "x");
    // This home still remembers the way that was lost, so it opens the library; in the place it opens nothing.
    let by_lost = engine.fresh_unlock(password(PASSWORD)).map(drop);
    let there = engine.repository();

    assert!(matches!(waits, Err(Error::NeedsUnlock)));
    assert!(matches!(change, Err(Error::NeedsUnlock)));
    assert!(by_lost.is_ok());
    assert!(matches!(there, Err(Error::WrongSecret)));
    engine.fresh_unlock(digits(&second)).unwrap();
    assert_eq!(generation(&engine), 2);
    assert!(matches!(engine.fresh_unlock(password(PASSWORD)), Err(Error::WrongPassword)));
}

#[test]
fn a_lost_computer_backs_up_no_more_until_somebody_unlocks_it() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    let mut keys = set(&desk).unlock(&key(&first)).unwrap();
    let own = keys.slots().into_iter().find(|slot| slot.kind == SlotKind::Keychain).unwrap();
    keys.remove(own.id, 1).unwrap();
    keys.change_data_key(desk.computer.ports.entropy.as_ref()).unwrap();
    folder(&desk).save(&mut keys, desk.computer.ports.entropy.as_ref()).unwrap();

    let alone = engine.repository();
    engine.fresh_unlock(digits(&first)).unwrap();

    assert!(matches!(alone, Err(Error::NeedsUnlock)));
    assert_eq!((generation(&engine), engine.get_protection().unwrap().automatic), (2, false));
}

#[test]
fn a_newer_key_that_a_former_holder_forged_is_taken_over_by_nobody_who_knows_better() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    let entropy = desk.computer.ports.entropy.as_ref();
    let mut thief = set(&desk).unlock(&UnlockSecret::Password(secret(PASSWORD))).unwrap();
    lose_password(&engine);

    // With the first key he makes a second and a third, and hands them over to every kept way.
    thief.change_data_key(entropy).unwrap();
    thief.change_data_key(entropy).unwrap();
    let forged = thief.encode(entropy).unwrap();
    folder(&desk).add(&vec![(forged.file_name, forged.bytes)]).unwrap();
    let alone = engine.repository();
    engine.fresh_unlock(digits(&first)).unwrap();

    assert!(matches!(alone, Err(Error::NeedsUnlock)), "a person is asked once");
    assert_eq!(generation(&engine), 2, "the key that did not come from ours counts for nothing");
    assert!(engine.rename_way(&way_of(&engine, WayKind::RecoveryKey), "mine").is_ok(), "and stops nothing");
    assert_eq!(generation(&engine), 2);
}

/// Two computers that opened the same ways.
fn two_open(desk: &Desk, digits: &str) -> [OpenKeyslots; 2] {
    [(); 2].map(|()| set(desk).unlock(&key(digits)).unwrap())
}

fn add_way(keys: &mut OpenKeyslots, entropy: &dyn Entropy) {
    let details = SlotDetails { name: "new".to_owned(), added: 5, proved: None, reach: Reach::Anywhere };
    keys.add(&UnlockSecret::Keychain(Secret::make(entropy)), details, Argon2Params::FLOOR, entropy).unwrap();
}

#[test]
fn of_two_computers_at_once_the_later_one_is_told_and_nothing_is_dropped() {
    let renew = |keys: &mut OpenKeyslots, entropy: &dyn Entropy| keys.change_data_key(entropy).unwrap();
    type Change = fn(&mut OpenKeyslots, &dyn Entropy);
    let pairs: [(Change, Change); 3] = [(add_way, renew), (renew, add_way), (renew, renew)];

    for (number, (first, second)) in pairs.into_iter().enumerate() {
        let desk = Desk::new();
        let engine = desk.start();
        let digits = protect(&engine, &desk.place());
        let entropy = desk.computer.ports.entropy.as_ref();
        let [mut one, mut other] = two_open(&desk, &digits);
        first(&mut one, entropy);
        second(&mut other, entropy);
        folder(&desk).save(&mut one, entropy).unwrap();
        let written = set(&desk).versions();

        let late = folder(&desk).save(&mut other, entropy);

        assert!(matches!(late, Err(Error::WaysChanged)), "{number}: {late:?}");
        assert_eq!(set(&desk).versions(), written, "{number}: what came first stands alone");
        let open = set(&desk).unlock(&key(&digits)).unwrap();
        assert_eq!((open.state(), open.slots()), (one.state(), one.slots()), "{number}");
    }
}

#[test]
fn after_a_change_elsewhere_the_list_is_the_one_of_the_other_computer() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    let entropy = desk.computer.ports.entropy.as_ref();
    let mut other = set(&desk).unlock(&key(&first)).unwrap();
    add_way(&mut other, entropy);
    let lost = other.slots().into_iter().find(|slot| slot.kind == SlotKind::Password).unwrap();
    other.remove(lost.id, 9).unwrap();
    other.change_data_key(entropy).unwrap();
    let stopped = stop_between_reading_and_writing(&desk, &engine, &mut other);

    assert!(matches!(stopped, Err(Error::WaysChanged)), "{stopped:?}");
    let listed = engine.get_protection().unwrap().ways.len();
    assert_eq!((generation(&engine), listed), (2, 2));
}

/// Removes a way on this computer while the other one writes between its reading and its writing.
fn stop_between_reading_and_writing(
    desk: &Desk,
    engine: &Engine,
    other: &mut OpenKeyslots,
) -> Result<crate::view::ProtectionView, Error> {
    let way = way_of(engine, WayKind::Password);
    let entropy = Arc::clone(&desk.computer.ports.entropy);
    engine.change_ways(
        |keys, slot| {
            folder(desk).save(other, entropy.as_ref())?;
            keys.remove(slot, 10)?;
            Ok(keys.change_data_key(entropy.as_ref())?)
        },
        &way,
    )
}

#[test]
fn a_deletion_that_was_stopped_is_finished_by_the_next_backup() {
    let desk = Desk::new();
    let engine = desk.start();
    three_ways(&engine, &desk);
    let kept = desk.folder.path().join("older");
    copy_folder(&desk.place().join("keyslots"), &kept);
    lose_password(&engine);
    for copy in ["keyslots", "keyslots-2"] {
        copy_folder(&kept, &desk.place().join(copy));
    }
    let left = set(&desk).versions().len();

    let job = engine.wait_job(engine.start_backup(None).unwrap()).unwrap();

    assert_eq!((left, job.state.as_str()), (2, "done"));
    assert_eq!((set(&desk).versions().len(), names(&desk.place().join("keyslots-2")).len()), (1, 1));
}

#[test]
fn a_stop_at_any_write_at_home_leaves_kept_ways_that_open_the_library() {
    let mut stops = 0;
    for at in 0..40 {
        for copy in ["ways", "copy"] {
            let desk = Desk::new();
            let engine = desk.start();
            engine.choose_place(&desk.place(), false).unwrap();
            set_digits(&engine).unwrap();
            let way = way_of(&engine, WayKind::RecoveryKey);
            let kept = engine.make_recovery_key().unwrap().groups.concat();
            engine.confirm_recovery_key(Confirmation::Text(secret(&kept))).unwrap();
            let id = engine.repository().unwrap().repository_id().to_string();
            let path =
                if copy == "ways" { engine.home.ways_folder() } else { engine.home.keyslot_cache(&id) };
            let store = Arc::new(stored_copy(&path));
            mount(&path, Arc::<MemoryStore>::clone(&store));
            store.crash_at(at, Failure::Io);
            let ended = engine.remove_way(&way, RemovalReason::LostOrKnown, true);
            drop(engine);
            store.heal();
            desk.computer.keychain.set_available(false);

            let opens = |engine: &Engine| engine.unlock(digits(&kept)).is_ok_and(|app| !app.is_locked);
            std::fs::rename(desk.place(), desk.folder.path().join("unplugged")).unwrap();
            let without_place = opens(&desk.start());
            std::fs::rename(desk.folder.path().join("unplugged"), desk.place()).unwrap();
            let engine = desk.start();
            assert!(without_place && opens(&engine), "{copy}, stop at {at}");
            assert_eq!(generation(&engine), 2, "{copy}, stop at {at}");
            stops += u32::from(ended.is_err());
            unmount(&path);
        }
    }
    assert!((5..75).contains(&stops), "{stops}: some stop the change, the last ones come too late");
}

#[test]
fn keys_in_memory_are_replaced_where_the_keychain_brought_the_new_one() {
    let desk = Desk::new();
    let engine = desk.start();
    let [first, _] = three_ways(&engine, &desk);
    let other = joined(&desk, &desk.neighbour(), &first);
    lose_password(&other);

    engine.repository().unwrap();
    let held = lock(&engine.session).place.as_ref().map(OpenKeyslots::state).unwrap();
    drop(engine);
    let again = open_engine(desk.computer.ports.clone()).unwrap();

    assert_eq!((held.0, generation(&again)), (2, 2));
    again.fresh_unlock(digits(&first)).unwrap();
    assert!(again.rename_way(&way_of(&again, WayKind::RecoveryKey), "x").is_ok());
}
