//! What a folder promises as a place, on the real file system.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail by panicking")]

use coffer_archive::{
    ArchiveError, CheckDepth, ChunkKind, Counts, Entry, Head, Repository, SnapshotInfo, Store, StoreError,
    Unlocked, WriterId, WriterInfo,
};
use coffer_destinations::{FolderStore, Location};
use coffer_keys::{Argon2Params, OpenKeyslots, Reach, RecoveryKey, RepositoryId, SlotDetails, UnlockSecret};
use coffer_secret::Entropy;
use coffer_secret::testing::SeededEntropy;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

fn place() -> (TempDir, FolderStore) {
    let folder = TempDir::new().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    (folder, store)
}

#[test]
fn what_is_put_can_be_read_whole_and_in_parts() {
    let (_folder, store) = place();

    store.put("packs/ab/one.cpk", b"hello world").unwrap();

    assert_eq!(store.get("packs/ab/one.cpk", 100).unwrap(), b"hello world");
    assert_eq!(store.get_range("packs/ab/one.cpk", 6, 3).unwrap(), b"wor");
    assert_eq!(store.get_range("packs/ab/one.cpk", 6, 300).unwrap(), b"world");
    assert_eq!(store.get_range("packs/ab/one.cpk", 600, 3).unwrap(), b"");
    assert!(matches!(store.get("packs/ab/one.cpk", 10), Err(StoreError::TooLarge { size: 11, limit: 10 })));
    assert!(matches!(store.get("packs/ab/two.cpk", 10), Err(StoreError::NotFound)));
}

#[test]
fn nothing_is_ever_replaced() {
    let (_folder, store) = place();
    store.put("a", b"first").unwrap();

    store.put("a", b"first").unwrap();

    assert!(matches!(store.put("a", b"other"), Err(StoreError::Exists)));
    assert!(matches!(store.put("a", b"longer than the first"), Err(StoreError::Exists)));
    assert_eq!(store.get("a", 100).unwrap(), b"first");
}

#[test]
fn a_list_names_files_below_a_prefix_in_order_and_no_temporary_ones() {
    let (folder, store) = place();
    for name in ["packs/ab/2.cpk", "packs/ab/1.cpk", "index/3.cix", "coffer.json"] {
        store.put(name, name.as_bytes()).unwrap();
    }
    fs::create_dir_all(folder.path().join(".coffer-tmp")).unwrap();
    fs::write(folder.path().join(".coffer-tmp/9-9.part"), "half").unwrap();

    let names = |prefix| store.list(prefix).unwrap().into_iter().map(|o| o.name).collect::<Vec<_>>();

    assert_eq!(names("packs/"), ["packs/ab/1.cpk", "packs/ab/2.cpk"]);
    assert_eq!(names(""), ["coffer.json", "index/3.cix", "packs/ab/1.cpk", "packs/ab/2.cpk"]);
    assert!(names("snapshots/").is_empty());
}

#[test]
fn names_that_leave_the_place_are_refused() {
    let (_folder, store) = place();

    assert!(matches!(store.put("../x", b"x"), Err(StoreError::BadName)));
    assert!(matches!(store.get("/etc/passwd", 9999), Err(StoreError::BadName)));
    assert!(matches!(store.list("../"), Err(StoreError::BadName)));
    assert!(matches!(store.delete(".hidden"), Err(StoreError::BadName)));
}

#[test]
fn links_in_the_place_lead_nowhere() {
    let (folder, store) = place();
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("secret"), "private").unwrap();
    symlink(elsewhere.path(), folder.path().join("packs")).unwrap();
    symlink(elsewhere.path().join("secret"), folder.path().join("coffer.json")).unwrap();

    assert!(store.get("coffer.json", 100).is_err());
    assert!(store.get("packs/secret", 100).is_err());
    assert!(store.put("packs/new", b"x").is_err());
    assert!(!elsewhere.path().join("new").exists());
    assert!(store.list("packs/").unwrap().is_empty());
    assert!(store.list("").unwrap().is_empty());
}

#[test]
fn a_pipe_in_the_place_does_not_hang_the_reader() {
    let (folder, store) = place();
    assert!(Command::new("mkfifo").arg(folder.path().join("coffer.json")).status().unwrap().success());

    assert!(store.get("coffer.json", 100).is_err());
}

