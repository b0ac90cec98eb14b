//! One way to unlock: a data key wrapped for one secret, with everything needed to try that secret.

use crate::cbor::{self, Encoder, Fields, UnknownFields, Written};
use crate::handover::Handover;
use crate::kdf::Label;
use crate::key_encryption_key::{KeyEncryptionKey, WrapKey};
use crate::{
    Argon2Params, DataKey, KeyError, KeyId, Keyring, PasskeyCredential, RepositoryId, SlotId, SlotKind,
    UnlockSecret,
};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use coffer_secret::{Entropy, Secret};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a slot in the file, used or not.
pub(crate) const SLOT_SIZE: usize = 1536;
/// Nonce, wrapped key, tag.
const WRAPPED_SIZE: usize = NONCE_SIZE + 32 + 16;
/// 96 bits: NIST SP 800-38D, 8.2.
const NONCE_SIZE: usize = 12;
/// Room for what a kind adds in clear, such as a passkey's credential id (at most 1023 bytes: WebAuthn, 4).
const METHOD_LIMIT: usize = 1100;
/// Room for the encoded head.
const HEAD_LIMIT: usize = 1300;

/// A stored way to unlock. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyslot {
    head: SlotHead,
    /// The head as it is stored: this very string is authenticated by the wrap.
    head_bytes: Vec<u8>,
    commitment: [u8; 32],
    wrapped: [u8; WRAPPED_SIZE],
    /// Present while the way is absent since the data key changed: then `wrapped` holds an earlier data key.
    handover: Option<Handover>,
    unknown: UnknownFields,
}

/// What must be known to try a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotHead {
    pub(crate) id: SlotId,
    pub(crate) kind: SlotKind,
    pub(crate) salt: [u8; 32],
    /// Present for a password and for nothing else.
    pub(crate) argon2: Option<Argon2Params>,
    /// A later data key can be handed over to this key while the way itself is absent.
    pub(crate) public_key: [u8; 32],
    /// What the kind adds in clear; empty for passwords, 64-digit keys and keychains.
    method: Vec<u8>,
    /// The method of a passkey, and of nothing else.
    pub(crate) passkey: Option<PasskeyCredential>,
    unknown: UnknownFields,
}

/// Where a slot stands. Bound into the wrap, so that a slot cannot be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrapPlace {
    pub(crate) repository: RepositoryId,
    pub(crate) generation: u32,
    pub(crate) key_id: KeyId,
}

impl Keyslot {
    /// Wraps a data key for a secret. `passkey` names the passkey that gave it.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for a passkey's secret without its passkey, or another one with it.
    pub(crate) fn make(
        secret: &UnlockSecret,
        passkey: Option<&PasskeyCredential>,
        repository: RepositoryId,
        data_key: &DataKey,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        if passkey.is_some() != (secret.kind() == SlotKind::Passkey) {
            return Err(KeyError::Malformed { what: "slot head" });
        }
        let mut head = SlotHead::make(secret.kind(), passkey.cloned(), params, entropy);
        let key = KeyEncryptionKey::derive(secret, &head, &repository)?;
        head.public_key = key.derive_public_key();
        let head_bytes = head.encode()?;
        let WrapKey { key: wrap_key, commitment } = key.derive_wrap_key();
        let aad = WrapPlace::of(repository, data_key).associated_data(&head_bytes);
        let wrapped = wrap(&wrap_key, data_key.key(), &aad, entropy);
        Ok(Self { head, head_bytes, commitment, wrapped, handover: None, unknown: UnknownFields::default() })
    }

    /// The same slot with a data key wrapped for its owner, whose key is at hand.
    ///
    /// # Errors
    /// [`KeyError::WrongSecret`] when the slot does not commit to this key.
    pub(crate) fn wrapping(
        &self,
        key: &KeyEncryptionKey,
        repository: RepositoryId,
        data_key: &DataKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let wrap_key = self.committed_wrap_key(key)?;
        let aad = WrapPlace::of(repository, data_key).associated_data(&self.head_bytes);
        let wrapped = wrap(&wrap_key, data_key.key(), &aad, entropy);
        Ok(Self { wrapped, handover: None, ..self.clone() })
    }

    /// The same slot with a later data key sealed to its owner, who is absent. What it wraps stays.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] when the slot wraps a data key that the keyring does not hold, or has no valid public key.
    pub(crate) fn handing_over(
        &self,
        data_key: &DataKey,
        earlier: &Keyring,
        repository: RepositoryId,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let wrapped = match &self.handover {
            Some(handover) => earlier.data_key_by_id(handover.wrapped_key_id).ok_or(KeyError::Tampered)?,
            None => earlier.newest(),
        };
        let aad = WrapPlace::of(repository, data_key).associated_data(&self.head_bytes);
        let handover = Handover::seal(data_key, wrapped, &self.head.public_key, &repository, &aad, entropy)?;
        Ok(Self { handover: Some(handover), ..self.clone() })
    }

