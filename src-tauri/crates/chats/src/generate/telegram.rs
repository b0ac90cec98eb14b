//! Telegram Desktop folders: `result.json` and files.

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

/// Writes a group's folder and says what is in it.
pub fn write_telegram(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut out = create(&folder.join("result.json"))?;
    let mut writer =
        Writer { dice: Dice::new(seed), truth: Truth::default(), seconds: 1_577_880_000, named: [false; 5] };
    let head = json!({ "name": "Everyone", "type": "private_supergroup", "id": 1_234_567 });
    writeln!(out, "{}", head.to_string().replace('}', ",\"messages\":["))?;
    while writer.truth.entries < entries {
        if writer.truth.entries > 0 {
            out.write_all(b",\n")?;
        }
        let entry = writer.entry(folder)?;
        serde_json::to_writer_pretty(&mut out, &entry)?;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    writer.truth.people = u64::try_from(writer.named.iter().filter(|named| **named).count()).unwrap_or(0);
    Ok(writer.truth)
}

struct Writer {
    dice: Dice,
    truth: Truth,
    seconds: i64,
    named: [bool; 5],
}

impl Writer {
    fn entry(&mut self, folder: &Path) -> io::Result<Value> {
        self.truth.entries += 1;
        self.seconds += i64::try_from(self.dice.below(900)).unwrap_or(0);
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
        let at = usize::try_from(self.dice.below(5)).unwrap_or(0);
        if let Some(named) = self.named.get_mut(at) {
            *named = true;
        }
        let (name, id) = PEOPLE.get(at).copied().unwrap_or_default();
        let (year, month, day, hour, minute, second) = civil(self.seconds + 3600);
        json!({
            "id": self.truth.entries,
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
        let name = format!("photos/photo_{}.jpg", self.truth.media_found);
        let path = folder.join(&name);
        fs::create_dir_all(folder.join("photos"))?;
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
        if self.dice.chance(60) && self.truth.entries > 1 {
            self.truth.replies += 1;
            entry["reply_to_message_id"] = json!(1 + self.dice.below(self.truth.entries - 1));
        }
        if self.dice.chance(80) {
            self.truth.reacted += 1;
            entry["reactions"] = json!([{ "type": "emoji", "count": 2, "emoji": "❤" }]);
        }
    }
}
