//! Which key opens which container.

use coffer_secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

use super::{Crypt, Header};
use crate::app_key::AppKey;
use crate::error::ChatError;

/// The AES key for a header, from what the person gave.
pub(super) fn key_for(header: &Header, given: Option<&AppKey>) -> Result<Secret<32>, ChatError> {
    match (header.crypt, given) {
        (_, None) => Err(ChatError::NeedsAppKey { kind: header.crypt.key_word() }),
        (Crypt::Fifteen, Some(AppKey::WhatsAppRoot(root))) => Ok(derive_content_key(root)),
        (Crypt::Twelve | Crypt::Fourteen, Some(AppKey::WhatsAppDevice(device))) => {
            // A phone makes a new key now and then; the one of another time does not open this backup.
            let is_this_one = header.mark.as_ref().is_none_or(|mark| *mark == device.mark);
            if is_this_one { Ok(device.secret.duplicate()) } else { Err(ChatError::WrongAppKey) }
        }
        // The AES key of a crypt14 alone, as 32 bytes or 64 digits: other tools write it so.
        (Crypt::Twelve | Crypt::Fourteen, Some(AppKey::WhatsAppRoot(key))) => Ok(key.duplicate()),
        (Crypt::Fifteen, Some(AppKey::WhatsAppDevice(_))) | (_, Some(AppKey::Phrase(_))) => {
            Err(ChatError::WrongAppKey)
        }
    }
}

impl Crypt {
    /// What the person must find: `whatsapp_digits` or `whatsapp_key_file`.
    pub(crate) fn key_word(self) -> &'static str {
        match self {
            Self::Fifteen => "whatsapp_digits",
            Self::Twelve | Self::Fourteen => "whatsapp_key_file",
        }
    }
}

/// HKDF-SHA256 without a salt, written as its two steps: WhatsApp's own derivation, not one of ours.
fn derive_content_key(root: &Secret<32>) -> Secret<32> {
    let mut inner = hmac(&[0; 32], &[root.expose()]);
    let mut key = hmac(&inner, &[b"backup encryption", &[1]]);
    inner.zeroize();
    Secret::take(&mut key)
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
pub(super) fn tests_only_content_key(root: [u8; 32]) -> [u8; 32] {
    *derive_content_key(&Secret::copy_from(&root).expect("32 bytes")).expose()
}
