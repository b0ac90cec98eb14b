//! Which chats there are, which messages belong to them, and which are no messages of their own but reactions to others.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::error::ChatError;
use crate::source::{ReadReport, SkipReason};
use crate::tables::{Row, Tables};

/// Before macOS 10.13 times are seconds, afterwards nanoseconds; no date of either is on the other side of this.
const SECONDS_END: i64 = 1_000_000_000_000_000;
/// Milliseconds from 1970 to 2001, from when Apple counts.
const APPLE_EPOCH: i64 = 978_307_200_000;
/// `style` of a chat with several people.
const GROUP: i64 = 43;

/// A chat; the rows of one person under several services are one.
pub(super) struct Chat {
    pub(super) key: Rc<str>,
    pub(super) name: Option<String>,
    pub(super) is_group: bool,
    pub(super) rows: Vec<Row>,
    pub(super) members: Vec<Rc<str>>,
}

/// Where a message is. Ordered as the messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) chat: u32,
    time: i64,
    pub(super) row: i64,
}

/// A reaction: whose it is and when it was made; its row says the rest.
pub(super) struct Tapback {
    pub(super) row: i64,
    time: i64,
}

/// All of it, in the order it is read.
pub(super) struct Index {
    chats: Vec<Chat>,
    by_key: HashMap<Rc<str>, u32>,
    handles: HashMap<i64, Rc<str>>,
    /// Reactions by the message they are to, in the order they were made.
    tapbacks: HashMap<Box<str>, Vec<Tapback>>,
    /// Messages the person deleted and the app still holds.
    pub(super) deleted: HashSet<i64>,
    pub(super) entries: Vec<At>,
}

impl Index {
    pub(super) fn read(tables: &Tables<'_>, report: &mut ReadReport) -> Result<Self, ChatError> {
        let mut index = Self {
            chats: Vec::new(),
            by_key: HashMap::new(),
            handles: HashMap::new(),
            tapbacks: HashMap::new(),
            deleted: HashSet::new(),
            entries: Vec::new(),
        };
        let _ = tables.each("handle", |row| {
            index.handles.extend(row.int("rowid").zip(row.text("id")).map(|(row, id)| (row, id.into())));
        });
        let by_row = index.read_chats(tables);
        index.read_messages(tables, &by_row, report)?;
        index.entries.sort_unstable();
        index.tapbacks.values_mut().for_each(|made| made.sort_unstable_by_key(|one| (one.time, one.row)));
        Ok(index)
    }

    /// The messages chat by chat; chats without one are left out.
    pub(super) fn by_chat(&self) -> impl Iterator<Item = &[At]> {
        self.entries.chunk_by(|one, next| one.chat == next.chat)
    }

    pub(super) fn chat(&self, number: u32) -> Option<&Chat> {
        self.chats.get(usize::try_from(number).ok()?)
    }

    pub(super) fn handle(&self, row: i64) -> Option<&Rc<str>> {
        self.handles.get(&row)
    }

    pub(super) fn tapbacks(&self, guid: &str) -> &[Tapback] {
        self.tapbacks.get(guid).map_or(&[], Vec::as_slice)
    }

    fn number_of(&mut self, key: &Rc<str>, is_group: bool) -> u32 {
        if let Some(number) = self.by_key.get(key) {
            return *number;
        }
        let number = u32::try_from(self.chats.len()).unwrap_or(u32::MAX);
        self.chats.push(Chat {
            key: key.clone(),
            name: None,
            is_group,
            rows: Vec::new(),
            members: Vec::new(),
        });
        self.by_key.insert(key.clone(), number);
        number
    }

    fn read_chats(&mut self, tables: &Tables<'_>) -> HashMap<i64, u32> {
        let mut by_row = HashMap::new();
        let _ = tables.each("chat", |row| {
            let Some(id) = row.int("rowid") else { return };
            let key = row.text("chat_identifier").or_else(|| row.text("guid"));
            let key: Rc<str> = key.unwrap_or_else(|| format!("chat:{id}")).into();
            let is_group = row.int("style") == Some(GROUP) || row.text("room_name").is_some();
            let number = self.number_of(&key, is_group);
            by_row.insert(id, number);
            if let Some(chat) = usize::try_from(number).ok().and_then(|place| self.chats.get_mut(place)) {
                chat.name = chat.name.take().or_else(|| row.text("display_name"));
                chat.rows.push(row.clone());
            }
        });
        let _ = tables.each("chat_handle_join", |row| {
            let chat = row
                .int("chat_id")
                .and_then(|id| by_row.get(&id))
                .and_then(|number| usize::try_from(*number).ok());
            let member = row.int("handle_id").and_then(|id| self.handles.get(&id).cloned());
            if let (Some(chat), Some(member)) = (chat.and_then(|place| self.chats.get_mut(place)), member)
                && !chat.members.contains(&member)
            {
                chat.members.push(member);
            }
        });
        by_row
    }

