//! Why an authenticator gave nothing. Each has a sentence of its own on the screen (SCREENS, 3.6).

/// A ceremony that gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// The person, or the authenticator for them, said no (CTAP 0x27, 0x2D).
    #[error("cancelled")]
    Cancelled,
    /// Nobody answered in time (CTAP 0x2F, 0x3A).
    #[error("nobody answered in time")]
    TimedOut,
    /// No authenticator is here.
    #[error("no authenticator is here")]
    NoAuthenticator,
    /// A security key is plugged in, but this user may not talk to it.
    #[error("this user may not open the security key")]
    NoPermission,
    /// The smart card service does not run, and no other transport found a key.
    #[error("the smart card service does not answer")]
    NoSmartCardService,
    /// The authenticator went away in the middle.
    #[error("the authenticator went away")]
    Removed,
    /// A phone needs Bluetooth, and it is off.
    #[error("bluetooth is off")]
    NoBluetooth,
    /// The phone was not reached.
    #[error("the phone was not reached")]
    PhoneUnreachable,
    /// None of the authenticators here holds a passkey of the list (CTAP 0x2E).
    #[error("no authenticator here holds the passkey")]
    NoCredential,
    /// The authenticator holds one of the passkeys already (CTAP 0x19).
    #[error("the authenticator holds such a passkey already")]
    AlreadyRegistered,
    /// Too many wrong PINs in a row: the key wants to be taken out first (CTAP 0x34).
    #[error("the key wants to be taken out before the next pin")]
    PinPaused,
    /// No tries are left: only a reset of the key helps, and it erases the passkey (CTAP 0x32).
    #[error("the key is locked for good")]
    PinBlocked,
    /// The key has no PIN, and none was chosen (CTAP 0x35).
    #[error("the key has no pin")]
    PinNotSet,
    /// The key wants another PIN first, and none was chosen (CTAP 0x37, or its own word).
    #[error("the key wants another pin")]
    PinPolicy,
    /// The key's finger reader is locked, and no PIN was given (CTAP 0x3C).
    #[error("the finger reader is locked")]
    FingerprintBlocked,
    /// The authenticator cannot derive secrets, said before or at creation. A passkey made meanwhile is of no use.
    #[error("the authenticator cannot derive secrets")]
    NoPrfAtCreation,
    /// The passkey answered without the secret.
    #[error("the authenticator gave no secret")]
    NoPrf,
    /// Creation and use gave different secrets: this authenticator cannot be relied on.
    #[error("the authenticator gave two different secrets")]
    PrfMismatch,
    /// The authenticator answered without having verified the person. The answer is thrown away.
    #[error("the authenticator did not verify the person")]
    NotVerified,
    /// No room for another passkey (CTAP 0x28).
    #[error("the authenticator has no room for another passkey")]
    KeyFull,
    /// The operating system is too old for secrets from passkeys.
    #[error("the operating system is too old")]
    PlatformTooOld,
    /// The operating system refused, for a reason it does not say.
    #[error("the operating system refused with code {code:#x}")]
    PlatformRefused {
        /// Its code.
        code: u32,
    },
    /// The authenticator answered with a code that has no sentence of its own.
    #[error("the authenticator answered with code {code:#04x}")]
    Refused {
        /// The CTAP status.
        code: u8,
    },
    /// What the authenticator sent is not CTAP.
    #[error("the authenticator's answer cannot be read")]
    Malformed,
}

impl PasskeyError {
    /// Every failure, for tables of sentences.
    pub const ALL: [Self; 24] = [
        Self::Cancelled,
        Self::TimedOut,
        Self::NoAuthenticator,
        Self::NoPermission,
        Self::NoSmartCardService,
        Self::Removed,
        Self::NoBluetooth,
        Self::PhoneUnreachable,
        Self::NoCredential,
        Self::AlreadyRegistered,
        Self::PinPaused,
        Self::PinBlocked,
        Self::PinNotSet,
        Self::PinPolicy,
        Self::FingerprintBlocked,
        Self::NoPrfAtCreation,
        Self::NoPrf,
        Self::PrfMismatch,
        Self::NotVerified,
        Self::KeyFull,
        Self::PlatformTooOld,
        Self::PlatformRefused { code: 0 },
        Self::Refused { code: 0 },
        Self::Malformed,
    ];

    /// A stable word, the id of its sentence: `passkey.<word>`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::NoAuthenticator => "no_authenticator",
            Self::NoPermission => "no_permission",
            Self::NoSmartCardService => "no_smart_card_service",
            Self::Removed => "removed",
            Self::NoBluetooth => "no_bluetooth",
            Self::PhoneUnreachable => "phone_unreachable",
            Self::NoCredential => "no_credential",
            Self::AlreadyRegistered => "already_registered",
            Self::PinPaused => "pin_paused",
            Self::PinBlocked => "pin_blocked",
            Self::PinNotSet => "pin_not_set",
            Self::PinPolicy => "pin_policy",
            Self::FingerprintBlocked => "fingerprint_blocked",
            Self::NoPrfAtCreation => "no_prf_at_creation",
            Self::NoPrf => "no_prf",
            Self::PrfMismatch => "prf_mismatch",
            Self::NotVerified => "not_verified",
            Self::KeyFull => "key_full",
            Self::PlatformTooOld => "platform_too_old",
            Self::PlatformRefused { .. } => "platform_refused",
            Self::Refused { .. } => "refused",
            Self::Malformed => "malformed",
        }
    }
}
