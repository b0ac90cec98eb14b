//! Apple's binary property lists (the layout is that of CFBinaryPList.c in Apple's open CoreFoundation): a table of objects that point to
//! each other by number.
//!
//! They come from strangers: no more objects, levels and bytes are followed than the limits allow, and a loop ends at the depth.

use std::collections::BTreeMap;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 32;
/// Most objects that are made out of one list, the same one counted each time it is met.
const MAX_OBJECTS: usize = 200_000;

/// A value of a property list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plist {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    /// Seconds since 2001.
    Date(f64),
    Data(Vec<u8>),
    Text(String),
    /// A pointer to another object, in archives of objects.
    Uid(usize),
    Array(Vec<Plist>),
    Dict(BTreeMap<String, Plist>),
}

impl Plist {
    /// `None` when the bytes are no binary property list, or one that is broken.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let list = bytes.strip_prefix(b"bplist0").and_then(|rest| rest.get(1..)).is_some();
        if !list || bytes.len() < 40 {
            return None;
        }
        let trailer = bytes.get(bytes.len() - 32..)?;
        let reader = Reader {
            bytes: bytes.get(..bytes.len() - 32)?,
            offset_size: usize::from(*trailer.get(6)?),
            ref_size: usize::from(*trailer.get(7)?),
            count: number(trailer.get(8..16)?)?,
            table: number(trailer.get(24..32)?)?,
        };
        let mut left = MAX_OBJECTS;
        reader.object(number(trailer.get(16..24)?)?, 0, &mut left)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Dict(entries) = self { entries.get(key) } else { None }
    }

    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true) | Self::Int(1))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset_size: usize,
    ref_size: usize,
    count: usize,
    table: usize,
}

impl Reader<'_> {
    fn object(&self, index: usize, depth: usize, left: &mut usize) -> Option<Plist> {
        *left = left.checked_sub(1)?;
        if depth > MAX_DEPTH || index >= self.count {
            return None;
        }
        let at = number(
            self.slice(self.table.checked_add(index.checked_mul(self.offset_size)?)?, self.offset_size)?,
        )?;
        let marker = *self.bytes.get(at)?;
        let low = usize::from(marker & 0x0f);
        let at = at + 1;
        Some(match marker >> 4 {
            0x0 if low == 8 || low == 9 => Plist::Bool(low == 9),
            0x0 => Plist::Null,
            0x1 => Plist::Int(signed(self.slice(at, 1_usize.checked_shl(u32::try_from(low).ok()?)?)?)?),
            0x2 => Plist::Real(real(self.slice(at, 1_usize.checked_shl(u32::try_from(low).ok()?)?)?)?),
            0x3 => Plist::Date(real(self.slice(at, 8)?)?),
            0x4 => {
                let (length, at) = self.length(low, at)?;
                Plist::Data(self.slice(at, length)?.to_vec())
            }
            0x5 => {
                let (length, at) = self.length(low, at)?;
                Plist::Text(String::from_utf8_lossy(self.slice(at, length)?).into_owned())
            }
            0x6 => {
                let (length, at) = self.length(low, at)?;
                let units = self.slice(at, length.checked_mul(2)?)?.as_chunks::<2>().0;
                let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
                Plist::Text(String::from_utf16_lossy(&units))
            }
            0x8 => Plist::Uid(number(self.slice(at, low + 1)?)?),
            0xa | 0xc => {
                let (length, at) = self.length(low, at)?;
                Plist::Array(self.objects(at, length, depth, left)?)
            }
            0xd => {
                let (length, at) = self.length(low, at)?;
                let keys = self.objects(at, length, depth, left)?;
                let after = at.checked_add(length.checked_mul(self.ref_size)?)?;
                let values = self.objects(after, length, depth, left)?;
                let named = |key: Plist| if let Plist::Text(text) = key { Some(text) } else { None };
                Plist::Dict(
                    keys.into_iter()
                        .zip(values)
                        .filter_map(|(key, value)| Some((named(key)?, value)))
                        .collect(),
                )
            }
            _ => return None,
        })
    }

    fn objects(&self, at: usize, length: usize, depth: usize, left: &mut usize) -> Option<Vec<Plist>> {
        let places = self.slice(at, length.checked_mul(self.ref_size)?)?;
        if self.ref_size == 0 {
            return if length == 0 { Some(Vec::new()) } else { None };
        }
        places.chunks_exact(self.ref_size).map(|place| self.object(number(place)?, depth + 1, left)).collect()
    }

    /// The length in the marker, or behind it as a number of its own.
    fn length(&self, low: usize, at: usize) -> Option<(usize, usize)> {
        if low < 15 {
            return Some((low, at));
        }
        let marker = *self.bytes.get(at)?;
        if marker >> 4 != 1 {
            return None;
        }
        let size = 1_usize.checked_shl(u32::from(marker & 0x0f))?;
        Some((number(self.slice(at + 1, size)?)?, at + 1 + size))
    }

    fn slice(&self, at: usize, length: usize) -> Option<&[u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    if bytes.len() > 8 {
        return None;
    }
    usize::try_from(bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))).ok()
}

