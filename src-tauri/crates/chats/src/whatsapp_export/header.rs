//! The beginning of an entry: date, time and what separates them, in every locale's shape.
//!
//! A header is only a candidate: whether it begins an entry is decided by its [`Shape`], which must be the
//! shape of the whole file (SOURCES 1.1 b).

use super::clock_words;

/// Bytes between date and time that belong to the shape, such as `klo`.
const MAX_WORD: usize = 16;

/// Everything that is the same in all headers of one export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    /// What follows the time, and whether a bracket opened it.
    pub(super) end: End,
    /// Between the date's fields: `.`, `/`, `-` or `y` (年月日).
    pub(super) date_separator: u8,
    /// Where the year is.
    pub(super) year: Year,
    /// `:`, `.` or `h`.
    time_separator: u8,
    has_seconds: bool,
    pub(super) half_days: HalfDays,
    /// Letters between date and time.
    word: [u8; MAX_WORD],
    has_comma: bool,
}

impl Shape {
    /// `2024-01-31 10:00:00 `: programs write logs like this, and no phone exports.
    pub(super) fn is_log_like(&self) -> bool {
        matches!(self.end, End::Space | End::Colon) && self.year == Year::First
    }
}

/// What ends the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// `[time] `, as iOS writes.
    Bracket,
    /// `time - `, as Android writes.
    Dash,
    /// `time – `.
    EnDash,
    /// `time: `.
    Colon,
    /// `time `.
    Space,
}

/// Where the year stands and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Year {
    /// Four digits, first.
    First,
    /// Four digits, last.
    Last,
    /// Two digits, first or last.
    Short,
}

/// Whether hours run to 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum HalfDays {
    No,
    /// `下午3:04`
    Before,
    /// `3:04 PM`
    After,
}

/// A candidate header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) shape: Shape,
    /// The date's fields as they stand.
    pub(super) date: [u32; 3],
    /// Hour 0 to 23.
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: Option<u32>,
    /// The bytes of date and time in the line.
    pub(super) time_start: usize,
    pub(super) time_end: usize,
    /// Where author and body begin.
    pub(super) rest: usize,
}

/// Reads a header at the start of a line; `None` when the line has none.
pub(super) fn parse_header(line: &[u8]) -> Option<Header> {
    // Every header begins with a digit, a bracket or a multi-byte sign: all else is dismissed at once.
    match line.first()? {
        b'0'..=b'9' | b'[' | 0x80.. => {}
        _ => return None,
    }
    let mut cursor = Cursor { bytes: line, at: 0 };
    cursor.skip_marks();
    let is_bracketed = cursor.eat(b"[");
    cursor.skip_marks();
    let time_start = cursor.at;
    let (date, date_separator, year) = cursor.date()?;
    let (word, has_comma, before) = cursor.between()?;
    let (mut hour, minute, second, time_separator) = cursor.time()?;
    let mut time_end = cursor.at;
    let after = cursor.half_day();
    if after.is_some() {
        time_end = cursor.at;
    }
    let half_days = match (before, after) {
        (Some(_), _) => HalfDays::Before,
        (None, Some(_)) => HalfDays::After,
        (None, None) => HalfDays::No,
    };
    if let Some(is_afternoon) = before.or(after)
        && hour <= 12
    {
        hour = hour % 12 + if is_afternoon { 12 } else { 0 };
    }
    let end = cursor.end(is_bracketed)?;
    let shape = Shape {
        end,
        date_separator,
        year,
        time_separator,
        has_seconds: second.is_some(),
        half_days,
        word,
        has_comma,
    };
    Some(Header { shape, date, hour, minute, second, time_start, time_end, rest: cursor.at })
}

