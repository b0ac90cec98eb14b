//! Whatever is wrong with a file, a secret or a place: the real `coffer-cli` says one clear sentence, and nothing is lost.

use crate::scene::{Scene, Step, json_lines, text};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The last word on a step: exit code and error code, or `ok`.
fn word(step: &(i32, Value)) -> (i32, String) {
    let code = step.1["error"]["code"].as_str().unwrap_or("ok");
    (step.0, code.to_owned())
}

/// A zip of one entry, squeezed.
fn zip_with(path: &Path, name: &str, bytes: &[u8]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap();
}

/// Files that are refused, by name, with the code each must get.
fn write_bad_files(scene: &Scene) -> Vec<(&'static str, &'static str)> {
    let whole = fs::read(scene.path("anna.zip")).unwrap();
    fs::write(scene.path("noise.bin"), [0_u8, 159, 146, 150]).unwrap();
    fs::write(scene.path("empty.txt"), "").unwrap();
    fs::write(scene.path("cut.zip"), &whole[..whole.len() / 2]).unwrap();
    zip_with(&scene.path("bomb.zip"), "_chat.txt", &vec![b' '; 80 << 20]);
    zip_with(&scene.path("escape.zip"), "../../_chat.txt", b"[20.11.26, 10:00:00] A: hi\r\n");
    let deep =
        "{\"name\":\"x\",\"type\":\"personal_chat\",\"id\":1,\"messages\":".to_owned() + &"[".repeat(100_000);
    fs::write(scene.path("deep.json"), deep).unwrap();
    vec![
        ("noise.bin", "unknown_file"),
        ("empty.txt", "empty_file"),
        ("cut.zip", "truncated_file"),
        ("bomb.zip", "unsafe_file"),
        ("escape.zip", "unsafe_file"),
        ("deep.json", "unsafe_file"),
        ("nothing.zip", "file_missing"),
    ]
}

#[test]
fn every_bad_file_gets_its_sentence_and_nothing_is_changed() {
    let scene = Scene::protected();
    let bad = write_bad_files(&scene);
    scene.done("old", &["export", "--all", "--format", "json", "--out", "before"]);

    let refused: Vec<_> = bad.iter().map(|(name, _)| scene.fails("old", &["import", name])).collect();
    scene.done("old", &["export", "--all", "--format", "json", "--out", "after"]);

    let told: Vec<_> = refused.iter().map(|(exit, code, _)| (*exit > 0, code.as_str())).collect();
    let wanted: Vec<_> = bad.iter().map(|(_, code)| (true, *code)).collect();
    assert_eq!(told, wanted);
    assert!(
        bad.iter().zip(&refused).all(|((name, _), (.., sentence))| sentence.starts_with(*name)),
        "{refused:?}"
    );
    assert!(!scene.path("_chat.txt").exists() && !scene.path("../_chat.txt").exists());
    assert_eq!(scene.files("before"), scene.files("after"));
}

#[test]
fn bytes_that_are_no_text_are_counted_and_kept() {
    let scene = Scene::protected();
    let mut chat = b"20/11/2026, 10:00 - Zoe: caf".to_vec();
    chat.extend_from_slice(b"\xe9\n20/11/2026, 10:01 - Ben: fine\n21/11/2026, 10:02 - Zoe: bye\n");
    fs::write(scene.path("WhatsApp Chat with Zoe.txt"), chat).unwrap();

    let (exit, report) =
        scene.ends("old", &["import", "WhatsApp Chat with Zoe.txt", "--zone", "Europe/Lisbon"]);
    let raw = scene.done("old", &["read", "Zoe"]).remove(0)["raw"].clone();

    assert_eq!(
        (exit, &report["added"]),
        (3, &json!(3)),
        "partial: something is not as it stands in the file"
    );
    assert_eq!(
        (&report["skipped"][0]["reason"], &report["skipped"][0]["count"]),
        (&json!("bad_text"), &json!(1))
    );
    let line = b"20/11/2026, 10:00 - Zoe: caf\xe9";
    assert_eq!(raw["hex"], json!(line.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
}

#[test]
fn a_place_that_is_away_half_there_or_newer_is_told_apart_and_works_again() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);
    let whole = scene.files("place");

    fs::rename(scene.path("place"), scene.path("away")).unwrap();
    let away = scene.fails("old", &["backup"]);
    fs::rename(scene.path("away"), scene.path("place")).unwrap();
    fs::remove_dir_all(scene.path("place/keyslots")).unwrap();
    fs::remove_dir_all(scene.path("place/keyslots-2")).unwrap();
    let arriving = scene.fails("new", &["backups", "place", "--key-file", "key"]);
    scene.puts_back("place", &whole);
    let pack = scene.empties_a_pack();
    let (exit, half) = scene.ends("new", &["check", "place", "--key-file", "key"]);
    scene.puts_back("place", &whole);
    let again = scene.done("old", &["backup"]).remove(0);

    assert_eq!((away.0, away.1.as_str()), (6, "place_missing"));
    assert_eq!((arriving.0, arriving.1.as_str()), (1, "still_syncing"));
    assert_eq!(
        (exit, &half["damaged"][0]["file"], &half["damaged"][0]["what"]),
        (5, &json!(pack), &json!("syncing"))
    );
    assert_eq!(again["complete"], json!(true));
}

