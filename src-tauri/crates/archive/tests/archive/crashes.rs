//! A place that fails at every operation in turn: committed backups stay, the next run needs no manual step.

use crate::small::{Content, Small, as_store, content, fill, info, keys, open, restorable};
use coffer_archive::{
    ArchiveError, CheckDepth, Failure, Head, MemoryStore, Repository, SnapshotInfo, StoreError, Unlocked,
    WriterId,
};
use coffer_keys::{RecoveryKey, UnlockSecret};
use coffer_secret::Entropy;
use coffer_secret::testing::SeededEntropy;
use std::ops::ControlFlow;
use std::sync::Arc;

const FAILURES: [Failure; 5] =
    [Failure::NoSpace, Failure::Io, Failure::PermissionDenied, Failure::FailedButLanded, Failure::Torn];

fn back_up(
    repository: &Repository<Unlocked>,
    small: &Small,
    last: Option<Head>,
    day: u8,
) -> Result<SnapshotInfo, ArchiveError> {
    let mut run = repository.begin_tiny(info(small.writer, last), 0, Arc::clone(&small.entropy))?;
    let counts = fill(&mut run, &content(day))?;
    run.commit(counts)
}

/// Everything that was committed is there, and a check finds nothing that keeps it from being restored.
fn assert_sound(repository: &Repository<Unlocked>, small: &Small, context: &str) {
    let repository = repository.afresh();
    let outcome = repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(
        outcome.damaged.iter().all(|damage| damage.affected.is_empty()),
        "{context}: {:?}",
        outcome.damaged
    );
    for (id, content) in &small.expected {
        assert_eq!(restorable(&repository, id, content).len(), content.len(), "{context}");
    }
}

#[test]
fn a_backup_that_crashes_at_any_operation_loses_nothing_and_the_next_one_adopts_its_packs() {
    let whole = Small::make();
    let mut crashes = 0;
    for failure in FAILURES {
        for at in 0.. {
            let mut small = Small { store: Arc::new(whole.store.duplicate()), ..Small::make() };
            let repository = small.open();
            // The third day: everything of the second, and all of it changed.
            let before = small.store.files();
            small.store.crash_at(at, failure);
            let crashed = third_day(&repository, &small);
            small.store.heal();
            if crashed.is_ok() {
                break;
            }
            crashes += 1;
            let context = format!("{failure:?} at {at}");
            let left: usize = small.store.files().len() - before.len();
            let adopted = left_packs(&small, &before);

            let third =
                third_day(&repository.afresh(), &small).unwrap_or_else(|error| panic!("{context}: {error}"));

            let wrote: usize = small.store.files().len() - before.len() - left;
            assert!(wrote <= 6, "{context}: {wrote} files for {adopted} left");
            small.expected.insert(third.id, third_content());
            assert_sound(&repository, &small, &context);
        }
    }
    assert!(crashes > 50, "{crashes}");
}

fn third_content() -> Content {
    let mut content = content(2);
    for (name, (_, bytes)) in &mut content {
        if !bytes.is_empty() {
            bytes.extend_from_slice(b" and something new of the third day");
            bytes.rotate_left(name.len());
        }
    }
    content
}

fn third_day(repository: &Repository<Unlocked>, small: &Small) -> Result<SnapshotInfo, ArchiveError> {
    let mut run = repository.begin_tiny(
        info(small.writer, Some(small.second.head())),
        0,
        Arc::clone(&small.entropy),
    )?;
    let counts = fill(&mut run, &third_content())?;
    run.commit(counts)
}

fn left_packs(small: &Small, before: &std::collections::BTreeMap<String, Vec<u8>>) -> usize {
    small.store.files().keys().filter(|name| name.ends_with(".cpk") && !before.contains_key(*name)).count()
}

#[test]
fn packs_that_an_interrupted_run_left_are_not_written_again() {
    let small = Small::make();
    let repository = small.open();
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    fill(&mut run, &third_content()).unwrap();
    let stored = run.bytes_stored();
    drop(run);
    assert!(stored > 500, "{stored}");

    let mut again = repository
        .afresh()
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    fill(&mut again, &third_content()).unwrap();

    assert_eq!(again.bytes_stored(), 0, "all {stored} bytes were adopted");
}

#[test]
fn a_pack_that_was_left_and_then_damaged_is_not_adopted() {
    let small = Small::make();
    let repository = small.open();
    let before = small.store.files();
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    fill(&mut run, &third_content()).unwrap();
    drop(run);
    for (name, mut bytes) in small.store.files() {
        if !before.contains_key(&name) {
            bytes[100] ^= 1;
            small.store.replace(&name, bytes);
        }
    }

    let third = third_day(&repository.afresh(), &small).unwrap();

    assert_eq!(restorable(&repository.afresh(), &third.id, &third_content()).len(), 6);
}

