//! A folder of keyslot files: of the place, of the library, or the copy of the place's that is kept at home.

use crate::error::Error;
use crate::places;
use coffer_archive::{Store, write_keyslots};
use coffer_keys::{KeyslotFileHash, KeyslotSet, OpenKeyslots};
use coffer_secret::Entropy;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const FOLDERS: [&str; 2] = ["keyslots/", "keyslots-2/"];
/// A keyslot file has a fixed size far below this.
const FILE_CEILING: u64 = 1 << 20;
/// Files of one folder that are read; a hostile place could hold millions.
const FILES_CEILING: usize = 4_096;
/// Times a change is merged with what another computer writes at the same moment.
const ROUNDS: usize = 8;

/// Keyslot files by (name, bytes).
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Both copies of a set of keyslot files.
pub(crate) struct KeyslotFolder {
    store: Arc<dyn Store>,
}

impl KeyslotFolder {
    /// The keyslot files of a place.
    pub(crate) fn of(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// A folder of the home, made when it is not there.
    pub(crate) fn at_home(path: &Path) -> Result<Self, Error> {
        crate::home::make_private_folder(path)?;
        Ok(Self { store: places::open_store(path)? })
    }

    /// Reads every file of both copies.
    pub(crate) fn files(&self) -> Result<Files, Error> {
        let mut files = Vec::new();
        for folder in FOLDERS {
            for object in self.store.list(folder)?.into_iter().take(FILES_CEILING) {
                if object.size > FILE_CEILING {
                    continue;
                }
                let bytes = self.store.get(&object.name, FILE_CEILING)?;
                let name = object.name.strip_prefix(folder).unwrap_or(&object.name).to_owned();
                files.push((name, bytes));
            }
        }
        Ok(files)
    }

    /// Writes the changed set, reads it back, and only then lets the older versions go.
    ///
    /// What another computer wrote meanwhile is merged in and written again. When this fails half-way, the older versions
    /// are all still there.
    ///
    /// # Errors
    /// What the place says; [`Error::Damaged`] when the set does not come back as it was written.
    pub(crate) fn save(&self, keys: &mut OpenKeyslots, entropy: &dyn Entropy) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let older = self.names()?;
            let written = keys.encode(entropy)?;
            write_keyslots(self.store.as_ref(), &written.file_name, &written.bytes)?;
            keys.mark_written(&written);
            let files = self.files()?;
            if files
                .iter()
                .filter(|(name, bytes)| *name == written.file_name && *bytes == written.bytes)
                .count()
                < 2
            {
                return Err(Error::Damaged { what: written.file_name });
            }
            let back = KeyslotSet::read(files).reopen(keys)?;
            let is_merged = back.needs_writing();
            *keys = back;
            if !is_merged {
                return self.remove_older(keys, older.iter().filter(|name| **name != written.file_name));
            }
        }
        Err(Error::Busy)
    }

    /// Puts kept files back beside older ones, reads them back, and only then lets the older ones go.
    ///
    /// # Errors
    /// What the place says; [`Error::Damaged`] when the newer state does not come back.
    pub(crate) fn put_back(&self, files: &Files, keys: &OpenKeyslots) -> Result<(), Error> {
        let older = self.names()?;
        self.add(files)?;
        let back = KeyslotSet::read(self.files()?).reopen(keys)?;
        if back.state() < keys.state() {
            return Err(Error::Damaged { what: "keyslots".to_owned() });
        }
        let is_kept = |name: &&String| files.iter().any(|(kept, _)| kept == *name);
        self.remove_older(&back, older.iter().filter(|name| !is_kept(name)))
    }

    /// Makes this folder hold exactly the well-formed ones of these files: new ones first, then the others go.
    pub(crate) fn mirror(&self, files: &Files) -> Result<(), Error> {
        let wanted: BTreeSet<&String> = files
            .iter()
            .filter(|(name, bytes)| KeyslotFileHash::of(bytes).file_name() == *name)
            .map(|(name, _)| name)
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let older = self.names()?;
        self.add(files)?;
        self.remove(older.iter().filter(|name| !wanted.contains(name)))
    }

    /// Adds these files; nothing goes.
    pub(crate) fn add(&self, files: &Files) -> Result<(), Error> {
        for (name, bytes) in
            files.iter().filter(|(name, bytes)| KeyslotFileHash::of(bytes).file_name() == *name)
        {
            write_keyslots(self.store.as_ref(), name, bytes)?;
        }
        Ok(())
    }

    fn names(&self) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        for folder in FOLDERS {
            let objects = self.store.list(folder)?;
            names.extend(
                objects.iter().filter_map(|object| object.name.strip_prefix(folder)).map(str::to_owned),
            );
        }
        Ok(names)
    }

    /// Removes versions that went into `keys`. What these keys cannot verify may be somebody's newer state: it stays.
    fn remove_older<'a>(
        &self,
        keys: &OpenKeyslots,
        older: impl Iterator<Item = &'a String>,
    ) -> Result<(), Error> {
        let report = keys.report();
        let is_known = |name: &&String| {
            !report.unverified_newer.contains(name) && report.refused.iter().all(|file| file.name != **name)
        };
        self.remove(older.filter(is_known))
    }

    fn remove<'a>(&self, names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
        for name in names {
            for folder in FOLDERS {
                self.store.delete(&format!("{folder}{name}"))?;
            }
        }
        Ok(())
    }
}
