//! Stores that stand where a folder would: a test mounts one under a path, and the engine uses it for that path. Never in a
//! shipped build.

use crate::progress::lock;
use coffer_archive::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

static MOUNTS: Mutex<BTreeMap<PathBuf, Arc<dyn Store>>> = Mutex::new(BTreeMap::new());

/// From now on this path is this store. The path must be the test's own.
pub fn mount(path: &Path, store: Arc<dyn Store>) {
    lock(&MOUNTS).insert(path.to_owned(), store);
}

/// The path is a folder again.
pub fn unmount(path: &Path) {
    lock(&MOUNTS).remove(path);
}

pub(crate) fn mounted(path: &Path) -> Option<Arc<dyn Store>> {
    lock(&MOUNTS).get(path).cloned()
}
