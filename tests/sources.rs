//! Reading chats from the apps' own files: one folder per case under `tests/fixtures`, and facts about samples
//! made by others.
//!
//! A case is `input/` and `expected.json`. `options.json` may say `path` (what to open below `input`), `zip` (pack
//! `input` under this name first), `zone`, `me` and `date_order`. `UPDATE_EXPECTED=1` rewrites `expected.json`.
//! A file `NAME.sql` in `input` stands for the database `NAME.db` it makes, and `NAME.ENDING.sql` for `NAME.ENDING`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail at once, and says when it has nothing to test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use coffer_chats::Workroom;
use coffer_chats::model::{Conversation, Message};
use coffer_chats::record::{Record, conversation_json, message_json};
use coffer_chats::source::{
    Cancel, DateOrder, MediaOpener, ReadOptions, ReadReport, Sink, SourceKind, Zone, preview, read, recognise,
};
use coffer_chats::{ChatError, model::AttachmentState};
use coffer_secret::testing::SeededEntropy;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

#[path = "sources/apple.rs"]
mod apple;
#[path = "sources/bad_input.rs"]
mod bad_input;
#[path = "sources/databases.rs"]
mod databases;
#[path = "sources/mutations.rs"]
mod mutations;
#[path = "sources/samples.rs"]
mod samples;
#[path = "sources/signal.rs"]
mod signal;
#[path = "sources/sms.rs"]
mod sms;
#[path = "sources/telegram.rs"]
mod telegram;
#[path = "sources/trees.rs"]
mod trees;

/// Everything a reader said.
#[derive(Default)]
struct Everything {
    chats: Vec<(Conversation, Vec<Message>)>,
    /// Contents of the files of messages: (message, file, bytes).
    files: Vec<(u64, usize, Vec<u8>)>,
}

impl Sink for Everything {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.chats.push((conversation.clone(), Vec::new()));
        Ok(())
    }

    fn message(&mut self, message: Message, media: &mut dyn MediaOpener) -> Result<(), ChatError> {
        for (index, attachment) in message.attachments.iter().enumerate() {
            let opened = media.open(index)?;
            assert_eq!(opened.is_some(), attachment.state == AttachmentState::Present);
            if let Some(mut file) = opened {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                assert_eq!(attachment.size, u64::try_from(bytes.len()).ok());
                self.files.push((message.ordinal, index, bytes));
            }
        }
        self.chats.last_mut().unwrap().1.push(message);
        Ok(())
    }

    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.chats.last_mut().unwrap().0 = conversation.clone();
        Ok(())
    }
}

fn read_all(path: &Path, options: &ReadOptions) -> Result<(ReadReport, Everything), ChatError> {
    let mut all = Everything::default();
    let report = read(path, options, &mut all, &Cancel::default())?;
    Ok((report, all))
}

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures"))
}

