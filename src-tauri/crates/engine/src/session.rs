//! What is unlocked right now, and the secrets a person types.

use coffer_secret::SecretString;

/// A way to unlock, as it was just used.
#[derive(Debug)]
pub enum Unlock {
    /// A typed password.
    Password(SecretString),
    /// The typed, pasted or scanned 64 digits.
    Digits(SecretString),
    /// This computer's keychain: for automatic runs, never for changes.
    Keychain,
}

/// What is held in memory while unlocked.
#[derive(Default)]
pub(crate) struct Session {}