    fn read_messages(
        &mut self,
        tables: &Tables<'_>,
        by_row: &HashMap<i64, u32>,
        report: &mut ReadReport,
    ) -> Result<(), ChatError> {
        let mut chats: HashMap<i64, u32> = HashMap::new();
        let mut join = |row: &Row| {
            let chat = row.int("chat_id").and_then(|id| by_row.get(&id).copied());
            let found = row.int("message_id").zip(chat);
            if let Some((message, chat)) = found {
                chats.entry(message).or_insert(chat);
            }
            found.map(|(message, _)| message)
        };
        let joined = tables.each("chat_message_join", |row| {
            join(row);
        });
        let deleted = tables.each("chat_recoverable_message_join", |row| self.deleted.extend(join(row)));
        let table = tables.get("message").ok_or(ChatError::Unknown { start: "database" })?;
        let columns = [
            "date",
            "handle_id",
            "guid",
            "associated_message_type",
            "associated_message_guid",
            "ck_chat_id",
            "cache_roomnames",
        ];
        let mut guids: HashSet<Box<str>> = HashSet::new();
        let mut waiting: Vec<(String, At)> = Vec::new();
        let walked = tables.scan(&table, &columns, |row, columns| {
            let time = utc_ms(columns.int("date")).unwrap_or(0);
            let chat = chats.get(&row).copied().or_else(|| self.chat_of(columns));
            let target = target_of(columns);
            guids.extend(columns.text("guid").map(String::into_boxed_str));
            match (chat, target) {
                (chat, Some(target)) => {
                    waiting.push((target, At { chat: chat.unwrap_or(u32::MAX), time, row }))
                }
                (Some(chat), None) => self.entries.push(At { chat, time, row }),
                (None, None) => skip(report, row),
            }
        });
        for (target, at) in waiting {
            // A reaction to a message that is gone is a message of its own.
            if guids.contains(target.as_str()) {
                self.tapbacks.entry(target.into()).or_default().push(Tapback { row: at.row, time: at.time });
            } else if at.chat == u32::MAX {
                skip(report, at.row);
            } else {
                self.entries.push(at);
            }
        }
        if joined.and(deleted).and(walked).is_err() {
            crate::walk::damage(report);
        }
        Ok(())
    }

    /// The chat of a message that is joined to none: where it came from says a column of its own, in newer versions.
    fn chat_of(&mut self, row: &Row) -> Option<u32> {
        let room = row.text("cache_roomnames").map(|room| (room, true));
        let guid = || {
            let guid = row.text("ck_chat_id")?;
            let mut parts = guid.splitn(3, ';');
            let (_, style, id) = (parts.next()?, parts.next()?, parts.next()?);
            Some((id.to_owned(), style == "+"))
        };
        let (key, is_group) = room.or_else(guid)?;
        Some(self.number_of(&key.into(), is_group))
    }
}

fn skip(report: &mut ReadReport, row: i64) {
    report.skipped.entry(SkipReason::DeletedChat).or_default().add(&format!("message {row}"));
}

/// The message a row reacts to: 2000 and up for reactions that are made, 3000 and up for those taken back.
fn target_of(row: &Row) -> Option<String> {
    let is_tapback = row.int("associated_message_type").is_some_and(|kind| (2000..4000).contains(&kind));
    row.text("associated_message_guid").filter(|_| is_tapback).map(|guid| plain_guid(&guid).to_owned())
}

/// Without the part of the message: `p:0/GUID`, `bp:GUID`.
pub(super) fn plain_guid(guid: &str) -> &str {
    let guid = guid.strip_prefix("bp:").unwrap_or(guid);
    guid.rsplit_once('/').map_or(guid, |(_, guid)| guid)
}

/// Milliseconds since 1970 UTC; 0 is "not known".
pub(super) fn utc_ms(date: Option<i64>) -> Option<i64> {
    let date = date.filter(|date| *date != 0)?;
    let ms =
        if (-SECONDS_END..SECONDS_END).contains(&date) { date.checked_mul(1000)? } else { date / 1_000_000 };
    ms.checked_add(APPLE_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_nanoseconds() {
        assert_eq!(utc_ms(Some(400_000_000)), Some(1_378_307_200_000));
        assert_eq!(utc_ms(Some(700_000_000_123_456_789)), Some(1_678_307_200_123));
        assert_eq!(utc_ms(Some(0)), None);
        assert_eq!(utc_ms(Some(i64::MIN)), utc_ms(Some(i64::MIN)), "no panic");
    }

    #[test]
    fn the_part_is_not_part_of_an_id() {
        assert_eq!(plain_guid("p:2/A-B"), "A-B");
        assert_eq!(plain_guid("bp:A-B"), "A-B");
        assert_eq!(plain_guid("A-B"), "A-B");
    }
}
