//! Facts about samples made by others (see the samples' own INDEX.md); skipped where the folder is missing.

use super::*;

/// A sample's path, or `None` after saying that there are none.
pub(super) fn sample(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/samples")).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("samples not present");
    None
}

fn utc() -> ReadOptions {
    ReadOptions { zone: Zone::Known("UTC".to_owned()), ..ReadOptions::default() }
}

fn messages_of(name: &str) -> Option<(ReadReport, Vec<Message>)> {
    let path = sample(name)?;
    assert!(recognise(&path).unwrap().is_some());
    let (report, mut all) = read_all(&path, &utc()).unwrap();
    keeps_laws(&path, &report, &all);
    Some((report, all.chats.remove(0).1))
}

fn times(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.time.as_ref().unwrap().local_text().unwrap()).collect()
}

#[test]
fn chatistics_2_has_four_messages_and_a_fake_header() {
    let Some((report, messages)) = messages_of("Chatistics/_chat 2.txt") else { return };

    assert_eq!(report.read, 4);
    assert!(
        messages[0]
            .text
            .ends_with("\n[1.9.19, 00:00:00] Peter Doe: this is the second line of the first message")
    );
    assert_eq!(times(&messages)[0], "2019-09-17T16:37:47");
    assert_eq!(messages[3].sender.as_deref(), Some("John Doe"));
    assert!(report.undecided.is_empty());
}

#[test]
fn chatistics_4_is_month_first_with_twelve_hours() {
    let Some((report, messages)) = messages_of("Chatistics/_chat 4.txt") else { return };

    assert_eq!(times(&messages), ["2019-09-17T08:30:52", "2019-09-17T16:30:10", "2019-09-18T16:50:32"]);
    assert!(messages.iter().all(|message| message.sender.as_deref() == Some("John Doe")));
    assert!(report.undecided.is_empty());
}

#[test]
fn whatstk_pokemon_has_twenty_entries() {
    let Some((report, messages)) = messages_of("whatstk/pokemon.txt") else { return };

    assert_eq!((report.read, report.system), (20, 1));
    assert_eq!(times(&messages)[0], "2016-04-15T15:04");
    // "Pokemon Chat: Messages and calls are ..." is signed by the group.
    assert_eq!(times(&messages)[19], "2016-10-31T12:23");
}

#[test]
fn whatstk_lorem_has_five_hundred() {
    let Some((report, messages)) = messages_of("whatstk/lorem.txt") else { return };

    assert_eq!(report.read, 500);
    // The year stands last: read with the year first, days would go by in years.
    assert_eq!(times(&messages)[0], "2020-01-15T02:22:56");
    assert!(report.undecided.is_empty());
}

#[test]
fn whatstk_parts_have_three_hundred_each() {
    let (Some((first, _)), Some((second, _))) =
        (messages_of("whatstk/lorem-merge-part1.txt"), messages_of("whatstk/lorem-merge-part2.txt"))
    else {
        return;
    };

    assert_eq!((first.read, second.read), (300, 300));
}

#[test]
fn chat_miner_has_nine_entries_in_both_orders() {
    let (Some((mdy, bracket)), Some((dmy, dash))) =
        (messages_of("chat-miner/test_[mmddyy]_24hrs.txt"), messages_of("chat-miner/test_ddmmyy_24hrs.txt"))
    else {
        return;
    };

    assert_eq!((mdy.read, mdy.system, dmy.read, dmy.system), (9, 2, 9, 2));
    assert_eq!(times(&bracket), times(&dash));
    assert_eq!(times(&bracket)[8], "2021-12-30T22:01");
    assert_eq!(bracket[8].text, "Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit. Duis libero.");
    assert_eq!(bracket[3].text, "Lorem ipsum : dolor sit amet.");
    assert_eq!(bracket[1].sender.as_deref(), Some("John Doe"));
}

#[test]
fn chat_miner_telegram_reads_alone_and_in_a_batch() {
    let (Some((single, alone)), Some((batch, within))) = (
        messages_of("chat-miner/telegram/test_single_export.json"),
        messages_of("chat-miner/telegram/test_batch_export.json"),
    ) else {
        return;
    };

    assert_eq!((single.read, batch.read), (2, 2));
    assert_eq!(alone[1].text, "Link:https://telegram.org/");
    assert_eq!(alone[1].entities[1].kind, "link");
    assert_eq!(alone[0].time.as_ref().unwrap().utc_ms, 1_544_006_350_000);
    assert_eq!(within[1].text, alone[1].text);
}

