//! `chats`, `read`, `search`, `export`: reading the library.

use crate::arguments::{Export, ExportFormat, Read, Search};
use crate::failure::{Exit, Failure};
use crate::run::Scene;
use crate::screen::{members, snake};
use crate::times::{self, Bounds};
use coffer_engine::ErrorCode;
use coffer_engine::view::{ChatRow, MessageView, SearchPage, SearchQuery};
use serde_json::{Value, json};

/// Messages fetched at a time.
pub const PAGE: u32 = 500;

/// Lists the chats.
pub fn list(scene: &Scene) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    print_chats(scene, &scene.engine.list_chats()?)
}

/// Prints a list of chats.
pub fn print_chats(scene: &Scene, chats: &[ChatRow]) -> Result<Exit, Failure> {
    let values: Vec<Value> = chats.iter().map(chat_json).collect::<Result<_, _>>()?;
    scene.screen.result(&Value::Array(values), || {
        let line = |chat: &ChatRow| {
            let last = times::people(chat.last, &scene.zone);
            format!("{}  {:>8}  {last}  {}  {}", chat.id, chat.messages, chat.app, chat.title)
        };
        chats.iter().map(line).collect()
    })?;
    Ok(Exit::Done)
}

fn chat_json(chat: &ChatRow) -> Result<Value, Failure> {
    let mut object = members(snake(chat)?);
    object.insert("first".to_owned(), times::iso(chat.first));
    object.insert("last".to_owned(), times::iso(chat.last));
    Ok(Value::Object(object))
}

/// Prints messages as JSON lines.
pub fn read(scene: &Scene, wanted: &Read) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    let engine = &scene.engine;
    let chat = find(&engine.list_chats()?, &wanted.chat)?;
    let bounds = Bounds::parse(&wanted.span, &scene.zone)?;
    print_messages(scene, bounds, wanted.limit, |offset| {
        let range = engine.read_messages(&chat, offset, PAGE)?;
        let records = engine.read_records(&chat, offset, PAGE)?;
        Ok(range.messages.into_iter().zip(records).collect())
    })
}

/// A page of messages with their full records.
pub type Page = Vec<(MessageView, Value)>;

/// Prints page after page of messages that lie within the bounds, up to the limit.
pub fn print_messages(
    scene: &Scene,
    bounds: Bounds,
    limit: Option<u64>,
    page: impl Fn(u64) -> Result<Page, Failure>,
) -> Result<Exit, Failure> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut offset = 0;
    loop {
        let messages = page(offset)?;
        if messages.is_empty() || left == 0 {
            return Ok(Exit::Done);
        }
        offset += u64::try_from(messages.len()).unwrap_or(u64::from(PAGE));
        for (message, record) in messages.iter().filter(|(message, _)| bounds.hold(message.time)) {
            if left == 0 {
                break;
            }
            scene.screen.json_line(&message_json(message, record)?)?;
            left -= 1;
        }
    }
}

/// A message as CLI.md has it; `raw` is what the source said, as the full record keeps it.
fn message_json(message: &MessageView, record: &Value) -> Result<Value, Failure> {
    let mut object = members(snake(message)?);
    for (from, to) in [("is_edited", "edited"), ("is_deleted", "deleted"), ("is_me", "me")] {
        let value = object.remove(from).unwrap_or_default();
        object.insert(to.to_owned(), value);
    }
    object.insert("time_ms".to_owned(), json!(message.time));
    object.insert("time".to_owned(), times::iso(message.time));
    let body = record.get("message").unwrap_or(record);
    object.insert("raw".to_owned(), body.get("raw").cloned().unwrap_or_default());
    Ok(Value::Object(object))
}

/// Searches the library.
pub fn search(scene: &Scene, wanted: &Search) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    let query = query(scene, wanted, &scene.engine.list_chats()?)?;
    print_hits(scene, &scene.engine.search_chats(&query)?)
}

/// The engine's query: options become the filters people can also write into the words.
pub fn query(scene: &Scene, wanted: &Search, chats: &[ChatRow]) -> Result<SearchQuery, Failure> {
    let mut text = wanted.query.clone();
    if let Some(app) = &wanted.app {
        text += &format!(" app:{app}");
    }
    // Checked here, so that a mistyped day is named and not searched for as a word.
    Bounds::parse(&wanted.span, &scene.zone)?;
    if let Some(from) = &wanted.span.from {
        text += &format!(" after:{from}");
    }
    if let Some(to) = &wanted.span.to {
        text += &format!(" before:{to}");
    }
    let chat = wanted.chat.as_ref().map(|named| find(chats, named)).transpose()?;
    Ok(SearchQuery { text, chat, limit: wanted.limit, offset: 0 })
}

/// Prints hits.
pub fn print_hits(scene: &Scene, page: &SearchPage) -> Result<Exit, Failure> {
    let mut values = Vec::with_capacity(page.hits.len());
    for hit in &page.hits {
        let mut object = members(snake(hit)?);
        object.insert("time".to_owned(), times::iso(hit.time));
        values.push(Value::Object(object));
    }
    scene.screen.result(&Value::Array(values), || {
        let mut lines = Vec::new();
        for hit in &page.hits {
            let sender = hit.sender.as_deref().unwrap_or("-");
            let time = times::people(hit.time, &scene.zone);
            lines.push(format!("{time}  {}  {sender}: {}", hit.title, hit.snippet.replace('\n', " ")));
        }
        lines
    })?;
    if page.has_more {
        scene.screen.remark("There are more hits; raise --limit to see them.");
    }
    Ok(Exit::Done)
}

/// Writes chats as plain files.
pub fn export(scene: &Scene, wanted: &Export) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    let chats = scene.engine.list_chats()?;
    let chat = wanted.chat.as_ref().map(|named| find(&chats, named)).transpose()?;
    std::fs::create_dir_all(&wanted.out)
        .map_err(|error| Failure::of_file("the folder", &wanted.out, &error))?;
    scene.screen.remark("Exported files are not encrypted.");
    let format = match wanted.format {
        ExportFormat::Json => coffer_engine::ExportFormat::Json,
        ExportFormat::Txt => coffer_engine::ExportFormat::Txt,
        ExportFormat::Csv => coffer_engine::ExportFormat::Csv,
        ExportFormat::Html => coffer_engine::ExportFormat::Html,
    };
    let files = scene.engine.export_chats(chat.as_deref(), format, &wanted.out)?;
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let told = json!({ "chats": if chat.is_some() { 1 } else { chats.len() }, "format": wanted.format.word(),
        "out": wanted.out.display().to_string(), "files": names });
    scene.screen.result(&told, || names.clone())?;
    Ok(Exit::Done)
}

/// The id of a chat named by its id or by its title, when only one has that title.
pub fn find(chats: &[ChatRow], named: &str) -> Result<String, Failure> {
    if let Some(chat) = chats.iter().find(|chat| chat.id == named) {
        return Ok(chat.id.clone());
    }
    let titled: Vec<_> = chats.iter().filter(|chat| chat.title.eq_ignore_ascii_case(named)).collect();
    match titled.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(Failure::of(ErrorCode::NoSuchChat, None, Some(named))),
        _ => Err(Failure::usage(format!(
            "{named} names {} chats; use an id, as `chats` lists them",
            titled.len()
        ))),
    }
}
