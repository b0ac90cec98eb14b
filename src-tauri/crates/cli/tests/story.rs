//! The whole story through the real `coffer-cli`, on two homes, and every exit code of CLI.md.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a story stops at the first surprise and waits for a real process"
)]

#[path = "story/bad_input.rs"]
mod bad_input;
#[path = "story/killed.rs"]
mod killed;
#[cfg(target_os = "linux")]
#[path = "story/other_client.rs"]
mod other_client;
#[cfg(target_os = "linux")]
#[path = "story/passkeys.rs"]
mod passkeys;
#[cfg(target_os = "linux")]
#[path = "story/rig.rs"]
mod rig;
#[path = "story/scene.rs"]
mod scene;
#[cfg(target_os = "linux")]
#[path = "story/silence.rs"]
mod silence;

use scene::{Scene, json_lines, text};
use serde_json::json;
use std::fs;
use std::process::Command;

#[test]
fn chats_come_back_on_another_computer_with_the_digits_and_with_the_password() {
    let scene = Scene::protected();
    let backup = scene.done("old", &["backup", "place", "--password-file", "password"]).remove(0);
    scene.done("old", &["export", "--all", "--format", "json", "--out", "before"]);

    let restored = scene.done("new", &["restore", "place", "--key-file", "key"]).remove(0);
    scene.done("new", &["export", "--all", "--format", "json", "--out", "after"]);
    scene.done("third", &["restore", "place", "--password-file", "password"]);
    scene.done("third", &["export", "--all", "--format", "json", "--out", "after-password"]);

    assert_eq!(
        (&backup["messages"], &backup["media"], &backup["complete"]),
        (&json!(6), &json!(2), &json!(true))
    );
    assert_eq!((&restored["added"], &restored["missing"]), (&json!(6), &json!([])));
    assert_eq!(scene.files("before"), scene.files("after"));
    assert_eq!(scene.files("before"), scene.files("after-password"));
}

#[test]
fn an_import_reports_what_it_read_and_a_second_one_adds_nothing() {
    let scene = Scene::protected();

    let again =
        scene.done("old", &["import", "anna.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]).remove(0);

    assert_eq!(again["source"], "whatsapp_export");
    assert_eq!((&again["read"], &again["added"], &again["present"]), (&json!(4), &json!(0), &json!(4)));
    assert_eq!(again["media"], json!({ "found": 1, "missing": 0, "omitted": 0 }));
}

#[test]
fn chats_read_and_search_speak_the_keys_of_the_page() {
    let scene = Scene::protected();

    let chats = scene.done("old", &["chats"]).remove(0);
    let messages = scene.done("old", &["read", "Book club"]);
    let some = scene
        .done("old", &["read", "Anna Reyes", "--from", "2026-11-20", "--to", "2026-11-20", "--limit", "2"]);
    let hits = scene.done("old", &["search", "lighthouse"]).remove(0);

    assert_eq!(chats[0]["title"], "Anna Reyes");
    assert_eq!((&chats[0]["app"], &chats[0]["first"]), (&json!("WhatsApp"), &json!("2026-11-20T13:58:01Z")));
    assert_eq!(
        (&messages[1]["sender"], &messages[1]["reply_to"]["text"]),
        (&json!("Sam"), &json!("Shall we read Middlemarch?"))
    );
    assert_eq!(messages[1]["attachments"][0]["state"], "present");
    assert!(messages[0]["raw"].to_string().contains("Middlemarch"));
    assert_eq!(some.len(), 2);
    assert_eq!(hits[0]["title"], "Anna Reyes");
}

#[test]
fn a_backup_is_looked_into_without_writing_anything() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);
    let before = scene.files("place");

    let chats = scene.done("new", &["look", "place", "--key-file", "key", "chats"]).remove(0);
    let lines = scene.done("new", &["look", "place", "--key-file", "key", "read", "Anna Reyes"]);
    let read = scene.done("old", &["read", "Anna Reyes"]);
    let hits = scene.done("new", &["look", "place", "--key-file", "key", "search", "umbrella"]).remove(0);
    let planned = scene.done("new", &["restore", "place", "--key-file", "key", "--dry-run"]).remove(0);

    assert_eq!((chats.as_array().unwrap().len(), lines.len(), hits.as_array().unwrap().len()), (2, 4, 1));
    assert_eq!(lines, read, "looked at and read are the same, the source's own bytes too");
    assert!(!lines[0]["raw"].is_null());
    assert_eq!(planned["added"], 6);
    assert_eq!(scene.done("new", &["chats"]), [json!([])]);
    assert!(scene.files("place") == before, "the place was changed");
}

