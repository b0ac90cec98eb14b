//! Signal's plaintext export: `main.jsonl` and files named by a hash.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::media::{Scene, draw};
use super::words::sentence;
use super::{Dice, Truth, create};
use crate::base64::encode as base64;

/// Numbers of recipients in a generated export.
const SELF: u64 = 1;
const FIRST_CONTACT: u64 = 4;
const CONTACTS: [&str; 5] = ["Mira", "Jonas", "سلمى", "Олена", "花子"];
const GROUP: u64 = 20;
/// Chats: one with each contact, the group, notes to oneself.
const CHATS: u64 = 7;

/// Writes the folder of an export and says what is in it.
pub fn write_signal_export(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut out = create(&folder.join("main.jsonl"))?;
    fs::write(folder.join("metadata.json"), "{\"version\":1}")?;
    let mut writer = Writer::new(folder, seed);
    let mut line = |frame: &Value| writeln!(out, "{frame}");
    line(
        &json!({ "version": "1", "backupTimeMs": "1764000000000", "mediaRootBackupKey": base64(&[7; 32]) }),
    )?;
    for frame in writer.heads() {
        line(&frame)?;
    }
    while writer.truth.entries < entries {
        let item = writer.item()?;
        line(&json!({ "chatItem": item }))?;
    }
    line(&json!({ "stickerPack": { "packId": base64(&[1; 16]), "packKey": base64(&[2; 32]) } }))?;
    out.flush()?;
    writer.truth.people = u64::try_from(writer.met.len()).unwrap_or(0);
    Ok(writer.truth)
}

struct Writer<'a> {
    folder: &'a Path,
    dice: Dice,
    truth: Truth,
    ms: u64,
    met: BTreeSet<u64>,
    /// The last message of each chat: when and by whom.
    last: [Option<(u64, u64)>; 8],
}

impl<'a> Writer<'a> {
    fn new(folder: &'a Path, seed: u64) -> Self {
        let (truth, met) = (Truth::default(), BTreeSet::new());
        Self { folder, dice: Dice::new(seed), truth, ms: 1_577_880_000_000, met, last: [None; 8] }
    }

    /// Frames before the items: the account, everybody, every chat.
    fn heads(&self) -> Vec<Value> {
        let recipient =
            |id: u64, kind: &str, about: Value| json!({ "recipient": { "id": id.to_string(), kind: about } });
        let mut frames = vec![
            json!({ "account": { "profileKey": base64(&[3; 32]), "givenName": "Sam", "familyName": "Okafor" } }),
            recipient(SELF, "self", json!({})),
            recipient(2, "releaseNotes", json!({})),
        ];
        for (id, name) in (FIRST_CONTACT..).zip(CONTACTS) {
            let contact = json!({ "aci": base64(&aci(id)), "e164": (351_912_000_000 + id).to_string(), "profileGivenName": name });
            frames.push(recipient(id, "contact", contact));
        }
        let members: Vec<Value> =
            contacts().map(|id| json!({ "userId": base64(&aci(id)), "role": "DEFAULT" })).collect();
        let snapshot = json!({ "title": { "title": "Everyone" }, "members": members });
        frames.push(recipient(
            GROUP,
            "group",
            json!({ "masterKey": base64(&[9; 32]), "snapshot": snapshot }),
        ));
        frames.extend(
            (1..=CHATS)
                .map(|id| json!({ "chat": { "id": id.to_string(), "recipientId": with(id).to_string() } })),
        );
        frames
    }

    fn item(&mut self) -> io::Result<Value> {
        self.truth.entries += 1;
        self.ms += 1 + self.dice.below(600_000);
        let chat = 1 + self.dice.below(CHATS);
        let author = self.author(chat);
        let mut item = json!({ "chatId": chat.to_string(), "authorId": author.to_string(), "dateSent": self.ms.to_string() });
        match self.dice.below(1000) {
            0..10 => self.update(&mut item),
            10..20 => self.call(&mut item, author),
            other => {
                self.meet(author);
                self.direction(&mut item, chat, author);
                self.message(&mut item, chat, author, other)?;
            }
        }
        Ok(item)
    }

    /// Somebody of the chat; those in it are met by its being there.
    fn author(&mut self, chat: u64) -> u64 {
        let (first, all): (u64, Vec<u64>) = match with(chat) {
            SELF => (SELF, vec![SELF]),
            GROUP => (SELF, contacts().collect()),
            contact => (SELF, vec![contact]),
        };
        self.met.extend(all.iter().copied());
        if self.dice.chance(400) { first } else { self.dice.pick(&all) }
    }

    fn meet(&mut self, id: u64) {
        self.met.insert(id);
    }

    fn direction(&mut self, item: &mut Value, chat: u64, author: u64) {
        if author == SELF {
            let to: Vec<u64> = match with(chat) {
                GROUP => contacts().collect(),
                other => vec![other],
            };
            let status = |id: &u64| json!({ "recipientId": id.to_string(), "timestamp": (self.ms + 900).to_string(), "read": {} });
            item["outgoing"] = json!({ "sendStatus": to.iter().map(status).collect::<Vec<_>>() });
        } else {
            item["incoming"] = json!({ "dateReceived": (self.ms + 50).to_string(), "read": true });
        }
    }

