//! A hostile or failing hand at the place: whatever it does is refused and named, and no wrong message comes back.
//!
//! The forged two-key slot (first row of KEYS.md's table) is a vector of crate keys, `keyslot_forgery.rs`; every single bit of
//! a repository without padding is flipped by the tests of crate archive. Here the whole engine looks at what people have.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::string_slice,
    reason = "a story stops at the first thing that goes another way"
)]

mod generations;
mod hostile_passkeys;
mod story;

use coffer_archive::{MemoryStore, Store};
use coffer_engine::view::{CheckReport, ImportRequest, LossKind, RemovalReason};
use coffer_engine::{Engine, Unlock, testing_stores};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use story::{
    Fixture, Machine, PASSWORD, World, code, digits_of, everything, failed, import_of, password, secret,
    story, tree,
};

/// A place under attack: the story's place, in memory.
struct Attacked {
    world: World,
    laptop: Machine,
    digits: String,
    store: Arc<MemoryStore>,
    truth: BTreeSet<String>,
}

impl Attacked {
    fn new() -> Self {
        let world = World::new();
        let (laptop, digits) = story(&world);
        let store = mount(&world.place());
        let truth = messages(&laptop);
        Self { world, laptop, digits, store, truth }
    }

    /// A second backup, so that there is an older state to go back to. The files of the first state come back.
    fn with_history() -> (Self, BTreeMap<String, Vec<u8>>) {
        let mut attacked = Self::new();
        let before = attacked.store.files();
        let later = Fixture::write_small(&attacked.world.path("later"), 40);
        attacked.laptop.import(&later.telegram);
        attacked.laptop.back_up();
        attacked.truth = messages(&attacked.laptop);
        (attacked, before)
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.store.files()
    }

    /// Puts a whole state of the place back.
    fn put_back(&self, files: &BTreeMap<String, Vec<u8>>) {
        for name in self.files().keys() {
            self.store.vanish(name);
        }
        for (name, bytes) in files {
            self.store.replace(name, bytes.clone());
        }
    }

    /// The files an every-byte check names; a place that does not open names what keeps it from that.
    fn named(&self) -> BTreeSet<String> {
        let engine = &self.laptop.engine;
        let ended = engine.start_check(true).and_then(|job| engine.wait_job(job));
        match ended {
            Err(error) => BTreeSet::from([format!("refused: {}", error.code().as_str())]),
            Ok(job) if job.state == "failed" => BTreeSet::from([format!("refused: {}", failed(&job))]),
            Ok(job) => {
                let report = report_of(job);
                assert!(report.is_ok || !report.damaged.is_empty());
                report.damaged.into_iter().map(|damage| damage.file).collect()
            }
        }
    }

    /// Restores all that can be on a new computer. What comes back, and whether the rest was named or all was refused.
    fn salvage(&self, number: usize) -> (BTreeSet<String>, bool) {
        let machine = self.world.machine(&format!("salvage {number}"), 50 + u64::try_from(number).unwrap());
        let engine = &machine.engine;
        let Ok(opened) = engine.open_backup(&self.world.place()) else { return (BTreeSet::new(), true) };
        if engine.unlock_backup(&opened.session, digits_of(&self.digits)).is_err() {
            return (BTreeSet::new(), true);
        }
        let ended =
            engine.start_restore(everything(&opened.session)).and_then(|job| engine.wait_job(job)).unwrap();
        let is_named = match ended.outcome {
            Some(coffer_engine::view::JobOutcome::Restore(report)) => !report.missing.is_empty(),
            _ => ended.state == "failed",
        };
        let back = messages(&machine);
        drop(machine);
        fs::remove_dir_all(self.world.path(&format!("salvage {number}"))).unwrap();
        (back, is_named)
    }

