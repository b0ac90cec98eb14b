//! The operating system's own pickers, over rfd: the portal where there is one, else `zenity`.

use rfd::{AsyncFileDialog, FileHandle};
use tauri::WebviewWindow;

/// Lets the person pick a folder; `None` when they think better of it.
#[tauri::command]
pub async fn pick_folder(window: WebviewWindow, purpose: String) -> Option<String> {
    dialog(&window, folder_title(&purpose)).pick_folder().await.and_then(chosen)
}

/// Lets the person pick a file; `None` when they think better of it.
#[tauri::command]
pub async fn pick_file(window: WebviewWindow, purpose: String) -> Option<String> {
    file_dialog(&window, &purpose).pick_file().await.and_then(chosen)
}

/// Lets the person say where a new file goes; `None` when they think better of it.
#[tauri::command]
pub async fn pick_save(window: WebviewWindow, suggested_name: String) -> Option<String> {
    dialog(&window, "Save").set_file_name(suggested_name).save_file().await.and_then(chosen)
}

fn folder_title(purpose: &str) -> &'static str {
    match purpose {
        "place" => "Choose a folder for your backups",
        "restore" => "Choose the folder that holds your backup",
        "export" => "Choose a folder for the exported chats",
        _ => "Choose a folder with exported chats",
    }
}

/// The picker that goes with what a file is wanted for.
fn file_dialog(window: &WebviewWindow, purpose: &str) -> AsyncFileDialog {
    match purpose {
        "sheet" => dialog(window, "Open the sheet you saved").add_filter("PDF", &["pdf"]),
        "app_key" => dialog(window, "Choose the key file of the app"),
        _ => dialog(window, "Choose exported chats"),
    }
}

fn dialog(window: &WebviewWindow, title: &str) -> AsyncFileDialog {
    AsyncFileDialog::new().set_parent(window).set_title(title)
}

/// The path as text. One that is no Unicode cannot cross to the page and back unharmed, so it counts as not chosen.
fn chosen(file: FileHandle) -> Option<String> {
    file.path().to_str().filter(|path| !path.is_empty()).map(str::to_owned)
}
