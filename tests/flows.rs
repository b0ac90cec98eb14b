//! Whole stories without a window: two homes are two computers.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a story stops at the first thing that goes another way"
)]

mod checking;
mod exporting;
mod passkeys;
mod rollback;
mod story;
mod watched;

use coffer_archive::Failure;
use coffer_engine::testing::open_engine;
use coffer_engine::view::{JobOutcome, RestoreReport, RestoreRequest, SearchQuery};
use coffer_engine::{ExportFormat, Unlock, testing_stores};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use story::{
    Fixture, Machine, PASSWORD, World, code, digits_of, done, everything, failed, import_of, password,
    secret, story, tree,
};
use watched::{Disk, mount};

#[test]
fn the_whole_story_with_a_password_on_one_and_the_digits_on_another() {
    let world = World::new();
    let files = Fixture::write_with(&world.path("files"), 200, 4_300_000);
    let laptop = world.machine("laptop", 1);

    let whatsapp = laptop.import(&files.whatsapp);
    let telegram = laptop.import(&files.telegram);
    let digits = laptop.protect(&world.place());
    let backup = laptop.back_up();
    let (chats, media) = (laptop.export(), laptop.media());
    drop(laptop);
    fs::remove_dir_all(world.path("laptop")).unwrap();

    let by_password = world.machine("by password", 2);
    let session = by_password.open(&world.place(), password());
    let first = by_password.restore(everything(&session));
    let by_digits = world.machine("by digits", 3);
    let session = by_digits.open(&world.place(), digits_of(&digits));
    let second = by_digits.restore(everything(&session));

    assert_eq!(
        (whatsapp.read, whatsapp.added, whatsapp.media_found, whatsapp.media_missing),
        (210, 210, 2, 1)
    );
    assert_eq!((telegram.read, telegram.added, telegram.media_found), (204, 204, 1));
    assert!(backup.backup.is_complete);
    assert_eq!((backup.backup.chats, backup.backup.messages, backup.backup.media), (2, 414, 3));
    assert_eq!((first.added, first.present, first.differ, first.media, first.chats), (414, 0, 0, 3, 2));
    assert_eq!(first.missing, []);
    assert_eq!(first, second);
    assert_eq!(by_password.export(), chats);
    assert_eq!(by_digits.export(), chats);
    assert_eq!(by_password.media(), media);
    assert_eq!(media.len(), 3);
    assert!(media.values().any(|bytes| *bytes == story::picture(5, 4_300_000)));
}

#[test]
fn the_first_backup_after_a_restore_reads_and_stores_almost_nothing_and_the_next_only_what_is_new() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    drop(laptop);
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));
    second.restore(everything(&session));
    second.engine.protect_here(&session).unwrap();

    let first = second.back_up();
    let again = second.back_up();
    second.import(&Fixture::write_small(&world.path("later"), 40).telegram);
    let next = second.back_up();

    assert!(first.backup.is_complete && next.backup.is_complete);
    assert_eq!((first.bytes_read, again.bytes_read), (0, 0));
    assert!(first.bytes_stored < 400_000, "{}", first.bytes_stored);
    assert_eq!(next.backup.messages, first.backup.messages + 20);
    assert!((1..50_000).contains(&next.bytes_read), "{}", next.bytes_read);
    assert_eq!(second.engine.list_backups().unwrap().len(), 4);
}

#[test]
fn restoring_twice_adds_nothing() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));
    let planned = second.engine.plan_restore(&everything(&session)).unwrap();

    let first = second.restore(everything(&session));
    let before = second.export();
    let again = second.restore(everything(&session));
    let planned_again = second.engine.plan_restore(&everything(&session)).unwrap();

    assert_eq!((first.added, first.media), (54, 3));
    assert_eq!(planned, first);
    assert_eq!((again.added, again.present, again.differ, again.media), (0, 54, 0, 0));
    assert_eq!(planned_again, again);
    assert_eq!(second.export(), before);
    assert_eq!(before, laptop.export());
}

