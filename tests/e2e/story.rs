//! The steps of the story, by mouse; and what each screen must say.

use super::computer::Computer;
use super::files;
use super::looks::Looks;
use super::window::Window;
use serde_json::{Value, json};
use std::path::Path;

pub const PASSWORD: &str = "six quiet otters sing at dusk";
const PORTO: &str = "Summer in Porto";
const PORTO_LAST: &str = "Claro que sim. The balcony is waiting.";
const LEILA: &str = "ليلى Leila";
/// The last eight and the first eight: how many more are drawn beside those in sight depends on when heights were measured.
const LAST_TEXTS: &str = "return [...document.querySelectorAll('[data-testid=message]')].slice(-8) \
    .map((m) => m.innerText.trim())";
const FIRST_TEXTS: &str = "return [...document.querySelectorAll('[data-testid=message]')].slice(0, 8) \
    .map((m) => m.innerText.trim())";
const FIRST: &str = "document.querySelector('[data-testid=messages]').scrollTop = 0; \
    return document.querySelector('[aria-posinset=\"1\"]') !== null";
/// Every tile has its picture: a picture comes into the page only when its bytes are there.
const DRAWN: &str = "const all = [...document.querySelectorAll('[data-testid=media-grid] button.tile')]; \
    return all.length > 0 && all.every((tile) => (tile.querySelector('img')?.naturalWidth ?? 0) > 0)";
const PICTURES: &str = "return [...document.querySelectorAll('[data-testid=media-grid] img')] \
    .map((photo) => [photo.alt, photo.naturalWidth, photo.naturalHeight])";
const WRONG: &str = "That password does not open this backup.";

/// First run: a WhatsApp zip and a Telegram `result.json` are added, previewed and accounted for.
pub async fn adds_chats(computer: &Computer, window: &Window, looks: &mut Looks) {
    let (zip, result) = files::samples();
    window.is_at("Keep your chats. Only you can open them.").await;
    looks.at(window, "welcome").await;
    window.press("Add my chats").await;
    window.is_at("Add chats").await;
    looks.at(window, "add").await;

    computer.will_pick(&[&zip]);
    window.press("Choose a file").await;
    window.sees("This is what was found").await;
    window.chooses("Which name is you?", "Mira").await;
    looks.at(window, "add-preview").await;
    window.press("Add this chat").await;
    window.sees("63 entries of the file, all accounted for.").await;
    looks.at(window, "add-report").await;

    window.press("Add more chats").await;
    computer.will_pick(&[&result]);
    window.press("Choose a file").await;
    window.chooses("Which name is you?", "Mira").await;
    window.press("Add this chat").await;
    window.sees("23 entries of the file, all accounted for.").await;
}

/// The report of an import as a text file where the person says.
pub async fn keeps_the_report(computer: &Computer, window: &Window) {
    let path = computer.path("report.txt");
    computer.will_pick(&[&path]);
    window.press("Save report").await;
    window.sees("Report saved as report.txt.").await;
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.contains("Coffer: Chats added") && kept.contains("Entries read: 2"), "{kept}");
}

/// A newcomer is offered the backup that lies in the documents, and opens it with one press.
pub async fn opens_the_backup_it_finds(window: &Window, looks: &mut Looks) {
    window.sees("A Coffer backup was found in").await;
    looks.at(window, "welcome-found").await;
    window.press("Restore it").await;
    window.sees("Unlock this backup").await;
    window.types("Password", PASSWORD).await;
    window.press("Unlock").await;
    window.sees("The newest is chosen.").await;
}

/// Reads both chats, the end and the beginning of each, and the pictures of each as they are drawn.
pub async fn reads_both(window: &Window) -> Value {
    let mut read = Vec::new();
    for (chat, last) in [(LEILA, "Forwarding this so that we do not forget"), (PORTO, PORTO_LAST)] {
        window.tap("nav-chats").await;
        window.press(chat).await;
        window.sees(last).await;
        read.push(window.run(LAST_TEXTS).await);
        window.until("the first message is there", FIRST).await;
        read.push(window.run(FIRST_TEXTS).await);
        window.tap("media").await;
        window.until("the pictures are drawn", DRAWN).await;
        read.push(window.run(PICTURES).await);
        window.tap("media").await;
        window.sees(last).await;
    }
    json!(read)
}

