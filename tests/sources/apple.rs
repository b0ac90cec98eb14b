//! Databases of iPhones and Macs from strangers, and iPhones' backups: broken, encrypted, pretending to be something else.

use super::*;
use coffer_chats::source::{SkipReason, originals};
use proptest::prelude::*;

/// The database of WhatsApp in a folder with what lies beside it.
fn chats(case: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let made = with_databases(&fixtures().join(case).join("input"), &folder.path().join("in"));
    (folder, made.join("ChatStorage.sqlite"))
}

fn options(folder: &Path) -> ReadOptions {
    ReadOptions { workroom: Some(workroom(&folder.join("room"))), ..ReadOptions::default() }
}

const DOMAIN: &str = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared";

/// Writes the files of a folder as a backup: their names are numbers here, and the list says what they are.
fn backup(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::write(to.join("Manifest.plist"), "<key>IsEncrypted</key><false/>").unwrap();
    let list = Connection::open(to.join("Manifest.db")).unwrap();
    list.execute_batch("CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)")
        .unwrap();
    for (number, path) in (0_u32..).zip(files_of(from)) {
        let id = format!("{number:02x}{}", "0".repeat(38));
        let place = to.join(place_of(&id));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&path, &place).unwrap();
        let below = path.strip_prefix(from).unwrap().to_str().unwrap();
        list.execute("INSERT INTO Files VALUES (?, ?, ?, 1, NULL)", (id, DOMAIN, below)).unwrap();
    }
}

/// A file lies in a folder named by the first two signs of its name.
fn place_of(id: &str) -> String {
    format!("{}/{id}", id.split_at(2).0)
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_of(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[test]
fn every_row_is_read_or_named_and_nothing_is_written_beside() {
    let (folder, path) = chats("wai-modern");
    let before = files_of(path.parent().unwrap());
    let rows: u64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM ZWAMESSAGE", [], |row| row.get::<_, i64>(0))
        .unwrap()
        .try_into()
        .unwrap();

    let (report, _) = read_all(&path, &options(folder.path())).unwrap();

    let skipped: u64 = report.skipped.values().map(|counted| counted.count).sum();
    // Of the three calls of the log one is that of a message and one names nobody.
    assert_eq!(report.read + skipped, rows + 2);
    assert_eq!(report.skipped[&SkipReason::Repeated].count, 1);
    assert_eq!(files_of(path.parent().unwrap()), before);
    assert_eq!(originals(&path).unwrap().len(), 4, "the four databases are kept if wanted");
}

#[test]
fn a_backup_says_what_its_folder_says() {
    let (folder, path) = chats("wai-modern");
    let place = folder.path().join("MobileSync/Backup/0000");
    backup(path.parent().unwrap(), &place);

    let found = recognise(&place).unwrap().unwrap();
    let (from_folder, plain) = read_all(&path, &options(folder.path())).unwrap();
    let (from_backup, renamed) = read_all(&place, &options(folder.path())).unwrap();

    assert_eq!((found.source, found.confidence), (SourceKind::IphoneBackup, 100));
    assert_eq!(from_backup.source, SourceKind::IphoneBackup);
    assert_eq!(from_backup.read, from_folder.read);
    assert_eq!(renamed.chats, plain.chats);
    assert_eq!(renamed.files, plain.files);
    assert_eq!(originals(&place).unwrap().len(), 4);
    for chosen in [place.join("Manifest.db"), folder.path().join("MobileSync/Backup")] {
        assert_eq!(recognise(&chosen).unwrap().unwrap().source, SourceKind::IphoneBackup);
        assert_eq!(read_all(&chosen, &options(folder.path())).unwrap().0.read, from_folder.read);
    }
}

#[test]
fn chosen_chats_of_a_backup_are_those_of_its_preview() {
    let (folder, path) = chats("wai-modern");
    let place = folder.path().join("b");
    backup(path.parent().unwrap(), &place);
    let seen = preview(&place, &options(folder.path()), &mut |_, _| {}, &Cancel::default()).unwrap();
    let wanted = seen.chats.iter().find(|chat| chat.title == "Hiking").unwrap();

    let chosen = ReadOptions { chats: Some(vec![wanted.index]), ..options(folder.path()) };
    let (report, all) = read_all(&place, &chosen).unwrap();

    assert_eq!((report.read, all.chats.len()), (wanted.messages, 1));
    assert_eq!(all.chats[0].0.title, "Hiking");
}

#[test]
fn an_encrypted_backup_is_recognised_and_not_read() {
    let (folder, path) = chats("wai-few-columns");
    let place = folder.path().join("b");
    backup(path.parent().unwrap(), &place);
    let refused = |place: &Path| matches!(recognise(place), Err(ChatError::EncryptedPhoneBackup));

    fs::write(place.join("Manifest.plist"), "<key>IsEncrypted</key>\n\t<true/>").unwrap();
    let by_the_facts = refused(&place);
    fs::write(place.join("Manifest.plist"), "<key>IsEncrypted</key><false/>").unwrap();
    assert!(!refused(&place));
    fs::write(place.join("Manifest.db"), [7; 4096]).unwrap();

    assert!(by_the_facts && refused(&place) && refused(folder.path()));
    let read = read_all(&place, &options(folder.path())).map(|_| ());
    assert!(matches!(read, Err(ChatError::EncryptedPhoneBackup)));
}

#[test]
fn an_export_goes_before_backups_that_lie_below_its_folder() {
    let (folder, path) = chats("wai-few-columns");
    let place = folder.path().join("all/Backup of a phone");
    backup(path.parent().unwrap(), &place);
    fs::write(place.join("Manifest.plist"), "<key>IsEncrypted</key><true/>").unwrap();
    let chosen = folder.path().join("all");
    fs::write(
        chosen.join("WhatsApp Chat with Ann.txt"),
        "13/06/18, 21:25 - Ann: hello\n13/06/18, 21:26 - Bob: hi\n",
    )
    .unwrap();

    let found = recognise(&chosen).unwrap().unwrap();

    assert_eq!(found.source, SourceKind::WhatsAppExport);
}

#[test]
fn a_backup_without_chats_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let place = folder.path().join("b");
    backup(&folder.path().join("empty"), &place);

    assert!(recognise(&place).unwrap().is_none());
    let read = read_all(&place, &options(folder.path())).map(|_| ());
    assert!(matches!(read, Err(ChatError::Unknown { start: "folder" })));
}

#[cfg(unix)]
#[test]
fn a_list_that_leads_out_of_the_backup_leads_nowhere() {
    let (folder, path) = chats("wai-modern");
    let place = folder.path().join("b");
    backup(path.parent().unwrap(), &place);
    let secret = folder.path().join("secret.jpg");
    fs::write(&secret, "secret").unwrap();
    let list = Connection::open(place.join("Manifest.db")).unwrap();
    let photo: String = list
        .query_row("SELECT fileID FROM Files WHERE relativePath LIKE '%photo.jpg'", [], |row| row.get(0))
        .unwrap();
    list.execute("UPDATE Files SET fileID = '../../secret.jpg' WHERE relativePath LIKE '%voice.opus'", [])
        .unwrap();
    drop(list);
    let at = place.join(place_of(&photo));
    fs::remove_file(&at).unwrap();
    std::os::unix::fs::symlink(&secret, &at).unwrap();

    let (report, all) = read_all(&place, &options(folder.path())).unwrap();

    assert_eq!((report.media_found, all.files.len()), (0, 0));
}

#[test]
fn a_view_named_like_the_list_is_not_asked() {
    let (folder, path) = chats("wai-few-columns");
    let place = folder.path().join("b");
    backup(path.parent().unwrap(), &place);
    fs::remove_file(place.join("Manifest.db")).unwrap();
    let sql = "CREATE TABLE t (a); CREATE VIEW Files AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
        SELECT x AS fileID, 'a' AS domain, 'b' AS relativePath FROM n";
    Connection::open(place.join("Manifest.db")).unwrap().execute_batch(sql).unwrap();

    assert!(recognise(&place).unwrap().is_none());
}

/// The database of Messages in a folder with its files.
fn messages() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let made = with_databases(&fixtures().join("im-modern").join("input"), &folder.path().join("in"));
    (folder, made.join("chat.db"))
}

