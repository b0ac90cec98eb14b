//! Search: what a person typed becomes a query of the word index; hits come newest first.

use super::error::LibraryError;
use super::keys::first_key;
use super::log::Spot;
use super::read::{Reading, unsql};
use super::rows::{Hit, SearchRequest, SearchResult};
use super::words::TAG;
use crate::model::{ConversationId, Message};
use rusqlite::Row;
use std::collections::HashMap;

mod query;
mod snippet;

use query::{Query, Unit};

/// Hits a page may have.
const MOST: u32 = 500;

/// A beginning this short may stand for a great part of all words, which the index would have to unite first.
const SHORT: usize = 3;
/// Newest messages that are read one by one for a short beginning, before the index is asked.
const READ_FIRST: i64 = 3000;

/// Runs a search.
pub(super) fn search(reading: &Reading<'_>, request: &SearchRequest) -> Result<SearchResult, LibraryError> {
    let query = Query::parse(&request.text);
    if query.is_empty() {
        return Ok(SearchResult::default());
    }
    let Some(tags) = resolve(reading, &query, request.conversation)? else {
        return Ok(SearchResult::default());
    };
    let zone = zone_of(request.zone.as_deref())?;
    let span = Span { from: query.after_ms(&zone), to: query.before_ms(&zone) };
    let mut search = Search {
        reading,
        units: &query.units,
        span,
        skip: request.offset,
        limit: usize::try_from(request.limit.min(MOST)).unwrap_or(0),
        names: HashMap::new(),
        titles: HashMap::new(),
        result: SearchResult::default(),
        needs_look: false,
    };
    if tags.is_empty() && query.units.iter().any(is_short_beginning) && search.is_full_of_newest()? {
        return Ok(search.result);
    }
    search.run(&expression(&query.units, &tags))?;
    Ok(search.result)
}

fn is_short_beginning(unit: &Unit) -> bool {
    unit.is_prefix && unit.tokens.last().is_some_and(|token| token.chars().count() <= SHORT)
}

fn zone_of(name: Option<&str>) -> Result<jiff::tz::TimeZone, LibraryError> {
    match name {
        None => Ok(jiff::tz::TimeZone::UTC),
        Some(name) => jiff::tz::TimeZone::get(name)
            .map_err(|_| LibraryError::UnknownZone(name.chars().take(80).collect())),
    }
}

/// Times a hit may have, milliseconds UTC.
struct Span {
    from: Option<i64>,
    to: Option<i64>,
}

struct Search<'a> {
    reading: &'a Reading<'a>,
    units: &'a [Unit],
    span: Span,
    skip: u32,
    limit: usize,
    names: HashMap<i64, String>,
    titles: HashMap<i64, (ConversationId, String)>,
    result: SearchResult,
    /// The index says too little: hits are verified on their texts.
    needs_look: bool,
}

