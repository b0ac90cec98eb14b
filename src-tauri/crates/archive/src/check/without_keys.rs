//! A check without any key: every file by itself. Whether all that belongs together is there shows only with a way to unlock.

use super::{CheckDepth, CheckOutcome, strangers};
use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::keyslots;
use crate::names::{self, FileHash};
use crate::place::Fault;
use crate::plain;
use crate::sealed::{END_LENGTH, FILE_LIMIT, HEADER_LENGTH, Header, is_written_length};
use crate::store::{ObjectInfo, Store};
use coffer_keys::{FileKind, RepositoryId};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const KINDS: [FileKind; 4] = [FileKind::Pack, FileKind::Index, FileKind::Snapshot, FileKind::Intent];

/// Looks at every file of a place that is locked: texts, both copies of the keyslots, headers, and the hash in each name. Packs
/// are hashed only for [`CheckDepth::EveryByte`]. `progress(done, total)` counts bytes.
///
/// # Errors
/// When the place itself is gone.
pub(crate) fn check(
    store: &dyn Store,
    repository: &RepositoryId,
    depth: CheckDepth,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<CheckOutcome, ArchiveError> {
    let files = store.list("")?;
    let total = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
    let mut found: BTreeMap<String, What> = BTreeMap::new();
    let copies = keyslots::read_files(store)?.damaged;
    for damage in plain::check(store, repository)?.into_iter().chain(copies) {
        found.entry(damage.file).or_insert(damage.what);
    }
    for (name, what) in strangers(&files) {
        found.entry(name).or_insert(what);
    }
    let mut outcome =
        CheckOutcome { files: u64::try_from(files.len()).unwrap_or(u64::MAX), ..CheckOutcome::default() };
    let mut done = 0_u64;
    for file in &files {
        let looked = look(store, file, depth)?;
        outcome.bytes = outcome.bytes.saturating_add(looked.bytes);
        outcome.snapshots += u64::from(looked.is_snapshot);
        if let Some(what) = looked.what {
            found.entry(file.name.clone()).or_insert(what);
        }
        done = done.saturating_add(file.size).min(total);
        if progress(done, total).is_break() {
            outcome.is_cancelled = true;
            break;
        }
    }
    outcome.damaged = found.into_iter().map(|(file, what)| Damage::new(file, what)).collect();
    Ok(outcome)
}

/// What one file gave.
#[derive(Default)]
struct Looked {
    what: Option<What>,
    bytes: u64,
    is_snapshot: bool,
}

fn look(store: &dyn Store, file: &ObjectInfo, depth: CheckDepth) -> Result<Looked, ArchiveError> {
    let found = KINDS.into_iter().find_map(|kind| Some((kind, names::hash_of(kind, &file.name)?)));
    let Some((kind, hash)) = found else {
        // Texts and keyslots were read in full already.
        let was_read = plain::is_plain(&file.name) || names::keyslot_hash(&file.name).is_some();
        return Ok(Looked { bytes: if was_read { file.size } else { 0 }, ..Looked::default() });
    };
    let is_hashed = depth == CheckDepth::EveryByte || kind != FileKind::Pack;
    let looked =
        if is_hashed { hash_file(store, file, kind, &hash) } else { look_at_header(store, file, kind) };
    let what = match looked {
        Ok(()) => None,
        Err(fault) => Some(fault.into_damage()?),
    };
    let bytes = if is_hashed { file.size } else { 0 };
    Ok(Looked { what, bytes, is_snapshot: kind == FileKind::Snapshot })
}

fn hash_file(store: &dyn Store, file: &ObjectInfo, kind: FileKind, hash: &FileHash) -> Result<(), Fault> {
    let bytes = store.get(&file.name, FILE_LIMIT)?;
    if blake3::hash(&bytes) == *hash {
        return Ok(Header::read(kind, &bytes).map(drop)?);
    }
    let may_be_cut = if kind == FileKind::Pack { bytes.is_empty() } else { !is_written_length(bytes.len()) };
    Err(if may_be_cut { What::Partial } else { What::Damaged }.into())
}

fn look_at_header(store: &dyn Store, file: &ObjectInfo, kind: FileKind) -> Result<(), Fault> {
    let shortest = u64::try_from(HEADER_LENGTH + END_LENGTH).unwrap_or(u64::MAX);
    if file.size < shortest {
        return Err(What::Partial.into());
    }
    Ok(Header::read(kind, &store.get_range(&file.name, 0, HEADER_LENGTH)?).map(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::{ChunkKind, Counts, Entry, Repository, Unlocked, WriterId, WriterInfo};
    use coffer_keys::{Argon2Params, OpenKeyslots, Reach, SlotDetails, UnlockSecret};
    use coffer_secret::Secret;
    use coffer_secret::testing::SeededEntropy;
    use std::sync::Arc;

    /// A repository with one snapshot of one entry, and its id.
    fn place() -> (Arc<MemoryStore>, RepositoryId) {
        let entropy = Arc::new(SeededEntropy::new(3));
        let details = SlotDetails { name: String::new(), added: 1, proved: Some(1), reach: Reach::Anywhere };
        let secret = UnlockSecret::Keychain(Secret::make(&*entropy));
        let id = RepositoryId::make(&*entropy);
        let keys = OpenKeyslots::create(id, &secret, details, Argon2Params::FLOOR, &*entropy).unwrap();
        let store = Arc::new(MemoryStore::new());
        let dynamic: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let repository = Repository::<Unlocked>::create(dynamic, keys, &*entropy).unwrap();
        let writer = WriterInfo {
            id: WriterId::make(&*entropy),
            last: None,
            machine: "kitchen".to_owned(),
            version: "0".to_owned(),
        };
        let mut snapshot = repository.begin(writer, 0, entropy).unwrap();
        let chunk = snapshot.put_chunk(ChunkKind::Messages, b"hello").unwrap();
        let entry = Entry {
            name: b"chat".to_vec(),
            kind: ChunkKind::Messages,
            length: 5,
            chunks: vec![chunk],
            meta: Vec::new(),
        };
        snapshot.add_entry(entry).unwrap();
        snapshot.commit(Counts::default()).unwrap();
        (store, id)
    }

    fn checked(store: &MemoryStore, id: &RepositoryId, depth: CheckDepth) -> CheckOutcome {
        check(store, id, depth, &mut |_, _| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn a_whole_place_is_found_whole_at_both_depths() {
        let (store, id) = place();

        let quick = checked(&store, &id, CheckDepth::Quick);
        let full = checked(&store, &id, CheckDepth::EveryByte);

        assert!(quick.is_ok() && full.is_ok(), "{:?} {:?}", quick.damaged, full.damaged);
        assert_eq!((quick.snapshots, full.snapshots), (1, 1));
        let all: usize = store.files().values().map(Vec::len).sum();
        assert_eq!(full.bytes, u64::try_from(all).unwrap());
        assert!(quick.bytes < full.bytes);
    }

    #[test]
    fn every_file_with_a_flipped_byte_is_named_without_a_key() {
        let (store, id) = place();

        for (name, bytes) in store.files() {
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x01;
                store.replace(&name, flipped);
                let named: Vec<_> = checked(&store, &id, CheckDepth::EveryByte).damaged;
                assert_eq!(
                    named.iter().map(|damage| damage.file.as_str()).collect::<Vec<_>>(),
                    [&name],
                    "byte {at}"
                );
            }
            store.replace(&name, bytes);
        }
    }

    #[test]
    fn cut_and_strange_files_are_told_apart() {
        let (store, id) = place();
        let pack = store.files().into_keys().find(|name| name.ends_with(".cpk")).unwrap();
        store.replace(&pack, vec![1; 20]);
        store.replace("notes.txt", b"mine".to_vec());

        let outcome = checked(&store, &id, CheckDepth::Quick);

        let found: BTreeMap<&str, What> =
            outcome.damaged.iter().map(|damage| (damage.file.as_str(), damage.what)).collect();
        assert_eq!(found, BTreeMap::from([(pack.as_str(), What::Partial), ("notes.txt", What::Extra)]));
    }

    #[test]
    fn a_check_that_is_stopped_says_so() {
        let (store, id) = place();

        let outcome = check(&*store, &id, CheckDepth::Quick, &mut |_, _| ControlFlow::Break(())).unwrap();

        assert!(outcome.is_cancelled && !outcome.is_ok());
    }
}
