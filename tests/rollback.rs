//! A place that goes back in time: said with both states, refused by every run, settled by the person alone.

use crate::story::{
    Fixture, Machine, PASSWORD, World, code, digits_of, failed, password, secret, story, tree,
};
use crate::watched::mount;
use coffer_engine::testing::open_engine;
use coffer_engine::view::{RemovalReason, RollbackChoice, RollbackView, WayKind};
use coffer_engine::{Unlock, testing_stores};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

type Files = BTreeMap<String, Vec<u8>>;

const DAY: u32 = 24 * 60 * 60 * 1000;
const NOON: i64 = 1_795_176_000_000;
const OTHER_PASSWORD: &str = "six quiet otters sing at dusk";

/// A computer with two backups a day apart, and the place as it was after the first one.
struct Story {
    world: World,
    laptop: Machine,
    digits: String,
    older: Files,
}

impl Story {
    fn with_two_backups() -> Self {
        let world = World::new();
        let (laptop, digits) = story(&world);
        let older = tree(&world.place());
        laptop.computer.clock.pass(DAY);
        laptop.import(&Fixture::write_small(&world.path("later"), 40).telegram);
        laptop.back_up();
        Self { world, laptop, digits, older }
    }

    /// As before, and on the second day the password was changed as well.
    fn with_changed_ways() -> Self {
        let story = Self::with_two_backups();
        let engine = &story.laptop.engine;
        engine.fresh_unlock(digits_of(&story.digits)).unwrap();
        let ways = engine.get_protection().unwrap().ways;
        let old = ways.iter().find(|way| way.kind == WayKind::Password).unwrap();
        engine.add_password(secret(OTHER_PASSWORD)).unwrap();
        engine.prove_password(secret(OTHER_PASSWORD)).unwrap();
        engine.remove_way(&old.id, RemovalReason::StillMine, false).unwrap();
        story
    }

    fn put_back(&self) {
        put(&self.world.place(), &self.older);
    }

    fn state(&self) -> String {
        self.laptop.engine.get_backup_status().unwrap().state
    }

    fn rollback(&self) -> RollbackView {
        self.laptop.engine.get_rollback().unwrap().unwrap()
    }

    /// What a run without a person gets.
    fn automatic_run(&self) -> String {
        let job = self.laptop.engine.start_backup(None).unwrap();
        failed(&self.laptop.engine.wait_job(job).unwrap()).to_owned()
    }

    fn settle(&self, choice: RollbackChoice, unlock: Option<Unlock>) -> &'static str {
        code(self.laptop.engine.settle_rollback(choice, unlock))
    }
}

