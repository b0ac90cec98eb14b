//! The little XML that backups of text messages are: elements with attributes, and no text between them.
//!
//! Nothing is expanded but the five named entities and numbers, so no entity can grow. A value that is long stays in the file and is
//! known by its place. Numbers of surrogates, which XML forbids and these backups use for emoji, are joined.

use std::io;

use crate::files::Spans;

const BUFFER: usize = 128 << 10;
/// Longest value that is kept in memory.
const MAX_VALUE: usize = 64 << 10;
const MAX_NAME: usize = 128;
const MAX_ATTRIBUTES: usize = 128;

/// Why there is no next tag.
#[derive(Debug)]
pub(super) enum Stop {
    /// The text ends inside an element.
    CutOff,
    /// Something that is none of this XML.
    Damaged,
    Failed(io::Error),
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    Short(String),
    /// Where it stands, as it is written.
    Long {
        offset: u64,
        length: u64,
    },
}

#[derive(Debug)]
pub(super) enum Tag {
    Open {
        name: String,
        attributes: Vec<(String, Text)>,
        is_empty: bool,
    },
    Close(String),
    /// The file ends between two tags.
    End,
}

/// Walks the tags of a file from a place on.
pub(super) struct Tags<'a> {
    spans: &'a mut Spans,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Offset of `buffer[0]`.
    base: u64,
}

impl<'a> Tags<'a> {
    pub(super) fn new(spans: &'a mut Spans, from: u64) -> Self {
        Self { spans, buffer: vec![0; BUFFER], at: 0, end: 0, base: from }
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.base + u64::try_from(self.at).unwrap_or(0)
    }

    /// The next tag, and where it begins.
    pub(super) fn next(&mut self) -> Result<(Tag, u64), Stop> {
        loop {
            if !self.skip_to(b'<')? {
                return Ok((Tag::End, self.offset()));
            }
            let begins = self.offset() - 1;
            match self.peek()? {
                b'?' => self.skip_behind(b"?>")?,
                b'!' => self.declaration()?,
                b'/' => {
                    self.byte()?;
                    let name = self.name()?;
                    self.blank()?;
                    return if self.byte()? == b'>' {
                        Ok((Tag::Close(name), begins))
                    } else {
                        Err(Stop::Damaged)
                    };
                }
                _ => return Ok((self.element()?, begins)),
            }
        }
    }

    /// A comment, or a declaration of a type; both say nothing.
    fn declaration(&mut self) -> Result<(), Stop> {
        self.byte()?;
        if self.peek()? == b'-' { self.skip_behind(b"-->") } else { self.skip_behind(b">") }
    }

    fn element(&mut self) -> Result<Tag, Stop> {
        let name = self.name()?;
        let mut attributes = Vec::new();
        loop {
            self.blank()?;
            match self.peek()? {
                b'>' => {
                    self.byte()?;
                    return Ok(Tag::Open { name, attributes, is_empty: false });
                }
                b'/' => {
                    self.byte()?;
                    let is_end = self.byte()? == b'>';
                    return if is_end {
                        Ok(Tag::Open { name, attributes, is_empty: true })
                    } else {
                        Err(Stop::Damaged)
                    };
                }
                _ if attributes.len() >= MAX_ATTRIBUTES => return Err(Stop::Damaged),
                _ => attributes.push(self.attribute()?),
            }
        }
    }

    fn attribute(&mut self) -> Result<(String, Text), Stop> {
        let name = self.name()?;
        self.blank()?;
        if self.byte()? != b'=' {
            return Err(Stop::Damaged);
        }
        self.blank()?;
        let quote = self.byte()?;
        if !matches!(quote, b'"' | b'\'') {
            return Err(Stop::Damaged);
        }
        Ok((name, self.value(quote)?))
    }

