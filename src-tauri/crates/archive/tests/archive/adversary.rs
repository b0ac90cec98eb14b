//! A hostile hand on a small repository: every change is found and named, no wrong byte is ever released.

use crate::small::{Small, as_store, content, fill, info, keys, open, restorable};
use coffer_archive::{
    ArchiveError, CheckDepth, CheckOutcome, Counts, MemoryStore, Repository, Unlocked, What,
};
use coffer_keys::{RecoveryKey, UnlockSecret};
use coffer_secret::testing::SeededEntropy;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

type Files = BTreeMap<String, Vec<u8>>;

fn check(store: &Arc<MemoryStore>, secret: &UnlockSecret, depth: CheckDepth) -> CheckOutcome {
    check_open(&open(store, secret), depth)
}

fn check_open(repository: &Repository<Unlocked>, depth: CheckDepth) -> CheckOutcome {
    repository.afresh().check(depth, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

/// What a check says about one file.
fn said(outcome: &CheckOutcome, file: &str) -> Option<What> {
    outcome.damaged.iter().find(|damage| damage.file == file).map(|damage| damage.what)
}

/// Restores everything that can be and compares it with what the check says cannot be.
fn restore_agrees(small: &Small, store: &Arc<MemoryStore>, outcome: &CheckOutcome, lost: Option<&str>) {
    restore_agrees_open(small, &open(store, &small.secret), outcome, lost);
}

fn restore_agrees_open(
    small: &Small,
    repository: &Repository<Unlocked>,
    outcome: &CheckOutcome,
    lost: Option<&str>,
) {
    let affected: BTreeSet<&[u8]> =
        outcome.damaged.iter().flat_map(|damage| damage.affected.iter().map(Vec::as_slice)).collect();
    let repository = repository.afresh();
    for (id, content) in &small.expected {
        let whole: BTreeSet<Vec<u8>> = restorable(&repository, id, content).into_iter().collect();
        if lost == Some(format!("snapshots/{id}.csn").as_str()) {
            assert!(whole.is_empty());
            continue;
        }
        let tree_is_whole = repository.read(id).unwrap().damaged().is_empty();
        for name in content.keys() {
            let is_affected = affected.contains(name.as_slice());
            if tree_is_whole {
                assert_eq!(!is_affected, whole.contains(name), "{}", String::from_utf8_lossy(name));
            } else {
                assert!(!(is_affected && whole.contains(name)));
            }
        }
    }
}

/// Files that are sealed: packs, index files, snapshots.
fn sealed(files: &Files) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    files.iter().filter(|(name, _)| [".cpk", ".cix", ".csn"].iter().any(|suffix| name.ends_with(suffix)))
}

fn flip_every_bit(folder: &str) {
    let small = Small::make();
    let whole = small.store.files();
    let store = Arc::new(small.store.duplicate());
    let repository = open(&store, &small.secret);
    let mut flips = 0;
    for (name, bytes) in sealed(&whole).filter(|(name, _)| name.starts_with(folder)) {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            store.replace(name, flipped);

            let outcome = check_open(&repository, CheckDepth::EveryByte);

            assert!(said(&outcome, name).is_some(), "{name} bit {bit} was not found");
            restore_agrees_open(&small, &repository, &outcome, Some(name));
            flips += 1;
        }
        store.replace(name, bytes.clone());
    }
    assert!(flips > 3_000, "{flips}");
}

#[test]
fn every_flipped_bit_of_a_pack_is_found_and_no_wrong_byte_released() {
    flip_every_bit("packs/");
}

#[test]
fn every_flipped_bit_of_an_index_file_is_found_and_costs_nothing() {
    flip_every_bit("index/");
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_found_and_the_other_stays() {
    flip_every_bit("snapshots/");
}

#[test]
fn a_flipped_byte_anywhere_in_a_keyslot_file_is_found_and_the_other_copy_opens() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let whole = small.store.files();
    let slots = whole.iter().filter(|(name, _)| name.starts_with("keyslots"));

    for (name, bytes) in slots {
        // 48 KiB, and nothing but the hash in the name decides: every 7th byte of the first copy, every 61st of the second.
        for at in (0..bytes.len()).step_by(if name.starts_with("keyslots/") { 7 } else { 61 }) {
            let mut flipped = bytes.clone();
            // One bit of each byte, another one from byte to byte: the hash in the name covers all of them alike.
            flipped[at] ^= 1 << (at % 8);
            store.replace(name, flipped);
            let locked = Repository::open(as_store(&store)).unwrap();
            assert_eq!(locked.notes().len(), 1, "{name} byte {at}");
            assert_eq!(&locked.notes()[0].file, name);
            if at % 700 == 0 {
                assert!(locked.unlock(&small.secret).is_ok());
            }
        }
        store.replace(name, bytes.clone());
    }
}

