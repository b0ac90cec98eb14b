//! Whether a text export, which has no ids, belongs to a conversation that is here: by the run of messages both have.
//!
//! Certain is: a long run under any name; or the same name and next to no contradiction where both have messages; or a whole export
//! that is found again without a gap. Anything less is reported and kept apart until the person says.

use super::error::LibraryError;
use super::words::fold;
use super::write::{Writer, short_of};
use crate::model::{Conversation, ConversationId, Message};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;

mod shift;

pub(super) use shift::{OtherIds, Shift, file_print};

/// Messages looked at before a place is chosen.
const PROBE: usize = 512;
/// A run this long is no accident.
const LONG_RUN: u64 = 20;
/// A whole export this long, found without a gap, is no accident either.
const WHOLE_RUN: u64 = 8;
/// Fewer equal messages than this under another name are not worth a question.
const WORTH_ASKING: u64 = 3;

/// A text export that is here.
struct Candidate {
    n: i64,
    id: ConversationId,
    title: String,
    first: Option<i64>,
    last: Option<i64>,
}

/// What two conversations have in common.
#[derive(Default)]
struct Evidence {
    is_same_title: bool,
    /// Messages looked at, system entries not among them.
    total: u64,
    /// Those the other one has.
    matched: u64,
    /// Longest run of them, in the same order in both.
    best_run: u64,
    /// Those the other one should have by its time span and has not.
    contradictions: u64,
    run: u64,
    last_position: i64,
}

impl Evidence {
    fn note(&mut self, candidate: &Candidate, time: Option<i64>, position: Option<i64>) {
        self.total += 1;
        let Some(position) = position else {
            self.run = 0;
            let inside = |(first, last, time): (i64, i64, i64)| first < time && time < last;
            if candidate
                .first
                .zip(candidate.last)
                .zip(time)
                .is_some_and(|((first, last), time)| inside((first, last, time)))
            {
                self.contradictions += 1;
            }
            return;
        };
        self.matched += 1;
        self.run = if self.run > 0 && position < self.last_position { 1 } else { self.run + 1 };
        self.last_position = position;
        self.best_run = self.best_run.max(self.run);
    }

    fn is_certain(&self, is_whole: bool) -> bool {
        let is_smooth = self.matched > 0 && self.contradictions == 0;
        // A few messages that were edited or deleted between two exports of one chat do not make it another.
        let is_likely = self.matched > 0 && self.contradictions * 4 <= self.matched;
        self.best_run >= LONG_RUN
            || (self.is_same_title && is_whole && is_likely)
            || (is_whole && is_smooth && self.matched == self.total && self.matched >= WHOLE_RUN)
    }
}

/// Holds back the first messages of a text export until its place is known.
pub(super) struct Probe {
    conversation: Conversation,
    messages: Vec<Message>,
    candidates: Vec<Candidate>,
    is_full: bool,
}

/// Where a text export goes.
pub(super) enum Decision {
    /// Into a conversation that is here, which may tell the same otherwise.
    Into(ConversationId, Option<Shift>),
    /// Into a new one.
    New(ConversationId),
}

impl Probe {
    /// Looks for conversations it may belong to.
    pub(super) fn begin(connection: &Connection, conversation: &Conversation) -> Result<Self, LibraryError> {
        let candidates = candidates(connection, conversation, None)?;
        Ok(Self { candidates, ..Self::apart(conversation) })
    }

    /// Asks nothing: it stays apart.
    pub(super) fn apart(conversation: &Conversation) -> Self {
        Self {
            conversation: conversation.clone(),
            messages: Vec::new(),
            candidates: Vec::new(),
            is_full: false,
        }
    }

    /// Holds a message; true when it is time to decide.
    pub(super) fn push(&mut self, message: Message) -> bool {
        self.messages.push(message);
        self.is_full = self.messages.len() >= PROBE;
        self.is_full || self.candidates.is_empty()
    }

    /// Decides by what was held back.
    pub(super) fn decide(&self, writer: &Writer<'_>, now: i64) -> Result<Decision, LibraryError> {
        let mut best: Option<(u64, ConversationId, Option<Shift>)> = None;
        for candidate in &self.candidates {
            let plain = self.weigh(writer.connection(), candidate, None)?;
            let is_twin = self.messages.is_empty() && plain.is_same_title;
            let mut found = (is_twin || plain.is_certain(!self.is_full)).then_some((plain.matched, None));
            if plain.contradictions > 0 || (found.is_none() && plain.matched < plain.total) {
                let shift = Shift::find(writer, candidate.n, &self.messages)?;
                if let Some(shift) = shift {
                    let shifted = self.weigh(writer.connection(), candidate, Some(&shift))?;
                    if shifted.best_run >= LONG_RUN && shifted.matched > plain.matched {
                        found = Some((shifted.matched, Some(shift)));
                    }
                }
            }
            if let Some((matched, shift)) =
                found.filter(|(matched, _)| best.as_ref().is_none_or(|best| *matched > best.0))
            {
                best = Some((matched, candidate.id, shift));
            }
        }
        Ok(match best {
            Some((_, id, shift)) => Decision::Into(id, shift),
            None => Decision::New(self.new_id(now)),
        })
    }

