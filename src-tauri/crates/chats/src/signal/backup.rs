//! Signal's local backup: the folder `signal-backup-…` with `metadata`, `main` and a list of files, encrypted under the recovery key.
//!
//! Everything is derived by HKDF-SHA256 from the key's 64 characters. `metadata` gives the backup's id, sealed; the id and the key give an
//! AES and an HMAC key for `main`: IV (16) ‖ AES-256-CBC of gzip of frames ‖ HMAC-SHA256 of all before it. The HMAC is checked over the
//! whole file before a byte of it is decrypted.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use coffer_secret::{Secret, SecretString};
use ctr::Ctr128BE;
use ctr::cipher::StreamCipher;
use flate2::read::GzDecoder;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::proto::{Wire, next};
use crate::app_key::AppKey;
use crate::error::ChatError;
use crate::files::first_bytes;
use crate::sealed_copy::{SealedCopy, Workroom};
use crate::source::Cancel;

/// Bytes read at once; whole blocks.
const PIECE: usize = 64 << 10;
const BLOCK: usize = 16;
const MAC: u64 = 32;
/// A backup up to this size may be packed as tightly as it likes; a larger one by no more than texts are.
const SMALL: u64 = 64 << 20;
const MAX_RATIO: u64 = 100;

/// Labels of the derivations, as Signal's public sources have them.
pub(crate) const BACKUP_KEY: &[u8] = b"20240801_SIGNAL_BACKUP_KEY";
pub(crate) const METADATA_KEY: &[u8] = b"20241011_SIGNAL_LOCAL_BACKUP_METADATA_KEY";
pub(crate) const MAIN_KEYS: &[u8] = b"20241007_SIGNAL_BACKUP_ENCRYPT_MESSAGE_BACKUP:";

/// `main` of the newest backup in a folder, or of the folder itself where it is one.
pub(crate) fn main_in(folder: &Path) -> Option<PathBuf> {
    let own = folder.join("main");
    if is_main(&own) {
        return Some(own);
    }
    let entries =
        fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = entries.filter(|name| name.starts_with("signal-backup-")).collect();
    names.sort();
    // Their names are their times.
    names.into_iter().rev().map(|name| folder.join(name).join("main")).find(|main| is_main(main))
}

/// A file that is the `main` of a backup: its metadata lie beside it, and its length is that of whole blocks.
pub(crate) fn is_main(path: &Path) -> bool {
    let Ok(about) = fs::metadata(path) else { return false };
    let has_blocks = about.is_file() && about.len() >= 32 + MAC && (about.len() - MAC).is_multiple_of(16);
    has_blocks && sealed_id(path).is_some()
}

/// The IV and the sealed id of a backup, out of its metadata.
fn sealed_id(main: &Path) -> Option<([u8; 12], Vec<u8>)> {
    let mut file = File::open(main.with_file_name("metadata")).ok()?;
    let bytes = first_bytes(&mut file, 4096).ok()?;
    let mut rest = bytes.as_slice();
    let mut found = None;
    while let Some(field) = next(&mut rest) {
        if let (2, Wire::Bytes(inner)) = field.ok()? {
            found = Some(inner);
        }
    }
    let (mut iv, mut id) = (None, None);
    let mut rest = found?;
    while let Some(field) = next(&mut rest) {
        match field.ok()? {
            (1, Wire::Bytes(bytes)) => iv = bytes.try_into().ok(),
            (2, Wire::Bytes(bytes)) => id = Some(bytes.to_vec()),
            _ => {}
        }
    }
    Some((iv?, id.filter(|id: &Vec<u8>| id.len() == 16)?))
}