#[test]
fn every_length_a_file_is_cut_to_is_found() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let whole = small.store.files();
    let repository = open(&store, &small.secret);
    for (name, bytes) in sealed(&whole) {
        for length in 0..bytes.len() {
            store.replace(name, bytes[..length].to_vec());

            let outcome = check_open(&repository, CheckDepth::EveryByte);

            assert!(said(&outcome, name).is_some(), "{name} cut to {length}");
            if length == 0 || name.starts_with("packs/") {
                assert_eq!(said(&outcome, name), Some(What::Partial), "{name} cut to {length}");
            }
            if length % 16 == 0 {
                restore_agrees_open(&small, &repository, &outcome, Some(name));
            }
        }
        store.replace(name, bytes.clone());
    }
}

#[test]
fn bytes_behind_the_end_of_a_file_are_found() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let whole = small.store.files();
    for (name, bytes) in sealed(&whole) {
        for extra in [vec![0], vec![0xff; 32], bytes.clone()] {
            store.replace(name, [bytes.clone(), extra].concat());

            let outcome = check(&store, &small.secret, CheckDepth::EveryByte);

            assert!(said(&outcome, name).is_some(), "{name}");
            restore_agrees(&small, &store, &outcome, Some(name));
        }
        store.replace(name, bytes.clone());
    }
}

#[test]
fn every_file_that_is_missing_is_named_by_both_checks() {
    let small = Small::make();
    let whole = small.store.files();
    for name in whole.keys().filter(|name| !name.ends_with(&format!("{}.csn", small.second.id))) {
        let store = Arc::new(small.store.duplicate());
        store.vanish(name);
        for depth in [CheckDepth::Quick, CheckDepth::EveryByte] {
            let outcome = check(&store, &small.secret, depth);

            if name.starts_with("index/") {
                assert!(outcome.is_ok(), "the footers of the packs say what the index said");
            } else {
                assert_eq!(said(&outcome, name), Some(What::Missing), "{name}");
            }
            restore_agrees(&small, &store, &outcome, Some(name));
        }
    }
}

#[test]
fn a_dropped_newest_snapshot_is_missed_by_whoever_remembers_it() {
    let small = Small::make();
    small.store.vanish(&format!("snapshots/{}.csn", small.second.id));

    let pins = [small.first.head(), small.second.head()];

    assert_eq!(small.open().missing_heads(&pins).unwrap(), [small.second.head()]);
}

#[test]
fn files_that_change_places_are_found() {
    let small = Small::make();
    let whole = small.store.files();
    let names: Vec<&String> = sealed(&whole).map(|(name, _)| name).collect();
    for (one, other) in names.iter().zip(names.iter().skip(1)) {
        let store = Arc::new(small.store.duplicate());
        store.replace(one, whole[*other].clone());
        store.replace(other, whole[*one].clone());

        let outcome = check(&store, &small.secret, CheckDepth::EveryByte);

        assert!(said(&outcome, one).is_some() && said(&outcome, other).is_some(), "{one} {other}");
        for (id, content) in &small.expected {
            restorable(&open(&store, &small.secret), id, content);
        }
    }
}

