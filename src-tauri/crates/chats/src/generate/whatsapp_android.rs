//! WhatsApp's database of Android, in the schema with a table per kind of content or in the old one with a single table.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, Statement, params};

use super::media::{Scene, draw};
use super::words::{NAMES, sentence};
use super::{Dice, Truth};

mod schema;

/// Rows a transaction takes.
const BATCH: u64 = 20_000;
const SCENES: [Scene; 4] = [Scene::River, Scene::Tulips, Scene::Boat, Scene::Night];
/// 2020-01-01.
const START: i64 = 1_577_836_800_000;

/// Which schema to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// `message` and its side tables.
    New,
    /// `messages` alone.
    Old,
    /// Both, with the messages in the new ones, as while an app moves.
    Moving,
}

impl Age {
    /// The age with this word: `new`, `old`, `moving`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "new" => Some(Self::New),
            "old" => Some(Self::Old),
            "moving" => Some(Self::Moving),
            _ => None,
        }
    }
}

/// Writes `msgstore.db`, `wa.db` and some files below `Media/` into a folder, and says what is in them.
pub fn write_whatsapp_android(folder: &Path, age: Age, messages: u64, seed: u64) -> io::Result<Truth> {
    fs::create_dir_all(folder)?;
    let path = folder.join("msgstore.db");
    if path.exists() {
        fs::remove_file(&path)?;
    }
    let connection = Connection::open(&path).map_err(io::Error::other)?;
    let truth = fill(&connection, folder, age, messages, seed).map_err(io::Error::other)?;
    connection.execute_batch("VACUUM").map_err(io::Error::other)?;
    names(folder).map_err(io::Error::other)?;
    Ok(truth)
}

fn fill(
    connection: &Connection,
    folder: &Path,
    age: Age,
    messages: u64,
    seed: u64,
) -> rusqlite::Result<Truth> {
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
    if age != Age::New {
        connection.execute_batch(schema::OLD)?;
    }
    if age != Age::Old {
        connection.execute_batch(schema::NEW)?;
    }
    connection.execute_batch(schema::BOTH)?;
    let chats = 2 + u64::try_from(NAMES.len()).unwrap_or(0);
    people(connection)?;
    let mut dice = Dice::new(seed);
    let mut truth = Truth { people: 1, ..Truth::default() };
    let mut seen = vec![false; NAMES.len()];
    {
        let mut rows = Rows::begin(connection, age)?;
        let mut time = START;
        for n in 0..messages {
            if n > 0 && n.is_multiple_of(BATCH) {
                connection.execute_batch("COMMIT; BEGIN")?;
            }
            time += 1000 + i64::try_from(dice.below(90_000)).unwrap_or(0);
            let chat = 1 + dice.below(chats);
            let mut one = Message::make(n, chat, time, &mut dice);
            one.media(folder, &mut dice, &mut truth);
            if let Some(person) = one.person {
                seen.get_mut(person).into_iter().for_each(|seen| *seen = true);
            }
            rows.put(&one, &mut dice, &mut truth)?;
        }
    }
    truth.people += u64::try_from(seen.iter().filter(|seen| **seen).count()).unwrap_or(0);
    connection.execute_batch("COMMIT")?;
    Ok(truth)
}

/// Addresses: people from 1, two groups behind them; every third person is known by a hidden identifier too.
fn people(connection: &Connection) -> rusqlite::Result<()> {
    let mut jid =
        connection.prepare("INSERT INTO jid (_id, user, server, raw_string) VALUES (?, ?, ?, ?)")?;
    let mut chat = connection.prepare("INSERT INTO chat (_id, jid_row_id, subject) VALUES (?, ?, ?)")?;
    let mut map = connection.prepare("INSERT INTO jid_map (lid_row_id, jid_row_id) VALUES (?, ?)")?;
    let count = i64::try_from(NAMES.len()).unwrap_or(0);
    for n in 1..=count {
        let user = phone(n);
        jid.execute(params![n, user, "s.whatsapp.net", format!("{user}@s.whatsapp.net")])?;
        let mut of_chat = n;
        if n % 3 == 0 {
            let hidden = format!("9{n:08}");
            jid.execute(params![n + 1000, hidden, "lid", format!("{hidden}@lid")])?;
            map.execute([n + 1000, n])?;
            of_chat = n + 1000;
        }
        chat.execute(params![n, of_chat, None::<String>])?;
    }
    for group in 1..=2 {
        let user = format!("12036300000000000{group}");
        jid.execute(params![2000 + group, user, "g.us", format!("{user}@g.us")])?;
        chat.execute(params![count + group, 2000 + group, format!("Group {group}")])?;
    }
    Ok(())
}

