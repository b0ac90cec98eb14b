//! Status, backing up, checking.

use super::{Answer, Opened, TypedUnlock, ask};
use coffer_engine::view::{BackupItem, BackupStatus, RollbackChoice, RollbackView};
use tauri::State;

#[tauri::command]
pub async fn get_backup_status(engine: State<'_, Opened>) -> Answer<BackupStatus> {
    ask(engine, |engine| engine.get_backup_status()).await
}

#[tauri::command]
pub async fn start_backup(engine: State<'_, Opened>, unlock: Option<TypedUnlock>) -> Answer<u64> {
    ask(engine, move |engine| engine.start_backup(unlock.map(Into::into))).await
}

#[tauri::command]
pub async fn start_check(engine: State<'_, Opened>, every_byte: bool) -> Answer<u64> {
    ask(engine, move |engine| engine.start_check(every_byte)).await
}

#[tauri::command]
pub async fn list_backups(engine: State<'_, Opened>) -> Answer<Vec<BackupItem>> {
    ask(engine, |engine| engine.list_backups()).await
}

#[tauri::command]
pub async fn get_rollback(engine: State<'_, Opened>) -> Answer<Option<RollbackView>> {
    ask(engine, |engine| engine.get_rollback()).await
}

#[tauri::command]
pub async fn settle_rollback(
    engine: State<'_, Opened>,
    choice: RollbackChoice,
    unlock: Option<TypedUnlock>,
) -> Answer<BackupStatus> {
    ask(engine, move |engine| engine.settle_rollback(choice, unlock.map(Into::into))).await
}