#[test]
fn a_restore_merges_with_the_chats_that_are_here_and_takes_nothing_away() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let second = world.machine("second", 2);
    second.import(&Fixture::write_small(&world.path("longer"), 30).telegram);
    let session = second.open(&world.place(), digits_of(&digits));

    let report = second.restore(everything(&session));

    assert_eq!((report.added, report.present, report.differ), (30, 24, 0));
    let telegram = |machine: &Machine| {
        let chats = machine.engine.list_chats().unwrap();
        chats.into_iter().find(|chat| chat.app == "Telegram").unwrap().messages
    };
    assert_eq!((telegram(&laptop), telegram(&second)), (24, 34));
}

#[test]
fn one_chat_a_span_of_time_and_no_media_can_be_chosen() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let chats = laptop.engine.list_chats().unwrap();
    let telegram = chats.iter().find(|chat| chat.app == "Telegram").unwrap();
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));
    let only = RestoreRequest { chats: Some(vec![telegram.id.clone()]), ..everything(&session) };
    let early = RestoreRequest { to: Some(1_795_169_200_000), with_media: false, ..only.clone() };
    let unknown = RestoreRequest { chats: Some(vec!["00".repeat(16)]), ..everything(&session) };

    let first = second.restore(early);
    let without = second.media().len();
    let rest = second.restore(only);

    assert_eq!((first.added, first.media, first.chats), (4, 0, 1));
    assert_eq!((rest.added, rest.present, rest.media), (20, 4, 1));
    assert_eq!((without, second.media().len()), (0, 1));
    assert_eq!(second.engine.list_chats().unwrap().len(), 1);
    assert_eq!(second.export()[&telegram.id], laptop.export()[&telegram.id]);
    assert_eq!(code(second.engine.plan_restore(&unknown)), "no_such_chat");
}

#[test]
fn looking_reads_everything_and_writes_nothing() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let guest = world.machine("guest", 2);
    let (home, place) = (tree(&world.path("guest")), tree(&world.place()));
    let session = guest.open(&world.place(), digits_of(&digits));

    let chats = guest.engine.look_chats(&session, None).unwrap();
    let shown: Vec<_> = chats
        .iter()
        .map(|chat| guest.engine.look_messages(&session, None, &chat.id, 0, 500).unwrap().messages)
        .collect();
    let query = SearchQuery { text: "nothing much".to_owned(), chat: None, limit: 50, offset: 0 };
    let hits = guest.engine.look_search(&session, None, &query).unwrap().hits.len();
    let photo = shown
        .iter()
        .flatten()
        .flat_map(|message| &message.attachments)
        .find_map(|file| file.hash.clone())
        .unwrap();
    let part = guest.engine.look_media(&session, None, &photo, 11, 10).unwrap();

    assert_eq!(chats, laptop.engine.list_chats().unwrap());
    let own = |id: &str| laptop.engine.read_messages(id, 0, 500).unwrap().messages;
    assert_eq!(shown, chats.iter().map(|chat| own(&chat.id)).collect::<Vec<_>>());
    assert_eq!((hits, part.as_slice()), (20, &story::MARKER.as_bytes()[..10]));
    assert!(guest.engine.list_chats().unwrap().is_empty());
    assert_eq!(tree(&world.path("guest")), home);
    assert_eq!(tree(&world.place()), place);
}

#[test]
fn a_restored_computer_is_not_protected_until_the_person_asks() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    drop(laptop);
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));
    second.restore(everything(&session));
    let before =
        (second.engine.get_protection().unwrap().state, second.engine.get_backup_status().unwrap().state);
    let refused = code(second.engine.start_backup(None));

    let asked = second.engine.protect_here(&session).unwrap();
    second.back_up();

    assert_eq!(before, ("off".to_owned(), "off".to_owned()));
    assert_eq!(refused, "not_protected");
    assert_eq!((asked.state.as_str(), asked.automatic, asked.ways_elsewhere), ("protected", true, 2));
    assert_eq!(second.engine.get_backup_status().unwrap().state, "protected");
}

