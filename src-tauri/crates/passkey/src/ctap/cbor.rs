//! The part of CBOR that CTAP2 uses (6, "message encoding"): definite lengths, ascending keys.

use super::Malformed;
use minicbor::decode::Decoder;
use minicbor::encode::Encoder;
use std::convert::Infallible;

/// Writes into memory, which always takes what is written.
pub(super) type Writer<'w> = Encoder<&'w mut Vec<u8>>;
/// How writing ends.
pub(super) type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// A message: its command byte, and what `write` makes of its parameters.
pub(super) fn message(command: u8, write: impl FnOnce(&mut Writer<'_>) -> Written) -> Vec<u8> {
    let mut bytes = vec![command];
    write(&mut Encoder::new(&mut bytes)).expect("memory takes every byte");
    bytes
}

/// Reads a map with small whole keys, and gives every value to `take`, which returns false for a key it does not know.
///
/// Keys must ascend (6), so none comes twice. Values that nobody knows are skipped, however deep.
pub(super) fn each_entry<'b>(
    decoder: &mut Decoder<'b>,
    mut take: impl FnMut(u64, &mut Decoder<'b>) -> Result<bool, Malformed>,
) -> Result<(), Malformed> {
    let count = decoder.map()?.ok_or(Malformed)?;
    let mut last = None;
    for _ in 0..count {
        let key = decoder.u64()?;
        if last.is_some_and(|last| last >= key) {
            return Err(Malformed);
        }
        last = Some(key);
        take_or_skip(decoder, |value| take(key, value))?;
    }
    Ok(())
}

/// Reads a map with text keys in the same way. A key that comes twice counts twice.
pub(super) fn each_named<'b>(
    decoder: &mut Decoder<'b>,
    mut take: impl FnMut(&'b str, &mut Decoder<'b>) -> Result<bool, Malformed>,
) -> Result<(), Malformed> {
    let count = decoder.map()?.ok_or(Malformed)?;
    for _ in 0..count {
        let key = decoder.str()?;
        take_or_skip(decoder, |value| take(key, value))?;
    }
    Ok(())
}

/// Reads a value, or goes past it when `take` does not know what it is.
fn take_or_skip<'b>(
    decoder: &mut Decoder<'b>,
    take: impl FnOnce(&mut Decoder<'b>) -> Result<bool, Malformed>,
) -> Result<(), Malformed> {
    let mut value = decoder.clone();
    if take(&mut value)? {
        decoder.set_position(value.position());
    } else {
        decoder.skip()?;
    }
    Ok(())
}

/// Reads an array, giving every element to `take`, which must read exactly one value.
pub(super) fn each_element<'b>(
    decoder: &mut Decoder<'b>,
    mut take: impl FnMut(&mut Decoder<'b>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let count = decoder.array()?.ok_or(Malformed)?;
    (0..count).try_for_each(|_| take(decoder))
}

/// Reads one whole answer: `read` must use all of its bytes.
pub(super) fn whole<'b, T>(
    bytes: &'b [u8],
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut decoder = Decoder::new(bytes);
    let value = read(&mut decoder)?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(Malformed) }
}
