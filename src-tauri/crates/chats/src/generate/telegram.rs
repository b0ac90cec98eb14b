//! Telegram Desktop folders of one chat and of a whole account: `result.json` and files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::media::{Scene, draw};
use super::words::sentence;
use super::{Dice, Truth, civil, create};

const SCENES: [Scene; 4] = [Scene::River, Scene::Tulips, Scene::Boat, Scene::Night];
const PEOPLE: [(&str, &str); 5] = [
    ("Mira", "user101"),
    ("Jonas Weber", "user102"),
    ("سلمى", "user103"),
    ("Олена", "user104"),
    ("花子", "user105"),
];

/// The owner of a generated account.
const OWNER: (&str, &str) = ("Sam Okafor", "user100");

/// Writes a group's folder and says what is in it.
pub fn write_telegram(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut out = create(&folder.join("result.json"))?;
    let mut writer = Writer::new(seed);
    let head = json!({ "name": "Everyone", "type": "private_supergroup", "id": 1_234_567 });
    writeln!(out, "{}", head.to_string().replace('}', ",\"messages\":["))?;
    writer.entries(&mut out, folder, entries)?;
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    Ok(writer.done())
}

/// Writes the folder of a whole account, with its media below `chats/chat_NN/`, and says what is in it.
pub fn write_telegram_account(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut out = create(&folder.join("result.json"))?;
    let mut writer = Writer::new(seed);
    let own = json!({
        "about": "Here is the data you requested.",
        "personal_information": { "user_id": 100, "first_name": "Sam", "last_name": "Okafor", "phone_number": "+351 912 000 100" },
        "contacts": { "about": "Your contacts", "list": [{ "user_id": 101, "first_name": "Mira", "phone_number": "+46 70 000 101" }] },
        "sessions": { "about": "Your sessions", "list": [{ "platform": "Linux" }, { "platform": "Android" }] },
    });
    let own = own.to_string();
    writeln!(out, "{},\"chats\":{{\"about\":\"\",\"list\":[", own.strip_suffix('}').unwrap_or(&own))?;
    let chats = 6 + (entries / 2000).min(194);
    for chat in 0..chats {
        if chat > 0 {
            out.write_all(b",\n")?;
        }
        writer.chat(&mut out, folder, chat, entries * (chat + 1) / (chats + 1))?;
    }
    out.write_all(b"\n]},\"left_chats\":{\"about\":\"\",\"list\":[\n")?;
    writer.chat(&mut out, folder, chats, entries)?;
    out.write_all(b"\n]}}\n")?;
    out.flush()?;
    Ok(writer.done())
}

