//! A repository small enough to flip every bit of: two backups, five entries, in memory.

use coffer_archive::{
    ChunkKind, Counts, Entry, Head, MemoryStore, Repository, SnapshotId, SnapshotInfo, SnapshotWriter, Store,
    Unlocked, WriterId, WriterInfo,
};
use coffer_keys::{Argon2Params, OpenKeyslots, Reach, RecoveryKey, RepositoryId, SlotDetails, UnlockSecret};
use coffer_secret::Entropy;
use coffer_secret::testing::SeededEntropy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries by name: what the app keeps beside them, and their content.
pub type Content = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// What every backup must give back.
pub type Expected = BTreeMap<SnapshotId, Content>;

pub struct Small {
    pub store: Arc<MemoryStore>,
    pub secret: UnlockSecret,
    pub entropy: Arc<dyn Entropy>,
    pub writer: WriterId,
    pub first: SnapshotInfo,
    pub second: SnapshotInfo,
    pub expected: Expected,
}

pub fn keys(secret: &UnlockSecret, entropy: &dyn Entropy) -> OpenKeyslots {
    let details = SlotDetails { name: "test".into(), added: 0, proved: None, reach: Reach::Anywhere };
    OpenKeyslots::create(RepositoryId::make(entropy), secret, details, Argon2Params::FLOOR, entropy).unwrap()
}

pub fn info(id: WriterId, last: Option<Head>) -> WriterInfo {
    WriterInfo { id, last, machine: "kitchen".into(), version: "0.1.0".into() }
}

/// The library on the first day, and what came on the second.
pub fn content(day: u8) -> Content {
    let words = |seed: &str, count: usize| {
        (0..count).flat_map(|n| format!("{seed} wrote line {n}. ").into_bytes()).collect::<Vec<u8>>()
    };
    let noise = |seed: u64, length: usize| {
        let mut bytes = vec![0; length];
        SeededEntropy::new(seed).fill(&mut bytes);
        bytes
    };
    let mut entries = Content::from([
        (b"library".to_vec(), (b"people".to_vec(), Vec::new())),
        (b"chat/anna".to_vec(), (b"title: Anna".to_vec(), words("anna", 24))),
        (b"media/one".to_vec(), (Vec::new(), noise(1, 60))),
        (b"original/one".to_vec(), (Vec::new(), words("original", 4))),
    ]);
    if day > 1 {
        entries.insert(b"chat/ben".to_vec(), (b"title: Ben".to_vec(), words("ben", 9)));
        entries.insert(b"media/two".to_vec(), (Vec::new(), noise(2, 250)));
    }
    entries
}

fn kind(name: &[u8]) -> ChunkKind {
    match name.first() {
        Some(b'c') => ChunkKind::Messages,
        Some(b'm') => ChunkKind::Media,
        Some(b'o') => ChunkKind::Original,
        _ => ChunkKind::Meta,
    }
}

/// Stores everything, each entry in pieces of 200 bytes, so that some have several chunks.
pub fn fill(writer: &mut SnapshotWriter, content: &Content) -> Result<Counts, coffer_archive::ArchiveError> {
    for (name, (meta, bytes)) in content {
        let kind = kind(name);
        let chunks =
            bytes.chunks(200).map(|piece| writer.put_chunk(kind, piece)).collect::<Result<_, _>>()?;
        let length = bytes.len().try_into().unwrap();
        writer.add_entry(Entry { name: name.clone(), kind, length, chunks, meta: meta.clone() })?;
    }
    let conversations = content.keys().filter(|name| name.starts_with(b"chat/")).count().try_into().unwrap();
    Ok(Counts { conversations, library_conversations: conversations, ..Counts::default() })
}

impl Small {
    pub fn make() -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(42));
        let secret = UnlockSecret::RecoveryKey(RecoveryKey::make(&*entropy));
        let store = Arc::new(MemoryStore::new());
        let repository = Repository::create(as_store(&store), keys(&secret, &*entropy), &*entropy).unwrap();
        let writer = WriterId::make(&*entropy);
        let back_up = |last, day| {
            let mut run = repository.begin_tiny(info(writer, last), 1000, Arc::clone(&entropy)).unwrap();
            let counts = fill(&mut run, &content(day)).unwrap();
            run.commit(counts).unwrap()
        };
        let first = back_up(None, 1);
        let second = back_up(Some(first.head()), 2);
        let expected = Expected::from([(first.id, content(1)), (second.id, content(2))]);
        Self { store, secret, entropy, writer, first, second, expected }
    }

    pub fn open(&self) -> Repository<Unlocked> {
        open(&self.store, &self.secret)
    }
}

pub fn as_store(store: &Arc<MemoryStore>) -> Arc<dyn Store> {
    let store: Arc<MemoryStore> = Arc::clone(store);
    store
}

pub fn open(store: &Arc<MemoryStore>, secret: &UnlockSecret) -> Repository<Unlocked> {
    Repository::open(as_store(store)).unwrap().unlock(secret).unwrap()
}

/// The names of everything of a backup that could be restored. Panics on a wrong byte.
pub fn restorable(repository: &Repository<Unlocked>, id: &SnapshotId, expected: &Content) -> Vec<Vec<u8>> {
    let Ok(reader) = repository.read(id) else { return Vec::new() };
    let mut whole = Vec::new();
    for entry in reader.entries() {
        let (meta, content) = expected.get(&entry.name).expect("no entry that was never written");
        assert_eq!(&entry.meta, meta);
        let mut out = Vec::new();
        let read = reader.read_entry(entry, &mut out);
        assert!(content.starts_with(&out), "a wrong byte was released");
        if read.is_ok() {
            assert_eq!(&out, content, "a short entry was called whole");
            whole.push(entry.name.clone());
        }
    }
    whole
}
