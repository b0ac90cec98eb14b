//! What the engine needs from the computer it runs on; the shell supplies it, tests supply another.

pub use coffer_passkey::{NoPasskeys, PasskeyProvider};
use coffer_secret::{Entropy, SecretString};
use std::path::PathBuf;
use std::sync::Arc;

/// Everything outside the engine, passed in once.
#[derive(Clone)]
pub struct Ports {
    /// Everything of this "computer" lives below it: settings, library, media, pins. Two homes are two computers.
    pub home: PathBuf,
    /// The computer's name, for lists of backups.
    pub machine: String,
    /// IANA name of this computer's zone.
    pub zone: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// The operating system's keychain.
    pub keychain: Arc<dyn Keychain>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What makes and uses passkeys here.
    pub passkeys: Arc<dyn PasskeyProvider>,
    /// Where something for Coffer may lie.
    pub folders: Arc<dyn Folders>,
}

/// Where on this computer a person may have left something for Coffer. Asked anew each time: drives come and go.
pub trait Folders: Send + Sync {
    /// Folders that may hold backups or lie one or two above one: drives, documents, synced folders.
    fn of_backups(&self) -> Vec<PathBuf>;
    /// Folders that exports of chats usually land in.
    fn of_exports(&self) -> Vec<PathBuf>;
}

/// Small secrets kept by the operating system. A cache, never the only copy. Calls may block: never on the window's thread.
pub trait Keychain: Send + Sync {
    /// Says whether a keychain answers here.
    fn is_available(&self) -> bool;
    /// Reads an entry; `None` when there is none.
    ///
    /// # Errors
    /// When the keychain does not answer.
    fn get(&self, name: &str) -> Result<Option<SecretString>, KeychainError>;
    /// Writes an entry.
    ///
    /// # Errors
    /// When the keychain does not answer or refuses.
    fn set(&self, name: &str, value: &SecretString) -> Result<(), KeychainError>;
    /// Removes an entry, if there is one.
    ///
    /// # Errors
    /// When the keychain does not answer.
    fn delete(&self, name: &str) -> Result<(), KeychainError>;
}

/// Why a keychain did not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// No keychain on this computer, or it is locked.
    #[error("no keychain answers on this computer")]
    Unavailable,
    /// The keychain refused the call.
    #[error("the keychain refused the call")]
    Refused,
}

/// The time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> i64;
    /// Milliseconds of a clock that never goes back, for durations.
    fn ticks(&self) -> u64;
}
