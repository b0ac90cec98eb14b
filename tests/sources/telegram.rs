//! Whole accounts of Telegram: what is known about the owner, which chats are chosen, what is no chat.

use super::*;

const OWN: &str = r#""about": "Here is the data you requested from Telegram.",
    "personal_information": {"user_id": 888, "first_name": "Omar", "last_name": "Ali", "phone_number": "+20 100 000"}"#;

fn text(id: u32, from: &str, key: &str, text: &str) -> String {
    format!(
        r#"{{"id": {id}, "type": "message", "date": "2022-05-01T12:00:01", "date_unixtime": "165139920{id}",
            "from": "{from}", "from_id": "{key}", "text": "{text}"}}"#
    )
}

fn chat(head: &str, messages: &[String]) -> String {
    format!(r#"{{{head}, "messages": [{}]}}"#, messages.join(","))
}

fn account(folder: &Path, about: &str, chats: &[String]) -> PathBuf {
    let path = folder.join("result.json");
    fs::write(&path, format!(r#"{{{about}, "chats": {{"about": "", "list": [{}]}}}}"#, chats.join(",")))
        .unwrap();
    path
}

#[test]
fn the_owner_is_told_by_the_export_even_where_somebody_has_the_same_name() {
    let folder = tempfile::tempdir().unwrap();
    let group = chat(
        r#""name": "Two of a name", "type": "private_group", "id": 5"#,
        &[text(1, "Omar Ali", "user888", "mine"), text(2, "Omar Ali", "user9", "not mine")],
    );
    let path = account(folder.path(), OWN, &[group]);
    let options = ReadOptions { me: Some("Omar Ali".to_owned()), ..ReadOptions::default() };

    let seen = preview(&path, &options, &mut |_, _| {}, &Cancel::default()).unwrap();
    let (_, all) = read_all(&path, &options).unwrap();

    assert!(!seen.asks_me);
    assert_eq!(seen.me_guess.as_deref(), Some("Omar Ali"));
    let directions: Vec<&str> = all.chats[0].1.iter().map(|message| message.direction.word()).collect();
    assert_eq!(directions, ["out", "in"]);
    let me = all.chats[0].0.participants.iter().find(|person| person.is_me).unwrap();
    assert_eq!((me.key.as_str(), me.phone.as_deref()), ("user888", Some("+20100000")));
    assert_eq!(all.chats[0].0.account, "888");
}

#[test]
fn a_chosen_chat_is_the_one_the_preview_showed_there() {
    let folder = tempfile::tempdir().unwrap();
    let chats = [
        r#"{"name": "Empty", "type": "private_group", "id": 4}"#.to_owned(),
        chat(r#""name": "First", "type": "personal_chat", "id": 1"#, &[text(1, "A", "user1", "one")]),
        chat(r#""name": "Second", "type": "personal_chat", "id": 2"#, &[text(1, "B", "user2", "two")]),
    ];
    let path = account(folder.path(), OWN, &chats);
    let seen = preview(&path, &ReadOptions::default(), &mut |_, _| {}, &Cancel::default()).unwrap();
    let second = seen.chats.iter().find(|chat| chat.title == "Second").unwrap();

    let options = ReadOptions { chats: Some(vec![second.index]), ..ReadOptions::default() };
    let (_, all) = read_all(&path, &options).unwrap();

    let titles: Vec<&str> = all.chats.iter().map(|(chat, _)| chat.title.as_str()).collect();
    assert_eq!(titles, ["Second"]);
}

#[test]
fn what_is_no_chat_is_counted_and_contacts_give_telephone_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let about = format!(
        r#"{OWN}, "contacts": {{"about": "", "list": [{{"user_id": 1, "first_name": "A", "phone_number": "+46 70 000 101"}},
            {{"first_name": "Nobody", "phone_number": ""}}]}}, "stories": [{{"id": 1}}], "sessions": {{"list": [{{}}, {{}}]}}"#
    );
    let path = account(
        folder.path(),
        &about,
        &[chat(r#""name": "A", "type": "personal_chat", "id": 1"#, &[text(1, "A", "user1", "hi")])],
    );

    let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

    let beside: Vec<(&str, u64)> =
        report.beside.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(beside, [("contacts", 2), ("sessions", 2), ("stories", 1)]);
    assert_eq!(all.chats[0].0.participants[0].phone.as_deref(), Some("+4670000101"));
}

#[test]
fn an_account_without_personal_information_is_known_and_asks_who_the_person_is() {
    let folder = tempfile::tempdir().unwrap();
    let long: Vec<String> = (0..900)
        .map(|n| format!(r#"{{"first_name": "Person {n}", "phone_number": "+4670000{n}"}}"#))
        .collect();
    let about = format!(
        r#""about": "Here is the data you requested. Telegram never deletes it.", "contacts": {{"about": "", "list": [{}]}}"#,
        long.join(",")
    );
    let path = account(
        folder.path(),
        &about,
        &[chat(r#""name": "A", "type": "private_group", "id": 1"#, &[text(1, "A", "user1", "hi")])],
    );

    assert_eq!(recognise(&path).unwrap().unwrap().source, SourceKind::TelegramExport);
    assert!(preview(&path, &ReadOptions::default(), &mut |_, _| {}, &Cancel::default()).unwrap().asks_me);
}

#[test]
fn an_id_that_comes_twice_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let twice =
        [text(1, "A", "user1", "one"), text(1, "A", "user1", "another"), text(1, "A", "user1", "one")];
    let path =
        account(folder.path(), OWN, &[chat(r#""name": "A", "type": "personal_chat", "id": 1"#, &twice)]);

    let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!(report.read, 3);
    keeps_laws(&path, &report, &all);
}

#[test]
fn media_of_an_account_lie_below_its_folder_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("export/chats/chat_01/photos");
    fs::create_dir_all(&photos).unwrap();
    fs::write(photos.join("photo_1.jpg"), "jpeg").unwrap();
    fs::write(folder.path().join("secret.jpg"), "secret").unwrap();
    let photo = |id: u32, path: &str| {
        text(id, "A", "user1", "").replace(r#""text": """#, &format!(r#""text": "", "photo": "{path}""#))
    };
    let messages = [
        photo(1, "chats/chat_01/photos/photo_1.jpg"),
        photo(2, "../secret.jpg"),
        photo(3, "(File not included. Change data exporting settings to download.)"),
        photo(4, "(File exceeds maximum size. Change data exporting settings to download.)"),
    ];
    account(
        &folder.path().join("export"),
        OWN,
        &[chat(r#""name": "A", "type": "personal_chat", "id": 1"#, &messages)],
    );

    let (report, all) = read_all(&folder.path().join("export"), &ReadOptions::default()).unwrap();

    assert_eq!((report.media_found, report.media_missing), (1, 3));
    let paths: Vec<_> = all.chats[0].1.iter().map(|message| message.attachments[0].path.as_deref()).collect();
    assert_eq!(paths[2..], [None, None], "a sentence is no path");
}