/// Search, the media grid and the dialogs of the reader.
pub async fn looks_around_the_chats(window: &Window, looks: &mut Looks) {
    looks.at(window, "reader").await;
    window.tap("media").await;
    window.sees("Photos").await;
    looks.at(window, "media").await;
    window.tap("nav-chats").await;
    window.types("Search all chats", "balcony waiting").await;
    window.sees("1 message found").await;
    looks.at(window, "search").await;
    window.types("Search all chats", "zeppelin").await;
    window.sees("Nothing found for “zeppelin”").await;
    looks.at(window, "search-none").await;
    window.types("Search all chats", "").await;
}

/// Settings > Chats > Chat backup > End-to-end encrypted backup, up to the first step of setting it up.
pub async fn goes_to_protection(window: &Window, looks: &mut Looks) {
    window.tap("nav-settings").await;
    window.is_at("Settings").await;
    looks.at(window, "settings").await;
    window.tap("settings-chats").await;
    window.is_at("Chats").await;
    looks.at(window, "settings-chats").await;
    window.tap("settings-backup").await;
    window.is_at("Chat backup").await;
    window.sees("Your chats are not backed up").await;
    looks.at(window, "backup-off").await;
    window.tap("backup-e2ee").await;
    window.is_at("End-to-end encrypted backup").await;
    window.sees("Only you can open your backups.").await;
    looks.at(window, "protect-off").await;
}

/// Place, password, 64-digit key, trying it. Returns the digits, as the person writes them down.
pub async fn sets_protection_up(
    computer: &Computer,
    window: &Window,
    place: &Path,
    looks: &mut Looks,
) -> String {
    window.press("Set password").await;
    window.sees("Where should your backups go?").await;
    looks.at(window, "setup-place").await;
    computer.will_pick(&[place]);
    window.tap("place-pick").await;
    window.sees("Nobody can reset it.").await;
    assert!(
        computer.asked().contains("--directory"),
        "a folder is asked for, not a file: {}",
        computer.asked()
    );

    window.types("Password", PASSWORD).await;
    window.types("Type it again", "something else altogether").await;
    window.press("Save password").await;
    window.sees("The two passwords are not the same.").await;
    window.types("Type it again", PASSWORD).await;
    looks.at(window, "setup-password").await;
    window.press("Save password").await;

    window.sees("Save your 64-digit key").await;
    looks.at(window, "setup-key-hidden").await;
    window.press("Show key").await;
    let groups = digits(window).await;
    looks.at(window, "setup-key").await;
    window.press("I have saved it").await;
    confirms_two_groups(window, &groups, looks).await;

    window.sees("Unlock once for real").await;
    looks.at(window, "setup-try").await;
    window.types("Password", PASSWORD).await;
    window.press("Unlock").await;
    window.sees("Your backups are end-to-end encrypted").await;
    window.sees("2 ways to unlock").await;
    looks.at(window, "setup-done").await;
    groups.join(" ")
}

/// The 16 groups on the screen.
pub async fn digits(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[data-testid=key-grid] .group, .grid .group')].map((g) => g.textContent.trim())";
    let shown = window.run(script).await;
    let groups: Vec<String> =
        shown.as_array().unwrap().iter().map(|g| g.as_str().unwrap().to_owned()).collect();
    assert_eq!(groups.len(), 16, "{groups:?}");
    groups
}

/// Types the two groups that are asked for: first one wrong, then both right.
pub async fn confirms_two_groups(window: &Window, groups: &[String], looks: &mut Looks) {
    window.sees("Show that you have it").await;
    let asked = "return [...document.querySelectorAll('[data-testid=setup-confirm] label')].map((l) => /^Group (\\d+)$/.exec(l.textContent.trim())?.[1]).filter(Boolean).map(Number)";
    let asked: Vec<usize> = serde_json::from_value(window.run(asked).await).unwrap();
    assert_eq!(asked.len(), 2);
    let right = |n: usize| groups[n - 1].clone();
    let wrong = |n: usize| if right(n) == "0000" { "1111" } else { "0000" };
    window.types(&format!("Group {}", asked[0]), &right(asked[0])).await;
    window.types(&format!("Group {}", asked[1]), wrong(asked[1])).await;
    window.press("Confirm key").await;
    window.sees(&format!("Group {} does not match.", asked[1])).await;
    looks.at(window, "setup-confirm").await;
    window.types(&format!("Group {}", asked[1]), &right(asked[1])).await;
    window.press("Confirm key").await;
}

