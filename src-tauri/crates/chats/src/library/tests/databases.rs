//! Databases of apps through their real reader: once, again, grown, and from another phone of the same person.

use super::*;
use crate::generate::{Age, write_imessage, write_iphone_backup, write_whatsapp_android, write_whatsapp_ios};
use crate::sealed_copy::Workroom;
use crate::source::{self, ReadOptions, ReadReport};
use rusqlite::Connection;
use std::path::Path;

/// Rows another phone numbers otherwise.
const SHIFT: i64 = 100_000;

fn import(home: &Home, path: &Path, now: i64) -> (ImportOutcome, ReadReport) {
    let options = ImportOptions { now, source: "database".into(), ..ImportOptions::default() };
    let room = Workroom::new(&home.folder.path().join("room"), Arc::new(SeededEntropy::new(3)));
    let read = ReadOptions { workroom: Some(room), ..ReadOptions::default() };
    let mut run = home.library.begin_import(options, Some(&home.media)).unwrap();
    let report = source::read(path, &read, &mut run, &Cancel::default()).unwrap();
    (run.finish().unwrap(), report)
}

/// Everything the library says of every chat.
fn everything(home: &Home) -> Vec<String> {
    home.library.conversations().unwrap().iter().map(|row| home.json(row.conversation.id)).collect()
}

fn adds_up(outcome: &ImportOutcome, report: &ReadReport) {
    assert_eq!(outcome.added + outcome.updated + outcome.present, report.read);
    assert_eq!(outcome.read, report.read);
}

#[test]
fn the_same_database_again_adds_nothing_at_any_age() {
    for age in [Age::New, Age::Old, Age::Moving] {
        let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
        let truth = write_whatsapp_android(folder.path(), age, 1500, 4).unwrap();
        let (first, report) = import(&home, folder.path(), MAY);
        let before = everything(&home);

        let (again, read_again) = import(&home, folder.path(), MAY + 1);

        assert_eq!((first.added, first.updated, first.present), (truth.entries, 0, 0), "{age:?}");
        assert_eq!((again.added, again.updated, again.present), (0, 0, truth.entries), "{age:?}");
        adds_up(&first, &report);
        adds_up(&again, &read_again);
        assert!(first.media_found > 0 && everything(&home) == before, "{age:?}");
    }
}

#[test]
fn a_database_that_grew_adds_only_what_is_new() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let early = write_whatsapp_android(folder.path(), Age::New, 1000, 5).unwrap();
    import(&home, folder.path(), MAY);
    let late = write_whatsapp_android(folder.path(), Age::New, 1600, 5).unwrap();

    let (outcome, report) = import(&home, folder.path(), MAY + 1);

    assert_eq!(
        (outcome.added, outcome.updated, outcome.present),
        (late.entries - early.entries, 0, early.entries)
    );
    adds_up(&outcome, &report);
    let whole = Home::new();
    import(&whole, folder.path(), MAY);
    assert_eq!(texts_of_all(&home), texts_of_all(&whole), "in the same order as if read at once");
}

#[test]
fn an_older_copy_after_the_newer_one_adds_nothing() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    write_whatsapp_android(folder.path(), Age::New, 1600, 5).unwrap();
    import(&home, folder.path(), MAY);
    let early = write_whatsapp_android(folder.path(), Age::New, 1000, 5).unwrap();

    let (outcome, _) = import(&home, folder.path(), MAY + 1);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 0, early.entries));
}

#[test]
fn the_copy_of_another_phone_that_counts_its_rows_otherwise_adds_nothing() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let truth = write_whatsapp_android(folder.path(), Age::New, 1500, 6).unwrap();
    import(&home, folder.path(), MAY);
    let before = everything(&home);

    renumber(&folder.path().join("msgstore.db"));
    let (outcome, report) = import(&home, folder.path(), MAY + 1);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 0, truth.entries));
    adds_up(&outcome, &report);
    assert_eq!(everything(&home), before);
}

