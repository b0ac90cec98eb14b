//! Databases from strangers: broken, changing, pretending to be something else.

use super::*;
use proptest::prelude::*;

/// The database of a case, and the folder it lies in.
fn database(case: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let made = with_databases(&fixtures().join(case).join("input"), &folder.path().join("in"));
    (folder, made.join("msgstore.db"))
}

fn options(folder: &Path) -> ReadOptions {
    ReadOptions { workroom: Some(workroom(&folder.join("room"))), ..ReadOptions::default() }
}

fn texts(all: &Everything) -> Vec<&str> {
    all.chats.iter().flat_map(|(_, messages)| messages).map(|message| message.text.as_str()).collect()
}

#[test]
fn reading_writes_nothing_beside_the_source_and_leaves_no_copy() {
    let (folder, path) = database("wad-modern");
    let listing = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (before, bytes) = (listing(path.parent().unwrap()), fs::read(&path).unwrap());

    recognise(&path).unwrap().unwrap();
    read_all(&path, &options(folder.path())).unwrap();

    assert_eq!(listing(path.parent().unwrap()), before);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(listing(&folder.path().join("room")).len(), 0);
}

#[test]
fn messages_that_only_the_log_has_are_read() {
    let (folder, path) = database("wad-both-new-has-rows");
    let live = Connection::open(&path).unwrap();
    live.query_row("PRAGMA journal_mode = wal", [], |_| Ok(())).unwrap();
    live.execute("INSERT INTO message VALUES (3,1,1,'K2',0,1600000001000,0,'only in the log')", []).unwrap();

    assert!(recognise(&path).unwrap().is_some());
    let (report, all) = read_all(&path, &options(folder.path())).unwrap();

    assert_eq!(report.read, 2);
    assert_eq!(texts(&all), ["in the new table", "only in the log"]);
    assert_eq!(coffer_chats::source::originals(&path).unwrap().len(), 2, "the log is kept with it");
}

#[test]
fn a_database_of_another_app_is_named_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msgstore.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (a)").unwrap();

    assert!(recognise(&path).unwrap().is_none());
    let error = read_all(&path, &options(folder.path())).map(|_| ()).unwrap_err();

    assert!(matches!(error, ChatError::Unknown { start: "database" }));
}

#[test]
fn without_a_place_for_a_copy_nothing_is_read() {
    let (_folder, path) = database("wad-modern");

    let error = read_all(&path, &ReadOptions::default()).map(|_| ()).unwrap_err();

    assert!(matches!(error, ChatError::NoWorkroom));
}

#[test]
fn a_view_named_like_the_table_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msgstore.db");
    let sql = "CREATE TABLE t (a); CREATE VIEW message AS
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS _id, 1 AS chat_row_id, 'k' AS key_id FROM n";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();

    assert!(recognise(&path).unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn media_outside_of_the_folder_are_not_there() {
    let (folder, path) = database("wad-modern");
    let media = path.parent().unwrap().join("Media");
    let secret = folder.path().join("secret.jpg");
    fs::write(&secret, "secret").unwrap();
    let image = media.join("WhatsApp Images/IMG-20240101-WA0001.jpg");
    fs::remove_file(&image).unwrap();
    std::os::unix::fs::symlink(&secret, &image).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute("UPDATE message_media SET file_path = 'Media/../../secret.jpg' WHERE message_row_id = 5", [])
        .unwrap();

    let (report, all) = read_all(&path, &options(folder.path())).unwrap();

    assert_eq!((report.media_found, all.files.len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn names_behind_a_link_are_not_read() {
    let (folder, path) = database("wad-modern");
    let names = path.parent().unwrap().join("wa.db");
    let elsewhere = folder.path().join("elsewhere.db");
    fs::rename(&names, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &names).unwrap();

    let (_, all) = read_all(&path, &options(folder.path())).unwrap();

    assert!(all.chats.iter().all(|(chat, _)| chat.title != "Bob Builder"));
}

#[test]
fn a_cut_off_database_gives_what_is_whole() {
    let (folder, path) = database("wad-modern");
    let bytes = fs::read(&path).unwrap();
    let mut read = Vec::new();

    for part in [1, 2, 3] {
        fs::write(&path, &bytes[..bytes.len() * part / 4]).unwrap();
        read.push(read_all(&path, &options(folder.path())).map(|(report, _)| report.read));
    }

    assert!(read.iter().flatten().all(|read| *read < 31), "{read:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_database_with_broken_pages_never_panics(
        which in prop::sample::select(vec!["wad-modern", "wad-old", "wad-both-new-has-rows"]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let (folder, path) = database(which);
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fs::write(&path, &bytes).unwrap();
        let _ = recognise(&path);
        if let Ok((report, all)) = read_all(&path, &options(folder.path())) {
            keeps_laws(&path, &report, &all);
        }
    }

    #[test]
    fn values_of_any_kind_in_any_column_never_panic(
        column in any::<prop::sample::Index>(),
        table in prop::sample::select(vec!["message", "message_media", "message_quoted", "message_location", "call_log", "jid", "chat",
            "message_add_on", "message_poll_option", "message_system", "receipt_user", "message_mentions"]),
        value in prop::sample::select(vec!["NULL", "''", "-1", "9223372036854775807", "-9223372036854775808", "1e308", "x'ff00'",
            "CAST(x'ff' AS TEXT)", "'Media/../../../etc/passwd'", "printf('%.*c', 100000, 'x')", "'BEGIN:VCARD'"]),
    ) {
        let (folder, path) = database("wad-modern");
        let connection = Connection::open(&path).unwrap();
        let columns: Vec<String> = connection.prepare(&format!("SELECT * FROM {table}")).unwrap()
            .column_names().map(str::to_owned).collect();
        let column = &columns[column.index(columns.len())];
        // Some are refused by the table itself: an id must be a number, a name must be there.
        let _ = connection.execute(&format!("UPDATE OR IGNORE {table} SET {column} = {value}"), []);
        drop(connection);
        let (report, all) = read_all(&path, &options(folder.path())).unwrap();
        keeps_laws(&path, &report, &all);
        let skipped: u64 = report.skipped.values().map(|counted| counted.count).sum();
        assert!(report.read + skipped >= 33, "every row is read or named: {} and {skipped}", report.read);
    }
}
