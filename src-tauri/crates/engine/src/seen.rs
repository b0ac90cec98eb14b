//! When and by which computer the backups this home pinned were made: for the person to compare, sealed in the library.
//! It decides nothing; the pins do.

use crate::Engine;
use coffer_archive::{Head, SnapshotInfo};
use coffer_keys::RepositoryId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Backups this home saw in a repository.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct SeenBackups {
    /// When it looked last.
    pub at: Option<i64>,
    /// By the snapshot's name.
    backups: BTreeMap<String, SeenBackup>,
}

/// One of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SeenBackup {
    /// When it was made, by its writer's clock.
    pub time: i64,
    /// The computer that made it.
    pub machine: String,
}

impl SeenBackups {
    /// What was noted of a snapshot.
    pub(crate) fn backup(&self, head: &Head) -> Option<&SeenBackup> {
        self.backups.get(&head.id.to_string())
    }
}

impl Engine {
    /// What was noted of a repository; nothing when it cannot be read.
    pub(crate) fn seen_backups_of(&self, repository: &RepositoryId) -> SeenBackups {
        let noted =
            self.own_library().ok().and_then(|room| room.library.note(&name(repository)).ok().flatten());
        noted.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes the newest backups of each computer, in place of what was noted before. A note that cannot be kept costs dates on a
    /// screen, nothing else.
    pub(crate) fn note_seen(&self, repository: &RepositoryId, newest: &[&SnapshotInfo]) {
        let backup = |info: &&SnapshotInfo| {
            (info.id.to_string(), SeenBackup { time: info.time, machine: info.machine.clone() })
        };
        let seen =
            SeenBackups { at: Some(self.ports.clock.now()), backups: newest.iter().map(backup).collect() };
        if let (Ok(room), Ok(bytes)) = (self.own_library(), serde_json::to_vec(&seen)) {
            drop(room.library.set_note(&name(repository), &bytes));
        }
    }
}

fn name(repository: &RepositoryId) -> String {
    format!("seen {repository}")
}
