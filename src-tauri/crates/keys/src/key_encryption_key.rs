//! The key made from one secret for one slot: it wraps the data key, commits to itself, and owns an X25519 pair.

use crate::kdf::{self, Label};
use crate::keyslot::SlotHead;
use crate::unlock_secret::StrongKey;
use crate::{KeyError, RepositoryId, UnlockSecret};
use coffer_secret::Secret;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, Serializable};

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;

/// Derived from a secret, the salt of a slot, the kind of the slot, its id and its repository. Never stored.
#[derive(Debug)]
pub(crate) struct KeyEncryptionKey(Secret<32>);

/// What wraps the data key, and what proves that it is the right key before anything is unwrapped.
#[derive(Debug)]
pub(crate) struct WrapKey {
    pub(crate) key: Secret<32>,
    pub(crate) commitment: [u8; 32],
}

impl KeyEncryptionKey {
    /// Derives the key of a slot. A password pays for Argon2id here and nowhere else.
    pub(crate) fn derive(
        secret: &UnlockSecret,
        slot: &SlotHead,
        repository: &RepositoryId,
    ) -> Result<Self, KeyError> {
        let strong = match (secret, &slot.argon2) {
            (UnlockSecret::Password(password), Some(params)) => {
                StrongKey::stretch(password, params, &slot.salt)?
            }
            (UnlockSecret::RecoveryKey(key), None) => StrongKey::from_recovery_key(key),
            (UnlockSecret::Keychain(key) | UnlockSecret::Passkey(key), None) => {
                StrongKey::from_strong_bytes(key)
            }
            (UnlockSecret::Password(_), None)
            | (
                UnlockSecret::RecoveryKey(_) | UnlockSecret::Keychain(_) | UnlockSecret::Passkey(_),
                Some(_),
            ) => {
                return Err(KeyError::WrongSecret);
            }
        };
        Ok(Self(kdf::extract_and_expand(
            strong.expose(),
            &slot.salt,
            Label::KeyEncryptionKey,
            &[&[slot.kind.number()], repository.as_bytes(), slot.id.as_bytes()],
        )))
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Derives the wrapping key and the commitment.
    pub(crate) fn derive_wrap_key(&self) -> WrapKey {
        let bytes: Secret<64> = kdf::expand(&self.0, Label::SlotWrap, &[]);
        let (key, commitment) = bytes.expose().split_at(32);
        WrapKey {
            key: Secret::copy_from(key).expect("the first 32 of 64 bytes"),
            commitment: commitment.try_into().expect("the last 32 of 64 bytes"),
        }
    }

    /// Derives the secret key that opens what was handed over to this slot.
    pub(crate) fn derive_secret_key(&self) -> Secret<32> {
        kdf::expand(&self.0, Label::SlotKeyPair, &[])
    }

    /// Derives the public key to which a later data key can be handed over without this secret.
    pub(crate) fn derive_public_key(&self) -> [u8; 32] {
        let secret_key =
            PrivateKey::from_bytes(self.derive_secret_key().expose()).expect("32 bytes are an X25519 key");
        X25519HkdfSha256::sk_to_pk(&secret_key).to_bytes().into()
    }
}
