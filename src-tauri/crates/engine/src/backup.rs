//! One backup run: the library into the place, committed last, read back before it counts.

use crate::error::Error;
use crate::pins::Pinned;
use crate::progress::{Job, JobKind, Phase, lock};
use crate::session::Used;
use crate::view::{BackupItem, BackupReport, JobOutcome};
use crate::{Engine, Unlock};
use coffer_archive::{Counts, Repository, SnapshotInfo, Unlocked, WriterId, WriterInfo};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) mod base;
pub(crate) mod manifest;
mod run;

use base::Base;
use run::{Run, Work};

impl Engine {
    /// Backs the library up in the background; the job's outcome is a [`BackupReport`].
    ///
    /// Without `unlock` the keys in memory serve, else this computer's keychain. A passkey is asked for before the job begins.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NotProtected`], [`Error::Busy`], [`Error::Passkey`], [`Error::DigitsTypo`],
    /// [`Error::KeychainUnavailable`]; the rest comes with the job.
    pub fn start_backup(&self, unlock: Option<Unlock>) -> Result<u64, Error> {
        if unlock.is_none() {
            self.own_library()?;
        }
        if self.home.settings().place.is_none_or(|place| place.repository.is_none()) {
            return Err(Error::NotProtected);
        }
        if self.jobs.running().is_some() {
            return Err(Error::Busy);
        }
        let used = unlock.map(|unlock| self.ask(unlock)).transpose()?;
        let engine = self.clone();
        self.jobs.start(JobKind::Backup, Phase::Preparing, move |job| {
            let ended = engine.back_up(job, used);
            engine.remember_failure(&ended)?;
            ended.map(JobOutcome::Backup)
        })
    }

    /// The backups in the place, newest first.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`] when nothing opens the place without asking, or what the place says.
    pub fn list_backups(&self) -> Result<Vec<BackupItem>, Error> {
        let (snapshots, _) = self.open_place(None)?.snapshots()?;
        Ok(newest_first(snapshots).iter().map(backup_item).collect())
    }

    fn back_up(&self, job: &Job, used: Option<Used>) -> Result<BackupReport, Error> {
        let started = self.ports.clock.ticks();
        let repository = self.open_place(used)?;
        let room = self.own_library()?;
        job.go_on()?;
        let pinned = self.trusted(&repository)?;
        self.sweep_replaced_ways(&repository)?;
        let writer = self.writer(&pinned)?;
        let base = Base::newest(&repository, writer.id)?;
        job.go_on()?;
        let counts = room.library.counts()?;
        let work = Work::plan(&room, &base)?;
        let mut snapshot =
            repository.begin(writer, self.ports.clock.now(), Arc::clone(&self.ports.entropy))?;
        // What the last check found damaged is not leant on: it is stored again.
        let damaged = self.last_check().map(|report| report.damaged).unwrap_or_default();
        snapshot.distrust(damaged.iter().map(|damage| damage.file.as_str()));
        let run = Run::new(job, &room, &base, snapshot, counts);
        let id = *repository.repository_id();
        let done = run.store(work, &|head| self.note_attempt(&id, head))?;
        self.prove(job, &repository, &done.info, done.entries)?;
        self.pin_everything(&repository)?;
        let writer = crate::home::to_hex(&done.info.writer.0);
        self.home.update_settings(|settings| settings.writer_id = writer)?;
        self.opened().forget_snapshots();
        if let Some(lost) = done.lost {
            // What could be read is safe; the rest is said, not hidden.
            self.home.update_settings(|settings| settings.last_failure = Some(lost.view()))?;
        }
        Ok(BackupReport {
            backup: backup_item(&done.info),
            bytes_read: done.bytes_read,
            bytes_stored: done.bytes_stored,
            millis: self.ports.clock.ticks().saturating_sub(started),
        })
    }

    /// The place's repository, opened by a way that is given, else without asking. A given way opens the library too.
    pub(crate) fn open_place(&self, used: Option<Used>) -> Result<Arc<Repository<Unlocked>>, Error> {
        if let Some(used) = used {
            let _changing = lock(&self.changing);
            self.use_way(used)?;
        }
        self.repository()
    }

    /// What this home remembers of the place. A place that lacks something of it is older than what was seen there, and the
    /// person decides what that means ([`Engine::settle_rollback`]): no run does.
    fn trusted(&self, repository: &Repository<Unlocked>) -> Result<Pinned, Error> {
        let id = repository.repository_id();
        self.adopt_attempt(repository)?;
        let pinned = self.pinned(id)?;
        if repository.missing_heads(&pinned.heads)?.is_empty() { Ok(pinned) } else { Err(Error::RolledBack) }
    }

