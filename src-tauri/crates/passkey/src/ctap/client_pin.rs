//! authenticatorClientPIN (6.5): retries, PINs, and tokens that prove a person was verified.

use super::cbor::{Writer, Written, each_entry, message, whole};
use super::{Malformed, PeerKey, PinProtocol, SharedSecret};
use crate::NewPinProblem;
use coffer_secret::{Entropy, Secret, SecretString};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// authenticatorClientPIN.
const CLIENT_PIN: u8 = 0x06;
/// The most bytes of a PIN (6.5.1).
const MAX_PIN: usize = 63;
/// More than anybody types; longer texts are not even normalised.
const MAX_TYPED: usize = 256;

/// What a token allows (6.5.5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permissions(u8);

impl Permissions {
    /// Make a passkey, and look for those that exist.
    pub(crate) const CREATE: Self = Self(0x01 | 0x02);
    /// Use a passkey.
    pub(crate) const EVALUATE: Self = Self(0x02);
    /// Change what the key demands.
    #[cfg(any(test, feature = "virtual-keys"))]
    pub(crate) const CONFIGURE: Self = Self(0x20);

    #[cfg(any(test, feature = "virtual-keys"))]
    pub(crate) const fn of_bits(bits: u8) -> Self {
        Self(bits)
    }
}

/// A PIN as it is sent: normalised, of a possible length.
#[derive(Debug)]
pub(crate) struct Pin(SecretString);

impl Pin {
    /// Takes what was typed (6.5.1: NFC, at most 63 bytes).
    pub(crate) fn new(typed: &SecretString, min_characters: u8) -> Result<Self, NewPinProblem> {
        if typed.expose().len() > MAX_TYPED {
            return Err(NewPinProblem::TooLong);
        }
        // Roomy enough never to grow, so that no copy is left behind: NFC makes UTF-8 at most 3 times longer
        // (Unicode standard annex 15, 11).
        let mut text = String::with_capacity(3 * MAX_TYPED);
        text.extend(typed.expose().nfc());
        let pin = Self(SecretString::new(text));
        let characters = pin.0.expose().chars().count();
        if characters < usize::from(min_characters) {
            Err(NewPinProblem::TooShort)
        } else if pin.0.expose().len() > MAX_PIN {
            Err(NewPinProblem::TooLong)
        } else {
            Ok(pin)
        }
    }

    /// `paddedPin` (6.5.5.5).
    fn padded(&self) -> Secret<64> {
        let bytes = self.0.expose().as_bytes();
        let filled: Result<_, std::convert::Infallible> = Secret::derive(|padded: &mut [u8; 64]| {
            padded[..bytes.len()].copy_from_slice(bytes);
            Ok(())
        });
        filled.unwrap_or_else(|never| match never {})
    }

    /// `LEFT(SHA-256(pin), 16)` (6.5.5.7.1).
    fn hash(&self) -> Secret<16> {
        let whole = Secret::<32>::take(&mut Sha256::digest(self.0.expose()).into());
        Secret::copy_from(&whole.expose()[..16]).expect("a half is sixteen bytes")
    }
}

/// The messages.
pub(crate) struct PinCommand;

impl PinCommand {
    /// getPINRetries (6.5.5.2).
    pub(crate) fn retries(protocol: PinProtocol) -> Vec<u8> {
        command(2, protocol, 0x01, |_| Ok(()))
    }

    /// getUVRetries (6.5.5.3).
    pub(crate) fn uv_retries(protocol: PinProtocol) -> Vec<u8> {
        command(2, protocol, 0x07, |_| Ok(()))
    }

    /// getKeyAgreement (6.5.5.4).
    pub(crate) fn key_agreement(protocol: PinProtocol) -> Vec<u8> {
        command(2, protocol, 0x02, |_| Ok(()))
    }

    /// setPIN (6.5.5.5).
    pub(crate) fn set_pin(secret: &SharedSecret, new: &Pin, entropy: &dyn Entropy) -> Vec<u8> {
        let new = secret.encrypt(new.padded().expose(), entropy);
        let proof = secret.authenticate(&new);
        command(5, secret.protocol(), 0x03, |w| {
            secret.ours().encode(w.u8(3)?)?;
            w.u8(4)?.bytes(&proof)?.u8(5)?.bytes(&new)?;
            Ok(())
        })
    }

    /// changePIN (6.5.5.6).
    pub(crate) fn change_pin(secret: &SharedSecret, old: &Pin, new: &Pin, entropy: &dyn Entropy) -> Vec<u8> {
        let new = secret.encrypt(new.padded().expose(), entropy);
        let old = secret.encrypt(old.hash().expose(), entropy);
        let proof = secret.authenticate(&[&new[..], &old].concat());
        command(6, secret.protocol(), 0x04, |w| {
            secret.ours().encode(w.u8(3)?)?;
            w.u8(4)?.bytes(&proof)?.u8(5)?.bytes(&new)?.u8(6)?.bytes(&old)?;
            Ok(())
        })
    }

