//! Passkeys through the real `coffer-cli`, the real smart card service, and a key whose firmware is real.

use crate::rig::{self, Rig, Terminal};
use crate::scene::{Scene, json_lines, text};
use coffer_virtual_key::in_namespaces;
use serde_json::json;
use std::process::Command;

/// Unlocks with a passkey.
pub const OPEN: &[&str] = &["--passkey", "--pin-file", "pin"];

fn line<'a>(words: &[&'a str], unlock: &[&'a str]) -> Vec<&'a str> {
    [words, unlock].concat()
}

#[test]
fn chats_come_back_on_another_computer_with_the_passkey_alone_or_the_digits_alone() {
    in_namespaces(|| {
        let mut rig = Rig::new();
        let _blue = rig.insert(0, "blue");
        let scene = &rig.scene;

        let protect = line(&["protect", "place", "--new-key-file", "key"], OPEN);
        let protected = scene.done("old", &protect).remove(0);
        let backup = scene.done("old", &line(&["backup", "place"], OPEN)).remove(0);
        scene.done("old", &["export", "--all", "--format", "json", "--out", "before"]);
        let by_passkey = scene.run("new", &line(&["restore", "place"], OPEN));
        scene.done("new", &["export", "--all", "--format", "json", "--out", "after-passkey"]);
        scene.done("third", &["restore", "place", "--key-file", "key"]);
        scene.done("third", &["export", "--all", "--format", "json", "--out", "after-digits"]);

        assert_eq!((&protected["state"], &protected["ways"]), (&json!("protected"), &json!(2)));
        assert_eq!((&backup["complete"], &backup["messages"]), (&json!(true), &json!(6)));
        assert_eq!(json_lines(&by_passkey)[0]["added"], 6, "{}", text(&by_passkey.stderr));
        assert!(scene.files("before") == scene.files("after-passkey"), "the chats differ");
        assert!(scene.files("before") == scene.files("after-digits"), "the chats differ");
    });
}

#[test]
fn every_command_that_opens_a_backup_takes_a_passkey() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();
        let scene = &rig.scene;

        let backups = scene.done("new", &line(&["backups", "place"], OPEN)).remove(0);
        let check = scene.done("new", &line(&["check", "place", "--every-byte"], OPEN)).remove(0);
        let chats = scene.done("new", &[&["look", "place"], OPEN, &["chats"]].concat()).remove(0);
        let tested = scene.done("old", &line(&["ways", "test", "place"], OPEN)).remove(0);
        let ways = scene.done("old", &["ways", "place"]).remove(0);

        assert_eq!((backups.as_array().unwrap().len(), chats.as_array().unwrap().len()), (1, 2));
        assert_eq!((&check["ok"], &tested["way"]), (&json!(true), &json!("passkey")));
        let kinds: Vec<_> =
            ways.as_array().unwrap().iter().map(|way| (&way["kind"], &way["reach"])).collect();
        assert!(kinds.contains(&(&json!("passkey"), &json!("this_key"))), "{kinds:?}");
    });
}

#[test]
fn a_wrong_pin_from_a_file_costs_one_try_and_no_more() {
    in_namespaces(|| {
        let (rig, blue) = Rig::protected();

        let (exit, code, sentence) =
            rig.scene.fails("new", &["restore", "place", "--passkey", "--pin-file", "wrong-pin"]);

        assert_eq!((exit, code.as_str()), (4, "wrong_pin"));
        assert!(sentence.contains("7 tries are left"), "{sentence}");
        assert_eq!(blue.key().pin_tries(), 7);
        rig.scene.done("new", &line(&["restore", "place"], OPEN));
        assert_eq!(blue.key().pin_tries(), 8);
    });
}

