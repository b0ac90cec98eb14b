//! A folder as a place: on a disk, on a drive, or one that another program synchronises.
//!
//! A file appears under its name whole and durable, or not at all: temporary file, write, fsync, rename without replace,
//! fsync of the folder.

use coffer_archive::{ObjectInfo, Store, StoreError, is_safe_name};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where files lie until they are whole. Hidden, so that no reader takes them for files of the repository.
const TEMPORARY: &str = ".coffer-tmp";
/// How deep a repository is; one level more is looked at for strangers.
const DEPTH_LIMIT: usize = 4;
/// Times a temporary file is made again when another program's clean-up took it.
const ATTEMPTS: u32 = 8;

/// A folder that holds a repository.
pub struct FolderStore {
    root: PathBuf,
    identity: Option<Identity>,
    counter: AtomicU64,
}

/// Which folder this is, so that an empty mount point is not taken for the drive that was there.
type Identity = (u64, u64);

impl FolderStore {
    /// Opens a folder that is there, and removes what interrupted runs left half-written in it.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when there is no such folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let metadata = fs::metadata(&root).map_err(|_| StoreError::Unreachable)?;
        if !metadata.is_dir() {
            return Err(StoreError::Unreachable);
        }
        let store = Self { identity: identity(&metadata), root, counter: AtomicU64::new(0) };
        store.sweep();
        Ok(store)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Says whether the folder is still the one that was opened.
    fn check_root(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.root).map_err(|_| StoreError::Unreachable)?;
        let is_same = metadata.is_dir() && identity(&metadata) == self.identity;
        if is_same { Ok(()) } else { Err(StoreError::Unreachable) }
    }

    fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        if is_safe_name(name) { Ok(self.root.join(name)) } else { Err(StoreError::BadName) }
    }

    /// What the system says, in the words of the archive.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system's kinds of error are not ours to list")]
    fn explain(&self, error: &io::Error) -> StoreError {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::NoSpace,
            ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
            ErrorKind::PermissionDenied => StoreError::PermissionDenied,
            ErrorKind::AlreadyExists => StoreError::Exists,
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::StaleNetworkFileHandle
            | ErrorKind::NotConnected => StoreError::Unreachable,
            kind => match self.check_root() {
                Err(gone) => gone,
                Ok(()) if kind == ErrorKind::NotFound => StoreError::NotFound,
                Ok(()) => StoreError::Io { kind },
            },
        }
    }

    fn open_file(&self, name: &str) -> Result<(File, u64), StoreError> {
        let path = self.path(name)?;
        self.check_parents(name)?;
        let file = open_plainly(&path).map_err(|error| self.explain(&error))?;
        let metadata = file.metadata().map_err(|error| self.explain(&error))?;
        if metadata.is_file() {
            Ok((file, metadata.len()))
        } else {
            Err(StoreError::Io { kind: ErrorKind::InvalidInput })
        }
    }

    /// Refuses folders that lead out of the place.
    fn check_parents(&self, name: &str) -> Result<(), StoreError> {
        let mut path = self.root.clone();
        let folders = name.split('/').count().saturating_sub(1);
        for part in name.split('/').take(folders) {
            path.push(part);
            let metadata = fs::symlink_metadata(&path).map_err(|error| self.explain(&error))?;
            if !metadata.is_dir() {
                return Err(StoreError::Io { kind: ErrorKind::NotADirectory });
            }
        }
        Ok(())
    }

    /// Makes the folders of a name, each durable before anything lies in it.
    fn make_parents(&self, name: &str) -> Result<PathBuf, StoreError> {
        let mut path = self.root.clone();
        let folders = name.split('/').count().saturating_sub(1);
        for part in name.split('/').take(folders) {
            let above = path.clone();
            path.push(part);
            match DirBuilder::new().create(&path) {
                Ok(()) => sync_folder(&above).map_err(|error| self.explain(&error))?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.explain(&error)),
            }
        }
        self.check_parents(name)?;
        Ok(path)
    }

    /// A new temporary file, locked for as long as it is open: nobody's clean-up takes it for a dead run's.
    fn make_temporary(&self) -> io::Result<(PathBuf, File)> {
        let folder = self.root.join(TEMPORARY);
        for _ in 0..ATTEMPTS {
            match DirBuilder::new().create(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let number = self.counter.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{}-{number}.part", std::process::id()));
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            // A file system without locks has no clean-up either.
            drop(file.lock());
            if fs::symlink_metadata(&path).is_ok() {
                return Ok((path, file));
            }
        }
        Err(ErrorKind::ResourceBusy.into())
    }

    /// The file comes back open: its lock has to last until it has its name.
    fn write_temporary(&self, bytes: &[u8]) -> Result<(PathBuf, File), StoreError> {
        let (path, mut file) = self.make_temporary().map_err(|error| self.explain(&error))?;
        match file.write_all(bytes).and_then(|()| file.sync_all()) {
            Ok(()) => Ok((path, file)),
            Err(error) => {
                drop(file);
                drop(fs::remove_file(&path));
                Err(self.explain(&error))
            }
        }
    }

    /// Removes temporary files that no running program holds. Failure to do so harms nobody.
    fn sweep(&self) {
        let folder = self.root.join(TEMPORARY);
        let Ok(entries) = fs::read_dir(&folder) else { return };
        for entry in entries.flatten() {
            let file = OpenOptions::new().write(true).open(entry.path());
            if file.is_ok_and(|file| file.try_lock().is_ok()) {
                drop(fs::remove_file(entry.path()));
            }
        }
        // Stays while somebody's file is in it.
        drop(fs::remove_dir(&folder));
    }

    fn walk(&self, folder: &Path, prefix: &str, depth: usize, found: &mut Vec<ObjectInfo>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let part = entry.file_name().to_string_lossy().into_owned();
            if part == TEMPORARY && prefix.is_empty() {
                continue;
            }
            let name = format!("{prefix}{part}");
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // It went away between the listing and the look.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if metadata.is_file() {
                found.push(ObjectInfo { name, size: metadata.len() });
            } else if metadata.is_dir() && depth < DEPTH_LIMIT {
                self.walk(&entry.path(), &format!("{name}/"), depth + 1, found)?;
            }
        }
        Ok(())
    }
}

