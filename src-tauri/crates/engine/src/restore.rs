//! A backup back into a library: open, unlock, plan, restore, and only when asked protect this computer too.

use crate::backup::{backup_item, newest_first, newest_of_each};
use crate::damage;
use crate::error::Error;
use crate::home::make_id;
use crate::look::Look;
use crate::places;
use crate::progress::{JobKind, Phase, lock};
use crate::protection::{short_id, way_kind, wrong};
use crate::view::{
    BackupItem, Damage, JobOutcome, LossKind, OpenedBackup, ProtectionView, RestoreReport, RestoreRequest,
    WayKind,
};
use crate::{Engine, Unlock};
use coffer_archive::{ArchiveError, Locked, Repository, SnapshotInfo, SnapshotReader, Unlocked};
use coffer_keys::UnlockSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

pub(crate) mod chunks;
mod run;

use run::{Restore, Wanted};

/// A session nobody uses for this long is closed: its keys go.
const SESSION_MILLIS: u64 = 30 * 60 * 1000;
/// Sessions open at once; the one longest unused goes first.
const SESSIONS: usize = 8;

/// The backups that are open for looking or restoring, and what was last seen of the own place.
#[derive(Default)]
pub(crate) struct Opened {
    sessions: BTreeMap<String, OpenSession>,
    /// The backups in the own place, and the file names they were read from.
    pub seen: Option<(Vec<String>, Vec<SnapshotInfo>)>,
}

/// One opened place.
struct OpenSession {
    path: PathBuf,
    locked: Arc<Repository<Locked>>,
    repository: Option<Arc<Repository<Unlocked>>>,
    looks: BTreeMap<Option<String>, Arc<Look>>,
    last_used: u64,
}

impl Opened {
    /// The list of backups has changed.
    pub(crate) fn forget_snapshots(&mut self) {
        self.seen = None;
    }

    /// Where an open session's place is.
    pub(crate) fn path_of(&self, session: &str) -> Option<&Path> {
        self.sessions.get(session).map(|session| session.path.as_path())
    }

    /// Closes what nobody used for long: its keys go.
    fn sweep(&mut self, now: u64) {
        self.sessions.retain(|_, session| now.saturating_sub(session.last_used) <= SESSION_MILLIS);
    }

    fn session(&mut self, id: &str, now: u64) -> Result<&mut OpenSession, Error> {
        let session = self.sessions.get_mut(id).ok_or(Error::ExpiredSession)?;
        session.last_used = now;
        Ok(session)
    }

    fn add(&mut self, id: String, session: OpenSession) {
        while self.sessions.len() >= SESSIONS {
            let oldest =
                self.sessions.iter().min_by_key(|(_, session)| session.last_used).map(|(id, _)| id.clone());
            oldest.map(|id| self.sessions.remove(&id));
        }
        self.sessions.insert(id, session);
    }
}

impl Engine {
    /// Opens the backups of a folder, or those found up to two folders below it. Nothing secret is known yet.
    ///
    /// # Errors
    /// [`Error::PlaceMissing`], [`Error::NotABackup`], [`Error::StillSyncing`], [`Error::NewerFormat`],
    /// [`Error::Damaged`].
    pub fn open_backup(&self, path: &Path) -> Result<OpenedBackup, Error> {
        let mut found = places::find_repositories(path)?.into_iter();
        let place = found.next().ok_or(Error::NotABackup)?;
        let locked = Repository::open(places::open_store(&place)?)?;
        let ways = locked.keyslots().ways();
        let kinds = ways.iter().map(|way| way_kind(way.kind)).filter(|kind| *kind != WayKind::Keychain);
        let id = make_id(self.ports.entropy.as_ref());
        let opened = OpenedBackup {
            session: id.clone(),
            place: place.to_string_lossy().into_owned(),
            backup_id: short_id(&locked.repository_id().to_string()),
            ways: self.best_first(kinds.collect(), &ways),
            notes: locked
                .notes()
                .iter()
                .map(|note| damage::view(&note.file, damage::word(note.what), Vec::new()))
                .collect(),
            also_found: found.map(|path| path.to_string_lossy().into_owned()).collect(),
        };
        let session = OpenSession {
            path: place,
            locked: Arc::new(locked),
            repository: None,
            looks: BTreeMap::new(),
            last_used: self.ports.clock.ticks(),
        };
        self.opened().add(id, session);
        Ok(opened)
    }

