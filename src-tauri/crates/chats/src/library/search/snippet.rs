//! Whether a message really holds what was asked, and the piece of it that is shown.

use super::query::Unit;
use crate::library::order::one_line;
use crate::library::words::{Token, texts_of, tokens};
use crate::model::Message;

/// Characters before the first mark.
const BEFORE: usize = 40;
/// Characters in all.
const LENGTH: usize = 160;

/// Every unit stands in one of the message's texts, its tokens one after the other.
pub(super) fn holds(message: &Message, units: &[Unit]) -> bool {
    let texts: Vec<Vec<Token>> = texts_of(message).into_iter().map(tokens).collect();
    units.iter().all(|unit| texts.iter().any(|text| !places(text, unit).is_empty()))
}

/// The piece around the first word found, with where the words are in it, in UTF-16 units.
pub(super) fn cut(message: &Message, units: &[Unit]) -> (String, Vec<(u32, u32)>) {
    for text in texts_of(message) {
        let found = marked(text, units);
        if let Some((first, _)) = found.first() {
            return piece(text, *first, &found);
        }
    }
    let line = one_line(message);
    (line.clone(), Vec::new())
}

/// Byte ranges of a text that were asked for, in order, apart from each other.
fn marked(text: &str, units: &[Unit]) -> Vec<(usize, usize)> {
    let tokens = tokens(text);
    let mut found: Vec<(usize, usize)> = units.iter().flat_map(|unit| places(&tokens, unit)).collect();
    found.sort_unstable();
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found {
        match apart.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => apart.push((start, end)),
        }
    }
    apart
}

/// Where a unit stands: from its first token to its last.
fn places(tokens: &[Token], unit: &Unit) -> Vec<(usize, usize)> {
    let Some(last) = unit.tokens.len().checked_sub(1) else { return Vec::new() };
    let fits = |(at, (token, wanted)): (usize, (&Token, &String))| {
        if at == last && unit.is_prefix {
            token.text.starts_with(wanted.as_str())
        } else {
            token.text == *wanted
        }
    };
    let runs = tokens.windows(unit.tokens.len());
    runs.filter(|run| run.iter().zip(&unit.tokens).enumerate().all(fits))
        .filter_map(|run| Some((run.first()?.start, run.last()?.end)))
        .collect()
}

fn piece(text: &str, first: usize, marks: &[(usize, usize)]) -> (String, Vec<(u32, u32)>) {
    let before = text.get(..first).unwrap_or_default();
    let start = before.char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    // Begins at a word where one begins nearby.
    let start = match text.get(start..first).and_then(|lead| lead.find(char::is_whitespace)) {
        Some(space) if start > 0 => start + space + 1,
        _ => start,
    };
    let start = if text.is_char_boundary(start) { start } else { first };
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(LENGTH).map_or(text.len(), |(at, _)| start + at);
    let mut snippet = String::new();
    if start > 0 {
        snippet.push('…');
    }
    let lead = units_of(&snippet);
    let shown = text.get(start..end).unwrap_or_default();
    snippet.extend(shown.chars().map(|c| if c.is_control() { ' ' } else { c }));
    if end < text.len() {
        snippet.push('…');
    }
    let inside = marks.iter().filter(|(from, to)| *from >= start && *to <= end);
    let marks = inside.map(|(from, to)| {
        let from_units = lead + units_of(text.get(start..*from).unwrap_or_default());
        (from_units, units_of(text.get(*from..*to).unwrap_or_default()))
    });
    (snippet, marks.collect())
}

fn units_of(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_text(text: &str, units: &[Unit]) -> (String, Vec<(u32, u32)>) {
        cut(&Message { text: text.to_owned(), ..Message::default() }, units)
    }

    fn word(text: &str) -> Unit {
        Unit { tokens: vec![text.to_owned()], is_prefix: false }
    }

    #[test]
    fn marks_count_utf_16_units() {
        let (snippet, marks) = cut_text("👋👋 see you", &[word("you")]);

        assert_eq!((snippet.as_str(), marks), ("👋👋 see you", vec![(9, 3)]));
    }

    #[test]
    fn a_long_text_is_cut_around_the_word() {
        let text = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));

        let (snippet, marks) = cut_text(&text, &[word("needle")]);

        assert!(snippet.starts_with("…hay ") && snippet.ends_with('…') && snippet.chars().count() < 170);
        let start = usize::try_from(marks[0].0).unwrap();
        assert_eq!(snippet.chars().skip(start).take(6).collect::<String>(), "needle");
    }

    #[test]
    fn pairs_that_touch_are_one_mark() {
        let unit = Unit { tokens: vec!["东京".into(), "京都".into()], is_prefix: false };

        assert_eq!(cut_text("去东京都吧", &[unit]).1, [(1, 3)]);
    }

    #[test]
    fn tokens_of_a_unit_must_follow_one_another() {
        let unit = Unit { tokens: vec!["new".into(), "year".into()], is_prefix: false };
        let message = |text: &str| Message { text: text.to_owned(), ..Message::default() };

        assert!(holds(&message("a New  Year!"), std::slice::from_ref(&unit)));
        assert!(!holds(&message("year of the new"), &[unit]));
    }
}
