//! All of it at one place, locked or unlocked.

use crate::check::{CheckDepth, CheckOutcome, Checker, without_keys};
use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::index::{self, Index};
use crate::keyslots::{self, write_keyslots};
use crate::names::{self, COFFER_JSON, CREATING, FileHash, KEYSLOT_FOLDERS};
use crate::pack::Shape;
use crate::place::{Fault, Place};
use crate::plain::{self, Plain};
use crate::reader::{Chunks, SnapshotReader};
use crate::snapshot::{Body, Head, SnapshotId, SnapshotInfo, WriterInfo};
use crate::store::{Store, StoreError};
use crate::writer::{NewHead, SnapshotWriter};
use coffer_keys::{FileKind, KeyslotSet, OpenKeyslots, RepositoryId, UnlockSecret};
use coffer_secret::Entropy;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard, RwLockWriteGuard};

/// A repository; `S` says whether its keys are here.
pub struct Repository<S> {
    state: S,
}

/// The keyslots are read, nothing else is readable.
pub struct Locked {
    store: Arc<dyn Store>,
    id: RepositoryId,
    keyslots: KeyslotSet,
    notes: Vec<Damage>,
}

/// The data keys are here.
pub struct Unlocked {
    place: Arc<Place>,
    /// The index last read, with the listing it was read from.
    index: Mutex<Option<(Listing, Arc<Index>)>>,
}

type Listing = (BTreeMap<FileHash, u64>, BTreeMap<FileHash, u64>);

impl Repository<Locked> {
    /// Looks at a place.
    ///
    /// # Errors
    /// [`ArchiveError::NotARepository`], [`ArchiveError::Newer`]; [`ArchiveError::StillSyncing`] when no keyslot file
    /// has arrived yet, [`ArchiveError::DamagedKeyslots`] when none is whole; or when the place fails.
    pub fn open(store: Arc<dyn Store>) -> Result<Self, ArchiveError> {
        let plain = plain::read(&*store)?;
        let read = keyslots::read_files(&*store)?;
        let mut notes = match plain {
            Plain::Newer { major } => return Err(ArchiveError::Newer { major }),
            Plain::Absent if is_unfinished(&*store)? => return Err(ArchiveError::NotARepository),
            Plain::Absent => vec![Damage::new(COFFER_JSON, What::Missing)],
            Plain::Broken(what) => vec![Damage::new(COFFER_JSON, what)],
            Plain::Readable { .. } => Vec::new(),
        };
        if read.whole() == 0 {
            return Err(explain_no_keyslots(&*store, plain, &read)?);
        }
        notes.extend(read.damaged);
        let keyslots = KeyslotSet::read(read.files);
        let Some(id) = keyslots.repository_id() else {
            return Err(unreadable_keyslots(&keyslots));
        };
        if let Plain::Readable { repository: Some(named) } = plain
            && named != id
        {
            notes.push(Damage::new(COFFER_JSON, What::Foreign));
        }
        Ok(Self { state: Locked { store, id, keyslots, notes } })
    }

    /// The repository id the keyslot files name.
    pub fn repository_id(&self) -> &RepositoryId {
        &self.state.id
    }

    /// The ways to unlock.
    pub fn keyslots(&self) -> &KeyslotSet {
        &self.state.keyslots
    }

    /// Damaged, missing or half-arrived files seen so far: said before any prompt.
    pub fn notes(&self) -> &[Damage] {
        &self.state.notes
    }

    /// Unlocks; the locked repository stays, so that another way can be tried.
    ///
    /// # Errors
    /// [`ArchiveError::Keys`]: a wrong secret is told from damage.
    pub fn unlock(&self, secret: &UnlockSecret) -> Result<Repository<Unlocked>, ArchiveError> {
        let keys = self.state.keyslots.unlock(secret)?;
        Ok(Repository::with_keys(Arc::clone(&self.state.store), keys))
    }
}