#[test]
fn after_three_wrong_pins_the_key_wants_to_be_put_back_and_after_eight_it_is_locked() {
    in_namespaces(|| {
        let (mut rig, mut blue) = Rig::protected();
        let wrong = ["backups", "place", "--passkey", "--pin-file", "wrong-pin"];

        let first_three: Vec<_> = (0..3).map(|_| rig.scene.fails("new", &wrong)).collect();
        drop(blue);
        blue = rig.insert(0, "blue");
        let next_three: Vec<_> = (0..3).map(|_| rig.scene.fails("new", &wrong)).collect();
        drop(blue);
        let _blue = rig.insert(0, "blue");
        let last_two: Vec<_> = (0..2).map(|_| rig.scene.fails("new", &wrong)).collect();
        let locked = rig.scene.fails("new", &line(&["backups", "place"], OPEN));

        let codes = |told: &[(i32, String, String)]| -> Vec<_> {
            told.iter().map(|(exit, code, _)| (*exit, code.clone())).collect()
        };
        let (wrong, other) = ((4, "wrong_pin".to_owned()), (1, "passkey".to_owned()));
        assert_eq!(codes(&first_three), [wrong.clone(), wrong.clone(), other.clone()]);
        assert_eq!(codes(&next_three), codes(&first_three));
        assert_eq!(codes(&last_two), [wrong, other.clone()]);
        assert!(first_three[2].2.contains("put it back"), "{}", first_three[2].2);
        assert!(last_two[1].2.contains("locked itself"), "{}", last_two[1].2);
        assert_eq!((locked.0, locked.1.as_str()), (1, "passkey"));
        assert!(locked.2.contains("locked itself"), "{}", locked.2);
        rig.scene.done("new", &["restore", "place", "--key-file", "key"]);
    });
}

#[test]
fn a_key_that_does_not_hold_the_passkey_is_told_and_does_not_disturb_the_one_that_does() {
    in_namespaces(|| {
        let (mut rig, blue) = Rig::protected();
        drop(blue);
        let red = rig.insert(0, "red");

        let alone = rig.scene.fails("new", &line(&["backups", "place"], OPEN));
        let _blue = rig.insert(1, "blue");
        let both = rig.scene.done("new", &line(&["backups", "place"], OPEN));

        assert_eq!((alone.0, alone.1.as_str()), (1, "passkey"));
        assert!(alone.2.contains("holds no passkey of this backup"), "{}", alone.2);
        assert_eq!(both.len(), 1);
        assert_eq!(red.key().pin_tries(), 8, "the other key was never given a PIN");
    });
}

#[test]
fn a_second_key_is_added_and_opens_and_the_first_is_not_taken_twice() {
    in_namespaces(|| {
        let (mut rig, blue) = Rig::protected();
        let add = ["ways", "add", "place", "--key-file", "key", "--passkey", "--pin-file", "pin"];

        let twice = rig.scene.fails("old", &add);
        drop(blue);
        let _red = rig.insert(0, "red");
        let added = rig.scene.done("old", &add).remove(0);
        let opened = rig.scene.done("new", &line(&["backups", "place"], OPEN));

        assert_eq!((twice.0, twice.1.as_str()), (1, "passkey"));
        assert!(twice.2.contains("a way to unlock already"), "{}", twice.2);
        assert_eq!((&added["ways"], opened.len()), (&json!(3), 1));
    });
}

#[test]
fn a_passkey_is_replaced_by_one_on_another_key() {
    in_namespaces(|| {
        let (mut rig, blue) = Rig::protected();
        let ways = rig.scene.done("old", &["ways", "place"]).remove(0);
        let old = ways.as_array().unwrap().iter().find(|way| way["kind"] == "passkey").unwrap()["id"].clone();
        drop(blue);
        let red = rig.insert(0, "red");

        let replace =
            ["ways", "replace", "place", old.as_str().unwrap(), "--key-file", "key", "--new-passkey"];
        let replaced = rig.scene.done("old", &line(&replace, &["--pin-file", "pin"])).remove(0);
        let by_red = rig.scene.done("new", &line(&["backups", "place"], OPEN));
        drop(red);
        let _blue = rig.insert(0, "blue");
        let by_blue = rig.scene.fails("new", &line(&["backups", "place"], OPEN));

        assert_eq!((&replaced["ways"], by_red.len()), (&json!(2), 1));
        assert_eq!((by_blue.0, by_blue.1.as_str()), (1, "passkey"));
    });
}

#[test]
fn a_key_is_waited_for_and_one_that_is_pulled_is_told() {
    in_namespaces(|| {
        let (mut rig, blue) = Rig::protected();
        drop(blue);
        let restore = line(&["backups", "place"], OPEN);

        let waiting = rig.start_until("new", &restore, "Plug in your security key");
        let blue = rig.insert(0, "blue");
        let (exit, printed, _) = waiting.end();
        blue.key().touch(false);
        let untouched = rig.scene.start("new", &restore);
        rig::waits_for_a_touch(&blue);
        drop(blue);
        let pulled = untouched.wait_with_output().unwrap();

        assert_eq!((exit, printed.lines().count()), (0, 1), "{printed}");
        assert_eq!(pulled.status.code(), Some(1));
        assert!(text(&pulled.stderr).contains("taken away"), "{}", text(&pulled.stderr));
    });
}