    fn message(&mut self, item: &mut Value, chat: u64, author: u64, kind: u64) -> io::Result<()> {
        match kind {
            20..30 => {
                self.truth.deleted += 1;
                item["remoteDeletedMessage"] = json!({});
            }
            30..34 => self.poll(item),
            34..44 => {
                self.truth.media_omitted += 1;
                item["viewOnceMessage"] = json!({});
            }
            44..47 => {
                self.truth.unsupported += 1;
                item["giftBadge"] = json!({ "state": "OPENED" });
            }
            47..57 => {
                item["stickerMessage"] = json!({ "sticker": { "emoji": "🌻", "data": self.file(true)? } })
            }
            _ => self.standard(item, chat, author)?,
        }
        Ok(())
    }

    fn standard(&mut self, item: &mut Value, chat: u64, author: u64) -> io::Result<()> {
        let mut message = json!({ "text": { "body": self.sentence() } });
        if self.dice.chance(30) {
            let is_here = self.dice.chance(700);
            message["attachments"] = json!([{ "pointer": self.file(is_here)?, "wasDownloaded": is_here }]);
        }
        if self.dice.chance(80) {
            self.truth.reacted += 1;
            self.meet(SELF);
            message["reactions"] = json!([{ "emoji": "❤", "authorId": "1", "sentTimestamp": self.ms.to_string(), "sortOrder": "1" }]);
        }
        let place = usize::try_from(chat).unwrap_or(0);
        if let Some((sent, by)) = self.last.get(place).copied().flatten()
            && self.dice.chance(60)
        {
            self.truth.replies += 1;
            self.meet(by);
            message["quote"] = json!({ "targetSentTimestamp": sent.to_string(), "authorId": by.to_string(), "text": { "body": "…" } });
        }
        if let Some(last) = self.last.get_mut(place) {
            *last = Some((self.ms, author));
        }
        if self.dice.chance(30) {
            self.truth.edited += 1;
            let mut before = item.clone();
            before["dateSent"] = json!(self.ms.to_string());
            before["standardMessage"] = json!({ "text": { "body": self.sentence() } });
            self.ms += 1000;
            item["dateSent"] = json!(self.ms.to_string());
            item["revisions"] = json!([before]);
        }
        item["standardMessage"] = message;
        Ok(())
    }

    fn sentence(&mut self) -> String {
        let mut text = String::new();
        sentence(&mut self.dice, &mut text);
        text
    }

    fn update(&mut self, item: &mut Value) {
        self.truth.system += 1;
        item["directionless"] = json!({});
        item["updateMessage"] = json!({ "simpleUpdate": { "type": "IDENTITY_UPDATE" } });
    }

    fn call(&mut self, item: &mut Value, author: u64) {
        self.truth.system += 1;
        self.truth.calls += 1;
        self.meet(author);
        let direction = if author == SELF { "OUTGOING" } else { "INCOMING" };
        item["directionless"] = json!({});
        item["updateMessage"] = json!({ "individualCall": { "type": "VIDEO_CALL", "direction": direction, "state": "ACCEPTED" } });
    }

    fn poll(&mut self, item: &mut Value) {
        self.truth.polls += 1;
        self.meet(SELF);
        item["poll"] = json!({ "question": "Friday or Saturday?", "options": [
            { "option": "Friday", "votes": [{ "voterId": "1", "voteCount": 1 }] },
            { "option": "Saturday" },
        ] });
    }

    /// A picture with its key and hash; in the folder, or only named.
    fn file(&mut self, is_here: bool) -> io::Result<Value> {
        let number = self.truth.media_found + self.truth.media_missing;
        let content = [draw(Scene::River, 32, 24).to_jpeg(), number.to_be_bytes().to_vec()].concat();
        let hash = Sha256::digest(&content);
        let key = [Sha256::digest(number.to_be_bytes()), Sha256::digest(hash)].concat();
        let name = crate::record::hex(&Sha256::digest([hash.as_slice(), &key].concat()));
        if is_here {
            self.truth.media_found += 1;
            let below = self.folder.join("files").join(name.get(..2).unwrap_or_default());
            fs::create_dir_all(&below)?;
            fs::write(below.join(format!("{name}.jpeg")), &content)?;
        } else {
            self.truth.media_missing += 1;
        }
        Ok(json!({
            "contentType": "image/jpeg",
            "locatorInfo": { "key": base64(&[5; 64]), "plaintextHash": base64(&hash), "localKey": base64(&key), "size": content.len() },
        }))
    }
}

fn contacts() -> impl Iterator<Item = u64> {
    (FIRST_CONTACT..).zip(CONTACTS).map(|(id, _)| id)
}

/// Whom a chat is with.
fn with(chat: u64) -> u64 {
    match chat {
        6 => GROUP,
        7 => SELF,
        other => FIRST_CONTACT + other - 1,
    }
}

fn aci(id: u64) -> [u8; 16] {
    let mut bytes = [0xac; 16];
    if let Some(last) = bytes.last_mut() {
        *last = u8::try_from(id).unwrap_or(0);
    }
    bytes
}
