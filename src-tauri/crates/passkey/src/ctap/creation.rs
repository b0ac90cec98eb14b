//! authenticatorMakeCredential (6.1).

use super::cbor::{Writer, Written, each_entry, message, whole};
use super::{AuthData, Malformed, PinToken, SaltSession};
use crate::RelyingParty;

/// authenticatorMakeCredential.
const MAKE_CREDENTIAL: u8 = 0x01;
/// ES256, EdDSA and RS256 (IANA COSE algorithms), the most liked first.
const ALGORITHMS: [i32; 3] = [-7, -8, -257];

/// A passkey to make on one authenticator.
#[derive(Debug)]
pub(crate) struct CreationRequest<'a> {
    pub(crate) client_data_hash: &'a [u8; 32],
    pub(crate) relying_party: RelyingParty,
    pub(crate) user_id: &'a [u8],
    pub(crate) user_name: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) exclude: &'a [&'a [u8]],
    pub(crate) is_resident: bool,
    /// To get the output at once.
    pub(crate) salt: Option<&'a SaltSession>,
    /// How the person was verified; `None` asks what is built in to do it now.
    pub(crate) token: Option<&'a PinToken>,
}

impl CreationRequest<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self {
            client_data_hash,
            relying_party,
            user_id,
            user_name,
            display_name,
            exclude,
            is_resident: _,
            salt,
            token,
        } = self;
        let has_options = !self.options().is_empty();
        let fields =
            5 + u64::from(!exclude.is_empty()) + u64::from(has_options) + if token.is_some() { 2 } else { 0 };
        message(MAKE_CREDENTIAL, |w| {
            w.map(fields)?.u8(1)?.bytes(*client_data_hash)?;
            w.u8(2)?.map(2)?.str("id")?.str(relying_party.id())?.str("name")?.str(RelyingParty::NAME)?;
            w.u8(3)?.map(3)?.str("id")?.bytes(user_id)?;
            w.str("name")?.str(user_name)?.str("displayName")?.str(display_name)?;
            encode_algorithms(w.u8(4)?)?;
            if !exclude.is_empty() {
                encode_credentials(w.u8(5)?, exclude)?;
            }
            w.u8(6)?.map(1 + u64::from(salt.is_some()))?.str("hmac-secret")?.bool(true)?;
            if let Some(salt) = salt {
                salt.encode(w.str("hmac-secret-mc")?)?;
            }
            if has_options {
                w.u8(7)?.map(u64::try_from(self.options().len()).expect("two options at most"))?;
                for option in self.options() {
                    w.str(option)?.bool(true)?;
                }
            }
            encode_proof(w, 8, *token, client_data_hash)
        })
    }

    /// Those that are set, in the order of their encoding.
    fn options(&self) -> &'static [&'static str] {
        match (self.is_resident, self.token.is_none()) {
            (true, true) => &["rk", "uv"],
            (true, false) => &["rk"],
            (false, true) => &["uv"],
            (false, false) => &[],
        }
    }

    /// Asks for a touch and makes nothing: how CTAP 2.0 authenticators are chosen (6.1.2, step 1).
    pub(crate) fn dummy(relying_party: RelyingParty) -> Vec<u8> {
        message(MAKE_CREDENTIAL, |w| {
            w.map(6)?.u8(1)?.bytes(&[0; 32])?;
            w.u8(2)?.map(1)?.str("id")?.str(relying_party.id())?;
            w.u8(3)?.map(2)?.str("id")?.bytes(&[0])?.str("name")?.str("-")?;
            encode_algorithms(w.u8(4)?)?;
            w.u8(8)?.bytes(&[])?.u8(9)?.u8(1)?;
            Ok(())
        })
    }
}

fn encode_algorithms(w: &mut Writer<'_>) -> Written {
    w.array(u64::try_from(ALGORITHMS.len()).expect("three algorithms"))?;
    for algorithm in ALGORITHMS {
        w.map(2)?.str("alg")?.i32(algorithm)?.str("type")?.str("public-key")?;
    }
    Ok(())
}

/// A list of credential descriptors, without transports: authenticators do not need them.
pub(super) fn encode_credentials(w: &mut Writer<'_>, ids: &[&[u8]]) -> Written {
    w.array(u64::try_from(ids.len()).expect("lists are short"))?;
    for id in ids {
        w.map(2)?.str("id")?.bytes(id)?.str("type")?.str("public-key")?;
    }
    Ok(())
}

/// `pinUvAuthParam` under `key`, and its protocol under the next one.
pub(super) fn encode_proof(
    w: &mut Writer<'_>,
    key: u8,
    token: Option<&PinToken>,
    client_data_hash: &[u8; 32],
) -> Written {
    if let Some(token) = token {
        w.u8(key)?.bytes(&token.authenticate(client_data_hash))?;
        w.u8(key + 1)?.u8(token.protocol().number())?;
    }
    Ok(())
}

/// A passkey that was made.
#[derive(Debug)]
pub(crate) struct Creation {
    pub(crate) auth_data: AuthData,
}

impl Creation {
    /// Reads the answer. Its attestation is not looked at: any authenticator will do.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let mut auth_data = None;
            each_entry(decoder, |key, value| {
                if key == 0x02 {
                    auth_data = Some(AuthData::decode(value.bytes()?)?);
                }
                Ok(key == 0x02)
            })?;
            Ok(Self { auth_data: auth_data.ok_or(Malformed)? })
        })
    }
}