#[test]
fn a_renamed_file_is_missing_under_its_name_and_found_under_the_other() {
    let small = Small::make();
    let whole = small.store.files();
    for (name, bytes) in sealed(&whole) {
        let store = Arc::new(small.store.duplicate());
        let other = name.replace(|c: char| c.is_ascii_digit(), "e");
        let other = match name.strip_prefix("packs/") {
            Some(_) => {
                let stem = other.rsplit('/').next().unwrap().to_owned();
                format!("packs/{}/{stem}", stem.get(..2).unwrap())
            }
            None => other,
        };
        assert_ne!(&other, name);
        store.vanish(name);
        store.replace(&other, bytes.clone());

        let outcome = check(&store, &small.secret, CheckDepth::EveryByte);

        assert_eq!(said(&outcome, &other), Some(What::Damaged), "{other}");
        for (id, content) in &small.expected {
            restorable(&open(&store, &small.secret), id, content);
        }
    }
}

#[test]
fn a_doubled_file_is_named_and_harms_nothing() {
    let small = Small::make();
    let whole = small.store.files();
    for (name, bytes) in sealed(&whole) {
        let store = Arc::new(small.store.duplicate());
        let copy = format!("{name} (1)");
        store.replace(&copy, bytes.clone());

        let outcome = check(&store, &small.secret, CheckDepth::EveryByte);

        assert_eq!(said(&outcome, &copy), Some(What::Extra));
        assert_eq!(outcome.damaged.len(), 1);
        restore_agrees(&small, &store, &outcome, None);
    }
}

#[test]
fn a_strange_file_is_named_and_a_placeholder_stands_for_its_file() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let pack =
        sealed(&small.store.files()).map(|(n, _)| n.clone()).find(|n| n.starts_with("packs/")).unwrap();
    let (folder, file) = pack.rsplit_once('/').unwrap();
    let placeholder = format!("{folder}/.{file}.icloud");
    store.vanish(&pack);
    store.replace(&placeholder, b"bplist".to_vec());
    store.replace("packs/zz/strange", b"?".to_vec());
    store.replace(".DS_Store", b"?".to_vec());

    let outcome = check(&store, &small.secret, CheckDepth::Quick);

    assert_eq!(said(&outcome, &placeholder), Some(What::Partial));
    assert_eq!(said(&outcome, "packs/zz/strange"), Some(What::Extra));
    assert_eq!(said(&outcome, ".DS_Store"), None, "what systems strew about is nobody's worry");
    assert_eq!(said(&outcome, &pack), Some(What::Missing));
}

#[test]
fn files_of_another_repository_are_foreign_and_never_read() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let other = other_repository();
    let foreign: Files = sealed(&other.files()).map(|(n, b)| (n.clone(), b.clone())).collect();
    for (name, bytes) in &foreign {
        store.replace(name, bytes.clone());
    }

    let outcome = check(&store, &small.secret, CheckDepth::EveryByte);
    let (snapshots, damaged) = open(&store, &small.secret).snapshots().unwrap();

    assert_eq!(snapshots.len(), 2);
    assert!(damaged.iter().all(|damage| damage.what == What::Foreign) && !damaged.is_empty());
    for name in foreign.keys() {
        assert_eq!(said(&outcome, name), Some(What::Foreign), "{name}");
    }
    restore_agrees(&small, &store, &outcome, None);
}

/// Another repository with the same person's secret and content.
fn other_repository() -> Arc<MemoryStore> {
    let entropy: Arc<dyn coffer_secret::Entropy> = Arc::new(SeededEntropy::new(4711));
    let secret = UnlockSecret::RecoveryKey(RecoveryKey::make(&*entropy));
    let store = Arc::new(MemoryStore::new());
    let repository = Repository::create(as_store(&store), keys(&secret, &*entropy), &*entropy).unwrap();
    let writer = info(coffer_archive::WriterId::make(&*entropy), None);
    let mut run = repository.begin_tiny(writer, 0, entropy).unwrap();
    let counts = fill(&mut run, &content(1)).unwrap();
    run.commit(counts).unwrap();
    store
}