    /// A snapshot this home committed and was stopped before it could pin it: known by the hash it noted before, so that no
    /// home that was copied since takes it for its own.
    fn adopt_attempt(&self, repository: &Repository<Unlocked>) -> Result<(), Error> {
        let pinned = self.pinned(repository.repository_id())?;
        let Some(attempt) = pinned.attempt.filter(|attempt| !pinned.heads.contains(attempt)) else {
            return Ok(());
        };
        let is_newest =
            pinned.heads.iter().all(|head| head.writer != attempt.writer || head.sequence < attempt.sequence);
        if !is_newest || !repository.missing_heads(&[attempt])?.is_empty() {
            return Ok(());
        }
        self.pin_heads(repository.repository_id(), &[attempt])?;
        self.home.update_settings(|settings| settings.writer_id = crate::home::to_hex(&attempt.writer.0))
    }

    /// Goes on from this home's newest snapshot, also when that one is lost: no number is used twice.
    fn writer(&self, pinned: &Pinned) -> Result<WriterInfo, Error> {
        let id = self.writer_id()?;
        let own = pinned.heads.iter().chain(&pinned.lost).filter(|head| head.writer == id);
        Ok(WriterInfo {
            id,
            last: own.max_by_key(|head| head.sequence).copied(),
            machine: self.ports.machine.clone(),
            version: crate::VERSION.to_owned(),
        })
    }

    /// Pins the newest snapshot of every computer, the new one among them.
    fn pin_everything(&self, repository: &Repository<Unlocked>) -> Result<(), Error> {
        let (snapshots, _) = repository.snapshots()?;
        let newest = newest_of_each(&snapshots);
        let heads: Vec<_> = newest.iter().map(|info| info.head()).collect();
        self.pin_heads(repository.repository_id(), &heads)?;
        self.note_seen(repository.repository_id(), &newest);
        Ok(())
    }

    /// This home as a writer of snapshots.
    pub(crate) fn writer_id(&self) -> Result<WriterId, Error> {
        let id = crate::home::parse_id(&self.home.settings().writer_id);
        id.map(WriterId).ok_or_else(|| Error::storage("settings hold no writer"))
    }

    /// Reads the new snapshot back from the place: it must say what was written.
    fn prove(
        &self,
        job: &Job,
        repository: &Repository<Unlocked>,
        written: &SnapshotInfo,
        entries: u64,
    ) -> Result<(), Error> {
        job.phase(Phase::Checking);
        let back = repository.read(&written.id)?;
        let listed = u64::try_from(back.entries().len()).unwrap_or(u64::MAX);
        if back.info().counts != written.counts || listed != entries {
            return Err(Error::Damaged { what: "the new backup".to_owned() });
        }
        self.check_after_backup(job, repository, &back)
    }

    fn remember_failure(&self, ended: &Result<BackupReport, Error>) -> Result<(), Error> {
        match ended {
            Ok(report) if report.backup.is_complete => {
                self.home.update_settings(|settings| settings.last_failure = None)
            }
            Ok(_) => Ok(()),
            Err(error) if is_a_question(error) => Ok(()),
            Err(error) => self.home.update_settings(|settings| settings.last_failure = Some(error.view())),
        }
    }
}

/// Ends of a run that ask the person something, and say nothing about the place.
pub(crate) fn is_a_question(error: &Error) -> bool {
    matches!(
        error,
        Error::Cancelled
            | Error::Busy
            | Error::Locked
            | Error::NeedsUnlock
            | Error::NotProtected
            | Error::WrongPassword
            | Error::WrongKey
            | Error::WrongSecret
            | Error::DigitsTypo { .. }
            | Error::KeychainUnavailable
            | Error::RolledBack
    )
}

/// Orders backups for a list: by time as their writers' clocks had it, then by their place in the chain.
pub(crate) fn newest_first(mut snapshots: Vec<SnapshotInfo>) -> Vec<SnapshotInfo> {
    snapshots.sort_by_key(|info| std::cmp::Reverse((info.time, info.sequence, info.id)));
    snapshots
}

/// The newest backup of each computer, the newest of all last.
pub(crate) fn newest_of_each(snapshots: &[SnapshotInfo]) -> Vec<&SnapshotInfo> {
    let mut newest: BTreeMap<_, &SnapshotInfo> = BTreeMap::new();
    for info in snapshots {
        let best = newest.entry(info.writer).or_insert(info);
        if info.sequence > best.sequence {
            *best = info;
        }
    }
    let mut newest: Vec<_> = newest.into_values().collect();
    newest.sort_by_key(|info| (info.time, info.id));
    newest
}

/// A backup as the list shows it.
pub(crate) fn backup_item(info: &SnapshotInfo) -> BackupItem {
    let Counts { conversations, messages, media, library_messages, library_media_missing, .. } = info.counts;
    BackupItem {
        id: crate::home::to_hex(&info.id.0),
        time: info.time,
        machine: info.machine.clone(),
        made_by: info.version.clone(),
        chats: conversations,
        messages,
        media,
        bytes: info.bytes,
        library_messages,
        is_complete: info.counts.is_complete(),
        media_missing: library_media_missing,
    }
}
