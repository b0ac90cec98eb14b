//! Where this platform wants an app's data to lie.

use directories::ProjectDirs;
use std::path::PathBuf;

/// What this computer does not offer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DesktopError {
    /// The platform names no folder for this user's data (no home folder).
    #[error("this user has no folder for data of apps")]
    NoDataFolder,
}

/// The folder of this user's Coffer, local to this computer: it must not roam to another one.
///
/// # Errors
/// When the platform names none.
pub fn default_home() -> Result<PathBuf, DesktopError> {
    let folders = ProjectDirs::from("", "", "Coffer").ok_or(DesktopError::NoDataFolder)?;
    Ok(folders.data_local_dir().to_owned())
}
