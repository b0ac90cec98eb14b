//! What a repository does when nobody is in the way, and what it says when something is not as it should be.

use crate::small::{Small, as_store, content, fill, info, keys, open, restorable};
use coffer_archive::{
    ArchiveError, CheckDepth, ChunkKind, Counts, Entry, MemoryStore, Repository, SnapshotId, Store,
    StoreError, What, WriterId,
};
use coffer_keys::{KeyError, RecoveryKey, UnlockSecret};
use coffer_secret::SecretString;
use coffer_secret::testing::SeededEntropy;
use std::ops::ControlFlow;
use std::sync::Arc;

#[test]
fn both_backups_come_back_byte_for_byte() {
    let small = Small::make();
    let repository = small.open();

    let (snapshots, damaged) = repository.snapshots().unwrap();

    assert_eq!(snapshots, [small.first.clone(), small.second.clone()]);
    assert_eq!(damaged, []);
    for (id, content) in &small.expected {
        assert_eq!(restorable(&repository, id, content), content.keys().cloned().collect::<Vec<_>>());
    }
}

#[test]
fn a_backup_knows_who_made_it_and_what_came_before() {
    let small = Small::make();

    assert_eq!(small.first.sequence, 1);
    assert_eq!(small.first.previous, None);
    assert_eq!(small.second.sequence, 2);
    assert_eq!(small.second.previous, Some(small.first.id));
    assert_eq!(small.second.machine, "kitchen");
    assert_eq!(small.second.entries, 6);
    assert!(small.second.counts.is_complete());
    let bytes: usize = content(2).values().map(|(_, content)| content.len()).sum();
    assert_eq!(small.second.bytes, u64::try_from(bytes).unwrap());
}

#[test]
fn a_second_backup_of_the_same_stores_only_the_snapshot() {
    let small = Small::make();
    let before = small.store.files().len();

    let mut run = small
        .open()
        .begin_tiny(info(small.writer, Some(small.second.head())), 2000, Arc::clone(&small.entropy))
        .unwrap();
    let counts = fill(&mut run, &content(2)).unwrap();
    assert_eq!(run.bytes_stored(), 0);
    run.commit(counts).unwrap();

    assert_eq!(small.store.files().len(), before + 1);
}

#[test]
fn an_entry_of_an_earlier_backup_is_added_without_reading_its_content() {
    let small = Small::make();
    let repository = small.open();
    let earlier = repository.read(&small.second.id).unwrap();
    let mut run = repository
        .begin_tiny(info(small.writer, Some(small.second.head())), 2000, Arc::clone(&small.entropy))
        .unwrap();

    for entry in earlier.entries() {
        assert!(run.has_entry(entry));
        run.add_entry(entry.clone()).unwrap();
    }
    let third = run.commit(Counts::default()).unwrap();

    assert_eq!(restorable(&repository, &third.id, &content(2)).len(), 6);
}

#[test]
fn an_entry_whose_chunks_are_not_stored_is_refused() {
    let small = Small::make();
    let repository = small.open();
    let entry = repository.read(&small.second.id).unwrap().entry(b"media/two").unwrap().clone();
    let mut run = repository.begin_tiny(info(small.writer, None), 2000, Arc::clone(&small.entropy)).unwrap();
    let other_length = Entry { length: entry.length + 1, ..entry.clone() };
    let other_kind = Entry { kind: ChunkKind::Original, ..entry.clone() };
    let mut other_chunk = entry.clone();
    other_chunk.chunks[0].id[0] ^= 1;

    for wrong in [other_length, other_kind, other_chunk] {
        assert!(matches!(run.add_entry(wrong), Err(ArchiveError::UnknownChunk)));
    }
    assert!(matches!(
        run.add_entry(Entry { name: vec![b'x'; 1025], ..entry.clone() }),
        Err(ArchiveError::TooLarge { .. })
    ));
    assert!(matches!(
        run.add_entry(Entry { meta: vec![0; (1 << 20) + 1], ..entry }),
        Err(ArchiveError::TooLarge { .. })
    ));
    assert!(matches!(
        run.put_chunk(ChunkKind::Media, &vec![0; (8 << 20) + 1]),
        Err(ArchiveError::TooLarge { .. })
    ));
}

