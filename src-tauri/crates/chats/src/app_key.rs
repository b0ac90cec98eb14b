//! The secret an app gave a person for its own backup: WhatsApp's 64 digits or key file, Signal's recovery key. Never Coffer's.

use coffer_secret::{Secret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::error::ChatError;

/// How Java writes a byte array: stream magic, class `[B` with its serial number, then the length.
const JAVA_BYTES: [u8; 23] = [
    0xac, 0xed, 0x00, 0x05, 0x75, 0x72, 0x00, 0x02, 0x5b, 0x42, 0xac, 0xf3, 0x17, 0xf8, 0x06, 0x08, 0x54,
    0xe0, 0x02, 0x00, 0x00, 0x78, 0x70,
];

/// Longest key file: more than any app's.
pub const MAX_KEY_FILE: u64 = 4096;

/// A secret of another app, as far as its form tells what it is.
#[derive(Debug)]
pub enum AppKey {
    /// WhatsApp's 64 hex digits, or the file `encrypted_backup.key`: opens `.crypt15`.
    WhatsAppRoot(Secret<32>),
    /// WhatsApp's file `key`: opens `.crypt12` and `.crypt14`.
    WhatsAppDevice(DeviceKey),
    /// Anything else that was typed.
    Phrase(SecretString),
}

/// What is in WhatsApp's file `key`.
#[derive(Debug)]
pub struct DeviceKey {
    pub(crate) secret: Secret<32>,
    pub(crate) mark: KeyMark,
}

/// Which of the keys a phone has had: stands in the backup and in the key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMark {
    pub(crate) version: u8,
    pub(crate) salt: [u8; 32],
    pub(crate) account: [u8; 16],
}

impl AppKey {
    /// Reads the content of a key file: one of WhatsApp's, or a text with the digits or the phrase.
    ///
    /// # Errors
    /// [`ChatError::UnreadableAppKey`] when it is neither.
    pub fn from_file(content: &[u8]) -> Result<Self, ChatError> {
        let bytes = match content.strip_prefix(&JAVA_BYTES) {
            Some([a, b, c, d, bytes @ ..]) => {
                let claimed = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok();
                Some(bytes).filter(|bytes| claimed == Some(bytes.len())).ok_or(ChatError::UnreadableAppKey)?
            }
            Some(_) => return Err(ChatError::UnreadableAppKey),
            None => content,
        };
        if let Some(root) = Secret::copy_from(bytes) {
            return Ok(Self::WhatsAppRoot(root));
        }
        if let Some(device) = DeviceKey::read(bytes) {
            return Ok(Self::WhatsAppDevice(device));
        }
        let text = std::str::from_utf8(content).map_err(|_| ChatError::UnreadableAppKey)?;
        Ok(Self::from_text(&SecretString::new(text.to_owned())))
    }

    /// Reads what a person typed or pasted: spaces, dashes and colons between digits do not count.
    pub fn from_text(text: &SecretString) -> Self {
        match hex_key(text.expose()) {
            Some(root) => Self::WhatsAppRoot(root),
            None => Self::Phrase(SecretString::new(text.expose().trim().to_owned())),
        }
    }
}

/// Exactly 64 hex digits with anything harmless between them.
fn hex_key(text: &str) -> Option<Secret<32>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(64));
    for sign in text.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '-' | ':' | '\u{feff}')) {
        let digit = sign.to_digit(16).and_then(|digit| u8::try_from(digit).ok())?;
        if digits.len() == 64 {
            return None;
        }
        digits.push(digit);
    }
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0_u8; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.first()? << 4 | pair.last()?;
    }
    Some(Secret::take(&mut key))
}

impl DeviceKey {
    /// Cipher version (2) ‖ key version (1) ‖ server salt (32) ‖ account salt (16) ‖ its SHA-256 (32) ‖ zeros (16) ‖ key (32).
    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 131 || !bytes.starts_with(&[0, 1]) {
            return None;
        }
        let mark = KeyMark {
            version: *bytes.get(2)?,
            salt: bytes.get(3..35)?.try_into().ok()?,
            account: bytes.get(35..51)?.try_into().ok()?,
        };
        let mut secret: [u8; 32] = bytes.get(99..131)?.try_into().ok()?;
        let key = Self { secret: Secret::take(&mut secret), mark };
        secret.zeroize();
        Some(key)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key file as WhatsApp writes it.
    pub(crate) fn java(bytes: &[u8]) -> Vec<u8> {
        let mut file = JAVA_BYTES.to_vec();
        file.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        file.extend(bytes);
        file
    }

    pub(crate) fn device_file(salt: u8, secret: [u8; 32]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 2];
        bytes.extend([salt; 32]);
        bytes.extend([9; 16]);
        bytes.extend([0; 32 + 16]);
        bytes.extend(secret);
        java(&bytes)
    }

    #[test]
    fn sixty_four_digits_are_read_however_they_are_grouped() {
        let typed = "0001 0203-0405 0607\n08090a0b0C0D0E0F:10111213 14151617 18191a1b 1c1d1e1f";

        let key = AppKey::from_text(&SecretString::new(typed.to_owned()));

        let expected: Vec<u8> = (0..32).collect();
        assert!(matches!(key, AppKey::WhatsAppRoot(root) if root.expose()[..] == expected[..]));
    }

    #[test]
    fn a_digit_too_few_or_too_many_is_another_secret() {
        let phrase =
            |text: &str| matches!(AppKey::from_text(&SecretString::new(text.to_owned())), AppKey::Phrase(_));

        assert!(phrase(&"a".repeat(63)));
        assert!(phrase(&"a".repeat(65)));
        assert!(phrase(&"g".repeat(64)));
    }

    #[test]
    fn both_key_files_are_told_apart() {
        let root = AppKey::from_file(&java(&[5; 32])).unwrap();
        let device = AppKey::from_file(&device_file(3, [6; 32])).unwrap();

        assert!(matches!(root, AppKey::WhatsAppRoot(root) if root.expose() == &[5; 32]));
        let AppKey::WhatsAppDevice(device) = device else { panic!("another kind") };
        assert_eq!((device.secret.expose(), device.mark.salt), (&[6; 32], [3; 32]));
        assert_eq!((java(&[5; 32]).len(), device_file(3, [6; 32]).len()), (59, 158));
    }

    #[test]
    fn a_cut_off_or_other_key_file_is_refused() {
        let file = device_file(3, [6; 32]);

        for length in [0, 5, 22, 26, 30, 157] {
            let cut = AppKey::from_file(&file[..length]);
            assert!(matches!(cut, Err(ChatError::UnreadableAppKey) | Ok(AppKey::Phrase(_))), "{length}");
        }
        assert!(AppKey::from_file(&[0xff; 80]).is_err());
    }

    #[test]
    fn a_key_is_not_printed() {
        let keys = [
            AppKey::from_file(&device_file(3, [0x61; 32])).unwrap(),
            AppKey::from_file(&java(&[0x61; 32])).unwrap(),
            AppKey::from_text(&SecretString::new("hunter2".to_owned())),
        ];

        let printed = format!("{keys:?}");

        assert_eq!(printed.matches("[redacted]").count(), 3, "{printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("97, 97"));
    }
}
