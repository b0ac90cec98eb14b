//! What is unlocked right now, and the secrets a person types.

use crate::Engine;
use crate::error::Error;
use crate::library_key::LibraryKey;
use crate::progress::lock;
use crate::protection::{BackupFlags, Setup};
use coffer_chats::{Library, MediaStore};
use coffer_keys::{OpenKeyslots, UnlockSecret};
use coffer_secret::SecretString;
use std::sync::Arc;

/// A way to unlock, as it was just used.
#[derive(Debug)]
pub enum Unlock {
    /// A typed password.
    Password(SecretString),
    /// The typed, pasted or scanned 64 digits.
    Digits(SecretString),
    /// This computer's keychain: for automatic runs, never for changes.
    Keychain,
    /// One of the passkeys: the person is asked for it while the call blocks.
    Passkey,
}

/// What the use of a way gave, before anything was tried with it.
pub(crate) struct Used {
    /// The secret.
    pub secret: UnlockSecret,
    /// What the authenticator says about the passkey, for a passkey.
    pub flags: Option<BackupFlags>,
}

impl From<UnlockSecret> for Used {
    fn from(secret: UnlockSecret) -> Self {
        Self { secret, flags: None }
    }
}

/// An open library with its media.
pub(crate) struct LibraryRoom {
    /// The chats.
    pub library: Library,
    /// Their files.
    pub media: Arc<MediaStore>,
}

/// What is held in memory while unlocked.
#[derive(Default)]
pub(crate) struct Session {
    /// The library's own keyslots.
    pub library_key: Option<LibraryKey>,
    /// The person's library.
    pub library: Option<Arc<LibraryRoom>>,
    /// The sample chats, while they are looked at.
    pub samples: Option<Arc<LibraryRoom>>,
    /// The keys of the place, as this computer last saw its ways.
    pub place: Option<OpenKeyslots>,
    /// The last use of a real way.
    pub fresh: Option<Fresh>,
    /// A way that is being set up and not proved yet.
    pub setup: Option<Setup>,
}

/// A way was really used, not long ago.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fresh {
    /// When, on the clock that never goes back.
    pub ticks: u64,
}

impl Engine {
    /// The library that is shown: the samples while they are open, else the person's own.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub(crate) fn library(&self) -> Result<Arc<LibraryRoom>, Error> {
        let session = lock(&self.session);
        session.samples.as_ref().or(session.library.as_ref()).cloned().ok_or(Error::Locked)
    }

    /// The person's own library, whatever is shown: what is backed up and restored into.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub(crate) fn own_library(&self) -> Result<Arc<LibraryRoom>, Error> {
        lock(&self.session).library.clone().ok_or(Error::Locked)
    }
}
