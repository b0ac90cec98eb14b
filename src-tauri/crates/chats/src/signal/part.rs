//! A message of Signal's backup format in its JSON form: names in camel case, 64-bit numbers as text, bytes as base64, enums as words.
//! A field that holds its default is left out.

use serde_json::{Map, Value};

/// An object and typed looks into it.
#[derive(Clone, Copy)]
pub(super) struct Part<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Part<'a> {
    /// The text, `None` when empty.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// A number, also when it stands as text.
    pub(super) fn number(self, key: &str) -> Option<u64> {
        number(self.0.get(key)?)
    }

    /// A time in milliseconds; zero is none.
    pub(super) fn time(self, key: &str) -> Option<i64> {
        self.number(key).filter(|time| *time > 0).and_then(|time| i64::try_from(time).ok())
    }

    pub(super) fn is(self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The bytes of base64, `None` when there are none.
    pub(super) fn bytes(self, key: &str) -> Option<Vec<u8>> {
        crate::base64::decode(self.text(key)?).filter(|bytes| !bytes.is_empty())
    }

    pub(super) fn part(self, key: &str) -> Option<Self> {
        self.0.get(key)?.as_object().map(Part)
    }

    pub(super) fn parts(self, key: &str) -> impl Iterator<Item = Self> {
        let list = self.0.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_object).map(Part)
    }

    /// An identifier of 16 bytes as people write it.
    pub(super) fn uuid(self, key: &str) -> Option<String> {
        uuid(&self.bytes(key)?)
    }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Sixteen bytes as an identifier; a service id may have a byte before them that says which kind it is.
fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes = if bytes.len() == 17 { bytes.get(1..)? } else { bytes };
    if bytes.len() != 16 {
        return None;
    }
    let mut hex = crate::record::hex(bytes);
    for at in [20, 16, 12, 8] {
        hex.insert(at, '-');
    }
    Some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_an_identifier() {
        let bytes: Vec<u8> = (0..16).collect();
        let with_kind: Vec<u8> = std::iter::once(1).chain(0..16).collect();

        assert_eq!(uuid(&bytes).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(uuid(&with_kind), uuid(&bytes));
        assert_eq!(uuid(&[1; 15]), None);
    }
}
