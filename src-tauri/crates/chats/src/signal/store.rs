//! The folder `files/` of an export or backup: `files/ab/abcd….jpg`, named by a hash; in a backup each under a key of its own.

use std::collections::HashMap;
use std::io::Read;

use super::pointer::Pointer;
use super::sealed;
use crate::error::ChatError;
use crate::files::{Files, MainFile};

/// Longest text that stands in a file of its own: the app allows 64 KiB.
const MAX_TEXT: u64 = 1 << 20;

/// The files of an export.
pub(super) struct Store {
    files: Files,
    /// Paths by the name without ending.
    paths: HashMap<String, String>,
    is_sealed: bool,
}

impl Store {
    pub(super) fn open(main: &MainFile, is_sealed: bool) -> Result<Self, ChatError> {
        let mut files = main.files()?;
        let mut below = files.names_below("files");
        if below.is_empty() {
            // Older versions of Signal Desktop keep one folder of files for all their exports.
            files = main.files_above()?;
            below = files.names_below("files");
        }
        let paths = below.into_iter().map(|path| (stem(&path).to_owned(), path)).collect();
        Ok(Self { files, paths, is_sealed })
    }

    /// The file, with the size of its content.
    pub(super) fn find(&mut self, pointer: &Pointer) -> Option<(String, u64)> {
        let path = pointer.names.iter().find_map(|name| self.paths.get(name))?.clone();
        let size = self.files.size(&path)?;
        if !self.is_sealed {
            return Some((path, size));
        }
        // Without its key, or with less in it than it should have, it is as good as not there.
        let content = pointer.key.and(pointer.size)?;
        (size >= content.saturating_add(sealed::OVERHEAD)).then_some((path, content))
    }

    pub(super) fn open_file(
        &mut self,
        path: &str,
        pointer: &Pointer,
    ) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        if !self.is_sealed {
            return self.files.open(path);
        }
        let Some(file) = self.files.open_on_disk(path)? else { return Ok(None) };
        Ok(Some(Box::new(sealed::open(file, pointer)?)))
    }

    /// The content of a file that holds the whole of a long text.
    pub(super) fn text(&mut self, pointer: &Pointer) -> Option<String> {
        let (path, _) = self.find(pointer)?;
        let mut text = String::new();
        self.open_file(&path, pointer).ok()??.take(MAX_TEXT).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

/// `files/ab/abcd.tar.gz` is `abcd`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}