#[test]
fn one_chat_some_days_and_no_media_can_be_restored_alone() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);

    let line = [
        "restore",
        "place",
        "--key-file",
        "key",
        "--chat",
        "Anna Reyes",
        "--from",
        "2026-11-21",
        "--no-media",
    ];
    let restored = scene.done("new", &line).remove(0);

    assert_eq!((&restored["added"], &restored["media"]), (&json!(1), &json!(0)));
    assert_eq!(scene.done("new", &["chats"])[0][0]["title"], "Anna Reyes");
}

#[test]
fn ways_are_listed_tested_added_replaced_and_removed() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);
    fs::write(scene.path("password2"), "six quiet otters sing at dusk\n").unwrap();

    let tested = scene.done("old", &["ways", "test", "place", "--key-file", "key"]).remove(0);
    let unlock = ["--password-file", "password"];
    let added = scene
        .done("old", &[&["ways", "add", "place", "--new-password-file", "password2"][..], &unlock].concat());
    let ways = scene.done("old", &["ways", "place"]).remove(0);
    let key =
        ways.as_array().unwrap().iter().find(|way| way["kind"] == "recovery_key").unwrap()["id"].clone();
    let replace = ["ways", "replace", "place", key.as_str().unwrap(), "--new-key-file", "key2"];
    scene.done("old", &[&replace[..], &unlock].concat());
    let first = ways[0]["id"].as_str().unwrap();
    scene.done("old", &["ways", "remove", "place", first, "--key-file", "key2"]);

    assert_eq!(tested["way"], "recovery_key");
    assert_eq!(added[0]["ways"], 3);
    assert_eq!(scene.fails("new", &["backups", "place", "--key-file", "key"]).0, 4);
    assert_eq!(scene.fails("new", &["backups", "place", "--password-file", "password"]).0, 4);
    assert_eq!(
        scene.done("new", &["backups", "place", "--key-file", "key2"])[0].as_array().unwrap().len(),
        1
    );
    assert_eq!(scene.done("new", &["backups", "place", "--password-file", "password2"]).len(), 1);
}

#[test]
fn a_lost_way_is_removed_with_a_new_key_and_nothing_is_stored_again() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);
    fs::write(scene.path("password2"), "six quiet otters sing at dusk\n").unwrap();
    let add = ["ways", "add", "place", "--new-password-file", "password2", "--password-file", "password"];
    scene.done("old", &add);
    let ways = scene.done("old", &["ways", "place"]).remove(0);
    let first = ways[0]["id"].as_str().unwrap();
    let files_of =
        |folder: &str| scene.files("place").iter().filter(|(name, _)| name.starts_with(folder)).count();
    let packs = files_of("packs");

    let both =
        scene.fails("old", &["ways", "remove", "place", first, "--lost", "--kept", "--key-file", "key"]);
    let removed =
        scene.done("old", &["ways", "remove", "place", first, "--lost", "--key-file", "key"]).remove(0);
    let backup = scene.done("old", &["backup", "--key-file", "key"]).remove(0);

    assert_eq!((both.0, removed["state"].as_str()), (2, Some("protected")));
    assert_eq!(scene.fails("new", &["backups", "place", "--password-file", "password"]).0, 4);
    assert_eq!((files_of("keyslots"), files_of("keyslots-2")), (1, 1));
    assert_eq!((backup["complete"].as_bool(), files_of("packs")), (Some(true), packs));
    for way in [["--key-file", "key"], ["--password-file", "password2"]] {
        let seen = scene.done("new", &[&["backups", "place"][..], &way].concat());
        assert_eq!(seen[0].as_array().unwrap().len(), 2, "{way:?}");
        assert_eq!(
            scene.done("new", &[&["check", "place", "--every-byte"][..], &way].concat())[0]["ok"],
            true
        );
    }
}

