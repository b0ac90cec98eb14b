//! Where a passkey works, as its flags change over time.

use super::*;
use crate::protection::tests::{PASSWORD, password, set_digits, set_password};
use crate::testing::open_engine;

#[test]
fn a_passkey_that_is_copied_at_creation_reaches_other_devices() {
    let (desk, provider) = desk_with(&[AuthenticatorKind::Platform]);
    provider.backup_flags(true, true);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    let view = engine.add_passkey(PasskeyKind::Platform).unwrap();

    assert_eq!((passkey_way(&view).reach.as_str(), view.ways_elsewhere), ("synced", 1));
}

#[test]
fn a_passkey_counts_as_this_computers_own_until_it_is_copied_and_the_place_hears_of_it_with_the_next_change()
{
    let (desk, provider) = desk_with(&[AuthenticatorKind::Platform]);
    provider.backup_flags(true, false);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    engine.add_passkey(PasskeyKind::Platform).unwrap();
    set_password(&engine, PASSWORD).unwrap();
    let at_first = engine.get_protection().unwrap();
    let names = || {
        let files = std::fs::read_dir(desk.place().join("keyslots")).unwrap();
        files.map(|file| file.unwrap().file_name()).collect::<Vec<_>>()
    };
    let before = names();

    provider.backup_flags(true, true);
    engine.lock();
    engine.unlock(Unlock::Passkey).unwrap();
    let seen_here = engine.get_protection().unwrap();
    let after_unlock = names();
    let neighbour = desk.neighbour();
    let other = open_engine(neighbour.ports.clone()).unwrap();
    let joined = |engine: &Engine| {
        let opened = engine.open_backup(&desk.place()).unwrap();
        engine.unlock_backup(&opened.session, password(PASSWORD)).unwrap();
        engine.protect_here(&opened.session).unwrap()
    };
    let seen_there_before = joined(&other);
    engine.rename_way(&passkey_way(&seen_here).id, "My passkey").unwrap();
    other.lock();
    other.unlock(password(PASSWORD)).unwrap();
    let seen_there = other.get_protection().unwrap();

    assert_eq!((passkey_way(&at_first).reach.as_str(), at_first.ways_elsewhere), ("this_computer", 1));
    assert_eq!((passkey_way(&seen_here).reach.as_str(), seen_here.ways_elsewhere), ("synced", 2));
    assert_eq!(after_unlock, before, "unlocking writes nothing to the place");
    assert_eq!(passkey_way(&seen_there_before).reach, "this_computer");
    assert_eq!(passkey_way(&seen_there).reach, "synced");
    let kept = engine.home.settings().ways[&passkey_way(&seen_here).id].reach;
    assert_eq!(kept, None, "the slot says it now");
}

#[test]
fn a_passkey_that_is_no_longer_copied_stops_counting_elsewhere() {
    let (desk, provider) = desk_with(&[AuthenticatorKind::Platform]);
    provider.backup_flags(true, true);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    engine.add_passkey(PasskeyKind::Platform).unwrap();
    provider.backup_flags(true, false);

    let view = engine.fresh_unlock(Unlock::Passkey).unwrap();

    assert_eq!((passkey_way(&view).reach.as_str(), view.ways_elsewhere), ("this_computer", 0));
    assert_eq!(engine.get_backup_status().unwrap().ways_elsewhere, 0);
}

#[test]
fn the_last_way_elsewhere_is_judged_by_what_is_known_now() {
    let (desk, provider) = desk_with(&[AuthenticatorKind::Platform]);
    provider.backup_flags(true, true);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    engine.add_passkey(PasskeyKind::Platform).unwrap();
    set_digits(&engine).unwrap();
    provider.backup_flags(true, false);
    engine.fresh_unlock(Unlock::Passkey).unwrap();
    let digits = crate::protection::tests::way_of(&engine, WayKind::RecoveryKey);

    let refused = engine.remove_way(&digits, RemovalReason::StillMine, true);

    assert!(matches!(refused, Err(Error::LastWay { rule: crate::LastWayRule::LastElsewhere })));
}

#[test]
fn what_another_computer_wrote_later_counts_more_than_what_was_seen_here() {
    let (desk, provider) = desk_with(&[AuthenticatorKind::Platform]);
    provider.backup_flags(true, false);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    engine.add_passkey(PasskeyKind::Platform).unwrap();
    let id = passkey_way(&engine.get_protection().unwrap()).id;

    // Seen here: synced. Then another computer's word stands in the slot: neither what was sealed nor what was seen.
    engine
        .home
        .update_settings(|settings| {
            settings.ways.entry(id.clone()).or_default().reach =
                Some(crate::SeenReach { sealed: crate::WayReach::ThisKey, now: crate::WayReach::Synced });
        })
        .unwrap();

    assert_eq!(passkey_way(&engine.get_protection().unwrap()).reach, "this_computer");
}
