//! The files of a source: a folder on disk or the inside of a zip, read in place and never unpacked.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::error::ChatError;

mod archive;
mod spans;
mod tree;

pub(crate) use archive::Archive;
pub(crate) use spans::Spans;
pub(crate) use tree::Tree;

/// Files of one source that are listed.
const MAX_NAMES: usize = 500_000;

/// Where the files of a source lie.
pub(crate) enum Files {
    /// A folder; names by their composed form, for systems that store them decomposed.
    Folder { root: PathBuf, composed: Option<HashMap<String, PathBuf>> },
    /// A zip, below a folder inside it.
    Zip { archive: Archive, below: String },
    /// Files that lie under other names below a folder, as in an iPhone's backup.
    Renamed { root: PathBuf, names: HashMap<String, String> },
}

/// One readable file of a source: its text or JSON.
#[derive(Clone, Debug)]
pub(crate) enum MainFile {
    /// On disk.
    Disk(PathBuf),
    /// Inside a zip.
    Zip { zip: PathBuf, name: String },
}

impl MainFile {
    /// Its name without folders.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Disk(path) => file_name(path),
            Self::Zip { name, .. } => name.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    /// Names that may say whose chat it is: the file's own, then the zip's or the folder's.
    pub(crate) fn name_hints(&self) -> Vec<String> {
        match self {
            Self::Disk(path) => {
                let folder = path.parent().map(file_name).unwrap_or_default();
                vec![file_name(path), folder]
            }
            Self::Zip { zip, .. } => vec![self.name(), file_name(zip)],
        }
    }

    /// Its bytes, or those it claims to unpack to.
    pub(crate) fn size(&self) -> Result<u64, ChatError> {
        match self {
            Self::Disk(path) => Ok(fs::metadata(path)?.len()),
            Self::Zip { zip, name } => Ok(Archive::open(zip)?.size(name).unwrap_or(0)),
        }
    }

    /// Bytes of the file on disk, the zip where it is in one.
    pub(crate) fn size_on_disk(&self) -> Result<u64, ChatError> {
        match self {
            Self::Disk(path) => Ok(fs::metadata(path)?.len()),
            Self::Zip { zip, .. } => Ok(fs::metadata(zip)?.len()),
        }
    }

    /// Reads it from its beginning.
    pub(crate) fn with<T>(
        &self,
        reader: impl FnOnce(&mut dyn Read) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        match self {
            Self::Disk(path) => reader(&mut File::open(path)?),
            Self::Zip { zip, name } => {
                let mut archive = Archive::open(zip)?;
                let mut file = archive.read(name)?.ok_or(ChatError::NotFound { path: zip.clone() })?;
                reader(&mut file).map_err(archive::damage)
            }
        }
    }

    /// The files around it.
    pub(crate) fn files(&self) -> Result<Files, ChatError> {
        match self {
            Self::Disk(path) => Ok(Files::Folder { root: folder_of(path), composed: None }),
            Self::Zip { zip, name } => {
                let below = name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
                Ok(Files::Zip { archive: Archive::open(zip)?, below })
            }
        }
    }

    /// The files around its folder; in a zip, those around it where its folder is the first one.
    pub(crate) fn files_above(&self) -> Result<Files, ChatError> {
        match self {
            Self::Disk(path) => {
                let folder = folder_of(path);
                // `..` of a folder named `.` is not below it by name.
                let folder = fs::canonicalize(&folder).unwrap_or(folder);
                Ok(Files::Folder { root: folder_of(&folder), composed: None })
            }
            Self::Zip { zip, name } => {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                let above = folder.rsplit_once('/').map_or(String::new(), |(above, _)| format!("{above}/"));
                Ok(Files::Zip { archive: Archive::open(zip)?, below: above })
            }
        }
    }
}

impl Files {
    /// The size of a file, `None` when it is not there or its name leaves the source.
    pub(crate) fn size(&mut self, name: &str) -> Option<u64> {
        if !is_safe(name) {
            return None;
        }
        match self {
            Self::Folder { .. } | Self::Renamed { .. } => {
                let path = self.path_of(name)?;
                fs::metadata(path).ok().map(|found| found.len())
            }
            Self::Zip { archive, below } => archive.size(&format!("{below}{name}")),
        }
    }

