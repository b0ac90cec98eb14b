//! authenticatorGetAssertion (6.2).

use super::cbor::{each_entry, each_named, message, whole};
use super::creation::{encode_credentials, encode_proof};
use super::{AuthData, Malformed, PinToken, SaltSession};
use crate::RelyingParty;

/// authenticatorGetAssertion.
const GET_ASSERTION: u8 = 0x02;

/// A passkey to use, or only to look for.
#[derive(Debug)]
pub(crate) struct AssertionRequest<'a> {
    pub(crate) client_data_hash: &'a [u8; 32],
    pub(crate) relying_party: RelyingParty,
    pub(crate) allow: &'a [&'a [u8]],
    /// What to compute. Without it the authenticator only says which passkey it holds, and asks for no touch.
    pub(crate) salt: Option<&'a SaltSession>,
    /// How the person was verified; `None` asks what is built in to do it now, where something is computed.
    pub(crate) token: Option<&'a PinToken>,
}

impl AssertionRequest<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { client_data_hash, relying_party, allow, salt, token } = self;
        let option = match (salt, token) {
            (None, _) => Some(("up", false)),
            (Some(_), None) => Some(("uv", true)),
            (Some(_), Some(_)) => None,
        };
        let fields =
            3 + u64::from(salt.is_some()) + u64::from(option.is_some()) + if token.is_some() { 2 } else { 0 };
        message(GET_ASSERTION, |w| {
            w.map(fields)?.u8(1)?.str(relying_party.id())?.u8(2)?.bytes(*client_data_hash)?;
            encode_credentials(w.u8(3)?, allow)?;
            if let Some(salt) = salt {
                salt.encode(w.u8(4)?.map(1)?.str("hmac-secret")?)?;
            }
            if let Some((name, value)) = option {
                w.u8(5)?.map(1)?.str(name)?.bool(value)?;
            }
            encode_proof(w, 6, *token, client_data_hash)
        })
    }
}

/// A passkey that was used. Its signature is not looked at: what comes out is proved by opening a keyslot with it.
#[derive(Debug)]
pub(crate) struct Assertion {
    /// May be left out when only one was allowed (6.2.2).
    pub(crate) credential_id: Option<Vec<u8>>,
    pub(crate) auth_data: AuthData,
}

impl Assertion {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let (mut credential_id, mut auth_data) = (None, None);
            each_entry(decoder, |key, value| {
                match key {
                    0x01 => each_named(value, |name, value| {
                        if name == "id" {
                            credential_id = Some(value.bytes()?.to_vec());
                        }
                        Ok(name == "id")
                    })?,
                    0x02 => auth_data = Some(AuthData::decode(value.bytes()?)?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            Ok(Self { credential_id, auth_data: auth_data.ok_or(Malformed)? })
        })
    }

    /// The passkey that answered. `None` when it is none of those that were allowed.
    pub(crate) fn credential<'a>(&self, allow: &[&'a [u8]]) -> Option<&'a [u8]> {
        match (&self.credential_id, allow) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(id), _) => allow.iter().copied().find(|allowed| *allowed == id.as_slice()),
        }
    }
}
