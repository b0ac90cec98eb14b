//! The groups of a sheet, found again in its PDF: as it was saved, or as another program saved it anew with its text compressed.
//!
//! Only what is drawn as text is looked at. A program that turns the text into outlines or into numbers of glyphs leaves no
//! digits to find: then the sheet is refused, and the two groups or the pasted key serve instead. A general PDF reader would
//! find more, and would leave copies of the key in memory that nobody wipes.

use super::GROUPS;
use coffer_secret::SecretString;
use flate2::read::ZlibDecoder;
use std::io::Read;
use zeroize::Zeroizing;

/// Streams that are unpacked; a sheet has one for its text and a few for fonts.
const STREAMS: usize = 64;
/// Bytes one stream may unpack to.
const STREAM_CEILING: u64 = 1 << 20;
/// Every compressed stream of a PDF begins so: RFC 1950, deflate with a window of 32 KiB.
const ZLIB: u8 = 0x78;

/// The 64 digits, when exactly 16 groups of four are drawn.
pub(super) fn find_digits(pdf: &[u8]) -> Option<SecretString> {
    if !pdf.starts_with(b"%PDF-") {
        return None;
    }
    groups_in(pdf).or_else(|| streams(pdf).find_map(|stream| groups_in(&stream)))
}

fn groups_in(content: &[u8]) -> Option<SecretString> {
    let mut digits = Zeroizing::new(String::with_capacity(GROUPS * 4));
    let mut found = 0;
    for shown in (Shown { rest: content }) {
        let group = shown.trim_ascii();
        if group.len() != 4 || !group.iter().all(u8::is_ascii_digit) {
            continue;
        }
        if found == GROUPS {
            return None;
        }
        digits.push_str(std::str::from_utf8(group).ok()?);
        found += 1;
    }
    (found == GROUPS).then(|| SecretString::new(digits.as_str().to_owned()))
}

/// The compressed streams, unpacked as far as they go.
fn streams(pdf: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> + '_ {
    const WORD: &[u8] = b"stream";
    let begins = pdf.windows(WORD.len()).enumerate().filter(|(_, window)| *window == WORD);
    let packed = begins.filter_map(move |(at, _)| {
        let data = pdf.get(at + WORD.len()..)?;
        let data = data.strip_prefix(b"\r\n").or_else(|| data.strip_prefix(b"\n"))?;
        data.first().is_some_and(|first| *first == ZLIB).then_some(data)
    });
    packed.take(STREAMS).map(|data| {
        let mut unpacked = Zeroizing::new(Vec::with_capacity(1 << 16));
        // What is damaged further on is no matter: the beginning may be all there is to it.
        drop(ZlibDecoder::new(data).take(STREAM_CEILING).read_to_end(&mut unpacked));
        unpacked
    })
}

/// The strings that a content stream shows, piece by piece.
struct Shown<'a> {
    rest: &'a [u8],
}

impl Iterator for Shown<'_> {
    type Item = Zeroizing<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut pending = Zeroizing::new(Vec::with_capacity(64));
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match first {
                b'(' => self.literal(&mut pending),
                b'<' if rest.first() == Some(&b'<') => self.rest = rest.get(1..).unwrap_or_default(),
                b'<' => self.hex(&mut pending),
                b'A'..=b'Z' | b'a'..=b'z' | b'\'' | b'"' => {
                    if self.is_show(*first) && !pending.is_empty() {
                        return Some(pending);
                    }
                    pending.clear();
                }
                _ => {}
            }
        }
        None
    }
}

