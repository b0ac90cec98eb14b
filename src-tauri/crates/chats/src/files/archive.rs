//! Zip files from strangers: looked through before anything is read, and never trusted about sizes.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use zip::ZipArchive;
use zip::result::ZipError;

use super::last_bytes;
use crate::error::ChatError;

/// Unpacked bytes of one export: more than any phone writes.
const MAX_TOTAL: u64 = 256 << 30;
const MAX_FILES: u64 = 500_000;
/// Files up to this size may be as empty as they like.
const SMALL: u64 = 64 << 20;
/// A larger file packed tighter than this is nothing but padding: texts reach 10, and deflate ends at 1032.
const MAX_RATIO: u64 = 100;

/// A zip that was found safe to read.
pub(crate) struct Archive {
    zip: ZipArchive<BufReader<File>>,
}

impl Archive {
    /// Opens a zip and refuses one that is cut off, unsafe or a bomb.
    pub(crate) fn open(path: &Path) -> Result<Self, ChatError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let ends = has_end(&mut file)?;
        let broken = move |error: ZipError| {
            if let ZipError::Io(error) = error
                && error.kind() != io::ErrorKind::UnexpectedEof
            {
                return ChatError::Io(error);
            }
            if ends {
                ChatError::Damaged { what: "zip", at: length }
            } else {
                ChatError::Truncated { what: "zip", at: length }
            }
        };
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(&broken)?;
        inspect(&zip, length)?;
        if zip.has_overlapping_files().map_err(&broken)? {
            return Err(ChatError::TooBig { bytes: unpacked(&zip), files: count(&zip), limit: length });
        }
        Ok(Self { zip })
    }

    /// Names of its files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| name.ok().map(|name| name.into_owned())).collect()
    }

    /// The size a file claims, `None` when it is not there.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        let index = self.zip.index_for_name(name)?;
        let entry = self.zip.by_index_data(index).ok()?;
        entry.is_file().then(|| entry.size())
    }

    /// Opens a file; reading more than its claimed size fails.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<impl Read + '_>, ChatError> {
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        let file = self.zip.by_index(index).map_err(|error| unreadable(error, name))?;
        let left = file.size();
        Ok(Some(Bounded { file, left }))
    }
}

fn unreadable(error: ZipError, name: &str) -> ChatError {
    if let ZipError::Io(error) = error {
        return ChatError::Io(error);
    }
    let why = if matches!(error, ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword) {
        "it is encrypted"
    } else if matches!(error, ZipError::CompressionMethodNotSupported(_)) {
        "its compression is not known"
    } else {
        "its header is damaged"
    };
    ChatError::UnreadableEntry { name: shorten(name), why }
}

/// Ends a read with an error instead of unpacking more than was claimed.
struct Bounded<R> {
    file: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        match self.left.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "zip entry is longer than it says"));
            }
        }
        Ok(count)
    }
}

/// A damaged entry shows as invalid data while it is read.
pub(super) fn damage(error: ChatError) -> ChatError {
    let ChatError::Io(cause) = &error else { return error };
    let kind = cause.kind();
    if matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) {
        ChatError::Damaged { what: "zip", at: 0 }
    } else if kind == io::ErrorKind::UnexpectedEof {
        ChatError::Truncated { what: "zip", at: 0 }
    } else {
        error
    }
}

fn inspect(zip: &ZipArchive<BufReader<File>>, length: u64) -> Result<(), ChatError> {
    let files = count(zip);
    if files > MAX_FILES {
        return Err(ChatError::TooBig { bytes: unpacked(zip), files, limit: MAX_FILES });
    }
    let mut seen = HashSet::new();
    let mut packed: u64 = 0;
    for index in 0..zip.len() {
        let damaged = ChatError::Damaged { what: "zip", at: length };
        let Ok(entry) = zip.by_index_data(index) else { return Err(damaged) };
        let Ok(name) = entry.name() else { return Err(damaged) };
        let refuse = |why| Err(ChatError::UnsafeName { name: shorten(&name), why });
        match unsafe_name(&name) {
            Some(why) => return refuse(why),
            None if entry.is_symlink() => return refuse("is a link"),
            None if !seen.insert(name.to_lowercase()) => return refuse("stands twice"),
            None => {}
        }
        packed = packed.saturating_add(entry.compressed_size());
        let size = entry.size();
        if size > SMALL && size / entry.compressed_size().max(1) > MAX_RATIO {
            let limit = entry.compressed_size().saturating_mul(MAX_RATIO);
            return Err(ChatError::TooBig { bytes: unpacked(zip), files, limit });
        }
    }
    if zip.has_duplicate_names() {
        return Err(ChatError::UnsafeName { name: String::new(), why: "stands twice" });
    }
    let bytes = unpacked(zip);
    let ratio_limit = packed.saturating_mul(MAX_RATIO).max(SMALL);
    let limit = MAX_TOTAL.min(ratio_limit);
    if bytes > limit {
        return Err(ChatError::TooBig { bytes, files, limit });
    }
    Ok(())
}

/// Why a name must not be followed.
fn unsafe_name(name: &str) -> Option<&'static str> {
    let name = name.replace('\\', "/");
    if name.starts_with('/') || name.get(1..2) == Some(":") || name.contains('\0') {
        return Some("is absolute");
    }
    let leaves = |part: Component<'_>| matches!(part, Component::ParentDir);
    if Path::new(&name).components().any(leaves) {
        return Some("leaves the folder");
    }
    None
}

fn count(zip: &ZipArchive<BufReader<File>>) -> u64 {
    u64::try_from(zip.len()).unwrap_or(u64::MAX)
}

fn unpacked(zip: &ZipArchive<BufReader<File>>) -> u64 {
    let size = |index| zip.by_index_data(index).map_or(0, |entry| entry.size());
    (0..zip.len()).fold(0, |sum: u64, index| sum.saturating_add(size(index)))
}

/// The end record is there, so the file was not simply cut off.
fn has_end(file: &mut File) -> Result<bool, ChatError> {
    let tail = last_bytes(file, (64 << 10) + 22)?;
    Ok(memchr::memmem::find(&tail, b"PK\x05\x06").is_some())
}

fn shorten(name: &str) -> String {
    name.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_out_of_the_zip_are_unsafe() {
        assert_eq!(unsafe_name("../x"), Some("leaves the folder"));
        assert_eq!(unsafe_name("a/../../x"), Some("leaves the folder"));
        assert_eq!(unsafe_name("a\\..\\x"), Some("leaves the folder"));
        assert_eq!(unsafe_name("/etc/passwd"), Some("is absolute"));
        assert_eq!(unsafe_name("C:\\x"), Some("is absolute"));
        assert_eq!(unsafe_name("a/IMG-1.jpg"), None);
    }
}