impl Repository<Locked> {
    /// Unlocks with keys that are open already; what another computer wrote meanwhile is taken in.
    ///
    /// # Errors
    /// [`ArchiveError::Keys`] when none of the keyslot files belongs to these keys, or their way was removed meanwhile.
    pub fn unlock_with(&self, open: &OpenKeyslots) -> Result<Repository<Unlocked>, ArchiveError> {
        let keys = self.state.keyslots.reopen(open)?;
        Ok(Repository::with_keys(Arc::clone(&self.state.store), keys))
    }

    /// Looks at every file by itself, without any key: the hash in its name, its header, its copies. It cannot tell whether
    /// all files that a backup needs are there. `progress(done, total)` counts bytes; breaking from it stops the check.
    ///
    /// # Errors
    /// When the place itself is gone. What is wrong with its files is the outcome, no error.
    pub fn check_without_keys(
        &self,
        depth: CheckDepth,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<CheckOutcome, ArchiveError> {
        without_keys::check(&*self.state.store, &self.state.id, depth, progress)
    }
}

/// Why there is nothing to unlock with.
fn explain_no_keyslots(
    store: &dyn Store,
    plain: Plain,
    read: &keyslots::KeyslotFiles,
) -> Result<ArchiveError, ArchiveError> {
    let files = u64::try_from(read.files.len()).unwrap_or(u64::MAX);
    if files > 0 {
        let has_arrived = read.damaged.iter().any(|damage| damage.what == What::Damaged);
        return Ok(if has_arrived {
            ArchiveError::DamagedKeyslots { files }
        } else {
            ArchiveError::StillSyncing { missing: files }
        });
    }
    let folders = [FileKind::Pack, FileKind::Index, FileKind::Snapshot];
    let has_parts = match plain {
        Plain::Absent => folders
            .iter()
            .try_fold(false, |seen, kind| Ok::<_, StoreError>(seen || has_files(store, *kind)?))?,
        Plain::Readable { .. } | Plain::Newer { .. } | Plain::Broken(What::Partial) => true,
        Plain::Broken(_) => false,
    };
    Ok(if has_parts { ArchiveError::StillSyncing { missing: 1 } } else { ArchiveError::NotARepository })
}

/// No keyslot file could be read although at least one is whole.
fn unreadable_keyslots(keyslots: &KeyslotSet) -> ArchiveError {
    let files = u64::try_from(keyslots.damaged().len()).unwrap_or(u64::MAX);
    let newer = keyslots
        .damaged()
        .iter()
        .find(|damaged| matches!(damaged.reason, coffer_keys::KeyError::Newer { .. }));
    match newer {
        Some(damaged) => ArchiveError::Keys(damaged.reason.clone()),
        None => ArchiveError::DamagedKeyslots { files },
    }
}

fn has_files(store: &dyn Store, kind: FileKind) -> Result<bool, StoreError> {
    let files = store.list(names::folder(kind))?;
    Ok(files.iter().any(|file| names::hash_of(kind, &file.name).is_some()))
}

/// The marks of a `create` that did not reach its end.
fn creation_marks(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let is_mark =
        |name: &str| name.strip_prefix(CREATING).is_some_and(|id| names::parse_hex::<16>(id).is_some());
    let files = store.list(CREATING)?;
    Ok(files.into_iter().map(|file| file.name).filter(|name| is_mark(name)).collect())
}

/// A `create` was interrupted here: there is nothing in it.
fn is_unfinished(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(!creation_marks(store)?.is_empty()
        && plain::read(store)
            .is_ok_and(|plain| plain == Plain::Absent || plain == Plain::Broken(What::Partial))
        && !has_files(store, FileKind::Pack)?
        && !has_files(store, FileKind::Index)?
        && !has_files(store, FileKind::Snapshot)?)
}

impl Repository<Unlocked> {
    /// Makes a new repository in a place that holds none. An interrupted `create` is swept by the next one.
    ///
    /// # Errors
    /// [`ArchiveError::AlreadyARepository`] when the place holds another one, or parts of one; or when the place fails.
    pub fn create(
        store: Arc<dyn Store>,
        mut keys: OpenKeyslots,
        entropy: &dyn Entropy,
    ) -> Result<Self, ArchiveError> {
        prepare_place(&*store)?;
        let mark = format!("{CREATING}{}", names::hex(keys.repository().as_bytes()));
        store.put(&mark, &[])?;
        let written = keys.encode(entropy)?;
        write_keyslots(&*store, &written.file_name, &written.bytes)?;
        keys.mark_written(&written);
        plain::write(&*store, &keys.repository())?;
        store.delete(&mark)?;
        Ok(Self::with_keys(store, keys))
    }

