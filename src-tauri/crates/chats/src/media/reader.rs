//! Reads a sealed media file at any place, opening only the records it needs.

use super::MediaError;
use super::sealing::{HEADER_BYTES_U64, OpenHeader, RECORD_BYTES_U64, TAG_BYTES};
use crate::model::BlobHash;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// An open media file: [`Read`] and [`Seek`] over its content.
pub struct MediaReader {
    file: File,
    header: OpenHeader,
    hash: BlobHash,
    position: u64,
    /// The record opened last.
    record: Option<(u64, Vec<u8>)>,
}

impl MediaReader {
    pub(super) fn new(file: File, header: OpenHeader, hash: &BlobHash) -> Self {
        Self { file, header, hash: *hash, position: 0, record: None }
    }

    /// Bytes of the content.
    pub fn size(&self) -> u64 {
        self.header.length
    }

    /// Reads up to `length` bytes from `offset`; shorter only at the end of the content.
    ///
    /// # Errors
    /// When a record of the range is damaged.
    pub fn read_range(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, MediaError> {
        let end = offset.saturating_add(length).min(self.header.length);
        let mut bytes = Vec::new();
        let mut at = offset;
        while at < end {
            let rest = self.rest_of_record(at)?;
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
            bytes.extend_from_slice(&rest[..wanted]);
            at += u64::try_from(wanted).map_err(io::Error::other)?;
        }
        Ok(bytes)
    }

    /// The opened bytes from `at` to the end of its record; `at` is before the end of the content.
    fn rest_of_record(&mut self, at: u64) -> Result<&[u8], MediaError> {
        let index = at / RECORD_BYTES_U64;
        if self.record.as_ref().is_none_or(|(held, _)| *held != index) {
            self.record = Some((index, self.open_record(index)?));
        }
        let within = usize::try_from(at % RECORD_BYTES_U64).map_err(io::Error::other)?;
        let rest = self.record.as_ref().and_then(|(_, record)| record.get(within..)).unwrap_or_default();
        if rest.is_empty() { Err(self.damaged("a record is too short")) } else { Ok(rest) }
    }

    fn open_record(&mut self, index: u64) -> Result<Vec<u8>, MediaError> {
        let start = index * RECORD_BYTES_U64;
        let plain = (self.header.length - start).min(RECORD_BYTES_U64);
        let is_last = start + plain == self.header.length;
        let mut record = vec![0; usize::try_from(plain).map_err(io::Error::other)? + TAG_BYTES];
        self.file.seek(SeekFrom::Start(HEADER_BYTES_U64 + index * (RECORD_BYTES_U64 + 16)))?;
        self.file.read_exact(&mut record).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.damaged("cut short")
            } else {
                error.into()
            }
        })?;
        self.header.sealer.open(index, is_last, &mut record).map_err(|what| self.damaged(what))?;
        Ok(record)
    }

    fn damaged(&self, what: &'static str) -> MediaError {
        MediaError::Damaged { hash: self.hash.to_hex(), what }
    }
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.header.length || buffer.is_empty() {
            return Ok(0);
        }
        let rest = self.rest_of_record(self.position).map_err(io::Error::other)?;
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += u64::try_from(count).map_err(io::Error::other)?;
        Ok(count)
    }
}

impl Seek for MediaReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.header.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