#[test]
fn other_samples_are_not_mistaken_for_exports() {
    let Some(samples) = sample(".") else { return };

    for entry in ["msgvault", "imessage-exporter", "crabstep", "iLEAPP", "libsignal", "whatsapp-viewer"] {
        for file in files_below(&samples.join(entry)) {
            if file.ends_with("canonical-backup.takeout-export.expected.jsonl") {
                continue;
            }
            assert!(!matches!(recognise(&file), Ok(Some(_))), "{}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// A database made from texts others wrote, and the folder it lies in.
fn database_of(texts: &[&str]) -> Option<(tempfile::TempDir, PathBuf)> {
    let texts: Option<Vec<PathBuf>> = texts.iter().map(|name| sample(name)).collect();
    let texts = texts?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msgstore.db");
    make_database(&path, &texts.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    Some((folder, path))
}

fn in_room(folder: &Path) -> ReadOptions {
    ReadOptions { workroom: Some(workroom(&folder.join("room"))), ..utc() }
}

#[test]
fn whatsapp_viewer_has_forty_three_rows_in_twenty_one_chats() {
    let made = database_of(&["whatsapp-viewer/msgstore.db.schema.sql", "whatsapp-viewer/test-database.sql"]);
    let Some((folder, path)) = made else { return };

    let (report, all) = read_all(&path, &in_room(folder.path())).unwrap();

    keeps_laws(&path, &report, &all);
    let placeholders = report.skipped[&coffer_chats::source::SkipReason::Placeholder].count;
    assert_eq!((report.read, placeholders, report.skipped.len()), (42, 1, 1));
    assert_eq!(report.bad_text.count, 1, "one text is not UTF-8");
    let messages: Vec<&Message> = all.chats.iter().flat_map(|(_, messages)| messages).collect();
    let count = |word: &str| messages.iter().filter(|message| message.kind.word() == word).count();
    let kinds = ["text", "media", "voice", "contact", "location", "call", "system", "unsupported"];
    // 20 texts; 6 pictures, a film, 2 files and a gif; 3 recorded sounds; 1 card; 2 places and 2 live ones; 4 calls.
    assert_eq!(kinds.map(count), [20, 10, 3, 1, 4, 4, 0, 0]);
    assert_eq!(messages.iter().filter(|message| message.reply_to.is_some()).count(), 1);
    let quoting = messages.iter().find(|message| message.reply_to.is_some()).unwrap();
    let quoted = quoting.reply_to.as_ref().unwrap();
    assert_eq!(
        (quoted.native_id.as_deref(), quoted.text.as_str()),
        (Some("keyId-0006-001"), "Text of first user")
    );
    assert!(messages.iter().any(|message| Some(message.id) == quoted.message), "the quoted one is found");
    let live: Vec<u64> = messages
        .iter()
        .filter_map(|message| {
            let coffer_chats::model::MessageKind::Location(place) = &message.kind else { return None };
            place.live
        })
        .collect();
    assert_eq!(live, [900, 606]);
    assert_eq!(messages.iter().filter(|message| message.link.is_some()).count(), 1);
}

#[test]
fn wa_crypt_tools_keeps_its_rows_in_the_old_table() {
    let Some(path) = sample("wa-crypt-tools/msgstore.db") else { return };
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("msgstore.db");
    fs::copy(&path, &copied).unwrap();

    let (report, all) = read_all(&copied, &in_room(folder.path())).unwrap();

    keeps_laws(&copied, &report, &all);
    let placeholders = report.skipped[&coffer_chats::source::SkipReason::Placeholder].count;
    assert_eq!((report.read, placeholders, report.skipped.len()), (9, 1, 1));
    assert_eq!(all.chats.len(), 1, "the other eight chats are hidden and empty");
    let (chat, messages) = &all.chats[0];
    assert_eq!(chat.native_id.as_deref(), Some("status@broadcast"));
    assert_eq!(chat.kind, coffer_chats::model::ConversationKind::Broadcast);
    let files = || messages.iter().flat_map(|message| &message.attachments);
    let kinds = |kind| files().filter(|file| file.kind == kind).count();
    let (photos, films) = (
        kinds(coffer_chats::model::AttachmentKind::Photo),
        kinds(coffer_chats::model::AttachmentKind::Video),
    );
    assert_eq!((photos, films), (5, 4));
    // Two were loaded once: their place on the phone stands in a serialised object.
    let paths: Vec<&str> = files().filter_map(|file| file.path.as_deref()).collect();
    assert_eq!(
        paths,
        [
            "Media/.Statuses/512f6126774046e9999b4be9a1d5c2a5.jpg",
            "Media/.Statuses/96848000accb45c4a7b7726f183a10c9.mp4"
        ]
    );
    assert_eq!(files().filter(|file| file.state == AttachmentState::RemoteOnly).count(), 7);
    assert_eq!((report.media_found, report.media_missing), (0, 9));
}

#[test]
fn wa_crypt_tools_backup_opens_with_its_key_and_with_no_other() {
    let (Some(backup), Some(key)) =
        (sample("wa-crypt-tools/msgstore.db.crypt14"), sample("wa-crypt-tools/key"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(&key).unwrap();
    let right = std::sync::Arc::new(coffer_chats::AppKey::from_file(&bytes).unwrap());
    *bytes.last_mut().unwrap() ^= 1;
    let wrong = std::sync::Arc::new(coffer_chats::AppKey::from_file(&bytes).unwrap());
    let with = |key| ReadOptions { app_key: Some(key), ..in_room(folder.path()) };

    assert_eq!(recognise(&backup).unwrap().unwrap().source, SourceKind::WhatsAppAndroid);
    let (report, _) = read_all(&backup, &with(right)).unwrap();
    let refused = read_all(&backup, &with(wrong)).map(|_| ()).unwrap_err();
    let keyless = read_all(&backup, &in_room(folder.path())).map(|_| ()).unwrap_err();

    assert_eq!(report.read, 9);
    assert!(matches!(refused, ChatError::WrongAppKey), "{refused}");
    assert!(matches!(keyless, ChatError::NeedsAppKey { kind: "whatsapp_key_file" }));
    assert_eq!(fs::read_dir(folder.path().join("room")).unwrap().count(), 0, "no file is left");
}

/// Takes the files of a zip into a folder, without their folders.
fn unpack_flat(zip: &Path, to: &Path) {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().rsplit('/').next().unwrap().to_owned();
        std::io::copy(&mut file, &mut fs::File::create(to.join(name)).unwrap()).unwrap();
    }
}

#[test]
fn ileapp_has_four_calls_with_one_contact_of_nine() {
    let Some(zip) = sample("iLEAPP/testdata.whatsApp.whatsAppCallHistory.josh_ios15_ffs.zip") else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shared");
    fs::create_dir(&place).unwrap();
    unpack_flat(&zip, &place);
    // The sample has no chats: the log of calls and the address book stand beside an empty database.
    Connection::open(place.join("ChatStorage.sqlite"))
        .unwrap()
        .execute_batch(
            "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR);
             CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZMESSAGEDATE TIMESTAMP, ZTEXT VARCHAR)",
        )
        .unwrap();

    let (report, all) = read_all(&place, &in_room(folder.path())).unwrap();

    assert_eq!((report.read, report.system, report.skipped.len(), all.chats.len()), (4, 4, 0, 1));
    let (chat, messages) = &all.chats[0];
    assert_eq!(
        (chat.title.as_str(), chat.native_id.as_deref()),
        ("This Is DFIR Two", Some("19198887386@s.whatsapp.net"))
    );
    let calls: Vec<(i64, bool, bool, Option<u64>)> = messages
        .iter()
        .map(|message| {
            let coffer_chats::model::MessageKind::Call(call) = &message.kind else { panic!("no call") };
            let is_mine = message.sender.as_deref() == Some("me");
            (message.time.as_ref().unwrap().utc_ms / 1000, is_mine, call.is_video, call.duration)
        })
        .collect();
    // Start, direction and length as the .json beside the sample says.
    let expected = [
        (1_683_043_930, true, false, Some(95)),
        (1_683_044_106, false, false, Some(100)),
        (1_683_044_445, true, true, Some(104)),
        (1_683_044_661, false, true, Some(103)),
    ];
    assert_eq!(calls, expected);
}
