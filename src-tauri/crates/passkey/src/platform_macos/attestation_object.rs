//! The attestation object (WebAuthn, 6.5.4), of which only the authenticator data is wanted.

use crate::PasskeyError;
use minicbor::Decoder;

/// The authenticator data in it.
///
/// # Errors
/// [`PasskeyError::Malformed`] when there is none.
pub(super) fn authenticator_data(object: &[u8]) -> Result<&[u8], PasskeyError> {
    find(object).ok().flatten().ok_or(PasskeyError::Malformed)
}

fn find(object: &[u8]) -> Result<Option<&[u8]>, minicbor::decode::Error> {
    let mut decoder = Decoder::new(object);
    let mut entries = decoder.map()?.unwrap_or(0);
    while entries > 0 {
        if decoder.str()? == "authData" {
            return decoder.bytes().map(Some);
        }
        decoder.skip()?;
        entries -= 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"fmt": "none", "attStmt": {}, "authData": h'010203'}`
    const OBJECT: &[u8] = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x43\x01\x02\x03";

    #[test]
    fn authenticator_data_is_found_behind_the_statement() {
        let found = authenticator_data(OBJECT);

        assert_eq!(found, Ok([1, 2, 3].as_slice()));
    }

    #[test]
    fn an_object_without_it_is_refused() {
        let without = authenticator_data(b"\xa1\x63fmt\x64none");
        let text = authenticator_data(b"\xa1\x68authData\x63abc");
        let endless = authenticator_data(b"\xbf\xff");

        assert_eq!(without, Err(PasskeyError::Malformed));
        assert_eq!(text, Err(PasskeyError::Malformed));
        assert_eq!(endless, Err(PasskeyError::Malformed));
    }

    #[test]
    fn an_object_cut_short_anywhere_is_refused() {
        let taken: Vec<usize> =
            (0..OBJECT.len()).filter(|end| authenticator_data(&OBJECT[..*end]).is_ok()).collect();

        assert!(taken.is_empty(), "{taken:?}");
    }
}
