//! Where people keep things on this platform: drives, documents, synced folders, downloads.

use coffer_engine::ports::Folders;
use directories::UserDirs;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that sync services give their folder in the home.
const SYNCED: &[&str] = &[
    "Dropbox",
    "Nextcloud",
    "ownCloud",
    "Google Drive",
    "OneDrive",
    "MEGA",
    "Sync",
    "Seafile",
    "pCloudDrive",
];

/// The folders of the user who runs Coffer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFolders;

impl Folders for SystemFolders {
    fn of_backups(&self) -> Vec<PathBuf> {
        let mut folders = drives();
        if let Some(dirs) = UserDirs::new() {
            folders.extend(of_home(dirs.home_dir(), dirs.document_dir()));
        }
        folders
    }

    fn of_exports(&self) -> Vec<PathBuf> {
        let Some(dirs) = UserDirs::new() else { return Vec::new() };
        let downloads = dirs.download_dir().map(Path::to_owned);
        vec![downloads.unwrap_or_else(|| dirs.home_dir().join("Downloads"))]
    }
}

/// Drives that were plugged in: each is a folder below one of these, on Linux sometimes below one of the user's name.
fn drives() -> Vec<PathBuf> {
    if cfg!(windows) {
        // C: is the system's own; its documents are looked at below.
        return ('D'..='Z')
            .map(|letter| PathBuf::from(format!("{letter}:\\")))
            .filter(|path| path.is_dir())
            .collect();
    }
    if cfg!(target_os = "macos") {
        return folders_in(Path::new("/Volumes"));
    }
    let user = std::env::var("USER").unwrap_or_default();
    let roots = ["/run/media", "/media"].map(|root| Path::new(root).join(&user));
    roots.iter().flat_map(|root| folders_in(root)).collect()
}

/// Documents, synced folders and the folders of the home itself.
fn of_home(home: &Path, documents: Option<&Path>) -> Vec<PathBuf> {
    let mut folders = vec![documents.map_or_else(|| home.join("Documents"), Path::to_owned)];
    folders.extend(SYNCED.iter().map(|name| home.join(name)));
    folders.extend(folders_in(&home.join("Library/CloudStorage")));
    folders.push(home.join("Backups"));
    folders.push(home.join("Coffer backups"));
    folders.retain(|folder| folder.is_dir());
    folders
}

fn folders_in(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_synced_folders_that_are_there_are_named_once() {
        let home = tempfile::tempdir().unwrap();
        for name in ["Documents", "Dropbox", "Library/CloudStorage/OneDrive-Personal", "Music"] {
            fs::create_dir_all(home.path().join(name)).unwrap();
        }

        let folders = of_home(home.path(), None);

        let wanted = ["Documents", "Dropbox", "Library/CloudStorage/OneDrive-Personal"];
        assert_eq!(folders, wanted.map(|name| home.path().join(name)));
    }
}
