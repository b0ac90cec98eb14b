//! What a check says: named by chat, also after a new start; and as far as it goes without a way to unlock.

use crate::story::{MARKER, Machine, World, code, done, password, secret, story, tree};
use crate::{leaks, unsaved};
use coffer_engine::view::{CheckReport, JobOutcome, LossKind};
use std::fs;
use std::path::Path;

fn check(machine: &Machine, every_byte: bool) -> CheckReport {
    let job = machine.engine.start_check(every_byte).unwrap();
    match done(machine.engine.wait_job(job).unwrap()) {
        JobOutcome::Check(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Flips a bit in the first piece of every pack; their names.
fn flip_packs(place: &Path) -> Vec<String> {
    let packs: Vec<String> = tree(place).into_keys().filter(|name| name.ends_with(".cpk")).collect();
    for name in &packs {
        let mut bytes = fs::read(place.join(name)).unwrap();
        bytes[200] ^= 1;
        fs::write(place.join(name), bytes).unwrap();
    }
    packs
}

#[test]
fn what_a_check_found_is_named_by_chat_after_a_new_start_and_lies_nowhere_in_clear() {
    let world = World::new();
    let (laptop, _) = story(&world);
    flip_packs(&world.place());

    let report = check(&laptop, true);
    let laptop = laptop.restart();
    let kept = laptop.engine.get_backup_status().unwrap().last_check.unwrap();

    let losses: Vec<_> = kept.damaged.iter().flat_map(|damage| &damage.affects).collect();
    let family = format!("{MARKER} family");
    assert_eq!(kept, report);
    assert!(
        losses.iter().any(|loss| loss.what == LossKind::Photo && loss.chat.as_ref() == Some(&family)),
        "{kept:?}"
    );
    assert_eq!(leaks(&laptop.computer.ports.home, &[MARKER.as_bytes()]), Vec::<String>::new());
}

#[test]
fn a_pack_is_not_called_unneeded_while_nobody_can_tell() {
    let world = World::new();
    let (laptop, _) = story(&world);
    fs::remove_dir_all(world.place().join("packs")).unwrap();

    let report = check(&laptop, false);

    let words: Vec<_> = report.damaged.iter().map(|damage| damage.what.as_str()).collect();
    assert_eq!(words, ["missing", "missing"]);
}

#[test]
fn while_locked_a_check_looks_at_each_file_and_names_no_chat() {
    let world = World::new();
    let laptop = unsaved(&world);
    laptop.computer.keychain.set_available(false);
    laptop.back_up();
    laptop.engine.lock();

    let whole = check(&laptop, true);
    let packs = flip_packs(&world.place());
    let damaged = check(&laptop, true);

    assert_eq!(code(laptop.engine.list_chats()), "locked");
    assert_eq!((whole.without_key, whole.is_ok, whole.snapshots), (true, true, 1));
    assert_eq!((damaged.without_key, damaged.is_ok), (true, false));
    assert_eq!(damaged.damaged.iter().map(|damage| damage.file.clone()).collect::<Vec<_>>(), packs);
    assert!(damaged.damaged.iter().all(|damage| damage.affects.is_empty()));
}

#[test]
fn a_check_without_a_key_takes_nothing_back_that_one_with_a_key_said() {
    let world = World::new();
    let (laptop, _) = story(&world);
    fs::remove_dir_all(world.place().join("packs")).unwrap();
    let with_key = check(&laptop, false);
    laptop.computer.keychain.set_available(false);
    laptop.engine.lock();

    let without = check(&laptop, false);
    laptop.engine.unlock(password()).unwrap();
    let last = laptop.engine.get_backup_status().unwrap().last_check.unwrap();

    assert!(without.is_ok, "missing packs cannot be seen without a key");
    assert_eq!(last, with_key);
}

#[test]
fn damage_that_was_seen_without_a_key_is_mended_by_the_next_backup() {
    let world = World::new();
    let laptop = unsaved(&world);
    laptop.computer.keychain.set_available(false);
    laptop.back_up();
    laptop.engine.lock();
    flip_packs(&world.place());
    check(&laptop, true);

    laptop.engine.unlock(password()).unwrap();
    let card = laptop.engine.get_backup_status().unwrap();
    laptop.back_up();
    let after = laptop.check(true);

    assert_eq!((card.state.as_str(), card.failure.unwrap().code.as_str()), ("failed", "damaged"));
    assert!(after.is_ok, "{:?}", after.damaged);
}

#[test]
fn a_wrong_password_is_still_wrong_for_a_check_of_an_opened_place() {
    let world = World::new();
    let (laptop, _) = story(&world);
    let guest = world.machine("guest", 9);
    let opened = guest.engine.open_backup(&world.place()).unwrap();

    let wrong = code(
        guest.engine.unlock_backup(&opened.session, coffer_engine::Unlock::Password(secret("not this one"))),
    );
    let job = guest.engine.start_check_of(&opened.session, false).unwrap();
    let outcome = done(guest.engine.wait_job(job).unwrap());

    assert_eq!(wrong, "wrong_password");
    assert!(matches!(outcome, JobOutcome::Check(report) if report.without_key && report.is_ok));
    drop(laptop);
}
