//! The extensions `hmac-secret` (12.5) and `hmac-secret-mc` (CTAP 2.2, 12.8), which WebAuthn calls PRF.

use super::cbor::{Writer, Written};
use super::{Malformed, PinProtocol, SharedSecret};
use coffer_secret::{Entropy, Secret};
use sha2::{Digest, Sha256};

/// What the authenticator mixes with the credential's own secret. Not secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Salt([u8; 32]);

impl Salt {
    /// SHA-256("WebAuthn PRF" ‖ 0 ‖ input) (WebAuthn level 3, 10.1.4).
    pub(crate) fn of(input: &[u8; 32]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"WebAuthn PRF\0");
        hash.update(input);
        Self(hash.finalize().into())
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A salt on its way, and the key that opens the output.
#[derive(Debug)]
pub(crate) struct SaltSession {
    secret: SharedSecret,
    salt: Vec<u8>,
    proof: Vec<u8>,
}

impl SaltSession {
    pub(crate) fn new(secret: SharedSecret, salt: &Salt, entropy: &dyn Entropy) -> Self {
        let salt = secret.encrypt(&salt.0, entropy);
        let proof = secret.authenticate(&salt);
        Self { secret, salt, proof }
    }

    /// Writes the input of the extension.
    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Written {
        // Protocol 1 goes without saying, and CTAP 2.0 authenticators do not know the field.
        let says_protocol = self.secret.protocol() != PinProtocol::One;
        writer.map(3 + u64::from(says_protocol))?.u8(1)?;
        self.secret.ours().encode(writer)?;
        writer.u8(2)?.bytes(&self.salt)?.u8(3)?.bytes(&self.proof)?;
        if says_protocol {
            writer.u8(4)?.u8(self.secret.protocol().number())?;
        }
        Ok(())
    }

    /// Opens the output: one salt was sent, so it is one output of 32 bytes.
    pub(crate) fn open(&self, output: &[u8]) -> Result<Secret<32>, Malformed> {
        self.secret.decrypt(output)
    }
}
