//! Deterministic CBOR in and out: what the bodies of all files are written in (RFC 8949, 4.2.1).

use crate::damage::What;
use minicbor::{Decoder, Encoder};

/// The encoder handed to [`encode`].
pub(crate) type Out = Encoder<Vec<u8>>;
/// What every step of encoding returns.
pub(crate) type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Collects what `write` writes.
pub(crate) fn encode(write: impl FnOnce(&mut Out) -> Written) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("writing to memory cannot fail");
    encoder.into_writer()
}

/// A length as CBOR counts it.
pub(crate) fn count(items: usize) -> u64 {
    u64::try_from(items).expect("a length in memory fits 64 bits")
}

impl From<minicbor::decode::Error> for What {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Damaged
    }
}

/// Opens an array of definite length, at most `limit` items.
pub(crate) fn array(from: &mut Decoder<'_>, limit: u64) -> Result<u64, What> {
    from.array()?.filter(|items| *items <= limit).ok_or(What::Damaged)
}

/// Opens an array of exactly `items` items.
pub(crate) fn tuple(from: &mut Decoder<'_>, items: u64) -> Result<(), What> {
    if from.array()? == Some(items) { Ok(()) } else { Err(What::Damaged) }
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(from: &mut Decoder<'_>) -> Result<[u8; N], What> {
    from.bytes()?.try_into().map_err(|_| What::Damaged)
}

/// Reads a map with number keys; `field` takes the values it knows, says `false` for the others, which are skipped.
pub(crate) fn map<'b>(
    from: &mut Decoder<'b>,
    mut field: impl FnMut(u64, &mut Decoder<'b>) -> Result<bool, What>,
) -> Result<(), What> {
    let items = from.map()?.ok_or(What::Damaged)?;
    let mut last = None;
    for _ in 0..items {
        let key = from.u64()?;
        if last.is_some_and(|last| key <= last) {
            return Err(What::Damaged);
        }
        last = Some(key);
        if !field(key, from)? {
            from.skip()?;
        }
    }
    Ok(())
}

/// Refuses bytes after the last item.
pub(crate) fn end(from: &Decoder<'_>) -> Result<(), What> {
    if from.position() == from.input().len() { Ok(()) } else { Err(What::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_skipped_and_known_ones_read() {
        let bytes = encode(|e| {
            e.map(3)?.u8(0)?.str("known")?.u8(1)?.array(2)?.u8(1)?.map(0)?.u8(9)?.u8(7)?;
            Ok(())
        });
        let mut seen = Vec::new();

        let mut from = Decoder::new(&bytes);
        map(&mut from, |key, value| {
            if key == 0 || key == 9 {
                seen.push(key);
                value.skip()?;
                return Ok(true);
            }
            Ok(false)
        })
        .unwrap();

        assert_eq!(seen, [0, 9]);
        assert!(end(&from).is_ok());
    }

    #[test]
    fn doubled_or_unordered_keys_are_refused() {
        let twice = [0xa2, 0, 0, 0, 0];
        let falling = [0xa2, 1, 0, 0, 0];

        assert!(map(&mut Decoder::new(&twice), |_, _| Ok(false)).is_err());
        assert!(map(&mut Decoder::new(&falling), |_, _| Ok(false)).is_err());
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_allocated() {
        let claims_four_billion = [0x9a, 0xff, 0xff, 0xff, 0xff];

        assert!(array(&mut Decoder::new(&claims_four_billion), 65_536).is_err());
    }
}
