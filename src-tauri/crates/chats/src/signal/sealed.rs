//! A file of a local backup: IV (16) ‖ AES-256-CBC of the content and zeros behind it ‖ HMAC-SHA256 (32), under its own 64-byte key.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use coffer_secret::Secret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::backup::{Content, is_authentic};
use super::pointer::Pointer;
use crate::error::ChatError;

/// Bytes a sealed file has at least beyond its content: IV, HMAC and one byte of padding.
pub(super) const OVERHEAD: u64 = 16 + 32 + 1;

/// Opens a sealed file: its HMAC is checked before, the hash of its content while it is read.
pub(super) fn open(mut file: File, pointer: &Pointer) -> Result<impl Read + use<>, ChatError> {
    let damaged = || ChatError::Damaged { what: "file", at: 0 };
    let key = Zeroizing::new(pointer.key.ok_or_else(damaged)?);
    let (aes, hmac) = key.split_at(32);
    let length = file.metadata()?.len();
    let is_whole = length >= 16 + 16 + 32 && (length - 32).is_multiple_of(16);
    if !is_whole || !is_authentic(&mut file, length, hmac, &mut |_| Ok(()))? {
        return Err(damaged());
    }
    file.seek(SeekFrom::Start(0))?;
    let aes = Secret::copy_from(aes).ok_or_else(damaged)?;
    let content = Content::new(file, &aes, length - 32)?;
    Ok(Checked { content, left: pointer.size.unwrap_or(0), hash: pointer.hash, seen: Sha256::new() })
}

/// Ends where the content does, and fails where it is not what was sent.
struct Checked {
    content: Content,
    left: u64,
    hash: Option<[u8; 32]>,
    seen: Sha256,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let part = buffer.get_mut(..wanted).unwrap_or_default();
        if wanted > 0 {
            let count = self.content.read(part)?;
            if count == 0 {
                return Err(broken("shorter than it says"));
            }
            self.seen.update(part.get(..count).unwrap_or_default());
            self.left -= u64::try_from(count).unwrap_or(0);
            return Ok(count);
        }
        // At the end, once.
        if self.left == 0
            && let Some(hash) = self.hash.take()
            && self.seen.clone().finalize().as_slice() != hash
        {
            return Err(broken("another content than it says"));
        }
        Ok(0)
    }
}
