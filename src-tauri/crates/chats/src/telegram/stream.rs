//! JSON of any size, walked value by value: only one value is ever in memory.

use std::io::{ErrorKind, Read};

use crate::error::ChatError;

const BUFFER: usize = 256 * 1024;
/// No export nests deeper; parsers that recurse must not be fed more.
const MAX_DEPTH: usize = 96;
/// Largest single value that is kept.
const MAX_VALUE: usize = 32 << 20;

/// Why the walk cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The text ends inside a value.
    CutOff,
    /// Something that is not JSON stands here.
    Damaged,
    /// The source failed or is hostile.
    Failed(ChatError),
}

impl From<ChatError> for Stop {
    fn from(error: ChatError) -> Self {
        Self::Failed(error)
    }
}

/// Walks JSON.
pub(crate) struct Walk<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Offset in the source of `buffer[0]`.
    base: u64,
}

impl<R: Read> Walk<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; BUFFER], at: 0, end: 0, base: 0 }
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.base + u64::try_from(self.at).unwrap_or(0)
    }

    /// The next byte that is no blank, not taken.
    pub(crate) fn peek(&mut self) -> Result<u8, Stop> {
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0xef | 0xbb | 0xbf);
            if let Some(skip) = left.iter().position(|byte| !is_blank(byte)) {
                self.at += skip;
                return self.buffer.get(self.at).copied().ok_or(Stop::CutOff);
            }
            self.at = self.end;
            if !self.fill()? {
                return Err(Stop::CutOff);
            }
        }
    }

    /// Takes this byte, which must come next.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(Stop::Damaged);
        }
        self.at += 1;
        Ok(())
    }

    /// After `[` or `{`, and after each element: whether another one follows; takes the comma or the end.
    pub(crate) fn has_next(&mut self, is_first: bool, close: u8) -> Result<bool, Stop> {
        let next = self.peek()?;
        if next == close {
            self.at += 1;
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// A key and its colon.
    pub(crate) fn key(&mut self) -> Result<String, Stop> {
        let mut bytes = Vec::new();
        if self.peek()? != b'"' {
            return Err(Stop::Damaged);
        }
        self.value(Some(&mut bytes))?;
        self.expect(b':')?;
        serde_json::from_slice(&bytes).map_err(|_| Stop::Damaged)
    }

    /// Takes a whole value, into `keep` when given.
    pub(crate) fn value(&mut self, mut keep: Option<&mut Vec<u8>>) -> Result<(), Stop> {
        let begun = self.offset();
        let mut depth = 0_usize;
        match self.peek()? {
            b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {}
            _ => return Err(Stop::Damaged),
        }
        loop {
            let Some(byte) = self.next()? else { return Err(Stop::CutOff) };
            push(&mut keep, &[byte], begun)?;
            match byte {
                b'"' => self.string(&mut keep, begun)?,
                b'{' | b'[' => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(ChatError::TooDeep { limit: MAX_DEPTH, at: self.offset() }.into());
                    }
                }
                b'}' | b']' => depth = depth.checked_sub(1).ok_or(Stop::Damaged)?,
                // A number or word ends where something else begins.
                _ if depth == 0 => return self.scalar(keep, begun),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
            self.plain(&mut keep, begun)?;
        }
    }

    /// The rest of a string, its first quote taken.
    fn string(&mut self, keep: &mut Option<&mut Vec<u8>>, begun: u64) -> Result<(), Stop> {
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            let found = memchr::memchr2(b'"', b'\\', left);
            let length = found.map_or(left.len(), |at| at + 1);
            let is_end = found.is_some_and(|at| left.get(at) == Some(&b'"'));
            push(keep, left.get(..length).unwrap_or_default(), begun)?;
            self.at += length;
            if is_end {
                return Ok(());
            }
            if found.is_some() {
                let Some(escaped) = self.next()? else { return Err(Stop::CutOff) };
                push(keep, &[escaped], begun)?;
            } else if !self.fill()? {
                return Err(Stop::CutOff);
            }
        }
    }

    /// Everything up to the next sign that matters inside an object or array.
    fn plain(&mut self, keep: &mut Option<&mut Vec<u8>>, begun: u64) -> Result<(), Stop> {
        let matters = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            let found = left.iter().position(matters);
            let length = found.unwrap_or(left.len());
            push(keep, left.get(..length).unwrap_or_default(), begun)?;
            self.at += length;
            if found.is_some() {
                return Ok(());
            }
            if !self.fill()? {
                return Err(Stop::CutOff);
            }
        }
    }

    /// The rest of a number, `true`, `false` or `null`.
    fn scalar(&mut self, mut keep: Option<&mut Vec<u8>>, begun: u64) -> Result<(), Stop> {
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            let end = left.iter().position(|byte| !goes_on(byte));
            let length = end.unwrap_or(left.len());
            push(&mut keep, left.get(..length).unwrap_or_default(), begun)?;
            self.at += length;
            if end.is_some() || !self.fill()? {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Option<u8>, Stop> {
        if self.at == self.end && !self.fill()? {
            return Ok(None);
        }
        let byte = self.buffer.get(self.at).copied();
        self.at += 1;
        Ok(byte)
    }

    /// Reads more; everything before is given up. False at the end.
    fn fill(&mut self) -> Result<bool, Stop> {
        self.base += u64::try_from(self.end).unwrap_or(0);
        self.at = 0;
        self.end = 0;
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(count) => {
                    self.end = count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ChatError::Io(error).into()),
            }
        }
    }
}

fn push(keep: &mut Option<&mut Vec<u8>>, bytes: &[u8], begun: u64) -> Result<(), Stop> {
    if let Some(keep) = keep {
        if keep.len() + bytes.len() > MAX_VALUE {
            let limit = u64::try_from(MAX_VALUE).unwrap_or(u64::MAX);
            return Err(ChatError::EntryTooBig { at: begun, limit }.into());
        }
        keep.extend_from_slice(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every boundary is met.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn elements(text: &str) -> Result<Vec<String>, Stop> {
        let mut walk = Walk::new(Slow(text.as_bytes()));
        let mut found = Vec::new();
        walk.expect(b'[')?;
        while walk.has_next(found.is_empty(), b']')? {
            let mut bytes = Vec::new();
            walk.value(Some(&mut bytes))?;
            found.push(String::from_utf8(bytes).unwrap());
        }
        Ok(found)
    }

    #[test]
    fn values_come_whole() {
        let text = r#" [1, -2.5e3, "a\"]\\", {"k": [true, {"x": null}]}, [] ,null]"#;

        let found = elements(text).unwrap();

        assert_eq!(found, ["1", "-2.5e3", r#""a\"]\\""#, r#"{"k": [true, {"x": null}]}"#, "[]", "null"]);
    }

    #[test]
    fn a_cut_off_text_says_so() {
        assert!(matches!(elements(r#"[1, {"a": "b"#), Err(Stop::CutOff)));
        assert!(matches!(elements(r"[1, 2"), Err(Stop::CutOff)));
    }

    #[test]
    fn what_is_not_json_says_so() {
        assert!(matches!(elements("[1, }"), Err(Stop::Damaged)));
        assert!(matches!(elements("[1 2]"), Err(Stop::Damaged)));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(100_000);

        assert!(matches!(elements(&text), Err(Stop::Failed(ChatError::TooDeep { .. }))));
    }
}