#[test]
fn two_computers_back_up_to_one_place_and_a_third_gets_the_newest_of_each() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let desktop = world.machine("desktop", 2);
    let session = desktop.open(&world.place(), digits_of(&digits));
    desktop.restore(everything(&session));
    desktop.engine.protect_here(&session).unwrap();
    desktop.import(&Fixture::write_small(&world.path("desktop files"), 35).telegram);
    laptop.import(&Fixture::write_small(&world.path("laptop files"), 50).whatsapp);

    desktop.back_up();
    laptop.back_up();
    let third = world.machine("third", 3);
    let session = third.open(&world.place(), digits_of(&digits));
    let report = third.restore(everything(&session));

    let machines: Vec<_> =
        laptop.engine.list_backups().unwrap().into_iter().map(|backup| backup.machine).collect();
    assert_eq!(machines.iter().filter(|machine| *machine == "desktop").count(), 1);
    assert_eq!(machines.iter().filter(|machine| *machine == "laptop").count(), 2);
    let telegram = desktop.export().into_iter().find(|(_, chat)| chat.contains("line 34")).unwrap();
    let whatsapp = laptop.export().into_iter().find(|(_, chat)| chat.contains("note 49")).unwrap();
    assert_eq!(third.export(), BTreeMap::from([telegram, whatsapp]));
    assert_eq!((report.added, report.missing.len()), (39 + 60, 0));
}

#[test]
fn without_a_keychain_coffer_starts_locked_and_a_way_opens_it() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    laptop.computer.keychain.set_available(false);

    let laptop = laptop.restart();
    let app = laptop.engine.app().unwrap();
    let locked = (code(laptop.engine.list_chats()), code(laptop.engine.start_backup(None)));
    let card = laptop.engine.get_backup_status().unwrap();
    let wrong = code(laptop.engine.unlock(Unlock::Password(secret("not the password at all"))));
    let job = laptop.engine.start_backup(Some(password())).unwrap();
    let by_password = laptop.engine.wait_job(job).unwrap();
    laptop.engine.lock();
    laptop.engine.unlock(digits_of(&digits)).unwrap();

    assert!(app.is_locked && !app.unlock_ways.is_empty());
    assert_eq!(locked, ("locked", "locked"));
    assert_eq!((card.state.as_str(), wrong), ("locked", "wrong_password"));
    done(by_password);
    assert_eq!(laptop.engine.list_chats().unwrap().len(), 2);
    assert_eq!(laptop.back_up().backup.messages, 54);
}

#[test]
fn nothing_secret_and_nothing_in_clear_lies_on_a_disk() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    laptop
        .engine
        .search_chats(&SearchQuery { text: "photos".to_owned(), chat: None, limit: 5, offset: 0 })
        .unwrap();
    laptop.check(true);
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));
    second.engine.look_chats(&session, None).unwrap();
    second.restore(everything(&session));
    second.engine.protect_here(&session).unwrap();
    let spaced = digits
        .as_bytes()
        .chunks(4)
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect::<Vec<_>>()
        .join(" ");
    let needles: Vec<&[u8]> = vec![
        story::MARKER.as_bytes(),
        b"Anna Reyes",
        b"nothing much",
        b"JFIF",
        PASSWORD.as_bytes(),
        digits.as_bytes(),
        spaced.as_bytes(),
    ];

    let found: Vec<_> =
        ["laptop", "second", "place"].iter().flat_map(|root| leaks(&world.path(root), &needles)).collect();

    assert_eq!(found, Vec::<String>::new());
    assert_eq!(leaks(&world.path("files"), &needles).len(), 3, "the grep finds what is in clear");
    assert!(!world.path("second").join("library.key").exists());
}

