//! AES-256-GCM in pieces (NIST SP 800-38D), with WhatsApp's initial value of 16 bytes.

use aes::Aes256;
use coffer_secret::Secret;
use ctr::Ctr32BE;
use ctr::cipher::{BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;

const BLOCK: usize = 16;

/// An opening in progress.
pub(super) struct Gcm {
    stream: Ctr32BE<Aes256>,
    hash: GHash,
    /// Ciphertext that is not a whole block yet.
    partial: [u8; BLOCK],
    held: usize,
    length: u64,
    /// What the hash is masked with to give the tag.
    mask: [u8; BLOCK],
}

impl Gcm {
    pub(super) fn new(key: &Secret<32>, iv: &[u8; 16]) -> Self {
        let cipher = Aes256::new(key.expose().into());
        let mut hash_key = aes::Block::default();
        cipher.encrypt_block(&mut hash_key);
        let hash = GHash::new(&hash_key);
        // 7.1, step 2: a 16-byte initial value is hashed, with its length in bits behind it.
        let mut first = hash.clone();
        first.update(&[(*iv).into(), u128::from(128_u8).to_be_bytes().into()]);
        let first = first.finalize();
        let mut stream = Ctr32BE::<Aes256>::new(key.expose().into(), &first);
        let mut mask = [0_u8; BLOCK];
        stream.apply_keystream(&mut mask);
        Self { stream, hash, partial: [0; BLOCK], held: 0, length: 0, mask }
    }

    /// Turns ciphertext into plaintext nobody may use before [`Gcm::is_tag`] said yes.
    pub(super) fn open(&mut self, bytes: &mut [u8]) {
        self.length += u64::try_from(bytes.len()).unwrap_or(0);
        self.absorb(bytes);
        self.stream.apply_keystream(bytes);
    }

    fn absorb(&mut self, mut bytes: &[u8]) {
        if self.held > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.held));
            if let Some(room) = self.partial.get_mut(self.held..self.held + now.len()) {
                room.copy_from_slice(now);
            }
            self.held += now.len();
            bytes = later;
            if self.held < BLOCK {
                return;
            }
            self.hash.update(&[self.partial.into()]);
            self.held = 0;
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK);
        self.hash.update_padded(whole);
        if let Some(room) = self.partial.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        self.held = rest.len();
    }

    /// Says whether everything so far is what was sealed.
    pub(super) fn is_tag(&self, tag: &[u8; BLOCK]) -> bool {
        let mut hash = self.hash.clone();
        hash.update_padded(self.partial.get(..self.held).unwrap_or_default());
        hash.update(&[u128::from(self.length.saturating_mul(8)).to_be_bytes().into()]);
        let mut found: [u8; BLOCK] = hash.finalize().into();
        for (byte, mask) in found.iter_mut().zip(self.mask) {
            *byte ^= mask;
        }
        found.ct_eq(tag).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_gcm::aead::{Aead, consts::U16};

    /// Pieces of every size give what the one-shot cipher gives.
    #[test]
    fn pieces_of_any_size_open_what_was_sealed_at_once() {
        let key = [3_u8; 32];
        let iv = [5_u8; 16];
        let content: Vec<u8> = (0..1000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let sealer = aes_gcm::AesGcm::<Aes256, U16>::new(&key.into());
        let sealed = sealer.encrypt(&iv.into(), content.as_slice()).unwrap();
        let (sealed, tag) = sealed.split_at(content.len());

        for size in [1, 7, 15, 16, 17, 31, 32, 100, 1000] {
            let mut gcm = Gcm::new(&Secret::copy_from(&key).unwrap(), &iv);
            let mut opened = sealed.to_vec();
            opened.chunks_mut(size).for_each(|piece| gcm.open(piece));

            assert!(gcm.is_tag(tag.try_into().unwrap()), "pieces of {size}");
            assert_eq!(opened, content);
        }
    }

    #[test]
    fn any_changed_bit_is_seen() {
        let key = Secret::copy_from(&[3_u8; 32]).unwrap();
        let sealer = aes_gcm::AesGcm::<Aes256, U16>::new(&[3_u8; 32].into());
        let sealed = sealer.encrypt(&[5; 16].into(), b"twenty bytes of text".as_slice()).unwrap();

        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let (content, tag) = changed.split_at_mut(20);
            let mut gcm = Gcm::new(&key, &[5; 16]);
            gcm.open(content);
            let tag: &[u8; 16] = (&*tag).try_into().unwrap();
            assert!(!gcm.is_tag(tag), "bit {bit}");
        }
    }
}
