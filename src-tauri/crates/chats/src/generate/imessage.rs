//! Apple's Messages: `chat.db` with texts in archives, edits, reactions, replies, and files below `Attachments/`.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, Statement, params};

use super::media::{Scene, draw};
use super::words::sentence;
use super::{Dice, Truth};
use crate::plist::{self, Plist};
use crate::typedstream;

/// Rows a transaction takes.
const BATCH: u64 = 20_000;
const PEOPLE: u64 = 12;
/// 2021-01-01 in nanoseconds since 2001.
const START: i64 = 631_152_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// The tables, with the columns a reader looks at and some it does not.
const SCHEMA: &str = "
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, text TEXT, replace INTEGER DEFAULT 0, handle_id INTEGER DEFAULT 0, subject TEXT, attributedBody BLOB, version INTEGER DEFAULT 0, type INTEGER DEFAULT 0, service TEXT, account TEXT, error INTEGER DEFAULT 0, date INTEGER, date_read INTEGER, date_delivered INTEGER, is_delivered INTEGER DEFAULT 0, is_finished INTEGER DEFAULT 0, is_from_me INTEGER DEFAULT 0, is_read INTEGER DEFAULT 0, is_audio_message INTEGER DEFAULT 0, item_type INTEGER DEFAULT 0, other_handle INTEGER DEFAULT 0, group_title TEXT, group_action_type INTEGER DEFAULT 0, associated_message_guid TEXT, associated_message_type INTEGER DEFAULT 0, balloon_bundle_id TEXT, payload_data BLOB, message_summary_info BLOB, cache_roomnames TEXT, thread_originator_guid TEXT, thread_originator_part TEXT, date_retracted INTEGER DEFAULT 0, date_edited INTEGER DEFAULT 0, associated_message_emoji TEXT, ck_chat_id TEXT);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, style INTEGER, chat_identifier TEXT, service_name TEXT, room_name TEXT, display_name TEXT);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, country TEXT, service TEXT NOT NULL);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, filename TEXT, uti TEXT, mime_type TEXT, transfer_name TEXT, total_bytes INTEGER DEFAULT 0, is_sticker INTEGER DEFAULT 0);
CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER, UNIQUE(chat_id, handle_id));
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER, message_date INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id));
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER, UNIQUE(message_id, attachment_id));
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER, delete_date INTEGER, ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id));
CREATE TABLE deleted_messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL);
";

/// Writes `chat.db` and some files into a folder, and says what is in them.
pub fn write_imessage(folder: &Path, messages: u64, seed: u64) -> io::Result<Truth> {
    fs::create_dir_all(folder)?;
    let path = folder.join("chat.db");
    let _ = fs::remove_file(&path);
    let connection = Connection::open(path).map_err(io::Error::other)?;
    fill(&connection, folder, messages, seed).map_err(io::Error::other)
}

fn fill(connection: &Connection, folder: &Path, messages: u64, seed: u64) -> rusqlite::Result<Truth> {
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
    connection.execute_batch(SCHEMA)?;
    chats(connection)?;
    let mut dice = Dice::new(seed);
    let mut truth = Truth::default();
    let mut seen = [false; 13];
    {
        let mut rows = Rows::begin(connection)?;
        let mut time = START;
        for n in 0..messages {
            if n > 0 && n.is_multiple_of(BATCH) {
                connection.execute_batch("COMMIT; BEGIN")?;
            }
            time += SECOND * (1 + sql(dice.below(90)));
            let chat = 1 + dice.below(PEOPLE + 1);
            if chat > PEOPLE {
                seen.fill(true);
            } else if let Some(seen) = usize::try_from(chat).ok().and_then(|place| seen.get_mut(place)) {
                *seen = true;
            }
            rows.put(n, chat, time, folder, &mut dice, &mut truth)?;
        }
    }
    let others = seen.iter().skip(1).filter(|seen| **seen).count();
    truth.people = 1 + u64::try_from(others).unwrap_or(0);
    connection.execute_batch("COMMIT")?;
    Ok(truth)
}

/// SQLite's numbers have a sign.
fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn handle(person: u64) -> String {
    if person.is_multiple_of(4) {
        format!("person{person}@example.org")
    } else {
        format!("+49153{person:07}")
    }
}

/// A chat with everyone, and a group of all.
fn chats(connection: &Connection) -> rusqlite::Result<()> {
    for n in 1..=PEOPLE + 1 {
        let is_group = n > PEOPLE;
        let key = if is_group { "chat1234567890".to_owned() } else { handle(n) };
        connection.execute(
            "INSERT INTO chat (ROWID, guid, style, chat_identifier, service_name, display_name) VALUES (?, ?, ?, ?, 'iMessage', ?)",
            params![
                sql(n),
                format!("iMessage;{};{key}", if is_group { "+" } else { "-" }),
                if is_group { 43 } else { 45 },
                key,
                if is_group { Some("Everybody") } else { None },
            ],
        )?;
        if is_group {
            connection.execute("INSERT INTO chat_handle_join SELECT ?, ROWID FROM handle", [sql(n)])?;
        } else {
            connection.execute(
                "INSERT INTO handle (ROWID, id, service) VALUES (?, ?, 'iMessage')",
                params![sql(n), key],
            )?;
            connection.execute("INSERT INTO chat_handle_join VALUES (?1, ?1)", [sql(n)])?;
        }
    }
    Ok(())
}

fn guid(row: u64) -> String {
    format!("{row:08X}-0000-4000-8000-000000000000")
}

struct Rows<'a> {
    main: Statement<'a>,
    join: Statement<'a>,
    deleted: Statement<'a>,
    file: Statement<'a>,
    file_join: Statement<'a>,
    tapbacks: u64,
}