#[test]
fn the_last_ways_are_guarded() {
    let scene = Scene::protected();
    let ways = scene.done("old", &["ways", "place"]).remove(0);
    let [first, second] = [ways[0]["id"].as_str().unwrap(), ways[1]["id"].as_str().unwrap()];

    let at_risk = scene.fails("old", &["ways", "remove", "place", first, "--key-file", "key"]);
    let agreed = ["ways", "remove", "place", first, "--key-file", "key", "--acknowledge-one-way"];
    let one_left = scene.done("old", &agreed).remove(0);
    let last = scene
        .fails("old", &["ways", "remove", "place", second, "--key-file", "key", "--acknowledge-one-way"]);

    assert_eq!((at_risk.0, at_risk.1.as_str()), (1, "last_way"));
    assert_eq!(one_left["state"], "at_risk");
    assert_eq!((last.0, last.1.as_str()), (1, "last_way"));
}

#[test]
fn protect_wants_two_ways_or_an_acknowledgement_and_proves_them() {
    let scene = Scene::new();

    let (none, ..) = scene.fails("old", &["protect", "place"]);
    let (one, ..) = scene.fails("old", &["protect", "place", "--new-key-file", "key"]);
    let in_place = ["protect", "place", "--password-file", "password", "--new-key-file", "place/key"];
    let (beside, code, _) = scene.fails("old", &in_place);
    let risked =
        scene.done("old", &["protect", "place", "--new-key-file", "key", "--acknowledge-one-way"]).remove(0);

    assert_eq!((none, one, beside, code.as_str()), (2, 2, 1, "sheet_in_backup"));
    assert_eq!(risked["state"], "at_risk");
    assert_eq!(fs::read_to_string(scene.path("key")).unwrap().lines().count(), 8);
}

#[test]
fn a_place_with_backups_of_another_computer_is_joined_not_taken() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);

    let both = ["protect", "place", "--password-file", "wrong", "--new-key-file", "mine"];
    let (exit, code, _) = scene.fails("new", &both);
    fs::write(scene.path("password2"), "six quiet otters sing at dusk\n").unwrap();
    let joined =
        scene.done("new", &["ways", "add", "place", "--key-file", "key", "--new-password-file", "password2"]);

    assert_eq!((exit, code.as_str()), (1, "existing_backups"));
    assert_eq!(joined[0]["ways"], 3);
}

#[test]
fn wrong_secrets_end_with_4() {
    let scene = Scene::protected();
    // Each row's check digit is right, or wrong in the third row alone.
    fs::write(scene.path("other"), "1234 1234\n".repeat(8)).unwrap();
    fs::write(
        scene.path("typo"),
        format!("{}1234 1235\n{}", "1234 1234\n".repeat(2), "1234 1234\n".repeat(5)),
    )
    .unwrap();

    let password = scene.fails("new", &["backups", "place", "--password-file", "wrong"]);
    let other = scene.fails("new", &["backups", "place", "--key-file", "other"]);
    let typo = scene.fails("new", &["backups", "place", "--key-file", "typo"]);

    assert_eq!((password.0, password.1.as_str()), (4, "wrong_password"));
    assert_eq!((other.0, other.1.as_str()), (4, "wrong_key"));
    assert_eq!((typo.0, typo.1.as_str()), (4, "digits_typo"));
    assert!(typo.2.starts_with("row 3 "), "{}", typo.2);
}

#[test]
fn a_damaged_pack_ends_with_5_and_names_what_it_affects() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);
    // Behind the header stand the first pieces; the end of a small pack is padding that nothing needs.
    let pack = scene.flips_a_byte_of_a_pack(200);

    let pieces = scene.run("new", &["check", "place", "--key-file", "key", "--every-byte"]);
    scene.flips_a_byte_of_a_pack(200);
    scene.flips_a_byte_of_a_pack(200_000);
    let padding = scene.run("new", &["check", "place", "--key-file", "key", "--every-byte"]);

    let report = json_lines(&pieces).remove(0);
    assert_eq!((pieces.status.code(), padding.status.code()), (Some(5), Some(5)));
    assert_eq!((&report["ok"], &report["damaged"][0]["file"]), (&json!(false), &json!(pack)));
    assert_ne!(report["damaged"][0]["affects"], json!([]));
    assert_eq!(json_lines(&padding)[0]["damaged"][0]["file"], json!(pack));
}