    /// No message is wrong, and what is missing was named.
    fn assert_salvage(&self, number: usize, deed: &str) {
        let (back, is_named) = self.salvage(number);
        let wrong: Vec<_> = back.difference(&self.truth).collect();
        assert!(wrong.is_empty(), "{deed}: {wrong:?}");
        assert!(back.len() == self.truth.len() || is_named, "{deed}: {} of {}", back.len(), self.truth.len());
    }
}

impl Drop for Attacked {
    fn drop(&mut self) {
        testing_stores::unmount(&self.world.place());
    }
}

fn mount(place: &Path) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    for (name, bytes) in tree(place) {
        store.put(&name, &bytes).unwrap();
    }
    testing_stores::mount(place, Arc::<MemoryStore>::clone(&store));
    store
}

fn report_of(job: coffer_engine::view::JobView) -> CheckReport {
    match story::done(job) {
        coffer_engine::view::JobOutcome::Check(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Every message of every chat, with its chat, as comparable JSON.
fn messages(machine: &Machine) -> BTreeSet<String> {
    let chats = machine.export();
    let of = |(id, json): (&String, &String)| {
        let chat: serde_json::Value = serde_json::from_str(json).unwrap();
        chat["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| format!("{id} {message}"))
            .collect::<Vec<_>>()
    };
    chats.iter().flat_map(of).collect()
}

/// Places in a file worth hitting: its head, its end, and some between.
fn targets(length: usize) -> BTreeSet<usize> {
    let spread = (1..8).map(|part| length * part / 8 + part);
    [0, 1, 9, 40, 70, 100].into_iter().chain(spread).chain([length - 1]).filter(|at| *at < length).collect()
}

fn is_keyslot(name: &str) -> bool {
    name.starts_with("keyslots")
}

#[test]
fn a_flipped_bit_in_any_file_is_named_and_no_wrong_message_comes_back() {
    let attacked = Attacked::new();
    let files = attacked.files();
    assert!(attacked.named().is_empty());

    for (number, (name, bytes)) in files.iter().enumerate() {
        for at in targets(bytes.len()) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            attacked.store.replace(name, flipped);
            let named = attacked.named();
            assert!(named.contains(name), "bit of byte {at} of {name}: {named:?}");
        }
        attacked.assert_salvage(number, name);
        attacked.store.replace(name, bytes.clone());
    }
    assert!(attacked.named().is_empty());
}

#[test]
fn snapshot_truncated_or_any_other_file_is_named_and_no_wrong_message_comes_back() {
    let attacked = Attacked::new();

    for (number, (name, bytes)) in attacked.files().iter().enumerate() {
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            attacked.store.replace(name, bytes[..length].to_vec());
            let named = attacked.named();
            assert!(named.contains(name), "{name} cut to {length}: {named:?}");
        }
        attacked.assert_salvage(number, name);
        attacked.store.replace(name, bytes.clone());
    }
}

#[test]
fn a_longer_file_is_named() {
    let attacked = Attacked::new();

    for (name, bytes) in attacked.files() {
        attacked.store.replace(&name, [bytes.as_slice(), b"\0"].concat());
        let named = attacked.named();
        assert!(named.contains(&name), "{name}: {named:?}");
        attacked.store.replace(&name, bytes);
    }
}

#[test]
fn file_missing_is_named_and_no_wrong_message_comes_back() {
    let attacked = Attacked::new();

    for (number, (name, bytes)) in attacked.files().iter().enumerate() {
        attacked.store.vanish(name);
        let named = attacked.named();
        // An index lists again what the packs say themselves: without it nothing is lost.
        let is_index = name.starts_with("index/");
        assert!(named.contains(name) != is_index, "{name}: {named:?}");
        let (back, is_named) = attacked.salvage(number);
        assert!(back.is_subset(&attacked.truth), "{name}");
        assert!(
            back == attacked.truth || is_named && !is_index,
            "{name}: {} of {}",
            back.len(),
            attacked.truth.len()
        );
        attacked.store.replace(name, bytes.clone());
    }
}

#[test]
fn chunk_swapped_by_swapping_files_is_named_and_no_wrong_message_comes_back() {
    let (attacked, _) = Attacked::with_history();
    let files = attacked.files();
    let names: Vec<_> =
        files.keys().filter(|name| name.ends_with(".cpk") || name.ends_with(".csn")).collect();

    for (number, pair) in names.windows(2).enumerate() {
        attacked.store.replace(pair[0], files[pair[1]].clone());
        attacked.store.replace(pair[1], files[pair[0]].clone());
        let named = attacked.named();
        assert!(pair.iter().all(|name| named.contains(*name)), "{pair:?}: {named:?}");
        attacked.assert_salvage(number, pair[0]);
        attacked.put_back(&files);
    }
}

#[test]
fn extra_file_renamed_doubled_or_foreign_is_named_and_changes_nothing() {
    let attacked = Attacked::new();
    let files = attacked.files();
    let pack = files.keys().find(|name| name.ends_with(".cpk")).unwrap();
    let snapshot = files.keys().find(|name| name.ends_with(".csn")).unwrap();
    let other_name = |name: &str| name.replace(&name[name.len() - 12..name.len() - 4], "00000000");

    let mut named = Vec::new();
    for (name, bytes) in [
        (other_name(pack), files[pack].clone()),
        (other_name(snapshot), files[snapshot].clone()),
        ("packs/letter.txt".to_owned(), b"hello".to_vec()),
        (format!("snapshots/{}.csn", blake3_of(b"not sealed")), b"not sealed".to_vec()),
    ] {
        attacked.store.replace(&name, bytes);
        named.push((name.clone(), attacked.named().contains(&name)));
        attacked.assert_salvage(named.len(), &name);
        attacked.store.vanish(&name);
    }

    assert!(named.iter().all(|(_, is_named)| *is_named), "{named:?}");
}

#[test]
fn old_keyslot_file_or_old_snapshot_replayed_is_noticed_and_said_before_anything_is_added() {
    let (attacked, before) = Attacked::with_history();
    let laptop = &attacked.laptop;
    let newest: Vec<_> = attacked
        .files()
        .into_keys()
        .filter(|name| name.ends_with(".csn") && !before.contains_key(name))
        .collect();

    attacked.put_back(&before);
    let card = laptop.engine.get_backup_status().unwrap();
    let named = attacked.named();
    let run = laptop.engine.wait_job(laptop.engine.start_backup(None).unwrap()).unwrap();

    assert_eq!((card.state.as_str(), card.failure.unwrap().code.as_str()), ("rolled_back", "rolled_back"));
    assert!(named.contains(&newest[0]), "{named:?}");
    assert_eq!(failed(&run), "rolled_back");
    assert_eq!(attacked.files(), before);
}

#[test]
fn a_lost_snapshot_is_named_by_a_restore_on_the_computer_that_knew_it() {
    let (attacked, before) = Attacked::with_history();
    attacked.put_back(&before);
    let session = attacked.laptop.open(&attacked.world.place(), digits_of(&attacked.digits));

    let report = attacked.laptop.engine.plan_restore(&everything(&session)).unwrap();

    assert_eq!(report.missing.len(), 1);
    assert!(report.missing[0].file.starts_with("snapshots/") && report.missing[0].what == "missing");
}

#[test]
fn stray_or_future_keyslot_file_or_damaged_newest_one_hides_no_way() {
    let attacked = Attacked::new();
    let files = attacked.files();
    let slots: Vec<_> = files.keys().filter(|name| is_keyslot(name)).cloned().collect();
    let stray = b"a file with a huge counter, of nobody".to_vec();

    attacked.store.replace(&format!("keyslots/{}.cks", blake3_of(&stray)), stray);
    let first_copy = slots.iter().find(|name| name.starts_with("keyslots/")).unwrap();
    attacked.store.replace(first_copy, b"damaged".to_vec());
    let guest = attacked.world.machine("guest", 9);
    let opened = guest.engine.open_backup(&attacked.world.place()).unwrap();
    let by_password = guest.engine.unlock_backup(&opened.session, password());

    assert_eq!(opened.ways.len(), 2);
    assert!(opened.notes.iter().any(|note| note.file == *first_copy), "{:?}", opened.notes);
    assert_eq!(by_password.unwrap().len(), 1);
}

#[test]
fn weaker_or_extra_slot_added_by_the_storage_provider_opens_nothing() {
    let attacked = Attacked::new();
    let stranger = World::new();
    let thief = stranger.machine("thief", 66);
    let thiefs_digits = thief.protect(&stranger.place());
    let foreign = tree(&stranger.place()).into_iter().filter(|(name, _)| is_keyslot(name));

    foreign.for_each(|(name, bytes)| attacked.store.replace(&name, bytes));
    let guest = attacked.world.machine("guest", 9);
    let opened = guest.engine.open_backup(&attacked.world.place()).unwrap();
    let by_thief = code(guest.engine.unlock_backup(&opened.session, digits_of(&thiefs_digits)));
    let by_owner = guest.engine.unlock_backup(&opened.session, digits_of(&attacked.digits));

    assert_ne!(by_thief, "accepted");
    assert_eq!(by_owner.unwrap().len(), 1);
}

#[test]
fn a_slot_with_other_argon2_costs_is_refused_even_under_its_right_name() {
    let attacked = Attacked::new();
    let files = attacked.files();
    let name = files.keys().find(|name| is_keyslot(name)).unwrap();
    let bytes = &files[name];
    let floor = 65_536_u32.to_be_bytes();
    let at = bytes.windows(4).position(|window| window == floor).unwrap();
    let mut weaker = bytes.clone();
    weaker[at..at + 4].copy_from_slice(&1_024_u32.to_be_bytes());
    for slot in files.keys().filter(|name| is_keyslot(name)) {
        attacked.store.vanish(slot);
    }

    for folder in ["keyslots", "keyslots-2"] {
        attacked.store.replace(&format!("{folder}/{}.cks", blake3_of(&weaker)), weaker.clone());
    }
    let guest = attacked.world.machine("guest", 9);
    let refused = guest
        .engine
        .open_backup(&attacked.world.place())
        .and_then(|opened| guest.engine.unlock_backup(&opened.session, digits_of(&attacked.digits)));

    assert_eq!(code(refused), "damaged");
}

#[test]
fn slot_moved_between_repositories_opens_nothing_there() {
    let attacked = Attacked::new();
    let stranger = World::new();
    let other = stranger.machine("other", 66);
    other.protect(&stranger.place());
    let theirs = mount(&stranger.place());

    for name in theirs.files().keys().filter(|name| is_keyslot(name)) {
        theirs.vanish(name);
    }
    attacked
        .files()
        .into_iter()
        .filter(|(name, _)| is_keyslot(name))
        .for_each(|(name, bytes)| theirs.replace(&name, bytes));
    other.computer.keychain.clear();
    other.engine.lock();
    let backup = other.engine.start_backup(Some(digits_of(&attacked.digits)));
    let ended = backup.and_then(|job| other.engine.wait_job(job)).unwrap();

    assert_eq!(ended.state, "failed");
    assert!(theirs.files().keys().all(|name| !name.ends_with(".csn")));
    testing_stores::unmount(&stranger.place());
}

#[test]
fn removed_ways_old_file_put_back_opens_nothing_here() {
    let attacked = Attacked::new();
    let laptop = &attacked.laptop;
    let before = attacked.files();
    laptop.engine.fresh_unlock(digits_of(&attacked.digits)).unwrap();
    let ways = laptop.engine.get_protection().unwrap().ways;
    let old = ways.iter().find(|way| format!("{:?}", way.kind) == "Password").unwrap();
    laptop.engine.remove_way(&old.id, RemovalReason::StillMine, true).unwrap();

    let old_files: BTreeSet<_> = before.keys().filter(|name| is_keyslot(name)).cloned().collect();
    old_files.iter().for_each(|name| attacked.store.replace(name, before[name].clone()));
    let known = code(laptop.engine.fresh_unlock(password()));
    let guest = attacked.world.machine("guest", 9);
    let opened = guest.engine.open_backup(&attacked.world.place()).unwrap();
    let guest_code = code(guest.engine.unlock_backup(&opened.session, password()));

    let newest: Vec<_> =
        attacked.files().into_keys().filter(|name| is_keyslot(name) && !old_files.contains(name)).collect();
    newest.iter().for_each(|name| drop(attacked.store.vanish(name)));
    let only_old = code(laptop.engine.fresh_unlock(password()));

    assert_ne!(known, "accepted");
    assert_ne!(guest_code, "accepted", "the newer file with the removal lies beside it");
    assert!(!newest.is_empty());
    assert_ne!(only_old, "accepted", "this home remembers the newer ways");
}

#[test]
fn sizes_tell_neither_who_nor_how_much_and_names_tell_nothing() {
    let small = Attacked::new();
    let world = World::new();
    let laptop = world.machine("laptop", 5);
    laptop.import(&Fixture::write_small(&world.path("files"), 60).telegram);
    laptop.protect(&world.place());
    laptop.back_up();
    let sizes = |files: &BTreeMap<String, Vec<u8>>| {
        files
            .iter()
            .filter(|(name, _)| name.contains('/'))
            .map(|(_, bytes)| bytes.len())
            .collect::<BTreeSet<_>>()
    };
    let is_blind = |name: &String| {
        let stem = name.rsplit('/').next().unwrap().split('.').next().unwrap();
        !name.contains('/') || stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
    };

    let (one, other) = (small.files(), tree(&world.place()));

    assert_eq!(sizes(&one), sizes(&other));
    assert!(one.keys().chain(other.keys()).all(is_blind));
}

#[test]
fn set_up_on_a_new_device_never_silently_re_keys_or_orphans_the_old_backup() {
    let attacked = Attacked::new();
    let guest = attacked.world.machine("guest", 9);
    let before = attacked.files();

    let chosen = code(guest.engine.choose_place(&attacked.world.place(), false));
    let password = code(guest.engine.add_password(secret(PASSWORD)));

    assert_eq!((chosen, password), ("existing_backups", "not_protected"));
    assert_eq!(attacked.files(), before);
}

#[test]
fn thief_at_an_unlocked_computer_adds_no_door_and_turns_no_protection_off() {
    let attacked = Attacked::new();
    let engine = &attacked.laptop.engine;
    attacked.laptop.computer.clock.pass(6 * 60 * 1000);
    let way = engine.get_protection().unwrap().ways[0].id.clone();
    let before = attacked.files();

    let codes = [
        code(engine.add_password(secret("a thief's own quite long password 9"))),
        code(engine.make_recovery_key()),
        code(engine.remove_way(&way, RemovalReason::StillMine, true)),
        code(engine.turn_off_protection()),
        code(engine.fresh_unlock(Unlock::Keychain)),
    ];

    assert_eq!(codes, ["needs_unlock"; 5]);
    assert_eq!(attacked.files(), before);
}

#[test]
fn wrong_secret_is_told_from_damage() {
    let attacked = Attacked::new();
    let guest = attacked.world.machine("guest", 9);
    let place = attacked.world.place();
    let open = |unlock| {
        let opened = guest.engine.open_backup(&place)?;
        guest.engine.unlock_backup(&opened.session, unlock)
    };
    let mut typo = attacked.digits.clone();
    typo.replace_range(20..21, if &typo[20..21] == "7" { "8" } else { "7" });
    let other_key = World::new();
    let other_digits = other_key.machine("other", 77).protect(&other_key.place());

    let wrong = code(open(Unlock::Password(secret("some other password entirely"))));
    let mistyped = open(Unlock::Digits(secret(&typo))).unwrap_err().view();
    let foreign = code(open(digits_of(&other_digits)));
    for (name, mut bytes) in attacked.files().into_iter().filter(|(name, _)| is_keyslot(name)) {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        attacked.store.replace(&name, bytes);
    }
    let damaged = code(open(password()));

    assert_eq!((wrong, foreign, damaged), ("wrong_password", "wrong_key", "damaged"));
    assert_eq!((mistyped.code.as_str(), mistyped.detail.as_deref()), ("digits_typo", Some("3")));
}

#[test]
fn damage_is_named_by_chat_and_kind_and_the_next_backup_stores_it_again() {
    let attacked = Attacked::new();
    let files = attacked.files();
    let packs: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".cpk")).collect();
    let mut losses = BTreeSet::new();

    for (name, bytes) in &packs {
        for part in 0..24 {
            let mut flipped = (*bytes).clone();
            let at = bytes.len() * part / 256 + 150;
            flipped[at] ^= 0x10;
            attacked.store.replace(name, flipped);
            let report = report_of(
                attacked.laptop.engine.wait_job(attacked.laptop.engine.start_check(true).unwrap()).unwrap(),
            );
            let facts = report.damaged.into_iter().flat_map(|damage| damage.affects);
            losses.extend(facts.map(|loss| (loss.what, loss.chat.unwrap_or_default())));
        }
    }
    let card = attacked.laptop.engine.get_backup_status().unwrap();
    attacked.laptop.back_up();
    let after = attacked.laptop.check(true);
    let (back, is_named) = attacked.salvage(1);

    assert!(losses.contains(&(LossKind::Photo, "MARKERquietOtterSings family".to_owned())), "{losses:?}");
    assert!(losses.iter().any(|(what, chat)| *what == LossKind::Message && !chat.is_empty()), "{losses:?}");
    assert_eq!((card.state.as_str(), card.failure.unwrap().code.as_str()), ("failed", "damaged"));
    assert!(after.is_ok, "{:?}", after.damaged);
    assert_eq!((back == attacked.truth, is_named), (true, false));
}

