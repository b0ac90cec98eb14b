//! Authenticator data (WebAuthn level 3, 6.1): for whom, after what, and with which outputs.

use super::Malformed;
use super::cbor::{each_named, whole};
use minicbor::data::Type;
use minicbor::decode::Decoder;
use sha2::{Digest, Sha256};

/// Flags (WebAuthn level 3, 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// What the authenticator signed, taken apart. The outputs are still encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthData {
    /// SHA-256 of the relying party's id.
    pub(crate) relying_party_hash: [u8; 32],
    /// The person was there, and was verified.
    pub(crate) is_verified: bool,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    /// The new credential, after a creation.
    pub(crate) attested: Option<Attested>,
    /// `hmac-secret` of a creation: it can be used with the new credential.
    pub(crate) has_hmac_secret: bool,
    /// `hmac-secret` of an assertion, or `hmac-secret-mc` of a creation.
    pub(crate) output: Option<Vec<u8>>,
}

/// The new credential (WebAuthn level 3, 6.5.1), without its public key: nothing here checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attested {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential_id: Vec<u8>,
}

impl AuthData {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (relying_party_hash, rest) = bytes.split_first_chunk::<32>().ok_or(Malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(Malformed)?;
        let (_count, rest) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
        let has = |flag: u8| flags & flag != 0;
        let mut data = Self {
            relying_party_hash: *relying_party_hash,
            is_verified: has(PRESENT) && has(VERIFIED),
            backup_eligible: has(BACKUP_ELIGIBLE),
            backed_up: has(BACKED_UP),
            attested: None,
            has_hmac_secret: false,
            output: None,
        };
        if data.backed_up && !data.backup_eligible {
            // WebAuthn level 3, 6.1.3 rules this out.
            return Err(Malformed);
        }
        let rest = if has(ATTESTED) { data.read_attested(rest)? } else { rest };
        if has(EXTENSIONS) {
            whole(rest, |decoder| data.read_extensions(decoder))?;
        } else if !rest.is_empty() {
            return Err(Malformed);
        }
        Ok(data)
    }

    /// Reads the new credential, and returns what stands after it.
    fn read_attested<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Malformed> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(Malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        // WebAuthn level 3, 4: at most 1023 bytes.
        if !(1..=1023).contains(&length) {
            return Err(Malformed);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.attested = Some(Attested { aaguid: *aaguid, credential_id: id.to_vec() });
        let mut key = Decoder::new(rest);
        key.skip()?;
        rest.get(key.position()..).ok_or(Malformed)
    }

    fn read_extensions<'b>(&mut self, decoder: &mut Decoder<'b>) -> Result<(), Malformed> {
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

    /// It is for this relying party.
    pub(crate) fn is_for(&self, relying_party_id: &str) -> bool {
        <[u8; 32]>::from(Sha256::digest(relying_party_id)) == self.relying_party_hash
    }
}
