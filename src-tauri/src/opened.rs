//! The engine, opened at the window's first question and asked for again while it does not open.

use crate::events;
use coffer_desktop::ParentWindow;
use coffer_engine::view::ErrorView;
use coffer_engine::{Engine, Error};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tauri::{AppHandle, Manager, WebviewWindow};

/// The engine of this window, once it is open. Clones are the same.
#[derive(Clone)]
pub struct Opened {
    app: AppHandle,
    engine: Arc<Mutex<Option<Arc<Engine>>>>,
}

impl Opened {
    /// Nothing is opened yet: the window is drawn first.
    pub fn new(app: AppHandle) -> Self {
        Self { app, engine: Arc::default() }
    }

    /// The engine. Blocks while it opens; a failure is told, and the next question tries again.
    pub fn engine(&self) -> Result<Arc<Engine>, ErrorView> {
        let mut kept = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = kept.as_ref() {
            return Ok(Arc::clone(engine));
        }
        let engine = Arc::new(open(&self.app).map_err(|error| error.view())?);
        events::forward_jobs(self.app.clone(), engine.subscribe());
        events::forward_prompts(self.app.clone(), engine.subscribe_prompts());
        *kept = Some(Arc::clone(&engine));
        Ok(engine)
    }
}

/// The engine on this computer's ports.
fn open(app: &AppHandle) -> Result<Engine, Error> {
    let home = std::env::var_os("COFFER_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    // The only thing a computer can lack is a folder for its user's data: nothing can be kept then.
    let ports = coffer_desktop::ports_under(parent_window(app.clone()), home)
        .map_err(|error| Error::storage(&error.to_string()))?;
    Engine::open(ports)
}

/// The app's one window, as the parent of the operating system's own dialogs.
fn parent_window(app: AppHandle) -> ParentWindow {
    ParentWindow::new(move || native_handle(&app.get_webview_window("main")?))
}

#[cfg(windows)]
fn native_handle(window: &WebviewWindow) -> Option<usize> {
    window.hwnd().ok().map(|handle| handle.0.expose_provenance())
}

#[cfg(target_os = "macos")]
fn native_handle(window: &WebviewWindow) -> Option<usize> {
    window.ns_window().ok().map(|handle| handle.expose_provenance())
}

/// No dialog of another system asks for one.
#[cfg(not(any(windows, target_os = "macos")))]
fn native_handle(_: &WebviewWindow) -> Option<usize> {
    None
}