#[test]
fn a_damaged_pack_gives_back_the_rest_and_names_what_is_lost() {
    let scene = Scene::protected();
    scene.done("old", &["backup"]);
    scene.flips_a_byte_of_a_pack(200);

    let (exit, restored) = scene.ends("new", &["restore", "place", "--key-file", "key"]);

    let back = restored["added"].as_u64().unwrap() + restored["media"].as_u64().unwrap();
    assert_eq!(exit, 3);
    assert!((1..8).contains(&back), "six messages and two photos, but for what is damaged: {restored}");
    assert_ne!(restored["missing"][0]["affects"], json!([]));
}

#[test]
fn a_really_full_place_then_room_then_a_read_only_one() {
    let scene = Scene::with_chats();
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    let backup = || Step::coffer("old", &["backup"]);

    let Some(steps) = scene.in_a_file_system(
        "place",
        "size=4m",
        &[
            Step::coffer(
                "old",
                &["protect", "place", "--password-file", "password", "--new-key-file", "key"],
            ),
            backup(),
            Step::coffer("new", &["backups", "place", "--key-file", "key"]),
            Step::shell("mount -o remount,size=256m place"),
            backup(),
            Step::coffer("old", &["check", "place", "--every-byte"]),
            Step::shell("mount -o remount,ro place"),
            backup(),
            Step::coffer("new", &["restore", "place", "--key-file", "key"]),
        ],
    ) else {
        return;
    };

    let told: Vec<_> = steps.iter().map(word).collect();
    let ok = || (0, "ok".to_owned());
    let failed = |code: &str| (1, code.to_owned());
    assert_eq!(
        told,
        [ok(), failed("place_full"), ok(), ok(), ok(), failed("place_read_only"), ok()],
        "{steps:?}"
    );
    assert!(steps[1].1["error"]["message"].as_str().unwrap().contains("what is saved is kept"), "{steps:?}");
    assert_eq!(
        (&steps[2].1, &steps[3].1["complete"], &steps[4].1["ok"]),
        (&json!([]), &json!(true), &json!(true))
    );
    assert_eq!((&steps[6].1["added"], &steps[6].1["missing"]), (&json!(103), &json!([])));
}

#[test]
fn a_really_full_disk_stops_an_import_and_a_restore_and_both_go_on_with_room() {
    let scene = Scene::protected();
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    scene.done("old", &["backup"]);
    let import =
        || Step::coffer("disk/one", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    let restore = || Step::coffer("disk/two", &["restore", "place", "--key-file", "key"]);

    let Some(steps) = scene.in_a_file_system(
        "disk",
        "size=24m",
        &[import(), restore(), Step::shell("mount -o remount,size=400m disk"), import(), restore()],
    ) else {
        return;
    };

    let told: Vec<_> = steps.iter().map(word).collect();
    assert_eq!(told[..2], [(1, "disk_full".to_owned()), (1, "disk_full".to_owned())], "{steps:?}");
    assert_eq!(told[2..], [(0, "ok".to_owned()), (0, "ok".to_owned())], "{steps:?}");
    let sum = |report: &Value| report["added"].as_u64().unwrap() + report["present"].as_u64().unwrap();
    assert_eq!((sum(&steps[2].1), sum(&steps[3].1)), (97, 103));
    assert_eq!((&steps[3].1["missing"], &steps[2].1["media"]["missing"]), (&json!([]), &json!(0)));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_an_import_a_check_and_a_restore_cleanly() {
    let scene = Scene::protected();
    scene.write_large_chat();
    let interrupted = |home: &str, line: &[&str]| -> (Option<i32>, Value) {
        let child = scene.start(home, line);
        // The flag is looked at between pieces of work, so it does not matter how far the run is.
        Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
        let ended = child.wait_with_output().unwrap();
        assert!(!text(&ended.stderr).contains("panicked"), "{}", text(&ended.stderr));
        (ended.status.code(), json_lines(&ended).pop().unwrap_or_default())
    };

    let import = ["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"];
    let stopped = [(); 3].map(|()| interrupted("old", &import).0);
    let whole = scene.done("old", &import).remove(0);
    scene.done("old", &["backup"]);
    let checks = [(); 2].map(|()| interrupted("old", &["check", "place", "--every-byte"]).0);
    let restores = [(); 3].map(|()| interrupted("new", &["restore", "place", "--key-file", "key"]).0);
    let restored = scene.done("new", &["restore", "place", "--key-file", "key"]).remove(0);

    let is_clean = |code: &Option<i32>| matches!(code, Some(7 | 0) | None);
    assert!(
        stopped.iter().chain(&checks).chain(&restores).all(is_clean),
        "{stopped:?} {checks:?} {restores:?}"
    );
    assert_eq!(whole["added"].as_u64().unwrap() + whole["present"].as_u64().unwrap(), 97);
    assert_eq!(restored["added"].as_u64().unwrap() + restored["present"].as_u64().unwrap(), 103);
    assert_eq!(restored["missing"], json!([]));
}

#[test]
fn one_home_is_used_by_one_coffer_at_a_time() {
    let scene = Scene::protected();
    scene.write_large_chat();
    scene.done("old", &["import", "large.zip", "--zone", "Europe/Lisbon", "--me", "Sam"]);
    let mut backup = scene.start("old", &["backup"]);
    scene.waits_for_a_pack(&mut backup);

    let second = scene.fails("old", &["chats"]);
    let ended = backup.wait_with_output().unwrap();

    assert_eq!((second.0, second.1.as_str()), (1, "home_in_use"));
    assert!(second.2.contains("close it"), "{}", second.2);
    assert_eq!(ended.status.code(), Some(0), "the first one is not disturbed");
}