#[test]
fn ctrl_c_ends_a_ceremony_with_7() {
    in_namespaces(|| {
        let (rig, blue) = Rig::protected();
        drop(blue);
        let waiting = rig.start_until("new", &line(&["backups", "place"], OPEN), "Plug in your security key");

        Command::new("kill").args(["-INT", &waiting.child.id().to_string()]).status().unwrap();
        let (exit, printed, last) = waiting.end();

        assert_eq!(exit, 7);
        assert!(printed.contains("cancelled") && last.contains("cancelled"), "{printed}{last}");
    });
}

#[test]
fn a_terminal_asks_for_the_pin_and_again_when_it_was_wrong() {
    in_namespaces(|| {
        let (rig, blue) = Rig::protected();

        let mut terminal = Terminal::start(&rig.scene, "new", &["backups", "place", "--passkey"]);
        terminal.sees("PIN of your security key: ");
        terminal.types("badger-1174\r");
        terminal.sees("That PIN is wrong; 7 tries are left");
        terminal.sees("PIN of your security key: ");
        terminal.types(&format!("{}\r", rig::PIN));
        let (exit, shown) = terminal.end();

        assert_eq!(exit, 0, "{shown}");
        assert!(shown.contains("\"complete\":true") && !shown.contains(rig::PIN), "{shown}");
        assert_eq!(blue.key().pin_tries(), 8);
    });
}

#[test]
fn a_new_key_gets_its_pin_on_the_terminal_typed_twice() {
    in_namespaces(|| {
        let mut rig = Rig::new();
        let _blue = rig.insert(0, "blue");

        let protect = ["protect", "place", "--passkey", "--new-key-file", "key"];
        let mut terminal = Terminal::start(&rig.scene, "old", &protect);
        terminal.sees("New PIN for the security key (4 characters or more): ");
        terminal.types("first-4711\r");
        terminal.sees("The same PIN again: ");
        terminal.types("other-4711\r");
        terminal.sees("The two differ.");
        terminal.sees("New PIN for the security key (4 characters or more): ");
        terminal.types(&format!("{}\r", rig::PIN));
        terminal.sees("The same PIN again: ");
        terminal.types(&format!("{}\r", rig::PIN));
        let (exit, shown) = terminal.end();

        assert_eq!(exit, 0, "{shown}");
        rig.scene.done("old", &line(&["ways", "test", "place"], OPEN));
    });
}

#[test]
fn ctrl_c_at_the_question_for_the_pin_ends_with_7() {
    in_namespaces(|| {
        let (rig, blue) = Rig::protected();

        let mut terminal = Terminal::start(&rig.scene, "new", &["backups", "place", "--passkey"]);
        terminal.sees("PIN of your security key: ");
        terminal.types("\u{3}");
        let (exit, shown) = terminal.end();

        assert_eq!(exit, 7, "{shown}");
        assert_eq!(blue.key().pin_tries(), 8);
    });
}

#[test]
fn without_a_terminal_and_a_pin_file_the_command_says_what_is_missing() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();

        let (exit, code, sentence) = rig.scene.fails("new", &["backups", "place", "--passkey"]);

        assert_eq!((exit, code.as_str()), (1, "passkey"));
        assert!(sentence.contains("--pin-file"), "{sentence}");
    });
}

#[test]
fn options_that_do_not_go_together_are_a_wrong_command_line() {
    let scene = Scene::new();

    let two_ways = scene.fails("new", &["backups", "place", "--passkey", "--key-file", "key"]);
    let twice = scene.fails("new", &["backups", "place", "--passkey", "--passkey"]);
    let pin_alone = scene.fails("new", &["backups", "place", "--pin-file", "password"]);
    let nothing_new = scene.fails("new", &["ways", "add", "place", "--key-file", "key"]);

    let usage = (2, "usage");
    let told = [two_ways, twice, pin_alone, nothing_new];
    assert_eq!(told.each_ref().map(|(exit, code, _)| (*exit, code.as_str())), [usage; 4]);
}