    /// The messages that were held back, in order.
    pub(super) fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    fn weigh(
        &self,
        connection: &Connection,
        candidate: &Candidate,
        shift: Option<&Shift>,
    ) -> Result<Evidence, LibraryError> {
        let title = fold(&self.conversation.title);
        let mut evidence =
            Evidence { is_same_title: !title.is_empty() && title == candidate.title, ..Evidence::default() };
        let is_all_system = self.messages.iter().all(Message::is_system);
        let mut statement = connection.prepare_cached(
            "SELECT m.position FROM message_id i JOIN message m ON m.key = i.key WHERE i.conversation = ? AND i.short = ?",
        )?;
        let mut others = OtherIds::default();
        for message in &self.messages {
            let mut ids = vec![message.id];
            ids.extend(others.take(shift, message).into_iter().map(|other| other.id));
            if message.is_system() && !is_all_system {
                continue;
            }
            let mut position = None;
            for id in ids {
                if position.is_none() {
                    position =
                        statement.query_row([candidate.n, short_of(id)], |row| row.get(0)).optional()?;
                }
            }
            if position.is_some() || message.attachments.is_empty() {
                evidence.note(candidate, message.time.as_ref().map(|time| time.utc_ms), position);
            }
        }
        Ok(evidence)
    }

    // An export has no id of its own, so it gets one that travels with it; the same file on two computers gets two.
    fn new_id(&self, now: i64) -> ConversationId {
        let mut hasher = blake3::Hasher::new_derive_key("coffer chats 2026 text export id");
        hasher.update(&self.conversation.id.0).update(&now.to_be_bytes());
        for message in self.messages.iter().take(1) {
            hasher.update(&message.id.0);
        }
        let mut id = [0_u8; 16];
        hasher.finalize_xof().fill(&mut id);
        ConversationId(id)
    }
}

/// What a whole conversation has in common with another one.
pub(super) struct Found {
    /// The other one.
    pub(super) other: ConversationId,
    /// Equal messages.
    pub(super) overlap: u64,
    /// Both have the same name.
    pub(super) is_same_title: bool,
    /// They are one conversation.
    pub(super) is_certain: bool,
}

/// Compares a text export that is here as a whole with the others.
pub(super) fn whole(connection: &Connection, id: ConversationId) -> Result<Option<Found>, LibraryError> {
    let (n, record) = connection
        .prepare_cached("SELECT n, record FROM conversation WHERE id = ?")?
        .query_row([id.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let conversation = super::rows_of::conversation(&record)?;
    let title = fold(&conversation.title);
    let mut best: Option<Found> = None;
    for candidate in candidates(connection, &conversation, Some(n))? {
        let mut evidence =
            Evidence { is_same_title: !title.is_empty() && title == candidate.title, ..Evidence::default() };
        if has_common(connection, n, candidate.n)? {
            weigh_whole(connection, n, &candidate, &mut evidence)?;
        }
        let found = Found {
            other: candidate.id,
            overlap: evidence.matched,
            is_same_title: evidence.is_same_title,
            is_certain: evidence.is_certain(true),
        };
        let is_worth = found.is_certain || found.is_same_title || found.overlap >= WORTH_ASKING;
        let rank = |found: &Found| (found.is_certain, found.overlap);
        if is_worth && best.as_ref().is_none_or(|best| rank(&found) > rank(best)) {
            best = Some(found);
        }
    }
    Ok(best)
}

fn has_common(connection: &Connection, one: i64, other: i64) -> Result<bool, LibraryError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM message_id a JOIN message_id b ON b.conversation = ?2 AND b.short = a.short
             WHERE a.conversation = ?1 LIMIT 1",
        )?
        .exists([one, other])?)
}

fn weigh_whole(
    connection: &Connection,
    n: i64,
    candidate: &Candidate,
    evidence: &mut Evidence,
) -> Result<(), LibraryError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.time, a.flags, c.position FROM message_id i JOIN message a ON a.key = i.key
         LEFT JOIN message_id j ON j.conversation = ?2 AND j.short = i.short LEFT JOIN message c ON c.key = j.key
         WHERE i.conversation = ?1 ORDER BY a.position",
    )?;
    let mut rows = statement.query([n, candidate.n])?;
    while let Some(row) = rows.next()? {
        let flags: i64 = row.get(1)?;
        let position: Option<i64> = row.get(2)?;
        // A file may be here under the id of an export without it; one that is not found says nothing.
        let is_silent = flags & super::rows_of::FILED != 0 && position.is_none();
        if flags & super::rows_of::SYSTEM == 0 && !is_silent {
            let time = (flags & super::rows_of::TIMED != 0).then(|| row.get(0)).transpose()?;
            evidence.note(candidate, time, position);
        }
    }
    Ok(())
}

fn candidates(
    connection: &Connection,
    conversation: &Conversation,
    but: Option<i64>,
) -> Result<Vec<Candidate>, LibraryError> {
    let mut statement = connection.prepare_cached(
        "SELECT n, id, title, first, last FROM conversation WHERE is_native = 0 AND app = ? AND n IS NOT ?",
    )?;
    let rows = statement.query_map(rusqlite::params![conversation.app.word(), but], |row| {
        Ok(Candidate {
            n: row.get(0)?,
            id: ConversationId(row.get(1)?),
            title: fold(&row.get::<_, String>(2)?),
            first: row.get(3)?,
            last: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The conversation a backup's text export belongs to, judged by the first messages of its log; none of those the backup itself
/// tells apart from it.
pub(super) fn target(
    writer: &Writer<'_>,
    conversation: &Conversation,
    messages: Vec<Message>,
    is_whole: bool,
    apart: &BTreeSet<ConversationId>,
) -> Result<Option<ConversationId>, LibraryError> {
    let mut probe =
        Probe { messages, is_full: !is_whole, ..Probe::begin(writer.connection(), conversation)? };
    probe.candidates.retain(|candidate| !apart.contains(&candidate.id));
    Ok(match probe.decide(writer, 0)? {
        Decision::Into(id, _) => Some(id),
        Decision::New(_) => None,
    })
}
