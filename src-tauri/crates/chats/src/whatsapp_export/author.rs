//! Who wrote an entry: what stands before the first `: `, with the cases where that is wrong.

use super::header::{blank_length, mark_length};
use super::survey::Survey;

/// Longer names do not exist: a contact's name may have 2 x 64 signs, a group's 100.
const MAX_NAME: usize = 512;

/// Sentences of the app that hold `: ` without an author, by what stands before the quoted name.
const QUOTING: &[&str] = &[
    " changed the subject",
    " changed the group name",
    " created group",
    " created the group",
    " hat den Betreff",
    " hat die Gruppe",
    " cambió el asunto",
    " creó el grupo",
    " a changé",
    " a créé",
    " ha cambiato l'oggetto",
    " ha creato",
    " mudou o nome",
    " criou o grupo",
    " heeft het onderwerp",
    " изменил",
    " создал",
    " changed this group's settings",
    " pinned a message",
];

/// The author and the body of what follows a header; the body keeps its marks.
pub(super) fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b':', rest.get(from..)?) {
        let colon = from + found;
        if colon > MAX_NAME {
            return None;
        }
        let after = rest.get(colon + 1..)?;
        let blank = blank_length(after);
        // "Name:" at the end of a line is an entry without a text.
        if blank > 0 || after.is_empty() {
            let name = trim_marks(rest.get(..colon)?);
            return (!name.is_empty()).then_some((name, after.get(blank..)?));
        }
        from = colon + 1;
    }
    None
}

/// Author and body as the whole file tells: names with `: `, bodies without a blank before them, sentences of
/// the app that only look authored.
pub(super) fn split_known<'a>(rest: &'a [u8], survey: &'a Survey) -> Option<(&'a [u8], &'a [u8])> {
    let Some((name, body)) = split(rest) else { return split_tight(rest, survey) };
    if let Some(whole) = survey.long_names.get(name) {
        let second = split(body)?;
        return Some((whole, second.1));
    }
    if is_sentence(name, survey) { None } else { Some((name, body)) }
}

/// `Name:.`, where somebody of that name also writes entries of the usual form.
fn split_tight<'a>(rest: &'a [u8], survey: &Survey) -> Option<(&'a [u8], &'a [u8])> {
    let colon = memchr::memchr(b':', rest)?;
    let name = trim_marks(rest.get(..colon)?);
    survey.authors.contains_key(name).then(|| rest.get(colon + 1..).map(|body| (name, body)))?
}

/// `Alice changed the subject to "Party: Friday"` has no author.
pub(super) fn is_sentence(name: &[u8], survey: &Survey) -> bool {
    if survey.authors.get(name).is_some_and(|count| *count > 1) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(name) else { return false };
    let quotes = ['"', '“', '”', '„', '«', '»'];
    let Some(quote) = text.find(quotes) else { return false };
    let before = text.get(..quote).unwrap_or_default();
    QUOTING.iter().any(|phrase| before.contains(phrase))
        || before
            .match_indices(' ')
            .any(|(at, _)| text.get(..at).is_some_and(|start| survey.authors.contains_key(start.as_bytes())))
}

/// Without direction marks and blanks at both ends.
pub(super) fn trim_marks(mut bytes: &[u8]) -> &[u8] {
    loop {
        let skip = mark_length(bytes) + blank_length(bytes);
        if skip == 0 {
            break;
        }
        bytes = bytes.get(skip..).unwrap_or_default();
    }
    'end: loop {
        for length in 1..=3 {
            let Some(at) = bytes.len().checked_sub(length) else { break };
            let tail = bytes.get(at..).unwrap_or_default();
            if mark_length(tail) == length || blank_length(tail) == length {
                bytes = bytes.get(..at).unwrap_or_default();
                continue 'end;
            }
        }
        return bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_ends_at_the_first_colon_with_a_blank() {
        assert_eq!(split(b"Ann 12:30: hi: you"), Some((&b"Ann 12:30"[..], &b"hi: you"[..])));
        assert_eq!(split(b"Ann:"), Some((&b"Ann"[..], &b""[..])));
        assert_eq!(split(b"Ann joined"), None);
        assert_eq!(split(b"http://x"), None);
    }

    #[test]
    fn marks_are_not_part_of_a_name() {
        let (name, _) = split("\u{200e}\u{202a}+49 170\u{202c}: hi".as_bytes()).unwrap();

        assert_eq!(name, b"+49 170");
    }
}
