//! Signal's exports: the official one, and what may be wrong with others.

use super::*;
use coffer_chats::source::{Note, SkipReason};

const INFO: &str = r#"{"version":"1","backupTimeMs":"1"}"#;
const ACCOUNT: &str = r#"{"account":{"givenName":"Nora"}}"#;
const HEADS: [&str; 4] = [
    r#"{"recipient":{"id":"1","self":{}}}"#,
    r#"{"recipient":{"id":"4","contact":{"e164":"4670000004","profileGivenName":"Pavel"}}}"#,
    r#"{"chat":{"id":"1","recipientId":"4"}}"#,
    r#"{"chatItem":{"chatId":"1","authorId":"4","dateSent":"1700000000000","incoming":{},"standardMessage":{"text":{"body":"hi"}}}}"#,
];

fn export(folder: &Path, lines: &[&str]) -> PathBuf {
    let path = folder.join("main.jsonl");
    fs::write(&path, [&[INFO, ACCOUNT], lines].concat().join("\n") + "\n").unwrap();
    path
}

#[test]
fn an_edited_message_is_the_one_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let before = export(folder.path(), &HEADS);
    let (_, first) = read_all(&before, &ReadOptions::default()).unwrap();
    let original = r#"{"chatId":"1","authorId":"4","dateSent":"1700000000000","incoming":{},"standardMessage":{"text":{"body":"hi"}}}"#;
    let edited = format!(
        r#"{{"chatItem":{{"chatId":"1","authorId":"4","dateSent":"1700000005000","incoming":{{}},
        "standardMessage":{{"text":{{"body":"hello"}}}},"revisions":[{original}]}}}}"#
    )
    .replace('\n', "");
    let after = export(folder.path(), &[HEADS[0], HEADS[1], HEADS[2], &edited]);

    let (_, second) = read_all(&after, &ReadOptions::default()).unwrap();

    let (before, after) = (&first.chats[0].1[0], &second.chats[0].1[0]);
    assert_eq!(before.id, after.id);
    assert_eq!((after.text.as_str(), after.edits[0].text.as_deref()), ("hello", Some("hi")));
    assert_eq!(after.edits[0].utc_ms, Some(1_700_000_005_000));
    assert_eq!(before.time, after.time);
}

#[test]
fn numbers_of_recipients_may_change_from_one_export_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = read_all(&export(folder.path(), &HEADS), &ReadOptions::default()).unwrap();
    let other =
        HEADS.map(|line| line.replace(r#""4""#, r#""40""#).replace(r#""chatId":"1""#, r#""chatId":"9""#));
    let other = other.map(|line| line.replace(r#""chat":{"id":"1""#, r#""chat":{"id":"9""#));
    let lines: Vec<&str> = other.iter().map(String::as_str).collect();

    let (_, second) = read_all(&export(folder.path(), &lines), &ReadOptions::default()).unwrap();

    assert_eq!(first.chats[0].0.id, second.chats[0].0.id);
    assert_eq!(first.chats[0].1[0].id, second.chats[0].1[0].id);
}

#[test]
fn the_report_says_what_signal_leaves_out() {
    let folder = tempfile::tempdir().unwrap();

    let (report, _) = read_all(&export(folder.path(), &HEADS), &ReadOptions::default()).unwrap();

    assert_eq!(report.notes, [Note::NoDisappearing]);
    assert!(report.knows_me);
}

#[test]
fn an_export_that_is_cut_off_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = export(folder.path(), &[HEADS[0], HEADS[1], HEADS[2], HEADS[3], HEADS[3]]);
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();

    let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!(report.read, 1);
    assert_eq!(report.skipped[&SkipReason::CutOff].count, 1);
    assert!(report.damage.unwrap().is_cut_off);
    keeps_laws(&path, &report, &all);
}

#[test]
fn a_line_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let endless = format!(r#"{{"chatItem":{{"chatId":"1","x":"{}""#, "a".repeat(33 << 20));
    let path = export(folder.path(), &[&endless]);

    let refused = read_all(&path, &ReadOptions::default()).map(|_| ());

    assert!(matches!(refused, Err(ChatError::EntryTooBig { .. })), "{refused:?}");
}

#[test]
fn deep_nesting_is_a_line_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let deep = format!(r#"{{"chatItem":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let path = export(folder.path(), &[HEADS[0], HEADS[1], HEADS[2], &deep, HEADS[3]]);

    let (report, _) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!((report.read, report.skipped[&SkipReason::UnreadableEntry].count), (1, 1));
}

#[test]
fn a_zip_of_the_folder_reads_as_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixtures().join("sig-plaintext/input");
    let zip = folder.path().join("export.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    let mut pending = vec![input.clone()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = format!("signal-export/{}", path.strip_prefix(&input).unwrap().to_str().unwrap());
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(&path).unwrap()).unwrap();
    }
    writer.finish().unwrap();

    let (plain, all) = read_all(&input, &ReadOptions::default()).unwrap();
    let (packed, same) = read_all(&zip, &ReadOptions::default()).unwrap();

    assert_eq!((plain.read, plain.media_found), (packed.read, packed.media_found));
    assert_eq!(all.files, same.files);
    assert_eq!(plain.media_found, 3);
}

#[cfg(unix)]
#[test]
fn files_behind_a_link_out_of_the_folder_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("export");
    copy_all(&fixtures().join("sig-plaintext/input"), &input);
    fs::rename(input.join("files"), folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), input.join("files")).unwrap();

    let (report, _) = read_all(&input, &ReadOptions::default()).unwrap();

    assert_eq!(report.media_found, 0);
}

#[test]
fn the_official_export_is_known_and_read() {
    let Some(path) = samples::sample("libsignal/canonical-backup.takeout-export.expected.jsonl") else {
        return;
    };

    let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!(recognise(&path).unwrap().unwrap().source, SourceKind::SignalExport);
    assert_eq!(report.own_name.as_deref(), Some("Boba Fett"));
    assert!(report.knows_me);
    // An account, four recipients and no chat.
    assert_eq!((report.read, all.chats.len(), report.skipped.len()), (0, 0, 0));
}

#[test]
fn every_official_message_is_kept() {
    let names = ["incoming-message-with-edits", "outgoing-message-with-edits", "simple-chat-update-message"];
    for (name, chats, edits) in [(names[0], 1, 2), (names[1], 1, 2), (names[2], 2, 0)] {
        let Some(path) = samples::sample(&format!("libsignal/valid/{name}.jsonproto")) else { return };
        let frames = json5(&fs::read_to_string(path).unwrap());
        let items = frames.iter().filter(|frame| frame.get("chatItem").is_some()).count();
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = frames.iter().map(Value::to_string).collect();
        let path = folder.path().join("main.jsonl");
        fs::write(&path, lines.join("\n") + "\n").unwrap();

        let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

        keeps_laws(&path, &report, &all);
        assert_eq!((report.read, report.skipped.len()), (u64::try_from(items).unwrap(), 0), "{name}");
        assert_eq!(all.chats.len(), chats, "{name}");
        let most = all.chats[0].1.iter().map(|message| message.edits.len()).max();
        assert_eq!(most, Some(edits), "{name}");
    }
}

/// JSON with comments and commas too many, as the samples are written.
fn json5(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| match line.split_once("//") {
        Some((before, _)) if !before.contains("http") => before,
        _ => line,
    });
    let mut plain: String = lines.collect::<Vec<_>>().join(" ");
    for _ in 0..2 {
        plain =
            plain.split_whitespace().collect::<Vec<_>>().join(" ").replace(", }", " }").replace(", ]", " ]");
    }
    serde_json::from_str(&plain).unwrap()
}