#[test]
fn long_streams_are_cut_by_kind_and_come_back() {
    let small = Small::make();
    let repository = small.open();
    let long: Vec<u8> = (0..9_000_000_u32).flat_map(|n| n.to_le_bytes().into_iter().take(1)).collect();
    let mut run = repository
        .begin(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();

    let (media, length) = run.put_stream(ChunkKind::Media, &mut long.as_slice()).unwrap();
    let (original, _) = run.put_stream(ChunkKind::Original, &mut &long[..200_000]).unwrap();
    let (empty, nothing) = run.put_stream(ChunkKind::Media, &mut [].as_slice()).unwrap();
    let entry = Entry {
        name: b"film".to_vec(),
        kind: ChunkKind::Media,
        length,
        chunks: media.clone(),
        meta: Vec::new(),
    };
    run.add_entry(entry).unwrap();
    let snapshot = run.commit(Counts::default()).unwrap();

    assert_eq!(media.iter().map(|c| c.length).collect::<Vec<_>>(), [4 << 20, 4 << 20, 9_000_000 - (8 << 20)]);
    assert_eq!(original.iter().map(|c| c.length).collect::<Vec<_>>(), [65_536, 65_536, 65_536, 3_392]);
    assert_eq!((empty.len(), nothing), (0, 0));
    let reader = repository.read(&snapshot.id).unwrap();
    let mut out = Vec::new();
    reader.read_entry(reader.entry(b"film").unwrap(), &mut out).unwrap();
    assert!(out == long);
}

#[test]
fn sizes_in_the_place_are_padded() {
    let small = Small::make();
    let repository = small.open();
    let before: Vec<String> = small.store.files().into_keys().collect();
    let mut run = repository
        .begin(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();

    run.put_chunk(ChunkKind::Messages, b"one new line").unwrap();
    run.put_chunk(ChunkKind::Media, &[7; 300_000]).unwrap();
    run.commit(Counts::default()).unwrap();

    let mut sizes: Vec<usize> =
        small.store.files().into_iter().filter(|(n, _)| !before.contains(n)).map(|(_, b)| b.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [16_384, 16_384, 262_144, 303_104]);
}

#[test]
fn a_place_without_a_repository_says_so() {
    let empty = Arc::new(MemoryStore::new());
    let other = Arc::new(MemoryStore::new());
    other.put("holiday/photo.jpg", b"jpeg").unwrap();

    assert!(matches!(Repository::open(as_store(&empty)), Err(ArchiveError::NotARepository)));
    assert!(matches!(Repository::open(as_store(&other)), Err(ArchiveError::NotARepository)));
}

#[test]
fn a_wrong_secret_is_told_from_damage() {
    let small = Small::make();
    let locked = Repository::open(as_store(&small.store)).unwrap();
    let other_key = UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(9)));
    let password = UnlockSecret::Password(SecretString::new("no such way".to_owned()));

    assert!(matches!(locked.unlock(&other_key), Err(ArchiveError::Keys(KeyError::WrongSecret))));
    assert!(matches!(locked.unlock(&password), Err(ArchiveError::Keys(KeyError::WrongSecret))));
    assert!(locked.unlock(&small.secret).is_ok());
}

#[test]
fn a_place_whose_keyslots_have_not_arrived_is_still_syncing() {
    let small = Small::make();
    let slots: Vec<String> = small.store.files().into_keys().filter(|n| n.starts_with("keyslots")).collect();
    assert_eq!(slots.len(), 2);

    slots.iter().for_each(|name| small.store.replace(name, Vec::new()));
    let empty = Repository::open(as_store(&small.store));
    slots.iter().for_each(|name| drop(small.store.vanish(name)));
    let missing = Repository::open(as_store(&small.store));
    small.store.vanish("coffer.json");
    let only_packs = Repository::open(as_store(&small.store));

    assert!(matches!(empty, Err(ArchiveError::StillSyncing { missing: 1 })));
    assert!(matches!(missing, Err(ArchiveError::StillSyncing { .. })));
    assert!(matches!(only_packs, Err(ArchiveError::StillSyncing { .. })));
}

#[test]
fn damaged_keyslots_are_said_before_any_prompt() {
    let small = Small::make();
    let slots: Vec<String> = small.store.files().into_keys().filter(|n| n.starts_with("keyslots")).collect();
    let flip = |name: &String| {
        let mut bytes = small.store.files()[name].clone();
        bytes[100] ^= 1;
        small.store.replace(name, bytes);
    };

    flip(&slots[0]);
    let one = Repository::open(as_store(&small.store)).unwrap();
    flip(&slots[1]);
    let both = Repository::open(as_store(&small.store));

    assert_eq!(
        one.notes().iter().map(|d| (d.file.as_str(), d.what)).collect::<Vec<_>>(),
        [(slots[0].as_str(), What::Damaged)]
    );
    assert!(one.unlock(&small.secret).is_ok());
    assert!(matches!(both, Err(ArchiveError::DamagedKeyslots { files: 1 })));
}

