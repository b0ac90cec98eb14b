//! All files of a source that is a whole tree: a folder or a zip with a file for each chat, or for each day.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Archive, Files, Spans};
use crate::error::ChatError;
use crate::sealed_copy::Workroom;

/// Files of a tree; more than any export of messages has.
const MAX_FILES: usize = 300_000;
const MAX_DEPTH: usize = 10;

/// A folder or zip with the names in it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    place: PathBuf,
    is_zip: bool,
    /// Names with `/`, sorted; links are left out.
    pub(crate) names: Vec<String>,
}

impl Tree {
    /// Looks through a folder.
    pub(crate) fn of_folder(folder: &Path) -> Self {
        let mut names = Vec::new();
        gather(folder, "", 0, &mut names);
        names.sort();
        Self { place: folder.to_owned(), is_zip: false, names }
    }

    /// The names of a zip that was opened before.
    pub(crate) fn of_zip(zip: &Path, mut names: Vec<String>) -> Self {
        names.sort();
        Self { place: zip.to_owned(), is_zip: true, names }
    }

    /// The folder's or zip's own path.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    pub(crate) fn files(&self) -> Result<Files, ChatError> {
        if self.is_zip {
            return Ok(Files::Zip { archive: Archive::open(&self.place)?, below: String::new() });
        }
        Ok(Files::Folder { root: self.place.clone(), composed: None })
    }

    /// Files on the disk that these names stand in.
    pub(crate) fn originals(&self, names: &[String]) -> Vec<PathBuf> {
        if self.is_zip {
            return vec![self.place.clone()];
        }
        names.iter().map(|name| self.place.join(name)).collect()
    }
}

fn gather(folder: &Path, before: &str, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if names.len() >= MAX_FILES {
            return;
        }
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        let name = format!("{before}{name}");
        if kind.is_dir() && depth < MAX_DEPTH {
            gather(&entry.path(), &format!("{name}/"), depth + 1, names);
        } else if kind.is_file() {
            names.push(name);
        }
    }
}

impl Files {
    /// A file as bytes that can be read again; `None` when it is not there.
    pub(crate) fn spans(&mut self, name: &str, room: Option<&Workroom>) -> Result<Option<Spans>, ChatError> {
        let Some(size) = self.size(name) else { return Ok(None) };
        if let Self::Folder { .. } = self {
            return Ok(self.path_of(name).map(fs::File::open).transpose()?.map(Spans::Disk));
        }
        let Some(mut input) = self.open(name)? else { return Ok(None) };
        Spans::unpack(&mut input, size, room).map(Some)
    }
}
