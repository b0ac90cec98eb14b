//! Proving that backups can be restored, and naming in people's words what cannot.

use crate::Engine;
use crate::backup::newest_first;
use crate::damage::{self, Lost, Names};
use crate::error::Error;
use crate::places;
use crate::progress::{Job, JobKind, Phase};
use crate::protection::protected_place;
use crate::view::{CheckReport, Damage, JobOutcome, LossKind};
use coffer_archive::{
    CheckDepth, CheckOutcome, Head, Locked, Repository, SnapshotId, SnapshotReader, Unlocked,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The note in the sealed library that keeps the names of chats a check found damaged.
const LAST_CHECK: &str = "last check";

impl Engine {
    /// Checks this computer's place in the background; the job's outcome is a [`CheckReport`]. While the library is locked, or a
    /// way to unlock would have to be asked for, each file is looked at by itself, without a key.
    ///
    /// # Errors
    /// [`Error::NotProtected`], [`Error::PlaceMissing`], [`Error::Busy`].
    pub fn start_check(&self, every_byte: bool) -> Result<u64, Error> {
        let opened = self.own_library().and_then(|_| self.open_place(None));
        let repository = match opened {
            Err(Error::Locked | Error::NeedsUnlock) => {
                let locked = self.locked_place()?;
                return self.start_check_without_key(locked, every_byte, true);
            }
            opened => opened?,
        };
        let engine = self.clone();
        self.jobs.start(JobKind::Check, Phase::Checking, move |job| {
            let report = engine.check(job, &repository, depth(every_byte))?;
            engine.remember_check(&report)?;
            Ok(JobOutcome::Check(report))
        })
    }

    /// Checks an opened backup in the background, whatever this computer's own place is; without a key when it was not
    /// unlocked.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`], [`Error::Busy`].
    pub fn start_check_of(&self, session: &str, every_byte: bool) -> Result<u64, Error> {
        let own = self.home.settings().place.map(|place| PathBuf::from(place.path));
        let is_own = own.is_some_and(|own| self.opened().path_of(session).is_some_and(|path| path == own));
        let repository = match self.opened_repository(session) {
            Err(Error::NeedsUnlock) => {
                let locked = self.locked_repository(session)?;
                return self.start_check_without_key(locked, every_byte, is_own);
            }
            opened => opened?,
        };
        let engine = self.clone();
        self.jobs.start(JobKind::Check, Phase::Checking, move |job| {
            let report = engine.check(job, &repository, depth(every_byte))?;
            if is_own {
                engine.remember_check(&report)?;
            }
            Ok(JobOutcome::Check(report))
        })
    }

    fn start_check_without_key(
        &self,
        locked: Arc<Repository<Locked>>,
        every_byte: bool,
        is_own: bool,
    ) -> Result<u64, Error> {
        let engine = self.clone();
        self.jobs.start(JobKind::Check, Phase::Checking, move |job| {
            let report = engine.check_without_key(job, &locked, depth(every_byte))?;
            if is_own && engine.tells_more(&report) {
                engine.remember_check(&report)?;
            }
            Ok(JobOutcome::Check(report))
        })
    }

    /// This computer's place as anybody sees it.
    fn locked_place(&self) -> Result<Arc<Repository<Locked>>, Error> {
        let settings = self.home.settings();
        let (place, _) = protected_place(&settings)?;
        Ok(Arc::new(Repository::open(places::open_store(Path::new(&place.path))?)?))
    }

    /// What the last check found. Names of chats are known while the library is open.
    pub(crate) fn last_check(&self) -> Option<CheckReport> {
        let stored = self.home.settings().last_check?;
        let noted = self.own_library().ok().and_then(|room| room.library.note(LAST_CHECK).ok().flatten());
        let named = noted.and_then(|bytes| serde_json::from_slice::<CheckReport>(&bytes).ok());
        Some(named.filter(|named| without_names(named) == stored).unwrap_or(stored))
    }

    /// The check at the end of every backup: names, sizes and that everything is there; every byte when the last check found
    /// wrong ones, which this backup stored again.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the new backup itself leans on something that cannot be read.
    pub(crate) fn check_after_backup(
        &self,
        job: &Job,
        repository: &Repository<Unlocked>,
        new: &SnapshotReader,
    ) -> Result<(), Error> {
        let started = self.ports.clock.ticks();
        let depth = depth(self.has_hidden_damage());
        let outcome = match look_through(job, repository, depth) {
            // The backup is committed and was read back: stopping here loses nothing.
            Err(Error::Cancelled) => return Ok(()),
            outcome => outcome?,
        };
        let report = self.report(repository, &outcome, depth, started)?;
        self.remember_check(&report)?;
        let hurt = outcome.damaged.iter().find(|damage| {
            let entries = damage.affected.iter().filter_map(|name| new.entry(name));
            entries.flat_map(|entry| &entry.chunks).any(|chunk| new.read_chunk(chunk).is_err())
        });
        hurt.map_or(Ok(()), |damage| Err(Error::Damaged { what: damage.file.clone() }))
    }

    fn check(
        &self,
        job: &Job,
        repository: &Repository<Unlocked>,
        depth: CheckDepth,
    ) -> Result<CheckReport, Error> {
        let started = self.ports.clock.ticks();
        let outcome = look_through(job, repository, depth)?;
        self.report(repository, &outcome, depth, started)
    }

    fn check_without_key(
        &self,
        job: &Job,
        locked: &Repository<Locked>,
        depth: CheckDepth,
    ) -> Result<CheckReport, Error> {
        let started = self.ports.clock.ticks();
        let outcome = locked.check_without_keys(depth, &mut watched(job))?;
        let outcome = if outcome.is_cancelled { Err(Error::Cancelled) } else { Ok(outcome) }?;
        let damaged: Vec<Damage> = outcome
            .damaged
            .iter()
            .map(|found| damage::view(&found.file, damage::word(found.what), Vec::new()))
            .collect();
        Ok(CheckReport {
            time: self.ports.clock.now(),
            every_byte: depth == CheckDepth::EveryByte,
            without_key: true,
            snapshots: outcome.snapshots,
            files: outcome.files,
            bytes: outcome.bytes,
            is_ok: damaged.is_empty(),
            damaged,
            millis: self.ports.clock.ticks().saturating_sub(started),
        })
    }

    fn report(
        &self,
        repository: &Repository<Unlocked>,
        outcome: &CheckOutcome,
        depth: CheckDepth,
        started: u64,
    ) -> Result<CheckReport, Error> {
        let mut damaged = name_damage(repository, outcome)?;
        for missing in self.missing_backups(repository)? {
            if !damaged.iter().any(|damage| damage.file == missing.file) {
                damaged.push(missing);
            }
        }
        Ok(CheckReport {
            time: self.ports.clock.now(),
            every_byte: depth == CheckDepth::EveryByte,
            without_key: false,
            snapshots: outcome.snapshots,
            files: outcome.files,
            bytes: outcome.bytes,
            is_ok: damaged.iter().all(|damage| damage.what == UNNEEDED),
            damaged,
            millis: self.ports.clock.ticks().saturating_sub(started),
        })
    }

    /// Backups this computer saw in the place that are not there any more; nothing is known while the library is locked.
    pub(crate) fn missing_backups(&self, repository: &Repository<Unlocked>) -> Result<Vec<Damage>, Error> {
        match self.pinned(repository.repository_id()) {
            Ok(pinned) => Ok(repository.missing_heads(&pinned.heads)?.iter().map(missing_backup).collect()),
            Err(Error::Locked) => Ok(Vec::new()),
            Err(Error::RolledBack) => Ok(vec![damage::view("pins", "rolled_back", Vec::new())]),
            Err(error) => Err(error),
        }
    }

    /// A quick look does not take back what only reading every byte can find.
    fn remember_check(&self, report: &CheckReport) -> Result<(), Error> {
        if !report.every_byte && report.is_ok && self.has_hidden_damage() {
            return Ok(());
        }
        if let (Ok(room), Ok(bytes)) = (self.own_library(), serde_json::to_vec(report)) {
            // Titles of chats lie in the sealed library only; without the note the card names files instead.
            drop(room.library.set_note(LAST_CHECK, &bytes));
        }
        self.home.update_settings(|settings| settings.last_check = Some(report.clone()))
    }

    /// A check without a key never takes back what one with a key said, unless it found damage itself.
    fn tells_more(&self, report: &CheckReport) -> bool {
        !report.is_ok || self.home.settings().last_check.is_none_or(|last| last.without_key)
    }

    /// The last check found bytes that are wrong, which names and sizes do not show.
    fn has_hidden_damage(&self) -> bool {
        let is_hidden =
            |damage: &Damage| !matches!(damage.what.as_str(), "missing" | "syncing" | "extra" | UNNEEDED);
        self.home.settings().last_check.is_some_and(|before| before.damaged.iter().any(is_hidden))
    }
}

fn look_through(
    job: &Job,
    repository: &Repository<Unlocked>,
    depth: CheckDepth,
) -> Result<CheckOutcome, Error> {
    let outcome = repository.check(depth, &mut watched(job))?;
    if outcome.is_cancelled { Err(Error::Cancelled) } else { Ok(outcome) }
}

/// A report as the plain settings keep it: no names of chats.
pub(crate) fn without_names(report: &CheckReport) -> CheckReport {
    let mut plain = report.clone();
    plain.damaged.iter_mut().for_each(|damage| damage.affects.clear());
    plain
}

/// Says how far a check is, and hears when to stop.
fn watched(job: &Job) -> impl FnMut(u64, u64) -> ControlFlow<()> {
    move |done, total| {
        job.progress(done, total);
        if job.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn depth(every_byte: bool) -> CheckDepth {
    if every_byte { CheckDepth::EveryByte } else { CheckDepth::Quick }
}

/// The file of a backup in its place.
pub(crate) fn snapshot_file(id: &SnapshotId) -> String {
    format!("snapshots/{}.csn", crate::home::to_hex(&id.0))
}

/// A backup that was there and is gone.
pub(crate) fn missing_backup(head: &Head) -> Damage {
    damage::view(&snapshot_file(&head.id), "missing", vec![damage::loss(LossKind::SeenBackup, 1, None)])
}

/// Says for each damaged file what of which chat it takes along, from the backups that can still be read.
fn name_damage(repository: &Repository<Unlocked>, outcome: &CheckOutcome) -> Result<Vec<Damage>, Error> {
    let mut open: Vec<BTreeSet<Vec<u8>>> =
        outcome.damaged.iter().map(|damage| damage.affected.iter().cloned().collect()).collect();
    let mut lost: Vec<Lost> = outcome.damaged.iter().map(|_| Lost::default()).collect();
    let mut is_all_readable = true;
    let snapshots = if outcome.damaged.is_empty() { Vec::new() } else { repository.snapshots()?.0 };
    for info in newest_first(snapshots) {
        let Ok(reader) = repository.read(&info.id) else {
            // It is damaged itself, and named by its own file.
            is_all_readable = false;
            continue;
        };
        is_all_readable &= reader.damaged().is_empty();
        let mut names = Names::of(&reader);
        for ((open, lost), damage) in open.iter_mut().zip(&mut lost).zip(&outcome.damaged) {
            let found = names.note(open, lost);
            open.retain(|name| !found.contains(name));
            if reader.damaged().iter().any(|listed| listed.file == damage.file) {
                lost.other(LossKind::List, &info.machine, 1);
            }
        }
    }
    let named = outcome.damaged.iter().zip(lost);
    Ok(named
        .map(|(found, lost)| {
            // Half a pack of an interrupted run, or one whose content was stored again since: nothing leans on it.
            let is_needed =
                !lost.is_empty() || !found.affected.is_empty() || found.is_sole || !is_all_readable;
            let is_unneeded = !is_needed && found.file.starts_with("packs/");
            let word = if is_unneeded { UNNEEDED } else { damage::word(found.what) };
            damage::view(&found.file, word, lost.losses())
        })
        .collect())
}

/// The word for a file that cannot be read and that no backup needs.
pub(crate) const UNNEEDED: &str = "unneeded";
