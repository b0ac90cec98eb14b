//! Proves that what is in the place can be restored, or names what cannot.

use crate::damage::{self, Damage, What};
use crate::error::ArchiveError;
use crate::index::{self, Index, Loaded, PackListing};
use crate::keyslots;
use crate::names::{self, CREATING, FileHash};
use crate::place::{Fault, Place};
use crate::plain;
use crate::reader::Chunks;
use crate::repository::missing_links;
use crate::sealed::{FILE_LIMIT, place as place_records};
use crate::snapshot::{Body, ChunkKind, ChunkRef, SnapshotId, SnapshotInfo};
use crate::store::ObjectInfo;
use crate::tree::{self, ChunkList, Item};
use coffer_keys::FileKind;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

pub(crate) mod without_keys;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDepth {
    /// Names, sizes, footers, and that everything reachable is there.
    Quick,
    /// Every byte: the hash in the name, then every record under the keys.
    EveryByte,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Snapshots looked at.
    pub snapshots: u64,
    /// Files looked at.
    pub files: u64,
    /// Bytes of these files that were read in full.
    pub bytes: u64,
    /// Stopped by the caller before the end.
    pub is_cancelled: bool,
    /// What is not as it should be, in order of file names.
    pub damaged: Vec<Damage>,
}

impl CheckOutcome {
    /// Looked at everything and found nothing wrong.
    pub fn is_ok(&self) -> bool {
        !self.is_cancelled && self.damaged.is_empty()
    }
}

/// Why a check ended early.
enum Halt {
    /// The caller wants it to stop.
    Cancelled,
    Failed(ArchiveError),
}

impl From<ArchiveError> for Halt {
    fn from(error: ArchiveError) -> Self {
        Self::Failed(error)
    }
}