#[test]
fn a_half_synced_a_newer_and_an_empty_place_each_have_their_own_sentence() {
    let attacked = Attacked::new();
    let guest = attacked.world.machine("guest", 9);
    let place = attacked.world.place();
    let files = attacked.files();
    let open = || code(guest.engine.open_backup(&place));

    files.keys().filter(|name| is_keyslot(name)).for_each(|name| drop(attacked.store.vanish(name)));
    let arriving = open();
    files.keys().for_each(|name| drop(attacked.store.vanish(name)));
    let nothing = open();
    attacked.store.replace("coffer.json", newer(&files["coffer.json"]));
    let newer_format = open();
    let gone = code(guest.engine.open_backup(&attacked.world.place_path().join("not there")));
    attacked.put_back(&files);
    let pack = files.keys().find(|name| name.ends_with(".cpk")).unwrap();
    attacked.store.replace(pack, Vec::new());
    let report = report_of(
        attacked.laptop.engine.wait_job(attacked.laptop.engine.start_check(false).unwrap()).unwrap(),
    );

    assert_eq!(
        [arriving, nothing, newer_format, gone],
        ["still_syncing", "not_a_backup", "newer_format", "place_missing"]
    );
    assert!(
        report.damaged.iter().any(|damage| damage.file == *pack && damage.what == "syncing"),
        "{:?}",
        report.damaged
    );
}

