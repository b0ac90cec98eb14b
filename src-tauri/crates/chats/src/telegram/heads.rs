//! The first walk over an export: which chats it has and what it says about them.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use serde_json::{Map, Value};

use super::scalar_text;
use super::stream::{Stop, Walk};

/// What an export says about a chat, outside of its messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) id: Option<String>,
    pub(super) has_messages: bool,
}

/// Parts of an account's export that are no chats; they stay in the original file alone.
const BESIDE: &[&str] = &[
    "contacts",
    "frequent_contacts",
    "sessions",
    "web_sessions",
    "profile_pictures",
    "profile_music",
    "stories",
    "other_data",
];
/// Contacts whose telephone numbers are remembered.
const MAX_CONTACTS: usize = 100_000;

/// What an account's export says about its owner and the people in the address book.
#[derive(Default)]
pub(super) struct Account {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    /// Telephone numbers by `user123`.
    pub(super) phones: HashMap<String, String>,
}

/// The first walk.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) heads: Vec<Head>,
    pub(super) account: Account,
    /// Elements of the parts that are no chats.
    pub(super) beside: BTreeMap<String, u64>,
}

impl Survey {
    pub(super) fn root(&mut self, walk: &mut Walk<impl Read>) -> Result<(), Stop> {
        let mut single = Head::default();
        let result = self.root_keys(walk, &mut single);
        if single.has_messages {
            self.heads.push(single);
        }
        result
    }

    fn root_keys(&mut self, walk: &mut Walk<impl Read>, single: &mut Head) -> Result<(), Stop> {
        walk.expect(b'{')?;
        let mut is_first = true;
        while walk.has_next(is_first, b'}')? {
            is_first = false;
            match walk.key()?.as_str() {
                "chats" | "left_chats" => self.list(walk)?,
                "personal_information" => {
                    let about = object(walk)?;
                    self.account.id = about.get("user_id").and_then(scalar_text);
                    self.account.name = own_name(&about);
                    self.account.phone = phone_of(&about);
                }
                key if BESIDE.contains(&key) => self.beside(walk, key)?,
                key => head_key(walk, key, single)?,
            }
        }
        Ok(())
    }

    /// Counts what is not taken in, and reads telephone numbers where contacts have an id.
    fn beside(&mut self, walk: &mut Walk<impl Read>, key: &str) -> Result<(), Stop> {
        let account = &mut self.account;
        let mut count = 0;
        each_element(walk, &mut |walk| {
            count += 1;
            if key != "contacts" || account.phones.len() >= MAX_CONTACTS {
                return walk.value(None);
            }
            let contact = object(walk)?;
            let id = contact.get("user_id").and_then(scalar_text).filter(|id| id != "0");
            if let (Some(id), Some(phone)) = (id, phone_of(&contact)) {
                account.phones.insert(format!("user{id}"), phone);
            }
            Ok(())
        })?;
        if count > 0 {
            *self.beside.entry(key.to_owned()).or_insert(0) += count;
        }
        Ok(())
    }

    fn list(&mut self, walk: &mut Walk<impl Read>) -> Result<(), Stop> {
        let heads = &mut self.heads;
        each_chat(walk, &mut |walk| {
            let mut head = Head::default();
            walk.expect(b'{')?;
            let mut is_first = true;
            let mut result = Ok(());
            while result.is_ok() {
                match walk.has_next(is_first, b'}') {
                    Ok(true) => result = walk.key().and_then(|key| head_key(walk, &key, &mut head)),
                    Ok(false) => break,
                    Err(stop) => result = Err(stop),
                }
                is_first = false;
            }
            // Kept even when cut off: the messages before the cut belong to it.
            heads.push(head);
            result
        })
    }
}

/// The number as people write it.
fn phone_of(about: &Map<String, Value>) -> Option<String> {
    let text = about.get("phone_number").and_then(scalar_text)?;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 5)
        .then(|| if text.starts_with("00") { text.trim().to_owned() } else { format!("+{digits}") })
}

fn own_name(about: &Map<String, Value>) -> Option<String> {
    let part = |key| about.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let name = format!("{} {}", part("first_name"), part("last_name"));
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn head_key(walk: &mut Walk<impl Read>, key: &str, head: &mut Head) -> Result<(), Stop> {
    match key {
        "messages" => {
            head.has_messages = walk.peek()? == b'[';
            walk.value(None)
        }
        "name" | "type" | "id" => {
            let value = small_value(walk)?;
            match key {
                "name" => head.name = value.as_str().unwrap_or_default().to_owned(),
                "type" => head.kind = value.as_str().unwrap_or_default().to_owned(),
                _ => head.id = scalar_text(&value),
            }
            Ok(())
        }
        _ => walk.value(None),
    }
}

/// Calls for each chat of `{"list": [...]}`; what is no object is passed by.
pub(super) fn each_chat<R: Read>(
    walk: &mut Walk<R>,
    each: &mut dyn FnMut(&mut Walk<R>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    each_element(walk, &mut |walk| if walk.peek()? == b'{' { each(walk) } else { walk.value(None) })
}

/// Calls for each element of `[...]` or `{"list": [...]}`.
fn each_element<R: Read>(
    walk: &mut Walk<R>,
    each: &mut dyn FnMut(&mut Walk<R>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    match walk.peek()? {
        b'[' => return elements(walk, each),
        b'{' => {}
        _ => return walk.value(None),
    }
    walk.expect(b'{')?;
    let mut is_first = true;
    while walk.has_next(is_first, b'}')? {
        is_first = false;
        if walk.key()? == "list" && walk.peek()? == b'[' {
            elements(walk, each)?;
        } else {
            walk.value(None)?;
        }
    }
    Ok(())
}

fn elements<R: Read>(
    walk: &mut Walk<R>,
    each: &mut dyn FnMut(&mut Walk<R>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    walk.expect(b'[')?;
    let mut is_first = true;
    while walk.has_next(is_first, b']')? {
        is_first = false;
        each(walk)?;
    }
    Ok(())
}

fn small_value(walk: &mut Walk<impl Read>) -> Result<Value, Stop> {
    let mut bytes = Vec::new();
    walk.value(Some(&mut bytes))?;
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn object(walk: &mut Walk<impl Read>) -> Result<Map<String, Value>, Stop> {
    if let Value::Object(object) = small_value(walk)? { Ok(object) } else { Ok(Map::new()) }
}
