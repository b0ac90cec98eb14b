//! Adding chats, reading, searching and exporting them.

use super::{Answer, Opened, Typed, ask};
use coffer_engine::view::{
    ChatRow, DayCount, FoundSource, ImportPreview, ImportRequest, MediaItem, MessageRange, SearchPage,
    SearchQuery,
};
use coffer_engine::{AppKeyFrom, ExportFormat};
use serde::Deserialize;
use std::path::PathBuf;
use tauri::State;
use tauri::ipc::Response;

/// Form of a plain export, as it arrives from the window.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedFormat {
    /// Every field.
    Json,
    /// As people read it.
    Txt,
    /// A table.
    Csv,
    /// Pages with the media beside them.
    Html,
}

impl From<TypedFormat> for ExportFormat {
    fn from(typed: TypedFormat) -> Self {
        match typed {
            TypedFormat::Json => Self::Json,
            TypedFormat::Txt => Self::Txt,
            TypedFormat::Csv => Self::Csv,
            TypedFormat::Html => Self::Html,
        }
    }
}

/// The key an app gave for its own backup, as it arrives from the window.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TypedAppKey {
    /// Digits or a phrase.
    Text { text: Typed },
    /// A file the app made.
    File { path: PathBuf },
}

impl From<TypedAppKey> for AppKeyFrom {
    fn from(typed: TypedAppKey) -> Self {
        match typed {
            TypedAppKey::Text { text } => Self::Text(text.0),
            TypedAppKey::File { path } => Self::File(path),
        }
    }
}

#[tauri::command]
pub async fn give_app_key(engine: State<'_, Opened>, path: PathBuf, key: TypedAppKey) -> Answer<()> {
    ask(engine, move |engine| engine.give_app_key(&path, key.into())).await
}

#[tauri::command]
pub async fn find_sources(engine: State<'_, Opened>) -> Answer<Vec<FoundSource>> {
    ask(engine, |engine| Ok(engine.find_sources())).await
}

#[tauri::command]
pub async fn preview_import(
    engine: State<'_, Opened>,
    path: PathBuf,
    date_order: Option<String>,
    zone: Option<String>,
) -> Answer<ImportPreview> {
    ask(engine, move |engine| engine.preview_import(&path, date_order.as_deref(), zone.as_deref())).await
}

#[tauri::command]
pub async fn start_import(engine: State<'_, Opened>, request: ImportRequest) -> Answer<u64> {
    ask(engine, move |engine| engine.start_import(request)).await
}

#[tauri::command]
pub async fn list_chats(engine: State<'_, Opened>) -> Answer<Vec<ChatRow>> {
    ask(engine, |engine| engine.list_chats()).await
}

#[tauri::command]
pub async fn get_chat(engine: State<'_, Opened>, chat: String) -> Answer<ChatRow> {
    ask(engine, move |engine| engine.get_chat(&chat)).await
}

#[tauri::command]
pub async fn read_messages(
    engine: State<'_, Opened>,
    chat: String,
    offset: u64,
    limit: u32,
) -> Answer<MessageRange> {
    ask(engine, move |engine| engine.read_messages(&chat, offset, limit)).await
}

#[tauri::command]
pub async fn list_days(engine: State<'_, Opened>, chat: String) -> Answer<Vec<DayCount>> {
    ask(engine, move |engine| engine.list_days(&chat)).await
}

#[tauri::command]
pub async fn search_chats(engine: State<'_, Opened>, query: SearchQuery) -> Answer<SearchPage> {
    ask(engine, move |engine| engine.search_chats(&query)).await
}

#[tauri::command]
pub async fn list_media(
    engine: State<'_, Opened>,
    chat: String,
    tab: String,
    offset: u64,
    limit: u32,
) -> Answer<Vec<MediaItem>> {
    ask(engine, move |engine| engine.list_media(&chat, &tab, offset, limit)).await
}

#[tauri::command]
pub async fn read_media(engine: State<'_, Opened>, hash: String, offset: u64, len: u64) -> Answer<Response> {
    ask(engine, move |engine| engine.read_media(&hash, offset, len)).await.map(Response::new)
}

#[tauri::command]
pub async fn export_chats(
    engine: State<'_, Opened>,
    chat: Option<String>,
    format: TypedFormat,
    dir: PathBuf,
) -> Answer<()> {
    ask(engine, move |engine| engine.export_chats(chat.as_deref(), format.into(), &dir)).await.map(drop)
}

#[tauri::command]
pub async fn save_report(engine: State<'_, Opened>, path: PathBuf, text: String) -> Answer<()> {
    ask(engine, move |engine| engine.save_report(&path, &text)).await
}