/// HKDF-SHA256 without salt (RFC 5869).
pub(crate) fn derive<const N: usize>(key: &[u8], label: &[u8]) -> Zeroizing<[u8; N]> {
    let extracted = mac(&[0; 32], &[key]);
    let mut out = Zeroizing::new([0; N]);
    let mut block: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::new());
    for (part, number) in out.chunks_mut(32).zip(1_u8..) {
        block = Zeroizing::new(mac(extracted.as_slice(), &[block.as_slice(), label, &[number]]).to_vec());
        part.copy_from_slice(block.get(..part.len()).unwrap_or_default());
    }
    out
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The characters of the recovery key as Signal shows them, without the blanks people put between.
fn characters(key: &SecretString) -> Result<Zeroizing<String>, ChatError> {
    let plain = key.expose().chars().filter(|sign| !sign.is_whitespace() && *sign != '-');
    let plain = Zeroizing::new(plain.map(|sign| sign.to_ascii_lowercase()).collect::<String>());
    let is_one = plain.len() == 64 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_one { Ok(plain) } else { Err(ChatError::WrongAppKey) }
}

/// Opens a backup into a sealed copy of its frames.
pub(super) fn open(
    main: &Path,
    key: Option<&AppKey>,
    room: &Workroom,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<SealedCopy, ChatError> {
    let key = match key {
        Some(AppKey::Phrase(phrase)) => characters(phrase)?,
        Some(AppKey::WhatsAppRoot(_) | AppKey::WhatsAppDevice(_)) => return Err(ChatError::WrongAppKey),
        None => return Err(ChatError::NeedsAppKey { kind: "signal_recovery_key" }),
    };
    let (iv, mut id) = sealed_id(main).ok_or(ChatError::Damaged { what: "backup", at: 0 })?;
    let backup = derive::<32>(key.as_bytes(), BACKUP_KEY);
    let metadata = derive::<32>(backup.as_slice(), METADATA_KEY);
    let mut counter = [0; 16];
    counter.get_mut(..12).unwrap_or_default().copy_from_slice(&iv);
    Ctr128BE::<Aes256>::new((&*metadata).into(), &counter.into()).apply_keystream(&mut id);
    let mut keys = derive::<64>(backup.as_slice(), &[MAIN_KEYS, &id].concat());
    let (hmac, aes) = keys.split_at_mut(32);
    let aes = Secret::copy_from(aes).expect("half of 64 bytes is 32");

    let mut file = File::open(main)?;
    let length = file.metadata()?.len();
    let mut told = |done: u64| {
        progress(done, length.saturating_mul(2));
        if cancel.is_cancelled() { Err(ChatError::Cancelled) } else { Ok(()) }
    };
    if !is_authentic(&mut file, length, hmac, &mut told)? {
        return Err(ChatError::WrongAppKeyOrDamaged);
    }
    file.seek(SeekFrom::Start(0))?;
    let limit = SMALL.max(length.saturating_mul(MAX_RATIO));
    unpack(Content::new(file, &aes, length - MAC)?, limit, room, &mut |done| told(length + done))
}

/// Checks the HMAC at the end of a file over everything before it.
pub(super) fn is_authentic(
    file: &mut File,
    length: u64,
    key: &[u8],
    told: &mut dyn FnMut(u64) -> Result<(), ChatError>,
) -> Result<bool, ChatError> {
    let Some(content) = length.checked_sub(MAC) else { return Ok(false) };
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    let mut input = file.take(content);
    loop {
        match input.read(&mut piece)? {
            0 => break,
            count => {
                mac.update(piece.get(..count).unwrap_or_default());
                done += u64::try_from(count).unwrap_or(0);
                told(done)?;
            }
        }
    }
    let mut written = [0; 32];
    let file = input.into_inner();
    if done != content || file.read_exact(&mut written).is_err() {
        return Ok(false);
    }
    // Compares in constant time.
    Ok(mac.verify_slice(&written).is_ok())
}

fn unpack(
    content: Content,
    limit: u64,
    room: &Workroom,
    told: &mut dyn FnMut(u64) -> Result<(), ChatError>,
) -> Result<SealedCopy, ChatError> {
    let damaged = || ChatError::Damaged { what: "backup", at: 0 };
    // What follows the packed frames is padding, which hides their length.
    let mut input = GzDecoder::new(content);
    let mut writer = room.begin()?;
    let mut piece = vec![0; PIECE];
    let mut done: u64 = 0;
    loop {
        let count = match input.read(&mut piece) {
            Ok(0) => return Ok(writer.finish()?),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(damaged()),
        };
        done += u64::try_from(count).unwrap_or(0);
        if done > limit {
            return Err(ChatError::TooBig { bytes: done, files: 1, limit });
        }
        io::Write::write_all(&mut writer, piece.get(..count).unwrap_or_default())?;
        told(input.get_ref().done)?;
    }
}

/// Decrypts while it reads: IV, then AES-256-CBC with PKCS#7. Only for bytes whose HMAC was right.
pub(super) struct Content {
    file: File,
    cipher: cbc::Decryptor<Aes256>,
    /// Sealed bytes not read yet.
    left: u64,
    plain: Vec<u8>,
    at: usize,
    pub(super) done: u64,
}

impl Content {
    /// `end` is where the sealed bytes end.
    pub(super) fn new(mut file: File, key: &Secret<32>, end: u64) -> Result<Self, ChatError> {
        let mut iv = [0; BLOCK];
        file.read_exact(&mut iv)?;
        let cipher = cbc::Decryptor::<Aes256>::new(key.expose().into(), &iv.into());
        let left = end.saturating_sub(16);
        Ok(Self { file, cipher, left, plain: Vec::new(), at: 0, done: 16 })
    }

    fn fill(&mut self) -> io::Result<()> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "not whole blocks");
        let wanted = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        if !wanted.is_multiple_of(BLOCK) {
            return Err(broken());
        }
        self.at = 0;
        self.plain.resize(wanted, 0);
        self.file.read_exact(&mut self.plain)?;
        for block in self.plain.chunks_exact_mut(BLOCK) {
            let block: &mut [u8; BLOCK] = block.try_into().map_err(|_| broken())?;
            self.cipher.decrypt_block(block.into());
        }
        let read = u64::try_from(wanted).unwrap_or(0);
        self.left -= read;
        self.done += read;
        if self.left == 0 {
            let padding =
                self.plain.last().copied().map(usize::from).filter(|count| (1..=BLOCK).contains(count));
            let kept = padding.and_then(|count| self.plain.len().checked_sub(count)).ok_or_else(broken)?;
            self.plain.truncate(kept);
        }
        Ok(())
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.fill()?;
        }
        let ready = self.plain.get(self.at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::print_stderr, reason = "says when it has nothing to test")]
    fn keys_are_derived_as_the_official_backup_has_them() {
        // A backup of libsignal's tests: 64 times "m", account 16 times 0x11.
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../../shared/samples/libsignal/legacy-account.binproto.encrypted");
        let Ok(mut file) = File::open(&path) else { return eprintln!("samples not present") };
        let length = file.metadata().unwrap().len();
        let backup = derive::<32>("m".repeat(64).as_bytes(), BACKUP_KEY);
        let id = derive::<16>(
            backup.as_slice(),
            &[b"20241024_SIGNAL_BACKUP_ID:".as_slice(), &[0x11; 16]].concat(),
        );
        let keys = derive::<64>(backup.as_slice(), &[MAIN_KEYS, id.as_slice()].concat());

        assert!(is_authentic(&mut file, length, &keys[..32], &mut |_| Ok(())).unwrap());
        file.seek(SeekFrom::Start(0)).unwrap();
        let aes = Secret::copy_from(&keys[32..]).unwrap();
        let mut frames = Vec::new();
        let content = Content::new(file, &aes, length - MAC).unwrap();
        GzDecoder::new(content).read_to_end(&mut frames).unwrap();
        assert_eq!(frames.len(), 117);
    }

    #[test]
    fn a_key_is_read_however_it_is_grouped() {
        let key = |text: &str| characters(&SecretString::new(text.to_owned()));

        assert_eq!(*key(&"AbC1 ".repeat(16)).unwrap(), "abc1".repeat(16));
        assert!(matches!(key(&"a".repeat(63)), Err(ChatError::WrongAppKey)));
        assert!(matches!(key(&"é".repeat(32)), Err(ChatError::WrongAppKey)));
    }
}
