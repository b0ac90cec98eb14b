//! An entry: a text message, a picture message with its parts, or a call.

use std::collections::BTreeMap;
use std::io;

use super::tags::{Stop, Tag, Tags, Text, unescape};
use crate::files::Spans;

/// Parts and addresses of one picture message.
const MAX_CHILDREN: usize = 4096;
/// Longest text of one message; longer than any phone sends.
const MAX_TEXT: u64 = 4 << 20;
/// The bytes of an entry up to this length are kept with it.
const MAX_RAW: u64 = 64 << 10;
/// Stands for the phone's own number in picture messages.
const OWN_TOKEN: &str = "insert-address-token";

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sms,
    Mms,
    Call,
}

/// A file of a picture message.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) mime: String,
    pub(super) name: Option<String>,
    pub(super) data: Option<Text>,
    /// Bytes of the content, once it was looked at; `None` when it cannot be read.
    pub(super) size: Option<u64>,
}

/// An entry of a backup.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    values: BTreeMap<String, Text>,
    /// Its files.
    pub(super) parts: Vec<Part>,
    /// Texts of a picture message.
    texts: Vec<Text>,
    /// Addresses of a picture message with what each is: 137 from, 151 to, 130 copy, 129 hidden copy.
    addresses: Vec<(String, String)>,
    pub(super) raw: Vec<u8>,
}

/// The entry whose first tag was read, with what is inside it; `None` for an element that is none.
pub(super) fn take(
    tags: &mut Tags<'_>,
    name: String,
    attributes: Vec<(String, Text)>,
    is_empty: bool,
) -> Result<Option<Entry>, Stop> {
    let kind = match name.as_str() {
        "sms" => Some(Kind::Sms),
        "mms" => Some(Kind::Mms),
        "call" => Some(Kind::Call),
        _ => None,
    };
    let mut entry = Entry {
        kind: kind.unwrap_or(Kind::Sms),
        values: attributes.into_iter().collect(),
        parts: Vec::new(),
        texts: Vec::new(),
        addresses: Vec::new(),
        raw: Vec::new(),
    };
    if !is_empty {
        entry.children(tags, name)?;
    }
    Ok(kind.map(|_| entry))
}

/// A short value that says something: these backups write `null` for nothing.
fn said(value: Option<&Text>) -> Option<&str> {
    match value {
        Some(Text::Short(text)) if text != "null" && !text.is_empty() => Some(text),
        Some(Text::Short(_) | Text::Long { .. }) | None => None,
    }
}

impl Entry {
    /// Everything up to the end of the element of this name.
    fn children(&mut self, tags: &mut Tags<'_>, name: String) -> Result<(), Stop> {
        let mut open = vec![name];
        let mut count = 0;
        while let Some(innermost) = open.last() {
            match tags.next()?.0 {
                Tag::Open { name, attributes, is_empty } => {
                    count += 1;
                    if count > MAX_CHILDREN || open.len() > 8 {
                        return Err(Stop::Damaged);
                    }
                    self.child(&name, attributes.into_iter().collect());
                    if !is_empty {
                        open.push(name);
                    }
                }
                Tag::Close(name) if name == *innermost => {
                    open.pop();
                }
                Tag::Close(_) => return Err(Stop::Damaged),
                Tag::End => return Err(Stop::CutOff),
            }
        }
        Ok(())
    }

    fn child(&mut self, name: &str, mut values: BTreeMap<String, Text>) {
        if name == "addr" {
            let value = |key| said(values.get(key)).unwrap_or_default().to_owned();
            self.addresses.push((value("address"), value("type")));
            return;
        }
        if name != "part" {
            return;
        }
        let mime = said(values.get("ct")).unwrap_or("application/octet-stream").to_owned();
        // How a phone lays out the parts; it stands in the entry's own bytes.
        if mime == "application/smil" {
            return;
        }
        if mime == "text/plain" && !values.contains_key("data") {
            self.texts.extend(values.remove("text"));
            return;
        }
        let name = ["name", "fn", "cl"].iter().find_map(|key| said(values.get(*key))).map(str::to_owned);
        let data = values.remove("data").filter(|data| *data != Text::Short("null".to_owned()));
        self.parts.push(Part { mime, name, data, size: None });
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        said(self.values.get(key))
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.value(key)?.parse().ok()
    }

    /// The text people read.
    pub(super) fn text(&self) -> String {
        let short = |text: &Text| match text {
            Text::Short(text) => text.clone(),
            Text::Long { .. } => String::new(),
        };
        match self.kind {
            // A message may well be the word null.
            Kind::Sms => self.values.get("body").map(short).unwrap_or_default(),
            Kind::Mms => self.texts.iter().map(short).collect::<Vec<_>>().join("\n"),
            Kind::Call => String::new(),
        }
    }

    /// Reads texts that are too long to be kept while walking.
    pub(super) fn read_long(&mut self, spans: &mut Spans) -> io::Result<()> {
        let texts = self.values.get_mut("body").into_iter().chain(&mut self.texts);
        for text in texts {
            if let Text::Long { offset, length } = *text {
                let length = usize::try_from(length.min(MAX_TEXT)).unwrap_or(0);
                *text = Text::Short(unescape(&spans.span(offset, length)?));
            }
        }
        Ok(())
    }

    /// Keeps the entry's own bytes, where they are no picture.
    pub(super) fn read_raw(&mut self, spans: &mut Spans, offset: u64, length: u64) -> io::Result<()> {
        if length <= MAX_RAW {
            self.raw = spans.span(offset, usize::try_from(length).unwrap_or(0))?;
        }
        Ok(())
    }

    /// Everybody but the phone's owner.
    pub(super) fn others(&self) -> Vec<String> {
        let key = if self.kind == Kind::Call { "number" } else { "address" };
        let written = self.value(key).unwrap_or_default();
        let mut others: Vec<String> = written.split('~').map(plain).filter(|one| !one.is_empty()).collect();
        if others.is_empty() {
            let known = |one: &&(String, String)| one.0 != OWN_TOKEN && !one.0.is_empty();
            others = self.addresses.iter().filter(known).map(|(address, _)| plain(address)).collect();
        }
        others.sort();
        others.dedup();
        others
    }

    /// Who sent a picture message.
    pub(super) fn from(&self) -> Option<String> {
        let from = self.addresses.iter().find(|(address, kind)| kind == "137" && address != OWN_TOKEN);
        from.map(|(address, _)| plain(address))
    }

    /// What the chat of the entry is known by.
    pub(super) fn chat_key(&self) -> String {
        self.others().join("~")
    }

    /// The name the phone's address book had.
    pub(super) fn contact(&self) -> Option<&str> {
        let key = if self.kind == Kind::Call { "name" } else { "contact_name" };
        let name = self.value(key).or_else(|| self.value("contact_name"))?;
        (!name.starts_with("(Unknown")).then_some(name)
    }
}

/// An address without the signs people put between digits; a name of a sender stays as it is.
fn plain(address: &str) -> String {
    let address = address.trim();
    let is_number =
        |sign: char| sign.is_ascii_digit() || matches!(sign, '+' | ' ' | '-' | '(' | ')' | '.' | '/');
    if address.chars().any(|sign| sign.is_ascii_digit()) && address.chars().all(is_number) {
        address.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect()
    } else {
        address.to_owned()
    }
}
