//! The text of a message, and what became of it: the archive of an attributed text, and the list of its changes.

use crate::model::{Edit, Entity};
use crate::plist::Plist;
use crate::tables::Row;
use crate::typedstream::{Attributed, Run};

/// Stands in the text for a file.
const FILE: char = '\u{fffc}';
/// Stands there for a file in old versions.
const OLD_FILE: char = '\u{fffd}';
/// Milliseconds from 1970 to 2001.
const APPLE_EPOCH: i64 = 978_307_200_000;
/// Most changes that are kept of one message: the app allows five.
const MAX_EDITS: usize = 1000;

/// A text and its parts.
#[derive(Default)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
    /// There is an archive, and it cannot be read.
    pub(super) is_unreadable: bool,
}

pub(super) fn read(row: &Row) -> Body {
    let archive = row.bytes("attributedbody").filter(|bytes| !bytes.is_empty());
    let attributed = archive.and_then(Attributed::read);
    let plain = row.text("text").filter(|text| !clean(text).is_empty());
    let is_unreadable = archive.is_some() && attributed.is_none() && plain.is_none();
    match (attributed, plain) {
        (Some(attributed), plain) => {
            let text = if attributed.text.is_empty() { plain.unwrap_or_default() } else { attributed.text };
            let entities = attributed.runs.iter().flat_map(|run| entities(run, &text)).collect();
            Body { text: clean(&text), entities, is_unreadable }
        }
        (None, plain) => {
            Body { text: clean(&plain.unwrap_or_default()), entities: Vec::new(), is_unreadable }
        }
    }
}

fn clean(text: &str) -> String {
    text.chars()
        .filter(|sign| !matches!(*sign, FILE | OLD_FILE))
        .collect::<String>()
        .trim_matches('\0')
        .to_owned()
}

/// Attributes with a meaning to people. Positions are those of the text without the signs that stand for files.
fn entities(run: &Run, text: &str) -> Vec<Entity> {
    let (mut before, mut inside, mut at) = (0_u32, 0_u32, 0_u32);
    for sign in text.chars() {
        let units = u32::try_from(sign.len_utf16()).unwrap_or(1);
        if matches!(sign, FILE | OLD_FILE) {
            before += u32::from(at < run.start);
            inside += u32::from((run.start..run.start.saturating_add(run.length)).contains(&at));
        }
        at = at.saturating_add(units);
    }
    let (start, length) = (run.start.saturating_sub(before), run.length.saturating_sub(inside));
    let kind_of = |name: &str| {
        Some(match name {
            "__kIMMentionConfirmedMention" => "mention",
            "__kIMLinkAttributeName" => "link",
            "__kIMTextBoldAttributeName" => "bold",
            "__kIMTextItalicAttributeName" => "italic",
            "__kIMTextUnderlineAttributeName" => "underline",
            "__kIMTextStrikethroughAttributeName" => "strikethrough",
            _ => return None,
        })
    };
    let found = run.attributes.iter().filter_map(|(name, value)| {
        let kind = kind_of(name).filter(|_| length > 0)?;
        let value = matches!(kind, "mention" | "link").then(|| value.clone());
        Some(Entity { start, length, kind: kind.to_owned(), value, ..Entity::default() })
    });
    found.collect()
}

/// The changes of a message: `ec` holds, by part, every wording with its time; `rp` the parts that were taken back.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) edits: Vec<Edit>,
    pub(super) is_taken_back: bool,
}

pub(super) fn changes(row: &Row) -> Changes {
    let summary = row.bytes("message_summary_info").and_then(Plist::read);
    let edited = row.int("date_edited").and_then(|date| super::index::utc_ms(Some(date)));
    let taken_back = summary.as_ref().and_then(|summary| summary.get("rp"));
    let is_taken_back = matches!(taken_back, Some(Plist::Array(parts)) if !parts.is_empty())
        || row.int("date_retracted").is_some_and(|date| date != 0);
    let mut edits = Vec::new();
    if let Some(Plist::Dict(parts)) = summary.as_ref().and_then(|summary| summary.get("ec")) {
        for part in parts.values() {
            let Plist::Array(wordings) = part else { continue };
            // Each but the first is a change, of what the one before it says.
            for pair in wordings.windows(2).take(MAX_EDITS) {
                let [before, after] = pair else { continue };
                edits.push(Edit { utc_ms: time(after), text: wording(before), ..Edit::default() });
            }
        }
    }
    edits.sort_by_key(|edit| edit.utc_ms);
    if edits.is_empty() && edited.is_some() && !is_taken_back {
        edits.push(Edit { utc_ms: edited, ..Edit::default() });
    }
    Changes { edits, is_taken_back }
}

fn wording(event: &Plist) -> Option<String> {
    let Some(Plist::Data(archive)) = event.get("t") else { return None };
    Attributed::read(archive).map(|attributed| clean(&attributed.text))
}

fn time(event: &Plist) -> Option<i64> {
    let seconds = match event.get("d")? {
        Plist::Real(seconds) | Plist::Date(seconds) => *seconds,
        Plist::Int(seconds) => f64::from(i32::try_from(*seconds).ok()?),
        Plist::Null
        | Plist::Bool(_)
        | Plist::Data(_)
        | Plist::Text(_)
        | Plist::Uid(_)
        | Plist::Array(_)
        | Plist::Dict(_) => {
            return None;
        }
    };
    whole(seconds * 1000.0)?.checked_add(APPLE_EPOCH)
}

fn whole(value: f64) -> Option<i64> {
    (value.is_finite() && value.abs() < 9e15).then(|| format!("{:.0}", value.round()).parse().ok()).flatten()
}