#[test]
fn no_such_place_and_no_such_backup_end_with_6() {
    let scene = Scene::protected();
    scene.done("old", &["backup", "--password-file", "password"]);
    fs::create_dir(scene.path("empty")).unwrap();

    let missing = scene.fails("new", &["backups", "nowhere", "--key-file", "key"]);
    let empty = scene.fails("new", &["restore", "empty", "--key-file", "key"]);
    let backup =
        scene.fails("new", &["restore", "place", "--key-file", "key", "--backup", "0123456789abcdef"]);

    assert_eq!((missing.0, missing.1.as_str()), (6, "place_missing"));
    assert_eq!((empty.0, empty.1.as_str()), (6, "not_a_backup"));
    assert_eq!((backup.0, backup.1.as_str()), (6, "no_such_backup"));
}

#[test]
fn a_newer_format_ends_with_8() {
    let scene = Scene::protected();
    let file = scene.path("place/coffer.json");
    let newer = fs::read_to_string(&file).unwrap().replace("\"major\": 0", "\"major\": 7");
    let (head, check) = newer.split_at(newer.find("\"check\": \"").unwrap() + 10);
    let (_, tail) = check.split_at(64);
    let blank = format!("{head}{}{tail}", "0".repeat(64));
    let hash = blake3::hash(blank.as_bytes()).to_hex();
    fs::write(&file, format!("{head}{hash}{tail}")).unwrap();

    let (exit, code, _) = scene.fails("new", &["backups", "place", "--key-file", "key"]);

    assert_eq!((exit, code.as_str()), (8, "newer_format"));
}

#[test]
fn errors_usage_and_partial_success_have_their_own_codes() {
    let scene = Scene::protected();
    fs::write(scene.path("noise.bin"), [0_u8, 159, 146, 150]).unwrap();
    fs::write(scene.path("empty.txt"), "").unwrap();

    let unknown = scene.fails("old", &["import", "noise.bin"]);
    let empty = scene.fails("old", &["import", "empty.txt"]);
    let missing = scene.fails("old", &["import", "nothing.zip"]);
    let chat = scene.fails("old", &["read", "Nobody"]);
    let usage = scene.run("old", &["import"]);
    let partial = scene.run("old", &["import", "noise.bin", "anna.zip"]);

    assert_eq!((unknown.0, unknown.1.as_str()), (1, "unknown_file"));
    assert_eq!((empty.0, empty.1.as_str()), (1, "empty_file"));
    assert_eq!((missing.0, missing.1.as_str()), (1, "file_missing"));
    assert_eq!((chat.0, chat.1.as_str()), (1, "no_such_chat"));
    assert_eq!(usage.status.code(), Some(2));
    assert_eq!(json_lines(&usage)[0]["error"]["code"], "usage");
    assert_eq!(partial.status.code(), Some(3), "{}", text(&partial.stderr));
}

#[test]
fn without_a_stand_in_a_protected_home_asks_for_a_way() {
    let scene = Scene::protected();

    let locked = scene.command("old", &["chats"]).env("COFFER_KEYCHAIN", "none").output().unwrap();
    let by_variable = scene
        .command("old", &["chats"])
        .env("COFFER_KEYCHAIN", "none")
        .env("COFFER_PASSWORD_FILE", "password")
        .output();

    assert_eq!(json_lines(&locked)[0]["error"]["code"], "locked");
    assert_eq!(json_lines(&by_variable.unwrap())[0].as_array().unwrap().len(), 2);
}