fn phone(person: i64) -> String {
    format!("49151{person:07}")
}

fn names(folder: &Path) -> rusqlite::Result<()> {
    let path = folder.join("wa.db");
    let _ = fs::remove_file(&path);
    let connection = Connection::open(path)?;
    connection.execute_batch("BEGIN; CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL, number TEXT, display_name TEXT, wa_name TEXT, status TEXT)")?;
    {
        let mut insert = connection.prepare("INSERT INTO wa_contacts (jid, display_name) VALUES (?, ?)")?;
        for (n, name) in (1_i64..).zip(NAMES) {
            insert.execute(params![format!("{}@s.whatsapp.net", phone(n)), name])?;
        }
    }
    connection.execute_batch("COMMIT")
}

/// What the old schema keeps of a file, as far as a reader looks at it.
fn java_object(path: &str) -> Vec<u8> {
    let mut object = vec![0xac, 0xed, 0, 5, b's', b'r', 0, 22];
    object.extend(b"com.whatsapp.MediaDatat");
    object.extend(u16::try_from(path.len()).unwrap_or(0).to_be_bytes());
    object.extend(path.as_bytes());
    object
}

/// A message before it becomes rows.
struct Message {
    id: i64,
    chat: i64,
    time: i64,
    kind: i64,
    is_mine: bool,
    /// Index of the name.
    person: Option<usize>,
    is_group: bool,
    text: String,
    path: Option<String>,
    is_starred: bool,
    is_forwarded: bool,
    is_edited: bool,
    answers: Option<i64>,
    reactions: u64,
}

impl Message {
    fn make(n: u64, chat: u64, time: i64, dice: &mut Dice) -> Self {
        let people = u64::try_from(NAMES.len()).unwrap_or(1);
        let is_group = chat > people;
        let is_mine = dice.chance(450);
        let other = if is_group { dice.below(people) } else { chat - 1 };
        let kind = match dice.below(1000) {
            0..60 => 1,
            60..80 => 2,
            80..86 => 3,
            86..92 => 9,
            92..102 => 20,
            102..106 => 5,
            106..108 if is_group => 66,
            108..114 => 15,
            114..118 if !is_group => 10,
            118..126 if is_group => 7,
            _ => 0,
        };
        let id = i64::try_from(n).unwrap_or(0) + 2;
        let mut text = String::new();
        if matches!(kind, 0 | 66) || (kind == 1 && dice.chance(300)) {
            sentence(dice, &mut text);
        }
        Self {
            id,
            chat: i64::try_from(chat).unwrap_or(1),
            time,
            kind,
            is_mine: is_mine && kind != 7 && kind != 10,
            person: (!is_mine || kind == 7 || kind == 10).then(|| usize::try_from(other).unwrap_or(0)),
            is_group,
            text,
            path: None,
            is_starred: dice.chance(8),
            is_forwarded: kind == 0 && dice.chance(15),
            is_edited: kind == 0 && dice.chance(6),
            answers: (kind == 0 && n > 20 && dice.chance(80))
                .then(|| id - 1 - i64::try_from(dice.below(15)).unwrap_or(0)),
            reactions: if dice.chance(30) { 1 + dice.below(3) } else { 0 },
        }
    }

    /// Every thousandth file is really there.
    fn media(&mut self, folder: &Path, dice: &mut Dice, truth: &mut Truth) {
        let (below, end) = match self.kind {
            1 => ("WhatsApp Images/IMG", "jpg"),
            2 => ("WhatsApp Voice Notes/PTT", "opus"),
            3 => ("WhatsApp Video/VID", "mp4"),
            9 => ("WhatsApp Documents/DOC", "pdf"),
            20 => ("WhatsApp Stickers/STK", "webp"),
            _ => return,
        };
        let path = format!("Media/{below}-{:09}.{end}", self.id);
        let is_there = self.kind == 1 && dice.chance(20) && truth.media_found < 200;
        if is_there {
            let to = folder.join(&path);
            let made = to.parent().map(fs::create_dir_all).transpose();
            let scene = dice.pick(&SCENES);
            if made.and_then(|_| fs::write(&to, draw(scene, 64, 48).to_jpeg())).is_ok() {
                truth.media_found += 1;
            } else {
                truth.media_missing += 1;
            }
        } else {
            truth.media_missing += 1;
        }
        self.path = Some(path);
    }

