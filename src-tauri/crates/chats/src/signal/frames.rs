//! The frames of an export one after the other, and again at their places.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::part::number;
use super::proto;
use crate::error::ChatError;
use crate::files::Spans;
use crate::source::{Cancel, Damage};

/// Longest frame: a message has 64 KiB of text at most, and a group a thousand members.
const MAX_FRAME: u64 = 32 << 20;
/// Frames between two looks at the switch that stops.
const STEP: u64 = 1024;

/// Where a frame stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) offset: u64,
    pub(super) length: u32,
    /// Its number, from 1: the number of its line.
    pub(super) number: u32,
}

/// What a frame is, as far as the first walk needs to know.
pub(super) enum Peek {
    /// The chat an item belongs to.
    Item(u64),
    /// The recipient a call belongs to that has no chat.
    Call(u64),
    /// Account, recipient, chat and the rest, whole: name and content.
    Other(String, Map<String, Value>),
    /// A frame without content.
    Empty,
}

/// How frames stand in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A line of JSON each.
    Lines,
    /// Protocol buffers, each behind its length.
    Delimited,
}

impl Form {
    /// What one of them is called where its number is said.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Lines => "line",
            Self::Delimited => "frame",
        }
    }
}

/// An export that is open.
pub(super) struct Frames {
    spans: Spans,
    pub(super) form: Form,
}

/// How a walk ended.
pub(super) enum End {
    Whole,
    Damaged(Damage),
    Cancelled,
}

impl Frames {
    pub(super) fn new(spans: Spans, form: Form) -> Self {
        Self { spans, form }
    }

    /// Where a frame stands, for people to read.
    pub(super) fn place(&self, at: At) -> String {
        format!("{} {}", self.form.word(), at.number)
    }

    /// Calls for every frame after the first; that one is about the export itself.
    pub(super) fn each(
        &mut self,
        cancel: &Cancel,
        each: &mut dyn FnMut(At, &[u8]),
    ) -> Result<End, ChatError> {
        match self.form {
            Form::Lines => self.each_line(cancel, each),
            Form::Delimited => self.each_delimited(cancel, each),
        }
    }

    fn each_delimited(&mut self, cancel: &Cancel, each: &mut dyn FnMut(At, &[u8])) -> Result<End, ChatError> {
        let mut input = BufReader::with_capacity(256 << 10, self.spans.reader());
        let mut frame = Vec::new();
        let (mut offset, mut number) = (0_u64, 0_u32);
        loop {
            let cut = End::Damaged(Damage { is_cut_off: true, at: offset });
            let (length, head) = match length_of(&mut input)? {
                Length::End => return Ok(End::Whole),
                Length::Broken => return Ok(cut),
                Length::Of(length, head) => (length, head),
            };
            if length > MAX_FRAME {
                return Err(ChatError::EntryTooBig { at: offset, limit: MAX_FRAME });
            }
            frame.clear();
            (&mut input).take(length).read_to_end(&mut frame)?;
            if u64::try_from(frame.len()).ok() != Some(length) {
                return Ok(cut);
            }
            offset += head;
            number = number.saturating_add(1);
            if number > 1 {
                each(At { offset, length: u32::try_from(length).unwrap_or(u32::MAX), number }, &frame);
            }
            offset += length;
            if u64::from(number).is_multiple_of(STEP) && cancel.is_cancelled() {
                return Ok(End::Cancelled);
            }
        }
    }

