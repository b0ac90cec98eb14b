//! What a source holds, counted and not kept: for looking before importing.

use std::collections::HashMap;

use super::{Damage, DateGuess, MediaOpener, ReadReport, Sink, SourceKind, Undecided};
use crate::error::ChatError;
use crate::model::{Conversation, Message};

/// What a source is, before anything is imported.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The reader.
    pub source: SourceKind,
    /// Its chats.
    pub chats: Vec<PreviewChat>,
    /// Names of everyone who writes, those with the most entries first.
    pub people: Vec<String>,
    /// The name that is probably the person's own.
    pub me_guess: Option<String>,
    /// The source does not say who the person is: ask.
    pub asks_me: bool,
    /// How dates are read; `None` when the source leaves nothing open about them.
    pub dates: Option<DateGuess>,
    /// Files found.
    pub media_found: u64,
    /// Files named but not there.
    pub media_missing: u64,
    /// Files the app left out.
    pub media_omitted: u64,
    /// Bytes of the source.
    pub bytes: u64,
    /// Times have no zone: ask.
    pub needs_zone: bool,
    /// The source is cut off or damaged from here on.
    pub damage: Option<Damage>,
}

/// One chat of a preview.
#[derive(Clone, Debug)]
pub struct PreviewChat {
    /// Index in the source.
    pub index: u32,
    /// Its name.
    pub title: String,
    /// Entries, system entries among them.
    pub messages: u64,
    /// Earliest time, milliseconds UTC under the options given.
    pub first: Option<i64>,
    /// Latest time.
    pub last: Option<i64>,
}

/// A sink that only counts.
pub(super) struct Overview<'a> {
    progress: &'a mut dyn FnMut(u64, u64),
    chats: Vec<OverviewChat>,
    current: Option<OverviewChat>,
    people: Vec<(String, u64)>,
}

struct OverviewChat {
    preview: PreviewChat,
    conversation: Conversation,
    /// Entries by participant key.
    counts: HashMap<String, u64>,
}

impl<'a> Overview<'a> {
    pub(super) fn new(progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self { progress, chats: Vec::new(), current: None, people: Vec::new() }
    }

    /// What was seen; `bytes` are those of the source.
    pub(super) fn preview(self, report: &ReadReport, bytes: u64) -> Preview {
        Preview {
            source: report.source,
            me_guess: me_of(&self.chats, report.own_name.as_ref()),
            asks_me: !report.knows_me,
            chats: self.chats.into_iter().map(|chat| chat.preview).collect(),
            people: by_count(self.people),
            dates: report.dates.clone(),
            media_found: report.media_found,
            media_missing: report.media_missing,
            media_omitted: report.media_omitted,
            bytes,
            needs_zone: report.undecided.contains(&Undecided::Zone) || report.has_local_times,
            damage: report.damage,
        }
    }
}

impl Sink for Overview<'_> {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        let index = u32::try_from(self.chats.len()).unwrap_or(u32::MAX);
        let title = conversation.title.clone();
        self.current = Some(OverviewChat {
            preview: PreviewChat { index, title, messages: 0, first: None, last: None },
            conversation: conversation.clone(),
            counts: HashMap::new(),
        });
        Ok(())
    }

    fn message(&mut self, message: Message, _media: &mut dyn MediaOpener) -> Result<(), ChatError> {
        let Some(chat) = &mut self.current else { return Ok(()) };
        chat.preview.messages += 1;
        if let Some(time) = message.time.as_ref().map(|time| time.utc_ms) {
            chat.preview.first = Some(chat.preview.first.map_or(time, |first| first.min(time)));
            chat.preview.last = Some(chat.preview.last.map_or(time, |last| last.max(time)));
        }
        if let Some(sender) = message.sender {
            *chat.counts.entry(sender).or_insert(0) += 1;
        }
        Ok(())
    }

    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        let Some(mut chat) = self.current.take() else { return Ok(()) };
        chat.conversation = conversation.clone();
        for person in &conversation.participants {
            let count = chat.counts.get(&person.key).copied().unwrap_or(0);
            match self.people.iter_mut().find(|(name, _)| *name == person.name) {
                Some((_, all)) => *all += count,
                None if person.name.is_empty() => {}
                None => self.people.push((person.name.clone(), count)),
            }
        }
        self.chats.push(chat);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }
}

fn by_count(mut people: Vec<(String, u64)>) -> Vec<String> {
    people.retain(|(_, count)| *count > 0);
    people.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    people.into_iter().map(|(name, _)| name).collect()
}

/// Somebody the source itself shows to be the person.
fn me_of(chats: &[OverviewChat], own_name: Option<&String>) -> Option<String> {
    if let Some(own) = own_name {
        return Some(own.clone());
    }
    let people = chats.iter().flat_map(|chat| &chat.conversation.participants);
    people.filter(|person| person.is_me && !person.name.is_empty()).map(|person| person.name.clone()).next()
}
