//! What a person typed: words, "phrases", and filters such as `from:anna` or `before:2025-03`.

use crate::library::words::{self, fold, tokens};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Something that must be in the text: tokens that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::library) struct Unit {
    /// The tokens.
    pub(in crate::library) tokens: Vec<String>,
    /// The last one may be the beginning of a longer word.
    pub(in crate::library) is_prefix: bool,
}

/// A filter on names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::library) enum Filter {
    /// `from:`
    From(String),
    /// `in:`
    In(String),
    /// `app:`
    App(String),
}

impl Filter {
    /// The conversation passes.
    pub(in crate::library) fn fits_conversation(&self, title: &str, app: &str) -> bool {
        match self {
            Self::In(wanted) => holds_words(&fold(title), wanted),
            Self::App(wanted) => squeezed(app).starts_with(&squeezed(wanted)),
            Self::From(_) => true,
        }
    }

    /// The sender passes.
    pub(in crate::library) fn fits_sender(&self, name: &str, is_me: bool) -> bool {
        match self {
            Self::From(wanted) => (wanted == "me" && is_me) || holds_words(&fold(name), wanted),
            Self::In(_) | Self::App(_) => true,
        }
    }
}

/// `wanted` stands in `text` at the beginning of a word.
fn holds_words(text: &str, wanted: &str) -> bool {
    !wanted.is_empty() && (text.starts_with(wanted) || text.contains(&format!(" {wanted}")))
}

fn squeezed(text: &str) -> String {
    fold(text).replace(' ', "")
}

/// A parsed search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct Query {
    /// All of these.
    pub(in crate::library) units: Vec<Unit>,
    /// Each of these.
    pub(in crate::library) filters: Vec<Filter>,
    /// One of each of these kinds of content.
    pub(in crate::library) kinds: Vec<Vec<&'static str>>,
    before: Option<Date>,
    after: Option<Date>,
}

