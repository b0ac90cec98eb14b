//! Stories in the real window: the built app, the real engine, the real pickers; only the person is a script.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a story stops at the first surprise and waits for a real window"
)]

#[path = "e2e/by_keyboard.rs"]
mod by_keyboard;
#[path = "e2e/computer.rs"]
mod computer;
#[path = "e2e/files.rs"]
mod files;
#[path = "e2e/looks.rs"]
mod looks;
#[path = "e2e/plays.rs"]
mod plays;
#[path = "e2e/security_key.rs"]
mod security_key;
#[path = "e2e/story.rs"]
mod story;
#[path = "e2e/window.rs"]
mod window;

use coffer_virtual_key::{KeySettings, SmartCardService, VirtualKey, in_namespaces};
use computer::Computer;
use looks::Looks;
use story::Way;

#[tokio::test]
async fn the_whole_story_in_a_window_looks_right_and_brings_the_same_chats_back() {
    let mut looks = Looks::closely();
    let old = Computer::new();
    let place = old.path("backups");
    std::fs::create_dir(&place).unwrap();
    let window = old.open().await;
    story::adds_chats(&old, &window, &mut looks).await;
    let before = story::reads_both(&window).await;
    story::looks_around_the_chats(&window, &mut looks).await;
    story::goes_to_protection(&window, &mut looks).await;
    let digits = story::sets_protection_up(&old, &window, &place, &mut looks).await;
    story::backs_up(&window, &mut looks).await;
    story::locks_and_unlocks(&window, &mut looks).await;
    window.close().await;

    let new = Computer::new();
    let window = new.open().await;
    story::restores(&new, &window, &place, Way::Password, &mut looks).await;
    let after = story::reads_both(&window).await;
    window.close().await;

    let mut digits_only = Looks::only_at(&["restore-digits"]);
    let third = Computer::new();
    let window = third.open().await;
    story::restores(&third, &window, &place, Way::Digits(&digits), &mut digits_only).await;
    let after_digits = story::reads_both(&window).await;
    window.close().await;

    assert_eq!(before, after);
    assert_eq!(before, after_digits);
    looks.found_nothing();
    digits_only.found_nothing();
}

#[tokio::test]
async fn the_same_story_works_with_the_keyboard_alone() {
    let old = Computer::new();
    let place = old.path("backups");
    std::fs::create_dir(&place).unwrap();
    let window = old.open().await;
    by_keyboard::adds_chats(&old, &window).await;
    by_keyboard::reads_both(&window).await;
    let digits = by_keyboard::protects(&old, &window, &place).await;
    window.close().await;

    let new = Computer::new();
    let window = new.open().await;
    by_keyboard::restores(&new, &window, &place, &digits).await;
    window.close().await;
}

#[tokio::test]
async fn sample_chats_open_in_a_window_and_leave_nothing_behind() {
    let mut looks = Looks::closely();
    let computer = Computer::new();
    let window = computer.open().await;

    window.press("Look around with sample chats").await;
    window.sees("These are sample chats. Nothing here is yours.").await;
    looks.at(&window, "samples").await;
    window.press("Close the sample chats").await;
    window.is_at("Keep your chats. Only you can open them.").await;

    window.close().await;
    looks.found_nothing();
}

#[tokio::test]
async fn voice_notes_and_film_play_in_a_window() {
    let mut looks = Looks::closely();
    let computer = Computer::new();
    let window = computer.open().await;

    plays::a_voice_note_and_a_film(&computer, &window, &mut looks).await;

    window.close().await;
    looks.found_nothing();
}

#[tokio::test]
async fn a_backup_in_documents_is_found_and_a_report_is_kept_in_a_window() {
    let mut looks = Looks::closely();
    let old = Computer::new();
    let place = old.path("backups");
    std::fs::create_dir(&place).unwrap();
    let window = old.open().await;
    by_keyboard::adds_chats(&old, &window).await;
    story::keeps_the_report(&old, &window).await;
    by_keyboard::protects(&old, &window, &place).await;
    window.close().await;

    let new = Computer::new();
    let found = new.path("home/Documents/Coffer backups");
    std::fs::create_dir(found.parent().unwrap()).unwrap();
    std::fs::rename(&place, &found).unwrap();
    let window = new.open().await;
    story::opens_the_backup_it_finds(&window, &mut looks).await;
    window.close().await;
    looks.found_nothing();
}

#[test]
fn a_security_key_protects_in_a_window_and_opens_the_backup_on_another_computer() {
    in_namespaces(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut looks = Looks::closely();
            let old = Computer::new();
            let place = old.path("backups");
            std::fs::create_dir(&place).unwrap();
            let mut service = SmartCardService::start(&old.path(".")).unwrap();
            let power = |name: &str, seed| VirtualKey::power(&KeySettings::new(old.path(name), seed));
            let blue = service.insert(0, power("blue.key", 1)).unwrap();
            let window = old.open().await;
            story::adds_chats(&old, &window, &mut Looks::only_at(&["none"])).await;
            let before = story::reads_both(&window).await;
            story::goes_to_protection(&window, &mut Looks::only_at(&["protect-off"])).await;
            security_key::protects(&old, &window, &place, &mut looks).await;
            security_key::backs_up(&window).await;
            window.close().await;
            drop(blue);

            let red = service.insert(0, power("red.key", 2)).unwrap();
            let new = Computer::new();
            let window = new.open().await;
            security_key::is_told_of_another_key(&new, &window, &place, &mut looks).await;
            window.close().await;
            drop(red);

            let _blue = service.insert(0, power("blue.key", 1)).unwrap();
            let window = new.open().await;
            security_key::restores(&new, &window, &place, &mut looks).await;
            let after = story::reads_both(&window).await;
            window.close().await;

            assert_eq!(before, after);
            looks.found_nothing();
        });
    });
}
