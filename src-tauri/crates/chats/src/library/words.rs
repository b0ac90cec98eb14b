//! How text becomes the tokens that are searched for: one rule for what is stored and for what is asked.
//!
//! A token is a run of letters, digits and marks, folded: lower case, compatible forms made one, accents, Arabic and Hebrew points
//! taken off. Scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) become pairs of
//! neighbours, and the last sign of a run alone, so that one sign is found as the beginning of a pair. An emoji is a token.

use crate::model::{Message, MessageKind};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Begins tokens nobody can type: private use.
pub(super) const TAG: char = '\u{e000}';
const EMOJI: char = '\u{e001}';

/// Longest token kept, in characters; the rest of a longer one is left out.
const LONGEST: usize = 64;

/// A token and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What is compared.
    pub(super) text: String,
    /// First byte.
    pub(super) start: usize,
    /// Byte after the last.
    pub(super) end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Pair,
    Emoji,
}

fn class_of(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Word } else { Class::Space };
    }
    match u32::from(c) {
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff
            if c.is_alphanumeric() || is_combining_mark(c) =>
        {
            Class::Pair
        }
        0x1100..=0x11ff
        | 0x3040..=0x30ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa960..=0xa97f
        | 0xac00..=0xd7ff
        | 0xf900..=0xfaff
        | 0xff66..=0xff9f
        | 0x20000..=0x3ffff
            if c.is_alphanumeric() || is_combining_mark(c) =>
        {
            Class::Pair
        }
        0x2600..=0x27bf | 0x1f000..=0x1faff => Class::Emoji,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Class::Word,
        _ => Class::Space,
    }
}

/// Cuts a text into tokens, in order; pairs overlap.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    each_token(text, &mut |text, start, end| found.push(Token { text: text.to_owned(), start, end }));
    found
}

fn each_token(text: &str, take: &mut dyn FnMut(&str, usize, usize)) {
    let mut signs = text.char_indices().peekable();
    let mut scratch = String::new();
    while let Some((start, c)) = signs.next() {
        let class = class_of(c);
        match class {
            Class::Space => {}
            Class::Emoji => {
                let token = format!("{EMOJI}{:x}", u32::from(c));
                take(&token, start, start + c.len_utf8());
            }
            Class::Word | Class::Pair => {
                let mut end = start + c.len_utf8();
                while let Some((at, next)) = signs.next_if(|(_, next)| class_of(*next) == class) {
                    end = at + next.len_utf8();
                }
                let run = text.get(start..end).unwrap_or_default();
                if class == Class::Word {
                    fold_word(run, &mut scratch);
                    if !scratch.is_empty() {
                        take(&scratch, start, end);
                    }
                } else {
                    each_pair(run, start, take);
                }
            }
        }
    }
}

fn each_pair(run: &str, start: usize, take: &mut dyn FnMut(&str, usize, usize)) {
    let signs: Vec<(usize, char)> = run.char_indices().collect();
    for (at, (offset, c)) in signs.iter().enumerate() {
        let mut pair = String::with_capacity(8);
        pair.extend(std::iter::once(*c).nfkc());
        let mut end = offset + c.len_utf8();
        if let Some((_, next)) = signs.get(at + 1) {
            pair.extend(std::iter::once(*next).nfkc());
            end += next.len_utf8();
        }
        take(&pair, start + offset, start + end);
    }
}

/// Folds one run of letters into `folded`.
fn fold_word(run: &str, folded: &mut String) {
    folded.clear();
    if run.is_ascii() {
        folded.extend(run.bytes().take(LONGEST).map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
    let signs = run.nfkd().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).flat_map(plain);
    for c in signs.filter(|c| !is_accent(*c)).take(LONGEST) {
        folded.push(c);
    }
}

/// Marks that people leave out when they type: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, tatweel.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f | 0x0591..=0x05c7 | 0x0610..=0x061a | 0x0640 | 0x064b..=0x065f | 0x0670
        | 0x06d6..=0x06ed | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe2f)
}

/// Letters that are written two ways.
fn plain(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ø' => ('o', None),
        'đ' => ('d', None),
        'ł' => ('l', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        'ى' => ('ي', None),
        'ة' => ('ه', None),
        'ٱ' => ('ا', None),
        'ך' => ('כ', None),
        'ם' => ('מ', None),
        'ן' => ('נ', None),
        'ף' => ('פ', None),
        'ץ' => ('צ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

/// Folds a name or title for comparing: its tokens, one space between.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    push_tokens(text, &mut folded);
    folded
}

fn push_tokens(text: &str, out: &mut String) {
    each_token(text, &mut |token, _, _| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token);
    });
}

/// One sign of a script that is kept in pairs.
pub(super) fn is_lone_pair_sign(token: &str) -> bool {
    let mut signs = token.chars();
    matches!((signs.next(), signs.next()), (Some(c), None) if class_of(c) == Class::Pair)
}

/// Kinds a search can ask for with `has:`.
pub(super) const KINDS: [(&str, &str); 12] = [
    ("photo", "hp"),
    ("video", "hv"),
    ("voice", "ho"),
    ("audio", "ha"),
    ("file", "hf"),
    ("sticker", "hs"),
    ("gif", "hg"),
    ("media", "hm"),
    ("link", "hl"),
    ("location", "hw"),
    ("poll", "hq"),
    ("contact", "hc"),
];