#[test]
fn a_create_that_crashes_at_any_operation_is_finished_by_the_next_one() {
    let mut crashes = 0;
    for failure in FAILURES {
        for at in 0.. {
            let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(at));
            let secret = UnlockSecret::RecoveryKey(RecoveryKey::make(&*entropy));
            let store = Arc::new(MemoryStore::new());
            store.crash_at(at, failure);
            let crashed = Repository::create(as_store(&store), keys(&secret, &*entropy), &*entropy);
            store.heal();
            if crashed.is_ok() {
                break;
            }
            crashes += 1;
            let context = format!("{failure:?} at {at}");
            let is_made = Repository::open(as_store(&store)).is_ok();

            let again = Repository::create(as_store(&store), keys(&secret, &*entropy), &*entropy);

            // The crash may have come after the last step that counts: then the repository is whole.
            assert_eq!(matches!(again, Err(ArchiveError::AlreadyARepository)), is_made, "{context}");
            let repository = open(&store, &secret);
            let mut run =
                repository.begin_tiny(info(WriterId([1; 16]), None), 0, Arc::clone(&entropy)).unwrap();
            let counts = fill(&mut run, &content(1)).unwrap();
            let first = run.commit(counts).unwrap();
            assert_eq!(restorable(&repository.afresh(), &first.id, &content(1)).len(), 4, "{context}");
            let outcome =
                repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap();
            assert!(outcome.is_ok(), "{context}: {:?}", outcome.damaged);
        }
    }
    assert!(crashes > 30, "{crashes}");
}

#[test]
fn saving_ways_that_crashes_at_any_operation_leaves_the_old_ones_or_the_new_ones() {
    let whole = Small::make();
    for failure in FAILURES {
        for at in 0.. {
            let small = Small { store: Arc::new(whole.store.duplicate()), ..Small::make() };
            let repository = small.open();
            let added = UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(77)));
            let details = coffer_keys::SlotDetails {
                name: "second".into(),
                added: 1,
                proved: None,
                reach: coffer_keys::Reach::Anywhere,
            };
            let floor = coffer_keys::Argon2Params::FLOOR;
            repository.open_keyslots_mut().add(&added, details, floor, &*small.entropy).unwrap();

            small.store.crash_at(at, failure);
            let saved = repository.save_keyslots(&*small.entropy);
            small.store.heal();

            let opened = Repository::open(as_store(&small.store)).unwrap().unlock(&small.secret);
            assert!(opened.is_ok(), "{failure:?} at {at}");
            if saved.is_ok() {
                break;
            }
            repository.save_keyslots(&*small.entropy).unwrap();
            assert!(Repository::open(as_store(&small.store)).unwrap().unlock(&added).is_ok());
        }
    }
}

/// Says whether an error is the one that was provoked.
type Expected = fn(&StoreError) -> bool;

#[test]
fn one_failing_operation_is_an_error_with_its_reason_or_does_no_harm() {
    let whole = Small::make();
    let is_full = |error: &StoreError| matches!(error, StoreError::NoSpace);
    let is_refused = |error: &StoreError| matches!(error, StoreError::PermissionDenied);
    let is_device = |error: &StoreError| matches!(error, StoreError::Io { .. });
    let cases: [(Failure, Expected); 5] = [
        (Failure::NoSpace, is_full),
        (Failure::PermissionDenied, is_refused),
        (Failure::Io, is_device),
        (Failure::Torn, is_device),
        (Failure::FailedButLanded, is_device),
    ];
    for (failure, is_it) in cases {
        for at in 0.. {
            let small = Small { store: Arc::new(whole.store.duplicate()), ..Small::make() };
            let repository = small.open();
            small.store.fail_once(at, failure);
            let outcome = third_day(&repository, &small);
            let operations = small.store.operations();
            small.store.heal();
            match outcome {
                Err(ArchiveError::Store(error)) => assert!(is_it(&error), "{error} at {at}"),
                Err(other) => panic!("{other} at {at}"),
                Ok(third) => {
                    assert_eq!(
                        restorable(&repository.afresh(), &third.id, &third_content()).len(),
                        6,
                        "{at}"
                    );
                }
            }
            assert_sound(&repository, &small, &format!("{failure:?} once at {at}"));
            if at > operations {
                break;
            }
        }
    }
}

#[test]
fn a_place_that_is_full_at_any_size_says_so_and_keeps_what_it_has() {
    let whole = Small::make();
    let used: u64 = whole.store.files().values().map(|bytes| u64::try_from(bytes.len()).unwrap()).sum();
    for spare in (0..6_000).step_by(97) {
        let small = Small { store: Arc::new(whole.store.duplicate()), ..Small::make() };
        let repository = small.open();
        small.store.limit_capacity(used + spare);
        let outcome = third_day(&repository, &small);
        small.store.heal();

        assert!(matches!(outcome, Err(ArchiveError::Store(StoreError::NoSpace)) | Ok(_)));
        assert_sound(&repository, &small, &format!("{spare} bytes to spare"));
        back_up(&repository.afresh(), &small, Some(small.second.head()), 2).unwrap();
    }
}