/// The first backup, a check of every byte, and the pages as they are then.
pub async fn backs_up(window: &Window, looks: &mut Looks) {
    window.press("Make the first backup").await;
    window.is_at("Chat backup").await;
    window.sees("Backup finished.").await;
    window.sees("86 messages in 2 chats saved").await;
    window.until("the card says protected", "return document.querySelector('[data-testid=backup-status-card]')?.dataset.state === 'protected'").await;
    looks.at(window, "backup-protected").await;

    window.tap("verify-now").await;
    window.press("Every byte").await;
    looks.at(window, "check-dialog").await;
    window.press("Start check").await;
    window.sees("The check found no damage.").await;
    looks.at(window, "backup-checked").await;
    window.tap("backup-e2ee").await;
    window.sees("2 ways to unlock · 2 work on any computer").await;
    looks.at(window, "protect-on").await;
}

/// Locks Coffer, sees that nothing can be read, and opens it again with the password.
pub async fn locks_and_unlocks(window: &Window, looks: &mut Looks) {
    window.press("Lock").await;
    window.is_at("Coffer is locked").await;
    window.does_not_see(PORTO).await;
    looks.at(window, "lock").await;
    window.types("Password", "this is not it at all").await;
    window.press("Unlock").await;
    window.sees(WRONG).await;
    window.types("Password", PASSWORD).await;
    window.press("Unlock").await;
    window.until("Coffer is open", "return document.documentElement.dataset.locked === 'false'").await;
}

/// How the person opens the backup on the new computer.
pub enum Way<'a> {
    /// With the password, after one that is wrong.
    Password,
    /// With the digits, after a typing mistake.
    Digits(&'a str),
}

/// On a new computer: where, unlock, look inside, choose, restore.
pub async fn restores(computer: &Computer, window: &Window, place: &Path, way: Way<'_>, looks: &mut Looks) {
    window.press("Restore a backup").await;
    window.is_at("Restore").await;
    looks.at(window, "restore-place").await;
    computer.will_pick(&[place]);
    window.tap("place-pick").await;
    window.sees("Unlock this backup").await;
    looks.at(window, "restore-unlock").await;
    match way {
        Way::Password => unlocks_with_password(window, looks).await,
        Way::Digits(digits) => unlocks_with_digits(window, digits, looks).await,
    }

    window.sees("The newest is chosen.").await;
    looks.at(window, "restore-backups").await;
    window.press("Just look inside").await;
    window.sees("Decrypted in memory only.").await;
    window.press(PORTO).await;
    window.sees(PORTO_LAST).await;
    looks.at(window, "restore-look").await;
    window.press("Back to the backups").await;
    window.press("Continue").await;
    window.sees("86 messages will be added").await;
    looks.at(window, "restore-choose").await;
    window.tap("restore-start").await;
    window.sees("Your chats are back").await;
    window.sees("86 messages").await;
    looks.at(window, "restore-done").await;
}

async fn unlocks_with_password(window: &Window, looks: &mut Looks) {
    window.types("Password", "not the password").await;
    window.press("Unlock").await;
    window.sees(WRONG).await;
    looks.at(window, "restore-wrong-password").await;
    window.types("Password", PASSWORD).await;
    window.press("Unlock").await;
}

async fn unlocks_with_digits(window: &Window, digits: &str, looks: &mut Looks) {
    window.press("64-digit key").await;
    let plain: String = digits.split(' ').collect();
    let (rest, last) = plain.split_at(63);
    let slip = if last == "5" { "6" } else { "5" };
    window.types("64-digit key", &format!("{rest}{slip}")).await;
    window.sees("Row 8 has a typing mistake.").await;
    looks.at(window, "restore-digits").await;
    window.types("64-digit key", &plain).await;
    window.press("Unlock").await;
}
