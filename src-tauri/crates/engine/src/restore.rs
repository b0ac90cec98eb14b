//! A backup back into a library: open, unlock, plan, restore, and only when asked protect this computer too.

use crate::error::Error;
use crate::view::{BackupItem, OpenedBackup, ProtectionView, RestoreReport, RestoreRequest};
use crate::{Engine, Unlock};
use std::path::Path;

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn open_backup(&self, path: &Path) -> Result<OpenedBackup, Error> {
        Err(Error::NotABackup)
    }
    pub fn unlock_backup(&self, session: &str, unlock: Unlock) -> Result<Vec<BackupItem>, Error> {
        Err(Error::NotABackup)
    }
    pub fn plan_restore(&self, request: &RestoreRequest) -> Result<RestoreReport, Error> {
        Err(Error::NotABackup)
    }
    pub fn start_restore(&self, request: RestoreRequest) -> Result<u64, Error> {
        Err(Error::NotABackup)
    }
    pub fn protect_here(&self, session: &str) -> Result<ProtectionView, Error> {
        Err(Error::NotABackup)
    }
    /// A check of an opened backup, without this computer's settings: `coffer-cli check PLACE`.
    pub fn start_check_of(&self, session: &str, every_byte: bool) -> Result<u64, Error> {
        Err(Error::NotABackup)
    }
    pub fn close_backup(&self, session: &str) {}
}

/// The backups that are open for looking or restoring.
#[derive(Default)]
pub(crate) struct Opened {}
