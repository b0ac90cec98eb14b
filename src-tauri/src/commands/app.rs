//! The app as a whole: what it is, lock and unlock, sample chats, jobs.

use super::{Answer, Opened, TypedUnlock, ask};
use coffer_engine::Engine;
use coffer_engine::view::{AppView, JobView};
use tauri::State;

#[tauri::command]
pub async fn app(engine: State<'_, Opened>) -> Answer<AppView> {
    ask(engine, |engine| engine.app()).await
}

#[tauri::command]
pub async fn lock(engine: State<'_, Opened>) -> Answer<AppView> {
    let locked = |engine: &Engine| {
        engine.lock();
        engine.app()
    };
    ask(engine, locked).await
}

#[tauri::command]
pub async fn unlock(engine: State<'_, Opened>, unlock: TypedUnlock) -> Answer<AppView> {
    ask(engine, move |engine| engine.unlock(unlock.into())).await
}

#[tauri::command]
pub async fn open_samples(engine: State<'_, Opened>) -> Answer<AppView> {
    ask(engine, |engine| engine.open_samples()).await
}

#[tauri::command]
pub async fn close_samples(engine: State<'_, Opened>) -> Answer<AppView> {
    ask(engine, |engine| engine.close_samples()).await
}

#[tauri::command]
pub async fn job(engine: State<'_, Opened>, id: u64) -> Answer<JobView> {
    ask(engine, move |engine| engine.job(id)).await
}

#[tauri::command]
pub async fn cancel_job(engine: State<'_, Opened>, id: u64) -> Answer<()> {
    ask(engine, move |engine| {
        engine.cancel_job(id);
        Ok(())
    })
    .await
}
