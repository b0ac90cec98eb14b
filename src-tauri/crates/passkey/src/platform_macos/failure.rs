//! Why macOS refused: the codes of the frameworks that are used here.

use crate::PasskeyError;

/// An error of the system: its domain and its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(super) domain: String,
    pub(super) code: i64,
}

impl From<Refusal> for PasskeyError {
    fn from(Refusal { domain, code }: Refusal) -> Self {
        let known = match domain.as_str() {
            "com.apple.AuthenticationServices.AuthorizationError" => authorization(code),
            "com.apple.LocalAuthentication" => local_authentication(code),
            "CryptoTokenKit" => token(code),
            "NSOSStatusErrorDomain" => security(code),
            _ => None,
        };
        known.unwrap_or_else(|| Self::PlatformRefused { code: low_bits(code) })
    }
}

/// `ASAuthorizationError`. 1004 has many causes, a build without the right to its domain among them: it keeps its code.
fn authorization(code: i64) -> Option<PasskeyError> {
    match code {
        1001 => Some(PasskeyError::Cancelled),
        1002 => Some(PasskeyError::Malformed),
        1006 => Some(PasskeyError::AlreadyRegistered),
        1010 => Some(PasskeyError::NoAuthenticator),
        _ => None,
    }
}

/// `LAError`.
fn local_authentication(code: i64) -> Option<PasskeyError> {
    match code {
        // authenticationFailed: the fingers were not recognised.
        -1 => Some(PasskeyError::NotVerified),
        // userCancel, userFallback, systemCancel, appCancel, invalidContext (our own stop)
        -2 | -3 | -4 | -9 | -10 => Some(PasskeyError::Cancelled),
        // passcodeNotSet, biometryNotAvailable, biometryNotEnrolled, biometryNotPaired, biometryDisconnected
        -5 | -6 | -7 | -12 | -13 => Some(PasskeyError::NoAuthenticator),
        // biometryLockout
        -8 => Some(PasskeyError::FingerprintBlocked),
        _ => None,
    }
}

/// `TKError`.
fn token(code: i64) -> Option<PasskeyError> {
    match code {
        // corruptedData, objectNotFound, tokenNotFound: the key is another Mac's, or gone with the fingers it was made for.
        -3 | -6 | -7 => Some(PasskeyError::NoCredential),
        // canceledByUser; authenticationNeeded, which is what a dialog that was closed leaves
        -4 | -9 => Some(PasskeyError::Cancelled),
        // authenticationFailed
        -5 => Some(PasskeyError::NotVerified),
        _ => None,
    }
}

/// `OSStatus` of the Security framework.
fn security(code: i64) -> Option<PasskeyError> {
    match code {
        // errSecUserCanceled
        -128 => Some(PasskeyError::Cancelled),
        // errSecAuthFailed
        -25293 => Some(PasskeyError::NotVerified),
        // errSecItemNotFound
        -25300 => Some(PasskeyError::NoCredential),
        _ => None,
    }
}

/// As Apple prints them: -34018 is 0xffff7b1e.
fn low_bits(code: i64) -> u32 {
    let [a, b, c, d, ..] = code.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(domain: &str, codes: &[i64]) -> Vec<PasskeyError> {
        codes.iter().map(|code| Refusal { domain: domain.to_owned(), code: *code }.into()).collect()
    }

    #[test]
    fn errors_of_passkey_dialogs_have_their_own_failures() {
        let found =
            meanings("com.apple.AuthenticationServices.AuthorizationError", &[1001, 1002, 1004, 1006, 1010]);

        let expected = [
            PasskeyError::Cancelled,
            PasskeyError::Malformed,
            PasskeyError::PlatformRefused { code: 1004 },
            PasskeyError::AlreadyRegistered,
            PasskeyError::NoAuthenticator,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn errors_of_touch_id_have_their_own_failures() {
        let found =
            meanings("com.apple.LocalAuthentication", &[-1, -2, -3, -4, -9, -10, -5, -6, -7, -8, -1004]);

        let expected = [
            PasskeyError::NotVerified,
            PasskeyError::Cancelled,
            PasskeyError::Cancelled,
            PasskeyError::Cancelled,
            PasskeyError::Cancelled,
            PasskeyError::Cancelled,
            PasskeyError::NoAuthenticator,
            PasskeyError::NoAuthenticator,
            PasskeyError::NoAuthenticator,
            PasskeyError::FingerprintBlocked,
            PasskeyError::PlatformRefused { code: 0xffff_fc14 },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn errors_of_the_enclave_have_their_own_failures() {
        let of_token = meanings("CryptoTokenKit", &[-3, -4, -5, -6, -7, -9]);
        let of_security = meanings("NSOSStatusErrorDomain", &[-128, -25293, -25300, -34018]);

        let expected = [
            PasskeyError::NoCredential,
            PasskeyError::Cancelled,
            PasskeyError::NotVerified,
            PasskeyError::NoCredential,
            PasskeyError::NoCredential,
            PasskeyError::Cancelled,
        ];
        assert_eq!(of_token, expected);
        let missing_entitlement = PasskeyError::PlatformRefused { code: 0xffff_7b1e };
        let expected = [
            PasskeyError::Cancelled,
            PasskeyError::NotVerified,
            PasskeyError::NoCredential,
            missing_entitlement,
        ];
        assert_eq!(of_security, expected);
    }

    #[test]
    fn another_frameworks_error_keeps_its_code() {
        let found = meanings("NSCocoaErrorDomain", &[1001]);

        assert_eq!(found, [PasskeyError::PlatformRefused { code: 1001 }]);
    }
}
