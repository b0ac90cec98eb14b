//! What every kind of authenticator does: make a passkey, and give its 32 bytes.

use crate::{Ceremony, PasskeyError, RelyingParty};
use coffer_secret::Secret;

/// What holds a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthenticatorKind {
    /// This computer: Touch ID, Windows Hello.
    Platform,
    /// A security key, by USB or NFC.
    SecurityKey,
    /// A phone or tablet, by a code to scan.
    Phone,
}

/// How an authenticator can be reached (WebAuthn, 5.8.4), as bits: USB 1, NFC 2, internal 4, hybrid 8, other 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transports(pub u8);

impl Transports {
    /// USB.
    pub const USB: Self = Self(1);
    /// NFC, and smart card readers.
    pub const NFC: Self = Self(2);
    /// Built into this computer.
    pub const INTERNAL: Self = Self(4);
    /// A phone, by a code to scan.
    pub const HYBRID: Self = Self(8);

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when every transport of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A passkey as it is named to authenticators. Not secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credential {
    /// Its id, 1 to 1023 bytes (WebAuthn, 4).
    pub id: Vec<u8>,
    /// How it was reached when it was made.
    pub transports: Transports,
}

/// A passkey to make.
#[derive(Debug)]
pub struct CreateRequest {
    /// Whose it is.
    pub relying_party: RelyingParty,
    /// What is to hold it.
    pub kind: AuthenticatorKind,
    /// Random, so that a second passkey on one authenticator never replaces the first.
    pub user_id: [u8; 32],
    /// What password managers show as account, for example the computer's name.
    pub user_name: String,
    /// What password managers show as the person: carries the warning about deleting it (SCREENS, rule 2).
    pub display_name: String,
    /// Passkeys that exist: an authenticator that holds one of them is refused.
    pub exclude: Vec<Credential>,
    /// The PRF input, before the hashing that WebAuthn does.
    pub input: [u8; 32],
}

/// A passkey to use.
#[derive(Debug)]
pub struct EvaluateRequest {
    /// Whose it is.
    pub relying_party: RelyingParty,
    /// Any of these will do.
    pub allow: Vec<Credential>,
    /// The PRF input, before the hashing that WebAuthn does.
    pub input: [u8; 32],
}

/// A passkey that was made.
#[derive(Debug)]
pub struct Registered {
    /// How to name it from now on.
    pub credential: Credential,
    /// What holds it.
    pub kind: AuthenticatorKind,
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// It may be copied to other devices (WebAuthn, 6.1.3: BE).
    pub backup_eligible: bool,
    /// It is copied to other devices (BS).
    pub backed_up: bool,
    /// The output, from authenticators that give it with the creation.
    pub prf: Option<Secret<32>>,
}

/// What using a passkey gave.
#[derive(Debug)]
pub struct Evaluated {
    /// The id of the passkey that was used.
    pub credential_id: Vec<u8>,
    /// It may be copied to other devices.
    pub backup_eligible: bool,
    /// It is copied to other devices.
    pub backed_up: bool,
    /// The output: the same for the same passkey, relying party and input.
    pub prf: Secret<32>,
}

/// One or several kinds of authenticator. Its calls block until the person is done: never on the window's thread.
pub trait PasskeyProvider: Send + Sync {
    /// The kinds that can make and use passkeys on this computer now.
    fn kinds(&self) -> Vec<AuthenticatorKind>;

    /// Makes a passkey.
    ///
    /// # Errors
    /// Why there is none. [`PasskeyError::NoPrfAtCreation`] is known before a touch wherever the authenticator says so.
    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError>;

    /// Uses a passkey, after it verified the person.
    ///
    /// # Errors
    /// Why there is no output. An output that came without verification of the person is none.
    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError>;
}

/// A computer without passkeys.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPasskeys;

impl PasskeyProvider for NoPasskeys {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        Vec::new()
    }

    fn create(&self, _: &CreateRequest, _: &Ceremony) -> Result<Registered, PasskeyError> {
        Err(PasskeyError::NoAuthenticator)
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Ceremony) -> Result<Evaluated, PasskeyError> {
        Err(PasskeyError::NoAuthenticator)
    }
}