#[test]
fn a_message_edited_and_one_deleted_since_keep_what_they_were() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    write_whatsapp_android(folder.path(), Age::New, 400, 7).unwrap();
    import(&home, folder.path(), MAY);
    let database = Connection::open(folder.path().join("msgstore.db")).unwrap();
    let plain = "SELECT _id FROM message WHERE message_type = 0 AND text_data <> '' AND _id NOT IN
        (SELECT message_row_id FROM message_edit_info) ORDER BY _id LIMIT 1 OFFSET ";
    let row = |n: u8| -> i64 { database.query_row(&format!("{plain}{n}"), [], |row| row.get(0)).unwrap() };
    let (edited, deleted) = (row(3), row(9));
    database
        .execute_batch(&format!(
            "INSERT INTO message_edit_info SELECT _id, key_id, timestamp + 9, timestamp + 8 FROM message WHERE _id = {edited};
             UPDATE message SET key_id = key_id || '-e', text_data = 'put better' WHERE _id = {edited};
             INSERT INTO message_revoked (message_row_id, revoked_key_id) SELECT _id, key_id FROM message WHERE _id = {deleted};
             UPDATE message SET key_id = key_id || '-r', text_data = NULL, message_type = 15 WHERE _id = {deleted};"
        ))
        .unwrap();

    let (outcome, _) = import(&home, folder.path(), MAY + 1);

    assert_eq!((outcome.added, outcome.updated), (0, 2));
    assert_eq!(home.find("\"put better\"").len(), 1);
    let rows = home.library.conversations().unwrap();
    let stored = rows.iter().flat_map(|row| home.library.messages(row.conversation.id, 0, 10_000).unwrap());
    let revisions: usize = stored.map(|stored| stored.revisions.len()).sum();
    assert_eq!(revisions, 2, "the words before the edit and before the deletion are kept");
}

#[test]
fn an_iphones_database_again_grown_or_out_of_a_backup_adds_only_what_is_new() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let (place, backup) = (folder.path().join("shared"), folder.path().join("Backup/0000"));
    let early = write_whatsapp_ios(&place, 1000, 5).unwrap();

    let (first, report) = import(&home, &place, MAY);
    adds_up(&first, &report);
    let before = everything(&home);
    let (again, _) = import(&home, &place, MAY + 1);
    let is_unchanged = everything(&home) == before;
    let late = write_whatsapp_ios(&place, 1500, 5).unwrap();
    let (grown, report) = import(&home, &place, MAY + 2);
    adds_up(&grown, &report);
    write_iphone_backup(&place, &backup).unwrap();
    let (backed_up, _) = import(&home, &backup, MAY + 3);

    assert_eq!((first.added, first.updated, first.present), (early.entries, 0, 0));
    assert_eq!((again.added, again.updated, again.present), (0, 0, early.entries));
    assert!(is_unchanged && first.media_found > 0);
    assert_eq!((grown.added, grown.updated, grown.present), (late.entries - early.entries, 0, early.entries));
    assert_eq!((backed_up.added, backed_up.updated, backed_up.present), (0, 0, late.entries));
}

#[test]
fn a_mac_that_counts_its_rows_otherwise_adds_nothing() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let truth = write_whatsapp_ios(folder.path(), 1200, 8).unwrap();
    import(&home, folder.path(), MAY);
    let before = everything(&home);

    let database = Connection::open(folder.path().join("ChatStorage.sqlite")).unwrap();
    for change in [
        "ZWAMESSAGE SET Z_PK = Z_PK + 50000000, ZMEDIAITEM = ZMEDIAITEM + 70000000, ZMESSAGEINFO = ZMESSAGEINFO + 80000000, ZCHATSESSION = ZCHATSESSION + 900, ZGROUPMEMBER = ZGROUPMEMBER + 60000",
        "ZWAMEDIAITEM SET Z_PK = Z_PK + 70000000, ZMESSAGE = ZMESSAGE + 50000000",
        "ZWAMESSAGEINFO SET Z_PK = Z_PK + 80000000, ZMESSAGE = ZMESSAGE + 50000000",
        "ZWACHATSESSION SET Z_PK = Z_PK + 900",
        "ZWAGROUPMEMBER SET Z_PK = Z_PK + 60000, ZCHATSESSION = ZCHATSESSION + 900",
    ] {
        database.execute(&format!("UPDATE {change}"), []).unwrap();
    }
    drop(database);
    let (outcome, report) = import(&home, folder.path(), MAY + 1);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 0, truth.entries));
    adds_up(&outcome, &report);
    assert_eq!(everything(&home), before);
}