    /// getPinToken (6.5.5.7.1): what CTAP 2.0 authenticators know.
    pub(crate) fn token(secret: &SharedSecret, pin: &Pin, entropy: &dyn Entropy) -> Vec<u8> {
        let pin = secret.encrypt(pin.hash().expose(), entropy);
        command(4, secret.protocol(), 0x05, |w| {
            secret.ours().encode(w.u8(3)?)?;
            w.u8(6)?.bytes(&pin)?;
            Ok(())
        })
    }

    /// getPinUvAuthTokenUsingPinWithPermissions (6.5.5.7.2).
    pub(crate) fn token_by_pin(
        secret: &SharedSecret,
        pin: &Pin,
        permissions: Permissions,
        relying_party_id: &str,
        entropy: &dyn Entropy,
    ) -> Vec<u8> {
        let pin = secret.encrypt(pin.hash().expose(), entropy);
        command(6, secret.protocol(), 0x09, |w| {
            secret.ours().encode(w.u8(3)?)?;
            w.u8(6)?.bytes(&pin)?.u8(9)?.u8(permissions.0)?.u8(10)?.str(relying_party_id)?;
            Ok(())
        })
    }

    /// getPinUvAuthTokenUsingUvWithPermissions (6.5.5.7.3).
    pub(crate) fn token_by_uv(
        secret: &SharedSecret,
        permissions: Permissions,
        relying_party_id: &str,
    ) -> Vec<u8> {
        command(5, secret.protocol(), 0x06, |w| {
            secret.ours().encode(w.u8(3)?)?;
            w.u8(9)?.u8(permissions.0)?.u8(10)?.str(relying_party_id)?;
            Ok(())
        })
    }
}

fn command(
    fields: u64,
    protocol: PinProtocol,
    subcommand: u8,
    write: impl FnOnce(&mut Writer<'_>) -> Written,
) -> Vec<u8> {
    message(CLIENT_PIN, |w| {
        w.map(fields)?.u8(1)?.u8(protocol.number())?.u8(2)?.u8(subcommand)?;
        write(w)
    })
}

/// Tries that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retries {
    pub(crate) left: u8,
    /// The next try needs the authenticator to be taken out first.
    pub(crate) is_paused: bool,
}

impl Retries {
    /// Reads the answer to getPINRetries or getUVRetries.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let (mut left, mut is_paused) = (None, false);
            each_entry(decoder, |key, value| {
                match key {
                    // A number beyond any that is shown is as good as "enough".
                    0x03 | 0x05 => left = Some(u8::try_from(value.u64()?).unwrap_or(u8::MAX)),
                    0x04 => is_paused = value.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            Ok(Self { left: left.ok_or(Malformed)?, is_paused })
        })
    }
}

#[cfg(any(test, feature = "virtual-keys"))]
impl SharedSecret {
    /// What an authenticator does with a token.
    pub(crate) fn wrap(&self, token: &PinToken, entropy: &dyn Entropy) -> Vec<u8> {
        self.encrypt(token.expose(), entropy)
    }
}

impl PeerKey {
    /// Reads the answer to getKeyAgreement.
    pub(crate) fn decode_answer(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let mut key = None;
            each_entry(decoder, |name, value| {
                if name == 0x01 {
                    key = Some(Self::decode(value)?);
                }
                Ok(name == 0x01)
            })?;
            key.ok_or(Malformed)
        })
    }
}

/// Proves to the authenticator that it verified the person a moment ago.
#[derive(Debug)]
pub(crate) struct PinToken {
    protocol: PinProtocol,
    bytes: TokenBytes,
}

/// Protocol 1 has both lengths, protocol 2 only the longer (6.5.6, 6.5.7).
#[derive(Debug)]
enum TokenBytes {
    Short(Secret<16>),
    Long(Secret<32>),
}

impl PinToken {
    /// Reads the answer that carries a token.
    pub(crate) fn decode(bytes: &[u8], secret: &SharedSecret) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let mut token = None;
            each_entry(decoder, |key, value| {
                if key == 0x02 {
                    token = Some(value.bytes()?);
                }
                Ok(key == 0x02)
            })?;
            let token = token.ok_or(Malformed)?;
            let bytes = match (secret.protocol(), secret.plain_length(token)) {
                (PinProtocol::One, Some(16)) => TokenBytes::Short(secret.decrypt(token)?),
                (_, Some(32)) => TokenBytes::Long(secret.decrypt(token)?),
                _ => return Err(Malformed),
            };
            Ok(Self { protocol: secret.protocol(), bytes })
        })
    }

    pub(super) fn protocol(&self) -> PinProtocol {
        self.protocol
    }

    /// `pinUvAuthParam` over a message.
    pub(crate) fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.authenticate(self.expose(), message)
    }

    fn expose(&self) -> &[u8] {
        match &self.bytes {
            TokenBytes::Short(key) => key.expose(),
            TokenBytes::Long(key) => key.expose(),
        }
    }
}
