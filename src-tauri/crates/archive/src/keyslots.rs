//! Keyslot files in a place: two copies, read together. What is inside is the business of `coffer-keys`.

use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::names::{KEYSLOT_FOLDERS, keyslot_hash};
use crate::store::{Store, StoreError};
use coffer_keys::KeyslotSet;
use std::collections::BTreeMap;

/// Largest keyslot file that is read.
const FILE_LIMIT: u64 = 256 << 10;
/// Most keyslot files that are read; the set itself keeps far fewer.
const COUNT_LIMIT: usize = 1024;

/// Reads every keyslot file of a place, from both folders.
///
/// # Errors
/// When the place fails. Damaged files are no error: the set names them.
pub fn read_keyslots(store: &dyn Store) -> Result<KeyslotSet, ArchiveError> {
    Ok(KeyslotSet::read(read_files(store)?.files))
}

/// The keyslot files of a place as they lie there.
pub(crate) struct KeyslotFiles {
    /// One copy of each, by its name without the folder: a whole one where there is one.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// Copies that are missing, empty or damaged.
    pub(crate) damaged: Vec<Damage>,
}

impl KeyslotFiles {
    /// Copies that are whole: none means that nothing can be unlocked.
    pub(crate) fn whole(&self) -> usize {
        self.files.iter().filter(|(name, bytes)| is_whole(name, bytes)).count()
    }
}

pub(crate) fn read_files(store: &dyn Store) -> Result<KeyslotFiles, ArchiveError> {
    let mut copies: BTreeMap<String, Vec<(&str, Vec<u8>)>> = BTreeMap::new();
    for folder in KEYSLOT_FOLDERS {
        for file in store.list(folder)?.into_iter().take(COUNT_LIMIT) {
            let Some(name) = keyslot_hash(&file.name).and_then(|_| file.name.strip_prefix(folder)) else {
                continue;
            };
            let bytes = match store.get(&file.name, FILE_LIMIT) {
                Ok(bytes) => bytes,
                // Not readable is as good as damaged: the other copy may serve.
                Err(StoreError::NotFound | StoreError::TooLarge { .. } | StoreError::Io { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            copies.entry(name.to_owned()).or_default().push((folder, bytes));
        }
    }
    let mut read = KeyslotFiles { files: Vec::new(), damaged: Vec::new() };
    for (name, found) in copies {
        read.take(name, found);
    }
    Ok(read)
}

impl KeyslotFiles {
    fn take(&mut self, name: String, found: Vec<(&str, Vec<u8>)>) {
        for folder in KEYSLOT_FOLDERS {
            let what = match found.iter().find(|(at, _)| *at == folder) {
                None => What::Missing,
                Some((_, bytes)) if bytes.is_empty() => What::Partial,
                Some((_, bytes)) if !is_whole(&name, bytes) => What::Damaged,
                Some(_) => continue,
            };
            self.damaged.push(Damage::new(format!("{folder}{name}"), what));
        }
        let best = found.into_iter().map(|(_, bytes)| bytes).max_by_key(|bytes| is_whole(&name, bytes));
        self.files.extend(best.map(|bytes| (name, bytes)));
    }
}

fn is_whole(name: &str, bytes: &[u8]) -> bool {
    let hash = format!("{}{name}", KEYSLOT_FOLDERS[0]);
    keyslot_hash(&hash).is_some_and(|hash| blake3::hash(bytes) == hash)
}

/// Writes a keyslot file, both copies.
///
/// # Errors
/// When the place fails.
pub fn write_keyslots(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    for folder in KEYSLOT_FOLDERS {
        let path = format!("{folder}{name}");
        match store.put(&path, bytes) {
            Ok(()) => {}
            // A copy that a crash left half is no copy: its name is the hash of what belongs there.
            Err(StoreError::Exists) => {
                store.delete(&path)?;
                store.put(&path, bytes)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Deletes every keyslot file but `name`: a removed way must not come back. Only after `name` was read back.
///
/// # Errors
/// When the place fails.
pub fn delete_keyslots_except(store: &dyn Store, name: &str) -> Result<(), ArchiveError> {
    for folder in KEYSLOT_FOLDERS {
        for file in store.list(folder)? {
            if keyslot_hash(&file.name).is_some() && file.name.strip_prefix(folder) != Some(name) {
                store.delete(&file.name)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn name(bytes: &[u8]) -> String {
        format!("{}.cks", blake3::hash(bytes).to_hex())
    }

    #[test]
    fn the_whole_copy_of_two_is_taken_and_the_other_named() {
        let store = MemoryStore::new();
        let name = name(b"ways");
        write_keyslots(&store, &name, b"ways").unwrap();
        store.replace(&format!("keyslots/{name}"), b"wayz".to_vec());

        let read = read_files(&store).unwrap();

        assert_eq!(read.files, [(name.clone(), b"ways".to_vec())]);
        assert_eq!(read.damaged, [Damage::new(format!("keyslots/{name}"), What::Damaged)]);
    }

    #[test]
    fn a_missing_and_an_empty_copy_are_told_apart() {
        let store = MemoryStore::new();
        let (one, two) = (name(b"one"), name(b"two"));
        store.put(&format!("keyslots/{one}"), b"one").unwrap();
        store.put(&format!("keyslots-2/{two}"), b"two").unwrap();
        store.put(&format!("keyslots/{two}"), b"").unwrap();

        let read = read_files(&store).unwrap();

        assert_eq!(read.whole(), 2);
        let found: BTreeMap<&str, What> = read.damaged.iter().map(|d| (d.file.as_str(), d.what)).collect();
        assert_eq!(found[format!("keyslots-2/{one}").as_str()], What::Missing);
        assert_eq!(found[format!("keyslots/{two}").as_str()], What::Partial);
    }

    #[test]
    fn a_copy_torn_by_a_crash_is_written_again() {
        let store = MemoryStore::new();
        let name = name(b"ways");
        store.put(&format!("keyslots/{name}"), b"wa").unwrap();

        write_keyslots(&store, &name, b"ways").unwrap();

        assert!(read_files(&store).unwrap().damaged.is_empty());
    }

    #[test]
    fn deleting_older_versions_keeps_the_new_one_and_strangers() {
        let store = MemoryStore::new();
        let (old, new) = (name(b"old"), name(b"new"));
        write_keyslots(&store, &old, b"old").unwrap();
        write_keyslots(&store, &new, b"new").unwrap();
        store.put("keyslots/notes.txt", b"mine").unwrap();

        delete_keyslots_except(&store, &new).unwrap();

        let left: Vec<String> = store.files().into_keys().collect();
        assert_eq!(
            left,
            [format!("keyslots-2/{new}"), format!("keyslots/{new}"), "keyslots/notes.txt".into()]
        );
    }
}