    /// Unlocks an opened place: its backups, newest first.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::WrongKey`], [`Error::DigitsTypo`], [`Error::WrongPasskey`], [`Error::Passkey`],
    /// [`Error::Damaged`], [`Error::ExpiredSession`].
    pub fn unlock_backup(&self, session: &str, unlock: Unlock) -> Result<Vec<BackupItem>, Error> {
        let locked = Arc::clone(&self.opened().session(session, self.ports.clock.ticks())?.locked);
        let repository = match unlock {
            Unlock::Keychain => self.repository_if_own(&locked)?,
            unlock @ (Unlock::Password(_) | Unlock::Digits(_) | Unlock::Passkey) => {
                let secret = self.ask_for(unlock, &locked)?;
                let opened = locked.unlock(&secret).map_err(Error::from);
                Arc::new(opened.map_err(|error| wrong(error, secret.kind()))?)
            }
        };
        let (snapshots, damaged) = repository.snapshots()?;
        if let (true, Some(damage)) = (snapshots.is_empty(), damaged.first()) {
            // Keys that open none of the backups here: all are damaged, or somebody put other keyslots beside them.
            return Err(Error::Damaged { what: damage.file.clone() });
        }
        let mut opened = self.opened();
        let session = opened.session(session, self.ports.clock.ticks())?;
        session.repository = Some(repository);
        session.looks.clear();
        Ok(newest_first(snapshots).iter().map(backup_item).collect())
    }

    /// Counts what a restore would do; writes nothing.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`], [`Error::NoSuchBackup`], [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn plan_restore(&self, request: &RestoreRequest) -> Result<RestoreReport, Error> {
        let repository = self.opened_repository(&request.session)?;
        let room = self.own_library()?;
        let (readers, missing) = chosen(&repository, request.backup.as_deref(), self)?;
        Restore::new(&room, &readers, Wanted::of(request)?, None, missing).plan()
    }

    /// Restores in the background: merges, changes nothing that is here; running it again adds nothing twice.
    ///
    /// # Errors
    /// As [`Engine::plan_restore`]; [`Error::Busy`].
    pub fn start_restore(&self, request: RestoreRequest) -> Result<u64, Error> {
        let repository = self.opened_repository(&request.session)?;
        self.own_library()?;
        let wanted = Wanted::of(&request)?;
        self.close_samples()?;
        let engine = self.clone();
        self.jobs.start(JobKind::Restore, Phase::Opening, move |job| {
            let room = engine.own_library()?;
            let (readers, missing) = chosen(&repository, request.backup.as_deref(), &engine)?;
            job.go_on()?;
            Restore::new(&room, &readers, wanted, Some(job), missing).run().map(JobOutcome::Restore)
        })
    }

    /// Makes an opened place the place of this computer and enrols it: only when the person asks.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`], [`Error::ExpiredSession`], [`Error::PlaceReadOnly`], [`Error::Locked`].
    pub fn protect_here(&self, session: &str) -> Result<ProtectionView, Error> {
        let repository = self.opened_repository(session)?;
        let path = self.opened().session(session, self.ports.clock.ticks())?.path.clone();
        let view = self.adopt_place(&path, &repository)?;
        let (snapshots, _) = repository.snapshots()?;
        let newest = newest_of_each(&snapshots);
        let heads: Vec<_> = newest.iter().map(|info| info.head()).collect();
        match self.pin_heads(repository.repository_id(), &heads) {
            // What this home remembered before is not what it wrote last; the person begins anew here.
            Err(Error::RolledBack) => {
                self.begin_pins(repository.repository_id())?;
                self.pin_heads(repository.repository_id(), &heads)?;
            }
            pinned => pinned?,
        }
        self.note_seen(repository.repository_id(), &newest);
        self.opened().forget_snapshots();
        Ok(view)
    }

    /// Forgets an opened place and its keys.
    pub fn close_backup(&self, session: &str) {
        self.opened().sessions.remove(session);
    }

    /// What is open for looking and restoring.
    pub(crate) fn opened(&self) -> MutexGuard<'_, Opened> {
        let mut opened = lock(&self.opened);
        opened.sweep(self.ports.clock.ticks());
        opened
    }

    /// The repository of a session, once it is unlocked.
    pub(crate) fn opened_repository(&self, session: &str) -> Result<Arc<Repository<Unlocked>>, Error> {
        let mut opened = self.opened();
        opened.session(session, self.ports.clock.ticks())?.repository.clone().ok_or(Error::NeedsUnlock)
    }

    /// The repository of a session as it was before any way was used.
    pub(crate) fn locked_repository(&self, session: &str) -> Result<Arc<Repository<Locked>>, Error> {
        Ok(Arc::clone(&self.opened().session(session, self.ports.clock.ticks())?.locked))
    }

    /// The library in memory of a session's backup; made at its first use.
    pub(crate) fn look_of(&self, session: &str, backup: Option<&str>) -> Result<Arc<Look>, Error> {
        let repository = self.opened_repository(session)?;
        let key = backup.map(str::to_owned);
        if let Some(look) = self.opened().session(session, self.ports.clock.ticks())?.looks.get(&key) {
            return Ok(Arc::clone(look));
        }
        let (readers, _) = chosen(&repository, backup, self)?;
        let look = Arc::new(Look::new(readers)?);
        let mut opened = self.opened();
        opened.session(session, self.ports.clock.ticks())?.looks.insert(key, Arc::clone(&look));
        Ok(look)
    }

    /// Asks for a way of a place that may be somebody else's.
    fn ask_for(&self, unlock: Unlock, locked: &Repository<Locked>) -> Result<UnlockSecret, Error> {
        let used = match unlock {
            Unlock::Passkey => self.use_passkey(locked.keyslots(), locked.repository_id()),
            unlock @ (Unlock::Password(_) | Unlock::Digits(_) | Unlock::Keychain) => self.ask(unlock),
        };
        used.map(|used| used.secret)
    }

    fn repository_if_own(&self, locked: &Repository<Locked>) -> Result<Arc<Repository<Unlocked>>, Error> {
        let own = self.repository()?;
        if own.repository_id() == locked.repository_id() { Ok(own) } else { Err(Error::NeedsUnlock) }
    }
}

