//! The app: a window over the engine. It knows the operating system and the webview, and decides nothing.

mod commands;
mod dialogs;
mod events;

use coffer_engine::view::ErrorView;
use coffer_engine::{Engine, Error};
use commands::Opened;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the engine and the window, and returns when the window is closed.
///
/// # Panics
/// When the webview cannot start: there is no window to say so in.
pub fn run() {
    let engine = open_engine();
    tauri::Builder::default()
        .manage(Opened(engine.clone()))
        .invoke_handler(commands::handler())
        .setup(move |app| {
            if let Ok(engine) = &engine {
                events::forward_jobs(app.handle().clone(), engine.subscribe());
            }
            Ok(())
        })
        .run(tauri::generate_context!())
        .expect("the webview of this computer starts");
}

/// The engine on this computer's ports. A failure is kept: the window opens all the same, and its first question gets it.
fn open_engine() -> Result<Arc<Engine>, ErrorView> {
    let home = std::env::var_os("COFFER_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    // The only thing a computer can lack is a folder for its user's data: nothing can be kept then.
    let ports = coffer_desktop::ports(home).map_err(|error| Error::storage(&error.to_string()).view())?;
    Engine::open(ports).map(Arc::new).map_err(|error| error.view())
}
