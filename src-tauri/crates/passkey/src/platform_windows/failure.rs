//! Why Windows refused: its codes, and the names it gives those it knows better than we do.

use crate::PasskeyError;

/// An `HRESULT` that is no success, with what `WebAuthNGetErrorName` calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(super) code: u32,
    pub(super) name: String,
}

// winerror.h
const NTE_EXISTS: u32 = 0x8009_000F;
const NTE_NOT_FOUND: u32 = 0x8009_0011;
const NTE_TOKEN_KEYSET_STORAGE_FULL: u32 = 0x8009_0023;
const NTE_INVALID_PARAMETER: u32 = 0x8009_0027;
const NTE_DEVICE_NOT_FOUND: u32 = 0x8009_0035;
const NTE_USER_CANCELLED: u32 = 0x8009_0036;
// HRESULT_FROM_WIN32 of ERROR_CANCELLED, ERROR_TIMEOUT, ERROR_DEVICE_NOT_CONNECTED
const CANCELLED: u32 = 0x8007_04C7;
const TIMEOUT: u32 = 0x8007_05B4;
const DEVICE_NOT_CONNECTED: u32 = 0x8007_048F;

impl From<Refusal> for PasskeyError {
    fn from(Refusal { code, name }: Refusal) -> Self {
        match code {
            NTE_EXISTS => Self::AlreadyRegistered,
            NTE_NOT_FOUND => Self::NoCredential,
            NTE_TOKEN_KEYSET_STORAGE_FULL => Self::KeyFull,
            // The library knows none of what was asked: it is older than it says.
            NTE_INVALID_PARAMETER => Self::PlatformTooOld,
            NTE_DEVICE_NOT_FOUND => Self::NoAuthenticator,
            NTE_USER_CANCELLED | CANCELLED => Self::Cancelled,
            TIMEOUT => Self::TimedOut,
            DEVICE_NOT_CONNECTED => Self::Removed,
            _ => named(&name, code),
        }
    }
}

/// A code that is not in the list: a later Windows may still give it a name of WebAuthn's (webauthn.h, the comment on
/// `WebAuthNGetErrorName`).
fn named(name: &str, code: u32) -> PasskeyError {
    match name {
        "InvalidStateError" => PasskeyError::AlreadyRegistered,
        "NotAllowedError" => PasskeyError::Cancelled,
        _ => PasskeyError::PlatformRefused { code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(code: u32, name: &str) -> PasskeyError {
        Refusal { code, name: name.to_owned() }.into()
    }

    #[test]
    fn each_known_code_has_its_own_failure() {
        let codes = [
            0x8009_000F,
            0x8009_0011,
            0x8009_0023,
            0x8009_0027,
            0x8009_0035,
            0x8009_0036,
            0x8007_04C7,
            0x8007_05B4,
            0x8007_048F,
        ];

        let meanings = codes.map(|code| meaning(code, "UnknownError"));

        let expected = [
            PasskeyError::AlreadyRegistered,
            PasskeyError::NoCredential,
            PasskeyError::KeyFull,
            PasskeyError::PlatformTooOld,
            PasskeyError::NoAuthenticator,
            PasskeyError::Cancelled,
            PasskeyError::Cancelled,
            PasskeyError::TimedOut,
            PasskeyError::Removed,
        ];
        assert_eq!(meanings, expected);
    }

    #[test]
    fn what_an_authenticator_cannot_do_keeps_its_code() {
        let not_supported = meaning(0x8009_0029, "ConstraintError");
        let unknown = meaning(0x8000_FFFF, "UnknownError");

        assert_eq!(not_supported, PasskeyError::PlatformRefused { code: 0x8009_0029 });
        assert_eq!(unknown, PasskeyError::PlatformRefused { code: 0x8000_FFFF });
    }

    #[test]
    fn a_new_code_is_understood_by_its_name() {
        let exists = meaning(0x8009_9999, "InvalidStateError");
        let refused = meaning(0x8009_9998, "NotAllowedError");

        assert_eq!(exists, PasskeyError::AlreadyRegistered);
        assert_eq!(refused, PasskeyError::Cancelled);
    }
}