#[test]
fn a_backup_killed_in_the_middle_is_finished_by_the_next_one() {
    let scene = Scene::protected();
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    let mut backup = scene.start("old", &["backup", "--password-file", "password"]);
    scene.waits_for_a_pack(&mut backup);

    backup.kill().unwrap();
    backup.wait().unwrap();
    let listed = scene.done("new", &["backups", "place", "--key-file", "key"]).remove(0);
    let second = scene.done("old", &["backup", "--password-file", "password"]).remove(0);
    let check =
        scene.done("old", &["check", "place", "--password-file", "password", "--every-byte"]).remove(0);
    let restored = scene.done("new", &["restore", "place", "--key-file", "key"]).remove(0);

    assert_eq!(listed, json!([]));
    assert_eq!((&second["complete"], &second["messages"]), (&json!(true), &json!(103)));
    assert_eq!((&check["ok"], &restored["added"]), (&json!(true), &json!(103)));
    assert_eq!((&restored["media"], &restored["missing"]), (&json!(98), &json!([])));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_a_backup_cleanly_and_ends_with_7() {
    let scene = Scene::protected();
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    let mut backup = scene.start("old", &["backup", "--password-file", "password"]);
    scene.waits_for_a_pack(&mut backup);

    Command::new("kill").args(["-INT", &backup.id().to_string()]).status().unwrap();
    let stopped = backup.wait_with_output().unwrap();
    let second = scene.done("old", &["backup", "--password-file", "password"]).remove(0);

    assert_eq!(stopped.status.code(), Some(7), "{}", text(&stopped.stderr));
    assert_eq!(json_lines(&stopped)[0]["error"]["code"], "cancelled");
    assert_eq!((&second["complete"], &second["messages"]), (&json!(true), &json!(103)));
}

#[test]
fn a_place_is_checked_without_a_way_to_unlock_and_that_is_said() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);

    let quick = scene.done("new", &["check", "place"]).remove(0);
    let full = scene.done("new", &["check", "place", "--every-byte"]).remove(0);
    let pack = scene.flips_a_byte_of_a_pack(200);
    let (exit, found) = scene.ends("new", &["check", "place", "--every-byte"]);
    let (wrong, ..) = scene.fails("new", &["check", "place", "--password-file", "wrong"]);

    assert_eq!(
        (&quick["ok"], &quick["without_key"], &quick["snapshots"]),
        (&json!(true), &json!(true), &json!(1))
    );
    assert_eq!((&full["ok"], &full["every_byte"]), (&json!(true), &json!(true)));
    assert_eq!(
        (exit, &found["damaged"][0]["file"], &found["damaged"][0]["what"]),
        (5, &json!(pack), &json!("damaged"))
    );
    assert_eq!(wrong, 4, "a way that is named must open");
}

#[test]
fn a_place_that_went_back_in_time_waits_for_a_decision() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);
    let older = scene.files("place");
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    scene.done("old", &["backup"]);

    scene.puts_back("place", &older);
    let [first, second] = [(); 2].map(|()| scene.fails("old", &["backup"]));
    let shown = scene.done("old", &["rollback", "place"]).remove(0);
    let (unasked, ..) = scene.fails("old", &["rollback", "place", "--it-is-right"]);
    let (wrong, ..) = scene.fails("old", &["rollback", "place", "--it-is-right", "--password-file", "wrong"]);
    let settled = scene.done("old", &["rollback", "place", "--keep-newer"]).remove(0);
    let backup = scene.done("old", &["backup"]).remove(0);

    assert_eq!([(first.0, first.1.as_str()), (second.0, second.1.as_str())], [(5, "rolled_back"); 2]);
    assert!(first.2.contains("coffer-cli rollback PLACE"), "{}", first.2);
    assert_eq!((&shown["rolled_back"], &shown["computers"][0]["seen"]["number"]), (&json!(true), &json!(2)));
    assert_eq!(
        (&shown["computers"][0]["shown"]["number"], &shown["computers"][0]["own"]),
        (&json!(1), &json!(true))
    );
    assert_eq!((unasked, wrong, &settled["state"]), (1, 4, &json!("protected")));
    assert_eq!((&backup["complete"], &backup["messages"]), (&json!(true), &json!(103)));
    assert_eq!(scene.done("old", &["rollback", "place"]), [json!({ "rolled_back": false })]);
}

#[test]
fn the_older_state_is_right_for_somebody_with_a_way_that_opens_it() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);
    let older = scene.files("place");
    scene.done("old", &["backup"]);
    scene.puts_back("place", &older);

    let settled = scene.done("old", &["rollback", "place", "--it-is-right", "--key-file", "key"]).remove(0);

    assert_eq!(settled["state"], "protected");
    assert_eq!(scene.done("old", &["backup"])[0]["complete"], json!(true));
}

#[test]
fn the_reader_of_the_output_may_leave_early() {
    let scene = Scene::protected();
    let mut reading = scene.start("old", &["read", "Anna Reyes"]);

    drop(reading.stdout.take());
    let ended = reading.wait_with_output().unwrap();

    assert_eq!((ended.status.code(), text(&ended.stderr).as_str()), (Some(0), ""));
}

#[test]
fn completions_and_the_manual_name_the_commands() {
    let scene = Scene::new();

    let bash = text(&scene.run("old", &["completions", "bash"]).stdout);
    let man = text(&scene.run("old", &["man"]).stdout);

    assert!(bash.contains("restore") && bash.contains("--every-byte"));
    assert!(man.contains(".TH coffer-cli") && man.contains("restore"));
}