/// Makes a folder hold exactly these files.
fn put(folder: &Path, files: &Files) {
    fs::remove_dir_all(folder).unwrap();
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn keyslots(folder: &Path) -> Files {
    tree(folder).into_iter().filter(|(name, _)| name.starts_with("keyslots")).collect()
}

#[test]
fn an_older_place_is_shown_with_both_states_and_their_dates() {
    let story = Story::with_two_backups();

    story.put_back();
    let view = story.rollback();

    assert_eq!(story.state(), "rolled_back");
    let own = &view.computers[0];
    let (seen, shown) = (own.seen.clone().unwrap(), own.shown.clone().unwrap());
    assert_eq!(
        (view.computers.len(), own.machine.as_deref(), own.is_own, own.lost),
        (1, Some("laptop"), true, 1)
    );
    assert_eq!((seen.number, seen.time), (2, Some(NOON + i64::from(DAY))));
    assert_eq!((shown.number, shown.time), (1, Some(NOON)));
    assert_eq!(
        (view.seen, view.ways_are_older, view.memory_is_lost),
        (Some(NOON + i64::from(DAY)), false, false)
    );
}

#[test]
fn no_run_ever_consents_by_itself() {
    let story = Story::with_two_backups();
    story.put_back();
    let before = tree(&story.world.place());

    let runs = [story.automatic_run(), story.automatic_run(), story.automatic_run()];

    assert_eq!(runs, ["rolled_back", "rolled_back", "rolled_back"]);
    assert_eq!(story.state(), "rolled_back");
    assert_eq!(tree(&story.world.place()), before);
}

#[test]
fn a_place_that_caught_up_by_itself_is_no_question_any_more() {
    let story = Story::with_two_backups();
    let newer = tree(&story.world.place());
    story.put_back();
    story.automatic_run();

    put(&story.world.place(), &newer);

    assert_eq!(story.state(), "protected");
    assert!(story.laptop.engine.get_rollback().unwrap().is_none());
    assert!(story.laptop.back_up().backup.is_complete);
}

#[test]
fn keeping_the_newer_stores_everything_again_under_a_higher_number() {
    let story = Story::with_two_backups();
    story.put_back();

    let settled = story.settle(RollbackChoice::KeepNewer, None);
    let backup = story.laptop.back_up();
    let check = story.laptop.check(true);

    assert_eq!((settled, story.state().as_str()), ("accepted", "protected"));
    assert_eq!((backup.backup.is_complete, backup.backup.messages), (true, 74));
    assert!(check.is_ok, "{:?}", check.damaged);
    assert_eq!(story.laptop.engine.list_backups().unwrap().len(), 2);
}

#[test]
fn after_keeping_the_newer_the_next_rollback_is_noticed_again() {
    let story = Story::with_two_backups();
    story.put_back();
    story.settle(RollbackChoice::KeepNewer, None);
    story.laptop.back_up();

    story.put_back();
    let view = story.rollback();

    assert_eq!(story.automatic_run(), "rolled_back");
    let numbers =
        (view.computers[0].seen.as_ref().unwrap().number, view.computers[0].shown.as_ref().unwrap().number);
    assert_eq!((numbers, view.computers[0].lost), ((3, 1), 2));
}

#[test]
fn the_older_state_is_right_only_with_a_real_way() {
    let story = Story::with_two_backups();
    story.put_back();

    let without = story.settle(RollbackChoice::ItIsRight, None);
    let keychain = story.settle(RollbackChoice::ItIsRight, Some(Unlock::Keychain));
    let wrong =
        story.settle(RollbackChoice::ItIsRight, Some(Unlock::Password(secret("not this one at all"))));
    let still = story.automatic_run();
    let right = story.settle(RollbackChoice::ItIsRight, Some(password()));
    let backup = story.laptop.back_up();

    assert_eq!([without, keychain, wrong], ["needs_unlock", "needs_unlock", "wrong_password"]);
    assert_eq!((still.as_str(), right), ("rolled_back", "accepted"));
    assert!(backup.backup.is_complete);
    assert_eq!((story.state().as_str(), story.laptop.check(true).is_ok), ("protected", true));
}

#[test]
fn older_ways_are_shown_and_the_newer_ones_are_put_back() {
    let story = Story::with_changed_ways();
    let newer = keyslots(&story.world.place());
    story.put_back();

    let view = story.rollback();
    let run = story.automatic_run();
    let settled = story.settle(RollbackChoice::KeepNewer, None);

    let kinds = |ways: &[coffer_engine::view::RollbackWay]| -> Vec<WayKind> {
        ways.iter().map(|way| way.kind).collect()
    };
    assert!(view.ways_are_older);
    assert_eq!(kinds(&view.ways_seen), [WayKind::RecoveryKey, WayKind::Password]);
    assert_eq!(kinds(&view.ways_shown), [WayKind::Password, WayKind::RecoveryKey]);
    assert_eq!((run.as_str(), settled), ("rolled_back", "accepted"));
    assert_eq!(keyslots(&story.world.place()), newer, "the removed way's file is gone again");
    assert_eq!(code(story.laptop.engine.fresh_unlock(password())), "wrong_password");
    assert_eq!(code(story.laptop.engine.fresh_unlock(Unlock::Password(secret(OTHER_PASSWORD)))), "accepted");
    assert!(story.laptop.back_up().backup.is_complete);
}

#[test]
fn older_ways_count_only_for_somebody_who_can_open_them() {
    let story = Story::with_changed_ways();
    story.put_back();

    let newer_way = story.settle(RollbackChoice::ItIsRight, Some(Unlock::Password(secret(OTHER_PASSWORD))));
    let older_way = story.settle(RollbackChoice::ItIsRight, Some(Unlock::Password(secret(PASSWORD))));
    let backup = story.laptop.back_up();

    assert_eq!((newer_way, older_way), ("wrong_password", "accepted"));
    assert!(backup.backup.is_complete);
    let Story { laptop, .. } = story;
    laptop.engine.lock();
    assert_eq!(code(laptop.engine.unlock(Unlock::Password(secret(OTHER_PASSWORD)))), "wrong_password");
    assert_eq!(code(laptop.engine.unlock(password())), "accepted");
    laptop.engine.fresh_unlock(password()).unwrap();
    assert_eq!(
        code(laptop.engine.rename_way(&laptop.engine.get_protection().unwrap().ways[0].id, "x")),
        "accepted"
    );
}

#[test]
fn ways_that_lack_the_one_in_use_are_older_and_no_wrong_secret() {
    let story = Story::with_changed_ways();
    story.laptop.engine.lock();
    story.laptop.engine.unlock(Unlock::Password(secret(OTHER_PASSWORD))).unwrap();

    story.put_back();

    assert_eq!(code(story.laptop.engine.list_backups()), "rolled_back");
    assert_eq!(story.state(), "rolled_back");
    assert_eq!(story.settle(RollbackChoice::KeepNewer, None), "accepted");
    assert_eq!(story.state(), "protected");
}

#[test]
fn a_home_that_was_put_back_itself_says_that_its_memory_is_lost() {
    let story = Story::with_two_backups();
    let home = story.laptop.computer.ports.home.clone();
    let Story { world, laptop: Machine { computer, engine }, digits, .. } = story;
    drop(engine);
    let image = tree(&home);
    let engine = open_engine(computer.ports.clone()).unwrap();
    let laptop = Machine { computer, engine };
    laptop.import(&Fixture::write_small(&world.path("third"), 60).telegram);
    laptop.back_up();
    let Machine { computer, engine } = laptop;
    drop(engine);

    put(&home, &image);
    let engine = open_engine(computer.ports.clone()).unwrap();
    let laptop = Machine { computer, engine };
    let view = laptop.engine.get_rollback().unwrap().unwrap();
    let job = laptop.engine.start_backup(None).unwrap();
    let run = failed(&laptop.engine.wait_job(job).unwrap()).to_owned();
    let settled = code(laptop.engine.settle_rollback(RollbackChoice::ItIsRight, Some(digits_of(&digits))));
    let backup = laptop.back_up();

    assert!(view.memory_is_lost);
    assert_eq!(view.computers[0].shown.as_ref().unwrap().number, 3);
    assert_eq!((run.as_str(), settled), ("rolled_back", "accepted"));
    assert!(backup.backup.is_complete);
    assert_eq!((laptop.engine.list_backups().unwrap().len(), laptop.check(true).is_ok), (4, true));
}

#[test]
fn another_computers_lost_backup_is_noticed_too() {
    let story = Story::with_two_backups();
    let second = story.world.machine("second", 2);
    let session = second.open(&story.world.place(), digits_of(&story.digits));
    second.engine.protect_here(&session).unwrap();
    second.import(&Fixture::write_small(&story.world.path("second files"), 10).whatsapp);
    let before = tree(&story.world.place());
    second.back_up();
    story.laptop.back_up();
    let theirs: Vec<String> = tree(&story.world.place())
        .into_keys()
        .filter(|name| name.ends_with(".csn") && !before.contains_key(name))
        .collect();

    for name in theirs {
        fs::remove_file(story.world.place().join(name)).unwrap();
    }
    let view = story.rollback();

    assert_eq!(
        view.computers.iter().map(|computer| computer.machine.as_deref()).collect::<Vec<_>>(),
        [Some("laptop"), Some("second")]
    );
    assert!(view.computers[1].shown.is_none() && view.computers[1].lost == 1);
}

/// What the place holds after a second run went back to the state `older`: how many computers, and this one's number.
fn writers_after(machine: &Machine, older: &Files) -> (usize, u64) {
    machine.back_up();
    put(&machine.place(), older);
    let view = machine.engine.get_rollback().unwrap().unwrap();
    (view.computers.len(), view.computers[0].seen.as_ref().unwrap().number)
}

#[test]
fn a_backup_that_was_committed_and_not_pinned_is_known_again() {
    let world = World::new();
    let (laptop, _) = story(&world);
    let store = mount(&world.place());
    laptop.import(&Fixture::write_small(&world.path("later"), 40).telegram);
    let album = store.photograph(&laptop);
    laptop.back_up();
    testing_stores::unmount(&world.place());
    let pictures = album.pictures();

    let committed = pictures.last().unwrap().start(&world, 1);
    let older = tree(&committed.place());
    let went_on = writers_after(&committed, &older);

    assert_eq!(older.keys().filter(|name| name.ends_with(".csn")).count(), 2);
    assert_eq!(went_on, (1, 3));
}

#[test]
fn a_copy_of_a_home_does_not_take_the_other_ones_backup_for_its_own() {
    let world = World::new();
    let (laptop, _) = story(&world);
    let store = mount(&world.place());
    laptop.import(&Fixture::write_small(&world.path("later"), 40).telegram);
    let album = store.photograph(&laptop);
    laptop.back_up();
    testing_stores::unmount(&world.place());

    let copy = album.pictures().first().unwrap().start(&world, 1);
    let newest = store.files();
    put(&copy.place(), &newest);
    let went_on = writers_after(&copy, &newest);

    assert_eq!(went_on, (2, 1));
}
