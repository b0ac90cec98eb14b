//! WhatsApp's databases of an iPhone or a Mac: in their folder, with the newest messages only in the write-ahead log, or in a backup of
//! the iPhone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Statement, params};

use super::media::{Scene, draw};
use super::words::{NAMES, sentence};
use super::{Dice, Truth};
use crate::plist::{self, Plist};
use crate::protobuf::Maker;

mod schema;

/// Rows a transaction takes.
const BATCH: u64 = 20_000;
const SCENES: [Scene; 4] = [Scene::River, Scene::Tulips, Scene::Boat, Scene::Night];
/// 2021-01-01, in seconds since 2001.
const START: u64 = 631_152_000;
/// Apple's epoch in seconds since 1970.
const EPOCH: u64 = 978_307_200;
const DOMAIN: &str = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared";

/// Writes `ChatStorage.sqlite` and what lies beside it into a folder, and says what is in them.
pub fn write_whatsapp_ios(folder: &Path, messages: u64, seed: u64) -> io::Result<Truth> {
    fs::create_dir_all(folder)?;
    for name in [
        "ChatStorage.sqlite",
        "ChatStorage.sqlite-wal",
        "LID.sqlite",
        "ContactsV2.sqlite",
        "CallHistory.sqlite",
    ] {
        let _ = fs::remove_file(folder.join(name));
    }
    let live = folder.join("live.sqlite");
    let truth = fill(folder, &live, messages, seed).map_err(io::Error::other)?;
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("live.sqlite{end}")));
    }
    beside(folder).map_err(io::Error::other)?;
    Ok(truth)
}

