//! Text exports of the same chat that do not say the same of it: a contact was renamed, the phone was in another zone, or one
//! export has media and the other has not.

use crate::library::error::LibraryError;
use crate::library::keys::{first_key, last_key};
use crate::library::log::Spot;
use crate::library::words::{self, TAG, tokens};
use crate::library::write::Writer;
use crate::model::{Message, MessageId, MessageKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Messages of one sender that are looked for by their words.
const SEEDS_OF_ONE: usize = 8;
/// Messages looked for in all.
const SEEDS: usize = 64;
/// Words a message must have to be looked for, and at most how many are asked for.
const WORDS: std::ops::RangeInclusive<usize> = 3..=10;
/// Bytes a message must have to be looked for.
const LETTERS: usize = 16;
/// Found messages that are compared.
const LOOKED_AT: usize = 4;
/// So many must agree on how far the clock is off.
const VOTES: usize = 3;
/// Clocks that one chat may have: zones with and without summer time.
const CLOCKS: usize = 4;
/// Zones lie at most 26 hours apart, in quarters of an hour.
const FARTHEST_MS: i64 = 26 * 3_600_000;
const QUARTER_MS: i64 = 900_000;
/// The same message lies at most so far away in UTC: 26 hours by the wall clocks, and both zones up to 14 hours from UTC.
const NEAR_MS: i64 = FARTHEST_MS + 2 * 14 * 3_600_000;
/// Messages of the time around an export's beginning that are read one by one; among more, the search index is asked. For words that
/// are everywhere the index costs milliseconds a question, and there are [`SEEDS`] questions to each chat that is here: 20 chats of
/// 15,400 messages were imported in 61 s of processor by the index alone.
const READ_AT_ONCE: i64 = 8192;

/// How an export differs from the conversation it joins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct Shift {
    /// How far its wall clock is ahead, milliseconds; the commonest first.
    clocks: Vec<i64>,
    /// How far its UTC times are ahead: not at all when the right zone was said.
    utc: i64,
    /// Its names to the names here.
    names: BTreeMap<String, String>,
}

/// A message that is in both: in the export, and here.
struct Twin {
    clock: i64,
    utc: i64,
    names: Option<(String, String)>,
}

impl Shift {
    /// Looks for the longest messages of an export by their words, and sees in what those found differ.
    pub(super) fn find(
        writer: &Writer<'_>,
        n: i64,
        messages: &[Message],
    ) -> Result<Option<Self>, LibraryError> {
        let seeds = seeds(messages);
        let near = Near::read(writer, n, &seeds)?;
        let mut twins = Vec::new();
        for seed in seeds {
            let found = match &near {
                Some(near) => near.find(seed),
                None => looked_up(writer, n, seed)?,
            };
            // What is said more than once tells nothing about the clock.
            if let [here] = found.as_slice() {
                twins.extend(compared(seed, here));
            }
        }
        let clocks = commonest(twins.iter().map(|twin| twin.clock), VOTES, CLOCKS);
        twins.retain(|twin| clocks.contains(&twin.clock));
        let utc = commonest(twins.iter().map(|twin| twin.utc), VOTES, 1).first().copied().unwrap_or(0);
        let names = names_of(&twins, messages);
        let is_plain = names.is_empty() && clocks.iter().all(|clock| *clock == 0);
        Ok((!clocks.is_empty() && !is_plain).then_some(Self { clocks, utc, names }))
    }

    /// The name here of a sender of the export.
    pub(in crate::library) fn name<'a>(&'a self, sender: &'a str) -> &'a str {
        self.names.get(sender).map_or(sender, String::as_str)
    }

    /// A new message as this conversation tells it.
    pub(in crate::library) fn put_right(&self, message: &mut Message) {
        if let Some(sender) = &mut message.sender {
            *sender = self.name(sender).to_owned();
        }
        if let Some(time) = &mut message.time {
            time.utc_ms -= self.utc;
        }
    }

