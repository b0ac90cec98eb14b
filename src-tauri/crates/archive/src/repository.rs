//! All of it at one place, locked or unlocked.

use crate::check::{CheckDepth, CheckOutcome};
use crate::damage::Damage;
use crate::error::ArchiveError;
use crate::reader::SnapshotReader;
use crate::snapshot::{Head, SnapshotId, SnapshotInfo, WriterInfo};
use crate::store::Store;
use crate::writer::SnapshotWriter;
use coffer_keys::{KeyslotSet, OpenKeyslots, RepositoryId, UnlockSecret};
use coffer_secret::Entropy;
use std::ops::ControlFlow;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A repository; `S` says whether its keys are here.
pub struct Repository<S> {
    store: Arc<dyn Store>,
    state: S,
}

/// The keyslots are read, nothing else is readable.
pub struct Locked {
    id: RepositoryId,
    keyslots: KeyslotSet,
    notes: Vec<Damage>,
}

/// The data keys are here.
pub struct Unlocked {
    id: RepositoryId,
    keys: Arc<RwLock<OpenKeyslots>>,
}

impl Repository<Locked> {
    /// Looks at a place.
    pub fn open(store: Arc<dyn Store>) -> Result<Self, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// The id in the keyslot files.
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

    /// Unlocks; the repository comes back when that fails, so that another way can be tried.
    pub fn unlock(&self, secret: &UnlockSecret) -> Result<Repository<Unlocked>, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Unlocks with keys that are open already; what another computer wrote meanwhile is taken in.
    ///
    /// # Errors
    /// When none of the keyslot files belongs to these keys, or their way was removed meanwhile.
    pub fn unlock_with(&self, open: &OpenKeyslots) -> Result<Repository<Unlocked>, ArchiveError> {
        let keys = self.state.keyslots.reopen(open)?;
        let state = Unlocked { id: keys.repository(), keys: Arc::new(RwLock::new(keys)) };
        Ok(Repository { store: Arc::clone(&self.store), state })
    }
}

impl Repository<Unlocked> {
    /// Makes a new repository in an empty place. An interrupted `create` is finished or swept by the next one.
    pub fn create(store: Arc<dyn Store>, keys: OpenKeyslots, entropy: &dyn Entropy) -> Result<Self, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// The id in the keyslot files.
    pub fn repository_id(&self) -> &RepositoryId {
        &self.state.id
    }

    /// The ways to unlock, with their details.
    pub fn open_keyslots(&self) -> RwLockReadGuard<'_, OpenKeyslots> {
        self.state.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The ways to unlock, to be changed; then [`Self::save_keyslots`].
    pub fn open_keyslots_mut(&self) -> RwLockWriteGuard<'_, OpenKeyslots> {
        self.state.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes the changed keyslots as a new file, both copies; its name comes back.
    pub fn save_keyslots(&self, entropy: &dyn Entropy) -> Result<String, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Every snapshot, oldest first within a writer, and what is damaged among them.
    pub fn snapshots(&self) -> Result<(Vec<SnapshotInfo>, Vec<Damage>), ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Which of the snapshots this home remembers are no longer there: the place was rolled back.
    pub fn missing_heads(&self, pins: &[Head]) -> Result<Vec<Head>, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Begins a backup; packs left by an interrupted one are adopted.
    pub fn begin(&self, writer: WriterInfo, now: i64, entropy: Arc<dyn Entropy>) -> Result<SnapshotWriter, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Opens a backup for reading.
    pub fn read(&self, id: &SnapshotId) -> Result<SnapshotReader, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Proves that every backup can be restored.
    pub fn check(&self, depth: CheckDepth, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<CheckOutcome, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }
}