impl Query {
    /// Reads what was typed. Whatever is no filter is a word.
    pub(in crate::library) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for part in split(text) {
            if part.is_quoted || !query.take_filter(&part.text) {
                query.take_words(&part);
            }
        }
        query.drop_first_letter();
        query
    }

    /// A single letter at the end is a word not yet typed: as a beginning it would ask for every word with it.
    fn drop_first_letter(&mut self) {
        let is_letter = |unit: &Unit| {
            unit.is_prefix
                && unit.tokens.len() == 1
                && unit
                    .tokens
                    .iter()
                    .all(|token| token.chars().count() == 1 && !words::is_lone_pair_sign(token))
        };
        if let Some(last) = self.units.pop_if(|unit| is_letter(unit))
            && self.is_empty()
        {
            self.units.push(Unit { is_prefix: false, ..last });
        }
    }

    /// Nothing is asked for.
    pub(in crate::library) fn is_empty(&self) -> bool {
        self.units.is_empty()
            && self.filters.is_empty()
            && self.kinds.is_empty()
            && self.before.is_none()
            && self.after.is_none()
    }

    /// Filters a conversation must pass.
    pub(in crate::library) fn conversation_filters(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(|filter| matches!(filter, Filter::In(_) | Filter::App(_)))
    }

    /// Filters a sender must pass.
    pub(in crate::library) fn sender_filters(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(|filter| matches!(filter, Filter::From(_)))
    }

    /// Hits are before this.
    pub(in crate::library) fn before_ms(&self, zone: &TimeZone) -> Option<i64> {
        self.before.and_then(|date| start_of(date, zone))
    }

    /// Hits are from this on.
    pub(in crate::library) fn after_ms(&self, zone: &TimeZone) -> Option<i64> {
        self.after.and_then(|date| start_of(date, zone))
    }

    fn take_filter(&mut self, part: &str) -> bool {
        let Some((name, value)) = part.split_once(':') else { return false };
        let value = value.trim_matches('"');
        if value.is_empty() {
            return false;
        }
        match name.to_ascii_lowercase().as_str() {
            "from" => self.filters.push(Filter::From(fold(value))),
            "in" => self.filters.push(Filter::In(fold(value))),
            "app" => self.filters.push(Filter::App(value.to_owned())),
            "before" => {
                self.before = Some(match first_day(value) {
                    Some(date) => date,
                    None => return false,
                })
            }
            "after" => {
                self.after = Some(match first_day(value) {
                    Some(date) => date,
                    None => return false,
                })
            }
            "has" => match kinds(value) {
                Some(kinds) => self.kinds.push(kinds),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    fn take_words(&mut self, part: &Part) {
        let mut found: Vec<words::Token> = Vec::new();
        for token in tokens(&part.text) {
            // The last sign of a run stands alone in the index; asked for after its pair it adds nothing.
            if found.last().is_none_or(|last| last.end != token.end) {
                found.push(token);
            }
        }
        let tokens: Vec<String> = found.into_iter().map(|token| token.text).collect();
        let Some(last) = tokens.last() else { return };
        let is_single_sign = words::is_lone_pair_sign(last);
        let is_prefix = (part.is_last && !part.is_quoted) || is_single_sign;
        self.units.push(Unit { tokens, is_prefix });
    }
}

fn kinds(word: &str) -> Option<Vec<&'static str>> {
    let word = word.to_lowercase();
    let word = match word.as_str() {
        "image" | "picture" | "photos" | "images" => "photo",
        "videos" | "film" => "video",
        "document" | "files" | "doc" => "file",
        "links" | "url" => "link",
        "music" | "sound" => "audio",
        "place" => "location",
        "attachment" => "media",
        other => other,
    };
    let tag = words::KINDS.iter().find(|(name, _)| *name == word).map(|(_, tag)| *tag)?;
    Some(if tag == "hv" { vec!["hv", "hg"] } else { vec![tag] })
}

/// The first day of `2025`, `2025-03` or `2025-03-07`.
fn first_day(text: &str) -> Option<Date> {
    let mut numbers = text.split(['-', '/', '.']).map(|part| part.parse::<i16>().ok());
    let year = numbers.next()??;
    let month = numbers.next().unwrap_or(Some(1))?;
    let day = numbers.next().unwrap_or(Some(1))?;
    if numbers.next().is_some() {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn start_of(date: Date, zone: &TimeZone) -> Option<i64> {
    date.to_zoned(zone.clone()).ok().map(|time| time.timestamp().as_millisecond())
}

struct Part {
    text: String,
    is_quoted: bool,
    is_last: bool,
}

/// Cuts at spaces, but not inside quotes; `in:"two words"` is one part.
fn split(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let (mut is_inside, mut is_quoted) = (false, false);
    for c in text.chars() {
        match c {
            '"' | '“' | '”' => {
                is_quoted |= part.is_empty();
                if !is_quoted {
                    part.push('"');
                }
                is_inside = !is_inside;
            }
            c if c.is_whitespace() && !is_inside => {
                parts.push(Part { text: std::mem::take(&mut part), is_quoted, is_last: false });
                is_quoted = false;
            }
            c => part.push(c),
        }
    }
    parts.push(Part { text: part, is_quoted, is_last: true });
    parts.retain(|part| !part.text.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(tokens: &[&str], is_prefix: bool) -> Unit {
        Unit { tokens: tokens.iter().map(|token| (*token).to_owned()).collect(), is_prefix }
    }

    #[test]
    fn only_the_last_word_may_go_on() {
        assert_eq!(Query::parse("Good mor").units, [unit(&["good"], false), unit(&["mor"], true)]);
        assert_eq!(Query::parse("good morning ").units[1], unit(&["morning"], false));
    }

    #[test]
    fn a_single_letter_is_a_word_not_yet_typed() {
        assert_eq!(Query::parse("good m").units, [unit(&["good"], false)]);
        assert_eq!(Query::parse("m").units, [unit(&["m"], false)]);
        assert_eq!(Query::parse("good m ").units, [unit(&["good"], false), unit(&["m"], false)]);
    }

    #[test]
    fn a_phrase_is_one_unit() {
        assert_eq!(Query::parse("\"Happy New Year\"").units, [unit(&["happy", "new", "year"], false)]);
    }

    #[test]
    fn filters_are_taken_out() {
        let query = Query::parse("from:Anna in:\"Big Family\" app:telegram has:photo hello ");

        assert_eq!(query.units, [unit(&["hello"], false)]);
        assert_eq!(
            query.filters,
            [Filter::From("anna".into()), Filter::In("big family".into()), Filter::App("telegram".into())]
        );
        assert_eq!(query.kinds, [vec!["hp"]]);
    }

    #[test]
    fn what_is_no_filter_is_a_word() {
        assert_eq!(Query::parse("note:this ").units, [unit(&["note", "this"], false)]);
        assert_eq!(Query::parse("before:lunch ").units, [unit(&["before", "lunch"], false)]);
    }

    #[test]
    fn days_begin_in_the_zone_of_the_person() {
        let query = Query::parse("after:2025-03-01 before:2026");
        let zone = TimeZone::fixed(jiff::tz::offset(1));

        assert_eq!(query.after_ms(&zone), Some(1_740_783_600_000));
        assert_eq!(query.before_ms(&TimeZone::UTC), Some(1_767_225_600_000));
    }

    #[test]
    fn signs_are_asked_for_in_pairs() {
        assert_eq!(Query::parse("东京都 ").units, [unit(&["东京", "京都"], false)]);
        assert_eq!(Query::parse("京 ").units, [unit(&["京"], true)]);
    }
}
