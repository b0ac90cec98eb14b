//! WhatsApp's encrypted backups, `.crypt12`, `.crypt14` and `.crypt15`: opened into a sealed copy, which is given out only after
//! the tag over all of it was found right.
//!
//! `header ‖ AES-256-GCM ciphertext ‖ tag (16) ‖ MD5 of everything before (16)`; crypt12 ends with four more bytes, and backups in
//! several files have no MD5. The plaintext is a zlib stream of a SQLite database, rarely the database itself.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use coffer_secret::Secret;
use flate2::write::ZlibDecoder;
use md5::{Digest, Md5};

use crate::app_key::AppKey;
use crate::error::ChatError;
use crate::sealed_copy::{SealedCopy, SealedWriter, Workroom};
use crate::source::Cancel;
use gcm::Gcm;

mod gcm;
mod header;
mod keys;

pub(crate) use header::{Crypt, Header};

/// Bytes read at once.
const PIECE: usize = 1 << 20;
const TAG: u64 = 16;
/// Unpacked bytes that are always allowed, and how much tighter a larger backup may be packed. Real ones stay below 10.
const SMALL: u64 = 256 << 20;
const MAX_RATIO: u64 = 200;

/// What the first bytes of a file say, `None` when it is no backup of WhatsApp's.
pub(crate) fn recognise(path: &Path) -> Result<Option<Header>, ChatError> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = Vec::new();
    (&mut file).take(header::MOST).read_to_end(&mut start)?;
    let mut end = [0_u8; 4];
    if length < 4 || file.seek(SeekFrom::End(-4)).is_err() || file.read_exact(&mut end).is_err() {
        return Ok(None);
    }
    Ok(Header::read(&start, end, length))
}

/// Opens a backup.
///
/// # Errors
/// [`ChatError::NeedsAppKey`] without a key or with one of another kind, [`ChatError::WrongAppKey`] when the file is whole but the key
/// does not fit, [`ChatError::Damaged`] when it is not what WhatsApp wrote. Nothing is left of it then.
pub(crate) fn open(
    path: &Path,
    key: Option<&AppKey>,
    room: &Workroom,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<SealedCopy, ChatError> {
    let header = recognise(path)?.ok_or(ChatError::Unknown { start: "binary" })?;
    let key = keys::key_for(&header, key)?;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut run = Run { header: &header, length, progress, cancel };
    let opened = run.decrypt(&mut file, &key, room)?;
    let Some(copy) = opened else { return Err(run.why_not(&mut file)?) };
    if copy.start()?.starts_with(b"SQLite format 3\0") {
        Ok(copy)
    } else {
        Err(ChatError::Unknown { start: "backup" })
    }
}

struct Run<'a> {
    header: &'a Header,
    length: u64,
    progress: &'a mut dyn FnMut(u64, u64),
    cancel: &'a Cancel,
}

impl Run<'_> {
    /// The content, or `None` when the tag is wrong.
    fn decrypt(
        &mut self,
        file: &mut File,
        key: &Secret<32>,
        room: &Workroom,
    ) -> Result<Option<SealedCopy>, ChatError> {
        let end = self.header.end_of_content(self.length);
        file.seek(SeekFrom::Start(self.header.begins))?;
        let mut gcm = Gcm::new(key, &self.header.iv);
        let packed = end.saturating_sub(self.header.begins);
        let limit = SMALL.max(packed.saturating_mul(MAX_RATIO));
        let mut unpacker = Unpacker::new(room.begin()?, limit);
        let mut piece = vec![0_u8; PIECE];
        let mut left = packed;
        while left > 0 {
            if self.cancel.is_cancelled() {
                return Err(ChatError::Cancelled);
            }
            let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let bytes = piece.get_mut(..wanted).unwrap_or_default();
            file.read_exact(bytes)?;
            gcm.open(bytes);
            unpacker.take(bytes)?;
            left -= u64::try_from(wanted).unwrap_or(left);
            (self.progress)(end - left, self.length);
        }
        let mut tag = [0_u8; 16];
        file.read_exact(&mut tag)?;
        let mut is_right = gcm.is_tag(&tag);
        if !is_right && self.header.may_lack_sum() {
            // What was taken for the tag is content, and what was taken for the MD5 is the tag.
            gcm.open(&mut tag);
            unpacker.take(&tag)?;
            file.read_exact(&mut tag)?;
            is_right = gcm.is_tag(&tag);
        }
        if is_right { unpacker.finish().map(Some) } else { Ok(None) }
    }

    /// A file whose MD5 is right is as WhatsApp wrote it, so the key is wrong.
    fn why_not(&mut self, file: &mut File) -> Result<ChatError, ChatError> {
        let end = self.header.end_of_content(self.length) + TAG;
        file.rewind()?;
        let mut sum = Md5::new();
        let mut whole = file.take(end);
        let mut piece = vec![0_u8; PIECE];
        loop {
            if self.cancel.is_cancelled() {
                return Err(ChatError::Cancelled);
            }
            match whole.read(&mut piece)? {
                0 => break,
                count => sum.update(piece.get(..count).unwrap_or_default()),
            }
        }
        let mut written = [0_u8; 16];
        whole.into_inner().read_exact(&mut written)?;
        let is_whole = sum.finalize().as_slice() == written.as_slice();
        Ok(if is_whole { ChatError::WrongAppKey } else { ChatError::WrongAppKeyOrDamaged })
    }
}

