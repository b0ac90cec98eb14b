//! How plain values stand in a record.

use minicbor::Decoder;
use serde_json::Value;

use super::{Field, RecordError, length_of, malformed, put_head};

/// Longest text or byte string a record may hold.
const MAX_BYTES: usize = 64 << 20;

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// Reads lower- or upper-case hex of exactly `N` bytes.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut out = [0_u8; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let high = u8::try_from(char::from(*high).to_digit(16)?).ok()?;
        let low = u8::try_from(char::from(*low).to_digit(16)?).ok()?;
        *byte = high << 4 | low;
    }
    Some(out)
}

impl Field for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        put_head(out, 0, *self);
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        decoder.u64().map_err(|_| malformed(decoder))
    }
    fn json(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_head(out, 0, u64::from(*self));
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        decoder.u32().map_err(|_| malformed(decoder))
    }
    fn json(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        if *self < 0 {
            put_head(out, 1, (!*self).unsigned_abs());
        } else {
            put_head(out, 0, self.unsigned_abs());
        }
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        decoder.i64().map_err(|_| malformed(decoder))
    }
    fn json(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(if *self { 0xf5 } else { 0xf4 });
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        decoder.bool().map_err(|_| malformed(decoder))
    }
    fn json(&self) -> Value {
        Value::from(*self)
    }
}

// Always the 8-byte form: one rule, no rounding.
impl Field for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(0xfb);
        out.extend(self.to_be_bytes());
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        let number = decoder.f64().map_err(|_| malformed(decoder))?;
        if number.is_finite() { Ok(number) } else { Err(malformed(decoder)) }
    }
    fn json(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_head(out, 3, length_of(self.as_bytes()));
        out.extend_from_slice(self.as_bytes());
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        let text = decoder.str().map_err(|_| malformed(decoder))?;
        if text.len() > MAX_BYTES { Err(malformed(decoder)) } else { Ok(text.to_owned()) }
    }
    fn json(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Field for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        put_head(out, 2, length_of(self));
        out.extend_from_slice(self);
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        let bytes = decoder.bytes().map_err(|_| malformed(decoder))?;
        if bytes.len() > MAX_BYTES { Err(malformed(decoder)) } else { Ok(bytes.to_vec()) }
    }
    fn json(&self) -> Value {
        match std::str::from_utf8(self) {
            Ok(text) => Value::from(text),
            Err(_) => serde_json::json!({ "hex": hex(self) }),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(out),
            None => out.push(0xf6),
        }
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        T::take(decoder).map(Some)
    }
    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::json)
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_head(out, 4, length_of(self));
        for item in self {
            item.put(out);
        }
    }
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
        let count = decoder.array().map_err(|_| malformed(decoder))?.ok_or_else(|| malformed(decoder))?;
        let mut items = Self::new();
        for _ in 0..count {
            items.push(T::take(decoder)?);
        }
        Ok(items)
    }
    fn json(&self) -> Value {
        Value::Array(self.iter().map(Field::json).collect())
    }
}