#[test]
fn every_row_of_messages_is_a_message_a_reaction_or_named() {
    let (folder, path) = messages();
    let count = |sql: &str| -> u64 {
        let found: i64 = Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
        found.try_into().unwrap()
    };
    // Reactions to messages that are there, given or taken back.
    let reactions = count(
        "SELECT count(*) FROM message m WHERE associated_message_type BETWEEN 2000 AND 3999 AND EXISTS
            (SELECT 1 FROM message t WHERE t.guid = replace(replace(m.associated_message_guid, 'p:0/', ''), 'bp:', ''))",
    );

    let (report, all) = read_all(&path, &options(folder.path())).unwrap();

    let skipped: u64 = report.skipped.values().map(|counted| counted.count).sum();
    assert_eq!(reactions, 5);
    assert_eq!(report.read + skipped + reactions, count("SELECT count(*) FROM message"));
    assert_eq!(all.chats.len(), 4);
    assert_eq!(recognise(&path).unwrap().unwrap().source, SourceKind::IMessage);
    assert_eq!(recognise(path.parent().unwrap()).unwrap().unwrap().source, SourceKind::IMessage);
}

#[test]
fn a_backup_with_both_apps_has_the_chats_of_both() {
    let (folder, path) = chats("wai-modern");
    let (other, second) = messages();
    let place = folder.path().join("b");
    backup(path.parent().unwrap(), &place);
    let list = Connection::open(place.join("Manifest.db")).unwrap();
    for (number, domain, name, from) in [
        (0xf0, "HomeDomain", "Library/SMS/sms.db", second.clone()),
        (
            0xf1,
            "MediaDomain",
            "Library/SMS/Attachments/a1/01/G1/IMG_1.heic",
            second.with_file_name("Attachments/a1/01/G1/IMG_1.heic"),
        ),
    ] {
        let id = format!("{number:02x}{}", "1".repeat(38));
        fs::create_dir_all(place.join(place_of(&id)).parent().unwrap()).unwrap();
        fs::copy(from, place.join(place_of(&id))).unwrap();
        list.execute("INSERT INTO Files VALUES (?, ?, ?, 1, NULL)", (id, domain, name)).unwrap();
    }
    drop(list);

    let (whatsapp, _) = read_all(&path, &options(folder.path())).unwrap();
    let (imessage, _) = read_all(&second, &options(other.path())).unwrap();
    let (both, all) = read_all(&place, &options(folder.path())).unwrap();

    assert_eq!(both.read, whatsapp.read + imessage.read);
    assert_eq!(
        (both.conversations, both.media_found),
        (whatsapp.conversations + imessage.conversations, whatsapp.media_found + 1)
    );
    assert_eq!(imessage.media_found, 1);
    let seen = preview(&place, &options(folder.path()), &mut |_, _| {}, &Cancel::default()).unwrap();
    assert_eq!(seen.chats.len(), all.chats.len());
    let last = ReadOptions { chats: Some(vec![seen.chats.last().unwrap().index]), ..options(folder.path()) };
    let (_, chosen) = read_all(&place, &last).unwrap();
    assert_eq!(chosen.chats, all.chats[all.chats.len() - 1..]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn databases_with_broken_pages_never_panic(
        which in prop::sample::select(vec!["ChatStorage.sqlite", "LID.sqlite", "ContactsV2.sqlite", "CallHistory.sqlite"]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let (folder, path) = chats("wai-modern");
        let broken = path.with_file_name(which);
        let mut bytes = fs::read(&broken).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fs::write(&broken, &bytes).unwrap();
        let _ = recognise(&path);
        if let Ok((report, all)) = read_all(&path, &options(folder.path())) {
            keeps_laws(&path, &report, &all);
        }
    }

    #[test]
    fn values_of_any_kind_in_any_column_never_panic(
        column in any::<prop::sample::Index>(),
        table in prop::sample::select(vec!["ZWAMESSAGE", "ZWAMEDIAITEM", "ZWAMESSAGEINFO", "ZWACHATSESSION", "ZWAGROUPMEMBER",
            "ZWAMESSAGEDATAITEM", "ZWAPROFILEPUSHNAME"]),
        value in prop::sample::select(vec!["NULL", "''", "-1", "9223372036854775807", "-9223372036854775808", "1e308", "-1e18", "x'ff00'",
            "CAST(x'ff' AS TEXT)", "'../../../../etc/passwd'", "printf('%.*c', 100000, 'x')", "x'0affffffffffffffffff01'", "'@@@@12345'"]),
    ) {
        let (folder, path) = chats("wai-modern");
        let connection = Connection::open(&path).unwrap();
        let columns: Vec<String> = connection.prepare(&format!("SELECT * FROM {table}")).unwrap()
            .column_names().map(str::to_owned).collect();
        let column = &columns[column.index(columns.len())];
        let _ = connection.execute(&format!("UPDATE OR IGNORE {table} SET {column} = {value}"), []);
        drop(connection);
        let (report, all) = read_all(&path, &options(folder.path())).unwrap();
        keeps_laws(&path, &report, &all);
        let skipped: u64 = report.skipped.values().map(|counted| counted.count).sum();
        assert!(report.read + skipped >= 48, "every row is read or named: {} and {skipped}", report.read);
    }

    #[test]
    fn any_bytes_in_the_apps_own_facts_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (folder, path) = chats("wai-modern");
        let connection = Connection::open(&path).unwrap();
        connection.execute("UPDATE ZWAMEDIAITEM SET ZMETADATA = ?", [&bytes]).unwrap();
        connection.execute("UPDATE ZWAMESSAGEINFO SET ZRECEIPTINFO = ?", [&bytes]).unwrap();
        drop(connection);
        let (report, all) = read_all(&path, &options(folder.path())).unwrap();
        keeps_laws(&path, &report, &all);
    }

    #[test]
    fn messages_with_broken_pages_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let (folder, path) = messages();
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
    fn any_archive_and_any_value_in_a_message_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        column in prop::sample::select(vec!["date", "handle_id", "item_type", "guid", "associated_message_guid", "associated_message_type", "message_summary_info", "text", "ck_chat_id"]),
        value in prop::sample::select(vec!["NULL", "'x'", "-1", "9223372036854775807", "-9223372036854775808", "1e308", "x'ff00'", "'p:0/'"]),
    ) {
        let (folder, path) = messages();
        let connection = Connection::open(&path).unwrap();
        // An archive that is whole up to some place.
        let whole: Vec<u8> = connection.query_row("SELECT attributedBody FROM message WHERE ROWID = 3", [], |row| row.get(0)).unwrap();
        let broken = [&whole[..at.index(whole.len())], &bytes].concat();
        connection.execute("UPDATE message SET attributedBody = ? WHERE ROWID % 2 = 0", [&broken]).unwrap();
        let _ = connection.execute(&format!("UPDATE OR IGNORE message SET {column} = {value}"), []);
        drop(connection);
        let (report, all) = read_all(&path, &options(folder.path())).unwrap();
        keeps_laws(&path, &report, &all);
    }
}