#[test]
fn the_card_says_off_protected_place_missing_and_failed() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    laptop.import(&Fixture::write_small(&world.path("files"), 20).telegram);
    let state = || laptop.engine.get_backup_status().unwrap();

    let off = state();
    laptop.protect(&world.place());
    let fresh = state();
    laptop.back_up();
    let saved = state();
    fs::rename(world.place(), world.path("elsewhere").join("place")).unwrap();
    let missing = state();
    let job = laptop.engine.start_backup(None).unwrap();
    let refused = laptop.engine.wait_job(job).unwrap();
    fs::rename(world.path("elsewhere").join("place"), world.place_path()).unwrap();
    let failed_card = state();
    laptop.back_up();

    assert_eq!((off.state.as_str(), off.unsaved_messages), ("off", 24));
    assert_eq!((fresh.state.as_str(), fresh.unsaved_messages, fresh.backups), ("protected", 24, 0));
    assert_eq!((saved.state.as_str(), saved.unsaved_messages, saved.backups), ("protected", 0, 1));
    assert_eq!(saved.last_backup.unwrap().messages, 24);
    assert_eq!((missing.state.as_str(), failed(&refused)), ("place_missing", "place_missing"));
    assert_eq!(
        (failed_card.state.as_str(), failed_card.failure.unwrap().code.as_str()),
        ("failed", "place_missing")
    );
    assert_eq!(state().state, "protected");
}

#[test]
fn a_full_and_a_read_only_place_are_told_apart_and_work_again_afterwards() {
    let world = World::new();
    let (laptop, _) = story(&world);
    laptop.import(&Fixture::write_small(&world.path("later"), 60).telegram);
    let store = mount(&world.place());
    let run = || {
        let job = laptop.engine.start_backup(None).unwrap();
        laptop.engine.wait_job(job).unwrap()
    };

    store.limit_capacity(0);
    let full = run();
    store.heal();
    store.deny_writes();
    let read_only = run();
    store.heal();
    let card = laptop.engine.get_backup_status().unwrap();

    assert_eq!((failed(&full), failed(&read_only)), ("place_full", "place_read_only"));
    assert_eq!((card.state.as_str(), card.backups), ("failed", 1));
    done(run());
    assert_eq!(laptop.engine.get_backup_status().unwrap().state, "protected");
    testing_stores::unmount(&world.place());
}

#[test]
fn a_backup_cancelled_at_any_step_leaves_everything_usable() {
    let world = World::new();
    let laptop = unsaved(&world);
    let steps = steps_of_a_backup(&world, &laptop);
    let store = mount(&world.place());

    let ends: Vec<String> = (0..steps)
        .step_by(2)
        .map(|step| {
            store.cancel_at(step, &laptop.engine);
            let job = laptop.engine.start_backup(None).unwrap();
            let ended = laptop.engine.wait_job(job).unwrap().state;
            store.heal();
            ended
        })
        .collect();
    let last = laptop.back_up();

    assert!(ends.iter().any(|end| end == "cancelled"), "{ends:?}");
    assert!(ends.iter().all(|end| end == "cancelled" || end == "done"), "{ends:?}");
    assert!(last.backup.is_complete);
    assert!(laptop.check(true).is_ok);
    testing_stores::unmount(&world.place());
}

#[test]
fn a_place_that_fails_at_any_step_of_a_backup_works_again_without_a_step_by_hand() {
    let world = World::new();
    let laptop = unsaved(&world);
    let steps = steps_of_a_backup(&world, &laptop);
    let store = mount(&world.place());
    let failures = [Failure::Io, Failure::Torn, Failure::FailedButLanded, Failure::NoSpace];

    for step in 0..steps {
        store.crash_at(step, failures[usize::try_from(step).unwrap() % failures.len()]);
        let job = laptop.engine.start_backup(None).unwrap_or_default();
        let _ended = laptop.engine.wait_job(job);
        store.heal();
    }
    let last = laptop.back_up();
    let check = laptop.check(true);

    assert!(last.backup.is_complete);
    let harmful: Vec<_> = check.damaged.iter().filter(|damage| !damage.affects.is_empty()).collect();
    assert!(harmful.is_empty(), "{harmful:?}");
    testing_stores::unmount(&world.place());
}

