//! A second computer for tests: keychain in memory, a clock that is moved by hand, seeded randomness. Never in a shipped build.

use crate::Engine;
use crate::error::Error;
use crate::ports::{Clock, Folders, Keychain, KeychainError, Ports};
use crate::progress::lock;
use coffer_keys::Argon2Params;
use coffer_passkey::NoPasskeys;
use coffer_secret::SecretString;
use coffer_secret::testing::SeededEntropy;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A keychain in memory, with a switch that takes it away.
#[derive(Default)]
pub struct MemoryKeychain {
    entries: Mutex<BTreeMap<String, SecretString>>,
    is_gone: AtomicBool,
}

impl MemoryKeychain {
    /// Takes the keychain away, as on a computer without one, or brings it back.
    pub fn set_available(&self, is_available: bool) {
        self.is_gone.store(!is_available, Ordering::SeqCst);
    }

    /// Forgets every entry, as when the operating system is installed anew.
    pub fn clear(&self) {
        lock(&self.entries).clear();
    }

    /// Names of all entries.
    pub fn names(&self) -> Vec<String> {
        lock(&self.entries).keys().cloned().collect()
    }

    fn answer(&self) -> Result<(), KeychainError> {
        if self.is_available() { Ok(()) } else { Err(KeychainError::Unavailable) }
    }
}

impl Keychain for MemoryKeychain {
    fn is_available(&self) -> bool {
        !self.is_gone.load(Ordering::SeqCst)
    }

    fn get(&self, name: &str) -> Result<Option<SecretString>, KeychainError> {
        self.answer()?;
        Ok(lock(&self.entries).get(name).map(SecretString::duplicate))
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<(), KeychainError> {
        self.answer()?;
        lock(&self.entries).insert(name.to_owned(), value.duplicate());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), KeychainError> {
        self.answer()?;
        lock(&self.entries).remove(name);
        Ok(())
    }
}

/// A clock that stands still until it is moved.
pub struct ScriptedClock {
    now: AtomicI64,
    ticks: AtomicU64,
}

impl ScriptedClock {
    /// A clock that shows `now`.
    pub fn new(now: i64) -> Self {
        Self { now: AtomicI64::new(now), ticks: AtomicU64::new(0) }
    }

    /// Lets time pass on both clocks.
    pub fn pass(&self, millis: u32) {
        self.now.fetch_add(i64::from(millis), Ordering::SeqCst);
        self.ticks.fetch_add(u64::from(millis), Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as a person can.
    pub fn set_wall_clock(&self, now: i64) {
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::SeqCst)
    }
}

/// Opens an engine whose new passwords cost as little as is allowed: tests type many.
///
/// # Errors
/// As [`Engine::open`].
pub fn open_engine(ports: Ports) -> Result<Engine, Error> {
    Engine::open_with_password_cost(ports, Some(Argon2Params::FLOOR))
}

/// Folders that a test says are likely; none unless it says so.
#[derive(Debug, Default)]
struct LikelyFolders {
    of_backups: Vec<PathBuf>,
    of_exports: Vec<PathBuf>,
}

impl Folders for LikelyFolders {
    fn of_backups(&self) -> Vec<PathBuf> {
        self.of_backups.clone()
    }

    fn of_exports(&self) -> Vec<PathBuf> {
        self.of_exports.clone()
    }
}

/// One computer of a test: its ports, and handles to move its clock and its keychain.
pub struct TestComputer {
    /// What the engine gets.
    pub ports: Ports,
    /// Its keychain.
    pub keychain: Arc<MemoryKeychain>,
    /// Its clock.
    pub clock: Arc<ScriptedClock>,
}

impl TestComputer {
    /// A computer with its home at `home`; another `seed` makes other random bytes. Its clock shows 2026-11-20 12:00 UTC.
    pub fn new(home: &Path, machine: &str, seed: u64) -> Self {
        let keychain = Arc::new(MemoryKeychain::default());
        let clock = Arc::new(ScriptedClock::new(1_795_176_000_000));
        let ports = Ports {
            home: home.to_owned(),
            machine: machine.to_owned(),
            zone: "Europe/Berlin".to_owned(),
            platform: "linux".to_owned(),
            keychain: Arc::<MemoryKeychain>::clone(&keychain),
            clock: Arc::<ScriptedClock>::clone(&clock),
            entropy: Arc::new(SeededEntropy::new(seed)),
            passkeys: Arc::new(NoPasskeys),
            folders: Arc::new(LikelyFolders::default()),
        };
        Self { ports, keychain, clock }
    }

    /// The port that names these folders.
    #[must_use]
    pub fn folders(&self, of_backups: &[PathBuf], of_exports: &[PathBuf]) -> Arc<dyn Folders> {
        Arc::new(LikelyFolders { of_backups: of_backups.to_vec(), of_exports: of_exports.to_vec() })
    }
}
