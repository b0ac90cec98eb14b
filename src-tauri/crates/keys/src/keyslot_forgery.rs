//! The attack that the key commitment answers, carried out: one AES-GCM ciphertext that opens under two keys.

use crate::key_encryption_key::KeyEncryptionKey;
use crate::keyslot::{Keyslot, WrapPlace};
use crate::{Argon2Params, DataKey, KeyError, RepositoryId, UnlockSecret};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use aes_gcm::{Aes256Gcm, Nonce};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;

/// Product in the field of GHASH (NIST SP 800-38D, 6.3).
fn times(one: u128, other: u128) -> u128 {
    let mut power = one;
    let mut product = 0;
    for bit in (0..128).rev() {
        if other >> bit & 1 == 1 {
            product ^= power;
        }
        power = power >> 1 ^ if power & 1 == 1 { 0xE1 << 120 } else { 0 };
    }
    product
}

/// Inverse in that field: the power 2^128 - 2.
fn inverse(value: u128) -> u128 {
    (0..127)
        .fold((value, 1 << 127), |(power, result), _| {
            (times(power, power), times(result, times(power, power)))
        })
        .1
}

fn aes(key: &[u8; 32], block: [u8; 16]) -> u128 {
    let mut block = block.into();
    Aes256::new(key.into()).encrypt_block(&mut block);
    u128::from_be_bytes(block.into())
}

/// The tag as a function of a two-block ciphertext: `GHASH ^ mask` (NIST SP 800-38D, 7.1).
struct Tagger {
    hash_key: u128,
    mask: u128,
    aad: Vec<u8>,
}

impl Tagger {
    fn new(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8]) -> Self {
        let mut counter = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        counter[..12].copy_from_slice(nonce);
        Self { hash_key: aes(key, [0; 16]), mask: aes(key, counter), aad: aad.to_vec() }
    }

    fn tag(&self, text: [u128; 2]) -> u128 {
        let bits = |bytes: usize| u128::try_from(bytes * 8).unwrap();
        let aad = self.aad.chunks(16).map(|chunk| {
            let mut block = [0; 16];
            block[..chunk.len()].copy_from_slice(chunk);
            u128::from_be_bytes(block)
        });
        let lengths = bits(self.aad.len()) << 64 | bits(32);
        let blocks = aad.chain(text).chain([lengths]);
        blocks.fold(0, |state, block| times(state ^ block, self.hash_key)) ^ self.mask
    }
}

/// Ciphertext and tag that open under both keys: the second block is the one unknown of one linear equation.
fn forge(keys: [&[u8; 32]; 2], nonce: &[u8; 12], aad: &[u8], first: u128) -> Vec<u8> {
    let [one, other] = keys.map(|key| Tagger::new(key, nonce, aad));
    let difference = one.tag([first, 0]) ^ other.tag([first, 0]);
    // The second block is followed by the lengths, so it is multiplied by the square of the hash key.
    let factor = times(one.hash_key, one.hash_key) ^ times(other.hash_key, other.hash_key);
    let text = [first, times(difference, inverse(factor))];
    [text[0], text[1], one.tag(text)].map(u128::to_be_bytes).concat()
}

fn guess(text: &str) -> UnlockSecret {
    let mut bytes = [0; 32];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    UnlockSecret::Keychain(Secret::take(&mut bytes))
}

#[test]
fn a_slot_that_plain_aes_gcm_opens_under_two_keys_opens_under_one() {
    let entropy = SeededEntropy::new(1);
    let repository = RepositoryId::make(&entropy);
    let data_key = DataKey::make(1, &entropy);
    let place = WrapPlace { repository, generation: 1, key_id: data_key.key_id() };
    let secrets = [guess("hunter2"), guess("correct horse")];
    let slot =
        Keyslot::make(&secrets[0], None, repository, &data_key, Argon2Params::FLOOR, &entropy).unwrap();
    let keys =
        secrets.each_ref().map(|secret| KeyEncryptionKey::derive(secret, slot.head(), &repository).unwrap());
    let wrap_keys = keys.each_ref().map(|key| key.derive_wrap_key().key);
    let (nonce, aad) = slot.seen_by_a_forger(&place);

    let sealed = forge(wrap_keys.each_ref().map(Secret::expose), &nonce, &aad, 0x0123_4567_89ab_cdef);
    let forged = slot.with_wrapped(nonce, &sealed);
    let plain = wrap_keys.each_ref().map(|key| {
        let payload = Payload { msg: &sealed, aad: &aad };
        Aes256Gcm::new(key.expose().into()).decrypt(&Nonce::from(nonce), payload).unwrap()
    });

    assert_ne!(plain[0], plain[1], "plain AES-GCM opens it under both keys, to two data keys");
    assert_eq!(forged.unwrap(&keys[0], &place).unwrap().key().expose().as_slice(), plain[0]);
    assert_eq!(forged.unwrap(&keys[1], &place).unwrap_err(), KeyError::WrongSecret);
}

#[test]
fn a_slot_that_commits_to_neither_key_opens_under_neither() {
    let entropy = SeededEntropy::new(2);
    let repository = RepositoryId::make(&entropy);
    let data_key = DataKey::make(1, &entropy);
    let place = WrapPlace { repository, generation: 1, key_id: data_key.key_id() };
    let slot =
        Keyslot::make(&guess("hunter2"), None, repository, &data_key, Argon2Params::FLOOR, &entropy).unwrap();
    let key = KeyEncryptionKey::derive(&guess("hunter2"), slot.head(), &repository).unwrap();

    let foreign = slot.with_commitment([9; 32]);

    assert_eq!(foreign.unwrap(&key, &place).unwrap_err(), KeyError::WrongSecret);
}