#[test]
fn a_folder_that_vanished_is_unreachable_for_every_call() {
    let (folder, store) = place();
    store.put("a", b"x").unwrap();
    fs::remove_dir_all(folder.path()).unwrap();

    assert!(matches!(store.get("a", 9), Err(StoreError::Unreachable)));
    assert!(matches!(store.put("b", b"x"), Err(StoreError::Unreachable)));
    assert!(matches!(store.list(""), Err(StoreError::Unreachable)));
    assert!(matches!(store.delete("a"), Err(StoreError::Unreachable)));
    assert!(matches!(FolderStore::open(folder.path()), Err(StoreError::Unreachable)));
    assert!(!folder.path().exists(), "nothing is made where the place was");
}

#[test]
fn another_folder_under_the_same_name_is_not_the_place() {
    let (folder, store) = place();
    let root = folder.path().to_owned();
    fs::rename(&root, root.with_extension("away")).unwrap();
    fs::create_dir(&root).unwrap();

    assert!(matches!(store.put("a", b"x"), Err(StoreError::Unreachable)));
    assert!(matches!(store.list(""), Err(StoreError::Unreachable)));

    fs::remove_dir_all(root.with_extension("away")).unwrap();
}

#[test]
fn half_written_files_of_a_dead_run_are_swept_and_those_of_a_living_one_are_not() {
    let (folder, _store) = place();
    let temporary = folder.path().join(".coffer-tmp");
    fs::create_dir(&temporary).unwrap();
    fs::write(temporary.join("1-1.part"), "dead").unwrap();
    let living = fs::File::create(temporary.join("2-2.part")).unwrap();
    living.lock().unwrap();

    FolderStore::open(folder.path()).unwrap();

    assert!(temporary.join("2-2.part").exists());
    drop(living);
    FolderStore::open(folder.path()).unwrap();
    assert!(!temporary.exists());
}

#[test]
fn deleting_twice_is_fine() {
    let (_folder, store) = place();
    store.put("a", b"x").unwrap();

    store.delete("a").unwrap();
    store.delete("a").unwrap();

    assert!(store.list("").unwrap().is_empty());
}

#[test]
fn free_space_is_known() {
    let (_folder, store) = place();

    assert!(store.free_space().unwrap().is_some_and(|bytes| bytes > 0));
}

/// A small file system of its own; `None`, with the reason printed, where this user may not mount one.
struct Mounted(TempDir);

