//! A folder of keyslot files: of the place, of the library, or the copy of the place's that is kept at home.

use crate::error::Error;
use crate::places;
use coffer_archive::{Store, StoreError, write_keyslots};
use coffer_keys::{EncodedKeyslots, KeyslotFileHash, KeyslotSet, OpenKeyslots, UnlockReport};
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
    /// are all still there. A data key that was drawn here or there meanwhile cannot be merged: then what was written is taken
    /// away again, and nothing is changed.
    ///
    /// # Errors
    /// What the place says; [`Error::Damaged`] when the set does not come back as it was written; [`Error::WaysChanged`].
    pub(crate) fn save(&self, keys: &mut OpenKeyslots, entropy: &dyn Entropy) -> Result<(), Error> {
        let before = keys.report().clone();
        for _ in 0..ROUNDS {
            let older = self.names()?;
            let written = keys.encode(entropy)?;
            let back = self.write(keys, &written).and_then(|back| agrees(back, &before));
            let back = back.inspect_err(|_| self.withdraw(&written, &older))?;
            let is_merged = back.needs_writing();
            *keys = back;
            if !is_merged {
                return self.remove_older(keys, older.iter().filter(|name| **name != written.file_name));
            }
        }
        Err(Error::Busy)
    }

    /// Writes a version and reads the folder back, with whatever else is in it now.
    fn write(&self, keys: &mut OpenKeyslots, written: &EncodedKeyslots) -> Result<OpenKeyslots, Error> {
        write_keyslots(self.store.as_ref(), &written.file_name, &written.bytes)?;
        keys.mark_written(written);
        let files = self.files()?;
        let is_it = |file: &&(String, Vec<u8>)| file.0 == written.file_name && file.1 == written.bytes;
        if files.iter().filter(is_it).count() < FOLDERS.len() {
            return Err(Error::Damaged { what: written.file_name.clone() });
        }
        Ok(KeyslotSet::read(files).reopen(keys)?)
    }

    /// Takes a version away that must not count, as long as what it was made from is still there. A place that does not let
    /// it go keeps it: the next unlock finds it and goes on from it.
    fn withdraw(&self, written: &EncodedKeyslots, older: &BTreeSet<String>) {
        let is_there = self.names().is_ok_and(|names| !older.is_empty() && older.is_subset(&names));
        if is_there && !older.contains(&written.file_name) {
            drop(self.remove(std::iter::once(&written.file_name)));
        }
    }

    /// Brings a change that was stopped to its end: the second copy is written, versions that these keys replaced go. What is not
    /// certain stays.
    ///
    /// # Errors
    /// What the place says.
    pub(crate) fn sweep(&self, keys: &OpenKeyslots) -> Result<(), Error> {
        let names = self.names()?;
        let files = self.files()?;
        if names.len() <= 1 && files.len() >= FOLDERS.len() {
            return Ok(());
        }
        let now = KeyslotSet::read(files.clone()).reopen(keys)?;
        let report = now.report();
        let is_certain = report.unverified_newer.is_empty() && report.left_behind.is_empty();
        if now.needs_writing() || !is_certain {
            return Ok(());
        }
        for (name, bytes) in files.iter().filter(|(name, _)| report.merged.contains(name)) {
            self.complete(name, bytes)?;
        }
        self.remove_older(&now, names.iter().filter(|name| !report.merged.contains(name)))
    }

    /// Writes the copy of a version that is not there.
    fn complete(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let is_it = KeyslotFileHash::of(bytes).file_name() == name;
        for folder in FOLDERS.iter().filter(|_| is_it) {
            match self.store.put(&format!("{folder}{name}"), bytes) {
                Ok(()) | Err(StoreError::Exists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
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

/// Refuses a set beside which another data key appeared, or a version of the data key before it that it was not made from.
fn agrees(back: OpenKeyslots, before: &UnlockReport) -> Result<OpenKeyslots, Error> {
    let report = back.report();
    let has_new = |now: &[String], then: &[String]| now.iter().any(|name| !then.contains(name));
    let is_changed = has_new(&report.unverified_newer, &before.unverified_newer)
        || has_new(&report.left_behind, &before.left_behind);
    if is_changed { Err(Error::WaysChanged) } else { Ok(back) }
}
