//! One chat of a download: what its files say about it, and where its messages stand.

use std::io::Read;

use serde_json::{Map, Value};

use super::names::Thread;
use super::repair::repair;
use crate::error::ChatError;
use crate::files::{Files, Spans};
use crate::sealed_copy::Workroom;
use crate::telegram::stream::{Stop, Walk};

/// What is known about a chat outside of its messages.
#[derive(Default)]
pub(super) struct Head {
    pub(super) title: String,
    /// Names; the person's own is among them.
    pub(super) people: Vec<String>,
}

/// How the file of a chat ends before its end.
pub(super) enum Flaw {
    CutOff,
    Damaged,
}

/// A file of a chat with the places of its messages, the oldest first.
pub(super) struct Page {
    pub(super) name: String,
    pub(super) spans: Spans,
    /// Offset, length and number in the file.
    pub(super) places: Vec<(u64, usize, usize)>,
    pub(super) flaw: Option<Flaw>,
    /// Time of its oldest message.
    oldest: Option<i64>,
}

/// Walks the files of a chat.
pub(super) fn read(
    thread: &Thread,
    files: &mut Files,
    room: Option<&Workroom>,
) -> Result<(Head, Vec<Page>), ChatError> {
    let mut head = Head::default();
    let mut pages = Vec::new();
    for name in &thread.files {
        let Some(mut spans) = files.spans(name, room)? else { continue };
        let mut places = Vec::new();
        let flaw = match walk(&mut Walk::new(spans.reader()), &mut head, &mut places) {
            Ok(()) => None,
            Err(Stop::CutOff) => Some(Flaw::CutOff),
            Err(Stop::Damaged) => Some(Flaw::Damaged),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let mut page = Page { name: name.clone(), spans, places, flaw, oldest: None };
        page.put_in_order(thread.is_sealed)?;
        pages.push(page);
    }
    pages.sort_by_key(|page| (page.oldest.is_none(), page.oldest));
    if !thread.is_sealed {
        repair_head(&mut head);
    }
    Ok((head, pages))
}

fn repair_head(head: &mut Head) {
    for text in head.people.iter_mut().chain([&mut head.title]) {
        if let Some(better) = super::repair::repaired(text) {
            *text = better;
        }
    }
}

fn walk(
    walk: &mut Walk<impl Read>,
    head: &mut Head,
    places: &mut Vec<(u64, usize, usize)>,
) -> Result<(), Stop> {
    walk.expect(b'{')?;
    let mut is_first = true;
    while walk.has_next(is_first, b'}')? {
        is_first = false;
        match walk.key()?.as_str() {
            "messages" if walk.peek()? == b'[' => elements(walk, places)?,
            "participants" => {
                let people = value(walk)?;
                let names = people.as_array().into_iter().flatten().filter_map(name_of);
                for name in names {
                    if !head.people.contains(&name) {
                        head.people.push(name);
                    }
                }
            }
            "title" | "threadName" => value(walk)?.as_str().unwrap_or_default().clone_into(&mut head.title),
            _ => walk.value(None)?,
        }
    }
    Ok(())
}

/// `{"name": …}` in downloads, the name alone in end-to-end encrypted exports.
fn name_of(person: &Value) -> Option<String> {
    let name = person.as_str().or_else(|| person.get("name")?.as_str());
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn elements(walk: &mut Walk<impl Read>, places: &mut Vec<(u64, usize, usize)>) -> Result<(), Stop> {
    walk.expect(b'[')?;
    let mut number = 0;
    while walk.has_next(number == 0, b']')? {
        walk.peek()?;
        let begins = walk.offset();
        walk.value(None)?;
        let length = usize::try_from(walk.offset() - begins).unwrap_or(usize::MAX);
        places.push((begins, length, number));
        number += 1;
    }
    Ok(())
}

fn value(walk: &mut Walk<impl Read>) -> Result<Value, Stop> {
    let mut bytes = Vec::new();
    walk.value(Some(&mut bytes))?;
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

impl Page {
    /// Downloads write the newest message first.
    fn put_in_order(&mut self, is_sealed: bool) -> Result<(), ChatError> {
        let mut time_at = |place: Option<&(u64, usize, usize)>| -> Result<Option<i64>, ChatError> {
            let Some((offset, length, _)) = place else { return Ok(None) };
            let bytes = self.spans.span(*offset, (*length).min(super::MAX_MESSAGE))?;
            Ok(parse(&bytes, is_sealed).as_ref().and_then(time_of))
        };
        let first = time_at(self.places.first())?;
        let last = time_at(self.places.last())?;
        if first > last {
            self.places.reverse();
        }
        self.oldest = first.min(last).or(first).or(last);
        Ok(())
    }
}

/// A message; `None` when it is none.
pub(super) fn parse(bytes: &[u8], is_sealed: bool) -> Option<Map<String, Value>> {
    let mut parsed: Value = serde_json::from_slice(bytes).ok()?;
    if !is_sealed {
        repair(&mut parsed);
    }
    if let Value::Object(message) = parsed { Some(message) } else { None }
}

/// When it was sent, in milliseconds.
pub(super) fn time_of(message: &Map<String, Value>) -> Option<i64> {
    let value = message.get("timestamp_ms").or_else(|| message.get("timestamp"))?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