/// One, two and four bytes hold no sign; eight do; of sixteen only the last eight are used.
fn signed(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        1 | 2 | 4 => i64::try_from(number(bytes)?).ok(),
        8 | 16 => Some(i64::from_be_bytes(*bytes.last_chunk::<8>()?)),
        _ => None,
    }
}

fn real(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

/// Writes a list, for samples and tests.
#[cfg(any(test, feature = "generate"))]
pub(crate) fn write(list: &Plist) -> Vec<u8> {
    let (mut bytes, mut offsets) = (b"bplist00".to_vec(), Vec::new());
    let top = put(list, &mut bytes, &mut offsets);
    let table = bytes.len();
    for offset in &offsets {
        bytes.extend(big(*offset));
    }
    bytes.extend([0, 0, 0, 0, 0, 0, 4, 4]);
    for value in [offsets.len(), top, table] {
        bytes.extend([0; 4]);
        bytes.extend(big(value));
    }
    bytes
}

#[cfg(any(test, feature = "generate"))]
fn put(list: &Plist, bytes: &mut Vec<u8>, offsets: &mut Vec<usize>) -> usize {
    let inner: Vec<usize> = match list {
        Plist::Array(items) => items.iter().map(|item| put(item, bytes, offsets)).collect(),
        Plist::Dict(entries) => {
            let keys: Vec<usize> =
                entries.keys().map(|key| put(&Plist::Text(key.clone()), bytes, offsets)).collect();
            let values: Vec<usize> = entries.values().map(|value| put(value, bytes, offsets)).collect();
            keys.into_iter().chain(values).collect()
        }
        Plist::Null
        | Plist::Bool(_)
        | Plist::Int(_)
        | Plist::Real(_)
        | Plist::Date(_)
        | Plist::Data(_)
        | Plist::Text(_)
        | Plist::Uid(_) => Vec::new(),
    };
    offsets.push(bytes.len());
    let head = |kind: u8, length: usize| {
        let mut head = vec![kind << 4 | 0x0f, 0x12];
        head.extend(big(length));
        head
    };
    match list {
        Plist::Null => bytes.push(0),
        Plist::Bool(is_true) => bytes.push(if *is_true { 9 } else { 8 }),
        Plist::Int(value) => bytes.extend([0x13].into_iter().chain(value.to_be_bytes())),
        Plist::Real(value) => bytes.extend([0x23].into_iter().chain(value.to_be_bytes())),
        Plist::Date(value) => bytes.extend([0x33].into_iter().chain(value.to_be_bytes())),
        Plist::Data(data) => bytes.extend(head(4, data.len()).iter().chain(data)),
        Plist::Text(text) => {
            let units: Vec<u16> = text.encode_utf16().collect();
            bytes.extend(head(6, units.len()));
            units.iter().for_each(|unit| bytes.extend(unit.to_be_bytes()));
        }
        Plist::Uid(to) => bytes.extend([0x83].into_iter().chain(big(*to))),
        Plist::Array(items) => bytes.extend(head(0xa, items.len())),
        Plist::Dict(entries) => bytes.extend(head(0xd, entries.len())),
    }
    inner.iter().for_each(|place| bytes.extend(big(*place)));
    offsets.len() - 1
}

#[cfg(any(test, feature = "generate"))]
fn big(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Plist {
        let dict = [
            ("IsEncrypted", Plist::Bool(true)),
            ("Version", Plist::Text("é 10.0".to_owned())),
            ("list", Plist::Array(vec![Plist::Int(-3), Plist::Int(70_000), Plist::Real(1.5), Plist::Null])),
            ("when", Plist::Date(7.25)),
            ("data", Plist::Data(vec![0, 255])),
            ("to", Plist::Uid(3)),
        ];
        Plist::Dict(dict.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(Plist::read(&write(&sample())), Some(sample()));
    }

    /// Made by Python's plistlib: `dumps({"a": [1, "b", True], "n": -1}, fmt=FMT_BINARY)`.
    #[test]
    fn a_list_made_by_another_program_is_read() {
        let bytes = crate::record::from_hex::<75>(LIST).unwrap();

        let list = Plist::read(&bytes).unwrap();

        let items = vec![Plist::Int(1), Plist::Text("b".to_owned()), Plist::Bool(true)];
        assert_eq!(list.get("a"), Some(&Plist::Array(items)));
        assert_eq!(list.get("n"), Some(&Plist::Int(-1)));
    }

    #[test]
    fn a_list_that_holds_itself_is_refused() {
        let mut bytes = b"bplist00".to_vec();
        bytes.extend([0xa2, 0, 0, 8]);
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
        for value in [1_u64, 0, 11] {
            bytes.extend(value.to_be_bytes());
        }

        assert_eq!(Plist::read(&bytes), None);
    }

    proptest! {
        #[test]
        fn broken_lists_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
            let mut bytes = write(&sample());
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = Plist::read(&bytes);
            let _ = Plist::read(&bytes[..cut.index(bytes.len())]);
        }
    }

    const LIST: &str = "62706c6973743030d2010203075161516ea3040506100151620913ffffffffffffffff080d0f111517191a0000000000000101000000000000000800000000000000000000000000000023";
}