    /// Opens a file; `None` when it is not there.
    pub(crate) fn open(&mut self, name: &str) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        if !is_safe(name) {
            return Ok(None);
        }
        match self {
            Self::Folder { .. } | Self::Renamed { .. } => match self.path_of(name) {
                Some(path) => Ok(Some(Box::new(File::open(path)?))),
                None => Ok(None),
            },
            Self::Zip { archive, below } => {
                let name = format!("{below}{name}");
                Ok(archive.read(&name)?.map(|file| -> Box<dyn Read + '_> { Box::new(file) }))
            }
        }
    }

    /// A file on disk; `None` when it is not there, or in a zip.
    pub(crate) fn path(&mut self, name: &str) -> Option<PathBuf> {
        if is_safe(name) { self.path_of(name) } else { None }
    }

    /// Opens a file of a folder as it lies there; in a zip there is none.
    pub(crate) fn open_on_disk(&mut self, name: &str) -> Result<Option<File>, ChatError> {
        if !is_safe(name) {
            return Ok(None);
        }
        Ok(self.path_of(name).map(File::open).transpose()?)
    }

    /// Names of the files in the folders of a folder; two levels, and no more than any export has.
    pub(crate) fn names_below(&self, folder: &str) -> Vec<String> {
        match self {
            Self::Folder { root, .. } => {
                let mut names = Vec::new();
                for (below, path) in entries_of(&root.join(folder)) {
                    if path.is_dir() {
                        let inside = entries_of(&path).into_iter();
                        names.extend(inside.map(|(name, _)| format!("{folder}/{below}/{name}")));
                    } else {
                        names.push(format!("{folder}/{below}"));
                    }
                    if names.len() > MAX_NAMES {
                        break;
                    }
                }
                names
            }
            // Their names are known from elsewhere.
            Self::Renamed { .. } => Vec::new(),
            Self::Zip { archive, below } => {
                let start = format!("{below}{folder}/");
                let inside = |name: String| name.strip_prefix(below.as_str()).map(str::to_owned);
                archive
                    .names()
                    .into_iter()
                    .filter(|name| name.starts_with(&start))
                    .filter_map(inside)
                    .collect()
            }
        }
    }

    /// A regular file below the folder, links that leave it refused.
    fn path_of(&mut self, name: &str) -> Option<PathBuf> {
        let (root, composed) = match self {
            Self::Folder { root, composed } => (root, composed),
            Self::Renamed { root, names } => {
                let path = root.join(names.get(name).filter(|place| is_safe(place))?);
                return is_inside(root, &path).then_some(path);
            }
            Self::Zip { .. } => return None,
        };
        let plain = root.join(name);
        if is_inside(root, &plain) {
            return Some(plain);
        }
        if name.is_ascii() || name.contains('/') {
            return None;
        }
        let names = composed.get_or_insert_with(|| composed_names(root));
        let path = names.get(&name.nfc().collect::<String>())?.clone();
        is_inside(root, &path).then_some(path)
    }
}

/// Names of a folder's entries that are text, with their paths; none when it is no folder.
fn entries_of(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
    entries.flatten().filter_map(named).take(MAX_NAMES).collect()
}

/// A relative name that stays where it is.
fn is_safe(name: &str) -> bool {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !name.is_empty() && !name.contains(['\0', '\\']) && Path::new(name).components().all(is_plain)
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn is_inside(root: &Path, path: &Path) -> bool {
    let (Ok(root), Ok(found)) = (fs::canonicalize(root), fs::canonicalize(path)) else { return false };
    found.starts_with(&root) && found.is_file()
}

fn composed_names(root: &Path) -> HashMap<String, PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return HashMap::new() };
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().to_str()?.nfc().collect::<String>();
        Some((name, entry.path()))
    };
    entries.flatten().filter_map(named).collect()
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The first bytes of a file, at most `most`.
pub(crate) fn first_bytes(input: &mut dyn Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last bytes of a file, at most `most`.
fn last_bytes(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("chat")).unwrap();
        fs::write(folder.path().join("secret.txt"), "x").unwrap();
        fs::write(folder.path().join("chat/a.jpg"), "abc").unwrap();
        let mut files = Files::Folder { root: folder.path().join("chat"), composed: None };

        assert_eq!(files.size("a.jpg"), Some(3));
        assert_eq!(files.size("../secret.txt"), None);
        assert_eq!(files.size("/etc/passwd"), None);
        assert!(files.open("../secret.txt").unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("chat")).unwrap();
        fs::write(folder.path().join("secret.txt"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), folder.path().join("chat/a.jpg"))
            .unwrap();
        let mut files = Files::Folder { root: folder.path().join("chat"), composed: None };

        assert_eq!(files.size("a.jpg"), None);
    }

    #[test]
    fn decomposed_names_on_disk_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Gru\u{308}n.pdf"), "abc").unwrap();
        let mut files = Files::Folder { root: folder.path().to_owned(), composed: None };

        assert_eq!(files.size("Gr\u{fc}n.pdf"), Some(3));
    }
}
