//! The first pass over an export: which shape its headers have, in which order dates are, who writes in it.

use std::collections::HashMap;
use std::io::Read;

use crate::error::ChatError;
use crate::model::Deletion;
use crate::source::{Cancel, DateGuess, DateOrder};

use super::dates::Evidence;
use super::header::{End, Header, Shape, parse_header};
use super::lines::{Lines, without_end};
use super::{MAX_ENTRY, author, words};

/// Shapes looked at; a file with more header-like shapes has them in its texts.
const MAX_SHAPES: usize = 32;
/// Authors remembered per shape.
const MAX_AUTHORS: usize = 20_000;
/// Tags like `<Media omitted>` remembered per shape.
const MAX_TAGS: usize = 256;
/// A tag this often is the app's, not a person's.
const APP_TAG_COUNT: u64 = 3;
/// Lines of an author that must all go on `second: ` before that is taken for a part of the name.
const LONG_NAME_LINES: u64 = 3;

/// What a file's headers have in common.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) shape: Shape,
    pub(super) decision: DateGuess,
    /// Names with the number of their entries.
    pub(super) authors: HashMap<Vec<u8>, u64>,
    /// The name that only the app uses: the group's, on iOS.
    group: Option<Vec<u8>>,
    /// First parts of names that hold `: `, with the whole name.
    pub(super) long_names: HashMap<Vec<u8>, Vec<u8>>,
    /// Tags the app writes instead of media, in whatever language.
    pub(super) tags: Vec<Vec<u8>>,
    /// Who deleted a message on the phone that wrote the export.
    pub(super) own: Option<Vec<u8>>,
    /// Bodies begin with a mark where the app wrote them, so that a body without one is a person's.
    pub(super) has_marks: bool,
    /// Bytes of the text.
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct ShapeSurvey {
    shape: Shape,
    count: u64,
    evidence: Evidence,
    authors: HashMap<Vec<u8>, AuthorSurvey>,
    tags: HashMap<Vec<u8>, u64>,
    marked: u64,
    own: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct AuthorSurvey {
    count: u64,
    /// Entries that are sentences of the app.
    sentences: u64,
    /// What stands between the author and the next `: `, while it is the same in all lines.
    second: Option<Vec<u8>>,
    is_uniform: bool,
}

/// Reads the whole text once. `None` when no line of it is a header.
pub(super) fn survey(
    input: impl Read,
    order: Option<DateOrder>,
    progress: &mut dyn FnMut(u64),
    cancel: &Cancel,
) -> Result<Option<Survey>, ChatError> {
    let mut lines = Lines::new(input, MAX_ENTRY);
    let mut shapes: Vec<ShapeSurvey> = Vec::new();
    let mut number: u64 = 0;
    while let Some(line) = lines.next()? {
        number += 1;
        if let Some(header) = parse_header(line) {
            add(&mut shapes, &header, without_end(line));
        }
        if number.is_multiple_of(4096) {
            if cancel.is_cancelled() {
                return Err(ChatError::Cancelled);
            }
            progress(lines.offset());
        }
    }
    let bytes = lines.offset();
    Ok(dominant(shapes).map(|shape| conclude(shape, order, bytes)))
}

/// The shape most headers have; the first seen where two have as many.
fn dominant(shapes: Vec<ShapeSurvey>) -> Option<ShapeSurvey> {
    let mut best: Option<ShapeSurvey> = None;
    for candidate in shapes {
        if is_plausible(&candidate) && best.as_ref().is_none_or(|best| candidate.count > best.count) {
            best = Some(candidate);
        }
    }
    best
}

/// Without bracket or dash, anything that begins with a date could be a header: there, authors must be found.
fn is_plausible(shape: &ShapeSurvey) -> bool {
    match shape.shape.end {
        End::Bracket | End::Dash | End::EnDash => true,
        End::Colon | End::Space => {
            let authored: u64 = shape.authors.values().map(|author| author.count).sum();
            authored * 2 > shape.count
        }
    }
}

fn add(shapes: &mut Vec<ShapeSurvey>, header: &Header, line: &[u8]) {
    let at = match shapes.iter().position(|seen| seen.shape == header.shape) {
        Some(at) => at,
        None if shapes.len() < MAX_SHAPES => {
            shapes.push(ShapeSurvey {
                shape: header.shape,
                count: 0,
                evidence: Evidence::default(),
                authors: HashMap::new(),
                tags: HashMap::new(),
                marked: 0,
                own: None,
            });
            shapes.len() - 1
        }
        None => return,
    };
    let Some(survey) = shapes.get_mut(at) else { return };
    survey.count += 1;
    survey.evidence.add(header, line);
    let rest = line.get(header.rest..).unwrap_or_default();
    if let Some((name, body)) = author::split(rest) {
        let is_sentence = survey.add_body(body);
        survey.add_author(name, body, is_sentence);
        if survey.own.is_none() && is_deleted_here(body) {
            survey.own = Some(name.to_vec());
        }
    }
}

impl ShapeSurvey {
    fn add_author(&mut self, name: &[u8], body: &[u8], is_sentence: bool) {
        let second = second_of(body);
        if let Some(seen) = self.authors.get_mut(name) {
            seen.count += 1;
            seen.sentences += u64::from(is_sentence);
            seen.is_uniform &= second.is_some() && seen.second.as_deref() == second;
        } else if self.authors.len() < MAX_AUTHORS {
            let second = second.map(<[u8]>::to_vec);
            let is_uniform = second.is_some();
            let sentences = u64::from(is_sentence);
            self.authors.insert(name.to_vec(), AuthorSurvey { count: 1, sentences, second, is_uniform });
        }
    }

    /// Remembers what may be a tag of the app; says whether the body is a sentence of the app.
    fn add_body(&mut self, body: &[u8]) -> bool {
        let is_marked = super::header::mark_length(body) > 0;
        self.marked += u64::from(is_marked);
        let body = author::trim_marks(body);
        let is_tag = body.starts_with(b"<") && body.ends_with(b">");
        if body.len() <= 60 && (is_marked || is_tag) {
            if let Some(count) = self.tags.get_mut(body) {
                *count += 1;
            } else if self.tags.len() < MAX_TAGS {
                self.tags.insert(body.to_vec(), 1);
            }
        }
        is_marked && is_sentence(body)
    }
}

/// What may be the rest of a name with `: `. Somebody who sends nothing but photos, places or polls always goes on
/// with `<attached: `, `Location: https://` or `POLL:`, in any language: those are the app's.
fn second_of(body: &[u8]) -> Option<&[u8]> {
    if super::header::mark_length(body) > 0 || body.starts_with(b"<") {
        return None;
    }
    let (second, rest) = author::split(body)?;
    (!rest.is_empty() && !rest.starts_with(b"http")).then_some(second)
}

/// "You deleted this message": only the person's own phone writes this.
fn is_deleted_here(body: &[u8]) -> bool {
    // Those sentences are short and begin with a mark, a capital or another script.
    if !(10..120).contains(&body.len()) || body.first().is_some_and(|byte| byte.is_ascii_lowercase()) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(author::trim_marks(body)) else { return false };
    words::begins_like_ours(text) && words::deletion(&words::plain(text)) == Some(Deletion::ByMe)
}

/// A marked body that stands for nothing a person sent.
fn is_sentence(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    if text.contains(['<', '>']) || text.contains("://") || text.ends_with(':') {
        return false;
    }
    let plain = words::plain(text);
    words::deletion(&plain).is_none()
        && words::call(&plain).is_none()
        && words::omitted_end(&plain).is_none()
        && !words::is_waiting(&plain)
        && (plain.ends_with(['.', '。', '।']) || plain.split(' ').count() >= 3)
}

impl Survey {
    /// Everyone who writes, those with the most entries first.
    pub(super) fn people(&self) -> Vec<(String, u64)> {
        let mut people: Vec<(String, u64)> = self
            .authors
            .iter()
            .filter(|(name, _)| self.group.as_ref() != Some(*name))
            .filter(|(name, _)| !author::is_sentence(name, self))
            .map(|(name, count)| (String::from_utf8_lossy(name).into_owned(), *count))
            .collect();
        people.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
        people
    }

    /// The group's name, where the app signs with it.
    pub(super) fn group_name(&self) -> Option<String> {
        self.group.as_ref().map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

/// The author of nothing but sentences of the app, beside two people at least: in a chat of two, the app signs
/// with the other's name.
fn group_of(authors: &HashMap<Vec<u8>, AuthorSurvey>) -> Option<Vec<u8>> {
    if authors.len() < 3 {
        return None;
    }
    let only_app = authors.iter().filter(|(_, author)| author.sentences == author.count);
    only_app
        .max_by_key(|(name, author)| (author.count, std::cmp::Reverse((*name).clone())))
        .map(|(name, _)| name.clone())
}

fn conclude(survey: ShapeSurvey, order: Option<DateOrder>, bytes: u64) -> Survey {
    let ShapeSurvey { shape, count, evidence, authors, tags, marked, own } = survey;
    let mut decision = evidence.decide(&shape);
    // Told by the person, unless the file itself proves them wrong: texts would swallow most entries.
    if let Some(order) = order.filter(|order| evidence.impossible(*order) * 10 <= count) {
        decision.order = order;
        decision.is_undecided = false;
    }
    let group = group_of(&authors);
    let mut names = HashMap::new();
    let mut long_names = HashMap::new();
    for (name, AuthorSurvey { count, sentences: _, second, is_uniform }) in authors {
        match second {
            Some(second) if is_uniform && count >= LONG_NAME_LINES => {
                let whole = [name.as_slice(), b": ", second.as_slice()].concat();
                names.insert(whole.clone(), count);
                long_names.insert(name, whole);
            }
            _ => {
                names.insert(name, count);
            }
        }
    }
    // A tag of several words; `<3>` and `<br>` are people's.
    let is_app_tag = |tag: &[u8]| !tag.starts_with(b"<") || tag.contains(&b' ') || !tag.is_ascii();
    let tags = tags.into_iter().filter(|(tag, count)| *count >= APP_TAG_COUNT && is_app_tag(tag));
    Survey {
        shape,
        decision,
        authors: names,
        group,
        own,
        long_names,
        tags: tags.map(|(tag, _)| tag).collect(),
        has_marks: marked > 0,
        bytes,
    }
}
