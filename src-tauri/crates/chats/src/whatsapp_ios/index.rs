//! Which chats there are and which entries belong to them: one walk over a few columns.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::calls::{Calls, is_call_notice};
use super::message::{code, utc_ms};
use super::people::{People, name_of};
use crate::error::ChatError;
use crate::source::{ReadReport, SkipReason};
use crate::tables::{Row, Tables};

/// A chat of the database.
pub(super) struct Chat {
    pub(super) key: Rc<str>,
    pub(super) subject: Option<String>,
    /// Its rows as the app keeps them; two when a hidden identifier and its number each had one.
    pub(super) rows: Vec<Row>,
    /// People of the group.
    pub(super) members: Vec<Rc<str>>,
}

/// Where an entry is. Ordered as the entries are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) chat: u32,
    time: i64,
    /// A row that came with a history from another device, often beside one of this device's own.
    is_copy: bool,
    sort: i64,
    pub(super) is_call: bool,
    pub(super) row: i64,
}

impl At {
    /// For people: `message 17`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", if self.is_call { "call" } else { "message" }, self.row)
    }
}

/// All of it, in the order it is read.
pub(super) struct Index {
    chats: Vec<Chat>,
    by_key: HashMap<Rc<str>, u32>,
    by_row: HashMap<i64, u32>,
    pub(super) entries: Vec<At>,
}

impl Index {
    pub(super) fn read(
        tables: &Tables<'_>,
        people: &People,
        calls: &mut Calls,
        report: &mut ReadReport,
    ) -> Result<Self, ChatError> {
        let mut index =
            Self { chats: Vec::new(), by_key: HashMap::new(), by_row: HashMap::new(), entries: Vec::new() };
        index.read_chats(tables, people);
        let notices = index.read_messages(tables, people, report)?;
        index.read_calls(calls, &notices);
        for call in calls.lost() {
            report.skipped.entry(SkipReason::DeletedChat).or_default().add(&format!("call {call}"));
        }
        index.read_members(tables, people);
        index.entries.sort_unstable();
        Ok(index)
    }

    /// The entries chat by chat; chats without one are left out.
    pub(super) fn by_chat(&self) -> impl Iterator<Item = &[At]> {
        self.entries.chunk_by(|one, next| one.chat == next.chat)
    }

    pub(super) fn chat(&self, number: u32) -> Option<&Chat> {
        self.chats.get(usize::try_from(number).ok()?)
    }

    fn number_of(&mut self, key: &Rc<str>) -> u32 {
        if let Some(number) = self.by_key.get(key) {
            return *number;
        }
        let number = u32::try_from(self.chats.len()).unwrap_or(u32::MAX);
        self.chats.push(Chat { key: key.clone(), subject: None, rows: Vec::new(), members: Vec::new() });
        self.by_key.insert(key.clone(), number);
        number
    }

    fn read_chats(&mut self, tables: &Tables<'_>, people: &People) {
        let mut groups: HashMap<i64, Row> = HashMap::new();
        let _ = tables.each("ZWAGROUPINFO", |row| {
            groups.extend(row.int("z_pk").map(|id| (id, row.clone())));
        });
        let _ = tables.each("ZWACHATSESSION", |row| {
            let Some(id) = row.int("z_pk") else { return };
            let key = row.text("zcontactjid").map(|jid| people.key_of(&jid));
            let key = key.unwrap_or_else(|| format!("chat:{id}").into());
            let number = self.number_of(&key);
            self.by_row.insert(id, number);
            let place = usize::try_from(number).ok();
            if let Some(chat) = place.and_then(|place| self.chats.get_mut(place)) {
                let name = row.text("zpartnername").and_then(|name| name_of(&name));
                chat.subject = chat.subject.take().or(name);
                chat.rows.push(row.clone());
                chat.rows.extend(row.int("zgroupinfo").and_then(|id| groups.remove(&id)));
            }
        });
    }

    /// Says which messages stand for calls: chat, time and row.
    fn read_messages(
        &mut self,
        tables: &Tables<'_>,
        people: &People,
        report: &mut ReadReport,
    ) -> Result<Vec<(u32, i64, i64)>, ChatError> {
        let table = tables.get("ZWAMESSAGE").ok_or(ChatError::Unknown { start: "database" })?;
        let mut notices = Vec::new();
        let columns = [
            "zchatsession",
            "zmessagedate",
            "zsort",
            "zmessagetype",
            "zgroupeventtype",
            "zfromjid",
            "ztojid",
        ];
        let walked = tables.scan(&table, &columns, |row, columns| {
            let chat = columns.int("zchatsession").and_then(|chat| self.by_row.get(&chat).copied());
            let chat = chat.or_else(|| self.chat_of_address(columns, people));
            let Some(chat) = chat else {
                let place = format!("message {row}");
                report.skipped.entry(SkipReason::DeletedChat).or_default().add(&place);
                return;
            };
            let time = utc_ms(columns, "zmessagedate").unwrap_or(0);
            let sort = columns.int("zsort").unwrap_or(0);
            self.entries.push(At { chat, time, is_copy: sort < 0, sort, is_call: false, row });
            let kind = columns.int("zmessagetype");
            let event = columns.int("zgroupeventtype").unwrap_or(0);
            if kind == Some(code::CALL) || (kind == Some(code::SYSTEM) && is_call_notice(event)) {
                notices.push((chat, time, row));
            }
        });
        if walked.is_err() {
            crate::walk::damage(report);
        }
        Ok(notices)
    }

    /// A message whose chat's row is gone says itself whom it was exchanged with.
    fn chat_of_address(&mut self, row: &Row, people: &People) -> Option<u32> {
        let jid = row.text("zfromjid").or_else(|| row.text("ztojid"))?;
        let key = people.key_of(&jid);
        self.by_key.get(&key).copied()
    }

    /// Calls that no message stands for.
    fn read_calls(&mut self, calls: &mut Calls, notices: &[(u32, i64, i64)]) {
        let mut taken = HashSet::new();
        for number in 0..calls.len() {
            let Some((key, time, seconds)) = calls.place(number) else { continue };
            let chat = self.number_of(&key);
            let span = i64::try_from(seconds).unwrap_or(0).saturating_mul(1000).saturating_add(60_000);
            let near = notices.iter().filter(|(of, at, row)| {
                *of == chat && at.abs_diff(time) <= span.unsigned_abs() && !taken.contains(row)
            });
            if let Some((_, _, row)) = near.min_by_key(|(_, at, _)| at.abs_diff(time)) {
                taken.insert(*row);
                calls.belongs(number, *row);
                continue;
            }
            let row = i64::try_from(number).unwrap_or(0);
            self.entries.push(At { chat, time, is_copy: false, sort: 0, is_call: true, row });
        }
    }

    fn read_members(&mut self, tables: &Tables<'_>, people: &People) {
        let _ = tables.each("ZWAGROUPMEMBER", |row| {
            let chat = row.int("zchatsession").and_then(|chat| self.by_row.get(&chat).copied());
            let chat = chat.and_then(|number| usize::try_from(number).ok());
            let member = row.text("zmemberjid").map(|jid| people.key_of(&jid));
            if let (Some(chat), Some(member)) = (chat.and_then(|place| self.chats.get_mut(place)), member) {
                chat.members.push(member);
            }
        });
    }
}
