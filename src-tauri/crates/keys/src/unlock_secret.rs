//! What a person or a keychain gives to unlock: weak and strong secrets are different types.

use crate::{Argon2Params, KeyError, RecoveryKey, SlotKind};
use coffer_secret::{Secret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A secret that opens one kind of slot.
#[derive(Debug)]
pub enum UnlockSecret {
    /// A password: weak, so it always goes through Argon2id.
    Password(SecretString),
    /// The 64-digit key.
    RecoveryKey(RecoveryKey),
    /// A random key out of this computer's keychain.
    Keychain(Secret<32>),
    /// What a passkey's authenticator derived for this repository, after it verified the person.
    Passkey(Secret<32>),
}

impl UnlockSecret {
    /// The kind of slot it opens.
    pub const fn kind(&self) -> SlotKind {
        match self {
            Self::Password(_) => SlotKind::Password,
            Self::RecoveryKey(_) => SlotKind::RecoveryKey,
            Self::Keychain(_) => SlotKind::Keychain,
            Self::Passkey(_) => SlotKind::Passkey,
        }
    }

    /// A second copy, where two owners each need the secret.
    pub fn duplicate(&self) -> Self {
        match self {
            Self::Password(password) => Self::Password(password.duplicate()),
            Self::RecoveryKey(key) => Self::RecoveryKey(key.duplicate()),
            Self::Keychain(key) => Self::Keychain(key.duplicate()),
            Self::Passkey(output) => Self::Passkey(output.duplicate()),
        }
    }
}

/// Input of a key-encryption key: a secret that cannot be guessed. A password becomes one only by [`StrongKey::stretch`].
/// Never printed: there is no `Debug`.
pub(crate) struct StrongKey(Zeroizing<Vec<u8>>);

impl StrongKey {
    /// The 64 digits, 186 random bits.
    pub(crate) fn from_recovery_key(key: &RecoveryKey) -> Self {
        Self(Zeroizing::new(key.digits().expose().to_vec()))
    }

    /// 256 random bits, out of a keychain or an authenticator.
    pub(crate) fn from_strong_bytes(key: &Secret<32>) -> Self {
        Self(Zeroizing::new(key.expose().to_vec()))
    }

    /// A password, through Argon2id. Normalised first, so that the same letters typed on another system are the same bytes.
    pub(crate) fn stretch(
        password: &SecretString,
        params: &Argon2Params,
        salt: &[u8; 32],
    ) -> Result<Self, KeyError> {
        let stretched = params.stretch(normalised(password.expose()).as_bytes(), salt)?;
        Ok(Self(Zeroizing::new(stretched.expose().to_vec())))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// The OpaqueString profile of RFC 8265, section 4.2: other spaces become U+0020, then Unicode form C.
fn normalised(password: &str) -> Zeroizing<String> {
    // Reserved once, for the longest that form C can grow (UAX #15: 3 times), so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(password.len().saturating_mul(3)));
    let spaces = |c: char| if c.is_whitespace() && !c.is_control() { ' ' } else { c };
    text.extend(password.chars().map(spaces).nfc());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_however_it_was_composed() {
        let composed = normalised("Z\u{fc}rich im Regen");

        assert_eq!(*composed, *normalised("Zu\u{308}rich\u{a0}im\u{3000}Regen"));
        assert_ne!(*composed, *normalised("Zurich im Regen"));
    }

    #[test]
    fn normalising_leaves_no_copy_behind_by_growing() {
        // U+1D160 is excluded from composition: form C makes it 3 times as long (UAX #15).
        let longest = "\u{1d160}".repeat(100);

        let text = normalised(&longest);

        assert_eq!(text.len(), longest.len() * 3);
        assert!(text.capacity() < longest.len() * 3 + 16);
    }
}
