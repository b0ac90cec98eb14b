//! The first walk over an export: which chats it has and what it says about them.

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

/// The first walk.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) heads: Vec<Head>,
    pub(super) own_id: Option<String>,
    pub(super) own_name: Option<String>,
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
                    self.own_id = about.get("user_id").and_then(scalar_text);
                    self.own_name = own_name(&about);
                }
                key => head_key(walk, key, single)?,
            }
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

/// Calls for the value of each element of `{"list": [...]}`.
pub(super) fn each_chat<R: Read>(
    walk: &mut Walk<R>,
    each: &mut dyn FnMut(&mut Walk<R>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    if walk.peek()? != b'{' {
        return walk.value(None);
    }
    walk.expect(b'{')?;
    let mut is_first = true;
    while walk.has_next(is_first, b'}')? {
        is_first = false;
        if walk.key()? != "list" || walk.peek()? != b'[' {
            walk.value(None)?;
            continue;
        }
        walk.expect(b'[')?;
        let mut is_first_chat = true;
        while walk.has_next(is_first_chat, b']')? {
            is_first_chat = false;
            if walk.peek()? == b'{' { each(walk)? } else { walk.value(None)? }
        }
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