impl Shown<'_> {
    /// Reads the rest of an operator; true for the four that show text.
    fn is_show(&mut self, first: u8) -> bool {
        let length =
            self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'*').count();
        let (operator, rest) = self.rest.split_at(length);
        self.rest = rest;
        matches!((first, operator), (b'T', b"j" | b"J") | (b'\'' | b'"', b""))
    }

    /// Reads a string in parentheses up to the one that closes it.
    fn literal(&mut self, into: &mut Vec<u8>) {
        let mut depth = 1_u32;
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match first {
                b'\\' => self.escaped(into),
                b')' if depth == 1 => return,
                b')' => depth -= 1,
                b'(' => depth += 1,
                _ => {}
            }
            if !matches!(first, b'\\') {
                into.push(*first);
            }
        }
    }

    /// Reads what follows a backslash: up to three octal digits, or a letter that stands for itself here.
    fn escaped(&mut self, into: &mut Vec<u8>) {
        let octal = self.rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        let (digits, rest) = self.rest.split_at(octal.max(1).min(self.rest.len()));
        self.rest = rest;
        let value = digits.iter().fold(0_u16, |value, digit| value * 8 + u16::from(*digit & 7));
        let byte = if octal == 0 { digits.first().copied() } else { u8::try_from(value).ok() };
        into.extend(byte);
    }

    fn hex(&mut self, into: &mut Vec<u8>) {
        let mut high = None;
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            if *first == b'>' {
                return;
            }
            let Some(digit) = char::from(*first).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
            else {
                continue;
            };
            match high.take() {
                None => high = Some(digit),
                Some(high) => into.push(high << 4 | digit),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::fmt::Write as _;
    use std::io::Write as _;

    fn group(number: usize) -> String {
        format!("{:04}", number * 617 % 10_000)
    }

    fn digits() -> String {
        (0..GROUPS).map(group).collect()
    }

    /// A page that shows each group in one way of writing it, between other text.
    fn page(show: impl Fn(&str) -> String) -> String {
        let mut text = "BT /F1 18 Tf (64-digit key) Tj ET\n".to_owned();
        for number in 0..GROUPS {
            writeln!(text, "BT ({}.) Tj /F2 20 Tf {} ET", number + 1, show(&group(number))).unwrap();
        }
        text
    }

    fn packed(content: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content.as_bytes()).unwrap();
        let mut pdf = b"%PDF-1.7\n1 0 obj\n<</Filter/FlateDecode>>\nstream\r\n".to_vec();
        pdf.extend(encoder.finish().unwrap());
        pdf.extend_from_slice(b"\nendstream\nendobj\n");
        pdf
    }

    fn found(pdf: &[u8]) -> Option<String> {
        find_digits(pdf).map(|digits| digits.expose().to_owned())
    }

    #[test]
    fn every_way_of_showing_a_group_is_read() {
        let plain = |content: &str| [b"%PDF-1.7\n", content.as_bytes()].concat();
        let halves =
            |group: &str| format!("[({}) -20 ({})] TJ", group.get(..2).unwrap(), group.get(2..).unwrap());
        let hex = |group: &str| {
            let digits: String = group.bytes().map(|digit| format!("{digit:02X}")).collect();
            format!("<{digits}>Tj")
        };
        let octal = |group: &str| {
            let digits: String = group.bytes().map(|digit| format!("\\{digit:03o}")).collect();
            format!("({digits}) '")
        };

        let read = [
            found(&plain(&page(|group| format!("({group}) Tj")))),
            found(&plain(&page(|group| format!("({group})Tj")))),
            found(&plain(&page(halves))),
            found(&plain(&page(hex))),
            found(&plain(&page(octal))),
            found(&packed(&page(|group| format!("({group}) Tj")))),
            found(&packed(&page(halves))),
        ];

        assert_eq!(read, [(); 7].map(|()| Some(digits())));
    }

    #[test]
    fn a_page_with_other_groups_is_no_sheet() {
        let whole = page(|group| format!("({group}) Tj"));
        let without_one = whole.replacen(&format!("({})", group(3)), "(none)", 1);
        let with_one_more = format!("{whole}BT (1234) Tj ET\n");

        assert_eq!(found(&packed(&without_one)), None);
        assert_eq!(found(&packed(&with_one_more)), None);
        assert_eq!(found(b"no pdf at all"), None);
    }

    #[test]
    fn a_stream_that_unpacks_without_end_is_cut() {
        let bomb = packed(&" ".repeat(64 << 20));

        assert_eq!(found(&bomb), None);
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        let page = page(|group| format!("({group}) Tj <3132> [(a\\0) 3] TJ"));

        let ends = (0..page.len()).filter(|end| page.is_char_boundary(*end));
        let read: Vec<_> =
            ends.map(|end| found([b"%PDF-", &page.as_bytes()[..end]].concat().as_slice())).collect();

        assert_eq!(read.len(), page.len());
    }
}