#[test]
fn a_computer_killed_at_any_step_of_a_backup_goes_on_from_its_disk() {
    let world = World::new();
    let laptop = unsaved(&world);
    let store = mount(&world.place());
    let album = store.photograph(&laptop);
    laptop.back_up();
    testing_stores::unmount(&world.place());
    let disks = album.pictures();
    drop(laptop);

    assert!(disks.len() > 10, "{}", disks.len());
    for (step, disk) in disks.iter().enumerate() {
        let machine = disk.start(&world, step);
        let run = machine.back_up();
        assert!(run.backup.is_complete, "step {step}");
        assert!(machine.check(true).is_ok, "step {step}");
        assert_eq!(machine.engine.get_backup_status().unwrap().state, "protected", "step {step}");
    }
}

#[test]
fn a_computer_killed_at_any_step_of_a_restore_goes_on_from_its_disk() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let second = world.machine("second", 2);
    let store = mount(&world.place());
    let session = second.open(&world.place(), digits_of(&digits));
    let album = store.photograph(&second);
    second.restore(everything(&session));
    testing_stores::unmount(&world.place());
    let disks = album.pictures();

    assert!(disks.len() > 3, "{}", disks.len());
    for (step, disk) in disks.iter().enumerate() {
        let machine = disk.start(&world, step);
        let session = machine.open(&machine.place(), digits_of(&digits));
        let report = machine.restore(everything(&session));
        assert_eq!((report.added + report.present, report.differ), (54, 0), "step {step}");
        assert_eq!(machine.export(), laptop.export(), "step {step}");
        assert_eq!(machine.media().len(), 3, "step {step}");
    }
}

#[test]
fn a_restore_cancelled_at_any_step_goes_on_where_it_stopped() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let store = mount(&world.place());
    let second = world.machine("second", 2);
    let session = second.open(&world.place(), digits_of(&digits));

    let reports: Vec<_> = (0..12)
        .map(|step| {
            store.cancel_at(step, &second.engine);
            let job = second.engine.start_restore(everything(&session)).unwrap();
            let ended = second.engine.wait_job(job).unwrap();
            store.heal();
            ended.state
        })
        .collect();
    let last = second.restore(everything(&session));

    assert!(reports.iter().any(|state| state == "cancelled"), "{reports:?}");
    assert_eq!((last.added + last.present, last.differ, last.missing.len()), (54, 0, 0));
    assert_eq!(second.export(), laptop.export());
    assert_eq!(second.media(), laptop.media());
    testing_stores::unmount(&world.place());
}

#[test]
fn an_import_cancelled_on_its_way_keeps_what_was_added_and_says_so() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    let files = Fixture::write_small(&world.path("files"), 30_000);
    let mut events = laptop.engine.subscribe();

    let job = laptop.engine.start_import(import_of(&files.whatsapp)).unwrap();
    let busy = code(laptop.engine.start_import(import_of(&files.telegram)));
    let _first = events.blocking_recv();
    laptop.engine.cancel_job(job);
    let ended = laptop.engine.wait_job(job).unwrap();
    let kept: u64 = laptop.engine.list_chats().unwrap().iter().map(|chat| chat.messages).sum();
    let rest = laptop.import(&files.whatsapp);
    let other = world.machine("other", 2);
    other.import(&files.whatsapp);

    let JobOutcome::Import(report) = ended.outcome.unwrap() else { panic!("an import") };
    assert_eq!((ended.state.as_str(), busy), ("cancelled", "busy"));
    assert!(report.is_cancelled && report.added < 30_010, "{}", report.added);
    assert_eq!(report.added, kept);
    assert_eq!(rest.added + rest.present, 30_010);
    assert_eq!(laptop.engine.list_chats().unwrap().iter().map(|chat| chat.messages).sum::<u64>(), 30_010);
}

#[test]
fn importing_twice_adds_nothing_and_a_longer_export_adds_what_is_new() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    let short = Fixture::write_small(&world.path("short"), 50);
    let long = Fixture::write_small(&world.path("long"), 80);

    let first = laptop.import(&short.whatsapp);
    let again = laptop.import(&short.whatsapp);
    let longer = laptop.import(&long.whatsapp);
    let telegram = (laptop.import(&short.telegram).added, laptop.import(&long.telegram).added);

    assert_eq!((first.added, first.present, first.media_omitted), (60, 0, 1));
    assert_eq!((again.added, again.updated, again.present), (0, 0, 60));
    assert_eq!((longer.added, longer.present), (30, 60));
    assert_eq!(telegram, (54, 30));
    assert_eq!(laptop.engine.list_chats().unwrap().len(), 2);
}

