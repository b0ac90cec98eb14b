//! Stories in the real window: the built app, the real engine, the real pickers; only the person is a script.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a story stops at the first surprise")]

#[path = "e2e/computer.rs"]
mod computer;
#[path = "e2e/looks.rs"]
mod looks;
#[path = "e2e/window.rs"]
mod window;

use computer::Computer;

#[tokio::test]
async fn a_first_run_offers_three_ways_to_begin() {
    let computer = Computer::new();

    let window = computer.open().await;
    window.is_at("Keep your chats. Only you can open them.").await;

    looks::look(&window, "welcome").await;
    window.close().await;
}