impl<'a> Rows<'a> {
    fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            main: connection.prepare(
                "INSERT INTO message (ROWID, guid, text, attributedBody, handle_id, service, date, is_from_me, item_type, group_title, message_summary_info, date_edited, associated_message_guid, associated_message_type, thread_originator_guid) VALUES (?, ?, ?, ?, ?, 'iMessage', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            join: connection.prepare("INSERT INTO chat_message_join VALUES (?, ?, 0)")?,
            deleted: connection.prepare("INSERT INTO chat_recoverable_message_join VALUES (?, ?, 0, 0)")?,
            file: connection.prepare(
                "INSERT INTO attachment (ROWID, guid, filename, mime_type, transfer_name, total_bytes) VALUES (?, ?, ?, 'image/jpeg', ?, 40000)",
            )?,
            file_join: connection.prepare("INSERT INTO message_attachment_join VALUES (?1, ?1)")?,
            tapbacks: 0,
        })
    }

    fn put(
        &mut self,
        n: u64,
        chat: u64,
        time: i64,
        folder: &Path,
        dice: &mut Dice,
        truth: &mut Truth,
    ) -> rusqlite::Result<()> {
        let row = n + 1;
        let is_group = chat > PEOPLE;
        let person = if is_group { 1 + dice.below(PEOPLE) } else { chat };
        let is_notice = is_group && dice.chance(10);
        let is_mine = dice.chance(450);
        let mut text = String::new();
        sentence(dice, &mut text);
        let (has_file, is_edited, is_deleted) = (dice.chance(60), dice.chance(10), dice.chance(4));
        let is_edited = is_edited && !is_notice;
        let answers = (n > 20 && dice.chance(80) && !is_notice).then(|| guid(row - 1 - dice.below(15)));
        // Newer versions keep the text in the archive alone.
        let is_plain = n.is_multiple_of(3);
        truth.entries += 1;
        truth.system += u64::from(is_notice);
        truth.edited += u64::from(is_edited);
        truth.deleted += u64::from(is_deleted);
        truth.replies += u64::from(answers.is_some());
        self.main.execute(params![
            sql(row),
            guid(row),
            (is_plain && !is_notice).then_some(&text),
            (!is_plain && !is_notice).then(|| typedstream::write(&text)),
            if is_mine { 0 } else { sql(person) },
            time,
            is_mine,
            if is_notice { 2 } else { 0 },
            is_notice.then_some("Everybody"),
            is_edited.then(|| edits(&text, time)),
            if is_edited { time + 60 * SECOND } else { 0 },
            None::<String>,
            0,
            answers,
        ])?;
        if is_deleted {
            self.deleted.execute([sql(chat), sql(row)])?
        } else {
            self.join.execute([sql(chat), sql(row)])?
        };
        if has_file && !is_notice {
            self.put_file(row, folder, dice, truth)?;
        }
        if dice.chance(30) && !is_notice {
            truth.reacted += 1;
            self.put_tapbacks(row, chat, person, time, dice)?;
        }
        Ok(())
    }

    fn put_file(
        &mut self,
        row: u64,
        folder: &Path,
        dice: &mut Dice,
        truth: &mut Truth,
    ) -> rusqlite::Result<()> {
        let below = format!("Attachments/{:02x}/IMG_{row:06}.jpeg", row % 256);
        let to = folder.join(&below);
        let scene = dice.pick(&[Scene::River, Scene::Tulips, Scene::Boat, Scene::Night]);
        let is_made = dice.chance(30)
            && truth.media_found < 200
            && to.parent().map(fs::create_dir_all).transpose().is_ok()
            && fs::write(&to, draw(scene, 64, 48).to_jpeg()).is_ok();
        if is_made {
            truth.media_found += 1
        } else {
            truth.media_missing += 1
        }
        let name = format!("IMG_{row:06}.jpeg");
        self.file.execute(params![
            sql(row),
            format!("at_0_{}", guid(row)),
            format!("~/Library/Messages/{below}"),
            name
        ])?;
        self.file_join.execute([sql(row)])?;
        Ok(())
    }

    /// One that stays, and one that is taken back.
    fn put_tapbacks(
        &mut self,
        row: u64,
        chat: u64,
        person: u64,
        time: i64,
        dice: &mut Dice,
    ) -> rusqlite::Result<()> {
        let kind = 2000 + sql(dice.below(6));
        let target = format!("p:0/{}", guid(row));
        for (who, kind, later) in [(0, kind, 5), (person, 2001, 6), (person, 3001, 7)] {
            self.tapbacks += 1;
            let id = 50_000_000 + self.tapbacks;
            self.main.execute(params![
                sql(id),
                guid(id),
                "Reacted to a message",
                None::<Vec<u8>>,
                sql(who),
                time + later * SECOND,
                who == 0,
                0,
                None::<String>,
                None::<Vec<u8>>,
                0,
                target,
                kind,
                None::<String>,
            ])?;
            self.join.execute([sql(chat), sql(id)])?;
        }
        Ok(())
    }
}

/// Two wordings of the first part.
fn edits(text: &str, time: i64) -> Vec<u8> {
    let seconds = |time: i64| f64::from(u32::try_from(time / SECOND).unwrap_or(0));
    let event = |text: &str, time: i64| {
        let facts = [("d", Plist::Real(seconds(time))), ("t", Plist::Data(typedstream::write(text)))];
        Plist::Dict(facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let wordings = Plist::Array(vec![event("said in a hurry", time), event(text, time + 60 * SECOND)]);
    let parts = Plist::Dict([("0".to_owned(), wordings)].into());
    plist::write(&Plist::Dict([("ec".to_owned(), parts)].into()))
}