#[test]
fn a_preview_tells_what_the_import_then_does() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    let files = Fixture::write_small(&world.path("files"), 50);

    let whatsapp = laptop.engine.preview_import(&files.whatsapp, None, None).unwrap();
    let telegram = laptop.engine.preview_import(&files.telegram, None, None).unwrap();
    let report = laptop.import(&files.whatsapp);

    assert_eq!((whatsapp.source.as_str(), telegram.source.as_str()), ("whatsapp_export", "telegram_export"));
    assert_eq!((whatsapp.chats[0].messages, whatsapp.media_found, whatsapp.media_missing), (60, 2, 1));
    assert_eq!((report.read, report.media_found, report.media_missing), (60, 2, 1));
    assert_eq!(
        (whatsapp.needs_zone, telegram.needs_zone, whatsapp.zone_guess.as_str()),
        (true, false, "Europe/Berlin")
    );
    assert!(
        ["Anna Reyes", "Ben", "Carla"].iter().all(|name| whatsapp.people.iter().any(|person| person == name))
    );
    assert_eq!(laptop.engine.get_chat(&report.chat_ids[0]).unwrap().messages, 60);
}

#[test]
fn dates_that_read_two_ways_are_asked_and_the_answer_is_used() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    let path = world.path("files").join("WhatsApp Chat with Zoe.txt");
    fs::write(
        &path,
        "03/04/2026, 10:00 - Zoe: one\n03/04/2026, 10:01 - Ben: two\n03/04/2026, 10:02 - Zoe: three\n",
    )
    .unwrap();

    let dates = laptop.engine.preview_import(&path, None, None).unwrap().dates.unwrap();
    let asked = laptop.engine.preview_import(&path, Some("mdy"), Some("America/New_York")).unwrap();
    let unknown_zone = code(laptop.engine.preview_import(&path, None, Some("Europe/Atlantis")));
    let report = laptop.import(&path);

    assert!(dates.is_undecided && dates.readings.len() == 2, "{dates:?}");
    assert_eq!((asked.dates.unwrap().order.as_str(), asked.chats[0].first), ("mdy", Some(1_772_636_400_000)));
    assert_eq!(unknown_zone, "zone_unknown");
    assert_eq!((report.added, report.undecided), (3, vec!["date_order".to_owned()]));
}

#[test]
fn ranges_days_search_and_plain_exports_agree() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    let chat = laptop.import(&Fixture::write_small(&world.path("files"), 50).whatsapp).chat_ids.remove(0);
    let engine = &laptop.engine;
    let query = |text: &str| SearchQuery { text: text.to_owned(), chat: None, limit: 100, offset: 0 };
    let out = world.path("out");

    let whole = engine.read_messages(&chat, 0, 2_000).unwrap();
    let part = engine.read_messages(&chat, 55, 2_000).unwrap();
    let days = engine.list_days(&chat).unwrap();
    let hits = engine.search_chats(&query("photos")).unwrap().hits;
    let text = engine.export_chats(Some(&chat), ExportFormat::Txt, &out).unwrap();
    let json = engine.export_chats(None, ExportFormat::Json, &out).unwrap();

    assert_eq!(
        (whole.total, whole.messages.len(), part.messages.as_slice()),
        (60, 60, &whole.messages[55..])
    );
    assert_eq!(days.iter().map(|day| day.count).sum::<u64>(), 60);
    assert_eq!((hits.len(), hits[0].position), (1, 1));
    assert!(whole.messages[2].is_me && whole.messages[2].text == "All of them.\nOn two lines.");
    assert!(fs::read_to_string(&text[0]).unwrap().contains("Did you keep the photos?"));
    let exported: serde_json::Value = serde_json::from_slice(&fs::read(&json[0]).unwrap()).unwrap();
    assert_eq!(exported["messages"].as_array().unwrap().len(), 60);
    assert_eq!(
        engine.read_records(&chat, 0, 2_000).unwrap(),
        exported["messages"].as_array().unwrap().clone()
    );
    assert_eq!(code(engine.read_messages("zz", 0, 1)), "no_such_chat");
}