    /// True while the data key is handed over and not wrapped.
    pub(crate) const fn is_handed_over(&self) -> bool {
        self.handover.is_some()
    }

    /// Unwraps the data key.
    ///
    /// # Errors
    /// [`KeyError::WrongSecret`] when the slot does not commit to this key, [`KeyError::Tampered`] when it does but
    /// the wrap fails. Nothing is unwrapped before the commitment was compared.
    pub(crate) fn unwrap(&self, key: &KeyEncryptionKey, place: &WrapPlace) -> Result<DataKey, KeyError> {
        let wrap_key = self.committed_wrap_key(key)?;
        let Some(handover) = &self.handover else { return self.unwrap_at(&wrap_key, place) };
        if handover.wrapped_generation >= place.generation {
            return Err(KeyError::Tampered);
        }
        let earlier =
            WrapPlace { generation: handover.wrapped_generation, key_id: handover.wrapped_key_id, ..*place };
        let wrapped = self.unwrap_at(&wrap_key, &earlier)?;
        let aad = place.associated_data(&self.head_bytes);
        let data_key = handover.open(&key.derive_secret_key(), &wrapped, &place.repository, &aad)?;
        Ok(DataKey::from_parts(place.generation, place.key_id, data_key))
    }

    /// The wrapping key, after the slot was found to commit to it.
    fn committed_wrap_key(&self, key: &KeyEncryptionKey) -> Result<Secret<32>, KeyError> {
        let WrapKey { key, commitment } = key.derive_wrap_key();
        if bool::from(commitment.ct_eq(&self.commitment)) { Ok(key) } else { Err(KeyError::WrongSecret) }
    }

    fn unwrap_at(&self, wrap_key: &Secret<32>, place: &WrapPlace) -> Result<DataKey, KeyError> {
        let data_key = unwrap(wrap_key, &self.wrapped, &place.associated_data(&self.head_bytes))?;
        Ok(DataKey::from_parts(place.generation, place.key_id, data_key))
    }

    /// What must be known to try a secret.
    pub(crate) const fn head(&self) -> &SlotHead {
        &self.head
    }

    /// Reads the content of a slot's block.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, "slot")?;
        let head_bytes = fields.required(0, |d| d.bytes())?;
        let commitment = fields.required(1, cbor::bytes)?;
        let wrapped = fields.required(2, cbor::bytes)?;
        let handover = fields.optional(3, Handover::decode)?;
        let (head, head_bytes, unknown) =
            (SlotHead::decode(head_bytes)?, head_bytes.to_vec(), fields.rest()?);
        Ok(Self { head, head_bytes, commitment, wrapped, handover, unknown })
    }

    /// Writes the content of a slot's block.
    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { head: _, head_bytes, commitment, wrapped, handover, unknown } = self;
        encoder.map(3 + u64::from(handover.is_some()) + unknown.count())?;
        encoder.u8(0)?.bytes(head_bytes)?.u8(1)?.bytes(commitment)?.u8(2)?.bytes(wrapped)?;
        if let Some(handover) = handover {
            handover.encode(encoder.u8(3)?)?;
        }
        unknown.write(encoder)
    }
}

impl SlotHead {
    fn make(
        kind: SlotKind,
        passkey: Option<PasskeyCredential>,
        params: Argon2Params,
        entropy: &dyn Entropy,
    ) -> Self {
        let mut salt = [0_u8; 32];
        entropy.fill(&mut salt);
        let argon2 = (kind == SlotKind::Password).then_some(params);
        let method = passkey.as_ref().map(PasskeyCredential::encode).unwrap_or_default();
        let (public_key, unknown) = ([0; 32], UnknownFields::default());
        Self { id: SlotId::make(entropy), kind, salt, argon2, public_key, method, passkey, unknown }
    }

    fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, "slot head")?;
        let id = SlotId::from_bytes(fields.required(0, cbor::bytes)?);
        let kind = fields.required(1, |d| d.u8())?;
        let kind = SlotKind::from_number(kind).ok_or(KeyError::Newer { what: "kind of slot" })?;
        let salt = fields.required(2, cbor::bytes)?;
        let argon2 = fields.optional(3, |d| {
            cbor::array_of(d, 3)?;
            Ok((d.u32()?, d.u32()?, d.u32()?))
        })?;
        let argon2 =
            argon2.map(|(memory, passes, lanes)| Argon2Params::new(memory, passes, lanes)).transpose()?;
        let public_key = fields.required(4, cbor::bytes)?;
        let method = fields.optional(5, |d| d.bytes())?.unwrap_or_default().to_vec();
        let unknown = fields.rest()?;
        let is_bare = matches!(kind, SlotKind::Password | SlotKind::RecoveryKey | SlotKind::Keychain);
        let has_method = !method.is_empty();
        if argon2.is_some() != (kind == SlotKind::Password)
            || method.len() > METHOD_LIMIT
            || (is_bare && has_method)
        {
            return Err(KeyError::Malformed { what: "slot head" });
        }
        let passkey = (kind == SlotKind::Passkey).then(|| PasskeyCredential::decode(&method)).transpose()?;
        Ok(Self { id, kind, salt, argon2, public_key, method, passkey, unknown })
    }

    fn encode(&self) -> Result<Vec<u8>, KeyError> {
        let mut block = vec![0; HEAD_LIMIT];
        cbor::write_block(&mut block, "slot head", |encoder| self.write(encoder))?;
        cbor::read_block(&block, "slot head").map(<[u8]>::to_vec)
    }

    fn write(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { id, kind, salt, argon2, public_key, method, passkey: _, unknown } = self;
        let optional = u64::from(argon2.is_some()) + u64::from(!method.is_empty());
        encoder.map(4 + optional + unknown.count())?;
        encoder.u8(0)?.bytes(id.as_bytes())?.u8(1)?.u8(kind.number())?.u8(2)?.bytes(salt)?;
        if let Some(params) = argon2 {
            encoder.u8(3)?.array(3)?.u32(params.memory_kib())?.u32(params.passes())?.u32(params.lanes())?;
        }
        encoder.u8(4)?.bytes(public_key)?;
        if !method.is_empty() {
            encoder.u8(5)?.bytes(method)?;
        }
        unknown.write(encoder)
    }
}

impl WrapPlace {
    const fn of(repository: RepositoryId, data_key: &DataKey) -> Self {
        Self { repository, generation: data_key.generation(), key_id: data_key.key_id() }
    }

    /// Everything the wrap is bound to.
    fn associated_data(&self, head: &[u8]) -> Vec<u8> {
        let Self { repository, generation, key_id } = self;
        Label::SlotAssociatedData.with_fields(&[
            repository.as_bytes(),
            &generation.to_be_bytes(),
            key_id.as_bytes(),
            head,
        ])
    }
}

fn wrap(key: &Secret<32>, data_key: &Secret<32>, aad: &[u8], entropy: &dyn Entropy) -> [u8; WRAPPED_SIZE] {
    let mut nonce = [0_u8; NONCE_SIZE];
    entropy.fill(&mut nonce);
    let sealed = Aes256Gcm::new(key.expose().into())
        .encrypt(&Nonce::from(nonce), Payload { msg: data_key.expose(), aad })
        .expect("32 bytes are not too long for AES-GCM");
    let mut wrapped = [0_u8; WRAPPED_SIZE];
    wrapped[..NONCE_SIZE].copy_from_slice(&nonce);
    wrapped[NONCE_SIZE..].copy_from_slice(&sealed);
    wrapped
}

fn unwrap(key: &Secret<32>, wrapped: &[u8; WRAPPED_SIZE], aad: &[u8]) -> Result<Secret<32>, KeyError> {
    let (nonce, sealed) =
        wrapped.split_first_chunk::<NONCE_SIZE>().expect("a wrapped key begins with its nonce");
    let opened = Aes256Gcm::new(key.expose().into())
        .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad })
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Tampered)?;
    Secret::copy_from(&opened).ok_or(KeyError::Tampered)
}

#[cfg(test)]
impl Keyslot {
    /// What an attacker reads in the place: the nonce and the associated data of the wrap.
    pub(crate) fn seen_by_a_forger(&self, place: &WrapPlace) -> ([u8; NONCE_SIZE], Vec<u8>) {
        (*self.wrapped.first_chunk().unwrap(), place.associated_data(&self.head_bytes))
    }

    /// What an attacker writes: another wrapped key.
    pub(crate) fn with_wrapped(&self, nonce: [u8; NONCE_SIZE], sealed: &[u8]) -> Self {
        Self { wrapped: [&nonce, sealed].concat().try_into().unwrap(), ..self.clone() }
    }

    /// What an attacker writes: another commitment.
    pub(crate) fn with_commitment(&self, commitment: [u8; 32]) -> Self {
        Self { commitment, ..self.clone() }
    }
}
