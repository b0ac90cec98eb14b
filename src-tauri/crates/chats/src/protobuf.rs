//! Messages in protobuf's wire format (protobuf.dev/programming-guides/encoding), read by field numbers alone: apps keep them in
//! columns of their databases, and nobody publishes their names.
//!
//! Whatever is none ends the message it stands in; what came before it is there.

/// Most fields of one message: votes of the largest group, several times over.
const MAX_FIELDS: usize = 16_384;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(u64, Value<'a>)>);

impl<'a> Fields<'a> {
    /// Reads as far as it goes.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (mut rest, mut fields) = (bytes, Vec::new());
        while !rest.is_empty() && fields.len() < MAX_FIELDS {
            let Some(field) = next(&mut rest) else { break };
            fields.push(field);
        }
        Self(fields)
    }

    /// The first message with this number.
    pub(crate) fn inside(&self, number: u64) -> Option<Fields<'a>> {
        self.all_inside(number).next()
    }

    /// The first message at the end of a path of numbers.
    pub(crate) fn below(&self, path: &[u64]) -> Option<Fields<'a>> {
        path.iter().try_fold(self.clone(), |fields, number| fields.inside(*number))
    }

    /// Every message with this number.
    pub(crate) fn all_inside(&self, number: u64) -> impl Iterator<Item = Fields<'a>> {
        self.bytes(number).map(Fields::read)
    }

    /// The first text with this number that is UTF-8 and not empty.
    pub(crate) fn text(&self, number: u64) -> Option<String> {
        let texts = self.bytes(number).filter_map(|bytes| std::str::from_utf8(bytes).ok());
        texts.filter(|text| !text.is_empty()).map(str::to_owned).next()
    }

    /// The first number with this number.
    pub(crate) fn number(&self, number: u64) -> Option<u64> {
        self.values(number).find_map(|value| match value {
            Value::Number(found) => Some(found),
            Value::Bytes(_) => None,
        })
    }

    /// Every number with this number, packed together or each by itself.
    pub(crate) fn numbers(&self, number: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        for value in self.values(number) {
            match value {
                Value::Number(found) => numbers.push(found),
                Value::Bytes(mut packed) => {
                    while let Some(found) = varint(&mut packed).filter(|_| numbers.len() < MAX_FIELDS) {
                        numbers.push(found);
                    }
                }
            }
        }
        numbers
    }

    fn bytes(&self, number: u64) -> impl Iterator<Item = &'a [u8]> {
        self.values(number).filter_map(|value| match value {
            Value::Number(_) => None,
            Value::Bytes(bytes) => Some(bytes),
        })
    }

    fn values(&self, number: u64) -> impl Iterator<Item = Value<'a>> {
        self.0.iter().filter(move |(found, _)| *found == number).map(|(_, value)| *value)
    }
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(rest)?),
        1 => Value::Number(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?)),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        5 => Value::Number(u64::from(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?))),
        _ => return None,
    };
    (tag >> 3 > 0).then_some((tag >> 3, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Writes messages, for samples and tests.
#[cfg(any(test, feature = "generate"))]
#[derive(Clone, Debug, Default)]
pub(crate) struct Maker(Vec<u8>);

#[cfg(any(test, feature = "generate"))]
impl Maker {
    pub(crate) fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(u64::try_from(bytes.len()).unwrap_or(0));
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn inside(self, field: u64, inner: Maker) -> Self {
        self.bytes(field, &inner.0)
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let part = value.to_le_bytes()[0] & 0x7f;
            value >>= 7;
            self.0.push(if value > 0 { part | 0x80 } else { part });
            if value == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_found_by_their_numbers() {
        let made = Maker::default()
            .number(1, 300)
            .inside(7, Maker::default().text(3, "👍").number(4, 1_700_000_000_000))
            .text(2, "é")
            .number(1, 5)
            .done();

        let fields = Fields::read(&made);

        assert_eq!(made[..3], [0x08, 0xac, 0x02], "the example of the public guide");
        assert_eq!((fields.number(1), fields.numbers(1)), (Some(300), vec![300, 5]));
        assert_eq!(fields.text(2).as_deref(), Some("é"));
        assert_eq!(fields.below(&[7]).unwrap().text(3).as_deref(), Some("👍"));
        assert_eq!(fields.inside(7).unwrap().number(4), Some(1_700_000_000_000));
        assert_eq!((fields.number(7), fields.text(9)), (None, None));
    }

    #[test]
    fn packed_numbers_are_read_too() {
        let made = Maker::default().bytes(1, &[3, 0x8e, 0x02, 0x9e, 0xa7, 0x05]).done();

        assert_eq!(Fields::read(&made).numbers(1), [3, 270, 86_942], "the example of the public guide");
    }

    #[test]
    fn what_comes_before_a_cut_is_there() {
        let made = Maker::default().text(1, "whole").text(2, "cut off").done();

        let fields = Fields::read(&made[..made.len() - 3]);

        assert_eq!((fields.text(1).as_deref(), fields.text(2)), (Some("whole"), None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400), path in proptest::collection::vec(0_u64..20, 0..6)) {
            let fields = Fields::read(&bytes);
            let _ = fields.below(&path);
            let _ = (fields.text(1), fields.number(1), fields.numbers(2));
        }
    }
}