    /// The message as an export without the difference would have it, for each clock.
    fn versions(&self, message: &Message) -> Vec<Message> {
        let with_clock = |clock: &i64| {
            let mut version = Message { raw: Vec::new(), ..message.clone() };
            self.put_right(&mut version);
            if let Some(local) = version.time.as_mut().and_then(|time| time.local_ms.as_mut()) {
                *local -= clock;
            }
            version
        };
        self.clocks.iter().map(with_clock).collect()
    }
}

/// Other ids under which a message of the export may be here.
#[derive(Default)]
pub(in crate::library) struct OtherIds {
    counts: HashMap<[u8; 16], u32>,
}

/// An id under which a message may be here.
pub(in crate::library) struct OtherId {
    /// The id.
    pub(in crate::library) id: MessageId,
    /// It stands for any file sent then; which one is only told by its place among them.
    pub(in crate::library) file: Option<[u8; 16]>,
}

impl OtherIds {
    /// Counts a message and gives its other ids. Every message of an export must pass here, in order.
    pub(in crate::library) fn take(&mut self, shift: Option<&Shift>, message: &Message) -> Vec<OtherId> {
        let mut ids = Vec::new();
        let versions = shift.map(|shift| shift.versions(message)).unwrap_or_default();
        for version in &versions {
            ids.push(OtherId { id: self.counted(version.fingerprint()), file: None });
        }
        for version in versions.iter().chain([message]) {
            if let Some(print) = file_print(version) {
                ids.push(OtherId { id: self.counted(print), file: Some(print) });
            }
        }
        ids
    }

    fn counted(&mut self, print: [u8; 16]) -> MessageId {
        let count = self.counts.entry(print).or_default();
        *count += 1;
        MessageId::from_fingerprint(&print, *count - 1)
    }
}

/// What a message with files is known by when an export leaves out names and captions: its time and its sender.
pub(in crate::library) fn file_print(message: &Message) -> Option<[u8; 16]> {
    if message.attachments.is_empty() {
        return None;
    }
    let bare = Message {
        time: message.time.clone(),
        sender: message.sender.clone(),
        kind: MessageKind::Unsupported("file".to_owned()),
        ..Message::default()
    };
    Some(bare.fingerprint())
}

/// The longest messages that are said once, not too many of one sender.
fn seeds(messages: &[Message]) -> Vec<&Message> {
    let mut said: HashMap<&str, usize> = HashMap::new();
    for message in messages {
        *said.entry(message.text.as_str()).or_default() += 1;
    }
    let mut long: Vec<&Message> = messages
        .iter()
        .filter(|message| {
            !message.is_system() && message.attachments.is_empty() && message.text.len() >= LETTERS
        })
        .filter(|message| said.get(message.text.as_str()) == Some(&1))
        .collect();
    long.sort_by_key(|message| std::cmp::Reverse(message.text.len().min(400)));
    let mut taken: HashMap<Option<&str>, usize> = HashMap::new();
    long.retain(|message| {
        let count = taken.entry(message.sender.as_deref()).or_default();
        *count += 1;
        *count <= SEEDS_OF_ONE
    });
    long.truncate(SEEDS);
    long
}

/// The messages of a chat around the time of an export's beginning, by their folded text.
struct Near(HashMap<String, Vec<Message>>);