#[test]
fn every_case_reads_as_expected() {
    let mut wrong = Vec::new();
    let mut cases: Vec<PathBuf> =
        fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("input").is_dir());
    cases.sort();
    assert!(cases.len() >= 26, "only {} cases", cases.len());

    for case in &cases {
        let found = read_case(case);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            let text = serde_json::to_string_pretty(&found).unwrap();
            fs::write(case.join("expected.json"), text + "\n").unwrap();
        }
        let expected = fs::read_to_string(case.join("expected.json")).unwrap_or_default();
        let expected: Value = serde_json::from_str(&expected).unwrap_or(Value::Null);
        if found != expected {
            wrong.push(format!("{}:\n{}", case.display(), difference(&expected, &found)));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines that are only in one of the two.
fn difference(expected: &Value, found: &Value) -> String {
    let lines = |value: &Value| -> Vec<String> {
        serde_json::to_string_pretty(value).unwrap().lines().map(str::to_owned).collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    let mut out: Vec<String> = Vec::new();
    out.extend(expected.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}")));
    out.extend(found.iter().filter(|line| !expected.contains(line)).map(|line| format!("+ {line}")));
    out.truncate(40);
    out.join("\n")
}

fn read_case(case: &Path) -> Value {
    let options = fs::read_to_string(case.join("options.json")).unwrap_or("{}".to_owned());
    let options: Value = serde_json::from_str(&options).unwrap();
    let word = |key: &str| options.get(key).and_then(Value::as_str).map(str::to_owned);
    let temporary = tempfile::tempdir().unwrap();
    let input = with_databases(&case.join("input"), &temporary.path().join("databases"));
    let path = match (word("zip"), word("path")) {
        (Some(name), _) => pack(&input, &temporary.path().join(name)),
        (None, Some(path)) => input.join(path),
        (None, None) => fs::read_dir(&input).unwrap().next().unwrap().unwrap().path(),
    };
    let read_options = ReadOptions {
        zone: word("zone").map_or(Zone::Known("Europe/Berlin".to_owned()), Zone::Known),
        me: word("me"),
        date_order: word("date_order").and_then(|word| DateOrder::from_word(&word)),
        workroom: Some(workroom(&temporary.path().join("room"))),
        ..ReadOptions::default()
    };
    let (report, all) = match read_all(&path, &read_options) {
        Ok(done) => done,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    keeps_laws(&path, &report, &all);
    let seen = preview(&path, &read_options, &mut |_, _| {}, &Cancel::default()).unwrap();
    assert_eq!(seen.chats.iter().map(|chat| chat.messages).sum::<u64>(), report.read);
    assert_eq!(seen.chats.len(), all.chats.len());
    json!({
        "report": report_json(&report),
        "me_guess": seen.me_guess,
        "dates": seen.dates.map(|dates| json!({
            "order": dates.order.word(),
            "is_undecided": dates.is_undecided,
            "sample": dates.sample,
            "readings": dates.readings.iter().map(|(order, text)| json!([order.word(), text])).collect::<Vec<_>>(),
        })),
        "chats": all.chats.iter().map(chat_json).collect::<Vec<_>>(),
    })
}

/// Databases are copied there.
fn workroom(folder: &Path) -> Workroom {
    Workroom::new(folder, std::sync::Arc::new(SeededEntropy::new(1)))
}

/// The folder itself, or a copy of it in which the databases were made.
fn with_databases(input: &Path, to: &Path) -> PathBuf {
    let is_sql = |path: &Path| path.extension().is_some_and(|extension| extension == "sql");
    let entries = || fs::read_dir(input).unwrap().map(|entry| entry.unwrap().path());
    if !entries().any(|path| is_sql(&path)) {
        return input.to_owned();
    }
    fs::create_dir_all(to).unwrap();
    for path in entries() {
        let name = path.file_name().unwrap();
        if is_sql(&path) {
            let stem = path.file_stem().map(Path::new).unwrap();
            let ending = if stem.extension().is_some() { "" } else { "db" };
            make_database(&to.join(name).with_extension(ending), &[&path]);
        } else {
            copy_all(&path, &to.join(name));
        }
    }
    to.to_owned()
}

fn make_database(path: &Path, texts: &[&Path]) {
    let connection = Connection::open(path).unwrap();
    for text in texts {
        connection.execute_batch(&fs::read_to_string(text).unwrap()).unwrap();
    }
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        copy_all(&path, &to.join(path.file_name().unwrap()));
    }
}

/// What holds for every source: bytes are kept, records come back, ids differ.
fn keeps_laws(path: &Path, report: &ReadReport, all: &Everything) {
    let is_text = path.is_file() && path.extension().is_some_and(|end| end == "txt" || end == "json");
    let source = if is_text { fs::read(path).unwrap() } else { Vec::new() };
    for (conversation, messages) in &all.chats {
        let record = Record::Conversation(conversation.clone());
        assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        let mut ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), messages.len(), "two messages share an id in {}", path.display());
        let mut from = 0;
        for message in messages {
            let record = Record::Message(Box::new(message.clone()));
            assert_eq!(Record::decode(&record.encode()).unwrap(), record);
            if is_text {
                let at =
                    find(&source[from..], &message.raw).expect("raw bytes stand in the source, in order");
                from += at + message.raw.len();
            }
        }
    }
    let total: usize = all.chats.iter().map(|(_, messages)| messages.len()).sum();
    assert_eq!(report.read, u64::try_from(total).unwrap());
    assert_eq!(report.media_found, u64::try_from(all.files.len()).unwrap());
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len().max(1)).position(|window| window == part)
}

fn pack(folder: &Path, zip: &Path) -> PathBuf {
    let mut writer = zip::ZipWriter::new(fs::File::create(zip).unwrap());
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(path).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    zip.to_owned()
}

fn report_json(report: &ReadReport) -> Value {
    let counted = |counted: &coffer_chats::source::Counted| json!([counted.count, counted.examples]);
    let mut out = json!({
        "source": report.source.word(),
        "read": report.read,
        "system": report.system,
        "media": [report.media_found, report.media_missing, report.media_omitted],
    });
    let object = out.as_object_mut().unwrap();
    let mut add = |key: &str, value: Value, is_empty: bool| {
        if !is_empty {
            object.insert(key.to_owned(), value);
        }
    };
    let skipped: Map<String, Value> =
        report.skipped.iter().map(|(reason, count)| (reason.word().to_owned(), counted(count))).collect();
    add("skipped", Value::Object(skipped), report.skipped.is_empty());
    let unsupported: Map<String, Value> =
        report.unsupported.iter().map(|(word, count)| (word.clone(), counted(count))).collect();
    add("unsupported", Value::Object(unsupported), report.unsupported.is_empty());
    add("bad_text", counted(&report.bad_text), report.bad_text.count == 0);
    let undecided: Vec<&str> = report.undecided.iter().map(|question| question.word()).collect();
    add("undecided", json!(undecided), undecided.is_empty());
    add("beside", json!(report.beside), report.beside.is_empty());
    let notes: Vec<&str> = report.notes.iter().map(|note| note.word()).collect();
    add("notes", json!(notes), notes.is_empty());
    add("damage", json!(report.damage.map(|damage| (damage.is_cut_off, damage.at))), report.damage.is_none());
    out
}

fn chat_json((conversation, messages): &(Conversation, Vec<Message>)) -> Value {
    let mut head = conversation_json(conversation);
    head.as_object_mut().unwrap().remove("id");
    head.as_object_mut().unwrap().remove("raw");
    let messages: Vec<Value> = messages.iter().map(short_json).collect();
    json!({ "conversation": head, "messages": messages })
}

/// The comparable form without ids and raw bytes, which laws check, and with times as people read them.
fn short_json(message: &Message) -> Value {
    let mut out = message_json(message);
    let object = out.as_object_mut().unwrap();
    object.remove("id");
    object.remove("raw");
    object.remove("ordinal");
    if let Some(time) = &message.time {
        let zone = if time.zone_known { "" } else { " (zone assumed)" };
        let local = time.local_text().unwrap_or_default();
        object.insert("time".to_owned(), json!(format!("{local} = {}{zone}", time.utc_ms)));
    }
    if let Some(Value::Object(reply)) = object.get_mut("reply_to") {
        reply.remove("message");
    }
    out
}
