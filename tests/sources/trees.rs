//! Sources of many files: Messenger, Instagram, Slack.

use super::*;
use coffer_chats::model::App;
use coffer_chats::source::SkipReason;

fn zip_of(folder: &Path, to: &Path) -> PathBuf {
    let mut writer = zip::ZipWriter::new(fs::File::create(to).unwrap());
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(&path).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    to.to_owned()
}

#[test]
fn zips_read_as_the_folders_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    for case in ["meta-download", "meta-e2ee", "slack-export"] {
        let input = fixtures().join(case).join("input");
        let zip = zip_of(&input, &folder.path().join(format!("{case}.zip")));

        let (plain, all) = read_all(&input, &ReadOptions::default()).unwrap();
        let (packed, same) = read_all(&zip, &ReadOptions::default()).unwrap();

        assert_eq!((plain.read, plain.media_found), (packed.read, packed.media_found), "{case}");
        assert_eq!(all.files, same.files, "{case}");
        assert!(plain.read > 3, "{case}");
        let originals = coffer_chats::source::originals(&zip).unwrap();
        assert_eq!(originals, [zip]);
    }
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("download");
    copy_all(&fixtures().join("meta-download/input"), &input);
    fs::write(folder.path().join("secret.jpg"), "secret").unwrap();
    let page = input.join("your_activity_across_facebook/messages/inbox/zoe_9001/message_2.json");
    let text = fs::read_to_string(&page).unwrap().replace("messages/../../../../etc/passwd", "../secret.jpg");
    fs::write(&page, text).unwrap();

    let (report, all) = read_all(&input, &ReadOptions::default()).unwrap();

    assert_eq!(report.media_found, 2);
    assert!(all.files.iter().all(|(_, _, bytes)| bytes != b"secret"));
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("export");
    copy_all(&fixtures().join("slack-export/input"), &input);
    fs::rename(input.join("general"), folder.path().join("general")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("general"), input.join("general")).unwrap();

    let (report, all) = read_all(&input, &ReadOptions::default()).unwrap();

    assert_eq!((report.read, all.chats.len()), (2, 1));
}

#[test]
fn instagram_is_told_by_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("your_instagram_activity/messages/inbox/ann_1");
    fs::create_dir_all(&chat).unwrap();
    let page = r#"{"participants":[{"name":"Ann"}],"messages":[{"sender_name":"Ann","timestamp_ms":1,"content":"hi"}]}"#;
    fs::write(chat.join("message_1.json"), page).unwrap();

    let (_, all) = read_all(folder.path(), &ReadOptions::default()).unwrap();

    assert_eq!(all.chats[0].0.app, App::Instagram);
    assert_eq!(all.chats[0].0.native_id.as_deref(), Some("1"));
}

#[test]
fn a_message_taken_back_is_the_one_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("messages/inbox/ann_1");
    fs::create_dir_all(&chat).unwrap();
    let page = |message: &str| format!(r#"{{"participants":[{{"name":"Ann"}}],"messages":[{message}]}}"#);
    let before = page(r#"{"sender_name":"Ann","timestamp_ms":1600000000000,"content":"hi"}"#);
    let after = page(r#"{"sender_name":"Ann","timestamp_ms":1600000000000,"is_unsent":true}"#);
    let read = |text: &str| {
        fs::write(chat.join("message_1.json"), text).unwrap();
        read_all(folder.path(), &ReadOptions::default()).unwrap().1.chats.remove(0).1.remove(0)
    };

    let (before, after) = (read(&before), read(&after));

    assert_eq!(before.id, after.id);
    assert!(after.deleted.is_some() && before.deleted.is_none());
}

#[test]
fn folders_of_other_things_are_no_source() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data")).unwrap();
    for (name, text) in
        [("data/train_1.json", r#"{"participants": 3}"#), ("data/users.json", "[]"), ("data/a_2.json", "[1]")]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }

    assert!(recognise(folder.path()).unwrap().is_none());
}

#[test]
fn deep_and_endless_files_end_their_chat_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("download");
    copy_all(&fixtures().join("meta-download/input"), &input);
    let (before, _) = read_all(&input, &ReadOptions::default()).unwrap();
    let page = input.join("your_activity_across_facebook/messages/inbox/empty_9004/message_1.json");
    fs::write(&page, format!(r#"{{"messages": [{}"#, "[".repeat(90))).unwrap();

    let (report, all) = read_all(&input, &ReadOptions::default()).unwrap();

    assert_eq!(report.read, before.read);
    assert_eq!(report.skipped[&SkipReason::UnreadableChat].count, 1);
    keeps_laws(&input, &report, &all);
}

#[test]
fn msgvault_downloads_have_the_messages_they_say() {
    let Some(samples) = samples::sample("msgvault/fbmessenger") else { return };
    let read = |name: &str| read_all(&samples.join(name), &ReadOptions::default()).unwrap();

    let (simple, chats) = read("json_simple");
    let (several, ordered) = read("json_multifile");
    let (media, _) = read("json_with_media");
    let (corrupt, _) = read("corrupt");

    assert_eq!((simple.read, simple.conversations), (4, 2));
    let texts: Vec<&str> = chats.chats.iter().flat_map(|(_, all)| all).map(|one| one.text.as_str()).collect();
    assert!(texts.contains(&"café time?"), "{texts:?}");
    let reactions = chats.chats.iter().flat_map(|(_, all)| all).map(|one| one.reactions.len()).max();
    assert_eq!(reactions, Some(2));
    let order: Vec<&str> = ordered.chats[0].1.iter().map(|one| one.text.get(8..9).unwrap()).collect();
    assert_eq!((several.read, order.as_slice()), (4, ["A", "B", "C", "D"].as_slice()));
    assert_eq!((media.read, media.media_found, media.media_missing), (1, 1, 0));
    assert_eq!((corrupt.read, corrupt.skipped[&SkipReason::UnreadableChat].count), (1, 1));
}
