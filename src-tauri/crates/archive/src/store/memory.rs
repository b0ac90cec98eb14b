//! A place in memory that can fail on demand: the store of the tests.

use super::{ObjectInfo, Store, StoreError, is_safe_name};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The place is full.
    NoSpace,
    /// The device fails.
    Io,
    /// The place refuses.
    PermissionDenied,
    /// The write lands in full, and is still reported as failed.
    FailedButLanded,
    /// Half of the bytes land under the final name, and the write is reported as failed.
    Torn,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    operations: u64,
    fail_at: Option<(u64, Failure)>,
    goes_on_failing: bool,
    capacity: Option<u64>,
}

/// Files in memory, with switches for failure.
#[derive(Default)]
pub struct MemoryStore(Mutex<Inner>);

impl MemoryStore {
    /// An empty place.
    pub fn new() -> Self {
        Self::default()
    }

    /// A second place with the same files and no failures.
    pub fn duplicate(&self) -> Self {
        Self(Mutex::new(Inner { files: self.inner().files.clone(), ..Inner::default() }))
    }

    /// From the operation numbered `n` (counted from now, from 0) one fails; the later ones work.
    pub fn fail_once(&self, n: u64, failure: Failure) {
        let mut inner = self.inner();
        inner.operations = 0;
        inner.fail_at = Some((n, failure));
        inner.goes_on_failing = false;
    }

    /// The operation numbered `n` (counted from now, from 0) fails and nothing works after it: a crash.
    pub fn crash_at(&self, n: u64, failure: Failure) {
        self.fail_once(n, failure);
        self.inner().goes_on_failing = true;
    }

    /// All operations work again.
    pub fn heal(&self) {
        let mut inner = self.inner();
        inner.fail_at = None;
        inner.capacity = None;
        inner.operations = 0;
    }

    /// Operations since the last switch.
    pub fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// The place holds at most this many bytes.
    pub fn limit_capacity(&self, bytes: u64) {
        self.inner().capacity = Some(bytes);
    }

    /// The files, for a hostile hand.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.inner().files.clone()
    }

    /// Puts other bytes under a name, as only an attacker or a failing disk can.
    pub fn replace(&self, name: &str, bytes: Vec<u8>) {
        self.inner().files.insert(name.to_owned(), bytes);
    }

    /// Takes a file away behind the store's back.
    pub fn vanish(&self, name: &str) -> Option<Vec<u8>> {
        self.inner().files.remove(name)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation; `Some` when it has to fail.
    fn step(&self) -> Option<Failure> {
        let mut inner = self.inner();
        let now = inner.operations;
        inner.operations = now.saturating_add(1);
        match inner.fail_at {
            Some((at, failure)) if now == at => Some(failure),
            Some((at, _)) if now > at && inner.goes_on_failing => Some(Failure::Io),
            Some(_) | None => None,
        }
    }

    fn read(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        match self.step() {
            Some(failure) => Err(failure.error()),
            None => Ok(self.inner()),
        }
    }
}

impl Failure {
    fn error(self) -> StoreError {
        match self {
            Self::NoSpace => StoreError::NoSpace,
            Self::PermissionDenied => StoreError::PermissionDenied,
            Self::Io | Self::FailedButLanded | Self::Torn => StoreError::Io { kind: io::ErrorKind::Other },
        }
    }
}

impl Inner {
    fn land(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(present) = self.files.get(name) {
            return if present == bytes { Ok(()) } else { Err(StoreError::Exists) };
        }
        let used = self.files.values().map(|f| size_of_file(f)).sum::<u64>();
        if self.capacity.is_some_and(|capacity| used.saturating_add(size_of_file(bytes)) > capacity) {
            return Err(StoreError::NoSpace);
        }
        self.files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

fn size_of_file(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Store for MemoryStore {
    fn get(&self, name: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        let inner = self.read()?;
        let bytes = inner.files.get(name).ok_or(StoreError::NotFound)?;
        if size_of_file(bytes) > limit {
            return Err(StoreError::TooLarge { size: size_of_file(bytes), limit });
        }
        Ok(bytes.clone())
    }

    fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Vec<u8>, StoreError> {
        let inner = self.read()?;
        let bytes = inner.files.get(name).ok_or(StoreError::NotFound)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes.get(start..end).unwrap_or_default().to_vec())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if !is_safe_name(name) {
            return Err(StoreError::BadName);
        }
        match self.step() {
            None => self.inner().land(name, bytes),
            Some(failure) => {
                let kept = match failure {
                    Failure::FailedButLanded => Some(bytes.len()),
                    Failure::Torn => Some(bytes.len() / 2),
                    Failure::NoSpace | Failure::Io | Failure::PermissionDenied => None,
                };
                if let Some(part) = kept.and_then(|kept| bytes.get(..kept)) {
                    self.inner().land(name, part)?;
                }
                Err(failure.error())
            }
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        let inner = self.read()?;
        let named = inner.files.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named.map(|(name, bytes)| ObjectInfo { name: name.clone(), size: size_of_file(bytes) }).collect())
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        let mut inner = self.read()?;
        inner.files.remove(name);
        Ok(())
    }

    fn free_space(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }
}
