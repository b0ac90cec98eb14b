//! Folders as places: opening their stores, and finding backups in and below them.

use crate::error::Error;
use coffer_archive::Store;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep below a chosen folder backups are looked for.
const SEARCH_DEPTH: usize = 2;
/// Folders looked into before the search gives up: a person may pick a whole disk.
const SEARCH_LIMIT: usize = 4_000;

/// Opens the store of a folder that is there.
///
/// # Errors
/// [`Error::PlaceMissing`] when the folder is not there or is none.
pub(crate) fn open_store(path: &Path) -> Result<Arc<dyn Store>, Error> {
    #[cfg(any(test, feature = "testing"))]
    if let Some(store) = crate::testing_stores::mounted(path) {
        return Ok(store);
    }
    if !path.is_dir() {
        return Err(Error::PlaceMissing);
    }
    todo_open_folder(path)
}

/// Where backups are: the folder itself, or folders below it.
pub(crate) fn find_repositories(path: &Path) -> Vec<PathBuf> {
    if is_repository(path) {
        return vec![path.to_owned()];
    }
    let mut found = Vec::new();
    let mut level = vec![path.to_owned()];
    let mut looked = 0;
    for _ in 0..SEARCH_DEPTH {
        let mut next = Vec::new();
        for folder in &level {
            for below in folders_in(folder) {
                looked += 1;
                if looked > SEARCH_LIMIT {
                    return found;
                }
                if is_repository(&below) { found.push(below) } else { next.push(below) }
            }
        }
        level = next;
    }
    found
}

/// The look of a backup from outside: loss of `coffer.json` alone must not hide it.
pub(crate) fn is_repository(path: &Path) -> bool {
    let has_file = |folder: &str| fs::read_dir(path.join(folder)).is_ok_and(|mut files| files.next().is_some());
    path.join("coffer.json").is_file() && path.join("keyslots").is_dir()
        || has_file("keyslots") && (path.join("keyslots-2").is_dir() || path.join("snapshots").is_dir())
        || has_file("keyslots-2")
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut folders: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}
