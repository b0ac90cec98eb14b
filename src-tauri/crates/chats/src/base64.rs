//! Base64 of either alphabet, with or without padding (RFC 4648), whole or as a stream.

use std::io::{self, Read};

/// The bytes of a text; `None` when it is no base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = Bits::default();
    for sign in text.trim_end_matches('=').bytes() {
        bytes.extend(bits.take(value_of(sign)?));
    }
    bits.is_whole().then_some(bytes)
}

/// Base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let held = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = usize::try_from(held >> (18 - 6 * at) & 63).unwrap_or(0);
            let is_filled = at <= u32::try_from(three.len()).unwrap_or(0);
            text.push(if is_filled { char::from(SIGNS.get(index).copied().unwrap_or(b'=')) } else { '=' });
        }
    }
    text
}

/// Decodes while it reads. White space is passed by; what is no base64 is an error.
pub(crate) struct Decoder<R> {
    input: R,
    bits: Bits,
    has_ended: bool,
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, bits: Bits::default(), has_ended: false }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut signs = [0_u8; 16 << 10];
        // Four signs make three bytes: what is read must fit.
        let wanted = signs.len().min(buffer.len());
        loop {
            let count = self.input.read(signs.get_mut(..wanted).unwrap_or_default())?;
            let mut filled = 0;
            for sign in signs.get(..count).unwrap_or_default() {
                match sign {
                    b'=' => self.has_ended = true,
                    sign if sign.is_ascii_whitespace() => {}
                    sign => {
                        let value = value_of(*sign).filter(|_| !self.has_ended).ok_or_else(broken)?;
                        if let (Some(byte), Some(place)) = (self.bits.take(value), buffer.get_mut(filled)) {
                            *place = byte;
                            filled += 1;
                        }
                    }
                }
            }
            if count == 0 {
                return if self.bits.is_whole() { Ok(0) } else { Err(broken()) };
            }
            if filled > 0 {
                return Ok(filled);
            }
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not base64")
}

/// Six bits at a time into bytes.
#[derive(Default)]
struct Bits {
    held: u32,
    count: u32,
}

impl Bits {
    fn take(&mut self, value: u8) -> Option<u8> {
        self.held = (self.held << 6 | u32::from(value)) & 0xfff_ffff;
        self.count += 6;
        if self.count < 8 {
            return None;
        }
        self.count -= 8;
        u8::try_from(self.held >> self.count & 0xff).ok()
    }

    /// A single sign left over says nothing.
    fn is_whole(&self) -> bool {
        self.count < 6
    }
}

fn value_of(sign: u8) -> Option<u8> {
    match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'a'..=b'z' => Some(sign - b'a' + 26),
        b'0'..=b'9' => Some(sign - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        // Vectors of RFC 4648, 10.
        for (text, plain) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmE", "fooba")]
        {
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()), "{text}");
            assert_eq!(encode(plain.as_bytes()).trim_end_matches('='), text.trim_end_matches('='));
        }
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("A"), None);
        assert_eq!(decode("Zm9 v"), None);
    }

    #[test]
    fn a_stream_reads_as_the_whole_however_small_the_pieces() {
        let text =
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\r\nISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
        let mut decoder = Decoder::new(text.as_bytes());
        let mut found = Vec::new();
        let mut byte = [0];
        while decoder.read(&mut byte).unwrap() > 0 {
            found.push(byte[0]);
        }

        assert_eq!(found, (0..64).collect::<Vec<u8>>());
        let mut whole = Vec::new();
        Decoder::new(text.as_bytes()).read_to_end(&mut whole).unwrap();
        assert_eq!(whole, found);
    }

    #[test]
    fn a_stream_that_is_no_base64_fails() {
        for text in ["Zm9v!", "Zg==Zg==", "A"] {
            assert!(Decoder::new(text.as_bytes()).read_to_end(&mut Vec::new()).is_err(), "{text}");
        }
    }
}
