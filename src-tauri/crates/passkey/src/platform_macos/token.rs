//! The token by which the Secure Enclave finds a key again, inside the id of a passkey.

use crate::quick_unlock_id::MARK;
use crate::{Credential, PasskeyError};

/// WebAuthn, 4: a credential id has at most 1023 bytes. The token has about 570.
const LONGEST_ID: usize = 1023;

/// The id that carries an enclave's token.
///
/// # Errors
/// [`PasskeyError::Malformed`] for a token that no id can carry.
pub(super) fn id_of(token: &[u8]) -> Result<Vec<u8>, PasskeyError> {
    let id = [MARK, token].concat();
    if token.is_empty() || id.len() > LONGEST_ID { Err(PasskeyError::Malformed) } else { Ok(id) }
}

/// The token in an id of quick unlock.
pub(super) fn token_of(credential: &Credential) -> Option<&[u8]> {
    credential.id.strip_prefix(MARK).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transports;
    use crate::quick_unlock_id::is_quick_unlock;

    fn credential(id: Vec<u8>) -> Credential {
        Credential { id, transports: Transports::INTERNAL }
    }

    #[test]
    fn an_id_carries_its_token() {
        let credential = credential(id_of(&[5; 570]).unwrap());

        assert!(is_quick_unlock(&credential));
        assert_eq!(token_of(&credential), Some([5; 570].as_slice()));
    }

    #[test]
    fn ids_of_authenticators_are_others() {
        let other = credential(vec![5; 64]);
        let bare = credential(MARK.to_vec());

        assert!(!is_quick_unlock(&other));
        assert_eq!(token_of(&other), None);
        assert_eq!(token_of(&bare), None);
    }

    #[test]
    fn a_token_that_no_id_can_carry_is_refused() {
        assert_eq!(id_of(&[]), Err(PasskeyError::Malformed));
        assert_eq!(id_of(&[5; 1002]), Err(PasskeyError::Malformed));
        assert!(id_of(&[5; 1001]).is_ok());
    }
}