#[test]
fn malicious_archive_content_and_bad_files_each_have_their_own_code_and_nothing_is_lost() {
    let attacked = Attacked::new();
    let engine = &attacked.laptop.engine;
    let folder = attacked.world.path("bad files");
    let files = BadFiles::write(&folder);
    let before = attacked.laptop.export();

    let codes: Vec<_> = files.0.iter().map(|(_, path)| import_code(engine, path)).collect();
    let expected: Vec<_> = files.0.iter().map(|(code, _)| (*code).to_owned()).collect();

    assert_eq!(codes, expected);
    assert_eq!(attacked.laptop.export(), before);
}

#[test]
fn invalid_utf_8_is_counted_and_its_bytes_are_kept() {
    let attacked = Attacked::new();
    let path = attacked.world.path("bad text").join("WhatsApp Chat with Zoe.txt");
    let mut text = b"20/11/2026, 10:00 - Zoe: caf".to_vec();
    text.extend_from_slice(b"\xe9\n20/11/2026, 10:01 - Ben: fine\n21/11/2026, 10:02 - Zoe: bye\n");
    fs::write(&path, text).unwrap();

    let report = attacked.laptop.import(&path);

    assert_eq!((report.read, report.added), (3, 3));
    assert!(
        report.skipped.iter().any(|reason| reason.reason == "bad_text" && reason.count == 1),
        "{report:?}"
    );
    let records = attacked.laptop.engine.read_records(&report.chat_ids[0], 0, 10).unwrap();
    assert!(records.iter().any(|record| record.to_string().contains("e9")), "{records:?}");
}

