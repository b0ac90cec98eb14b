//! The tables, and what a connection must be told before it is used.

use super::error::LibraryError;
use rusqlite::Connection;

/// Version of the tables, in `user_version`.
pub(super) const VERSION: i64 = 1;

/// `segment` is the log and the only truth; every other table can be rebuilt from it, but for `import_run` and `original`.
///
/// `message.key` is minute of the time × 256 + a free slot, so that search finds the newest first by walking row ids.
/// `message_id.short` is the first eight bytes of the id; the record decides whether it is really the same.
/// `words` keeps no text: contentless, no column sizes, no positions. Its deletes give the old text again, from the log.
const TABLES: &str = r#"
CREATE TABLE conversation (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    is_native INTEGER NOT NULL,
    app TEXT NOT NULL,
    title TEXT NOT NULL,
    record BLOB NOT NULL,
    log_length INTEGER NOT NULL DEFAULT 0,
    stamp BLOB,
    messages INTEGER NOT NULL DEFAULT 0,
    system INTEGER NOT NULL DEFAULT 0,
    first INTEGER,
    last INTEGER,
    tail INTEGER NOT NULL DEFAULT 0,
    last_line TEXT NOT NULL DEFAULT '',
    media INTEGER NOT NULL DEFAULT 0,
    media_bytes INTEGER NOT NULL DEFAULT 0,
    media_missing INTEGER NOT NULL DEFAULT 0,
    is_sorted INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE segment (
    s INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    place INTEGER NOT NULL,
    records INTEGER NOT NULL,
    length INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (conversation, place)
) STRICT;
CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    time INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    start INTEGER NOT NULL,
    sender INTEGER,
    flags INTEGER NOT NULL
) STRICT;
CREATE INDEX message_position ON message (conversation, position);
CREATE TABLE message_id (
    conversation INTEGER NOT NULL,
    short INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (conversation, short, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (
    key INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY (key, segment, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
    conversation INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    start INTEGER NOT NULL,
    utc_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, segment, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE sender (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    is_me INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation, key)
) STRICT;
CREATE TABLE day (
    conversation INTEGER NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (conversation, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE attachment (
    conversation INTEGER NOT NULL,
    tab INTEGER NOT NULL,
    key INTEGER NOT NULL,
    n INTEGER NOT NULL,
    blob BLOB,
    size INTEGER,
    mime TEXT,
    is_missing INTEGER NOT NULL,
    PRIMARY KEY (conversation, tab, key, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE import_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    source TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE original (
    hash BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    source TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', columnsize = 0, detail = 'none',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'"
);
"#;

/// Makes the tables of a new database, or verifies those of an old one.
pub(super) fn prepare(connection: &Connection) -> Result<(), LibraryError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(LibraryError::Newer { found, known: VERSION });
    }
    if found == 0 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let made = connection
            .execute_batch(TABLES)
            .and_then(|()| {
                connection.execute_batch(
                    "INSERT INTO words (words, rank) VALUES ('hashsize', 33554432), ('automerge', 8)",
                )
            })
            .and_then(|()| connection.pragma_update(None, "user_version", VERSION))
            .and_then(|()| connection.execute_batch("COMMIT"));
        if made.is_err() {
            // The error that counts is the first one.
            let _ = connection.execute_batch("ROLLBACK");
        }
        made?;
    }
    Ok(())
}
