//! The operating system's keychain: Keychain Services, Credential Manager or the Secret Service.
//!
//! Entries belong to the service `Coffer`; the engine's names carry a random id of the home, so that two homes never meet.
//! Values are text (the engine writes hexadecimal digits): KWallet keeps nothing that is not UTF-8.

use coffer_engine::ports::{Keychain, KeychainError};
use coffer_secret::SecretString;
use keyring::{Entry, Error};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const SERVICE: &str = "Coffer";
/// An entry that holds nothing, to see whether entries are kept.
const PROBE: &str = "keychain works";
/// Asking a locked Secret Service takes a second (TOOLCHAIN), and screens ask often.
const AVAILABILITY_KEPT: Duration = Duration::from_secs(20);

/// The keychain of the user who runs this process.
#[derive(Debug, Default)]
pub struct SystemKeychain {
    availability: Mutex<Option<(Instant, bool)>>,
}

impl SystemKeychain {
    fn remember(&self, is_available: bool) {
        let mut kept = self.availability.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((now(), is_available));
    }

    /// A Secret Service without a collection answers every question and keeps nothing, so only an entry that was kept counts.
    fn try_out(&self) -> bool {
        let is_available = match self.get(PROBE) {
            Ok(Some(_)) => true,
            Ok(None) => self.set(PROBE, &SecretString::new("1".to_owned())).is_ok(),
            Err(_) => false,
        };
        self.remember(is_available);
        is_available
    }

    fn answer<T>(&self, result: Result<T, Error>) -> Result<Option<T>, KeychainError> {
        match result {
            Ok(value) => {
                self.remember(true);
                Ok(Some(value))
            }
            Err(Error::NoEntry) => {
                self.remember(true);
                Ok(None)
            }
            Err(Error::NoStorageAccess(_) | Error::NoDefaultStore | Error::PlatformFailure(_)) => {
                self.remember(false);
                Err(KeychainError::Unavailable)
            }
            Err(_) => Err(KeychainError::Refused),
        }
    }
}

impl Keychain for SystemKeychain {
    fn is_available(&self) -> bool {
        let kept = *self.availability.lock().unwrap_or_else(PoisonError::into_inner);
        match kept {
            Some((at, is_available)) if at.elapsed() < AVAILABILITY_KEPT => is_available,
            Some(_) | None => self.try_out(),
        }
    }

    fn get(&self, name: &str) -> Result<Option<SecretString>, KeychainError> {
        let found = self.answer(Entry::new(SERVICE, name).and_then(|entry| entry.get_password()))?;
        Ok(found.map(SecretString::new))
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<(), KeychainError> {
        let written = Entry::new(SERVICE, name).and_then(|entry| entry.set_password(value.expose()));
        self.answer(written)?.ok_or(KeychainError::Refused)
    }

    fn delete(&self, name: &str) -> Result<(), KeychainError> {
        self.answer(Entry::new(SERVICE, name).and_then(|entry| entry.delete_credential())).map(|_| ())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this crate is this computer; only the age of an answer is measured"
)]
fn now() -> Instant {
    Instant::now()
}
