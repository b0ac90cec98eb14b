//! The PRF output in the answer of an operating system.

use crate::PasskeyError;
use coffer_secret::Secret;

/// What stands where 32 bytes are expected.
#[derive(Debug)]
pub(crate) enum PrfOutput {
    /// Nothing.
    None,
    /// 32 bytes.
    Secret(Secret<32>),
    /// Some other number of bytes.
    OtherLength,
}

impl PrfOutput {
    /// Copies it; the caller zeroes its own copy where it can.
    pub(crate) fn copy_from(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        Secret::copy_from(bytes).map_or(Self::OtherLength, Self::Secret)
    }

    /// The bytes, if there are any.
    ///
    /// # Errors
    /// [`PasskeyError::Malformed`] for a number of bytes that no PRF gives.
    pub(crate) fn secret(&self) -> Result<Option<Secret<32>>, PasskeyError> {
        match self {
            Self::None => Ok(None),
            Self::Secret(secret) => Ok(Some(secret.duplicate())),
            Self::OtherLength => Err(PasskeyError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_32_bytes_are_a_secret() {
        let given = |length| PrfOutput::copy_from(&vec![8; length]).secret().map(|s| s.map(|s| *s.expose()));

        assert_eq!(given(0), Ok(None));
        assert_eq!(given(31), Err(PasskeyError::Malformed));
        assert_eq!(given(32), Ok(Some([8; 32])));
        assert_eq!(given(64), Err(PasskeyError::Malformed));
    }

    #[test]
    fn it_prints_no_secret() {
        let printed = format!("{:?}", PrfOutput::copy_from(&[0xAB; 32]));

        assert_eq!(printed, "Secret([redacted])");
    }
}