    fn each_line(&mut self, cancel: &Cancel, each: &mut dyn FnMut(At, &[u8])) -> Result<End, ChatError> {
        let mut input = BufReader::with_capacity(256 << 10, self.spans.reader());
        let mut line = Vec::new();
        let mut offset = 0;
        let mut number: u32 = 0;
        loop {
            line.clear();
            let taken = (&mut input).take(MAX_FRAME + 1).read_until(b'\n', &mut line)?;
            let length = u64::try_from(taken).unwrap_or(u64::MAX);
            if length > MAX_FRAME {
                return Err(ChatError::EntryTooBig { at: offset, limit: MAX_FRAME });
            }
            if length == 0 {
                return Ok(End::Whole);
            }
            number = number.saturating_add(1);
            let frame = line.trim_ascii();
            // Only a file that was cut off ends inside a line that is no JSON.
            let is_cut = line.last() != Some(&b'\n') && serde_json::from_slice::<IgnoredAny>(frame).is_err();
            if is_cut {
                return Ok(End::Damaged(Damage { is_cut_off: true, at: offset + length }));
            }
            if number > 1 && !frame.is_empty() {
                let at = At { offset, length: u32::try_from(taken).unwrap_or(u32::MAX), number };
                each(at, frame);
            }
            offset += length;
            if u64::from(number).is_multiple_of(STEP) && cancel.is_cancelled() {
                return Ok(End::Cancelled);
            }
        }
    }

    /// The bytes of a frame that was walked over.
    pub(super) fn bytes(&mut self, at: At) -> Result<Vec<u8>, ChatError> {
        let length = usize::try_from(at.length).unwrap_or(0);
        let bytes = self.spans.span(at.offset, length)?;
        // Blanks around a line are not the frame's; bytes of the other form all are.
        Ok(if self.form == Form::Lines { bytes.trim_ascii().to_vec() } else { bytes })
    }

    /// A frame in JSON; `None` when it is none.
    pub(super) fn parse(&self, frame: &[u8]) -> Option<Map<String, Value>> {
        match self.form {
            Form::Lines => serde_json::from_slice(frame).ok(),
            Form::Delimited => proto::frame(frame),
        }
    }
}

/// The length before a frame.
enum Length {
    End,
    Broken,
    /// It, and the bytes it takes itself.
    Of(u64, u64),
}

fn length_of(input: &mut impl Read) -> Result<Length, ChatError> {
    let mut bytes = Vec::new();
    while bytes.len() < 10 {
        let mut byte = [0];
        if input.read(&mut byte)? == 0 {
            return Ok(if bytes.is_empty() { Length::End } else { Length::Broken });
        }
        bytes.extend(byte);
        if byte.iter().all(|byte| byte & 0x80 == 0) {
            break;
        }
    }
    let head = u64::try_from(bytes.len()).unwrap_or(0);
    Ok(proto::varint(&mut bytes.as_slice()).map_or(Length::Broken, |length| Length::Of(length, head)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    chat_item: Option<ItemOutline>,
    ad_hoc_call: Option<CallOutline>,
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemOutline {
    #[serde(default)]
    chat_id: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallOutline {
    #[serde(default)]
    recipient_id: Value,
}

/// What a frame is; `None` when it cannot be read.
pub(super) fn peek(frame: &[u8], form: Form) -> Option<Peek> {
    if form == Form::Delimited {
        return peek_json(proto::frame(frame)?);
    }
    let outline: Outline = serde_json::from_slice(frame).ok()?;
    if let Some(item) = outline.chat_item {
        return Some(Peek::Item(number(&item.chat_id).unwrap_or(0)));
    }
    if let Some(call) = outline.ad_hoc_call {
        return Some(Peek::Call(number(&call.recipient_id).unwrap_or(0)));
    }
    Some(other(outline.other.into_iter().next()))
}

fn peek_json(mut frame: Map<String, Value>) -> Option<Peek> {
    let id = |part: &Map<String, Value>, key: &str| part.get(key).and_then(number).unwrap_or(0);
    if let Some(Value::Object(item)) = frame.get("chatItem") {
        return Some(Peek::Item(id(item, "chatId")));
    }
    if let Some(Value::Object(call)) = frame.get("adHocCall") {
        return Some(Peek::Call(id(call, "recipientId")));
    }
    let name = frame.keys().next().cloned();
    Some(other(name.and_then(|name| frame.remove_entry(&name))))
}

fn other(part: Option<(String, Value)>) -> Peek {
    match part {
        Some((name, Value::Object(content))) => Peek::Other(name, content),
        Some((name, content)) => Peek::Other(name, Map::from_iter([("value".to_owned(), content)])),
        None => Peek::Empty,
    }
}