/// Bytes of a direction mark, isolate or byte order mark at the start of `bytes`, else 0.
pub(super) fn mark_length(bytes: &[u8]) -> usize {
    match bytes {
        [0xe2, 0x80, 0x8e | 0x8f | 0xaa..=0xae, ..]
        | [0xe2, 0x81, 0xa6..=0xa9, ..]
        | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// Bytes of a blank at the start of `bytes`: space, no-break space, narrow and thin spaces; else 0.
pub(super) fn blank_length(bytes: &[u8]) -> usize {
    match bytes {
        [b' ', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0xaf | 0x89, ..] => 3,
        _ => 0,
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn left(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, what: &[u8]) -> bool {
        let found = self.left().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    fn skip_marks(&mut self) {
        loop {
            match mark_length(self.left()) {
                0 => return,
                length => self.at += length,
            }
        }
    }

    /// Skips blanks and marks; says whether there was a blank.
    fn skip_blanks(&mut self) -> bool {
        let mut is_blank = false;
        loop {
            let blank = blank_length(self.left());
            is_blank |= blank > 0;
            match blank + if blank == 0 { mark_length(self.left()) } else { 0 } {
                0 => return is_blank,
                length => self.at += length,
            }
        }
    }

    /// A number of at most `most` digits and how many it has.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let mut value = 0;
        let mut digits = 0;
        while let Some((digit, length)) = digit(self.left()) {
            digits += 1;
            if digits > most {
                return None;
            }
            value = value * 10 + u32::from(digit);
            self.at += length;
        }
        (digits > 0).then_some((value, digits))
    }

    fn date_separator(&mut self) -> Option<u8> {
        self.skip_marks();
        let found = match self.left() {
            [sign @ (b'.' | b'/' | b'-'), ..] => {
                let sign = *sign;
                self.at += 1;
                sign
            }
            // 年 and 月
            [0xe5, 0xb9, 0xb4, ..] | [0xe6, 0x9c, 0x88, ..] => {
                self.at += 3;
                b'y'
            }
            _ => return None,
        };
        if found == b'.' || found == b'/' {
            self.skip_blanks();
        }
        self.skip_marks();
        Some(found)
    }

    fn date(&mut self) -> Option<([u32; 3], u8, Year)> {
        let (first, first_digits) = self.number(4)?;
        let separator = self.date_separator()?;
        let (second, second_digits) = self.number(2)?;
        if self.date_separator()? != separator || second_digits > 2 {
            return None;
        }
        let (third, third_digits) = self.number(4)?;
        let year = match (first_digits, third_digits) {
            (4, 1 | 2) => Year::First,
            (1 | 2, 4) => Year::Last,
            (1 | 2, 2) | (2, 1) => Year::Short,
            _ => return None,
        };
        if separator == b'y' && !self.eat("日".as_bytes()) {
            return None;
        }
        Some(([first, second, third], separator, year))
    }

    /// What stands between date and time: its letters, whether a comma is in it, and a half day.
    fn between(&mut self) -> Option<([u8; MAX_WORD], bool, Option<bool>)> {
        let mut word = [0; MAX_WORD];
        let mut length = 0;
        let mut has_comma = false;
        let start = self.at;
        loop {
            let left = self.left();
            if digit(left).is_some() {
                break;
            }
            let skipped = blank_length(left) + mark_length(left);
            if skipped > 0 {
                self.at += skipped;
                continue;
            }
            match left {
                [b',', ..] => {
                    has_comma = true;
                    self.at += 1;
                }
                // Arabic comma
                [0xd8, 0x8c, ..] => {
                    has_comma = true;
                    self.at += 2;
                }
                [byte @ (b'a'..=b'z' | b'A'..=b'Z' | b'.' | 0x80..), ..] => {
                    *word.get_mut(length)? = *byte;
                    length += 1;
                    self.at += 1;
                }
                _ => return None,
            }
        }
        if self.at == start {
            return None;
        }
        let letters = word.get(..length)?;
        let half_day = clock_words::half_day_word(letters);
        Some((if half_day.is_some() { [0; MAX_WORD] } else { word }, has_comma, half_day))
    }

    fn time(&mut self) -> Option<(u32, u32, Option<u32>, u8)> {
        let (hour, _) = self.number(2)?;
        let separator = self.time_separator()?;
        let (minute, minute_digits) = self.number(2)?;
        if hour > 23 || minute > 59 || minute_digits != 2 {
            return None;
        }
        let before_second = self.at;
        let second = match self.time_separator() {
            Some(again) if again == separator => self.number(2).filter(|(_, digits)| *digits == 2),
            _ => None,
        };
        match second {
            // 60 is a leap second.
            Some((second, _)) if second <= 60 => Some((hour, minute, Some(second.min(59)), separator)),
            Some(_) => None,
            None => {
                self.at = before_second;
                Some((hour, minute, None, separator))
            }
        }
    }

    fn time_separator(&mut self) -> Option<u8> {
        match self.left() {
            [sign @ (b':' | b'.' | b'h'), ..] => {
                let sign = *sign;
                self.at += 1;
                Some(sign)
            }
            // "10 h 25"
            [b' ', b'h', b' ', ..] => {
                self.at += 3;
                Some(b'h')
            }
            _ => None,
        }
    }

    /// `AM`, `p. m.`, `م` and the like; true for the afternoon.
    fn half_day(&mut self) -> Option<bool> {
        let start = self.at;
        self.skip_blanks();
        match clock_words::half_day(self.left()) {
            Some((is_afternoon, length)) => {
                self.at += length;
                Some(is_afternoon)
            }
            None => {
                self.at = start;
                None
            }
        }
    }

    fn end(&mut self, is_bracketed: bool) -> Option<End> {
        if is_bracketed {
            self.skip_blanks();
            if !self.eat(b"]") {
                return None;
            }
            self.at += blank_length(self.left());
            return Some(End::Bracket);
        }
        if self.eat(b": ") {
            return Some(End::Colon);
        }
        // A trailing dot belongs to the time in a few locales.
        let is_blank = self.skip_blanks();
        for (sign, end) in [(&b"-"[..], End::Dash), ("–".as_bytes(), End::EnDash)] {
            if self.left().starts_with(sign) {
                let blank = blank_length(self.left().get(sign.len()..)?);
                if blank == 0 {
                    return None;
                }
                self.at += sign.len() + blank;
                return Some(end);
            }
        }
        (is_blank && !self.left().is_empty()).then_some(End::Space)
    }
}

/// A decimal digit of the scripts WhatsApp writes dates in, and its bytes.
fn digit(bytes: &[u8]) -> Option<(u8, usize)> {
    match bytes {
        [byte @ b'0'..=b'9', ..] => Some((byte - b'0', 1)),
        // Arabic-Indic, and the Persian and Urdu form
        [0xd9, byte @ 0xa0..=0xa9, ..] => Some((byte - 0xa0, 2)),
        [0xdb, byte @ 0xb0..=0xb9, ..] => Some((byte - 0xb0, 2)),
        // Devanagari, Bengali
        [0xe0, 0xa5 | 0xa7, byte @ 0xa6..=0xaf, ..] => Some((byte - 0xa6, 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (line, date fields, hour, minute, second, what follows)
    type Case = (&'static str, [u32; 3], u32, u32, Option<u32>, &'static str);

    const CASES: &[Case] = &[
        ("[13.06.18, 21:25:15] A: m", [13, 6, 18], 21, 25, Some(15), "A: m"),
        ("[2018-06-13, 9:05:01] A: m", [2018, 6, 13], 9, 5, Some(1), "A: m"),
        ("[2018/06/13 21:25] A: m", [2018, 6, 13], 21, 25, None, "A: m"),
        ("13/06/18, 21:25 - A: m", [13, 6, 18], 21, 25, None, "A: m"),
        ("06/13/2018, 09:25 p. m. - A: m", [6, 13, 2018], 21, 25, None, "A: m"),
        ("06/13/2018, 09:25 p.\u{a0}m. - A: m", [6, 13, 2018], 21, 25, None, "A: m"),
        ("6/13/18, 9:25:15 AM – A: m", [6, 13, 18], 9, 25, Some(15), "A: m"),
        ("13.6.2018 klo 21.25.15 - A: m", [13, 6, 2018], 21, 25, Some(15), "A: m"),
        ("13.6.2018 klo 21.25 - A: m", [13, 6, 2018], 21, 25, None, "A: m"),
        ("13. 6. 2018. 21:25:15 A: m", [13, 6, 2018], 21, 25, Some(15), "A: m"),
        ("13.06.18 21.25.15: A: m", [13, 6, 18], 21, 25, Some(15), "A: m"),
        ("[3/6/18 1:55:00 p. m.] A: m", [3, 6, 18], 13, 55, Some(0), "A: m"),
        ("[3/6/18, 12:55:00\u{202f}AM] A: m", [3, 6, 18], 0, 55, Some(0), "A: m"),
        ("\u{200e}[3/6/18, 12:55:00\u{202f}PM] A: m", [3, 6, 18], 12, 55, Some(0), "A: m"),
        ("\u{200f}[13/06/2018, 21:25:15] A: m", [13, 6, 2018], 21, 25, Some(15), "A: m"),
        ("\u{feff}13/06/18, 21:25 - A: m", [13, 6, 18], 21, 25, None, "A: m"),
        ("١٣‏/٦‏/٢٠١٨، ٩:٢٥ م - A: m", [13, 6, 2018], 21, 25, None, "A: m"),
        ("2018/6/13 下午9:25 - A: m", [2018, 6, 13], 21, 25, None, "A: m"),
        ("13.06.2018 ÖS 9:25 - A: m", [13, 6, 2018], 21, 25, None, "A: m"),
        ("2018. 6. 13. 오후 9:25, A: m", [0, 0, 0], 0, 0, None, ""),
        ("[2018. 6. 13. 오전 9:25:15] A: m", [2018, 6, 13], 9, 25, Some(15), "A: m"),
        ("2018年6月13日 21:25 - A: m", [2018, 6, 13], 21, 25, None, "A: m"),
        ("2018-06-13 10 h 25 - A: m", [2018, 6, 13], 10, 25, None, "A: m"),
        ("13.06.18 г., 21:25 - A: m", [13, 6, 18], 21, 25, None, "A: m"),
    ];

    #[test]
    fn every_known_shape_is_read() {
        for (line, date, hour, minute, second, rest) in CASES {
            let header = parse_header(line.as_bytes());
            if rest.is_empty() {
                assert!(header.is_none(), "{line}");
                continue;
            }
            let header = header.unwrap_or_else(|| panic!("{line}"));
            assert_eq!((header.date, header.hour, header.minute), (*date, *hour, *minute), "{line}");
            assert_eq!(header.second, *second, "{line}");
            assert_eq!(&line.as_bytes()[header.rest..], rest.as_bytes(), "{line}");
        }
    }

    #[test]
    fn ordinary_lines_have_no_header() {
        for line in [
            "",
            "hello",
            "12",
            "12/3 is the day",
            "3.5.1 release",
            "[x] done",
            "1/2/3 4",
            "[12:30, 1/2/2020] A: m",
        ] {
            assert!(parse_header(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn padding_is_not_part_of_the_shape_but_year_digits_are() {
        let shape = |line: &str| parse_header(line.as_bytes()).unwrap().shape;

        assert_eq!(shape("[17.9.2019, 16:37:47] A: m"), shape("[17.09.2019, 16:39:52] A: m"));
        assert_ne!(shape("[17.9.2019, 16:37:47] A: m"), shape("[1.9.19, 00:00:00] A: m"));
    }
}
