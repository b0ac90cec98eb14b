//! The window and the engine speak of the same things: commands, their arguments, error codes, event names.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test that reads our own sources may stop at the first surprise"
)]

use coffer_engine::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Methods of `Host` that listen to events instead of calling a command.
const LISTENERS: &[&str] = &["on_job", "on_prompt", "on_file_drag", "on_menu"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `startBackup` -> `start_backup`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The text between `open` and the bracket that closes it.
fn bracketed(text: &str, open: char, close: char) -> &str {
    let mut depth = 0_u32;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return text.get(1..at).unwrap_or_default();
            }
        }
    }
    panic!("{open} is never closed");
}

/// Names before the `:` of each `name: Type`, split at commas that stand outside of brackets.
fn argument_names(list: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for letter in list.chars() {
        match letter {
            '(' | '<' | '{' | '[' => depth += 1,
            ')' | '>' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {}
        }
        if !(letter == ',' && depth == 0) {
            parts.last_mut().expect("one part is always there").push(letter);
        }
    }
    let named = parts.iter().filter_map(|part| part.split_once(':'));
    named.map(|(name, _)| snake(name.trim())).collect()
}

/// The methods of `interface Host`, in `snake_case`, with their arguments.
fn host_methods() -> BTreeMap<String, Vec<String>> {
    let text = read("ui/src/host/host.ts");
    let start = text.find("export interface Host ").expect("host.ts declares Host");
    let body = bracketed(text[start..].trim_start_matches(|c| c != '{'), '{', '}');
    let mut found = BTreeMap::new();
    for (at, _) in body.match_indices("\n  ") {
        let line = body[at + 3..].trim_end();
        let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let rest = &line[name.len()..];
        if !name.is_empty() && rest.starts_with('(') {
            found.insert(snake(&name), argument_names(bracketed(rest, '(', ')')));
        }
    }
    found
}

/// The names in `generate_handler!`.
fn handler_names() -> BTreeSet<String> {
    let text = read("src-tauri/src/commands.rs");
    let start = text.find("generate_handler![").expect("commands.rs has the list");
    let list = bracketed(text[start..].trim_start_matches(|c| c != '['), '[', ']');
    list.split(',')
        .filter_map(|path| path.trim().rsplit("::").next())
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Every `#[tauri::command]` function of the shell with the arguments the window gives.
fn command_arguments() -> BTreeMap<String, Vec<String>> {
    let folder = root().join("src-tauri/src");
    let mut files = vec![folder.join("dialogs.rs")];
    files.extend(fs::read_dir(folder.join("commands")).unwrap().map(|entry| entry.unwrap().path()));
    let mut found = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for part in text.split("#[tauri::command]").skip(1) {
            let signature = part.split_once(" fn ").expect("a command is a function").1;
            let name: String =
                signature.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let arguments = argument_names(bracketed(&signature[name.len()..], '(', ')'));
            let given = arguments.into_iter().filter(|a| !["engine", "window"].contains(&a.as_str()));
            found.insert(name, given.collect());
        }
    }
    found
}

/// The strings of `ERROR_CODES` in host.ts.
fn window_codes() -> BTreeSet<String> {
    let text = read("ui/src/host/host.ts");
    let start = text.find("ERROR_CODES = [").expect("host.ts lists the codes");
    let list = bracketed(text[start..].trim_start_matches(|c| c != '['), '[', ']');
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn engine_codes() -> BTreeSet<String> {
    ErrorCode::ALL.iter().map(|code| code.as_str().to_owned()).collect()
}

#[test]
fn the_window_asks_exactly_the_commands_there_are() {
    let asked: BTreeSet<String> =
        host_methods().into_keys().filter(|n| !LISTENERS.contains(&n.as_str())).collect();

    assert_eq!(asked, handler_names());
}

#[test]
fn every_command_in_the_list_is_a_function_and_every_function_is_in_the_list() {
    assert_eq!(command_arguments().into_keys().collect::<BTreeSet<_>>(), handler_names());
}

#[test]
fn commands_take_the_arguments_the_window_gives_in_the_same_order() {
    let mut given = host_methods();
    given.retain(|name, _| !LISTENERS.contains(&name.as_str()));

    assert_eq!(given, command_arguments());
}

#[test]
fn the_window_knows_exactly_the_error_codes_of_the_engine() {
    assert_eq!(window_codes(), engine_codes());
}

#[test]
fn every_error_code_has_a_sentence_and_every_sentence_a_code() {
    let text = read("ui/src/i18n/en.json");
    let messages: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let codes = engine_codes();

    let silent: Vec<_> = codes.iter().filter(|c| !messages.contains_key(&format!("error.{c}"))).collect();
    let orphans: Vec<_> = messages
        .keys()
        .filter_map(|key| key.strip_prefix("error."))
        .filter(|word| !codes.iter().any(|c| word == c || word.starts_with(&format!("{c}_"))))
        .collect();

    assert!(silent.is_empty(), "without a sentence: {silent:?}");
    assert!(orphans.is_empty(), "without a code: {orphans:?}");
}

#[test]
fn every_tip_about_a_password_has_a_sentence() {
    let messages: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&read("ui/src/i18n/en.json")).unwrap();

    let said = messages.keys().filter_map(|key| key.strip_prefix("setup.tip_")).collect::<BTreeSet<_>>();

    assert_eq!(said, coffer_keys::PASSWORD_TIPS.into_iter().collect());
}

#[test]
fn events_have_the_same_names_on_both_sides() {
    for name in ["job", "prompt"] {
        assert!(read("src-tauri/src/events.rs").contains(&format!("\"{name}\"")), "{name}");
        assert!(read("ui/src/host/tauri.ts").contains(&format!("(\"{name}\"")), "{name}");
    }
}

#[test]
fn every_passkey_failure_has_a_sentence() {
    let text = read("ui/src/i18n/en.json");
    let messages: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let words = read("src-tauri/crates/passkey/src/error.rs");
    let words = words.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());

    let silent: Vec<&str> = words.filter(|word| !messages.contains_key(&format!("passkey.{word}"))).collect();

    assert!(silent.is_empty(), "without a sentence: {silent:?}");
}

#[test]
fn the_menus_and_the_window_know_the_same_commands() {
    let table: Vec<BTreeMap<String, String>> =
        serde_json::from_str(&read("ui/src/state/shortcuts.json")).unwrap();
    let in_menus: BTreeSet<String> = table.iter().map(|shortcut| shortcut["command"].clone()).collect();
    let keys = read("ui/src/state/keys.ts");
    let list = bracketed(keys.split_once("COMMANDS = ").unwrap().1, '[', ']');
    let in_window: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();

    assert_eq!(in_menus, in_window);
    assert!(read("src-tauri/src/menu.rs").contains("\"menu\""));
    assert!(read("ui/src/host/tauri.ts").contains("(\"menu\""));
}
