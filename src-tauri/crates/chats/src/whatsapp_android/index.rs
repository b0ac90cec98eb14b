//! Which chats there are and which entries belong to them: one walk over a few columns, because backups have no indexes.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Schema;
use super::people::People;
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

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) chat: u32,
    time: i64,
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
        schema: &Schema,
        people: &People,
        report: &mut ReadReport,
    ) -> Self {
        let mut index =
            Self { chats: Vec::new(), by_key: HashMap::new(), by_row: HashMap::new(), entries: Vec::new() };
        index.read_chats(tables, people);
        let calls = index.read_messages(tables, schema, people, report);
        index.read_calls(tables, people, &calls, report);
        index.read_members(tables, people);
        index.entries.sort_unstable();
        index
    }

    /// The entries chat by chat; chats without one are left out.
    pub(super) fn by_chat(&self) -> impl Iterator<Item = &[At]> {
        self.entries.chunk_by(|one, next| one.chat == next.chat)
    }

    pub(super) fn chat(&self, number: u32) -> Option<&Chat> {
        self.chats.get(usize::try_from(number).ok()?)
    }

    /// The key of the chat with this row.
    pub(super) fn key_of_row(&self, row: i64) -> Option<&Rc<str>> {
        self.by_row.get(&row).and_then(|number| self.chat(*number)).map(|chat| &chat.key)
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

    fn chat_mut(&mut self, key: &Rc<str>) -> Option<&mut Chat> {
        let number = usize::try_from(self.number_of(key)).ok()?;
        self.chats.get_mut(number)
    }

    fn read_chats(&mut self, tables: &Tables<'_>, people: &People) {
        let _ = tables.each("chat", |row| {
            let Some(id) = row.int("_id") else { return };
            let key = row.int("jid_row_id").and_then(|jid| people.key(jid));
            let key = key.unwrap_or_else(|| format!("chat:{id}").into());
            let number = self.number_of(&key);
            self.by_row.insert(id, number);
            if let Some(chat) = self.chat_mut(&key) {
                chat.subject = chat.subject.take().or_else(|| row.text("subject"));
                chat.rows.push(row.clone());
            }
        });
        // The list of chats of the oldest databases.
        let _ = tables.each("chat_list", |row| {
            let Some(key) = row.text("key_remote_jid").map(|jid| people.key_of(&jid)) else { return };
            if let Some(chat) = self.chat_mut(&key) {
                chat.subject = chat.subject.take().or_else(|| row.text("subject"));
                chat.rows.push(row.clone());
            }
        });
    }

    /// Says which calls are among the messages.
    fn read_messages(
        &mut self,
        tables: &Tables<'_>,
        schema: &Schema,
        people: &People,
        report: &mut ReadReport,
    ) -> HashSet<String> {
        let mut calls = HashSet::new();
        let columns = ["key_id", "chat_row_id", "key_remote_jid", "timestamp"];
        let walked = tables.scan(&schema.main, &columns, |row, columns| {
            let key = columns.text("key_id").unwrap_or_default();
            if key == "-1" {
                skip(report, SkipReason::Placeholder, row);
                return;
            }
            let chat = if schema.is_old {
                columns.text("key_remote_jid").map(|jid| self.number_of(&people.key_of(&jid)))
            } else {
                columns.int("chat_row_id").and_then(|chat| self.by_row.get(&chat).copied())
            };
            let Some(chat) = chat else {
                skip(report, SkipReason::DeletedChat, row);
                return;
            };
            let time = columns.int("timestamp").unwrap_or(0);
            self.entries.push(At { chat, time, is_call: false, row });
            if key.starts_with("call:") {
                calls.insert(key);
            }
        });
        if walked.is_err() {
            crate::walk::damage(report);
        }
        calls
    }

    /// Calls that no message stands for.
    fn read_calls(
        &mut self,
        tables: &Tables<'_>,
        people: &People,
        calls: &HashSet<String>,
        report: &mut ReadReport,
    ) {
        let mut shown = HashSet::new();
        let _ = tables.each("message_call_log", |row| shown.extend(row.int("call_log_row_id")));
        let Some(table) = tables.get("call_log") else { return };
        let columns = ["jid_row_id", "group_jid_row_id", "timestamp", "call_id"];
        let walked = tables.scan(&table, &columns, |row, columns| {
            let is_known = columns.text("call_id").is_some_and(|id| calls.contains(&id));
            if is_known || shown.contains(&row) {
                return;
            }
            let jid = |column| columns.int(column).filter(|jid| *jid > 0).and_then(|jid| people.key(jid));
            let Some(key) = jid("group_jid_row_id").or_else(|| jid("jid_row_id")) else {
                let place = format!("call {row}");
                report.skipped.entry(SkipReason::DeletedChat).or_default().add(&place);
                return;
            };
            let chat = self.number_of(&key);
            let time = columns.int("timestamp").unwrap_or(0);
            self.entries.push(At { chat, time, is_call: true, row });
        });
        if walked.is_err() {
            crate::walk::damage(report);
        }
    }

    fn read_members(&mut self, tables: &Tables<'_>, people: &People) {
        let mut pairs: Vec<(Rc<str>, Rc<str>)> = Vec::new();
        let _ = tables.each("group_participant_user", |row| {
            let jid = |column| row.int(column).and_then(|jid| people.key(jid));
            pairs.extend(jid("group_jid_row_id").zip(jid("user_jid_row_id")));
        });
        let _ = tables.each("group_participants", |row| {
            let jid = |column| row.text(column).map(|jid| people.key_of(&jid));
            pairs.extend(jid("gjid").zip(jid("jid")));
        });
        for (group, member) in pairs {
            let number = self.by_key.get(&group).and_then(|number| usize::try_from(*number).ok());
            if let Some(chat) = number.and_then(|number| self.chats.get_mut(number)) {
                chat.members.push(member);
            }
        }
    }
}

fn skip(report: &mut ReadReport, reason: SkipReason, row: i64) {
    report.skipped.entry(reason).or_default().add(&format!("message {row}"));
}