impl Store for FolderStore {
    fn get(&self, name: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        let (file, size) = self.open_file(name)?;
        if size > limit {
            return Err(StoreError::TooLarge { size, limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(limit).read_to_end(&mut bytes).map_err(|error| self.explain(&error))?;
        Ok(bytes)
    }

    fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Vec<u8>, StoreError> {
        let (mut file, size) = self.open_file(name)?;
        let there = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(length.min(there));
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(limit).read_to_end(&mut bytes))
            .map_err(|error| self.explain(&error))?;
        Ok(bytes)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name)?;
        self.check_root()?;
        let folder = self.make_parents(name)?;
        let (temporary, file) = self.write_temporary(bytes)?;
        let moved = move_without_replace(&temporary, &path);
        drop(file);
        if moved.is_err() {
            drop(fs::remove_file(&temporary));
        }
        match moved {
            Ok(()) => sync_folder(&folder).map_err(|error| self.explain(&error)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                match self.get(name, length) {
                    Ok(present) if present == bytes => Ok(()),
                    Ok(_) | Err(StoreError::TooLarge { .. }) => Err(StoreError::Exists),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.check_root()?;
        let folder = match prefix.strip_suffix('/') {
            None if prefix.is_empty() => self.root.clone(),
            Some(name) if is_safe_name(name) => self.root.join(name),
            Some(_) | None => return Err(StoreError::BadName),
        };
        let mut found = Vec::new();
        if !prefix.is_empty() && !fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(found);
        }
        let depth = prefix.matches('/').count();
        self.walk(&folder, prefix, depth, &mut found).map_err(|error| self.explain(&error))?;
        found.sort();
        Ok(found)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        self.check_root()?;
        match fs::remove_file(&path) {
            Ok(()) => {
                let folder = path.parent().unwrap_or(&self.root);
                sync_folder(folder).map_err(|error| self.explain(&error))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn free_space(&self) -> Result<Option<u64>, StoreError> {
        fs4::available_space(&self.root).map(Some).map_err(|error| self.explain(&error))
    }
}

/// Gives a file its name, unless the name is taken.
fn move_without_replace(from: &Path, to: &Path) -> io::Result<()> {
    match rename_exclusively(from, to) {
        Err(error) if is_unsupported(&error) => {}
        done => return done,
    }
    match fs::hard_link(from, to) {
        Ok(()) => return fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    // Neither is there: old FAT through FUSE. Names are hashes of the content, so a race writes the same bytes twice.
    match fs::symlink_metadata(to) {
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_exclusively(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_exclusively(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Opens a file for reading, but never through a link and never a pipe that would make it wait.
#[cfg(unix)]
fn open_plainly(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_plainly(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Makes the names in a folder survive a power cut.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some network file systems cannot, and have no cache of names that would need it.
        Err(error) if is_unsupported(&error) => Ok(()),
        done => done,
    }
}

/// Windows writes names through; a folder cannot be opened for syncing there.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Option<Identity> {
    None
}