#[test]
fn secrets_in_logs_crash_dumps_and_arguments_print_as_redacted() {
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        password(),
        digits_of("0123456789"),
        secret(PASSWORD),
        coffer_engine::Confirmation::Groups(secret("1234"), secret("5678")),
    );

    assert!(
        !printed.contains("otter") && !printed.contains("1234") && !printed.contains("5678"),
        "{printed}"
    );
    assert!(printed.contains("[redacted]"));
}

/// A `coffer.json` of the next major format, with its own check right.
fn newer(json: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(json.to_vec()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    let check = value["check"].as_str().unwrap();
    let draft = text.replace("\"major\": 0", "\"major\": 9").replace(check, &"0".repeat(64));
    let check = blake3_of(draft.as_bytes());
    draft.replacen(&"0".repeat(64), &check, 1).into_bytes()
}

fn blake3_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The code an import ends with, whichever call says it.
fn import_code(engine: &Engine, path: &Path) -> String {
    if let Err(error) = engine.preview_import(path, None, None) {
        return error.code().as_str().to_owned();
    }
    let request: ImportRequest = import_of(path);
    let job = engine.start_import(request).unwrap();
    failed(&engine.wait_job(job).unwrap()).to_owned()
}

/// Files that are refused, each with its code.
struct BadFiles(Vec<(&'static str, PathBuf)>);

impl BadFiles {
    fn write(folder: &Path) -> Self {
        let plain = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let whole = fs::read(Fixture::write_small(folder, 5).whatsapp).unwrap();
        let deep = format!(
            "{{\"name\":\"x\",\"type\":\"personal_chat\",\"id\":1,\"messages\":{}",
            "[".repeat(100_000)
        );
        Self(vec![
            ("unknown_file", plain("picture.jpg", &story::picture(1, 500))),
            ("unknown_file", plain("poem.txt", b"Roses are red\nViolets are blue\n")),
            ("empty_file", plain("WhatsApp Chat with Nobody.txt", b"")),
            ("truncated_file", plain("cut.zip", &whole[..whole.len() / 2])),
            (
                "unsafe_file",
                zip_with(folder, "escape.zip", "../../_chat.txt", b"[20.11.26, 10:00:00] A: hi\r\n"),
            ),
            ("unsafe_file", zip_with(folder, "bomb.zip", "_chat.txt", &vec![b' '; 80 << 20])),
            ("unsafe_file", plain("deep.json", deep.as_bytes())),
            ("file_missing", folder.join("not there.zip")),
        ])
    }
}

fn zip_with(folder: &Path, name: &str, inside: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    zip.start_file(inside, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap();
    path
}