/// Unpacks on the way into the sealed file. What it meets before the tag is known may be noise: it only remembers that.
struct Unpacker {
    state: State,
    limit: u64,
    failure: Option<ChatError>,
}

enum State {
    Beginning(Option<SealedWriter>),
    Zlib(Box<ZlibDecoder<Limited>>),
    Plain(Limited),
}

impl Unpacker {
    fn new(writer: SealedWriter, limit: u64) -> Self {
        Self { state: State::Beginning(Some(writer)), limit, failure: None }
    }

    /// # Errors
    /// Only those of the disk.
    fn take(&mut self, bytes: &[u8]) -> Result<(), ChatError> {
        if self.failure.is_some() {
            return Ok(());
        }
        let done = match &mut self.state {
            State::Beginning(writer) => {
                let limit = self.limit;
                let is_plain = bytes.starts_with(b"SQLite format 3\0");
                let Some(writer) = writer.take() else { return Ok(()) };
                let limited = Limited { writer, left: limit };
                self.state = if is_plain {
                    State::Plain(limited)
                } else {
                    State::Zlib(Box::new(ZlibDecoder::new(limited)))
                };
                return self.take(bytes);
            }
            State::Zlib(decoder) => decoder.write_all(bytes),
            State::Plain(limited) => limited.write_all(bytes),
        };
        let Err(error) = done else { return Ok(()) };
        let failure = self.explain(error);
        if let ChatError::Io(error) = failure {
            return Err(ChatError::Io(error));
        }
        self.failure = Some(failure);
        Ok(())
    }

    /// What an error of unpacking says about the backup; errors of the disk stay what they are.
    fn explain(&self, error: io::Error) -> ChatError {
        let kind = error.kind();
        if kind == io::ErrorKind::FileTooLarge {
            return ChatError::TooBig { bytes: self.limit, files: 1, limit: self.limit };
        }
        // The stream ends before the file does, or after it, or is no stream.
        let is_stream_broken = matches!(
            kind,
            io::ErrorKind::InvalidInput
                | io::ErrorKind::InvalidData
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::WriteZero
        );
        if is_stream_broken { ChatError::Damaged { what: "backup", at: 0 } } else { ChatError::Io(error) }
    }

    fn finish(mut self) -> Result<SealedCopy, ChatError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let limited = match std::mem::replace(&mut self.state, State::Beginning(None)) {
            State::Beginning(_) => return Err(ChatError::Damaged { what: "backup", at: 0 }),
            State::Zlib(decoder) => decoder.finish().map_err(|error| self.explain(error))?,
            State::Plain(limited) => limited,
        };
        Ok(limited.writer.finish()?)
    }
}

/// Ends with an error instead of filling the disk.
struct Limited {
    writer: SealedWriter,
    left: u64,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.left = self
            .left
            .checked_sub(u64::try_from(count).unwrap_or(u64::MAX))
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
