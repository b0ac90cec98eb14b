//! The real `coffer-cli` killed with SIGKILL in the middle of what it does, a fixed number of times, each time further on: nothing
//! that was there is lost, and running the same line again finishes it.

use crate::scene::Scene;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Rounds of each loop. How far a round gets is told by the bytes it has written, not by time.
const ROUNDS: u64 = 6;
const IMPORT: [&str; 6] = ["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"];

/// Bytes at which each round is killed, spread over a whole run's.
fn marks(whole: u64) -> impl Iterator<Item = (u64, u64)> {
    (1..=ROUNDS).map(move |round| (round, whole * round / (ROUNDS + 1)))
}

/// What the messages of a home say, whatever ids their chats got.
fn texts(scene: &Scene, home: &str) -> BTreeSet<String> {
    let chats = scene.done(home, &["chats"]).remove(0);
    let of = |chat: &Value| {
        let messages = scene.done(home, &["read", chat["id"].as_str().unwrap()]);
        messages.into_iter().map(|message| told(&chat["title"], &message)).collect::<Vec<_>>()
    };
    chats.as_array().unwrap().iter().flat_map(of).collect()
}

/// One message with its files, without its id.
fn told(chat: &Value, message: &Value) -> String {
    let files: Vec<_> = message["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (&file["hash"], &file["state"], &file["size"]))
        .collect();
    format!("{chat} {} {} {} {files:?}", message["time"], message["sender"], message["text"])
}

#[test]
fn an_import_killed_anywhere_is_finished_by_running_it_again() {
    let scene = Scene::new();
    scene.write_photos(24, 400_000);
    scene.done("whole", &IMPORT);
    let whole = scene.bytes_in("whole");
    let truth = texts(&scene, "whole");

    let mut killed = 0;
    for (round, mark) in marks(whole) {
        let home = format!("home-{round}");
        killed += u64::from(scene.kills_at(&home, &IMPORT, &home, mark));
        let again = scene.done(&home, &IMPORT).remove(0);
        assert_eq!(
            again["added"].as_u64().unwrap() + again["present"].as_u64().unwrap(),
            25,
            "round {round}"
        );
        assert_eq!(texts(&scene, &home), truth, "round {round}");
    }

    assert!(killed >= ROUNDS / 2, "{killed} of {ROUNDS} rounds were still running");
}

#[test]
fn a_backup_killed_anywhere_loses_nothing_and_is_finished_by_the_next_one() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);
    let first = scene.files("place");
    scene.write_photos(24, 400_000);
    scene.done("old", &IMPORT);
    let home = scene.files("old");
    scene.done("old", &["backup"]);
    let whole = scene.bytes_in("place");
    let truth = texts(&scene, "old");

    let mut killed = 0;
    for (round, mark) in marks(whole) {
        scene.puts_back("place", &first);
        scene.puts_back("old", &home);
        killed += u64::from(scene.kills_at("old", &["backup"], "place", mark));
        let before = scene.done("new", &["backups", "place", "--key-file", "key"]).remove(0);
        let next = scene.done("old", &["backup"]).remove(0);
        let check = scene.done("old", &["check", "place", "--every-byte"]).remove(0);
        let copy = format!("copy-{round}");
        let restored = scene.done(&copy, &["restore", "place", "--key-file", "key"]).remove(0);
        assert!(!before.as_array().unwrap().is_empty(), "round {round}: the backup before is gone");
        assert_eq!((&next["complete"], &next["messages"]), (&json!(true), &json!(31)), "round {round}");
        assert_eq!((&check["ok"], &restored["missing"]), (&json!(true), &json!([])), "round {round}");
        assert_eq!(texts(&scene, &copy), truth, "round {round}");
    }

    assert!(killed >= ROUNDS / 2, "{killed} of {ROUNDS} rounds were still running");
}

#[test]
fn a_restore_killed_anywhere_is_finished_by_running_it_again() {
    let scene = Scene::protected();
    scene.write_photos(24, 400_000);
    scene.done("old", &IMPORT);
    scene.done("old", &["backup"]);
    let restore = ["restore", "place", "--key-file", "key"];
    scene.done("whole", &restore);
    let whole = scene.bytes_in("whole");
    let truth = texts(&scene, "old");
    let place = scene.files("place");

    let mut killed = 0;
    for (round, mark) in marks(whole) {
        let home = format!("home-{round}");
        killed += u64::from(scene.kills_at(&home, &restore, &home, mark));
        let again = scene.done(&home, &restore).remove(0);
        assert_eq!(
            again["added"].as_u64().unwrap() + again["present"].as_u64().unwrap(),
            31,
            "round {round}"
        );
        assert_eq!(again["missing"], json!([]), "round {round}");
        assert_eq!(texts(&scene, &home), truth, "round {round}");
    }

    assert!(killed >= ROUNDS / 2, "{killed} of {ROUNDS} rounds were still running");
    assert!(scene.files("place") == place, "a restore writes nothing to the place");
}