#[test]
fn a_session_nobody_uses_is_closed_and_lock_closes_all() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let session = laptop.open(&world.place(), digits_of(&digits));
    let locked_at = laptop.open(&world.place(), digits_of(&digits));
    let unopened = laptop.engine.open_backup(&world.place()).unwrap().session;

    let fresh = code(laptop.engine.look_chats(&session, None));
    let needs = code(laptop.engine.look_chats(&unopened, None));
    let unknown = code(laptop.engine.look_chats(&session, Some(&"00".repeat(32))));
    laptop.computer.clock.pass(31 * 60 * 1000);
    let stale = code(laptop.engine.look_chats(&session, None));
    let again = laptop.open(&world.place(), digits_of(&digits));
    laptop.engine.lock();

    assert_eq!(
        (fresh, needs, unknown, stale),
        ("accepted", "needs_unlock", "no_such_backup", "expired_session")
    );
    assert_eq!(code(laptop.engine.look_chats(&again, None)), "expired_session");
    assert_eq!(code(laptop.engine.look_chats(&locked_at, None)), "expired_session");
}

#[test]
fn backups_below_a_chosen_folder_are_found() {
    let world = World::new();
    let (laptop, digits) = story(&world);
    let drive = world.path("drive");
    fs::create_dir_all(drive.join("backups")).unwrap();
    fs::create_dir_all(drive.join("empty/deep")).unwrap();
    fs::rename(world.place(), drive.join("backups/Coffer")).unwrap();

    let opened = laptop.engine.open_backup(&drive).unwrap();
    let backups = laptop.engine.unlock_backup(&opened.session, digits_of(&digits)).unwrap();
    let nothing = code(laptop.engine.open_backup(&drive.join("empty")));

    assert!(opened.place.ends_with("backups/Coffer"), "{}", opened.place);
    assert_eq!((backups.len(), backups[0].messages, nothing), (1, 54, "not_a_backup"));
}

impl Machine {
    /// Stops Coffer and starts it again.
    fn restart(self) -> Self {
        let Self { computer, engine } = self;
        drop(engine);
        let engine = open_engine(computer.ports.clone()).unwrap();
        Self { computer, engine }
    }

    fn restore(&self, request: RestoreRequest) -> RestoreReport {
        let job = self.engine.start_restore(request).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Restore(report) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Every media file of every chat, by hash.
    fn media(&self) -> BTreeMap<String, Vec<u8>> {
        let mut media = BTreeMap::new();
        for chat in self.engine.list_chats().unwrap() {
            for item in self.engine.list_media(&chat.id, "photos", 0, 1_000).unwrap() {
                let Some(hash) = item.attachment.hash else { continue };
                let bytes = self.engine.read_media(&hash, 0, item.attachment.size).unwrap();
                media.insert(hash, bytes);
            }
        }
        media
    }
}

/// Files below `root` that hold one of `needles` in clear.
fn leaks(root: &Path, needles: &[&[u8]]) -> Vec<String> {
    let holds = |bytes: &[u8]| {
        needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == *needle))
    };
    tree(root)
        .into_iter()
        .filter(|(name, bytes)| holds(bytes) || holds(name.as_bytes()))
        .map(|(name, _)| name)
        .collect()
}

/// A protected computer with chats, and no backup yet.
fn unsaved(world: &World) -> Machine {
    let laptop = world.machine("laptop", 1);
    let files = Fixture::write_small(&world.path("files"), 20);
    laptop.import(&files.whatsapp);
    laptop.import(&files.telegram);
    laptop.protect(&world.place());
    laptop
}

/// Operations of a first backup at the place, counted on a copy of everything.
fn steps_of_a_backup(world: &World, laptop: &Machine) -> u64 {
    let copy = Disk::of(laptop, &world.place()).start(world, 999);
    let store = mount(&copy.place());
    copy.back_up();
    testing_stores::unmount(&copy.place());
    store.operations()
}