/// Turns such a folder into an iPhone's backup in another one.
pub fn write_iphone_backup(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let _ = fs::remove_file(to.join("Manifest.db"));
    let list = Connection::open(to.join("Manifest.db")).map_err(io::Error::other)?;
    list.execute_batch(schema::MANIFEST).map_err(io::Error::other)?;
    for path in files_below(from)? {
        let below = path.strip_prefix(from).map_err(io::Error::other)?;
        let below = below.to_string_lossy().replace('\\', "/");
        // On a phone the hash is SHA-1; nothing but the list says which file it is.
        let id = blake3::hash(format!("{DOMAIN}-{below}").as_bytes()).to_hex().to_string();
        let id: String = id.chars().take(40).collect();
        let place = to.join(id.chars().take(2).collect::<String>());
        fs::create_dir_all(&place)?;
        fs::copy(&path, place.join(&id))?;
        list.execute("INSERT INTO Files VALUES (?, ?, ?, 1, x'00')", params![id, DOMAIN, below])
            .map_err(io::Error::other)?;
    }
    let facts = [("IsEncrypted", Plist::Bool(false)), ("Version", Plist::Text("10.0".to_owned()))];
    let facts = Plist::Dict(facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    fs::write(to.join("Manifest.plist"), plist::write(&facts))
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}

fn fill(folder: &Path, live: &Path, messages: u64, seed: u64) -> rusqlite::Result<Truth> {
    let connection = Connection::open(live)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0; BEGIN")?;
    connection.execute_batch(schema::CHATS)?;
    chats(&connection)?;
    let calls = Connection::open(folder.join("CallHistory.sqlite"))?;
    calls.execute_batch("BEGIN")?;
    calls.execute_batch(schema::CALLS)?;
    let mut dice = Dice::new(seed);
    let mut truth = Truth::default();
    let people = u64::try_from(NAMES.len()).unwrap_or(1);
    let mut seen = vec![false; NAMES.len()];
    {
        let mut rows = Rows::begin(&connection, &calls)?;
        let mut time = START;
        for n in 0..messages {
            // What comes last is only in the log.
            let is_last = n == messages - messages / 10;
            if n > 0 && (n.is_multiple_of(BATCH) || is_last) {
                connection.execute_batch("COMMIT")?;
                if is_last {
                    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
                }
                connection.execute_batch("BEGIN")?;
            }
            time += 1 + dice.below(90);
            let chat = 1 + dice.below(people + 2);
            let mut one = Message::make(n, chat, time, &mut dice);
            one.media(folder, &mut dice, &mut truth);
            if chat > people {
                seen.fill(true);
            } else if let Some(seen) = usize::try_from(chat - 1).ok().and_then(|place| seen.get_mut(place)) {
                *seen = true;
            }
            rows.put(&one, &mut dice, &mut truth)?;
        }
    }
    truth.people = 1 + u64::try_from(seen.iter().filter(|seen| **seen).count()).unwrap_or(0);
    connection.execute_batch("COMMIT")?;
    calls.execute_batch("COMMIT")?;
    for end in ["", "-wal"] {
        let from = folder.join(format!("live.sqlite{end}"));
        let copied = fs::copy(from, folder.join(format!("ChatStorage.sqlite{end}")));
        copied.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    }
    Ok(truth)
}

/// SQLite's numbers have a sign.
fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn phone(person: u64) -> String {
    format!("49152{person:07}")
}

fn hidden(person: u64) -> String {
    format!("8{person:08}@lid")
}

/// A chat with everyone, every third under a hidden identifier, and two groups with all of them.
fn chats(connection: &Connection) -> rusqlite::Result<()> {
    let mut chat = connection.prepare(
        "INSERT INTO ZWACHATSESSION (Z_PK, ZSESSIONTYPE, ZGROUPINFO, ZCONTACTIDENTIFIER, ZCONTACTJID, ZPARTNERNAME, ZREMOVED) VALUES (?, ?, ?, ?, ?, ?, 0)",
    )?;
    let mut member = connection
        .prepare("INSERT INTO ZWAGROUPMEMBER (Z_PK, ZCHATSESSION, ZMEMBERJID, ZCONTACTNAME, ZISACTIVE) VALUES (?, ?, ?, '', 1)")?;
    let mut own = connection.prepare("INSERT INTO ZWAPROFILEPUSHNAME (ZJID, ZPUSHNAME) VALUES (?, ?)")?;
    let people = u64::try_from(NAMES.len()).unwrap_or(1);
    for (n, name) in (1_u64..).zip(NAMES) {
        let jid = format!("{}@s.whatsapp.net", phone(n));
        if n.is_multiple_of(3) {
            chat.execute(params![sql(n), 0, None::<i64>, jid, hidden(n), format!("\u{200e}{name}")])?;
        } else {
            chat.execute(params![sql(n), 0, None::<i64>, None::<String>, jid, format!("+{}", phone(n))])?;
        }
        own.execute(params![jid, name])?;
    }
    for group in 1..=2 {
        let id = people + group;
        connection.execute(
            "INSERT INTO ZWAGROUPINFO (Z_PK, ZCHATSESSION) VALUES (?, ?)",
            params![sql(group), sql(id)],
        )?;
        chat.execute(params![
            sql(id),
            1,
            sql(group),
            None::<String>,
            group_jid(group),
            format!("Group {group}")
        ])?;
        for n in 1..=people {
            // In groups most people have a hidden identifier only.
            let jid = if n.is_multiple_of(2) { hidden(n) } else { format!("{}@s.whatsapp.net", phone(n)) };
            member.execute(params![sql(group * 1000 + n), sql(id), jid])?;
        }
    }
    Ok(())
}

fn group_jid(group: u64) -> String {
    format!("12036300000000000{group}@g.us")
}

/// Who is behind hidden identifiers, and the address book.
fn beside(folder: &Path) -> rusqlite::Result<()> {
    let pairs = Connection::open(folder.join("LID.sqlite"))?;
    pairs.execute_batch(schema::HIDDEN)?;
    let contacts = Connection::open(folder.join("ContactsV2.sqlite"))?;
    contacts.execute_batch(schema::CONTACTS)?;
    for (n, name) in (1_u64..).zip(NAMES) {
        pairs.execute(
            "INSERT INTO ZWAPHONENUMBERLIDPAIR (ZLID, ZPHONENUMBER) VALUES (?, ?)",
            params![hidden(n), phone(n)],
        )?;
        if n.is_multiple_of(4) {
            let jid = format!("{}@s.whatsapp.net", phone(n));
            contacts.execute(
                "INSERT INTO ZWAADDRESSBOOKCONTACT (ZFULLNAME, ZWHATSAPPID) VALUES (?, ?)",
                params![name, jid],
            )?;
        }
    }
    Ok(())
}

/// A message before it becomes rows.
struct Message {
    id: u64,
    chat: u64,
    /// Seconds since 2001.
    time: u64,
    kind: i64,
    event: i64,
    is_mine: bool,
    is_group: bool,
    /// Number of who wrote it, from 1.
    person: u64,
    text: String,
    path: Option<String>,
    is_starred: bool,
    answers: Option<u64>,
    reactions: u64,
    is_copied: bool,
}

impl Message {
    fn make(n: u64, chat: u64, time: u64, dice: &mut Dice) -> Self {
        let people = u64::try_from(NAMES.len()).unwrap_or(1);
        let is_group = chat > people;
        let (kind, event) = match dice.below(1000) {
            0..60 => (1, 0),
            60..80 => (3, 0),
            80..86 => (2, 0),
            86..92 => (8, 0),
            92..102 => (15, 0),
            102..106 => (5, 0),
            106..108 => (46, 0),
            108..114 => (14, 0),
            114..118 => (10, 1),
            118..124 => (59, 0),
            124..130 if is_group => (6, 2),
            130..133 => (66, 0),
            // Also texts carry numbers of events, which mean nothing there.
            _ => (0, 2),
        };
        let mut text = String::new();
        if kind == 0 || (kind == 1 && dice.chance(300)) {
            sentence(dice, &mut text);
        }
        let is_notice = matches!(kind, 6 | 10);
        Self {
            id: n + 1,
            chat,
            time,
            kind,
            event,
            is_mine: !is_notice && dice.chance(450),
            is_group,
            person: if is_group { 1 + dice.below(people) } else { chat },
            text,
            path: None,
            is_starred: dice.chance(8),
            answers: (kind == 0 && n > 20 && dice.chance(80)).then(|| n - dice.below(15)),
            reactions: if kind == 0 && dice.chance(30) { 1 + dice.below(3) } else { 0 },
            is_copied: kind == 0 && dice.chance(5),
        }
    }

    fn media(&mut self, folder: &Path, dice: &mut Dice, truth: &mut Truth) {
        let end = match self.kind {
            1 => "jpg",
            2 => "mp4",
            3 => "opus",
            8 => "pdf",
            15 => "webp",
            _ => return,
        };
        let path = format!("Media/{}/{:x}/{:09}.{end}", self.jid(), self.id % 16, self.id);
        let is_there = self.kind == 1 && dice.chance(20) && truth.media_found < 200;
        let scene = dice.pick(&SCENES);
        let to = folder.join("Message").join(&path);
        let is_made = is_there
            && to.parent().map(fs::create_dir_all).transpose().is_ok()
            && fs::write(&to, draw(scene, 64, 48).to_jpeg()).is_ok();
        if is_made {
            truth.media_found += 1
        } else {
            truth.media_missing += 1
        }
        self.path = Some(path);
    }

    fn jid(&self) -> String {
        let people = u64::try_from(NAMES.len()).unwrap_or(1);
        if self.is_group {
            group_jid(self.chat - people)
        } else {
            format!("{}@s.whatsapp.net", phone(self.chat))
        }
    }

    fn stanza(id: u64) -> String {
        format!("3A{id:018X}")
    }

    fn mime(&self) -> Option<&'static str> {
        Some(match self.kind {
            1 => "image/jpeg",
            2 => "video/mp4",
            3 => "audio/ogg; codecs=opus",
            8 => "application/pdf",
            15 => "image/webp",
            _ => return None,
        })
    }

    /// What WhatsApp keeps in its own form: what is quoted, how long a call was.
    fn metadata(&self) -> Option<Vec<u8>> {
        if let Some(answers) = self.answers {
            let quoted = Maker::default().text(1, "what was said");
            let who = format!("{}@s.whatsapp.net", phone(1));
            let made = Maker::default().text(5, &Self::stanza(answers)).text(6, &who).inside(19, quoted);
            return Some(made.done());
        }
        let call = Maker::default().number(3, self.id % 300);
        (self.kind == 59).then(|| Maker::default().inside(87, Maker::default().inside(1, call)).done())
    }

    /// Reactions and votes.
    fn receipt_info(&self, dice: &mut Dice) -> Option<Vec<u8>> {
        let ms = (EPOCH + self.time) * 1000 + 5000;
        if self.kind == 46 {
            let option = |text: &str| Maker::default().text(1, text);
            let vote = |who: u64, choice: u64| {
                let who = hidden(who);
                Maker::default().number(1, choice).number(2, ms).text(3, "VOTE").text(4, &who)
            };
            let poll = Maker::default()
                .text(2, "Which day?")
                .inside(3, option("Friday"))
                .inside(3, option("Saturday"));
            let poll = poll.inside(5, vote(2, 0)).inside(5, vote(4, 1));
            let own = Maker::default().number(1, 1).number(2, ms).text(3, "OWN");
            return Some(Maker::default().inside(8, poll.inside(6, own)).done());
        }
        if self.reactions == 0 {
            return None;
        }
        let mut group = Maker::default();
        for n in 0..self.reactions {
            let sign = dice.pick(&["👍", "❤️", "😂"]);
            let who = if self.is_group {
                hidden(2 + n * 2)
            } else {
                format!("{}@s.whatsapp.net", phone(self.chat))
            };
            group = if n == 1 {
                group.inside(2, Maker::default().text(1, "KEY").text(2, sign).number(3, ms))
            } else {
                group.inside(1, Maker::default().text(1, "KEY").text(2, &who).text(3, sign).number(4, ms))
            };
        }
        Some(Maker::default().number(4, 1).inside(7, group).done())
    }
}

