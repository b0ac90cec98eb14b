//! Lines of a text of any size, through one buffer.

use std::io::{ErrorKind, Read};

use crate::error::ChatError;

const BUFFER: usize = 256 * 1024;

/// Cuts bytes into lines, each with its terminator.
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the source of `buffer[start]`.
    offset: u64,
    is_ended: bool,
    limit: usize,
}

impl<R: Read> Lines<R> {
    /// Lines longer than `limit` bytes are refused.
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, buffer: vec![0; BUFFER], start: 0, end: 0, offset: 0, is_ended: false, limit }
    }

    /// Bytes handed out so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line with its `\n`; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, ChatError> {
        let mut searched = 0;
        let length = loop {
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unread.get(searched..).unwrap_or_default()) {
                break searched + at + 1;
            }
            searched = unread.len();
            if self.is_ended {
                break searched;
            }
            if searched > self.limit {
                let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
                return Err(ChatError::EntryTooBig { at: self.offset, limit });
            }
            self.fill()?;
        };
        if length == 0 {
            return Ok(None);
        }
        let line_start = self.start;
        self.start += length;
        self.offset += u64::try_from(length).unwrap_or(0);
        Ok(self.buffer.get(line_start..line_start + length))
    }

    fn fill(&mut self) -> Result<(), ChatError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.input.read(room) {
            Ok(0) => self.is_ended = true,
            Ok(count) => self.end += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ChatError::Io(error)),
        }
        Ok(())
    }
}

/// The line without `\n` or `\r\n`.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_whatever_the_ends() {
        let mut lines = Lines::new(&b"a\r\n\nlast"[..], 100);

        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push(without_end(line).to_vec());
        }

        assert_eq!(seen, [b"a".to_vec(), b"".to_vec(), b"last".to_vec()]);
        assert_eq!(lines.offset(), 8);
    }

    #[test]
    fn a_line_larger_than_the_buffer_comes_whole() {
        let text = vec![b'x'; BUFFER * 3 + 7];
        let mut lines = Lines::new(text.as_slice(), BUFFER * 8);

        let line = lines.next().unwrap().unwrap();

        assert_eq!(line.len(), text.len());
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        let text = vec![b'x'; BUFFER * 3];
        let mut lines = Lines::new(text.as_slice(), BUFFER);

        let refused = lines.next().map(|_| ());

        assert!(matches!(refused, Err(ChatError::EntryTooBig { at: 0, .. })));
    }
}