/// One check under way.
pub(crate) struct Checker<'a> {
    place: Arc<Place>,
    depth: CheckDepth,
    progress: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    done: u64,
    total: u64,
    files: Vec<ObjectInfo>,
    outcome: CheckOutcome,
    damaged: BTreeMap<String, Damage>,
    /// Chunks that can be read.
    good: HashSet<[u8; 32]>,
    /// Chunks that some pack should give and does not: which pack.
    lost: HashMap<[u8; 32], String>,
    /// What can still be read of each damaged pack.
    left: BTreeMap<String, BTreeSet<[u8; 32]>>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(
        place: Arc<Place>,
        depth: CheckDepth,
        progress: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Self, ArchiveError> {
        let files = place.store().list("")?;
        let count = u64::try_from(files.len()).unwrap_or(u64::MAX);
        let total = match depth {
            CheckDepth::Quick => count,
            CheckDepth::EveryByte => files.iter().map(|file| file.size).fold(0, u64::saturating_add),
        };
        Ok(Self {
            place,
            depth,
            progress,
            done: 0,
            total,
            files,
            outcome: CheckOutcome { files: count, ..CheckOutcome::default() },
            damaged: BTreeMap::new(),
            good: HashSet::new(),
            lost: HashMap::new(),
            left: BTreeMap::new(),
        })
    }

    pub(crate) fn run(mut self) -> Result<CheckOutcome, ArchiveError> {
        match self.look() {
            Ok(()) => {}
            Err(Halt::Cancelled) => self.outcome.is_cancelled = true,
            Err(Halt::Failed(error)) => return Err(error),
        }
        self.outcome.damaged = self.damaged.into_values().collect();
        Ok(self.outcome)
    }

    fn look(&mut self) -> Result<(), Halt> {
        self.check_small_files()?;
        let mut loaded = index::load(&self.place)?;
        for damage in std::mem::take(&mut loaded.damaged) {
            self.note(damage.file, damage.what);
        }
        for size in index::sizes(&self.place, FileKind::Index)?.into_values() {
            self.step(size, true)?;
        }
        self.check_packs(&loaded)?;
        self.check_strangers();
        self.check_snapshots(loaded.into_index())
    }

    /// Texts, `coffer.json` and both copies of the keyslots.
    fn check_small_files(&mut self) -> Result<(), Halt> {
        let found = plain::check(self.place.store(), self.place.repository())?;
        let copies = keyslots::read_files(self.place.store())?.damaged;
        for damage in found.into_iter().chain(copies) {
            self.note(damage.file, damage.what);
        }
        let small: Vec<u64> = self
            .files
            .iter()
            .filter(|file| plain::is_plain(&file.name) || names::keyslot_hash(&file.name).is_some())
            .map(|file| file.size)
            .collect();
        small.into_iter().try_for_each(|size| self.step(size, true))
    }

    fn check_packs(&mut self, loaded: &Loaded) -> Result<(), Halt> {
        let unlisted = loaded.unlisted.iter().map(|pack| (pack.hash, pack));
        let known: BTreeMap<FileHash, &PackListing> =
            loaded.listed.iter().map(|(hash, pack)| (*hash, pack)).chain(unlisted).collect();
        for (hash, pack) in &known {
            let found = match loaded.present.get(hash) {
                None => Err(What::Missing),
                Some(size) if *size < pack.length => Err(What::Partial),
                Some(size) if *size > pack.length => Err(What::Damaged),
                Some(_) => Ok(()),
            };
            match found {
                Err(what) => self.lose_pack(pack, what)?,
                Ok(()) => match self.depth {
                    CheckDepth::Quick => self.check_footer(pack)?,
                    CheckDepth::EveryByte => self.check_every_byte(pack)?,
                },
            }
            if let Some(size) = loaded.present.get(hash) {
                self.step(*size, found.is_ok() && self.depth == CheckDepth::EveryByte)?;
            }
        }
        // Packs whose footers did not open are named already.
        for (_, size) in loaded.present.iter().filter(|(hash, _)| !known.contains_key(*hash)) {
            self.step(*size, false)?;
        }
        self.lean_on_what_is_left();
        Ok(())
    }

    /// What damaged packs still hold is readable; a pack that alone holds some of it is needed, however small its damage.
    fn lean_on_what_is_left(&mut self) {
        let left = std::mem::take(&mut self.left);
        for (name, chunks) in &left {
            let is_sole = chunks.iter().any(|chunk| !self.good.contains(chunk));
            if let Some(damage) = self.damaged.get_mut(name) {
                damage.is_sole = is_sole;
            }
        }
        self.good.extend(left.into_values().flatten());
    }

    fn check_footer(&mut self, pack: &PackListing) -> Result<(), Halt> {
        match self.place.pack_records(&pack.hash, pack.length) {
            Ok(records) if records == pack.records => self.keep(pack),
            Ok(_) => self.lose_pack(pack, What::Damaged)?,
            Err(fault) => self.lose_pack(pack, fault.into_damage()?)?,
        }
        Ok(())
    }

    fn check_every_byte(&mut self, pack: &PackListing) -> Result<(), Halt> {
        let bytes = match self.place.read_whole(FileKind::Pack, &pack.hash) {
            Ok(bytes) => bytes,
            Err(fault) => return self.lose_pack(pack, fault.into_damage()?),
        };
        let what = match self.place.open_whole(FileKind::Pack, &bytes) {
            Err(what) => Some(what),
            Ok((_, records)) if records != pack.records => Some(What::Damaged),
            Ok(_) if self.readable(pack, &bytes).len() != pack.records.len() => Some(What::Damaged),
            Ok(_) => None,
        };
        drop(bytes);
        match what {
            None => self.keep(pack),
            Some(what) => self.lose_pack(pack, what)?,
        }
        Ok(())
    }

    /// The chunks of a pack that open, wherever else it is damaged.
    fn readable(&self, pack: &PackListing, bytes: &[u8]) -> BTreeSet<[u8; 32]> {
        let Ok(cipher) = self.place.cipher_for(FileKind::Pack, bytes) else { return BTreeSet::new() };
        place_records(&pack.records)
            .filter(|placed| self.place.read_chunk_of(&cipher, bytes, placed).is_ok())
            .map(|placed| placed.record.chunk)
            .collect()
    }

    fn keep(&mut self, pack: &PackListing) {
        self.good.extend(pack.records.iter().map(|record| record.chunk));
    }

    /// Names a pack, and looks closely at what of it is left.
    fn lose_pack(&mut self, pack: &PackListing, what: What) -> Result<(), Halt> {
        let name = names::path(FileKind::Pack, &pack.hash);
        let left = match self.place.store().get(&name, FILE_LIMIT) {
            Ok(bytes) => self.readable(pack, &bytes),
            Err(error) => {
                Fault::from(error).into_damage()?;
                BTreeSet::new()
            }
        };
        for record in &pack.records {
            if !left.contains(&record.chunk) {
                self.lost.insert(record.chunk, name.clone());
            }
        }
        self.left.insert(name.clone(), left);
        self.note(name, what);
        Ok(())
    }

    fn check_strangers(&mut self) {
        for (name, what) in strangers(&self.files) {
            self.note(name, what);
        }
    }

    fn check_snapshots(&mut self, index: Index) -> Result<(), Halt> {
        let chunks = Chunks { place: Arc::clone(&self.place), index: Arc::new(index) };
        let mut infos: Vec<SnapshotInfo> = Vec::new();
        let mut walk = Walk::default();
        for (hash, size) in index::sizes(&self.place, FileKind::Snapshot)? {
            self.outcome.snapshots += 1;
            let name = names::path(FileKind::Snapshot, &hash);
            let read = self.place.body(FileKind::Snapshot, &hash);
            match read.and_then(|(bytes, generation)| Ok((Body::decode(&bytes)?, generation))) {
                Ok((body, generation)) => {
                    infos.push(body.info(SnapshotId(hash), generation));
                    let counted = self.walk_tree(&chunks, &mut walk, &body, &name)?;
                    if counted.is_some_and(|counted| counted != (body.entries, body.bytes)) {
                        self.note(name, What::Damaged);
                    }
                }
                Err(fault) => self.note(name, fault.into_damage()?),
            }
            self.step(size, true)?;
        }
        let damaged: Vec<Damage> = self.damaged.values().cloned().collect();
        for missing in missing_links(&infos, &damaged) {
            self.note(missing.file, missing.what);
        }
        Ok(())
    }

    /// Follows a snapshot to every chunk. Gives entries and bytes back when the whole tree could be read.
    fn walk_tree(
        &mut self,
        chunks: &Chunks,
        walk: &mut Walk,
        body: &Body,
        snapshot: &str,
    ) -> Result<Option<(u64, u64)>, Halt> {
        let mut sum = (0_u64, 0_u64);
        let mut is_whole = true;
        let Some(leaves) = self.resolve(chunks, &body.tree, None, snapshot)? else { return Ok(None) };
        for (id, length) in leaves {
            let known = match walk.leaves.get(&id) {
                Some(known) => *known,
                None => {
                    let read =
                        self.read_leaf(chunks, ChunkRef { kind: ChunkKind::Meta, id, length }, snapshot)?;
                    walk.leaves.insert(id, read);
                    read
                }
            };
            match known {
                Some((entries, bytes)) => {
                    sum = (sum.0.saturating_add(entries), sum.1.saturating_add(bytes));
                }
                None => is_whole = false,
            }
        }
        Ok(is_whole.then_some(sum))
    }

    fn read_leaf(
        &mut self,
        chunks: &Chunks,
        leaf: ChunkRef,
        snapshot: &str,
    ) -> Result<Option<(u64, u64)>, Halt> {
        let entries = match chunks.read(&leaf).and_then(|content| Ok(tree::decode_entries(&content)?)) {
            Ok(entries) => entries,
            Err(error) => {
                let (file, what) = damage::of(error, snapshot)?;
                self.note(file, what);
                return Ok(None);
            }
        };
        let mut sum = (0_u64, 0_u64);
        for entry in entries {
            sum = (sum.0.saturating_add(1), sum.1.saturating_add(entry.length));
            let items = self.resolve(chunks, &entry.chunks, Some(&entry.name), snapshot)?;
            for (id, _) in items.into_iter().flatten() {
                if !self.good.contains(&id) {
                    let lost = self.lost.get(&id).cloned();
                    let (file, what) =
                        lost.map_or((snapshot.to_owned(), What::Missing), |f| (f, What::Damaged));
                    self.affect(file, what, &entry.name);
                }
            }
        }
        Ok(Some(sum))
    }

    /// A list of chunks in full; `None` when a part of it is lost, which is named then.
    fn resolve(
        &mut self,
        chunks: &Chunks,
        list: &ChunkList,
        entry: Option<&[u8]>,
        snapshot: &str,
    ) -> Result<Option<Vec<Item>>, Halt> {
        let resolved = list.resolve(&mut |chunk| chunks.read(chunk));
        let is_whole = resolved.errors.is_empty();
        for error in resolved.errors {
            let (file, what) = damage::of(error, snapshot)?;
            match entry {
                Some(name) => self.affect(file, what, name),
                None => self.note(file, what),
            }
        }
        Ok(is_whole.then_some(resolved.items))
    }

    fn note(&mut self, file: String, what: What) {
        self.damaged.entry(file.clone()).or_insert_with(|| Damage::new(file, what));
    }

    fn affect(&mut self, file: String, what: What, entry: &[u8]) {
        let damage = self.damaged.entry(file.clone()).or_insert_with(|| Damage::new(file, what));
        if let Err(at) = damage.affected.binary_search_by(|known| known.as_slice().cmp(entry)) {
            damage.affected.insert(at, entry.to_vec());
        }
    }

    /// Counts one file and asks whether to go on.
    fn step(&mut self, size: u64, was_read: bool) -> Result<(), Halt> {
        if was_read {
            self.outcome.bytes = self.outcome.bytes.saturating_add(size);
        }
        let step = match self.depth {
            CheckDepth::Quick => 1,
            CheckDepth::EveryByte => size,
        };
        self.done = self.done.saturating_add(step).min(self.total);
        match (self.progress)(self.done, self.total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Cancelled),
        }
    }
}

