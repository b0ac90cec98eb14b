//! The same story with the keyboard alone: nothing is clicked, nothing is focused by a script.

use super::computer::Computer;
use super::files;
use super::story::{PASSWORD, digits};
use super::window::Window;
use fantoccini::key::Key;
use std::path::Path;

/// First run to two chats.
pub async fn adds_chats(computer: &Computer, window: &Window) {
    let (zip, result) = files::write(&computer.path(""));
    window.is_at("Keep your chats. Only you can open them.").await;
    window.enters("Add my chats").await;
    window.is_at("Add chats").await;
    for (path, button) in [(&zip, "Choose a file"), (&result, "Choose a file")] {
        computer.will_pick(&[path]);
        window.enters(button).await;
        window.sees("This is what was found").await;
        window.tabs_to_field("Which name is you?").await;
        window.keys("Sam").await;
        window.enters("Add this chat").await;
        window.sees("all accounted for.").await;
        if path == &zip {
            window.enters("Add more chats").await;
        }
    }
}

/// Opens both chats and reads them.
pub async fn reads_both(window: &Window) {
    window.chord(&[Key::Control], '1').await;
    window.enters_row("Anna Reyes").await;
    window.sees("Bring the blue umbrella").await;
    window.enters_row("Book club").await;
    window.sees("Found this edition").await;
}

/// Settings to the first backup; the key is saved as a PDF and confirmed by opening it. Returns the digits.
pub async fn protects(computer: &Computer, window: &Window, place: &Path) -> String {
    window.chord(&[Key::Control], ',').await;
    window.is_at("Settings").await;
    window.enters_row("Chats").await;
    window.is_at("Chats").await;
    window.enters_row("Chat backup").await;
    window.is_at("Chat backup").await;
    window.enters_row("End-to-end encrypted backup").await;
    window.is_at("End-to-end encrypted backup").await;
    window.enters("Set password").await;
    window.sees("Where should your backups go?").await;
    computer.will_pick(&[place]);
    window.enters("Choose a folder").await;
    window.sees("Nobody can reset it.").await;
    window.tabs_to_field("Password").await;
    window.keys(PASSWORD).await;
    window.tabs_to_field("Type it again").await;
    window.keys(PASSWORD).await;
    window.enters("Save password").await;

    window.sees("Save your 64-digit key").await;
    window.enters("Show key").await;
    let groups = digits(window).await;
    let sheet = computer.path("key.pdf");
    computer.will_pick(&[&sheet]);
    window.enters("Save as PDF").await;
    window.sees("Saved as key.pdf.").await;
    assert!(std::fs::read(&sheet).unwrap().starts_with(b"%PDF-"));
    window.enters("I have saved it").await;
    window.sees("Show that you have it").await;
    computer.will_pick(&[&sheet]);
    window.enters("Open the PDF").await;

    window.sees("Unlock once for real").await;
    window.tabs_to_field("Password").await;
    window.keys(PASSWORD).await;
    window.keys(&Key::Enter.to_string()).await;
    window.sees("Your backups are end-to-end encrypted").await;
    window.enters("Make the first backup").await;
    window.sees("Backup finished.").await;
    groups.join(" ")
}

/// Restores with the digits on a new computer.
pub async fn restores(computer: &Computer, window: &Window, place: &Path, digits: &str) {
    window.is_at("Keep your chats. Only you can open them.").await;
    window.enters("Restore a backup").await;
    window.is_at("Restore").await;
    computer.will_pick(&[place]);
    window.enters("Choose a folder").await;
    window.sees("Unlock this backup").await;
    window.tabs_to_field("Password").await;
    window.chord(&[Key::Shift], char::from(Key::Tab)).await;
    // From the field back to the strip of ways, then on to the other way by arrow.
    window.keys(&Key::Right.to_string()).await;
    window.tabs_to_field("64-digit key").await;
    window.keys(digits).await;
    window.enters("Unlock").await;
    window.sees("The newest is chosen.").await;
    window.enters("Continue").await;
    window.sees("7 messages will be added").await;
    window.enters_row("Restore").await;
    window.sees("Your chats are back").await;
    window.enters("Open chats").await;
    reads_both(window).await;
}
