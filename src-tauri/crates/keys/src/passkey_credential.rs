//! What the slot of a passkey says in clear: whom to ask for, before anything is known to be authentic.

use crate::KeyError;
use crate::cbor::{self, Fields};
use std::ops::RangeInclusive;

/// Relying parties of this version, from 1 (`KEYSLOTS.md`, section 4). The passkey crate holds their names.
pub const RELYING_PARTIES: RangeInclusive<u8> = 1..=1;
/// Longest credential id (WebAuthn, 4).
const ID_LIMIT: usize = 1023;
/// Room for the encoded map.
const MAP_LIMIT: usize = 1100;
const WHAT: &str = "passkey of a slot";

/// A passkey as it is named to authenticators. Not secret, and not authentic before its slot was opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasskeyCredential {
    relying_party: u8,
    id: Vec<u8>,
    transports: u8,
}

impl PasskeyCredential {
    /// Puts one together.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] without an id, [`KeyError::TooLong`] for one of more than 1023 bytes.
    pub fn new(relying_party: u8, id: Vec<u8>, transports: u8) -> Result<Self, KeyError> {
        match id.len() {
            0 => Err(KeyError::Malformed { what: WHAT }),
            1..=ID_LIMIT => Ok(Self { relying_party, id, transports }),
            _ => Err(KeyError::TooLong { what: WHAT, limit: ID_LIMIT }),
        }
    }

    /// The number of its relying party; [`Self::is_askable`] says whether it is in the list.
    pub const fn relying_party(&self) -> u8 {
        self.relying_party
    }

    /// The credential id, 1 to 1023 bytes.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// How it was reached when it was made (WebAuthn, 5.8.4), as bits.
    pub const fn transports(&self) -> u8 {
        self.transports
    }

    /// False for a relying party that is not in the list: no authenticator is asked for it.
    pub fn is_askable(&self) -> bool {
        RELYING_PARTIES.contains(&self.relying_party)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, WHAT)?;
        let relying_party = fields.required(0, |d| d.u8())?;
        let id = fields.required(1, |d| d.bytes())?.to_vec();
        let transports = fields.required(2, |d| d.u8())?;
        fields.rest()?;
        Self::new(relying_party, id, transports).map_err(|_| KeyError::Malformed { what: WHAT })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { relying_party, id, transports } = self;
        let mut block = [0_u8; MAP_LIMIT];
        let written = cbor::write_block(&mut block, WHAT, |encoder| {
            encoder.map(3)?.u8(0)?.u8(*relying_party)?.u8(1)?.bytes(id)?.u8(2)?.u8(*transports)?;
            Ok(())
        });
        let content = written.and_then(|()| cbor::read_block(&block, WHAT));
        content.expect("an id of at most 1023 bytes fits").to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALFORMED: KeyError = KeyError::Malformed { what: WHAT };

    #[test]
    fn a_credential_comes_back_as_it_was_written() {
        let longest = PasskeyCredential::new(1, vec![7; ID_LIMIT], 3).unwrap();

        assert_eq!(PasskeyCredential::decode(&longest.encode()), Ok(longest));
    }

    #[test]
    fn a_credential_is_written_as_the_text_says() {
        let credential = PasskeyCredential::new(1, vec![0xaa, 0xbb], 3).unwrap();

        assert_eq!(credential.encode(), [0xa3, 0x00, 0x01, 0x01, 0x42, 0xaa, 0xbb, 0x02, 0x03]);
    }

    #[test]
    fn an_id_of_no_bytes_or_too_many_is_refused() {
        let refused = |id: Vec<u8>| PasskeyCredential::new(1, id, 0).unwrap_err();

        assert_eq!(refused(Vec::new()), MALFORMED);
        assert_eq!(refused(vec![0; 1024]), KeyError::TooLong { what: WHAT, limit: 1023 });
    }

    #[test]
    fn bytes_that_are_no_credential_are_refused() {
        let empty_id = [0xa3, 0x00, 0x01, 0x01, 0x40, 0x02, 0x03];
        let no_transports = [0xa2, 0x00, 0x01, 0x01, 0x41, 0xaa];
        let critical = [0xa4, 0x00, 0x01, 0x01, 0x41, 0xaa, 0x02, 0x03, 0x03, 0x00];
        let trailing = [0xa3, 0x00, 0x01, 0x01, 0x41, 0xaa, 0x02, 0x03, 0x00];
        let optional = [0xa4, 0x00, 0x01, 0x01, 0x41, 0xaa, 0x02, 0x03, 0x20, 0x00];

        assert_eq!(PasskeyCredential::decode(&[]), Err(MALFORMED));
        assert_eq!(PasskeyCredential::decode(&empty_id), Err(MALFORMED));
        assert_eq!(PasskeyCredential::decode(&no_transports), Err(MALFORMED));
        assert_eq!(PasskeyCredential::decode(&trailing), Err(MALFORMED));
        assert_eq!(PasskeyCredential::decode(&critical), Err(KeyError::Newer { what: WHAT }));
        assert_eq!(PasskeyCredential::decode(&optional), PasskeyCredential::new(1, vec![0xaa], 3));
    }

    #[test]
    fn only_listed_relying_parties_are_asked() {
        let asked: Vec<u8> = (0..=u8::MAX)
            .filter(|index| PasskeyCredential::new(*index, vec![1], 0).unwrap().is_askable())
            .collect();

        assert_eq!(asked, [1]);
    }
}
