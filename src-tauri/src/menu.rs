//! The native menus: every shortcut of the window, from the one table the window reads too. What is chosen is only passed on.

use serde::Deserialize;
use std::collections::BTreeMap;
use tauri::menu::{Menu, MenuEvent, MenuItem, Submenu};
use tauri::{AppHandle, Emitter, Wry};

const SHORTCUTS: &str = include_str!("../../ui/src/state/shortcuts.json");
const SENTENCES: &str = include_str!("../../ui/src/i18n/en.json");
/// The menus in their order, with the ids of their titles.
const MENUS: [(&str, &str); 4] =
    [("file", "menu.file"), ("find", "menu.find"), ("go", "menu.go"), ("help", "menu.help")];

/// One line of the table.
#[derive(Deserialize)]
struct Shortcut {
    /// What the window does.
    command: String,
    /// The keys, as tauri reads them.
    keys: String,
    /// The menu it stands in.
    menu: String,
    /// The id of its sentence.
    label: String,
}

/// Makes the menus; on macOS beside those the system expects.
///
/// # Errors
/// When the system gives no menu.
///
/// # Panics
/// Never: the two files are parts of this build, and a test reads them.
pub fn menus(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let (shortcuts, sentences) = (shortcuts(), sentences());
    let menu = if cfg!(target_os = "macos") { Menu::default(app)? } else { Menu::new(app)? };
    for (name, title) in MENUS {
        let submenu = Submenu::new(app, &sentences[title], true)?;
        for shortcut in shortcuts.iter().filter(|shortcut| shortcut.menu == name) {
            let Shortcut { command, keys, menu: _, label } = shortcut;
            submenu.append(&MenuItem::with_id(
                app,
                command,
                &sentences[label.as_str()],
                true,
                Some(keys),
            )?)?;
        }
        menu.append(&submenu)?;
    }
    Ok(menu)
}

/// Passes a chosen item on to the window, which decides whether it means anything now.
pub fn forward(app: &AppHandle, event: &MenuEvent) {
    // A window that is closing hears nothing more, and nobody misses it.
    app.emit_to("main", "menu", event.id().as_ref()).ok();
}

fn shortcuts() -> Vec<Shortcut> {
    serde_json::from_str(SHORTCUTS).expect("the table of this build is read by a test")
}

fn sentences() -> BTreeMap<String, String> {
    let all: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(SENTENCES).expect("the sentences of this build are read by a test");
    all.into_iter().filter_map(|(id, text)| Some((id, text.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_shortcut_has_a_menu_and_a_sentence() {
        let (shortcuts, sentences) = (shortcuts(), sentences());

        let lost: Vec<&str> = shortcuts
            .iter()
            .filter(|shortcut| {
                !sentences.contains_key(&shortcut.label)
                    || !MENUS.iter().any(|(name, _)| *name == shortcut.menu)
            })
            .map(|shortcut| shortcut.command.as_str())
            .collect();

        assert_eq!(lost, Vec::<&str>::new());
        assert!(MENUS.iter().all(|(_, title)| sentences.contains_key(*title)));
    }

    #[test]
    fn no_two_items_share_a_name_or_keys() {
        let shortcuts = shortcuts();

        let commands: BTreeSet<&str> = shortcuts.iter().map(|shortcut| shortcut.command.as_str()).collect();
        let keys: BTreeSet<&str> = shortcuts.iter().map(|shortcut| shortcut.keys.as_str()).collect();

        assert_eq!((commands.len(), keys.len()), (shortcuts.len(), shortcuts.len()));
    }
}
