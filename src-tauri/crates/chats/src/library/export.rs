//! A conversation written out for people and for comparing. The same content always gives the same bytes.

use super::error::LibraryError;
use super::order::one_line;
use super::read::{Number, Reading};
use super::rows::StoredMessage;
use crate::model::{Message, Precision};
use crate::record::{conversation_json, message_json};
use std::io::Write;

/// Messages read at a time.
const STEP: u64 = 500;

/// Writes `{"conversation":…,"messages":[…]}`, one message to a line, each with its earlier records under `revisions`.
pub(super) fn json(reading: &Reading<'_>, n: Number, out: &mut dyn Write) -> Result<(), LibraryError> {
    let conversation = reading.conversation(n)?.conversation;
    write!(out, "{{\"conversation\":{},\n\"messages\":[", conversation_json(&conversation))?;
    let mut is_first = true;
    each(reading, n, |stored| {
        let mut value = message_json(&stored.message);
        if let (Some(object), false) = (value.as_object_mut(), stored.revisions.is_empty()) {
            object.insert("revisions".to_owned(), stored.revisions.iter().map(message_json).collect());
        }
        write!(out, "{}\n{value}", if is_first { "" } else { "," })?;
        is_first = false;
        Ok(())
    })?;
    out.write_all(b"\n]}\n")?;
    Ok(())
}

/// Writes `[2026-11-20 09:41] Name: text`, the lines of a long text indented.
pub(super) fn text(reading: &Reading<'_>, n: Number, out: &mut dyn Write) -> Result<(), LibraryError> {
    let conversation = reading.conversation(n)?.conversation;
    writeln!(out, "{}", conversation.title)?;
    each(reading, n, |stored| {
        let message = &stored.message;
        write!(out, "[{}] ", time_of(message))?;
        if let Some(name) = &stored.sender_name {
            write!(out, "{name}: ")?;
        }
        let body = if message.text.is_empty() { one_line(message) } else { message.text.clone() };
        write!(out, "{}", body.replace('\n', "\n    "))?;
        for attachment in &message.attachments {
            let name = attachment.name.as_deref().unwrap_or_else(|| attachment.kind.word());
            write!(out, " <{name}, {}>", attachment.state.word())?;
        }
        if message.deleted.is_some() {
            write!(out, " <deleted>")?;
        }
        writeln!(out)?;
        Ok(())
    })
}

fn each(
    reading: &Reading<'_>,
    n: Number,
    mut take: impl FnMut(&StoredMessage) -> Result<(), LibraryError>,
) -> Result<(), LibraryError> {
    let mut offset = 0;
    loop {
        let messages = reading.messages(n, offset, STEP)?;
        if messages.is_empty() {
            return Ok(());
        }
        for stored in &messages {
            take(stored)?;
        }
        offset += STEP;
    }
}

fn time_of(message: &Message) -> String {
    let Some(time) = &message.time else { return "no time".to_owned() };
    let local = time.local_text().unwrap_or_else(|| {
        let at = jiff::Timestamp::from_millisecond(time.utc_ms).unwrap_or_default();
        match time.precision {
            Precision::Min => at.strftime("%Y-%m-%dT%H:%MZ").to_string(),
            Precision::S | Precision::Ms | Precision::Us | Precision::Ns => {
                at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
            }
        }
    });
    local.replace('T', " ")
}
