//! What the window may ask: the one list of commands, and how a question reaches the engine.

mod app;
mod backup;
mod chats;
mod protection;
mod restore;

use crate::opened::Opened;
use coffer_engine::view::ErrorView;
use coffer_engine::{Engine, Error, Unlock};
use coffer_secret::SecretString;
use serde::{Deserialize, Deserializer};
use tauri::{State, Wry};

/// What a command gives back.
type Answer<T> = Result<T, ErrorView>;

/// The one list of commands: `build.rs` makes a permission of each, `tests/contract.rs` compares it with the window's.
pub fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        app::app,
        app::lock,
        app::unlock,
        app::open_samples,
        app::close_samples,
        app::job,
        app::cancel_job,
        crate::dialogs::pick_folder,
        crate::dialogs::pick_file,
        crate::dialogs::pick_save,
        chats::give_app_key,
        chats::find_sources,
        chats::preview_import,
        chats::start_import,
        chats::list_chats,
        chats::get_chat,
        chats::read_messages,
        chats::list_days,
        chats::search_chats,
        chats::list_media,
        chats::read_media,
        chats::export_chats,
        chats::save_report,
        protection::inspect_place,
        protection::choose_place,
        protection::get_protection,
        protection::estimate_password,
        protection::suggest_password,
        protection::add_password,
        protection::prove_password,
        protection::make_recovery_key,
        protection::inspect_digits,
        protection::save_recovery_sheet,
        protection::confirm_recovery_key,
        protection::abandon_setup,
        protection::fresh_unlock,
        protection::test_way,
        protection::add_passkey,
        protection::answer_prompt,
        protection::cancel_ceremony,
        protection::rename_way,
        protection::remove_way,
        protection::turn_off_protection,
        backup::get_backup_status,
        backup::start_backup,
        backup::start_check,
        backup::list_backups,
        backup::get_rollback,
        backup::settle_rollback,
        restore::find_backups,
        restore::open_backup,
        restore::unlock_backup,
        restore::look_chats,
        restore::look_messages,
        restore::look_search,
        restore::look_media,
        restore::plan_restore,
        restore::start_restore,
        restore::protect_here,
        restore::close_backup,
    ]
}

/// Puts a question to the engine on a thread that may wait, away from the window's.
async fn ask<T: Send + 'static>(
    opened: State<'_, Opened>,
    question: impl FnOnce(&Engine) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    let opened = opened.inner().clone();
    let answer = tauri::async_runtime::spawn_blocking(move || {
        let engine = opened.engine()?;
        question(&engine).map_err(|error| error.view())
    });
    // The thread only fails to answer when the question panicked; the person is told that something broke.
    answer.await.map_err(|_| ErrorView { code: "storage".to_owned(), detail: None, unused_passkey: None })?
}

/// A secret a person typed, taken over as soon as it arrives.
pub struct Typed(SecretString);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretString::new(text)))
    }
}

/// A way to unlock as it arrives from the window.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum TypedUnlock {
    Password { text: Typed },
    Digits { text: Typed },
    Keychain,
    Passkey,
}

impl From<TypedUnlock> for Unlock {
    fn from(typed: TypedUnlock) -> Self {
        match typed {
            TypedUnlock::Password { text } => Self::Password(text.0),
            TypedUnlock::Digits { text } => Self::Digits(text.0),
            TypedUnlock::Keychain => Self::Keychain,
            TypedUnlock::Passkey => Self::Passkey,
        }
    }
}
