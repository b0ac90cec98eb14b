//! CBOR as every part of a keyslot file uses it: maps with integer keys, in blocks of a fixed size.
//!
//! A key of 0 or more is critical: a reader that does not know it must refuse. A key below 0 is not: a reader keeps
//! it and writes it back.

use crate::KeyError;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::write::{Cursor, EndOfSlice, Write};

/// Writes CBOR into a block. The block never grows, so no copy of a secret is left behind.
pub(crate) type Encoder<'a> = minicbor::Encoder<Cursor<&'a mut [u8]>>;
/// What writing into a block returns.
pub(crate) type Written = Result<(), minicbor::encode::Error<EndOfSlice>>;

/// Bytes that say how long the content of a block is.
const LENGTH: usize = 2;
/// What padding is compared with, piece by piece: most of a file is padding.
const ZEROS: [u8; 1024] = [0; 1024];

/// Writes a block: the length of its content, the content, zeros.
pub(crate) fn write_block(
    block: &mut [u8],
    what: &'static str,
    write: impl FnOnce(&mut Encoder<'_>) -> Written,
) -> Result<(), KeyError> {
    let (length, content) = block.split_at_mut(LENGTH);
    let limit = content.len();
    content.fill(0);
    let mut encoder = minicbor::Encoder::new(Cursor::new(content));
    write(&mut encoder).map_err(|_| KeyError::TooLong { what, limit })?;
    let used =
        u16::try_from(encoder.into_writer().position()).map_err(|_| KeyError::TooLong { what, limit })?;
    length.copy_from_slice(&used.to_be_bytes());
    Ok(())
}

/// The content of a block; everything behind it must be zero.
pub(crate) fn read_block<'b>(block: &'b [u8], what: &'static str) -> Result<&'b [u8], KeyError> {
    let malformed = || KeyError::Malformed { what };
    let (length, rest) = block.split_first_chunk::<LENGTH>().ok_or_else(malformed)?;
    let (content, padding) =
        rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(malformed)?;
    if padding.chunks(ZEROS.len()).any(|chunk| chunk != &ZEROS[..chunk.len()]) {
        return Err(malformed());
    }
    Ok(content)
}

/// The fields of a map that are still to be read.
pub(crate) struct Fields<'b> {
    what: &'static str,
    entries: Vec<(i64, &'b [u8])>,
}

impl<'b> Fields<'b> {
    /// Splits a map that fills `bytes` exactly; its keys must be in deterministic order (RFC 8949, 4.2.1).
    pub(crate) fn read(bytes: &'b [u8], what: &'static str) -> Result<Self, KeyError> {
        let mut decoder = Decoder::new(bytes);
        let entries = Self::split(&mut decoder).map_err(|_| KeyError::Malformed { what })?;
        let is_ordered = entries.is_sorted_by(|(one, _), (next, _)| order(*one) < order(*next));
        if !is_ordered || decoder.position() != bytes.len() {
            return Err(KeyError::Malformed { what });
        }
        Ok(Self { what, entries })
    }

    fn split(decoder: &mut Decoder<'b>) -> Result<Vec<(i64, &'b [u8])>, DecodeError> {
        let length = decoder.map()?.ok_or_else(|| DecodeError::message("a map without its length"))?;
        let mut entries = Vec::new();
        for _ in 0..length {
            let key = decoder.i64()?;
            let start = decoder.position();
            decoder.skip()?;
            entries.push((key, &decoder.input()[start..decoder.position()]));
        }
        Ok(entries)
    }

    /// Takes a field that may be absent.
    pub(crate) fn optional<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, KeyError> {
        let Some(index) = self.entries.iter().position(|(candidate, _)| *candidate == key) else {
            return Ok(None);
        };
        let (_, bytes) = self.entries.remove(index);
        read_item(bytes, self.what, read).map(Some)
    }

    /// Takes a field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, DecodeError>,
    ) -> Result<T, KeyError> {
        self.optional(key, read)?.ok_or(KeyError::Malformed { what: self.what })
    }

    /// Takes a list of items as they are encoded, at most `limit`.
    pub(crate) fn items(&mut self, key: i64, limit: usize) -> Result<Vec<&'b [u8]>, KeyError> {
        self.required(key, |decoder| {
            list(decoder, limit, |decoder| {
                let start = decoder.position();
                decoder.skip()?;
                Ok(&decoder.input()[start..decoder.position()])
            })
        })
    }

    /// Ends the reading: an unknown critical field refuses, the others are kept.
    pub(crate) fn rest(self) -> Result<UnknownFields, KeyError> {
        if self.entries.iter().any(|(key, _)| *key >= 0) {
            return Err(KeyError::Newer { what: self.what });
        }
        Ok(UnknownFields(self.entries.into_iter().map(|(key, bytes)| (key, bytes.to_vec())).collect()))
    }
}

