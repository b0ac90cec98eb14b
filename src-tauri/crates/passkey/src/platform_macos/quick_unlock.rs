//! Quick unlock on this Mac: 32 bytes that a key of its Secure Enclave agrees on with a fixed point, after Touch ID.
//!
//! It is a way to open the backup on this Mac only, and dies with it: [`Registered`] says so by its flags, so that it never counts as
//! a way to recover. Why it is built so stands in 0017.

use super::failure::Refusal;
use super::{LIMIT, token};
use crate::{
    AuthenticatorKind, Cancel, Ceremony, CreateRequest, Credential, EvaluateRequest, Evaluated, PasskeyError,
    PasskeyProvider, Prompt, Registered, RelyingParty, Transports,
};
use coffer_secret::Secret;
use std::time::Duration;

/// A point of P-256 (X9.62, uncompressed) whose discrete logarithm nobody knows, so that the enclave's public key is no help to anyone.
///
/// x is SHA-256 of `coffer/1/quick-unlock-point`, 0 and a counter; the counter is the first for which such a point exists, y is even.
pub(super) const POINT: [u8; 65] = [
    0x04, 0x72, 0x65, 0x53, 0xa4, 0x49, 0x2b, 0x4a, 0xfa, 0xe4, 0xb4, 0xe5, 0x62, 0x12, 0xfd, 0xcd, 0x55,
    0x46, 0xc2, 0x18, 0xdd, 0x01, 0x00, 0xd1, 0x2f, 0xbd, 0x96, 0x4b, 0xbe, 0xb1, 0x64, 0x41, 0x18, 0x70,
    0xfc, 0x66, 0x4f, 0x57, 0x8e, 0x7b, 0x77, 0xfe, 0x92, 0x19, 0xf5, 0x70, 0x69, 0x86, 0x33, 0x5f, 0xa1,
    0x5c, 0xb6, 0x55, 0x38, 0x84, 0x18, 0x34, 0x6a, 0x0b, 0x0d, 0x6a, 0x03, 0xfd, 0x10,
];

const LABEL: &[u8] = b"coffer/1/quick-unlock\0";

/// What is needed of the Secure Enclave, in plain values.
pub(crate) trait Enclave: Send + Sync {
    /// Touch ID is here and set up.
    fn has_touch_id(&self) -> bool;

    /// Makes a key that only the fingers known now can use, and gives the token by which the enclave finds it again.
    fn make_key(&self) -> Result<Vec<u8>, Refusal>;

    /// The enclave made this token. Asks no finger.
    fn holds(&self, token: &[u8]) -> bool;

    /// ECDH of the key with [`POINT`], through the KDF of X9.63 with SHA-256 and `shared_info`, after Touch ID.
    fn agree(
        &self,
        token: &[u8],
        shared_info: &[u8],
        cancel: &Cancel,
        limit: Duration,
    ) -> Result<Secret<32>, PasskeyError>;
}

/// The provider over an enclave.
pub(crate) struct QuickUnlock<E>(pub(crate) E);

#[cfg(target_os = "macos")]
impl QuickUnlock<super::enclave::SecureEnclave> {
    /// That of this Mac.
    pub(crate) fn of_this_computer() -> Self {
        Self(super::enclave::SecureEnclave)
    }
}

impl<E: Enclave> QuickUnlock<E> {
    /// The first of the list that this Mac's enclave made.
    fn held<'a>(&self, credentials: &'a [Credential]) -> Option<(&'a Credential, &'a [u8])> {
        let tokens = credentials.iter().filter_map(|c| token::token_of(c).map(|token| (c, token)));
        tokens.into_iter().find(|(_, token)| self.0.holds(token))
    }
}

impl<E: Enclave> PasskeyProvider for QuickUnlock<E> {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        if self.0.has_touch_id() { vec![AuthenticatorKind::Platform] } else { Vec::new() }
    }

    /// Asks no finger: the first use does, and it is the proof.
    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        if !self.0.has_touch_id() {
            return Err(PasskeyError::NoAuthenticator);
        }
        if self.held(&request.exclude).is_some() {
            return Err(PasskeyError::AlreadyRegistered);
        }
        if ceremony.cancel.is_cancelled() {
            return Err(PasskeyError::Cancelled);
        }
        let id = token::id_of(&self.0.make_key()?)?;
        Ok(Registered {
            credential: Credential { id, transports: Transports::INTERNAL },
            kind: AuthenticatorKind::Platform,
            aaguid: [0; 16],
            backup_eligible: false,
            backed_up: false,
            prf: None,
        })
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        if !self.0.has_touch_id() {
            return Err(PasskeyError::NoAuthenticator);
        }
        let (credential, token) = self.held(&request.allow).ok_or(PasskeyError::NoCredential)?;
        if ceremony.cancel.is_cancelled() {
            return Err(PasskeyError::Cancelled);
        }
        ceremony.prompts.show(Prompt::PlatformDialog);
        let shared_info = shared_info(request.relying_party, &request.input);
        let prf = self.0.agree(token, &shared_info, &ceremony.cancel, LIMIT)?;
        Ok(Evaluated { credential_id: credential.id.clone(), backup_eligible: false, backed_up: false, prf })
    }
}

/// What makes the bytes this relying party's and this input's: label ‖ 0 ‖ relying party ‖ 0 ‖ input.
fn shared_info(relying_party: RelyingParty, input: &[u8; 32]) -> Vec<u8> {
    [LABEL, relying_party.id().as_bytes(), &[0], input].concat()
}

#[cfg(test)]
mod tests;
