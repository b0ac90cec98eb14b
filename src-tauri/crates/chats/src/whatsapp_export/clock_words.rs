//! How languages write the halves of the day.

use super::header::{blank_length, mark_length};

/// Words after the time, lower case for ASCII; true for the afternoon. Longer ones first where one begins another.
const AFTER: &[(&str, bool)] = &[
    // Arabic, Persian
    ("ق.ظ", false),
    ("ب.ظ", true),
    ("ق.ظ.", false),
    ("ب.ظ.", true),
    ("ص", false),
    ("م", true),
    // Greek
    ("π.μ.", false),
    ("μ.μ.", true),
    ("πμ", false),
    ("μμ", true),
    // Turkish, Albanian, Vietnamese, Hungarian, Malay
    ("öö", false),
    ("ös", true),
    ("ÖÖ", false),
    ("ÖS", true),
    ("pd", false),
    ("md", true),
    ("sa", false),
    ("ch", true),
    ("de.", false),
    ("du.", true),
    ("ptg", true),
    ("pg", false),
    // Swedish, Norwegian and Danish with 12 hours
    ("fm", false),
    ("em", true),
    // Hindi, Bengali, Marathi, Urdu
    ("पूर्वाह्न", false),
    ("अपराह्न", true),
    ("म.पू.", false),
    ("म.उ.", true),
    ("পূর্বাহ্ণ", false),
    ("অপরাহ্ণ", true),
    ("قبل دوپہر", false),
    ("بعد دوپہر", true),
    // Bulgarian, Ukrainian, Russian
    ("пр.об.", false),
    ("сл.об.", true),
    ("дп", false),
    ("пп", true),
    // Afrikaans
    ("vm.", false),
    ("nm.", true),
];

/// Words before the time.
const BEFORE: &[(&str, bool)] = &[
    ("上午", false),
    ("下午", true),
    ("凌晨", false),
    ("清晨", false),
    ("早上", false),
    ("中午", true),
    ("晚上", true),
    ("傍晚", true),
    ("午前", false),
    ("午後", true),
    ("오전", false),
    ("오후", true),
    ("am", false),
    ("pm", true),
];

/// The half of the day that begins `bytes`, and its length.
pub(super) fn half_day(bytes: &[u8]) -> Option<(bool, usize)> {
    // Most headers have none: what ends the time follows at once.
    if matches!(bytes, [] | [b'-' | b']' | b':', ..] | [0xe2, 0x80, 0x93, ..]) {
        return None;
    }
    if let Some(found) = latin(bytes) {
        return Some(found);
    }
    let mut best = None;
    for (word, is_afternoon) in AFTER {
        let length = word.len();
        let matches = bytes.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
        if matches && is_word_end(bytes.get(length..)) && best.is_none_or(|(_, longest)| length > longest) {
            best = Some((*is_afternoon, length));
        }
    }
    best
}

/// A word between date and time that is a half of the day and nothing else.
pub(super) fn half_day_word(letters: &[u8]) -> Option<bool> {
    let letters = letters.strip_prefix(b".").unwrap_or(letters);
    // A few languages write before the time what others write after it.
    let mut words = BEFORE.iter().chain(AFTER);
    words
        .find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(letters))
        .map(|(_, is_afternoon)| *is_afternoon)
}

/// `am`, `PM`, `a.m.`, `p. m.` with any blank.
fn latin(bytes: &[u8]) -> Option<(bool, usize)> {
    let is_afternoon = match bytes.first()? {
        b'a' | b'A' => false,
        b'p' | b'P' => true,
        _ => return None,
    };
    let mut at = 1;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        at += blank_length(bytes.get(at..)?);
    }
    if !matches!(bytes.get(at)?, b'm' | b'M') {
        return None;
    }
    at += 1;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
    }
    is_word_end(bytes.get(at..)).then_some((is_afternoon, at))
}

fn is_word_end(rest: Option<&[u8]>) -> bool {
    let rest = rest.unwrap_or_default();
    rest.is_empty()
        || matches!(rest.first(), Some(b']' | b':' | b'-' | b','))
        || blank_length(rest) > 0
        || mark_length(rest) > 0
}