#[test]
fn a_whole_place_rolled_back_is_missed_by_its_pins() {
    let entropy: Arc<dyn coffer_secret::Entropy> = Arc::new(SeededEntropy::new(5));
    let small = Small::make();
    let old = Arc::new(small.store.duplicate());
    let repository = small.open();
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&entropy))
        .unwrap();
    let counts = fill(&mut run, &content(2)).unwrap();
    let third = run.commit(counts).unwrap();

    let rolled_back = open(&old, &small.secret);

    assert_eq!(rolled_back.missing_heads(&[third.head()]).unwrap(), [third.head()]);
    assert!(check(&old, &small.secret, CheckDepth::EveryByte).is_ok(), "only the pin can know");
    let next = rolled_back.begin_tiny(info(small.writer, Some(third.head())), 0, entropy).unwrap();
    let fourth = next.commit(Counts::default()).unwrap();
    // The chain goes on above the lost number, from what is left (FORMAT.md, section 7).
    assert_eq!((fourth.sequence, fourth.previous), (4, Some(small.second.id)));
}

#[test]
fn a_header_that_claims_a_newer_format_or_generation_is_said_to_be_so() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let name = format!("snapshots/{}.csn", small.second.id);
    let bytes = small.store.vanish(&name).unwrap();
    store.vanish(&name);
    let with = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        let name = format!("snapshots/{}.csn", blake3::hash(&changed).to_hex());
        store.replace(&name, changed);
        name
    };

    let (newer, rolled_back) = (with(9, 1), with(15, 9));

    let (_, damaged) = open(&store, &small.secret).snapshots().unwrap();
    let what = |file: &str| damaged.iter().find(|damage| damage.file == file).map(|damage| damage.what);
    assert_eq!(what(&newer), Some(What::Newer));
    assert_eq!(what(&rolled_back), Some(What::RolledBack));
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let name = format!("snapshots/{}.csn", small.second.id);
    store.replace(&name, vec![0; (64 << 20) + 1]);

    let outcome = check(&store, &small.secret, CheckDepth::Quick);

    assert_eq!(said(&outcome, &name), Some(What::Damaged));
}

#[test]
fn what_a_damaged_pack_held_is_stored_again_when_it_is_distrusted() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    let packs: Vec<String> =
        sealed(&small.store.files()).map(|(n, _)| n.clone()).filter(|n| n.starts_with("packs/")).collect();
    for name in &packs {
        let mut bytes = small.store.files()[name].clone();
        bytes[120] ^= 0x40;
        store.replace(name, bytes);
    }
    let damaged = check(&store, &small.secret, CheckDepth::EveryByte);
    assert!(damaged.damaged.iter().any(|damage| !damage.affected.is_empty()));

    let repository = open(&store, &small.secret);
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    run.distrust(damaged.damaged.iter().map(|damage| damage.file.as_str()));
    let counts = fill(&mut run, &content(2)).unwrap();
    run.commit(counts).unwrap();

    let mended = check(&store, &small.secret, CheckDepth::EveryByte);
    assert!(mended.damaged.iter().all(|damage| damage.affected.is_empty()), "{:?}", mended.damaged);
    for (id, content) in &small.expected {
        assert_eq!(restorable(&open(&store, &small.secret), id, content).len(), content.len());
    }
}

#[test]
fn a_missing_pack_is_filled_in_by_the_next_backup() {
    let small = Small::make();
    let store = Arc::new(small.store.duplicate());
    for (name, _) in sealed(&small.store.files()).filter(|(name, _)| name.starts_with("packs/")) {
        store.vanish(name);
    }

    let repository = open(&store, &small.secret);
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    let counts = fill(&mut run, &content(2)).unwrap();
    let third = run.commit(counts).unwrap();

    assert_eq!(restorable(&open(&store, &small.secret), &third.id, &content(2)).len(), 6);
}

#[test]
fn a_device_that_cannot_be_read_never_makes_a_backup_store_everything_again() {
    let small = Small::make();
    let repository = small.open();
    let begin = || {
        repository.begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
    };
    small.store.heal();
    drop(begin().unwrap());
    let operations = small.store.operations();
    let mut refused = 0;
    for at in 0..operations {
        small.store.fail_once(at, coffer_archive::Failure::Io);
        match begin() {
            Err(ArchiveError::Store(_) | ArchiveError::Damaged { .. }) => refused += 1,
            Err(other) => panic!("{other} at {at}"),
            Ok(mut run) => {
                fill(&mut run, &content(2)).unwrap();
                assert_eq!(run.bytes_stored(), 0, "operation {at}");
            }
        }
    }
    assert!(refused > 0 && operations > 5, "{refused} of {operations}");
}