impl Mounted {
    fn new(options: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", options, "tmpfs"], folder.path());
        if !mounted {
            say("skipped: this user may not mount a file system");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[test]
fn a_full_place_says_so_and_keeps_no_half_file() {
    let Some(mounted) = Mounted::new("size=256k") else { return };
    let store = FolderStore::open(mounted.0.path()).unwrap();
    store.put("packs/ab/one.cpk", &[1; 100_000]).unwrap();

    let full = store.put("packs/ab/two.cpk", &[2; 300_000]);

    assert!(matches!(full, Err(StoreError::NoSpace)), "{full:?}");
    assert_eq!(store.list("").unwrap().len(), 1);
    assert_eq!(fs::read_dir(mounted.0.path().join(".coffer-tmp")).unwrap().count(), 0);
    assert_eq!(store.get("packs/ab/one.cpk", 100_000).unwrap(), [1; 100_000]);
    store.put("packs/ab/three.cpk", &[3; 50_000]).unwrap();
}

#[test]
fn a_read_only_place_says_so_and_can_be_read() {
    let Some(mounted) = Mounted::new("size=1m") else { return };
    FolderStore::open(mounted.0.path()).unwrap().put("a", b"x").unwrap();
    assert!(mount(&["-o", "remount,ro"], mounted.0.path()));
    let store = FolderStore::open(mounted.0.path()).unwrap();

    let refused = store.put("b", b"x");

    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    assert!(matches!(store.delete("a"), Err(StoreError::ReadOnly)));
    assert_eq!(store.get("a", 9).unwrap(), b"x");
}

#[test]
fn a_drive_pulled_out_leaves_an_empty_folder_that_is_not_written_to() {
    let Some(mounted) = Mounted::new("size=1m") else { return };
    let store = FolderStore::open(mounted.0.path()).unwrap();
    store.put("a", b"x").unwrap();
    assert!(Command::new("umount").arg(mounted.0.path()).status().unwrap().success());

    let refused = store.put("b", b"x");

    assert!(matches!(refused, Err(StoreError::Unreachable)), "{refused:?}");
    assert_eq!(fs::read_dir(mounted.0.path()).unwrap().count(), 0);
    assert!(mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], mounted.0.path()));
}

struct Home {
    entropy: Arc<dyn Entropy>,
    secret: UnlockSecret,
}

impl Home {
    fn new() -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(11));
        let secret = UnlockSecret::RecoveryKey(RecoveryKey::make(&*entropy));
        Self { entropy, secret }
    }

    fn create(&self, folder: &Path) -> Repository<Unlocked> {
        let details = SlotDetails { name: "key".into(), added: 0, proved: None, reach: Reach::Anywhere };
        let id = RepositoryId::make(&*self.entropy);
        let keys =
            OpenKeyslots::create(id, &self.secret, details, Argon2Params::FLOOR, &*self.entropy).unwrap();
        let store = Location::Folder(folder.to_owned()).open().unwrap();
        Repository::create(store, keys, &*self.entropy).unwrap()
    }

    fn open(&self, folder: &Path) -> Repository<Unlocked> {
        let store = Location::Folder(folder.to_owned()).open().unwrap();
        Repository::open(store).unwrap().unlock(&self.secret).unwrap()
    }

    /// Backs up so many megabytes, each an entry of its own.
    fn back_up(
        &self,
        repository: &Repository<Unlocked>,
        last: Option<Head>,
        megabytes: u64,
    ) -> Result<SnapshotInfo, ArchiveError> {
        let writer =
            WriterInfo { id: WriterId([1; 16]), last, machine: "kitchen".into(), version: "0".into() };
        let mut run = repository.begin(writer, 0, Arc::clone(&self.entropy))?;
        for n in 0..megabytes {
            let (chunks, length) = run.put_stream(ChunkKind::Media, &mut media(n).as_slice())?;
            let name = format!("media/{n:03}").into_bytes();
            run.add_entry(Entry { name, kind: ChunkKind::Media, length, chunks, meta: Vec::new() })?;
        }
        run.commit(Counts::default())
    }
}

fn media(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    SeededEntropy::new(seed).fill(&mut bytes);
    bytes
}

fn assert_whole(repository: &Repository<Unlocked>, snapshot: &SnapshotInfo) {
    let outcome = repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let lost: Vec<_> = outcome.damaged.iter().filter(|damage| !damage.affected.is_empty()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let reader = repository.read(&snapshot.id).unwrap();
    for (n, entry) in (0..).zip(reader.entries()) {
        let mut content = Vec::new();
        reader.read_entry(entry, &mut content).unwrap();
        assert!(content == media(n));
    }
}

/// Bytes of all files of a folder.
fn used(folder: &Path) -> u64 {
    FolderStore::open(folder).unwrap().list("").unwrap().iter().map(|file| file.size).sum()
}

#[test]
fn a_repository_in_a_folder_is_opened_elsewhere_and_gives_every_byte() {
    let folder = TempDir::new().unwrap();
    let home = Home::new();
    let first = home.back_up(&home.create(folder.path()), None, 3).unwrap();

    let elsewhere = TempDir::new().unwrap();
    let moved = elsewhere.path().join("copied by hand");
    let copied = Command::new("cp").arg("-r").arg(folder.path()).arg(&moved).status();
    assert!(copied.is_ok_and(|status| status.success()));

    assert_whole(&home.open(&moved), &first);
}

#[test]
fn a_backup_that_fills_the_place_says_so_and_goes_on_when_there_is_room() {
    let Some(mounted) = Mounted::new("size=24m") else { return };
    let place = mounted.0.path();
    let home = Home::new();
    let repository = home.create(place);
    let first = home.back_up(&repository, None, 1).unwrap();

    let full = home.back_up(&repository, Some(first.head()), 40);

    assert!(matches!(full, Err(ArchiveError::Store(StoreError::NoSpace))), "{:?}", full.err());
    assert_whole(&home.open(place), &first);
    let left = used(place);
    assert!(left > 16 << 20, "a full pack was left: {left}");
    assert!(mount(&["-o", "remount,size=64m"], place));
    let repository = home.open(place);
    let second = home.back_up(&repository, Some(first.head()), 40).unwrap();
    assert_whole(&repository, &second);
    assert!(used(place) < 44 << 20, "the pack was adopted, not written again: {}", used(place));
}
