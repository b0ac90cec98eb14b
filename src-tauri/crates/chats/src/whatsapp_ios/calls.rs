//! The log of calls, a database of its own: a row for each call, one for each group of calls, one for each other person in a call.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;

use super::message::utc_ms;
use super::people::People;
use crate::model::Call;
use crate::source::ReadReport;
use crate::tables::{Row, Tables};

/// `ZOUTCOME`, as far as public readers agree; a call that lasted was answered, whatever the number says.
const ENDED: i64 = 0;
const MISSED: i64 = 1;
const DECLINED: i64 = 4;

/// Notices that stand for a call: missed ones (45 and 46 while the phone was silenced, 21 and 22 in a group), and calls of a group.
pub(super) fn is_call_notice(event: i64) -> bool {
    matches!(event, 1 | 4 | 21 | 22 | 40 | 41 | 45 | 46)
}

/// A call of the log.
pub(super) struct Logged {
    pub(super) row: Row,
    group_of_calls: Option<Row>,
    pub(super) people: Vec<Row>,
    chat: Option<Rc<str>>,
    pub(super) time: i64,
    pub(super) is_mine: bool,
    /// Who called, where it was somebody else.
    pub(super) caller: Option<Rc<str>>,
}

/// Every call of the log.
pub(super) struct Calls {
    logged: Vec<Logged>,
    /// Which of them a message stands for, by the message's row.
    of_message: HashMap<i64, usize>,
}

impl Calls {
    pub(super) fn read(log: Option<&Connection>, people: &People, report: &mut ReadReport) -> Self {
        let mut calls = Self { logged: Vec::new(), of_message: HashMap::new() };
        let Some(tables) = log.and_then(|log| Tables::look(log).ok()) else { return calls };
        let mut groups: HashMap<i64, Row> = HashMap::new();
        let _ = tables.each("ZWAAGGREGATECALLEVENT", |row| {
            groups.extend(row.int("z_pk").map(|id| (id, row.clone())));
        });
        let mut others: HashMap<i64, Vec<Row>> = HashMap::new();
        let _ = tables.each("ZWACDCALLEVENTPARTICIPANT", |row| {
            if let Some(call) = row.int("z1participants") {
                others.entry(call).or_default().push(row.clone());
            }
        });
        let walked = tables.each("ZWACDCALLEVENT", |row| {
            let people_of = row.int("z_pk").and_then(|id| others.remove(&id)).unwrap_or_default();
            let group = row.int("z1callevents").and_then(|id| groups.get(&id)).cloned();
            calls.logged.push(logged(row, group, people_of, people));
        });
        if walked.is_err() {
            crate::walk::damage(report);
        }
        calls
    }

    pub(super) fn len(&self) -> usize {
        self.logged.len()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Logged> {
        self.logged.get(number)
    }

    /// Chat, time and length of a call; `None` when it does not say with whom it was.
    pub(super) fn place(&self, number: usize) -> Option<(Rc<str>, i64, u64)> {
        let call = self.logged.get(number)?;
        Some((call.chat.clone()?, call.time, call.seconds().unwrap_or(0)))
    }

    /// Calls nobody can be named for.
    pub(super) fn lost(&self) -> impl Iterator<Item = i64> {
        self.logged.iter().filter(|call| call.chat.is_none()).filter_map(|call| call.row.int("z_pk"))
    }

    pub(super) fn belongs(&mut self, number: usize, message: i64) {
        self.of_message.insert(message, number);
    }

    /// The call a message stands for.
    pub(super) fn of_message(&self, row: i64) -> Option<&Logged> {
        self.of_message.get(&row).and_then(|number| self.logged.get(*number))
    }
}

fn logged(row: &Row, group_of_calls: Option<Row>, others: Vec<Row>, people: &People) -> Logged {
    let key = |row: &Row, column: &str| row.text(column).map(|jid| people.key_of(&jid));
    let creator = key(row, "zgroupcallcreatoruserjidstring");
    let other = others.iter().find_map(|row| key(row, "zjidstring"));
    let said = group_of_calls.as_ref().and_then(|row| row.int("zincoming")).or_else(|| row.int("zincoming"));
    let is_incoming = said.map_or_else(
        || {
            creator.as_ref().is_some_and(|creator| {
                others.iter().any(|row| key(row, "zjidstring").as_ref() == Some(creator))
            })
        },
        |incoming| incoming == 1,
    );
    let caller = if is_incoming { creator.clone().or_else(|| other.clone()) } else { None };
    Logged {
        chat: key(row, "zgroupjidstring").or(other).or_else(|| caller.clone()),
        time: utc_ms(row, "zdate").unwrap_or(0),
        is_mine: !is_incoming,
        caller,
        row: row.clone(),
        group_of_calls,
        people: others,
    }
}

impl Logged {
    /// Whole seconds, as the app shows them; none for a call that did not come about.
    pub(super) fn seconds(&self) -> Option<u64> {
        let seconds = super::message::whole(self.row.real("zduration")?.floor())?;
        u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// Everything as the log has it.
    pub(super) fn raw(&self) -> serde_json::Value {
        let people: Vec<serde_json::Value> = self.people.iter().map(Row::json).collect();
        serde_json::json!({
            "ZWACDCALLEVENT": self.row.json(),
            "ZWAAGGREGATECALLEVENT": self.group_of_calls.as_ref().map(Row::json),
            "ZWACDCALLEVENTPARTICIPANT": people,
        })
    }

    pub(super) fn call(&self) -> Call {
        let fact = |column: &str| {
            self.group_of_calls.as_ref().and_then(|row| row.int(column)).or_else(|| self.row.int(column))
        };
        let duration = self.seconds();
        let outcome = match self.row.int("zoutcome") {
            _ if duration.is_some() => Some("connected".to_owned()),
            Some(ENDED) | None => None,
            Some(MISSED) => Some("missed".to_owned()),
            Some(DECLINED) => Some("declined".to_owned()),
            Some(other) => Some(format!("outcome_{other}")),
        };
        let is_missed = fact("zmissed").map_or(!self.is_mine && duration.is_none(), |missed| missed == 1);
        Call {
            is_video: fact("zvideo") == Some(1),
            is_missed: is_missed && duration.is_none(),
            duration,
            is_group: self.row.text("zgroupjidstring").is_some(),
            outcome,
            ..Call::default()
        }
    }
}