/// Statements for the rows of one message.
struct Rows<'a> {
    main: Statement<'a>,
    media: Statement<'a>,
    info: Statement<'a>,
    call: Statement<'a>,
    calls: Statement<'a>,
    other: Statement<'a>,
    copies: u64,
}

impl<'a> Rows<'a> {
    fn begin(chats: &'a Connection, calls: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            main: chats.prepare(schema::INSERT_MESSAGE)?,
            media: chats.prepare(schema::INSERT_MEDIA)?,
            info: chats.prepare("INSERT INTO ZWAMESSAGEINFO (Z_PK, ZMESSAGE, ZRECEIPTINFO) VALUES (?, ?, ?)")?,
            call: calls.prepare(
                "INSERT INTO ZWACDCALLEVENT (Z_PK, ZOUTCOME, Z1CALLEVENTS, ZDATE, ZDURATION, ZCALLIDSTRING, ZGROUPCALLCREATORUSERJIDSTRING, ZGROUPJIDSTRING) VALUES (?1, 0, ?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            calls: calls
                .prepare("INSERT INTO ZWAAGGREGATECALLEVENT (Z_PK, ZINCOMING, ZMISSED, ZVIDEO, ZFIRSTDATE) VALUES (?, ?, 0, ?, ?)")?,
            other: calls.prepare("INSERT INTO ZWACDCALLEVENTPARTICIPANT (Z1PARTICIPANTS, ZJIDSTRING) VALUES (?, ?)")?,
            copies: 0,
        })
    }

    fn put(&mut self, one: &Message, dice: &mut Dice, truth: &mut Truth) -> rusqlite::Result<()> {
        if one.kind == 66 {
            truth.hidden += 1;
        } else {
            truth.entries += 1;
        }
        let is_call = one.kind == 59 || (one.kind == 10 && one.event == 1);
        truth.system += u64::from(is_call || one.kind == 6);
        truth.calls += u64::from(is_call);
        truth.deleted += u64::from(one.kind == 14);
        truth.places += u64::from(one.kind == 5);
        truth.polls += u64::from(one.kind == 46);
        truth.replies += u64::from(one.answers.is_some());
        truth.reacted += u64::from(one.reactions > 0);
        let (metadata, info) = (one.metadata(), one.receipt_info(dice));
        let has_media = one.path.is_some() || one.kind == 5 || metadata.is_some();
        self.put_message(one, one.id, has_media, info.is_some())?;
        if has_media {
            self.put_media(one, metadata)?;
        }
        if let Some(info) = info {
            self.info.execute(params![sql(one.id), sql(one.id), info])?;
        }
        if one.is_copied {
            self.copies += 1;
            truth.hidden += 1;
            self.put_message(one, 10_000_000 + self.copies, false, false)?;
        }
        // Some calls are in the log too, some only there.
        if one.kind == 59 && one.id.is_multiple_of(2) {
            self.put_call(one, one.time + 2)?;
        }
        if one.id % 400 == 7 {
            truth.entries += 1;
            truth.system += 1;
            truth.calls += 1;
            self.put_call(one, one.time + 100_000_000)?;
        }
        Ok(())
    }

    fn put_message(
        &mut self,
        one: &Message,
        id: u64,
        has_media: bool,
        has_info: bool,
    ) -> rusqlite::Result<()> {
        let is_copy = id != one.id;
        let sort = sql(id);
        let people = u64::try_from(NAMES.len()).unwrap_or(1);
        let member = (one.is_group && !one.is_mine).then(|| (one.chat - people) * 1000 + one.person);
        self.main.execute(params![
            sql(id),
            16_777_216,
            one.event,
            one.is_mine,
            one.kind,
            if is_copy { -sort } else { sort },
            one.is_starred,
            sql(one.chat),
            member.map(sql),
            has_media.then_some(sql(one.id)),
            has_info.then_some(sql(one.id)),
            sql(one.time),
            (!one.is_mine).then(|| one.jid()),
            // Some notices have no id of their own.
            (one.kind != 6 || one.id.is_multiple_of(2)).then(|| Message::stanza(one.id)),
            Some(&one.text).filter(|text| !text.is_empty()),
        ])?;
        Ok(())
    }

    fn put_media(&mut self, one: &Message, metadata: Option<Vec<u8>>) -> rusqlite::Result<()> {
        // Of pictures the columns of places count pixels.
        let (latitude, longitude) = if one.kind == 5 { (48.5, 9.5) } else { (1200.0, 900.0) };
        let is_sound = matches!(one.kind, 2 | 3);
        self.media.execute(params![
            sql(one.id),
            if one.path.is_some() { 40_000 } else { 0 },
            i64::from(one.kind == 3),
            if is_sound { 12 } else { 0 },
            sql(one.id),
            latitude,
            longitude,
            one.path,
            if one.kind == 5 { Some("By the river") } else { None },
            "aGFzaCBvZiBhIGZpbGUgdGhhdCBpcyBub3QgdGhlcmU=",
            one.mime(),
            metadata,
        ])?;
        Ok(())
    }

    fn put_call(&mut self, one: &Message, time: u64) -> rusqlite::Result<()> {
        let other = format!("{}@s.whatsapp.net", phone(one.person));
        self.calls.execute(params![sql(one.id), !one.is_mine, one.id.is_multiple_of(5), sql(time)])?;
        self.call.execute(params![
            sql(one.id),
            sql(time),
            f64::from(u8::try_from(one.id % 200).unwrap_or(0)),
            format!("CALL{:012X}", one.id),
            if one.is_mine { None } else { Some(&other) },
            one.is_group.then(|| one.jid()),
        ])?;
        self.other.execute(params![sql(one.id), other])?;
        Ok(())
    }
}