    fn mime(&self) -> &'static str {
        match self.kind {
            1 => "image/jpeg",
            2 => "audio/ogg; codecs=opus",
            3 => "video/mp4",
            9 => "application/pdf",
            _ => "image/webp",
        }
    }

    fn key(id: i64) -> String {
        format!("3EB0{id:016X}")
    }

    fn jid(&self) -> String {
        let people = i64::try_from(NAMES.len()).unwrap_or(1);
        if self.is_group {
            format!("12036300000000000{}@g.us", self.chat - people)
        } else {
            format!("{}@s.whatsapp.net", phone(self.chat))
        }
    }
}

/// Statements for the rows of one message.
struct Rows<'a> {
    age: Age,
    main: Statement<'a>,
    side: Option<Side<'a>>,
    quotes: Option<Statement<'a>>,
    add_ons: i64,
}

struct Side<'a> {
    media: Statement<'a>,
    quoted: Statement<'a>,
    add_on: Statement<'a>,
    reaction: Statement<'a>,
    edit: Statement<'a>,
    revoked: Statement<'a>,
    forwarded: Statement<'a>,
    location: Statement<'a>,
    poll: Statement<'a>,
    option: Statement<'a>,
    system: Statement<'a>,
    missed: Statement<'a>,
    receipt: Statement<'a>,
}

impl<'a> Rows<'a> {
    fn begin(connection: &'a Connection, age: Age) -> rusqlite::Result<Self> {
        let prepare = |sql: &str| connection.prepare(sql);
        if age == Age::Old {
            let main = prepare(schema::INSERT_OLD)?;
            let quotes = prepare(
                "INSERT INTO messages_quotes (_id, key_remote_jid, key_from_me, key_id, data) VALUES (?, ?, ?, ?, ?)",
            )?;
            return Ok(Self { age, main, side: None, quotes: Some(quotes), add_ons: 0 });
        }
        let side = Side {
            media: prepare(
                "INSERT INTO message_media (message_row_id, chat_row_id, transferred, file_path, file_size, mime_type, media_duration, width, height) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
            )?,
            quoted: prepare(
                "INSERT INTO message_quoted (message_row_id, chat_row_id, parent_message_chat_row_id, from_me, sender_jid_row_id, key_id, message_type, text_data) VALUES (?, ?, ?, 0, ?, ?, 0, ?)",
            )?,
            add_on: prepare(
                "INSERT INTO message_add_on (_id, chat_row_id, from_me, key_id, sender_jid_row_id, parent_message_row_id, timestamp, message_add_on_type) VALUES (?, ?, ?, ?, ?, ?, ?, 56)",
            )?,
            reaction: prepare(
                "INSERT INTO message_add_on_reaction (message_add_on_row_id, reaction, sender_timestamp) VALUES (?, ?, ?)",
            )?,
            edit: prepare(
                "INSERT INTO message_edit_info (message_row_id, original_key_id, edited_timestamp, sender_timestamp) VALUES (?, ?, ?, ?)",
            )?,
            revoked: prepare("INSERT INTO message_revoked (message_row_id, revoked_key_id) VALUES (?, ?)")?,
            forwarded: prepare(
                "INSERT INTO message_forwarded (message_row_id, forward_score) VALUES (?, 1)",
            )?,
            location: prepare(
                "INSERT INTO message_location (message_row_id, chat_row_id, latitude, longitude, place_name) VALUES (?, ?, ?, ?, ?)",
            )?,
            poll: prepare(
                "INSERT INTO message_poll (message_row_id, selectable_options_count) VALUES (?, 1)",
            )?,
            option: prepare(
                "INSERT INTO message_poll_option (message_row_id, option_name, vote_total) VALUES (?, ?, ?)",
            )?,
            system: prepare("INSERT INTO message_system (message_row_id, action_type) VALUES (?, ?)")?,
            missed: prepare(
                "INSERT INTO missed_call_logs (message_row_id, timestamp, video_call) VALUES (?, ?, 0)",
            )?,
            receipt: prepare(
                "INSERT INTO receipt_user (message_row_id, receipt_user_jid_row_id, receipt_timestamp, read_timestamp) VALUES (?, ?, ?, ?)",
            )?,
        };
        Ok(Self { age, main: prepare(schema::INSERT_NEW)?, side: Some(side), quotes: None, add_ons: 0 })
    }

    fn put(&mut self, one: &Message, dice: &mut Dice, truth: &mut Truth) -> rusqlite::Result<()> {
        truth.entries += 1;
        truth.system += u64::from(matches!(one.kind, 7 | 10));
        truth.calls += u64::from(one.kind == 10);
        truth.deleted += u64::from(one.kind == 15);
        truth.places += u64::from(one.kind == 5);
        truth.replies += u64::from(one.answers.is_some());
        if self.age == Age::Old {
            return self.put_old(one);
        }
        truth.edited += u64::from(one.is_edited);
        truth.polls += u64::from(one.kind == 66);
        truth.reacted += u64::from(one.reactions > 0);
        self.put_new(one, dice)
    }