impl Search<'_> {
    /// Reads the newest messages; true when they fill the page, so that nothing older is needed.
    fn is_full_of_newest(&mut self) -> Result<bool, LibraryError> {
        let skip = self.skip;
        self.needs_look = true;
        let mut statement = self.reading.connection.prepare_cached(
            "SELECT conversation, position, segment, start, sender, time, flags FROM message ORDER BY key DESC LIMIT ?",
        )?;
        let mut rows = statement.query([READ_FIRST])?;
        while let Some(row) = rows.next()? {
            if self.take(row)? {
                self.result.has_more = true;
                return Ok(true);
            }
        }
        (self.skip, self.result) = (skip, SearchResult::default());
        Ok(false)
    }

    fn run(&mut self, expression: &str) -> Result<(), LibraryError> {
        let sql = if expression.is_empty() {
            "SELECT conversation, position, segment, start, sender, time, flags FROM message
             WHERE ?1 = '' AND key BETWEEN ?2 AND ?3 ORDER BY key DESC"
        } else {
            "SELECT m.conversation, m.position, m.segment, m.start, m.sender, m.time, m.flags
             FROM words CROSS JOIN message m ON m.key = words.rowid
             WHERE words MATCH ?1 AND words.rowid BETWEEN ?2 AND ?3 ORDER BY words.rowid DESC"
        };
        let from = self.span.from.map_or(0, first_key);
        self.needs_look = self.units.iter().any(|unit| unit.tokens.len() > 1);
        let mut statement = self.reading.connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params![expression, from, i64::MAX])?;
        while let Some(row) = rows.next()? {
            if self.take(row)? {
                self.result.has_more = true;
                break;
            }
        }
        Ok(())
    }

    /// Takes a row; true when the page was full before it.
    fn take(&mut self, row: &Row<'_>) -> Result<bool, LibraryError> {
        let is_timed = row.get::<_, i64>(6)? & super::rows_of::TIMED != 0;
        let time = if is_timed { Some(row.get(5)?) } else { None };
        if !self.is_in_span(time) {
            return Ok(false);
        }
        if self.skip > 0 && !self.needs_look {
            self.skip -= 1;
            return Ok(false);
        }
        let message = self.reading.message(Spot { segment: row.get(2)?, start: row.get(3)? })?;
        if self.needs_look && !snippet::holds(&message, self.units) {
            return Ok(false);
        }
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(false);
        }
        if self.result.hits.len() >= self.limit {
            return Ok(true);
        }
        let hit = self.hit(row, &message, time)?;
        self.result.hits.push(hit);
        Ok(false)
    }

    fn is_in_span(&self, time: Option<i64>) -> bool {
        self.span.from.is_none_or(|from| time.is_some_and(|time| time >= from))
            && self.span.to.is_none_or(|to| time.is_some_and(|time| time < to))
    }

    fn hit(&mut self, row: &Row<'_>, message: &Message, time: Option<i64>) -> Result<Hit, LibraryError> {
        let (conversation, title) = self.title(row.get(0)?)?;
        let sender: Option<i64> = row.get(4)?;
        let sender = match sender {
            Some(sender) => Some(self.reading.sender_name(sender, &mut self.names)?),
            None => None,
        };
        let (snippet, marks) = snippet::cut(message, self.units);
        Ok(Hit { conversation, title, position: unsql(row.get(1)?), sender, time, snippet, marks })
    }

    fn title(&mut self, n: i64) -> Result<(ConversationId, String), LibraryError> {
        if let Some(title) = self.titles.get(&n) {
            return Ok(title.clone());
        }
        let title = self
            .reading
            .connection
            .prepare_cached("SELECT id, title FROM conversation WHERE n = ?")?
            .query_row([n], |row| Ok((ConversationId(row.get(0)?), row.get::<_, String>(1)?)))?;
        self.titles.insert(n, title.clone());
        Ok(title)
    }
}

/// Filters as tags: each inner list is a choice. `None`: a filter names nothing that is here.
fn resolve(
    reading: &Reading<'_>,
    query: &Query,
    conversation: Option<ConversationId>,
) -> Result<Option<Vec<Vec<String>>>, LibraryError> {
    let mut tags: Vec<Vec<String>> = Vec::new();
    if let Some(id) = conversation {
        tags.push(vec![format!("{TAG}c{}", reading.number(id)?.0)]);
    }
    for filter in query.conversation_filters() {
        tags.push(conversations(reading, |title, app| filter.fits_conversation(title, app))?);
    }
    for filter in query.sender_filters() {
        tags.push(senders(reading, |name, is_me| filter.fits_sender(name, is_me))?);
    }
    for kind in &query.kinds {
        tags.push(kind.iter().map(|kind| format!("{TAG}{kind}")).collect());
    }
    let is_possible = tags.iter().all(|choice| !choice.is_empty());
    Ok(is_possible.then_some(tags))
}

fn conversations(
    reading: &Reading<'_>,
    fits: impl Fn(&str, &str) -> bool,
) -> Result<Vec<String>, LibraryError> {
    let mut statement =
        reading.connection.prepare_cached("SELECT n, title, app FROM conversation ORDER BY n")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if fits(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?) {
            found.push(format!("{TAG}c{}", row.get::<_, i64>(0)?));
        }
    }
    Ok(found)
}

fn senders(reading: &Reading<'_>, fits: impl Fn(&str, bool) -> bool) -> Result<Vec<String>, LibraryError> {
    let mut statement = reading.connection.prepare_cached("SELECT n, name, is_me FROM sender ORDER BY n")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if fits(&row.get::<_, String>(1)?, row.get(2)?) {
            found.push(format!("{TAG}s{}", row.get::<_, i64>(0)?));
        }
    }
    Ok(found)
}

/// The query in the index's language: every word and one of each choice of tags.
fn expression(units: &[Unit], tags: &[Vec<String>]) -> String {
    let mut parts = Vec::new();
    for unit in units {
        for (at, token) in unit.tokens.iter().enumerate() {
            let is_prefix = unit.is_prefix && at + 1 == unit.tokens.len();
            parts.push(format!("\"{token}\"{}", if is_prefix { " *" } else { "" }));
        }
    }
    for choice in tags {
        let choice: Vec<String> = choice.iter().map(|tag| format!("\"{tag}\"")).collect();
        parts.push(format!("({})", choice.join(" OR ")));
    }
    parts.join(" AND ")
}
