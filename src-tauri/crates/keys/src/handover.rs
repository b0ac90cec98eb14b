//! A later data key, sealed to the public key of a slot whose owner is absent (RFC 9180, HPKE).
//!
//! Mode PSK: the pre-shared key comes from the earlier data key that the slot wraps. The public keys of slots stand in
//! clear, so without it whoever holds the place could hand over a data key of his own.

use crate::cbor::{self, Encoder, Written};
use crate::kdf::Label;
use crate::{DataKey, KeyError, KeyId, RepositoryId};
use coffer_secret::{Entropy, Secret};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use minicbor::decode::{Decoder, Error as DecodeError};
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;
use zeroize::Zeroizing;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Encapsulated key, sealed data key, tag.
const SEALED_SIZE: usize = ENCAPPED_SIZE + 32 + 16;
const ENCAPPED_SIZE: usize = 32;

/// The sealed data key, and which earlier one the slot itself wraps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handover {
    /// The generation that the slot wraps; earlier than that of the file.
    pub(crate) wrapped_generation: u32,
    /// The data key that the slot wraps.
    pub(crate) wrapped_key_id: KeyId,
    sealed: [u8; SEALED_SIZE],
}

impl Handover {
    /// Seals `data_key` to the owner of a public key, who also holds `wrapped`.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] when the public key is none.
    pub(crate) fn seal(
        data_key: &DataKey,
        wrapped: &DataKey,
        public_key: &[u8; 32],
        repository: &RepositoryId,
        aad: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let psk = PreSharedKey::derive(wrapped, repository);
        let (encapped, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Psk(psk.bundle()?),
            &PublicKey::from_bytes(public_key).map_err(refused)?,
            &info(repository),
            data_key.key().expose(),
            aad,
            &mut Randomness(entropy),
        )
        .map_err(refused)?;
        let sealed = [encapped.to_bytes().as_slice(), &sealed].concat();
        let sealed = sealed.try_into().expect("an encapsulated key, 32 bytes and a tag");
        Ok(Self { wrapped_generation: wrapped.generation(), wrapped_key_id: wrapped.key_id(), sealed })
    }

    /// Opens the data key with the secret key of the slot and the earlier data key that it wraps.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] when it was sealed by somebody who does not hold the earlier data key, or was changed.
    pub(crate) fn open(
        &self,
        secret_key: &Secret<32>,
        wrapped: &DataKey,
        repository: &RepositoryId,
        aad: &[u8],
    ) -> Result<Secret<32>, KeyError> {
        let psk = PreSharedKey::derive(wrapped, repository);
        let (encapped, sealed) = self.sealed.split_at(ENCAPPED_SIZE);
        let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Psk(psk.bundle()?),
            &PrivateKey::from_bytes(secret_key.expose()).map_err(refused)?,
            &EncappedKey::from_bytes(encapped).map_err(refused)?,
            &info(repository),
            sealed,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(refused)?;
        Secret::copy_from(&opened).ok_or(KeyError::Tampered)
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        cbor::array_of(decoder, 3)?;
        let wrapped_generation = decoder.u32()?;
        let wrapped_key_id = KeyId::from_bytes(cbor::bytes(decoder)?);
        Ok(Self { wrapped_generation, wrapped_key_id, sealed: cbor::bytes(decoder)? })
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { wrapped_generation, wrapped_key_id, sealed } = self;
        encoder.array(3)?.u32(*wrapped_generation)?.bytes(wrapped_key_id.as_bytes())?.bytes(sealed)?;
        Ok(())
    }
}

/// What only a holder of the earlier data key knows.
struct PreSharedKey {
    key: Secret<32>,
    id: KeyId,
}

impl PreSharedKey {
    fn derive(wrapped: &DataKey, repository: &RepositoryId) -> Self {
        Self { key: wrapped.derive(Label::SlotHandover, &[repository.as_bytes()]), id: wrapped.key_id() }
    }

    fn bundle(&self) -> Result<PskBundle<'_>, KeyError> {
        PskBundle::new(self.key.expose(), self.id.as_bytes()).map_err(refused)
    }
}

fn info(repository: &RepositoryId) -> Vec<u8> {
    Label::SlotHandover.with_fields(&[repository.as_bytes()])
}

const fn refused(_: HpkeError) -> KeyError {
    KeyError::Tampered
}

/// Our randomness as HPKE asks for it.
struct Randomness<'a>(&'a dyn Entropy);

impl TryRng for Randomness<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0_u8; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0_u8; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Randomness<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_encryption_key::KeyEncryptionKey;
    use crate::{Argon2Params, UnlockSecret, keyslot::Keyslot};
    use coffer_secret::testing::SeededEntropy;

    struct Scene {
        entropy: SeededEntropy,
        repository: RepositoryId,
        earlier: DataKey,
        later: DataKey,
        owner: KeyEncryptionKey,
    }

    impl Scene {
        fn new() -> Self {
            let entropy = SeededEntropy::new(1);
            let (repository, earlier) = (RepositoryId::make(&entropy), DataKey::make(1, &entropy));
            let later = DataKey::make(2, &entropy);
            let secret = UnlockSecret::Keychain(Secret::make(&entropy));
            let slot =
                Keyslot::make(&secret, None, repository, &earlier, Argon2Params::FLOOR, &entropy).unwrap();
            let owner = KeyEncryptionKey::derive(&secret, slot.head(), &repository).unwrap();
            Self { entropy, repository, earlier, later, owner }
        }

        fn seal(&self, wrapped: &DataKey) -> Handover {
            let public_key = self.owner.derive_public_key();
            Handover::seal(&self.later, wrapped, &public_key, &self.repository, b"place", &self.entropy)
                .unwrap()
        }

        fn open(
            &self,
            handover: &Handover,
            repository: &RepositoryId,
            place: &[u8],
        ) -> Result<Secret<32>, KeyError> {
            handover.open(&self.owner.derive_secret_key(), &self.earlier, repository, place)
        }
    }

    #[test]
    fn the_owner_opens_what_was_handed_over() {
        let scene = Scene::new();

        let opened = scene.open(&scene.seal(&scene.earlier), &scene.repository, b"place").unwrap();

        assert!(opened.matches(scene.later.key()));
    }

    #[test]
    fn who_does_not_hold_the_earlier_data_key_hands_nothing_over() {
        let scene = Scene::new();
        let guessed = DataKey::from_parts(1, scene.earlier.key_id(), Secret::make(&scene.entropy));

        let refused = scene.open(&scene.seal(&guessed), &scene.repository, b"place");

        assert_eq!(refused.unwrap_err(), KeyError::Tampered);
    }

    #[test]
    fn a_handover_does_not_open_in_another_place() {
        let scene = Scene::new();
        let handover = scene.seal(&scene.earlier);
        let mut flipped = handover.clone();
        flipped.sealed[40] ^= 1;

        let refused = [
            scene.open(&handover, &scene.repository, b"another place"),
            scene.open(&handover, &RepositoryId::make(&scene.entropy), b"place"),
            scene.open(&flipped, &scene.repository, b"place"),
        ];

        assert_eq!(
            refused.map(Result::unwrap_err),
            [KeyError::Tampered, KeyError::Tampered, KeyError::Tampered]
        );
    }

    #[test]
    fn a_public_key_that_is_none_is_refused() {
        let scene = Scene::new();

        let refused =
            Handover::seal(&scene.later, &scene.earlier, &[0; 32], &scene.repository, b"", &scene.entropy);

        assert_eq!(refused.unwrap_err(), KeyError::Tampered);
    }
}
