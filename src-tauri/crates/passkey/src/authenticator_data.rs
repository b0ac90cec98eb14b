//! Authenticator data: what every authenticator signs, and what its flags say (WebAuthn, 6.1).

use crate::{PasskeyError, RelyingParty};
use sha2::{Digest, Sha256};

const RELYING_PARTY: usize = 32;
const COUNTER: usize = 4;
const AAGUID: usize = 16;
/// WebAuthn, 4: a credential id has at most 1023 bytes.
const LONGEST_ID: usize = 1023;

const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
pub(crate) const HAS_CREDENTIAL: u8 = 0x40;

/// Authenticator data whose relying party is ours and whose authenticator verified the person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuthenticatorData {
    /// It may be copied to other devices.
    pub(crate) backup_eligible: bool,
    /// It is copied to other devices.
    pub(crate) backed_up: bool,
    /// The passkey, when it was made just now.
    pub(crate) made: Option<MadeCredential>,
}

/// The passkey inside authenticator data of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeCredential {
    /// The authenticator's model.
    pub(crate) aaguid: [u8; 16],
    /// Its id.
    pub(crate) id: Vec<u8>,
}

impl AuthenticatorData {
    /// Reads it, up to the passkey's id: public key and extensions are not needed here.
    ///
    /// # Errors
    /// [`PasskeyError::NotVerified`] when the person was not verified; [`PasskeyError::Malformed`] when it is no such data, or
    /// another relying party's.
    #[cfg(any(windows, target_os = "macos", test))]
    pub(crate) fn read(bytes: &[u8], relying_party: RelyingParty) -> Result<Self, PasskeyError> {
        Signed::read(bytes)?.0.believe(relying_party)
    }

    /// The id of the passkey that was made, also in data that is not believed: to delete what is of no use.
    #[cfg(any(windows, test))]
    pub(crate) fn made_id(bytes: &[u8]) -> Option<Vec<u8>> {
        Signed::read(bytes).ok()?.0.made.map(|made| made.id)
    }
}

/// Authenticator data before it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    relying_party: [u8; RELYING_PARTY],
    flags: u8,
    made: Option<MadeCredential>,
}

impl Signed {
    /// Takes it apart; what is left begins with the public key of a passkey that was made, or with the extensions.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), PasskeyError> {
        let mut rest = Rest(bytes);
        let relying_party = rest.take(RELYING_PARTY)?.try_into().map_err(|_| PasskeyError::Malformed)?;
        let flags = rest.take(1)?[0];
        rest.take(COUNTER)?;
        let made = if flags & HAS_CREDENTIAL == 0 { None } else { Some(MadeCredential::read(&mut rest)?) };
        Ok((Self { relying_party, flags, made }, rest.0))
    }

    /// The flag is set.
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What it says, when it is ours and the person was verified.
    pub(crate) fn believe(self, relying_party: RelyingParty) -> Result<AuthenticatorData, PasskeyError> {
        if self.relying_party.as_slice() != Sha256::digest(relying_party.id()).as_slice() {
            return Err(PasskeyError::Malformed);
        }
        if !self.has(USER_VERIFIED) {
            return Err(PasskeyError::NotVerified);
        }
        // WebAuthn, 6.1.3 rules out a copy of what cannot be copied.
        let (backup_eligible, backed_up) = (self.has(BACKUP_ELIGIBLE), self.has(BACKED_UP));
        if backed_up && !backup_eligible {
            return Err(PasskeyError::Malformed);
        }
        Ok(AuthenticatorData { backup_eligible, backed_up, made: self.made })
    }
}

impl MadeCredential {
    fn read(rest: &mut Rest<'_>) -> Result<Self, PasskeyError> {
        let aaguid = rest.take(AAGUID)?.try_into().map_err(|_| PasskeyError::Malformed)?;
        let length = rest.take(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length == 0 || length > LONGEST_ID {
            return Err(PasskeyError::Malformed);
        }
        Ok(Self { aaguid, id: rest.take(length)?.to_vec() })
    }
}

/// Bytes that were not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], PasskeyError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(PasskeyError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Authenticator data of our relying party.
    pub(crate) fn authenticator_data(flags: u8, id: Option<&[u8]>) -> Vec<u8> {
        let mut bytes = Sha256::digest(RelyingParty::CURRENT.id()).to_vec();
        bytes.push(flags | if id.is_some() { HAS_CREDENTIAL } else { 0 });
        bytes.extend([0; COUNTER]);
        if let Some(id) = id {
            bytes.extend([7; AAGUID]);
            bytes.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
            bytes.extend(id);
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<AuthenticatorData, PasskeyError> {
        AuthenticatorData::read(bytes, RelyingParty::CURRENT)
    }

    #[test]
    fn flags_and_the_passkey_are_read() {
        let bytes = authenticator_data(USER_VERIFIED | BACKUP_ELIGIBLE | 0x01, Some(b"an id"));

        let data = read(&bytes).unwrap();

        assert!(data.backup_eligible);
        assert!(!data.backed_up);
        assert_eq!(data.made, Some(MadeCredential { aaguid: [7; 16], id: b"an id".to_vec() }));
    }

    #[test]
    fn data_of_a_use_names_no_passkey() {
        let bytes = authenticator_data(USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP, None);

        let data = read(&bytes).unwrap();

        assert_eq!(data, AuthenticatorData { backup_eligible: true, backed_up: true, made: None });
    }

    #[test]
    fn data_without_verification_of_the_person_is_refused() {
        let bytes = authenticator_data(0x01, None);

        let refused = read(&bytes);

        assert_eq!(refused, Err(PasskeyError::NotVerified));
    }

    #[test]
    fn a_copy_of_what_cannot_be_copied_is_refused() {
        let bytes = authenticator_data(USER_VERIFIED | BACKED_UP, None);

        let refused = read(&bytes);

        assert_eq!(refused, Err(PasskeyError::Malformed));
    }

    #[test]
    fn data_of_another_relying_party_is_refused() {
        let mut bytes = authenticator_data(USER_VERIFIED, None);
        bytes[0] ^= 1;

        let refused = read(&bytes);

        assert_eq!(refused, Err(PasskeyError::Malformed));
    }

    #[test]
    fn data_cut_short_anywhere_is_refused() {
        let bytes = authenticator_data(USER_VERIFIED, Some(b"an id"));

        let taken: Vec<usize> = (0..bytes.len()).filter(|end| read(&bytes[..*end]).is_ok()).collect();

        assert!(taken.is_empty(), "{taken:?}");
    }

    #[test]
    fn an_id_that_is_empty_or_too_long_is_refused() {
        let empty = read(&authenticator_data(USER_VERIFIED, Some(b"")));
        let long = read(&authenticator_data(USER_VERIFIED, Some(&[1; LONGEST_ID + 1])));

        assert_eq!(empty, Err(PasskeyError::Malformed));
        assert_eq!(long, Err(PasskeyError::Malformed));
    }
}