    fn put_old(&mut self, one: &Message) -> rusqlite::Result<()> {
        let sender = one.person.filter(|_| one.is_group);
        let sender =
            sender.map(|person| format!("{}@s.whatsapp.net", phone(i64::try_from(person + 1).unwrap_or(0))));
        // The old numbers: a missed call is a call that did not last, a notice has a status of its own, a poll is a text.
        let (kind, status) = match one.kind {
            7 => (0, 6),
            10 => (8, 6),
            66 => (0, 0),
            kind => (kind, 0),
        };
        if let (Some(answers), Some(quotes)) = (one.answers, &mut self.quotes) {
            quotes.execute(params![one.id, one.jid(), 0, Message::key(answers), "what was said"])?;
        }
        let text = Some(&one.text).filter(|text| !text.is_empty());
        self.main.execute(params![
            one.id,
            one.jid(),
            one.is_mine,
            Message::key(one.id),
            status,
            text.filter(|_| kind == 0),
            one.time,
            one.path.as_ref().map(|_| one.mime()),
            kind.to_string(),
            if one.kind == 7 { 5 } else { 0 },
            one.path.as_ref().and_then(|path| path.rsplit('/').next()),
            text.filter(|_| kind != 0),
            sender,
            one.is_starred,
            one.answers.map(|_| one.id),
            i64::from(one.is_forwarded),
            if one.kind == 5 { 48.5 } else { 0.0 },
            if one.kind == 5 { 9.5 } else { 0.0 },
            i64::from(one.kind == 2),
            one.path.as_ref().map(|path| java_object(&format!("/storage/emulated/0/WhatsApp/{path}"))),
        ])?;
        Ok(())
    }

    fn put_new(&mut self, one: &Message, dice: &mut Dice) -> rusqlite::Result<()> {
        let sender =
            one.person.filter(|_| one.is_group).map_or(0, |person| i64::try_from(person + 1).unwrap_or(0));
        let key = if one.is_edited || one.kind == 15 {
            format!("{}-now", Message::key(one.id))
        } else {
            Message::key(one.id)
        };
        self.main.execute(params![
            one.id,
            one.chat,
            one.is_mine,
            key,
            sender,
            i64::from(one.is_forwarded),
            i64::from(one.kind == 2),
            one.time,
            one.time + 700,
            one.kind,
            Some(&one.text).filter(|text| !text.is_empty()),
            one.is_starred,
        ])?;
        let Some(side) = &mut self.side else { return Ok(()) };
        if let Some(path) = &one.path {
            let seconds = if matches!(one.kind, 2 | 3) { 12 } else { 0 };
            side.media.execute(params![one.id, one.chat, path, 40_000, one.mime(), seconds, 1200, 900])?;
        }
        if let Some(answers) = one.answers {
            side.quoted.execute(params![
                one.id,
                one.chat,
                one.chat,
                sender,
                Message::key(answers),
                "what was said"
            ])?;
        }
        match one.kind {
            5 => drop(side.location.execute(params![one.id, one.chat, 48.5, 9.5, "By the river"])?),
            7 => drop(side.system.execute([one.id, 5])?),
            10 => drop(side.missed.execute([one.id, one.time])?),
            15 => drop(side.revoked.execute(params![one.id, Message::key(one.id)])?),
            66 => {
                side.poll.execute([one.id])?;
                for name in ["yes", "no", "maybe"] {
                    side.option.execute(params![one.id, name, i64::try_from(dice.below(5)).unwrap_or(0)])?;
                }
            }
            _ => {}
        }
        if one.is_edited {
            side.edit.execute(params![one.id, Message::key(one.id), one.time + 60_000, one.time + 59_000])?;
        }
        if one.is_forwarded {
            side.forwarded.execute([one.id])?;
        }
        if one.is_mine {
            let to = if one.is_group { 1 } else { one.chat };
            side.receipt.execute([one.id, to, one.time + 800, one.time + 90_000])?;
        }
        for reaction in 0..one.reactions {
            self.add_ons += 1;
            let from = i64::try_from(reaction).unwrap_or(0);
            let who = if one.is_group { 1 + from } else { 0 };
            let is_mine = !one.is_group && reaction > 0;
            side.add_on.execute(params![
                self.add_ons,
                one.chat,
                is_mine,
                format!("R{}", self.add_ons),
                who,
                one.id,
                one.time + 5000
            ])?;
            side.reaction.execute(params![self.add_ons, dice.pick(&["👍", "❤️", "😂"]), one.time + 5000])?;
        }
        Ok(())
    }
}
