//! Folders as places: opening their stores, and finding backups in and below them.

use crate::error::Error;
use coffer_archive::Store;
use coffer_destinations::FolderStore;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep below a chosen folder backups are looked for.
const SEARCH_DEPTH: usize = 2;
/// Folders looked into before the search gives up: a person may pick a whole disk.
const SEARCH_LIMIT: usize = 4_000;
/// The same where nobody asked for the search.
const LOOK_LIMIT: usize = 400;

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
    Ok(Arc::new(FolderStore::open(path)?))
}

/// Where backups are: the folder itself, or folders below it.
///
/// # Errors
/// [`Error::PlaceMissing`] when the folder is not there or is none.
pub(crate) fn find_repositories(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let store = open_store(path)?;
    if is_repository(store.as_ref())? {
        return Ok(vec![path.to_owned()]);
    }
    Ok(below(path, SEARCH_LIMIT))
}

/// The same for a folder nobody chose: sooner given up, and one that cannot be read has none.
pub(crate) fn look_for_repositories(path: &Path) -> Vec<PathBuf> {
    let Ok(store) = open_store(path) else { return Vec::new() };
    match is_repository(store.as_ref()) {
        Ok(true) => vec![path.to_owned()],
        Ok(false) => below(path, LOOK_LIMIT),
        Err(_) => Vec::new(),
    }
}

/// Backups at most [`SEARCH_DEPTH`] folders below, of the first `limit` folders looked into.
fn below(path: &Path, limit: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut level = vec![path.to_owned()];
    let mut looked = 0;
    for _ in 0..SEARCH_DEPTH {
        let mut next = Vec::new();
        for folder in &level {
            for below in folders_in(folder) {
                looked += 1;
                if looked > limit {
                    return found;
                }
                let is_one = open_store(&below).and_then(|store| is_repository(store.as_ref()));
                // A folder that cannot be looked into is no reason to stop looking elsewhere.
                if is_one.unwrap_or(false) { found.push(below) } else { next.push(below) }
            }
        }
        level = next;
    }
    found
}

/// The look of a backup from outside: any of its own folders; loss of `coffer.json` alone must not hide it.
pub(crate) fn is_repository(store: &dyn Store) -> Result<bool, Error> {
    for folder in ["keyslots/", "keyslots-2/", "snapshots/"] {
        if !store.list(folder)?.is_empty() {
            return Ok(true);
        }
    }
    // The first file of a backup that is still arriving.
    Ok(store.get_range("coffer.json", 0, 1).is_ok())
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