#[test]
fn a_chat_that_moved_from_android_to_an_iphone_stays_one_chat() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let (old, new) = (folder.path().join("msgstore.db"), folder.path().join("ChatStorage.sqlite"));
    Connection::open(&old)
        .unwrap()
        .execute_batch(
            "CREATE TABLE jid (_id INTEGER PRIMARY KEY, user TEXT, server TEXT, raw_string TEXT);
             INSERT INTO jid VALUES (1, '49151777', 's.whatsapp.net', NULL);
             CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT); INSERT INTO chat VALUES (1, 1, NULL);
             CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER, key_id TEXT, sender_jid_row_id INTEGER,
                timestamp INTEGER, message_type INTEGER, text_data TEXT);
             INSERT INTO message VALUES (2, 1, 0, 'A', 0, 1678307200125, 0, 'hello'), (3, 1, 1, 'B', 0, 1678307201000, 0, 'there')",
        )
        .unwrap();
    Connection::open(&new)
        .unwrap()
        .execute_batch(
            "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR, ZCONTACTIDENTIFIER VARCHAR, ZPARTNERNAME VARCHAR);
             INSERT INTO ZWACHATSESSION VALUES (1, '7777@lid', '49151777@s.whatsapp.net', 'Ann');
             CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZISFROMME INTEGER, ZSTANZAID VARCHAR, ZMESSAGEDATE TIMESTAMP,
                ZMESSAGETYPE INTEGER, ZTEXT VARCHAR);
             INSERT INTO ZWAMESSAGE VALUES (1, 1, 0, 'A', 700000000.125, 0, 'hello'), (2, 1, 1, 'B', 700000001, 0, 'there'), (3, 1, 1, 'C', 700000002, 0, 'and now here')",
        )
        .unwrap();

    import(&home, &old, MAY);
    let (outcome, _) = import(&home, &new, MAY + 1);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (1, 0, 2));
    let chat = home.only_chat();
    assert_eq!((chat.messages, chat.conversation.title.as_str()), (3, "Ann"));
}

#[test]
fn messages_of_a_mac_again_or_grown_add_only_what_is_new() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let early = write_imessage(folder.path(), 1000, 5).unwrap();

    let (first, report) = import(&home, folder.path(), MAY);
    adds_up(&first, &report);
    let before = everything(&home);
    let (again, _) = import(&home, folder.path(), MAY + 1);
    let is_unchanged = everything(&home) == before;
    let late = write_imessage(folder.path(), 1500, 5).unwrap();
    let (grown, report) = import(&home, folder.path(), MAY + 2);
    adds_up(&grown, &report);

    assert_eq!((first.added, first.updated, first.present), (early.entries, 0, 0));
    assert_eq!((again.added, again.updated, again.present), (0, 0, early.entries));
    assert!(is_unchanged && first.media_found > 0);
    assert_eq!((grown.added, grown.updated, grown.present), (late.entries - early.entries, 0, early.entries));
}

fn texts_of_all(home: &Home) -> Vec<Vec<String>> {
    let mut rows = home.library.conversations().unwrap();
    rows.sort_by_key(|row| row.conversation.id);
    rows.iter().map(|row| home.texts(row.conversation.id)).collect()
}

/// Gives chats, people and messages other row numbers, as another phone would after the chats were moved to it.
fn renumber(path: &Path) {
    let database = Connection::open(path).unwrap();
    let mut names = database
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'",
        )
        .unwrap();
    let columns: Vec<(String, String)> = names
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    for (table, column) in columns {
        let is_own = column == "_id" && matches!(table.as_str(), "message" | "chat" | "jid");
        let is_pointer = column.ends_with("message_row_id")
            || column.ends_with("chat_row_id")
            || column.ends_with("jid_row_id")
            || column == "lid_row_id";
        if is_own || is_pointer {
            let sql = format!("UPDATE {table} SET {column} = {column} + {SHIFT} WHERE {column} > 0");
            database.execute(&sql, []).unwrap();
        }
    }
}
