//! One entry with every row that belongs to it, from whichever table.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::message::code;
use crate::error::ChatError;
use crate::source::ReadReport;
use crate::tables::{Fetch, Linked, Row, Tables};

/// Columns with something people wrote.
const TEXTS: &[&str] =
    &["ztext", "ztitle", "zvcardname", "zvcardstring", "zcontent1", "zcontent2", "zsummary", "zmatchedtext"];
/// Tables that are read in other ways.
const READ: &[&str] = &[
    "ZWAMESSAGE",
    "ZWACHATSESSION",
    "ZWAGROUPMEMBER",
    "ZWAGROUPINFO",
    "ZWAPROFILEPUSHNAME",
    "ZWAPHONENUMBERLIDPAIR",
    "ZWAZACCOUNT",
    "ZWAADDRESSBOOKCONTACT",
];

/// An entry.
pub(super) struct Entry {
    pub(super) main: Row,
    rows: Vec<Row>,
    /// The message it answers, where the database points to it.
    pub(super) parent: Option<Row>,
}

impl Entry {
    /// The first row of a table that belongs to it.
    pub(super) fn one(&self, table: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.table() == table)
    }

    pub(super) fn all<'e>(&'e self, table: &'e str) -> impl Iterator<Item = &'e Row> {
        self.rows.iter().filter(move |row| row.table() == table)
    }

    pub(super) fn media(&self) -> Option<&Row> {
        self.one("ZWAMEDIAITEM")
    }

    /// The facts WhatsApp keeps in its own form beside the media, also of messages without any.
    pub(super) fn metadata(&self) -> &[u8] {
        self.media().and_then(|row| row.bytes("zmetadata")).unwrap_or_default()
    }

    pub(super) fn receipt_info(&self) -> &[u8] {
        self.one("ZWAMESSAGEINFO").and_then(|row| row.bytes("zreceiptinfo")).unwrap_or_default()
    }

    /// A row that links others together (votes, the parts of an album) and is itself shown to nobody.
    pub(super) fn is_bookkeeping(&self) -> bool {
        let has_file = self.media().is_some_and(|row| row.text("zmedialocalpath").is_some());
        self.main.int("zmessagetype") == Some(code::ASSOCIATION)
            && self.main.text("ztext").is_none()
            && !has_file
    }

    pub(super) fn has_bad_text(&self) -> bool {
        let mut rows = std::iter::once(&self.main).chain(&self.rows);
        rows.any(|row| row.has_bad_text(TEXTS))
    }

    /// Everything as JSON, by table.
    pub(super) fn raw(&self, call: Option<Value>) -> Vec<u8> {
        let mut object = Map::new();
        object.insert(self.main.table().to_owned(), self.main.json());
        for row in &self.rows {
            let list = object.entry(row.table()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(row.json());
            }
        }
        object.extend(call.map(|call| ("call".to_owned(), call)));
        Value::Object(object).to_string().into_bytes()
    }
}

/// Finds entries by their row.
pub(super) struct Entries<'a> {
    main: Fetch<'a>,
    /// Tables that point to messages.
    linked: Vec<Linked<'a>>,
    /// Tables that point to media.
    of_media: Vec<Linked<'a>>,
    media: Option<Fetch<'a>>,
    info: Option<Fetch<'a>>,
}

impl<'a> Entries<'a> {
    /// Looks which tables point to messages; rows of the others are counted in the report.
    pub(super) fn begin(tables: &Tables<'a>, report: &mut ReadReport) -> Result<Self, ChatError> {
        let main = tables.get("ZWAMESSAGE").ok_or(ChatError::Unknown { start: "database" })?;
        let fetch = |name: &str| tables.get(name).and_then(|table| tables.fetch(&table).ok());
        let mut found = Self {
            main: tables.fetch(&main)?,
            linked: Vec::new(),
            of_media: Vec::new(),
            media: fetch("ZWAMEDIAITEM"),
            info: fetch("ZWAMESSAGEINFO"),
        };
        for table in tables.iter() {
            if READ.contains(&table.name()) {
                continue;
            }
            let column = ["zmessage", "zmediaitem"].into_iter().find(|column| table.has(column));
            if let Some(column) = column {
                match (Linked::by(tables, table, column), column) {
                    (Ok(Some(linked)), "zmessage") => found.linked.push(linked),
                    (Ok(Some(linked)), _) => found.of_media.push(linked),
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
        // Both ends of a link are columns; one of them may be empty.
        add(&mut rows, &mut self.media, main.positive("zmediaitem"))?;
        add(&mut rows, &mut self.info, main.positive("zmessageinfo"))?;
        let media: HashSet<i64> = ids(&rows, "ZWAMEDIAITEM").collect();
        for linked in &mut self.of_media {
            for id in &media {
                rows.extend(linked.of(*id)?);
            }
        }
        let parent = main.positive("zparentmessage").and_then(|id| i64::try_from(id).ok());
        let parent = parent.map(|id| self.main.one(id)).transpose()?.flatten();
        Ok(Some(Entry { main, rows, parent }))
    }
}

fn ids(rows: &[Row], table: &str) -> impl Iterator<Item = i64> {
    rows.iter().filter(move |row| row.table() == table).filter_map(|row| row.int("z_pk"))
}

/// Adds a row that is not among the rows yet, before those of its table: it is the one the message itself names.
fn add(rows: &mut Vec<Row>, fetch: &mut Option<Fetch<'_>>, id: Option<u64>) -> rusqlite::Result<()> {
    let (Some(fetch), Some(id)) = (fetch, id.and_then(|id| i64::try_from(id).ok())) else { return Ok(()) };
    let Some(row) = fetch.one(id)? else { return Ok(()) };
    rows.retain(|known| known.table() != row.table() || known.int("z_pk") != Some(id));
    rows.insert(0, row);
    Ok(())
}
