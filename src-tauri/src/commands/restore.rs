//! Opening a backup, looking inside, restoring.

use super::{Answer, Opened, TypedUnlock, ask};
use coffer_engine::view::{
    BackupItem, ChatRow, FoundBackup, MessageRange, OpenedBackup, ProtectionView, RestoreReport,
    RestoreRequest, SearchPage, SearchQuery,
};
use std::path::PathBuf;
use tauri::State;
use tauri::ipc::Response;

#[tauri::command]
pub async fn find_backups(engine: State<'_, Opened>) -> Answer<Vec<FoundBackup>> {
    ask(engine, |engine| Ok(engine.find_backups())).await
}

#[tauri::command]
pub async fn open_backup(engine: State<'_, Opened>, path: PathBuf) -> Answer<OpenedBackup> {
    ask(engine, move |engine| engine.open_backup(&path)).await
}

#[tauri::command]
pub async fn unlock_backup(
    engine: State<'_, Opened>,
    session: String,
    unlock: TypedUnlock,
) -> Answer<Vec<BackupItem>> {
    ask(engine, move |engine| engine.unlock_backup(&session, unlock.into())).await
}

#[tauri::command]
pub async fn look_chats(
    engine: State<'_, Opened>,
    session: String,
    backup: Option<String>,
) -> Answer<Vec<ChatRow>> {
    ask(engine, move |engine| engine.look_chats(&session, backup.as_deref())).await
}

#[tauri::command]
pub async fn look_messages(
    engine: State<'_, Opened>,
    session: String,
    backup: Option<String>,
    chat: String,
    offset: u64,
    limit: u32,
) -> Answer<MessageRange> {
    ask(engine, move |engine| engine.look_messages(&session, backup.as_deref(), &chat, offset, limit)).await
}

#[tauri::command]
pub async fn look_search(
    engine: State<'_, Opened>,
    session: String,
    backup: Option<String>,
    query: SearchQuery,
) -> Answer<SearchPage> {
    ask(engine, move |engine| engine.look_search(&session, backup.as_deref(), &query)).await
}

#[tauri::command]
pub async fn look_media(
    engine: State<'_, Opened>,
    session: String,
    backup: Option<String>,
    hash: String,
    offset: u64,
    len: u64,
) -> Answer<Response> {
    let bytes = ask(engine, move |engine| engine.look_media(&session, backup.as_deref(), &hash, offset, len));
    bytes.await.map(Response::new)
}

#[tauri::command]
pub async fn plan_restore(engine: State<'_, Opened>, request: RestoreRequest) -> Answer<RestoreReport> {
    ask(engine, move |engine| engine.plan_restore(&request)).await
}

#[tauri::command]
pub async fn start_restore(engine: State<'_, Opened>, request: RestoreRequest) -> Answer<u64> {
    ask(engine, move |engine| engine.start_restore(request)).await
}

#[tauri::command]
pub async fn protect_here(engine: State<'_, Opened>, session: String) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.protect_here(&session)).await
}

#[tauri::command]
pub async fn close_backup(engine: State<'_, Opened>, session: String) -> Answer<()> {
    ask(engine, move |engine| {
        engine.close_backup(&session);
        Ok(())
    })
    .await
}
