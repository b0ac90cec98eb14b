//! zstd with bounds: made smaller by kind, never made larger than authenticated (FORMAT.md, section 6).

use crate::aead::Codec;
use crate::damage::What;
use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

/// zstd level: above it chat data gains little and costs much.
const LEVEL: i32 = 3;

thread_local! {
    // One context for each thread: making one costs more than a small chunk.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses chunks, reusing its memory.
#[derive(Default)]
pub(crate) struct Squeezer {
    compressor: Option<Compressor<'static>>,
    buffer: Vec<u8>,
}

impl Squeezer {
    /// The content as it is to be stored: compressed when that is smaller.
    pub(crate) fn squeeze<'a>(&'a mut self, content: &'a [u8]) -> (Codec, &'a [u8]) {
        if self.compressor.is_none() {
            self.compressor = Compressor::new(LEVEL).ok();
        }
        let Some(compressor) = self.compressor.as_mut() else { return (Codec::Plain, content) };
        self.buffer.clear();
        self.buffer.reserve(zstd::zstd_safe::compress_bound(content.len()));
        let packed = compressor.compress_to_buffer(content, &mut self.buffer);
        match packed {
            Ok(length) if length < content.len() => (Codec::Zstd, &self.buffer),
            Ok(_) | Err(_) => (Codec::Plain, content),
        }
    }
}

/// Gives the content back, exactly `length` bytes or an error; never more memory than that.
pub(crate) fn restore(codec: Codec, stored: Vec<u8>, length: u32) -> Result<Vec<u8>, What> {
    let length = usize::try_from(length).map_err(|_| What::Damaged)?;
    let content = match codec {
        Codec::Plain => stored,
        Codec::Zstd => DECOMPRESSOR.with_borrow_mut(|slot| {
            if slot.is_none() {
                *slot = Decompressor::new().ok();
            }
            let decompressor = slot.as_mut().ok_or(What::Damaged)?;
            let mut content = Vec::with_capacity(length);
            decompressor.decompress_to_buffer(&stored, &mut content).map_err(|_| What::Damaged)?;
            Ok::<_, What>(content)
        })?,
    };
    if content.len() == length { Ok(content) } else { Err(What::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shrinks_is_compressed_and_comes_back() {
        let content = b"the same words again and again, ".repeat(100);
        let mut squeezer = Squeezer::default();

        let (codec, stored) = squeezer.squeeze(&content);

        assert_eq!(codec, Codec::Zstd);
        assert!(stored.len() < content.len() / 4);
        assert_eq!(restore(codec, stored.to_vec(), 3200).unwrap(), content);
    }

    #[test]
    fn what_does_not_shrink_is_stored_as_it_is() {
        let mut squeezer = Squeezer::default();

        assert_eq!(squeezer.squeeze(b"abc"), (Codec::Plain, b"abc".as_slice()));
    }

    #[test]
    fn a_bomb_is_refused_at_its_authenticated_length() {
        let mut squeezer = Squeezer::default();
        let bomb = squeezer.squeeze(&vec![0; 8 << 20]).1.to_vec();

        assert!(restore(Codec::Zstd, bomb.clone(), 1024).is_err());
        assert!(restore(Codec::Zstd, bomb, (8 << 20) + 1).is_err());
    }
}