struct Writer {
    dice: Dice,
    truth: Truth,
    seconds: i64,
    /// Who writes in the chat at hand.
    people: Vec<(&'static str, String)>,
    named: BTreeSet<String>,
    /// Entries before the chat at hand.
    before: u64,
    /// Below the folder, where the files of the chat at hand lie.
    below: String,
    is_account: bool,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            truth: Truth::default(),
            seconds: 1_577_880_000,
            people: PEOPLE.iter().map(|(name, id)| (*name, (*id).to_owned())).collect(),
            named: BTreeSet::new(),
            before: 0,
            below: String::new(),
            is_account: false,
        }
    }

    fn done(mut self) -> Truth {
        self.truth.people = u64::try_from(self.named.len()).unwrap_or(0);
        self.truth
    }

    /// A chat of an account, until there are `entries` in all.
    fn chat(&mut self, out: &mut impl Write, folder: &Path, chat: u64, entries: u64) -> io::Result<()> {
        let owner = (OWNER.0, OWNER.1.to_owned());
        let id = 200 + chat;
        let other = self.dice.pick(&PEOPLE).0;
        let all =
            || PEOPLE.iter().map(|(name, id)| (*name, (*id).to_owned())).chain([owner.clone()]).collect();
        let (kind, name, people) = match chat % 6 {
            0 => ("personal_chat", json!(other), vec![(other, format!("user{id}")), owner.clone()]),
            1 => ("saved_messages", json!(null), vec![owner.clone()]),
            2 => ("private_group", json!(format!("Group {chat}")), all()),
            3 => ("public_supergroup", json!(format!("Town {chat}")), all()),
            4 => ("public_channel", json!("News"), vec![("News", format!("channel{id}"))]),
            _ => ("bot_chat", json!("Weather"), vec![("Weather", format!("user{id}")), owner.clone()]),
        };
        self.people = people;
        self.before = self.truth.entries;
        self.below = format!("chats/chat_{:02}/", chat + 1);
        self.is_account = true;
        let mut head = json!({ "type": kind, "id": id });
        if !name.is_null() {
            head["name"] = name;
        }
        let head = head.to_string();
        write!(out, "{},\"messages\":[", head.strip_suffix('}').unwrap_or(&head))?;
        self.entries(out, folder, entries)?;
        out.write_all(b"]}")
    }

    fn entries(&mut self, out: &mut impl Write, folder: &Path, entries: u64) -> io::Result<()> {
        while self.truth.entries < entries {
            if self.truth.entries > self.before {
                out.write_all(b",\n")?;
            }
            let entry = self.entry(folder)?;
            serde_json::to_writer_pretty(&mut *out, &entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Path) -> io::Result<Value> {
        self.truth.entries += 1;
        self.seconds += i64::try_from(self.dice.below(900)).unwrap_or(0);
        if self.is_account && self.dice.chance(3) {
            self.truth.unsupported += 1;
            return Ok(json!({ "id": self.truth.entries - self.before, "type": "unsupported" }));
        }
        let mut entry = self.common();
        match self.dice.below(1000) {
            0..10 => self.service(&mut entry),
            10..16 => self.call(&mut entry),
            16..36 => self.photo(&mut entry, folder)?,
            36..46 => self.absent(&mut entry),
            46..48 => self.poll(&mut entry),
            48..52 => self.place(&mut entry),
            _ => self.text(&mut entry),
        }
        self.extras(&mut entry);
        Ok(entry)
    }

    fn common(&mut self) -> Value {
        let at = self.dice.below(u64::try_from(self.people.len()).unwrap_or(1));
        let at = usize::try_from(at).unwrap_or(0);
        let (name, id) = self.people.get(at).cloned().unwrap_or_default();
        self.named.insert(id.clone());
        let (year, month, day, hour, minute, second) = civil(self.seconds + 3600);
        json!({
            "id": self.truth.entries - self.before,
            "type": "message",
            "date": format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
            "date_unixtime": self.seconds.to_string(),
            "from": name,
            "from_id": id,
            "text": "",
            "text_entities": [],
        })
    }

    fn text(&mut self, entry: &mut Value) {
        let mut text = String::new();
        sentence(&mut self.dice, &mut text);
        if self.dice.chance(200) {
            let pieces = json!([
                { "type": "plain", "text": format!("{text} ") },
                { "type": "link", "text": "https://example.org/walk" },
            ]);
            entry["text"] =
                json!([format!("{text} "), { "type": "link", "text": "https://example.org/walk" }]);
            entry["text_entities"] = pieces;
        } else {
            entry["text_entities"] = json!([{ "type": "plain", "text": text }]);
            entry["text"] = Value::from(text);
        }
    }

    fn service(&mut self, entry: &mut Value) {
        self.truth.system += 1;
        self.make_service(entry, "pin_message");
        entry["message_id"] = json!(1);
    }

    fn call(&mut self, entry: &mut Value) {
        self.truth.system += 1;
        self.truth.calls += 1;
        self.make_service(entry, "group_call");
        entry["duration"] = json!(self.dice.below(3600));
    }

    fn make_service(&mut self, entry: &mut Value, action: &str) {
        entry["type"] = Value::from("service");
        entry["action"] = Value::from(action);
        entry["actor"] = entry["from"].take();
        entry["actor_id"] = entry["from_id"].take();
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("from");
            entry.remove("from_id");
        }
    }

    fn photo(&mut self, entry: &mut Value, folder: &Path) -> io::Result<()> {
        self.truth.media_found += 1;
        let name = format!("{}photos/photo_{}.jpg", self.below, self.truth.media_found);
        let path = folder.join(&name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let bytes = draw(self.dice.pick(&SCENES), 64, 48).to_jpeg();
        entry["photo_file_size"] = json!(bytes.len());
        fs::write(path, bytes)?;
        entry["photo"] = Value::from(name);
        entry["width"] = json!(64);
        entry["height"] = json!(48);
        Ok(())
    }

    fn absent(&mut self, entry: &mut Value) {
        self.truth.media_missing += 1;
        entry["file"] = Value::from("(File not included. Change data exporting settings to download.)");
        entry["file_name"] = Value::from("film.mp4");
        entry["media_type"] = Value::from("video_file");
        entry["mime_type"] = Value::from("video/mp4");
        entry["duration_seconds"] = json!(12);
    }

    fn poll(&mut self, entry: &mut Value) {
        self.truth.polls += 1;
        entry["poll"] = json!({
            "question": "Friday or Saturday?",
            "closed": false,
            "total_voters": 3,
            "answers": [
                { "text": "Friday", "voters": 2, "chosen": true },
                { "text": "Saturday", "voters": 1, "chosen": false },
            ],
        });
    }

    fn place(&mut self, entry: &mut Value) {
        self.truth.places += 1;
        entry["location_information"] = json!({ "latitude": 41.14, "longitude": -8.61 });
    }

    fn extras(&mut self, entry: &mut Value) {
        if entry["type"] != "message" {
            return;
        }
        if self.dice.chance(30) {
            self.truth.edited += 1;
            entry["edited_unixtime"] = Value::from((self.seconds + 60).to_string());
        }
        if self.dice.chance(60) && self.truth.entries - self.before > 1 {
            self.truth.replies += 1;
            entry["reply_to_message_id"] = json!(1 + self.dice.below(self.truth.entries - self.before - 1));
        }
        if self.dice.chance(80) {
            self.truth.reacted += 1;
            entry["reactions"] = json!([{ "type": "emoji", "count": 2, "emoji": "❤" }]);
        }
    }
}