/// Reads one item that fills `bytes` exactly.
pub(crate) fn read_item<'b, T>(
    bytes: &'b [u8],
    what: &'static str,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, DecodeError>,
) -> Result<T, KeyError> {
    let mut decoder = Decoder::new(bytes);
    let value = read(&mut decoder).map_err(|_| KeyError::Malformed { what })?;
    if decoder.position() != bytes.len() {
        return Err(KeyError::Malformed { what });
    }
    Ok(value)
}

/// Fields of a newer minor version that are not critical: kept as they came and written back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnknownFields(Vec<(i64, Vec<u8>)>);

impl UnknownFields {
    /// How many there are, to add to the length of the map.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.0.len()).expect("as many as fit in a block")
    }

    /// Writes them behind the known fields: keys below 0 come last in deterministic order.
    pub(crate) fn write(&self, encoder: &mut Encoder<'_>) -> Written {
        for (key, bytes) in &self.0 {
            encoder.i64(*key)?;
            encoder.writer_mut().write_all(bytes).map_err(minicbor::encode::Error::write)?;
        }
        Ok(())
    }
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], DecodeError> {
    decoder.bytes()?.try_into().map_err(|_| DecodeError::message("a byte string of another length"))
}

/// Reads the head of an array of exactly `length` items.
pub(crate) fn array_of(decoder: &mut Decoder<'_>, length: u64) -> Result<(), DecodeError> {
    if decoder.array()? == Some(length) {
        Ok(())
    } else {
        Err(DecodeError::message("an array of another length"))
    }
}

/// Reads an array of at most `limit` items.
pub(crate) fn list<'b, T>(
    decoder: &mut Decoder<'b>,
    limit: usize,
    mut item: impl FnMut(&mut Decoder<'b>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let length =
        decoder.array()?.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= limit);
    let length = length.ok_or_else(|| DecodeError::message("an array without its length, or too long"))?;
    (0..length).map(|_| item(decoder)).collect()
}

/// The length of a list as CBOR counts it.
pub(crate) fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).expect("lists are shorter than a block")
}

/// Where a key stands in deterministic order: 0, 1, 2, … then -1, -2, …
const fn order(key: i64) -> (bool, i64) {
    if key < 0 { (true, !key) } else { (false, key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {0: 1, -1: 2}
    const KNOWN_AND_OPTIONAL: [u8; 5] = [0xa2, 0x00, 0x01, 0x20, 0x02];

    #[test]
    fn an_unknown_field_that_is_not_critical_is_written_back() {
        let mut fields = Fields::read(&KNOWN_AND_OPTIONAL, "map").unwrap();
        let known = fields.required(0, |d| d.u8()).unwrap();
        let unknown = fields.rest().unwrap();

        let mut block = [0xff; 10];
        write_block(&mut block, "map", |e| {
            e.map(1 + unknown.count())?.u8(0)?.u8(known)?;
            unknown.write(e)
        })
        .unwrap();

        assert_eq!(block, [0, 5, 0xa2, 0x00, 0x01, 0x20, 0x02, 0, 0, 0]);
    }

    #[test]
    fn an_unknown_critical_field_is_refused() {
        let fields = Fields::read(&KNOWN_AND_OPTIONAL, "map").unwrap();

        assert_eq!(fields.rest().unwrap_err(), KeyError::Newer { what: "map" });
    }

    #[test]
    fn a_map_out_of_order_doubled_or_with_trailing_bytes_is_refused() {
        let refused = |bytes: &[u8]| Fields::read(bytes, "map").err();

        assert_eq!(refused(&[0xa2, 0x01, 0x01, 0x00, 0x02]), Some(KeyError::Malformed { what: "map" }));
        assert_eq!(refused(&[0xa2, 0x00, 0x01, 0x00, 0x02]), Some(KeyError::Malformed { what: "map" }));
        assert_eq!(refused(&[0xa1, 0x00, 0x01, 0x00]), Some(KeyError::Malformed { what: "map" }));
        assert_eq!(refused(&[0xbf, 0x00, 0x01, 0xff]), Some(KeyError::Malformed { what: "map" }));
        assert_eq!(
            refused(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Some(KeyError::Malformed { what: "map" })
        );
    }

    #[test]
    fn a_block_with_something_behind_its_content_is_refused() {
        assert_eq!(read_block(&[0, 1, 7, 0, 0], "block"), Ok(&[7_u8][..]));
        assert_eq!(read_block(&[0, 1, 7, 0, 1], "block"), Err(KeyError::Malformed { what: "block" }));
        assert_eq!(read_block(&[0, 9, 7, 0, 0], "block"), Err(KeyError::Malformed { what: "block" }));
    }

    #[test]
    fn content_that_does_not_fit_is_refused() {
        let refused = write_block(&mut [0; 4], "block", |e| e.bytes(&[1, 2, 3]).map(drop));

        assert_eq!(refused, Err(KeyError::TooLong { what: "block", limit: 2 }));
    }
}
