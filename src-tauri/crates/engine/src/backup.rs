//! One backup run: the library into the place, committed last, read back before it counts.

use crate::error::Error;
use crate::progress::{Job, JobKind, Phase, lock};
use crate::view::{BackupItem, BackupReport, JobOutcome};
use crate::{Engine, Unlock};
use coffer_archive::{Counts, Head, Repository, SnapshotInfo, Unlocked, WriterId, WriterInfo};
use std::sync::Arc;

pub(crate) mod base;
pub(crate) mod manifest;
mod run;

use base::Base;
use run::{Run, Work};

impl Engine {
    /// Backs the library up in the background; the job's outcome is a [`BackupReport`].
    ///
    /// Without `unlock` the keys in memory serve, else this computer's keychain.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NotProtected`], [`Error::Busy`]; the rest comes with the job.
    pub fn start_backup(&self, unlock: Option<Unlock>) -> Result<u64, Error> {
        if unlock.is_none() {
            self.own_library()?;
        }
        if self.home.settings().place.is_none_or(|place| place.repository.is_none()) {
            return Err(Error::NotProtected);
        }
        let engine = self.clone();
        self.jobs.start(JobKind::Backup, Phase::Preparing, move |job| {
            let ended = engine.back_up(job, unlock);
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

    fn back_up(&self, job: &Job, unlock: Option<Unlock>) -> Result<BackupReport, Error> {
        let started = self.ports.clock.ticks();
        let repository = self.open_place(unlock)?;
        let room = self.own_library()?;
        job.go_on()?;
        let pinned = self.trusted_heads(&repository)?;
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
        let done = run.store(work)?;
        self.prove(job, &repository, &done.info, done.entries)?;
        self.pin_heads(repository.repository_id(), &[done.info.head()])?;
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
    pub(crate) fn open_place(&self, unlock: Option<Unlock>) -> Result<Arc<Repository<Unlocked>>, Error> {
        if let Some(unlock) = unlock {
            let _changing = lock(&self.changing);
            self.use_way(unlock)?;
        }
        self.repository()
    }

    /// The snapshots this computer saw in the place. A place that lacks one of them is older than what was seen there: said
    /// once, then the person's next run is the decision, and what is remembered begins anew.
    fn trusted_heads(&self, repository: &Repository<Unlocked>) -> Result<Vec<Head>, Error> {
        let was_said = self.home.settings().last_failure.is_some_and(|failure| failure.code == ROLLED_BACK);
        let is_older = match self.pinned_heads(repository.repository_id()) {
            Ok(pinned) if repository.missing_heads(&pinned)?.is_empty() => return Ok(pinned),
            Ok(_) | Err(Error::RolledBack) => true,
            Err(error) => return Err(error),
        };
        if is_older && !was_said {
            return Err(Error::RolledBack);
        }
        self.forget_heads(repository.repository_id())?;
        Ok(Vec::new())
    }

    fn writer(&self, pinned: &[Head]) -> Result<WriterInfo, Error> {
        let id = self.writer_id()?;
        Ok(WriterInfo {
            id,
            last: pinned.iter().copied().find(|head| head.writer == id),
            machine: self.ports.machine.clone(),
            version: crate::VERSION.to_owned(),
        })
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

/// The code of [`Error::RolledBack`].
pub(crate) const ROLLED_BACK: &str = "rolled_back";

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
    )
}

/// Orders backups for a list: by time as their writers' clocks had it, then by their place in the chain.
pub(crate) fn newest_first(mut snapshots: Vec<SnapshotInfo>) -> Vec<SnapshotInfo> {
    snapshots.sort_by_key(|info| std::cmp::Reverse((info.time, info.sequence, info.id)));
    snapshots
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
