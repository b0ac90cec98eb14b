//! PIN/UV auth protocols 1 and 2 (6.5.6, 6.5.7): how secrets cross the wire.

use super::Malformed;
use super::cbor::{Writer, Written};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use coffer_secret::{Entropy, Secret};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::decode::Decoder;
use p256::{FieldBytes, PublicKey, SecretKey};
use sha2::{Digest, Sha256};

/// A block of AES, and the length of an initialisation vector.
const BLOCK: usize = 16;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinProtocol {
    One,
    Two,
}

impl PinProtocol {
    pub(super) const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// `authenticate` of the protocol (6.5.4).
    pub(super) fn authenticate(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(message);
        let tag = mac.finalize().into_bytes();
        match self {
            Self::One => tag[..16].to_vec(),
            Self::Two => tag.to_vec(),
        }
    }
}

/// The other side's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerKey(PublicKey);

impl PeerKey {
    /// Reads a COSE key (6.5.5.4): P-256, on the curve, for key agreement.
    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        // 0x04: both coordinates follow (SEC 1, 2.3.4).
        let mut point = [4_u8; 65];
        let (mut has_x, mut has_y) = (false, false);
        let count = decoder.map()?.ok_or(Malformed)?;
        for _ in 0..count {
            match decoder.i64()? {
                1 if decoder.u8()? != 2 => return Err(Malformed),
                -1 if decoder.u8()? != 1 => return Err(Malformed),
                -2 => {
                    point[1..33].copy_from_slice(coordinate(decoder)?);
                    has_x = true;
                }
                -3 => {
                    point[33..].copy_from_slice(coordinate(decoder)?);
                    has_y = true;
                }
                1 | -1 => {}
                _ => decoder.skip()?,
            }
        }
        if !(has_x && has_y) {
            return Err(Malformed);
        }
        PublicKey::from_sec1_bytes(&point).map(Self).map_err(|_| Malformed)
    }

    /// Writes it as a COSE key.
    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Written {
        let point = p256::Sec1Point::from(&self.0);
        let (x, y) = point.x().zip(point.y()).expect("an uncompressed point has both coordinates");
        // -25: ECDH-ES + HKDF-256, though that is not what happens (6.5.5.4).
        writer.map(5)?.u8(1)?.u8(2)?.u8(3)?.i8(-25)?.i8(-1)?.u8(1)?.i8(-2)?.bytes(x)?.i8(-3)?.bytes(y)?;
        Ok(())
    }
}

fn coordinate<'b>(decoder: &mut Decoder<'b>) -> Result<&'b [u8; 32], Malformed> {
    decoder.bytes()?.try_into().map_err(|_| Malformed)
}

/// What both sides know after the key agreement, and nobody between them.
#[derive(Debug)]
pub(crate) struct SharedSecret {
    protocol: PinProtocol,
    ours: PeerKey,
    mac_key: Secret<32>,
    aes_key: Secret<32>,
}

impl SharedSecret {
    /// `encapsulate` (6.5.4): a fresh key pair of ours, agreed with the authenticator's.
    pub(crate) fn agree(protocol: PinProtocol, peer: &PeerKey, entropy: &dyn Entropy) -> Self {
        loop {
            let seed = Secret::<32>::make(entropy);
            // One in 2^32 is no scalar of the curve.
            if let Some(agreed) = Self::from_scalar(protocol, peer, &seed) {
                return agreed;
            }
        }
    }

    /// The same with a known key. `None` when it is no scalar of the curve.
    pub(crate) fn from_scalar(protocol: PinProtocol, peer: &PeerKey, scalar: &Secret<32>) -> Option<Self> {
        let ours = SecretKey::from_bytes(<&FieldBytes>::from(scalar.expose())).ok()?;
        let point = ours.diffie_hellman(&peer.0);
        let (mac_key, aes_key) = derive_keys(protocol, point.raw_secret_bytes());
        Some(Self { protocol, ours: PeerKey(ours.public_key()), mac_key, aes_key })
    }

    /// The keys as the standard writes them: one for protocol 1; for protocol 2 that of the HMAC, then that of AES.
    #[cfg(test)]
    pub(super) fn keys_in_order(&self) -> Vec<u8> {
        match self.protocol {
            PinProtocol::One => self.aes_key.expose().to_vec(),
            PinProtocol::Two => [*self.mac_key.expose(), *self.aes_key.expose()].concat(),
        }
    }

    pub(crate) fn protocol(&self) -> PinProtocol {
        self.protocol
    }

    /// Our half, for the authenticator.
    pub(super) fn ours(&self) -> &PeerKey {
        &self.ours
    }

    /// `encrypt` (6.5.4). The plaintext is whole blocks.
    pub(super) fn encrypt(&self, plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut vector = [0_u8; BLOCK];
        if self.protocol == PinProtocol::Two {
            entropy.fill(&mut vector);
        }
        let mut ciphertext = plaintext.to_vec();
        let length = ciphertext.len();
        cbc::Encryptor::<aes::Aes256>::new(self.aes_key.expose().into(), &vector.into())
            .encrypt_padded::<NoPadding>(&mut ciphertext, length)
            .expect("what is sent is whole blocks");
        match self.protocol {
            PinProtocol::One => ciphertext,
            PinProtocol::Two => [&vector[..], &ciphertext].concat(),
        }
    }

    /// `decrypt` (6.5.4), to exactly `N` bytes.
    pub(super) fn decrypt<const N: usize>(&self, bytes: &[u8]) -> Result<Secret<N>, Malformed> {
        let (vector, ciphertext) = match self.protocol {
            PinProtocol::One => ([0; BLOCK], bytes),
            PinProtocol::Two => bytes.split_first_chunk().map(|(v, rest)| (*v, rest)).ok_or(Malformed)?,
        };
        if ciphertext.len() != N {
            return Err(Malformed);
        }
        Secret::derive(|plaintext| {
            plaintext.copy_from_slice(ciphertext);
            cbc::Decryptor::<aes::Aes256>::new(self.aes_key.expose().into(), &vector.into())
                .decrypt_padded::<NoPadding>(plaintext)
                .map(drop)
                .map_err(|_| Malformed)
        })
    }

    /// How long the plaintext of `bytes` is.
    pub(super) fn plain_length(&self, bytes: &[u8]) -> Option<usize> {
        match self.protocol {
            PinProtocol::One => Some(bytes.len()),
            PinProtocol::Two => bytes.len().checked_sub(BLOCK),
        }
    }

    /// `authenticate` (6.5.4), with the shared secret.
    pub(super) fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.authenticate(self.mac_key.expose(), message)
    }
}

/// `kdf` of the protocols (6.5.6, 6.5.7). The labels are the standard's, not Coffer's.
fn derive_keys(protocol: PinProtocol, point: &FieldBytes) -> (Secret<32>, Secret<32>) {
    match protocol {
        PinProtocol::One => {
            let key = Secret::take(&mut Sha256::digest(point).into());
            (key.duplicate(), key)
        }
        PinProtocol::Two => {
            let extracted = Hkdf::<Sha256>::new(Some(&[0; 32]), point);
            let expand = |label: &[u8]| {
                Secret::derive(|key| extracted.expand(label, key)).expect("32 bytes are within HKDF's limit")
            };
            (expand(b"CTAP2 HMAC key"), expand(b"CTAP2 AES key"))
        }
    }
}
