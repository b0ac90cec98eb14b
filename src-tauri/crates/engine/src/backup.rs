//! One backup run: the library into the place.

use crate::error::Error;
use crate::view::{BackupItem, BackupStatus};
use crate::{Engine, Unlock};

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn get_backup_status(&self) -> Result<BackupStatus, Error> {
        Ok(crate::status::blank_status())
    }
    pub fn start_backup(&self, unlock: Option<Unlock>) -> Result<u64, Error> {
        Err(Error::Locked)
    }
    pub fn list_backups(&self) -> Result<Vec<BackupItem>, Error> {
        Err(Error::Locked)
    }
}
