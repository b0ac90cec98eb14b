//! What stands before the ciphertext.
//!
//! crypt12: cipher version (2) ‖ key version (1) ‖ server salt (32) ‖ account salt (16) ‖ initial value (16). crypt14 and crypt15: a
//! protobuf message behind its length; field 2 holds the same facts, field 3 only an initial value. Source: the formats
//! wa-crypt-tools 0.1.0 documents, and the samples.

use crate::app_key::KeyMark;

/// Longest header that is looked at.
pub(super) const MOST: u64 = 8192;

/// Deepest message inside a message, and most fields of one.
const MAX_FIELDS: usize = 512;

/// The three containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crypt {
    Twelve,
    Fourteen,
    Fifteen,
}

/// A header that was read.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) crypt: Crypt,
    pub(super) iv: [u8; 16],
    /// Which key it wants; crypt15 does not say.
    pub(super) mark: Option<KeyMark>,
    /// Where the ciphertext begins.
    pub(super) begins: u64,
}

impl Header {
    /// Reads the beginning of a file of `length` bytes that ends with `end`.
    pub(super) fn read(start: &[u8], end: [u8; 4], length: u64) -> Option<Self> {
        let header =
            if is_twelve(start, end) { Self::read_twelve(start) } else { Self::read_message(start) }?;
        (header.begins + header.trailer() < length).then_some(header)
    }

    fn read_twelve(start: &[u8]) -> Option<Self> {
        let mark = KeyMark {
            version: *start.get(2)?,
            salt: start.get(3..35)?.try_into().ok()?,
            account: start.get(35..51)?.try_into().ok()?,
        };
        let iv = start.get(51..67)?.try_into().ok()?;
        Some(Self { crypt: Crypt::Twelve, iv, mark: Some(mark), begins: 67 })
    }

    fn read_message(start: &[u8]) -> Option<Self> {
        let mut rest = start;
        let length = usize::try_from(varint(&mut rest)?).ok()?;
        // Some tools write the length as one byte and a mark behind it; no message begins with a 1.
        if let Some(after) = rest.strip_prefix(&[1]) {
            rest = after;
        }
        let begins = u64::try_from(start.len() - rest.len() + length).ok()?;
        let fields = fields(rest.get(..length)?)?;
        let inner = |number| fields.iter().find(|(found, _)| *found == number).and_then(|(_, bytes)| *bytes);
        if let Some(inside) = inner(3) {
            let inside = self::fields(inside)?;
            let iv = bytes_of(&inside, 1)?.try_into().ok()?;
            return Some(Self { crypt: Crypt::Fifteen, iv, mark: None, begins });
        }
        let inside = self::fields(inner(2)?)?;
        let version = *bytes_of(&inside, 2)?.first()?;
        let mark = KeyMark {
            // A digit here, a number in the key file.
            version: version.checked_sub(b'0').unwrap_or(version),
            salt: bytes_of(&inside, 3)?.try_into().ok()?,
            account: bytes_of(&inside, 4)?.try_into().ok()?,
        };
        let iv = bytes_of(&inside, 5)?.try_into().ok()?;
        Some(Self { crypt: Crypt::Fourteen, iv, mark: Some(mark), begins })
    }

    /// Bytes behind the ciphertext: tag, MD5, and crypt12's end of a telephone number.
    fn trailer(&self) -> u64 {
        match self.crypt {
            Crypt::Twelve => 36,
            Crypt::Fourteen | Crypt::Fifteen => 32,
        }
    }

    pub(super) fn end_of_content(&self, length: u64) -> u64 {
        length.saturating_sub(self.trailer())
    }

    /// Backups in several files have no MD5.
    pub(super) fn may_lack_sum(&self) -> bool {
        self.crypt != Crypt::Twelve
    }
}

/// No header of the other kinds begins with a zero byte, and the last two digits of a telephone number end the file.
fn is_twelve(start: &[u8], end: [u8; 4]) -> bool {
    let is_part = |byte: u8| byte == b'-' || byte.is_ascii_digit();
    let [one, two, three, four] = end;
    start.starts_with(&[0, 1])
        && matches!(start.get(2), Some(1..=3))
        && is_part(one)
        && is_part(two)
        && three.is_ascii_digit()
        && four.is_ascii_digit()
}

type Field<'a> = (u64, Option<&'a [u8]>);

/// The fields of a message, those that hold bytes with them. `None` when it is no message to its end.
fn fields(mut message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let number = tag >> 3;
        if number == 0 || found.len() == MAX_FIELDS {
            return None;
        }
        let bytes = match tag & 7 {
            0 => varint(&mut message).map(|_| None)?,
            1 => skip(&mut message, 8).map(|_| None)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                Some(skip(&mut message, length)?)
            }
            5 => skip(&mut message, 4).map(|_| None)?,
            _ => return None,
        };
        found.push((number, bytes));
    }
    Some(found)
}

fn bytes_of<'a>(fields: &[Field<'a>], number: u64) -> Option<&'a [u8]> {
    fields.iter().find(|(found, _)| *found == number).and_then(|(_, bytes)| *bytes)
}

fn skip<'a>(message: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (bytes, rest) = message.split_at_checked(count)?;
    *message = rest;
    Some(bytes)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