impl Near {
    /// Reads them; `None` when they are too many.
    fn read(writer: &Writer<'_>, n: i64, seeds: &[&Message]) -> Result<Option<Self>, LibraryError> {
        let times = || seeds.iter().filter_map(|seed| seed.time.as_ref()).map(|time| time.utc_ms);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Ok(Some(Self(HashMap::new())));
        };
        let mut statement = writer.connection().prepare_cached(
            "SELECT segment, start FROM message WHERE key BETWEEN ? AND ? AND conversation = ? ORDER BY key LIMIT ?",
        )?;
        let (from, to) = (first_key(first - NEAR_MS), last_key(last + NEAR_MS));
        let spots = statement.query_map([from, to, n, READ_AT_ONCE + 1], |row| {
            Ok(Spot { segment: row.get(0)?, start: row.get(1)? })
        })?;
        let spots: Vec<Spot> = spots.collect::<Result<_, _>>()?;
        if i64::try_from(spots.len()).unwrap_or(i64::MAX) > READ_AT_ONCE {
            return Ok(None);
        }
        let wanted: BTreeSet<String> = seeds.iter().map(|seed| words::fold(&seed.text)).collect();
        let mut near: HashMap<String, Vec<Message>> = HashMap::new();
        for spot in spots {
            let here = writer.record_at(spot)?;
            let text = words::fold(&here.text);
            if wanted.contains(&text) {
                near.entry(text).or_default().push(here);
            }
        }
        Ok(Some(Self(near)))
    }

    fn find(&self, seed: &Message) -> Vec<Message> {
        self.0.get(&words::fold(&seed.text)).cloned().unwrap_or_default()
    }
}

/// Looks for a message by its words.
fn looked_up(writer: &Writer<'_>, n: i64, seed: &Message) -> Result<Vec<Message>, LibraryError> {
    let mut wanted: Vec<String> = tokens(&seed.text).into_iter().map(|token| token.text).collect();
    wanted.sort_by_key(|token| std::cmp::Reverse(token.len()));
    wanted.dedup();
    if wanted.len() < *WORDS.start() {
        return Ok(Vec::new());
    }
    wanted.truncate(*WORDS.end());
    let words: Vec<String> = wanted.iter().map(|token| format!("\"{token}\"")).collect();
    let expression = format!("\"{TAG}c{n}\" AND {}", words.join(" AND "));
    let mut statement = writer.connection().prepare_cached(
        "SELECT m.segment, m.start FROM words CROSS JOIN message m ON m.key = words.rowid WHERE words MATCH ? LIMIT ?",
    )?;
    let limit = i64::try_from(LOOKED_AT).unwrap_or(1);
    let spots = statement.query_map(rusqlite::params![expression, limit], |row| {
        Ok(Spot { segment: row.get(0)?, start: row.get(1)? })
    })?;
    let mut found = Vec::new();
    for spot in spots {
        let here = writer.record_at(spot?)?;
        if words::fold(&seed.text) == words::fold(&here.text) {
            found.push(here);
        }
    }
    Ok(found)
}

fn compared(there: &Message, here: &Message) -> Option<Twin> {
    let (then, now) = (here.time.as_ref()?, there.time.as_ref()?);
    let clock = now.local_ms? - then.local_ms?;
    let is_likely = clock.abs() <= FARTHEST_MS && clock % QUARTER_MS == 0;
    let names = there.sender.clone().zip(here.sender.clone());
    is_likely.then_some(Twin { clock, utc: now.utc_ms - then.utc_ms, names })
}

/// Values at least `least` agree on, the commonest first, not more than `most`.
fn commonest(values: impl Iterator<Item = i64>, least: usize, most: usize) -> Vec<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut found: Vec<(usize, i64)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= least)
        .map(|(value, count)| (count, value))
        .collect();
    found.sort_by_key(|(count, value)| (std::cmp::Reverse(*count), value.abs()));
    found.into_iter().map(|(_, value)| value).take(most).collect()
}

/// Senders that are called otherwise here. A name the export uses itself is nobody else's.
fn names_of(twins: &[Twin], messages: &[Message]) -> BTreeMap<String, String> {
    let mut votes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (there, here) in twins.iter().filter_map(|twin| twin.names.as_ref()) {
        *votes.entry((there, here)).or_default() += 1;
    }
    let used: BTreeSet<&str> = messages.iter().filter_map(|message| message.sender.as_deref()).collect();
    let mut names = BTreeMap::new();
    for ((there, here), count) in &votes {
        let others: usize =
            votes.iter().filter(|((name, to), _)| name == there && to != here).map(|(_, n)| n).sum();
        if there != here && *count >= 2 && *count > others && !used.contains(here) {
            names.insert((*there).to_owned(), (*here).to_owned());
        }
    }
    names
}