/// The chosen backup, or the newest of each computer, the newest of all last: what it says is shown.
/// Backups that are there but cannot be read are named beside them.
fn chosen(
    repository: &Repository<Unlocked>,
    backup: Option<&str>,
    engine: &Engine,
) -> Result<(Vec<SnapshotReader>, Vec<Damage>), Error> {
    let (snapshots, damaged) = repository.snapshots()?;
    // A backup that a later one of the same computer follows is not the newest of any: nothing of a restore is lost with it.
    let followed: BTreeSet<String> = snapshots
        .iter()
        .filter_map(|info| info.previous)
        .map(|id| crate::check::snapshot_file(&id))
        .collect();
    let lost = damaged.iter().filter(|found| !followed.contains(&found.file));
    let mut missing: Vec<Damage> = lost
        .map(|found| {
            damage::view(&found.file, damage::word(found.what), vec![damage::loss(LossKind::Backup, 1, None)])
        })
        .collect();
    let wanted: Vec<&SnapshotInfo> = match backup {
        Some(id) => snapshots.iter().filter(|info| crate::home::to_hex(&info.id.0) == id).collect(),
        None => newest_of_each(&snapshots),
    };
    if backup.is_some() {
        // The person chose one: the others are not their question now.
        missing.clear();
    } else {
        for gone in engine.missing_backups(repository)? {
            if !missing.iter().any(|damage| damage.file == gone.file) {
                missing.push(gone);
            }
        }
    }
    let mut readers = Vec::new();
    for info in wanted {
        match repository.read(&info.id) {
            Ok(reader) => readers.push(reader),
            Err(ArchiveError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let (file, what) = damage::blame(&error);
                missing.push(damage::view(
                    &file,
                    what,
                    vec![damage::loss(LossKind::Backup, 1, Some(&info.machine))],
                ));
            }
        }
    }
    match (readers.is_empty(), missing.first()) {
        (false, _) => Ok((readers, missing)),
        (true, Some(damage)) => Err(Error::Damaged { what: damage.file.clone() }),
        (true, None) => Err(Error::NoSuchBackup),
    }
}