    /// Goes on with keys that are already open, without asking for a secret again.
    pub fn with_keys(store: Arc<dyn Store>, keys: OpenKeyslots) -> Self {
        Self { state: Unlocked { place: Arc::new(Place::new(store, keys)), index: Mutex::default() } }
    }

    /// The same repository with the same keys and nothing remembered of its files, for a test that changes them.
    #[cfg(any(test, feature = "testing"))]
    pub fn afresh(&self) -> Self {
        Self { state: Unlocked { place: Arc::new(self.state.place.afresh()), index: Mutex::default() } }
    }

    /// The repository's id.
    pub fn repository_id(&self) -> &RepositoryId {
        self.state.place.repository()
    }

    /// The ways to unlock, with their details.
    pub fn open_keyslots(&self) -> RwLockReadGuard<'_, OpenKeyslots> {
        self.state.place.keys()
    }

    /// The ways to unlock, to be changed; then [`Self::save_keyslots`]. Drop the guard before any other call.
    pub fn open_keyslots_mut(&self) -> RwLockWriteGuard<'_, OpenKeyslots> {
        self.state.place.keys_mut()
    }

    /// Writes the changed keyslots as a new file, both copies, and reads both back; the file's name comes back.
    ///
    /// # Errors
    /// When the place fails, or does not give back what was written.
    pub fn save_keyslots(&self, entropy: &dyn Entropy) -> Result<String, ArchiveError> {
        let store = self.state.place.store();
        let mut keys = self.state.place.keys_mut();
        let written = keys.encode(entropy)?;
        write_keyslots(store, &written.file_name, &written.bytes)?;
        let read = keyslots::read_files(store)?;
        if let Some(bad) = read.damaged.iter().find(|damage| damage.file.ends_with(&written.file_name)) {
            return Err(ArchiveError::Damaged { file: bad.file.clone(), what: bad.what });
        }
        if !read.files.iter().any(|(name, bytes)| *name == written.file_name && *bytes == written.bytes) {
            return Err(ArchiveError::Damaged { file: written.file_name, what: What::Missing });
        }
        keys.mark_written(&written);
        Ok(written.file_name)
    }

    /// Reads the keyslot files of the place again and takes in what other computers wrote.
    ///
    /// # Errors
    /// [`ArchiveError::Keys`] when none of the files verifies with these keys, or when the place fails.
    pub fn reload_keyslots(&self) -> Result<(), ArchiveError> {
        let set = keyslots::read_keyslots(self.state.place.store())?;
        let mut keys = self.state.place.keys_mut();
        *keys = set.reopen(&keys)?;
        Ok(())
    }

    /// Every snapshot, by writer, each writer's oldest first; and those that cannot be read. A snapshot that another one
    /// names and that is not there is named as missing.
    ///
    /// # Errors
    /// When the place fails.
    pub fn snapshots(&self) -> Result<(Vec<SnapshotInfo>, Vec<Damage>), ArchiveError> {
        let mut infos = Vec::new();
        let mut damaged = Vec::new();
        for hash in index::sizes(&self.state.place, FileKind::Snapshot)?.into_keys() {
            match self.body(&hash) {
                Ok((body, generation)) => infos.push(body.info(SnapshotId(hash), generation)),
                Err(fault) => {
                    damaged.push(Damage::new(names::path(FileKind::Snapshot, &hash), fault.into_damage()?));
                }
            }
        }
        infos.sort_by_key(|info| (info.writer, info.sequence, info.id));
        damaged.extend(missing_links(&infos, &damaged));
        Ok((infos, damaged))
    }

    /// Which of the snapshots this home remembers are no longer there: the place was rolled back, or has not caught up.
    ///
    /// # Errors
    /// When the place fails.
    pub fn missing_heads(&self, pins: &[Head]) -> Result<Vec<Head>, ArchiveError> {
        let (infos, _) = self.snapshots()?;
        Ok(pins.iter().filter(|pin| !infos.iter().any(|info| info.id == pin.id)).copied().collect())
    }

    /// Begins a backup; packs left by an interrupted one are adopted after their whole content was compared with their
    /// names.
    ///
    /// # Errors
    /// When the place fails in any way: a backup is not built on a place that cannot be read.
    pub fn begin(
        &self,
        writer: WriterInfo,
        now: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Result<SnapshotWriter, ArchiveError> {
        self.begin_shaped(writer, now, entropy, Shape::NORMAL)
    }

    /// Begins a backup of tiny files without padding, so that a test can flip every bit.
    ///
    /// # Errors
    /// As [`Self::begin`].
    #[cfg(any(test, feature = "testing"))]
    pub fn begin_tiny(
        &self,
        writer: WriterInfo,
        now: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Result<SnapshotWriter, ArchiveError> {
        self.begin_shaped(writer, now, entropy, Shape::TINY)
    }

    fn begin_shaped(
        &self,
        writer: WriterInfo,
        now: i64,
        entropy: Arc<dyn Entropy>,
        shape: Shape,
    ) -> Result<SnapshotWriter, ArchiveError> {
        let place = &self.state.place;
        self.heal_plain()?;
        let (infos, _) = self.snapshots()?;
        let seen: Vec<Head> = infos.iter().map(SnapshotInfo::head).collect();
        let head = NewHead::choose(writer, now, &seen, &*entropy);
        let mut loaded = index::load(place)?;
        if let Some(failure) = loaded.failure {
            return Err(failure.into());
        }
        let mut adopted = Vec::new();
        for pack in loaded.unlisted {
            match place.read_whole(FileKind::Pack, &pack.hash) {
                Ok(_) => {
                    loaded.index.insert(&pack, true);
                    adopted.push(pack);
                }
                Err(Fault::What(_)) => {}
                Err(Fault::Store(error)) => return Err(error.into()),
            }
        }
        Ok(SnapshotWriter::new(Arc::clone(place), entropy, shape, head, loaded.index, adopted))
    }

    /// Opens a backup for reading. A tree that is partly lost is no error: [`SnapshotReader::damaged`].
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchSnapshot`], [`ArchiveError::UnknownFeature`], [`ArchiveError::Damaged`] about the
    /// snapshot's own file, or when the place fails.
    pub fn read(&self, id: &SnapshotId) -> Result<SnapshotReader, ArchiveError> {
        let (body, generation) = self.body(&id.0).map_err(|fault| match fault {
            Fault::What(What::Missing) => ArchiveError::NoSuchSnapshot,
            Fault::What(What::Newer) => ArchiveError::UnknownFeature,
            Fault::What(_) | Fault::Store(_) => fault.at(names::path(FileKind::Snapshot, &id.0)),
        })?;
        let chunks = Chunks { place: Arc::clone(&self.state.place), index: self.index()? };
        SnapshotReader::new(chunks, body.info(*id, generation), &body)
    }

    /// Proves that every backup can be restored, or names what keeps it from that. `progress(done, total)` counts bytes
    /// for [`CheckDepth::EveryByte`] and files for [`CheckDepth::Quick`]; breaking from it stops the check.
    ///
    /// # Errors
    /// When the place itself is gone. What is wrong with its files is the outcome, no error.
    pub fn check(
        &self,
        depth: CheckDepth,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<CheckOutcome, ArchiveError> {
        Checker::new(Arc::clone(&self.state.place), depth, progress)?.run()
    }

    fn body(&self, hash: &FileHash) -> Result<(Body, u32), Fault> {
        let (body, generation) = self.state.place.body(FileKind::Snapshot, hash)?;
        Ok((Body::decode(&body)?, generation))
    }

    /// The index of what lies in the place now; read again only when that changed.
    fn index(&self) -> Result<Arc<Index>, ArchiveError> {
        let place = &self.state.place;
        let listing = (index::sizes(place, FileKind::Pack)?, index::sizes(place, FileKind::Index)?);
        let kept = || self.state.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, index)) = &*kept()
            && *known == listing
        {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(index::load(place)?.into_index());
        *kept() = Some((listing, Arc::clone(&index)));
        Ok(index)
    }

    /// Puts back what anybody can read, and removes the mark of a `create` that ended.
    fn heal_plain(&self) -> Result<(), ArchiveError> {
        let place = &self.state.place;
        if keyslots::read_files(place.store())?.whole() == 0 {
            // An empty folder where the repository was: a drive that is not mounted. Nothing is written into it.
            return Err(match plain::read(place.store())? {
                Plain::Absent => ArchiveError::Store(StoreError::Unreachable),
                Plain::Readable { .. } | Plain::Newer { .. } | Plain::Broken(_) => {
                    ArchiveError::StillSyncing { missing: 1 }
                }
            });
        }
        plain::write(place.store(), place.repository())?;
        for mark in creation_marks(place.store())? {
            place.store().delete(&mark)?;
        }
        Ok(())
    }
}

/// Snapshots that a chain or another writer's list names and that are not there.
pub(crate) fn missing_links(infos: &[SnapshotInfo], damaged: &[Damage]) -> Vec<Damage> {
    let named =
        infos.iter().flat_map(|info| info.previous.into_iter().chain(info.heads.iter().map(|h| h.id)));
    let mut missing: Vec<Damage> = named
        .filter(|id| !infos.iter().any(|info| info.id == *id))
        .map(|id| Damage::new(names::path(FileKind::Snapshot, &id.0), What::Missing))
        .filter(|gone| !damaged.iter().any(|damage| damage.file == gone.file))
        .collect();
    missing.sort_by(|a, b| a.file.cmp(&b.file));
    missing.dedup();
    missing
}

/// Makes room for a new repository: sweeps what an interrupted `create` left, and refuses everything else of ours.
fn prepare_place(store: &dyn Store) -> Result<(), ArchiveError> {
    if is_unfinished(store)? {
        return sweep(store);
    }
    let has_parts = !keyslots::read_files(store)?.files.is_empty()
        || plain::read(store)? != Plain::Absent
        || has_files(store, FileKind::Pack)?
        || has_files(store, FileKind::Index)?
        || has_files(store, FileKind::Snapshot)?;
    if has_parts { Err(ArchiveError::AlreadyARepository) } else { Ok(()) }
}

/// Removes what an interrupted `create` left. The marks go last: a sweep that is interrupted goes on next time.
fn sweep(store: &dyn Store) -> Result<(), ArchiveError> {
    let mut left: Vec<String> = plain::names().map(str::to_owned).collect();
    for folder in KEYSLOT_FOLDERS {
        let files = store.list(folder)?.into_iter().map(|file| file.name);
        left.extend(files.filter(|name| names::keyslot_hash(name).is_some()));
    }
    left.extend(creation_marks(store)?);
    Ok(left.iter().try_for_each(|name| store.delete(name))?)
}