/// What was walked already, so that snapshots that share most of their trees cost little.
#[derive(Default)]
struct Walk {
    /// Entries and bytes of each tree chunk; `None` when it cannot be read.
    leaves: HashMap<[u8; 32], Option<(u64, u64)>>,
}

/// Files that belong to nothing. One that stands for a file that is not there is that file, on its way.
fn strangers(files: &[ObjectInfo]) -> Vec<(String, What)> {
    let present: HashSet<FileHash> = files.iter().filter_map(|file| known_hash(&file.name)).collect();
    files
        .iter()
        .filter(|file| known_hash(&file.name).is_none() && !plain::is_plain(&file.name))
        .filter(|file| !file.name.starts_with(CREATING))
        .filter_map(|file| {
            let stands_for = names::hash_inside(&file.name).is_some_and(|hash| !present.contains(&hash));
            let what = if stands_for { What::Partial } else { What::Extra };
            (stands_for || !is_strewn(&file.name)).then(|| (file.name.clone(), what))
        })
        .collect()
}

/// What systems leave in folders: hidden files, and the two of Windows that are not hidden.
fn is_strewn(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.') || matches!(part, "desktop.ini" | "Thumbs.db"))
}

/// The hash in the name of any file of ours.
fn known_hash(name: &str) -> Option<FileHash> {
    [FileKind::Pack, FileKind::Index, FileKind::Snapshot, FileKind::Intent]
        .into_iter()
        .find_map(|kind| names::hash_of(kind, name))
        .or_else(|| names::keyslot_hash(name))
}