/// Everything a message is found by: its words and tags. The same message always gives the same text, because a contentless
/// index is told the old text when a message changes.
pub(super) fn index_text(message: &Message, conversation: i64, sender: Option<i64>) -> String {
    let mut out = String::with_capacity(message.text.len() + 32);
    let mut tag = |word: &str, number: Option<i64>| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push(TAG);
        out.push_str(word);
        if let Some(number) = number {
            out.push_str(&number.to_string());
        }
    };
    tag("c", Some(conversation));
    if let Some(sender) = sender {
        tag("s", Some(sender));
    }
    for kind in kinds_of(message) {
        tag(kind, None);
    }
    for text in texts_of(message) {
        push_tokens(text, &mut out);
    }
    out
}

/// The texts of a message a person may remember, the message's own first.
pub(super) fn texts_of(message: &Message) -> Vec<&str> {
    let mut texts = Vec::with_capacity(2);
    if !message.text.is_empty() {
        texts.push(message.text.as_str());
    }
    match &message.kind {
        MessageKind::Poll(poll) => {
            texts.push(&poll.question);
            texts.extend(poll.options.iter().map(|option| option.text.as_str()));
        }
        MessageKind::Location(place) => {
            texts.extend(place.name.iter().chain(&place.address).map(String::as_str))
        }
        MessageKind::Contact(card) => texts.extend(card.name.iter().chain(&card.phone).map(String::as_str)),
        MessageKind::Text
        | MessageKind::Media
        | MessageKind::Sticker
        | MessageKind::Voice
        | MessageKind::Call(_)
        | MessageKind::System(_)
        | MessageKind::Unsupported(_) => {}
    }
    texts.extend(message.attachments.iter().filter_map(|attachment| attachment.name.as_deref()));
    texts
}

fn kinds_of(message: &Message) -> Vec<&'static str> {
    use crate::model::AttachmentKind;
    let mut kinds = Vec::new();
    for attachment in &message.attachments {
        kinds.push(match attachment.kind {
            AttachmentKind::Photo => "hp",
            AttachmentKind::Video | AttachmentKind::VideoMessage => "hv",
            AttachmentKind::Voice => "ho",
            AttachmentKind::Audio => "ha",
            AttachmentKind::File => "hf",
            AttachmentKind::Sticker => "hs",
            AttachmentKind::Gif => "hg",
            AttachmentKind::Contact => "hc",
        });
        kinds.push("hm");
    }
    match &message.kind {
        MessageKind::Location(_) => kinds.push("hw"),
        MessageKind::Poll(_) => kinds.push("hq"),
        MessageKind::Contact(_) => kinds.push("hc"),
        MessageKind::Text
        | MessageKind::Media
        | MessageKind::Sticker
        | MessageKind::Voice
        | MessageKind::Call(_)
        | MessageKind::System(_)
        | MessageKind::Unsupported(_) => {}
    }
    if first_link(message).is_some() {
        kinds.push("hl");
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The first web address of a message.
pub(super) fn first_link(message: &Message) -> Option<&str> {
    let marked = message.entities.iter().find_map(|entity| {
        (entity.kind == "text_link" || entity.kind == "link").then_some(entity.value.as_deref()).flatten()
    });
    marked.or_else(|| {
        let start = memchr::memmem::find_iter(message.text.as_bytes(), "://").find_map(|at| {
            let before = message.text.get(..at)?;
            let scheme = if before.ends_with("https") { 5 } else { 4 };
            (before.ends_with("http") || before.ends_with("https")).then_some(at - scheme)
        })?;
        message.text.get(start..)?.split_whitespace().next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_the_way_people_type_them() {
        let folded = fold("Crème BRÛLÉE, Straße! ﬁne Ｆｕｌｌ");

        assert_eq!(folded, "creme brulee strasse fine full");
    }

    #[test]
    fn arabic_and_hebrew_lose_their_points() {
        assert_eq!(fold("أَهْلاً"), fold("اهلا"));
        assert_eq!(fold("שָׁלוֹם"), fold("שלומ"));
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        let found: Vec<String> = tokens("我们去").into_iter().map(|token| token.text).collect();

        assert_eq!(found, ["我们", "们去", "去"]);
    }

    #[test]
    fn thai_vowels_above_stay_with_their_letters() {
        assert_eq!(fold("ไม่"), "ไม ม่ ่");
    }

    #[test]
    fn an_emoji_is_a_token_and_punctuation_is_not() {
        assert_eq!(fold("ok 👍!"), "ok \u{e001}1f44d");
    }

    #[test]
    fn private_signs_typed_by_a_person_reach_no_tag() {
        assert_eq!(fold("\u{e000}c1"), "c1");
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let found = tokens("é bc");

        assert_eq!(found[1], Token { text: "bc".to_owned(), start: 3, end: 5 });
    }

    #[test]
    fn a_bare_link_is_seen() {
        let message = Message { text: "see https://example.org/a?b c".to_owned(), ..Message::default() };

        assert_eq!(first_link(&message), Some("https://example.org/a?b"));
    }
}
