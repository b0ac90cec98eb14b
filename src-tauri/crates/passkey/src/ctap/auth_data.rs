//! Authenticator data as a security key sends it: with the outputs of extensions, which are still encrypted.

use super::Malformed;
use super::cbor::{each_named, whole};
use crate::authenticator_data::{AuthenticatorData, HAS_CREDENTIAL, Signed};
use crate::{PasskeyError, RelyingParty};
use minicbor::data::Type;
use minicbor::decode::Decoder;

const USER_PRESENT: u8 = 0x01;
const HAS_EXTENSIONS: u8 = 0x80;

/// What the key signed, taken apart, and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthData {
    signed: Signed,
    /// `hmac-secret` of a creation: it can be used with the new passkey.
    pub(crate) has_hmac_secret: bool,
    /// `hmac-secret` of an assertion, or `hmac-secret-mc` of a creation.
    pub(crate) output: Option<Vec<u8>>,
}

impl AuthData {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (signed, mut rest) = Signed::read(bytes).map_err(|_| Malformed)?;
        if signed.has(HAS_CREDENTIAL) {
            // Nothing here checks signatures, so its public key is not kept.
            let mut key = Decoder::new(rest);
            key.skip()?;
            rest = rest.get(key.position()..).ok_or(Malformed)?;
        }
        let has_extensions = signed.has(HAS_EXTENSIONS);
        let mut data = Self { signed, has_hmac_secret: false, output: None };
        match (has_extensions, rest) {
            (true, rest) => whole(rest, |decoder| data.read_extensions(decoder))?,
            (false, []) => {}
            (false, _) => return Err(Malformed),
        }
        Ok(data)
    }

    fn read_extensions(&mut self, decoder: &mut Decoder<'_>) -> Result<(), Malformed> {
        each_named(decoder, |name, value| {
            match (name, value.datatype()?) {
                ("hmac-secret", Type::Bool) => self.has_hmac_secret = value.bool()?,
                ("hmac-secret" | "hmac-secret-mc", Type::Bytes) => {
                    self.output = Some(value.bytes()?.to_vec())
                }
                _ => return Ok(false),
            }
            Ok(true)
        })
    }

    /// What it says, when it is ours and the person touched the key and was verified.
    pub(crate) fn believe(&self, relying_party: RelyingParty) -> Result<AuthenticatorData, PasskeyError> {
        let believed = self.signed.clone().believe(relying_party)?;
        if self.signed.has(USER_PRESENT) { Ok(believed) } else { Err(PasskeyError::NotVerified) }
    }
}