    /// Up to the quote, which is taken too.
    fn value(&mut self, quote: u8) -> Result<Text, Stop> {
        let offset = self.offset();
        let mut kept: Vec<u8> = Vec::new();
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            let found = memchr::memchr(quote, left);
            let part = left.get(..found.unwrap_or(left.len())).unwrap_or_default();
            if kept.len() <= MAX_VALUE {
                kept.extend_from_slice(part.get(..part.len().min(MAX_VALUE + 1)).unwrap_or_default());
            }
            self.at += part.len();
            if found.is_some() {
                let length = self.offset() - offset;
                self.at += 1;
                let is_short = kept.len() <= MAX_VALUE;
                return Ok(if is_short {
                    Text::Short(unescape(&kept))
                } else {
                    Text::Long { offset, length }
                });
            }
            if !self.fill()? {
                return Err(Stop::CutOff);
            }
        }
    }

    fn name(&mut self) -> Result<String, Stop> {
        let mut name = Vec::new();
        loop {
            let byte = self.peek()?;
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.') || byte >= 0x80) {
                break;
            }
            name.push(byte);
            self.at += 1;
            if name.len() > MAX_NAME {
                return Err(Stop::Damaged);
            }
        }
        if name.is_empty() {
            return Err(Stop::Damaged);
        }
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    fn blank(&mut self) -> Result<(), Stop> {
        while self.peek()?.is_ascii_whitespace() {
            self.at += 1;
        }
        Ok(())
    }

    /// Behind the next such byte; false when there is none.
    fn skip_to(&mut self, byte: u8) -> Result<bool, Stop> {
        loop {
            let left = self.buffer.get(self.at..self.end).unwrap_or_default();
            if let Some(found) = memchr::memchr(byte, left) {
                self.at += found + 1;
                return Ok(true);
            }
            self.at = self.end;
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    fn skip_behind(&mut self, what: &[u8]) -> Result<(), Stop> {
        let mut seen = 0;
        while seen < what.len() {
            let byte = self.byte()?;
            seen = match what.get(seen) {
                Some(wanted) if *wanted == byte => seen + 1,
                // `--->` ends a comment too.
                _ if what.first() == Some(&byte) => seen.min(what.len() - 1).max(1),
                _ => 0,
            };
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<u8, Stop> {
        if self.at == self.end && !self.fill()? {
            return Err(Stop::CutOff);
        }
        self.buffer.get(self.at).copied().ok_or(Stop::CutOff)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn fill(&mut self) -> Result<bool, Stop> {
        self.base += u64::try_from(self.end).unwrap_or(0);
        (self.at, self.end) = (0, 0);
        self.end = self.spans.read_at(self.base, &mut self.buffer).map_err(Stop::Failed)?;
        Ok(self.end > 0)
    }
}

/// The text of a value as it is written.
pub(super) fn unescape(written: &[u8]) -> String {
    let text = String::from_utf8_lossy(written);
    if !text.contains('&') {
        return text.into_owned();
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some((before, behind)) = rest.split_once('&') {
        units.extend(before.encode_utf16());
        let entity = behind.split_once(';').filter(|(name, _)| name.len() <= 10);
        match entity.and_then(|(name, after)| Some((sign(name)?, after))) {
            Some((sign, after)) => {
                units.extend(sign);
                rest = after;
            }
            None => {
                units.push(u16::from(b'&'));
                rest = behind;
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// What an entity stands for; a number may be half of a sign.
fn sign(name: &str) -> Option<Vec<u16>> {
    let plain = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            if let Ok(half) = u16::try_from(code) {
                return Some(vec![half]);
            }
            char::from_u32(code)?
        }
    };
    let mut buffer = [0; 2];
    Some(plain.encode_utf16(&mut buffer).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<String> {
        let mut spans = Spans::Memory(text.as_bytes().to_vec());
        let mut tags = Tags::new(&mut spans, 0);
        let mut seen = Vec::new();
        loop {
            match tags.next() {
                Ok((Tag::End, _)) => return seen,
                Ok((tag, at)) => seen.push(format!("{at} {tag:?}")),
                Err(stop) => {
                    seen.push(format!("{stop:?}"));
                    return seen;
                }
            }
        }
    }

    #[test]
    fn elements_come_with_their_attributes_and_places() {
        let text = "<?xml version='1.0'?><!-- <a> --- --><!DOCTYPE x><a b=\"1 > 0\" c='&lt;'><d/></a>";

        let seen = tags(text);

        assert_eq!(seen.len(), 3, "{seen:?}");
        assert!(
            seen[0].starts_with(
                "49 Open { name: \"a\", attributes: [(\"b\", Short(\"1 > 0\")), (\"c\", Short(\"<\"))]"
            ),
            "{seen:?}"
        );
        assert!(seen[2].ends_with("Close(\"a\")"));
    }

    #[test]
    fn halves_of_emoji_are_joined() {
        assert_eq!(unescape(b"&#55357;&#56832; &amp;&#x41;&#10;"), "😀 &A\n");
        assert_eq!(unescape(b"&#55357; alone"), "\u{fffd} alone");
        assert_eq!(unescape(b"AT&T &unknown; &"), "AT&T &unknown; &");
        assert_eq!(unescape("&#128512;".as_bytes()), "😀");
    }

    #[test]
    fn what_ends_inside_an_element_is_cut_off() {
        for text in ["<", "<a", "<a b", "<a b=", "<a b=\"x", "<a b=\"x\"", "<!-- a", "</a"] {
            assert_eq!(tags(text).last().map(String::as_str), Some("CutOff"), "{text}");
        }
        assert_eq!(tags("<a b=x>").last().map(String::as_str), Some("Damaged"));
        assert_eq!(tags("<a /x>").last().map(String::as_str), Some("Damaged"));
    }

    #[test]
    fn a_long_value_stays_in_the_file() {
        let long = "x".repeat(200_000);
        let mut spans = Spans::Memory(format!("<a b=\"{long}\" c='1'/>").into_bytes());

        let (tag, _) = Tags::new(&mut spans, 0).next().unwrap();

        let Tag::Open { attributes, is_empty, .. } = tag else { panic!("another tag") };
        assert!(is_empty);
        assert_eq!(attributes[0].1, Text::Long { offset: 6, length: 200_000 });
        assert_eq!(attributes[1], ("c".to_owned(), Text::Short("1".to_owned())));
    }
}