#[test]
fn the_loss_of_coffer_json_is_survived_and_mended_by_the_next_backup() {
    let small = Small::make();
    small.store.vanish("coffer.json");
    small.store.vanish("FORMAT.md");

    let locked = Repository::open(as_store(&small.store)).unwrap();
    assert_eq!(locked.notes().len(), 1);
    let repository = locked.unlock(&small.secret).unwrap();
    assert_eq!(restorable(&repository, &small.first.id, &content(1)).len(), 4);
    drop(
        repository
            .begin(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
            .unwrap(),
    );

    assert!(repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap().is_ok());
}

#[test]
fn a_place_that_holds_a_repository_is_not_made_into_another() {
    let small = Small::make();
    let again = keys(&small.secret, &*small.entropy);
    let whole = small.store.files();

    let refused = Repository::create(as_store(&small.store), again, &*small.entropy);

    assert!(matches!(refused, Err(ArchiveError::AlreadyARepository)));
    assert_eq!(small.store.files(), whole);
}

#[test]
fn nothing_is_written_where_the_place_used_to_be() {
    let small = Small::make();
    let repository = small.open();
    for name in small.store.files().keys() {
        small.store.vanish(name);
    }

    let refused = repository.begin(info(small.writer, None), 0, Arc::clone(&small.entropy));

    assert!(matches!(refused, Err(ArchiveError::Store(StoreError::Unreachable))));
    assert!(small.store.files().is_empty());
}

#[test]
fn a_snapshot_that_is_not_there_says_so() {
    let small = Small::make();

    assert!(matches!(small.open().read(&SnapshotId([1; 32])), Err(ArchiveError::NoSuchSnapshot)));
}

#[test]
fn a_cloned_home_goes_on_under_a_new_writer_id() {
    let small = Small::make();
    let repository = small.open();
    let clone_of_the_first_day = info(small.writer, Some(small.first.head()));
    let knows_nothing = info(small.writer, None);

    for writer in [clone_of_the_first_day, knows_nothing] {
        let run = repository.begin_tiny(writer, 0, Arc::clone(&small.entropy)).unwrap();
        assert_ne!(run.writer(), small.writer);
        let snapshot = run.commit(Counts::default()).unwrap();
        assert_eq!((snapshot.sequence, snapshot.previous), (1, None));
        assert!(snapshot.heads.contains(&small.second.head()), "the other chain is seen and stays");
    }
}

#[test]
fn two_homes_back_up_to_one_place_at_once() {
    let small = Small::make();
    let (one, two) = (small.open(), small.open());
    let other = WriterId([9; 16]);
    let mut left =
        one.begin_tiny(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy)).unwrap();
    let mut right = two.begin_tiny(info(other, None), 0, Arc::clone(&small.entropy)).unwrap();

    let counts = fill(&mut left, &content(2)).unwrap();
    fill(&mut right, &content(1)).unwrap();
    right.put_chunk(ChunkKind::Media, &[3; 2000]).unwrap();
    let right = right.commit(Counts::default()).unwrap();
    let left = left.commit(counts).unwrap();

    let repository = small.open();
    assert_eq!(restorable(&repository, &left.id, &content(2)).len(), 6);
    assert_eq!(restorable(&repository, &right.id, &content(1)).len(), 4);
    assert!(repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap().is_ok());
}

#[test]
fn a_snapshot_that_was_taken_away_is_missed_by_its_successor_or_by_a_pin() {
    let small = Small::make();
    let name = |id: &SnapshotId| format!("snapshots/{id}.csn");
    small.store.vanish(&name(&small.first.id));

    let (_, damaged) = small.open().snapshots().unwrap();
    assert_eq!((damaged[0].file.as_str(), damaged[0].what), (name(&small.first.id).as_str(), What::Missing));

    small.store.vanish(&name(&small.second.id));
    let (snapshots, damaged) = small.open().snapshots().unwrap();
    assert_eq!((snapshots.len(), damaged.len()), (0, 0));
    assert_eq!(small.open().missing_heads(&[small.second.head()]).unwrap(), [small.second.head()]);
}

#[test]
fn a_changed_set_of_ways_is_saved_and_opens_the_repository() {
    let small = Small::make();
    let repository = small.open();
    let added = UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(77)));
    let details = coffer_keys::SlotDetails {
        name: "second".into(),
        added: 1,
        proved: None,
        reach: coffer_keys::Reach::Anywhere,
    };

    repository
        .open_keyslots_mut()
        .add(&added, details, coffer_keys::Argon2Params::FLOOR, &*small.entropy)
        .unwrap();
    let name = repository.save_keyslots(&*small.entropy).unwrap();

    assert_eq!(restorable(&open(&small.store, &added), &small.first.id, &content(1)).len(), 4);
    coffer_archive::delete_keyslots_except(&*small.store, &name).unwrap();
    assert_eq!(small.store.files().keys().filter(|n| n.starts_with("keyslots")).count(), 2);
    assert_eq!(restorable(&open(&small.store, &small.secret), &small.first.id, &content(1)).len(), 4);
}

#[test]
fn a_check_can_be_stopped() {
    let small = Small::make();

    let outcome = small.open().check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Break(())).unwrap();

    assert!(outcome.is_cancelled && !outcome.is_ok());
}

#[test]
fn a_check_of_a_whole_place_counts_to_its_total() {
    let small = Small::make();
    for depth in [CheckDepth::Quick, CheckDepth::EveryByte] {
        let mut last = (0, 0);

        let outcome = small
            .open()
            .check(depth, &mut |done, total| {
                assert!(done >= last.0 && done <= total);
                last = (done, total);
                ControlFlow::Continue(())
            })
            .unwrap();

        assert!(outcome.is_ok(), "{:?}", outcome.damaged);
        assert_eq!((outcome.snapshots, last.0), (2, last.1));
        assert_eq!(outcome.files, u64::try_from(small.store.files().len()).unwrap());
    }
}
