//! Protocol buffers of Signal's backups as the JSON of its export.

use serde_json::{Map, Value};

use super::schema::{self, Field, Kind, Message};

/// Nesting: an item's revision's quote's text's range is the deepest there is.
const MAX_DEPTH: usize = 24;

/// The JSON form of a frame; `None` when its bytes are none.
pub(super) fn frame(bytes: &[u8]) -> Option<Map<String, Value>> {
    read(bytes, schema::message("Frame")?, MAX_DEPTH)
}

/// A field as it stands: its number and what it holds.
pub(super) enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed 32 or 64 bits: nothing the reader looks at.
    Fixed,
}

/// The next field of a message; `None` at its end, an error when it is none.
pub(super) fn next<'a>(rest: &mut &'a [u8]) -> Option<Result<(u64, Wire<'a>), ()>> {
    if rest.is_empty() {
        return None;
    }
    Some(field(rest).ok_or(()))
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Wire<'a>)> {
    let tag = varint(rest)?;
    let wire = match tag & 7 {
        0 => Wire::Number(varint(rest)?),
        1 => {
            *rest = rest.get(8..)?;
            Wire::Fixed
        }
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            Wire::Bytes(bytes)
        }
        5 => {
            *rest = rest.get(4..)?;
            Wire::Fixed
        }
        _ => return None,
    };
    Some((tag >> 3, wire))
}

/// Seven bits a byte, the lowest first.
pub(super) fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn read(bytes: &[u8], message: &Message, depth: usize) -> Option<Map<String, Value>> {
    let depth = depth.checked_sub(1)?;
    let mut out = Map::new();
    let mut rest = bytes;
    while let Some(found) = next(&mut rest) {
        let (number, wire) = found.ok()?;
        let Some(field) = message.get(&number) else {
            out.entry(format!("field_{number}")).or_insert(Value::Bool(true));
            continue;
        };
        let Some(value) = value(&wire, field, depth)? else { continue };
        if !field.repeats {
            out.insert(field.name.to_owned(), value);
            continue;
        }
        let list = out.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value);
        }
    }
    Some(out)
}

/// The value of a field; none inside when it stands there in a form its kind does not have.
fn value(wire: &Wire<'_>, field: &Field, depth: usize) -> Option<Option<Value>> {
    Some(match (&field.kind, wire) {
        (Kind::Long, Wire::Number(number)) => Some(Value::String(number.to_string())),
        (Kind::Number, Wire::Number(number)) => Some(Value::from(*number)),
        (Kind::Flag, Wire::Number(number)) => Some(Value::Bool(*number != 0)),
        (Kind::Words(words), Wire::Number(number)) => {
            let word = usize::try_from(*number).ok().and_then(|at| words.get(at));
            Some(word.map_or_else(|| Value::from(*number), |word| Value::from(*word)))
        }
        (Kind::Text, Wire::Bytes(bytes)) => Some(Value::String(String::from_utf8_lossy(bytes).into_owned())),
        (Kind::Bytes, Wire::Bytes(bytes)) => Some(Value::String(crate::base64::encode(bytes))),
        (Kind::Message(name), Wire::Bytes(bytes)) => {
            Some(Value::Object(read(bytes, schema::message(name)?, depth)?))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_as_its_json() {
        // chatItem { chatId: 2, dateSent: 300, incoming {}, standardMessage { text { body: "hi" } } }, field 99 unknown.
        let bytes = [
            0x22, 0x16, 0x08, 0x02, 0x18, 0xac, 0x02, 0x42, 0x00, 0x5a, 0x06, 0x12, 0x04, 0x0a, 0x02, b'h',
            b'i', 0x9a, 0x06, 0x02, 1, 2, 0x38, 0x01,
        ];

        let json = frame(&bytes).unwrap();

        let item = json.get("chatItem").unwrap();
        assert_eq!(item["chatId"], "2");
        assert_eq!(item["dateSent"], "300");
        assert_eq!(item["incoming"], serde_json::json!({}));
        assert_eq!(item["standardMessage"]["text"]["body"], "hi");
        assert_eq!(item["field_99"], true);
    }

    #[test]
    fn cut_off_and_endless_bytes_are_no_frame() {
        assert!(frame(&[0x22, 0x05, 0x08]).is_none());
        assert!(frame(&[0xff; 11]).is_none());
        // Revisions of revisions, each in the one before: tag 6, length in two bytes.
        let mut deep = Vec::new();
        for _ in 0..40 {
            let length = u8::try_from(deep.len() & 0x7f).unwrap() | 0x80;
            let high = u8::try_from(deep.len() >> 7).unwrap();
            deep = [&[0x32, length, high][..], &deep].concat();
        }
        let length = u8::try_from(deep.len()).unwrap();
        let bytes = [&[0x22, length][..], &deep].concat();
        assert!(frame(&bytes).is_none());
        assert!(frame(&[&[0x22, length - 60][..], &deep[60..]].concat()).is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_none(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = frame(&bytes);
        }
    }
}
