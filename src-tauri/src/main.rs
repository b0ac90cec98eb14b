//! The app's process: nothing but the entry.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    refuse_automation();
    coffer_app::run();
}

/// Tauri lets WebDriver steer even a release build when this variable is set; only the build for tests obeys it.
#[cfg(not(feature = "e2e"))]
fn refuse_automation() {
    #[expect(unsafe_code, reason = "the environment can only be changed by an unsafe call")]
    // SAFETY: this is the first statement of `main`; no other thread exists that could read the environment.
    unsafe {
        std::env::remove_var("TAURI_WEBVIEW_AUTOMATION");
    }
}

#[cfg(feature = "e2e")]
fn refuse_automation() {}
