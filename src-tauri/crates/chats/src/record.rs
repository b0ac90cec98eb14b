//! Canonical bytes of the model: deterministic CBOR with integer keys, and a JSON form for comparing.
//!
//! Rules (normative for major 0): maps have ascending unsigned keys, definite lengths and shortest integers;
//! a field that holds its default is left out; keys this version does not know are kept byte for byte and
//! written back. So `decode(encode(x)) == x`, and `encode(decode(b)) == b` for bytes made by a newer version
//! that only added keys.

use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Map, Value};

use crate::model::{Conversation, Import, Message};

mod fields;
mod macros;

pub(crate) use fields::{from_hex, hex};
pub(crate) use macros::{record, words};

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes are not the CBOR a record has at this place.
    #[error("record is malformed at byte {at}")]
    Malformed {
        /// Byte offset.
        at: usize,
    },
    /// Map keys are not ascending, so the bytes are not the canonical ones.
    #[error("record keys are out of order at byte {at}")]
    OutOfOrder {
        /// Byte offset.
        at: usize,
    },
    /// Bytes follow the record.
    #[error("record ends at byte {end} but {length} bytes were given")]
    Trailing {
        /// Where the record ends.
        end: usize,
        /// Bytes given.
        length: usize,
    },
    /// A value of a closed set that this version does not know.
    #[error("record uses {what} code {code}, which is newer than this version")]
    Newer {
        /// The set.
        what: &'static str,
        /// The code.
        code: u64,
    },
}

/// Map entries of a record that this version does not know: key and the value's CBOR bytes, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(pub(crate) Vec<(u64, Vec<u8>)>);

impl Extra {
    /// Nothing unknown was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line of a conversation's log.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// What is known about the conversation itself; the last one counts.
    Conversation(Conversation),
    /// A message; a later record with the same id replaces what is shown, the log keeps both.
    Message(Box<Message>),
    /// What follows was taken in by this import; the later import wins when two logs meet.
    Import(Import),
}

const CONVERSATION: u64 = 1;
const MESSAGE: u64 = 2;
const IMPORT: u64 = 3;

impl Record {
    /// The canonical bytes: an array of the record type and its map.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Conversation(conversation) => encode_as(CONVERSATION, conversation),
            Self::Message(message) => encode_as(MESSAGE, message.as_ref()),
            Self::Import(import) => encode_as(IMPORT, import),
        }
    }

    /// Reads exactly one record.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (record, end) = Self::decode_first(bytes)?;
        if end == bytes.len() { Ok(record) } else { Err(RecordError::Trailing { end, length: bytes.len() }) }
    }

    /// Reads the first record of `bytes` and says where it ends.
    pub fn decode_first(bytes: &[u8]) -> Result<(Self, usize), RecordError> {
        let mut decoder = Decoder::new(bytes);
        if decoder.array().map_err(|_| malformed(&decoder))? != Some(2) {
            return Err(malformed(&decoder));
        }
        let record = match u64::take(&mut decoder)? {
            CONVERSATION => Self::Conversation(Conversation::take(&mut decoder)?),
            MESSAGE => Self::Message(Box::new(Message::take(&mut decoder)?)),
            IMPORT => Self::Import(Import::take(&mut decoder)?),
            code => return Err(RecordError::Newer { what: "record", code }),
        };
        Ok((record, decoder.position()))
    }

    /// The comparable JSON form.
    pub fn to_json(&self) -> Value {
        let (name, value) = match self {
            Self::Conversation(conversation) => ("conversation", conversation.json()),
            Self::Message(message) => ("message", message.json()),
            Self::Import(import) => ("import", import.json()),
        };
        Value::Object(Map::from_iter([(name.to_owned(), value)]))
    }
}

/// Canonical bytes of a message alone, the same as inside [`Record::Message`].
pub fn encode_message(message: &Message) -> Vec<u8> {
    encode_as(MESSAGE, message)
}

/// Canonical bytes of a conversation alone, the same as inside [`Record::Conversation`].
pub fn encode_conversation(conversation: &Conversation) -> Vec<u8> {
    encode_as(CONVERSATION, conversation)
}

/// The comparable JSON form of a message: field names as keys, defaults left out.
pub fn message_json(message: &Message) -> Value {
    message.json()
}

/// The comparable JSON form of a conversation.
pub fn conversation_json(conversation: &Conversation) -> Value {
    conversation.json()
}

fn encode_as(code: u64, body: &impl Field) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_head(&mut out, 4, 2);
    code.put(&mut out);
    body.put(&mut out);
    out
}

/// A value that can stand in a record.
pub(crate) trait Field: Sized + Default + PartialEq {
    /// Appends the canonical bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the bytes `put` wrote.
    fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError>;
    /// The comparable JSON form.
    fn json(&self) -> Value;
}

pub(crate) fn malformed(decoder: &Decoder<'_>) -> RecordError {
    RecordError::Malformed { at: decoder.position() }
}

/// A CBOR head: major type and argument in its shortest form.
pub(crate) fn put_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let top = major << 5;
    if let Ok(small) = u8::try_from(argument) {
        if small < 24 {
            out.push(top | small);
        } else {
            out.extend([top | 24, small]);
        }
    } else if let Ok(short) = u16::try_from(argument) {
        out.push(top | 25);
        out.extend(short.to_be_bytes());
    } else if let Ok(word) = u32::try_from(argument) {
        out.push(top | 26);
        out.extend(word.to_be_bytes());
    } else {
        out.push(top | 27);
        out.extend(argument.to_be_bytes());
    }
}

/// The length of a slice as a CBOR argument.
pub(crate) fn length_of<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// Writes a map of known entries (ascending) merged with unknown ones.
pub(crate) fn put_map(out: &mut Vec<u8>, mut entries: Vec<(u64, Vec<u8>)>, extra: &Extra) {
    if !extra.0.is_empty() {
        entries.extend(extra.0.iter().cloned());
        entries.sort_by_key(|(key, _)| *key);
    }
    put_head(out, 5, length_of(&entries));
    for (key, value) in &entries {
        put_head(out, 0, *key);
        out.extend_from_slice(value);
    }
}

/// Reads a map; `known` takes the value of a key it knows and answers false for the others.
pub(crate) fn take_map(
    decoder: &mut Decoder<'_>,
    mut known: impl FnMut(u64, &mut Decoder<'_>) -> Result<bool, RecordError>,
) -> Result<Extra, RecordError> {
    let count = decoder.map().map_err(|_| malformed(decoder))?.ok_or_else(|| malformed(decoder))?;
    let mut extra = Extra::default();
    let mut last = None;
    for _ in 0..count {
        let at = decoder.position();
        let key = u64::take(decoder)?;
        if last.is_some_and(|last| key <= last) {
            return Err(RecordError::OutOfOrder { at });
        }
        last = Some(key);
        if !known(key, decoder)? {
            let start = decoder.position();
            decoder.skip().map_err(|_| RecordError::Malformed { at: start })?;
            let value = decoder.input().get(start..decoder.position()).unwrap_or_default();
            extra.0.push((key, value.to_vec()));
        }
    }
    Ok(extra)
}

/// Adds what is unknown to a JSON object as hex, so that comparing sees it too.
pub(crate) fn extra_json(object: &mut Map<String, Value>, extra: &Extra) {
    for (key, value) in &extra.0 {
        object.insert(format!("key_{key}"), Value::String(hex(value)));
    }
}

/// True when the next item is an array.
pub(crate) fn next_is_array(decoder: &Decoder<'_>) -> bool {
    matches!(decoder.datatype(), Ok(Type::Array))
}

#[cfg(test)]
mod tests;
