//! The app: a window over the engine. It knows the operating system and the webview, and decides nothing.

mod commands;
mod dialogs;
mod events;
mod menu;
mod opened;

use opened::Opened;
use tauri::webview::NewWindowResponse;
use tauri::{App, Manager, Url, WebviewWindowBuilder};

/// Opens the window, and returns when it is closed.
///
/// # Panics
/// When the webview cannot start: there is no window to say so in.
pub fn run() {
    tauri::Builder::default()
        .invoke_handler(commands::handler())
        .menu(menu::menus)
        .on_menu_event(|app, event| menu::forward(app, &event))
        .setup(|app| Ok(open_window(app)?))
        .run(tauri::generate_context!())
        .expect("the webview of this computer starts");
}

/// The one window of tauri.conf.json. It shows Coffer's own page and never another.
fn open_window(app: &App) -> tauri::Result<()> {
    app.manage(Opened::new(app.handle().clone()));
    let main = app.config().app.windows.first().ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(app, main)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// The embedded page; on Windows it has a host of its own, in development it comes from vite.
fn is_own_page(url: &Url) -> bool {
    let is_embedded = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    let is_vite = cfg!(dev) && url.host_str() == Some("localhost") && url.port() == Some(1420);
    is_embedded || is_vite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_embedded_page_is_shown() {
        let shown = |url: &str| is_own_page(&url.parse().unwrap());

        assert!(shown("tauri://localhost/index.html#/chats"));
        assert!(shown("http://tauri.localhost/"));
        assert!(!shown("https://example.org/"));
        assert!(!shown("file:///etc/passwd"));
        assert!(!shown("data:text/html,hello"));
    }
}
