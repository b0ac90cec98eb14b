//! One entry with every row that belongs to it, from whichever table.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::Schema;
use crate::error::ChatError;
use crate::source::ReadReport;
use crate::tables::{Fetch, Linked, Row, Tables};

/// Which receiver's which device acknowledged what: hundreds of rows a message, and nothing a person wrote or sees.
const BOOKKEEPING: &[&str] = &["receipt_device", "message_add_on_receipt_device", "receipt_orphaned"];
/// Columns with something people wrote.
const TEXTS: &[&str] = &[
    "text_data",
    "data",
    "media_caption",
    "media_name",
    "place_name",
    "place_address",
    "vcard",
    "option_name",
    "page_title",
    "description",
];
/// Tables that are read in other ways.
const READ: &[&str] = &[
    "message",
    "messages",
    "messages_quotes",
    "message_add_on",
    "receipt_user",
    "call_log",
    "call_log_participant_v2",
    "chat",
    "chat_list",
    "jid",
    "jid_map",
    "lid_display_name",
    "group_participant_user",
    "group_participants",
];

/// An entry.
pub(super) struct Entry {
    pub(super) main: Row,
    rows: Vec<Row>,
    pub(super) receipts: Vec<Row>,
    pub(super) add_ons: Vec<AddOn>,
}

/// Something that was attached to a message later: a reaction, a vote.
pub(super) struct AddOn {
    pub(super) row: Row,
    pub(super) rows: Vec<Row>,
}

impl Entry {
    /// The first row of a table that belongs to it.
    pub(super) fn one(&self, table: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.table() == table)
    }

    pub(super) fn all<'e>(&'e self, table: &'e str) -> impl Iterator<Item = &'e Row> {
        self.rows.iter().filter(move |row| row.table() == table)
    }

    /// Rows of the tables whose names begin so.
    pub(super) fn all_of<'e>(&'e self, beginnings: &'e [&str]) -> impl Iterator<Item = &'e Row> {
        self.rows.iter().filter(move |row| beginnings.iter().any(|name| row.table().starts_with(name)))
    }

    pub(super) fn has_bad_text(&self) -> bool {
        let mut rows = std::iter::once(&self.main).chain(&self.rows);
        rows.any(|row| row.has_bad_text(TEXTS))
    }

    /// Everything as JSON, by table.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert(self.main.table().to_owned(), self.main.json());
        for row in &self.rows {
            push(&mut object, row.table(), row.json());
        }
        for add_on in &self.add_ons {
            let mut inner = Map::new();
            inner.insert(add_on.row.table().to_owned(), add_on.row.json());
            add_on.rows.iter().for_each(|row| push(&mut inner, row.table(), row.json()));
            push(&mut object, "add_ons", Value::Object(inner));
        }
        Value::Object(object).to_string().into_bytes()
    }
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.push(value);
    }
}

/// Finds entries by their row.
pub(super) struct Entries<'a> {
    main: Fetch<'a>,
    linked: Vec<Linked<'a>>,
    receipts: Option<Linked<'a>>,
    add_ons: Option<Linked<'a>>,
    add_on_rows: Vec<Linked<'a>>,
    quotes: Option<Fetch<'a>>,
    calls: Option<Fetch<'a>>,
    call_people: Option<Linked<'a>>,
}

impl<'a> Entries<'a> {
    /// Looks which tables point to messages; rows of the others are counted in the report.
    pub(super) fn begin(
        tables: &Tables<'a>,
        schema: &Schema,
        report: &mut ReadReport,
    ) -> Result<Self, ChatError> {
        let mut found = Self {
            main: tables.fetch(&schema.main)?,
            linked: Vec::new(),
            receipts: link(tables, "receipt_user", "message_row_id"),
            add_ons: link(tables, "message_add_on", "parent_message_row_id"),
            add_on_rows: Vec::new(),
            quotes: fetch(tables, "messages_quotes"),
            calls: fetch(tables, "call_log"),
            call_people: link(tables, "call_log_participant_v2", "call_log_row_id"),
        };
        for table in tables.iter() {
            if READ.contains(&table.name()) {
                continue;
            }
            let is_kept = !BOOKKEEPING.contains(&table.name());
            let column =
                ["message_row_id", "message_add_on_row_id"].into_iter().find(|column| table.has(column));
            if let Some(column) = column.filter(|_| is_kept) {
                match (Linked::by(tables, table, column), column) {
                    (Ok(Some(linked)), "message_row_id") => found.linked.push(linked),
                    (Ok(Some(linked)), _) => found.add_on_rows.push(linked),
                    (Ok(None), _) => {}
                    (Err(_), _) => crate::walk::damage(report),
                }
                continue;
            }
            let rows = tables.count(table);
            if rows > 0 {
                report.beside.insert(table.name().to_owned(), rows);
            }
        }
        Ok(found)
    }

    /// A row of the table of messages.
    pub(super) fn message(&mut self, id: i64) -> rusqlite::Result<Option<Entry>> {
        let Some(main) = self.main.one(id)? else { return Ok(None) };
        let mut rows = Vec::new();
        for linked in &mut self.linked {
            rows.extend(linked.of(id)?);
        }
        if let (Some(quotes), Some(quoted)) = (&mut self.quotes, main.positive("quoted_row_id")) {
            rows.extend(i64::try_from(quoted).ok().map(|id| quotes.one(id)).transpose()?.flatten());
        }
        self.add_call(&mut rows)?;
        let mut add_ons = Vec::new();
        for row in all(&mut self.add_ons, id)? {
            let mut rows = Vec::new();
            let own = row.int("_id").unwrap_or(0);
            for linked in &mut self.add_on_rows {
                rows.extend(linked.of(own)?);
            }
            add_ons.push(AddOn { row, rows });
        }
        Ok(Some(Entry { main, rows, receipts: all(&mut self.receipts, id)?, add_ons }))
    }

    /// A row of the log of calls.
    pub(super) fn call(&mut self, id: i64) -> rusqlite::Result<Option<Entry>> {
        let Some(calls) = &mut self.calls else { return Ok(None) };
        let Some(main) = calls.one(id)? else { return Ok(None) };
        let rows = all(&mut self.call_people, id)?;
        Ok(Some(Entry { main, rows, receipts: Vec::new(), add_ons: Vec::new() }))
    }

    /// The call a message stands for.
    fn add_call(&mut self, rows: &mut Vec<Row>) -> rusqlite::Result<()> {
        let call = rows.iter().find(|row| row.table() == "message_call_log");
        let Some(id) = call.and_then(|row| row.int("call_log_row_id")) else { return Ok(()) };
        if let Some(calls) = &mut self.calls {
            rows.extend(calls.one(id)?);
        }
        rows.extend(all(&mut self.call_people, id)?);
        Ok(())
    }
}

fn all(linked: &mut Option<Linked<'_>>, id: i64) -> rusqlite::Result<Vec<Row>> {
    linked.as_mut().map_or(Ok(Vec::new()), |linked| linked.of(id))
}

/// A table that cannot be read is as good as none; its rows are missed by nobody but the raw record.
fn link<'a>(tables: &Tables<'a>, name: &str, column: &str) -> Option<Linked<'a>> {
    let table = tables.get(name).filter(|table| table.has(column))?;
    Linked::by(tables, &table, column).ok().flatten()
}

fn fetch<'a>(tables: &Tables<'a>, name: &str) -> Option<Fetch<'a>> {
    let table = tables.get(name)?;
    tables.fetch(&Rc::clone(&table)).ok()
}
