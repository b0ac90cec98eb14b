//! A passkey on a security key, in the window: the key lies on the reader of this test's own smart card service.

use super::computer::Computer;
use super::looks::Looks;
use super::story;
use super::window::Window;
use std::path::Path;

const PIN: &str = "otter-4711";

/// Place, a security key that gets its PIN, the 64-digit key. Returns the digits.
pub async fn protects(computer: &Computer, window: &Window, place: &Path, looks: &mut Looks) -> String {
    window.press("Use a security key").await;
    window.sees("Where should your backups go?").await;
    computer.will_pick(&[place]);
    window.tap("place-pick").await;
    window.sees("You touch it twice").await;
    looks.at(window, "passkey-start").await;
    window.tap("passkey-create").await;

    window.sees("Choose a PIN for your security key").await;
    window.types("New PIN", "123").await;
    window.types("Type it again", "123").await;
    window.press("Set PIN").await;
    window.sees("Too short").await;
    looks.at(window, "passkey-new-pin").await;
    window.types("New PIN", PIN).await;
    window.types("Type it again", PIN).await;
    window.press("Set PIN").await;

    gives_the_pin(window).await;
    window.sees("opens your backups now").await;
    window.sees("Works with this security key only.").await;
    looks.at(window, "passkey-made").await;
    window.tap("passkey-next").await;
    window.sees("Save your 64-digit key").await;
    window.press("Show key").await;
    let groups = story::digits(window).await;
    window.press("I have saved it").await;
    story::confirms_two_groups(window, &groups, &mut Looks::only_at(&["none"])).await;
    window.sees("Unlock once for real").await;
    uses_the_key(window).await;
    window.sees("Your backups are end-to-end encrypted").await;
    groups.join(" ")
}

/// The first backup, from the end of the set-up.
pub async fn backs_up(window: &Window) {
    window.press("Make the first backup").await;
    window.sees("Backup finished.").await;
    window.sees("86 messages in 2 chats saved").await;
}

/// On a new computer: a PIN that is wrong, then the right one; nothing else is asked for.
pub async fn restores(computer: &Computer, window: &Window, place: &Path, looks: &mut Looks) {
    window.press("Restore a backup").await;
    computer.will_pick(&[place]);
    window.tap("place-pick").await;
    window.sees("Unlock this backup").await;
    looks.at(window, "restore-passkey").await;
    window.press("Unlock with security key").await;
    window.sees("Enter the PIN of your security key").await;
    window.types("PIN", "badger-1174").await;
    window.tap("pin-send").await;
    window.sees("Wrong PIN.").await;
    looks.at(window, "passkey-wrong-pin").await;
    window.types("PIN", PIN).await;
    window.tap("pin-send").await;

    window.sees("The newest is chosen.").await;
    window.press("Continue").await;
    window.sees("86 messages will be added").await;
    window.tap("restore-start").await;
    window.sees("Your chats are back").await;
}

/// What the window says when a key that holds no passkey of the backup lies on the reader.
pub async fn is_told_of_another_key(computer: &Computer, window: &Window, place: &Path, looks: &mut Looks) {
    window.press("Restore a backup").await;
    computer.will_pick(&[place]);
    window.tap("place-pick").await;
    window.sees("Unlock this backup").await;
    window.press("Unlock with security key").await;
    window.sees("does not hold the passkey for this backup").await;
    looks.at(window, "passkey-no-credential").await;
}

async fn uses_the_key(window: &Window) {
    window.press("Unlock with security key").await;
    gives_the_pin(window).await;
}

async fn gives_the_pin(window: &Window) {
    window.sees("Enter the PIN of your security key").await;
    window.types("PIN", PIN).await;
    window.tap("pin-send").await;
}
