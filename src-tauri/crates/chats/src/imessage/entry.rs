//! One message with every row that belongs to it.

use serde_json::{Map, Value};

use super::index::Index;
use crate::error::ChatError;
use crate::source::ReadReport;
use crate::tables::{Fetch, Linked, Row, Tables};

/// Columns with something people wrote.
const TEXTS: &[&str] = &["text", "subject", "group_title", "transfer_name"];
/// Tables that are read in other ways.
const READ: &[&str] = &[
    "message",
    "chat",
    "handle",
    "attachment",
    "chat_handle_join",
    "chat_message_join",
    "chat_recoverable_message_join",
    "message_attachment_join",
];
/// Columns by which other tables point to messages.
const POINTERS: &[&str] = &["message_id"];

/// A message.
pub(super) struct Entry {
    pub(super) main: Row,
    pub(super) attachments: Vec<Row>,
    /// Reactions, in the order they were made.
    pub(super) tapbacks: Vec<Row>,
    rows: Vec<Row>,
    pub(super) is_deleted: bool,
}

impl Entry {
    pub(super) fn has_bad_text(&self) -> bool {
        let mut rows = std::iter::once(&self.main).chain(&self.attachments);
        rows.any(|row| row.has_bad_text(TEXTS))
    }

    /// Everything as JSON, by table.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("message".to_owned(), self.main.json());
        for row in &self.rows {
            push(&mut object, row.table(), row.json());
        }
        self.attachments.iter().for_each(|row| push(&mut object, "attachment", row.json()));
        self.tapbacks.iter().for_each(|row| push(&mut object, "tapbacks", row.json()));
        Value::Object(object).to_string().into_bytes()
    }
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.push(value);
    }
}

/// Finds messages by their row.
pub(super) struct Entries<'a> {
    main: Fetch<'a>,
    linked: Vec<Linked<'a>>,
    joins: Option<Linked<'a>>,
    attachments: Option<Fetch<'a>>,
}

impl<'a> Entries<'a> {
    /// Looks which tables point to messages; rows of the others are counted in the report.
    pub(super) fn begin(tables: &Tables<'a>, report: &mut ReadReport) -> Result<Self, ChatError> {
        let main = tables.get("message").ok_or(ChatError::Unknown { start: "database" })?;
        let join = tables.get("message_attachment_join").filter(|table| table.has("message_id"));
        let mut found = Self {
            main: tables.fetch(&main)?,
            linked: Vec::new(),
            joins: join.and_then(|table| Linked::by(tables, &table, "message_id").ok().flatten()),
            attachments: tables.get("attachment").and_then(|table| tables.fetch(&table).ok()),
        };
        for table in tables.iter() {
            if READ.contains(&table.name()) {
                continue;
            }
            if let Some(column) = POINTERS.iter().find(|column| table.has(column)) {
                match Linked::by(tables, table, column) {
                    Ok(linked) => found.linked.extend(linked),
                    Err(_) => crate::walk::damage(report),
                }
                continue;
            }
            let rows = tables.count(table);
            if rows > 0 {
                *report.beside.entry(table.name().to_owned()).or_default() += rows;
            }
        }
        Ok(found)
    }

    /// A row of the table of messages.
    pub(super) fn message(&mut self, id: i64, index: &Index) -> rusqlite::Result<Option<Entry>> {
        let Some(main) = self.main.one(id)? else { return Ok(None) };
        let mut rows = Vec::new();
        for linked in &mut self.linked {
            rows.extend(linked.of(id)?);
        }
        let mut attachments = Vec::new();
        if let (Some(joins), Some(table)) = (&mut self.joins, &mut self.attachments) {
            for join in joins.of(id)? {
                let attachment = join.int("attachment_id").map(|id| table.one(id)).transpose()?;
                attachments.extend(attachment.flatten());
            }
        }
        let mut tapbacks = Vec::new();
        for tapback in main.text("guid").iter().flat_map(|guid| index.tapbacks(guid)) {
            tapbacks.extend(self.main.one(tapback.row)?);
        }
        Ok(Some(Entry { main, attachments, tapbacks, rows, is_deleted: index.deleted.contains(&id) }))
    }
}
