//! Passkeys on security keys with real firmware: set up, back up, wipe, restore, and what does not open.

use crate::leaks;
use crate::story::{Fixture, Machine, World, code, digits_of, everything, tree};
use coffer_engine::view::{PasskeyKind, PromptStep, PromptView, RemovalReason, WayKind};
use coffer_engine::{Engine, Unlock};
use coffer_keys::RepositoryId;
use coffer_passkey::scripted_person::ScriptedPerson;
use coffer_passkey::virtual_authenticator::{Fault, Ports, VirtualAuthenticator};
use coffer_passkey::{Credential, EvaluateRequest, PasskeyProvider, RelyingParty, Transports};
use coffer_secret::SecretString;
use coffer_secret::testing::SeededEntropy;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const PIN: &str = "otter-4711-lamp";
/// CTAP2_ERR_NO_CREDENTIALS.
const NO_CREDENTIALS: u8 = 0x2E;
/// authenticatorReset (CTAP 2.1, 6.6).
const RESET: u8 = 0x07;

/// A key with a PIN.
fn key(seed: u64) -> VirtualAuthenticator {
    let key = VirtualAuthenticator::usb(seed);
    key.set_pin(PIN);
    key
}

/// A computer with that key plugged in.
fn machine(world: &World, name: &str, seed: u64, key: &VirtualAuthenticator) -> Machine {
    let provider = Ports::with(&[key]).provider(Arc::new(SeededEntropy::new(seed)));
    world.machine_with(name, seed, Arc::new(provider))
}

/// Lets a person answer every question of the one ceremony that `call` runs; what they were shown.
fn with_pins<T>(
    engine: &Engine,
    pins: &[&str],
    call: impl FnOnce(&Engine) -> Result<T, coffer_engine::Error>,
) -> (Result<T, coffer_engine::Error>, Vec<PromptView>) {
    let mut prompts = engine.subscribe_prompts();
    std::thread::scope(|threads| {
        let person = threads.spawn(move || {
            let mut pins = pins.iter();
            let mut seen: Vec<PromptView> = Vec::new();
            while seen.last().is_none_or(|prompt| prompt.step != PromptStep::Done) {
                let prompt = prompts.blocking_recv().unwrap();
                if prompt.step == PromptStep::Pin {
                    let pin = pins.next().copied().unwrap_or_default();
                    engine.answer_prompt(prompt.ceremony, SecretString::new(pin.to_owned()));
                }
                seen.push(prompt);
            }
            seen
        });
        (call(engine), person.join().unwrap())
    })
}

fn by_key<T>(
    engine: &Engine,
    call: impl FnOnce(&Engine) -> Result<T, coffer_engine::Error>,
) -> Result<T, coffer_engine::Error> {
    // Creation and first use may each ask.
    with_pins(engine, &[PIN, PIN], call).0
}

/// Chats on a computer that is protected by its key and 64 digits, with one backup; and the digits.
fn protected(world: &World, key: &VirtualAuthenticator) -> (Machine, String) {
    let laptop = machine(world, "laptop", 1, key);
    let files = Fixture::write_small(&world.path("files"), 20);
    laptop.import(&files.whatsapp);
    laptop.import(&files.telegram);
    laptop.engine.choose_place(&world.place(), false).unwrap();
    let alone = by_key(&laptop.engine, |engine| engine.add_passkey(PasskeyKind::SecurityKey)).unwrap();
    assert_eq!(alone.state, "at_risk");
    let digits = laptop.add_digits();
    laptop.back_up();
    (laptop, digits)
}

/// Opens the place on a machine by its key.
fn open_by_key(machine: &Machine, place: &Path) -> Result<String, coffer_engine::Error> {
    let session = machine.engine.open_backup(place)?.session;
    by_key(&machine.engine, |engine| engine.unlock_backup(&session, Unlock::Passkey))?;
    Ok(session)
}

/// The passkey of a repository as its place names it, and the input it is used with.
fn named_in(place: &Path) -> (Credential, [u8; 32]) {
    let files = fs::read_dir(place.join("keyslots")).unwrap().map(|file| {
        let path = file.unwrap().path();
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())
    });
    let set = coffer_keys::KeyslotSet::read(files.collect());
    let repository: RepositoryId = set.repository_id().unwrap();
    let passkey = set.passkeys(&repository, 1).remove(0);
    let credential = Credential { id: passkey.id().to_vec(), transports: Transports(passkey.transports()) };
    (credential, repository.derive_passkey_input())
}

#[test]
fn the_whole_story_with_the_passkey_alone_on_one_and_the_digits_alone_on_another() {
    let world = World::new();
    let key = key(7);
    let (laptop, digits) = protected(&world, &key);
    let (chats, media) = (laptop.export(), laptop.media());
    let view = laptop.engine.get_protection().unwrap();
    drop(laptop);
    fs::remove_dir_all(world.path("laptop")).unwrap();

    let by_passkey = machine(&world, "by passkey", 2, &key);
    let session = open_by_key(&by_passkey, &world.place()).unwrap();
    let first = by_passkey.restore(everything(&session));
    let by_digits = world.machine("by digits", 3);
    let session = by_digits.open(&world.place(), digits_of(&digits));
    let second = by_digits.restore(everything(&session));

    assert_eq!((view.state.as_str(), view.ways_elsewhere), ("protected", 2));
    let way = view.ways.iter().find(|way| way.kind == WayKind::Passkey).unwrap();
    assert_eq!((way.reach.as_str(), way.passkey_kind), ("this_key", Some(PasskeyKind::SecurityKey)));
    assert_eq!((first.added, first.media, first.missing.len()), (54, 3, 0));
    assert_eq!(first, second);
    assert_eq!((by_passkey.export(), by_digits.export()), (chats.clone(), chats));
    assert_eq!((by_passkey.media(), by_digits.media()), (media.clone(), media));
}

#[test]
fn a_restored_computer_is_protected_by_the_same_key_and_opens_with_it_after_lock() {
    let world = World::new();
    let key = key(7);
    drop(protected(&world, &key));
    let second = machine(&world, "second", 2, &key);
    let session = open_by_key(&second, &world.place()).unwrap();
    second.restore(everything(&session));

    let view = second.engine.protect_here(&session).unwrap();
    second.engine.lock();
    let ways = second.engine.app().unwrap().unlock_ways;
    let opened = by_key(&second.engine, |engine| engine.unlock(Unlock::Passkey)).unwrap();

    assert_eq!((view.state.as_str(), view.ways.len()), ("protected", 2));
    assert_eq!(ways.first(), Some(&WayKind::Passkey));
    assert!(!opened.is_locked);
    second.back_up();
}

#[test]
fn a_wrong_pin_is_said_with_the_tries_left_and_the_right_one_opens() {
    let world = World::new();
    let key = key(7);
    let (laptop, _) = protected(&world, &key);
    laptop.engine.lock();

    let (opened, seen) =
        with_pins(&laptop.engine, &["not the pin", PIN], |engine| engine.unlock(Unlock::Passkey));

    assert!(!opened.unwrap().is_locked);
    let asked: Vec<_> = seen.iter().filter(|prompt| prompt.step == PromptStep::Pin).collect();
    assert_eq!((asked[0].was_wrong, asked[1].was_wrong), (false, true));
    assert_eq!(asked[1].tries_left, asked[0].tries_left.map(|tries| tries - 1));
}

#[test]
fn with_the_passkey_deleted_the_digits_still_open() {
    let world = World::new();
    let key = key(7);
    let (laptop, digits) = protected(&world, &key);
    laptop.engine.lock();

    let reset = key.ctap2(&[RESET]);
    key.set_pin(PIN);
    let refused = by_key(&laptop.engine, |engine| engine.unlock(Unlock::Passkey)).unwrap_err().view();
    let opened = laptop.engine.unlock(digits_of(&digits)).unwrap();

    assert_eq!(reset, [0]);
    assert_eq!((refused.code.as_str(), refused.detail.as_deref()), ("passkey", Some("no_credential")));
    assert!(!opened.is_locked);
}

#[test]
fn an_output_without_verification_of_the_person_opens_nothing() {
    let world = World::new();
    let key = key(7);
    let (laptop, _) = protected(&world, &key);
    laptop.engine.lock();

    key.fault(Fault::Unverified);
    let refused = by_key(&laptop.engine, |engine| engine.unlock(Unlock::Passkey)).unwrap_err().view();
    let locked = laptop.engine.app().unwrap().is_locked;
    key.repair();
    let opened = by_key(&laptop.engine, |engine| engine.unlock(Unlock::Passkey)).unwrap();

    assert_eq!((refused.code.as_str(), refused.detail.as_deref()), ("passkey", Some("not_verified")));
    assert!(locked && !opened.is_locked);
}

#[test]
fn another_key_and_an_answer_for_another_site_open_nothing() {
    let world = World::new();
    let own = key(7);
    let (laptop, _) = protected(&world, &own);
    let stranger = machine(&world, "stranger", 2, &key(8));
    laptop.engine.lock();

    let with_another_key = open_by_key(&stranger, &world.place()).unwrap_err().view();
    own.fault(Fault::WrongRelyingParty);
    let for_another_site =
        by_key(&laptop.engine, |engine| engine.unlock(Unlock::Passkey)).unwrap_err().view();

    assert_eq!(with_another_key.detail.as_deref(), Some("no_credential"));
    assert_eq!(for_another_site.detail.as_deref(), Some("malformed"));
    assert!(laptop.engine.app().unwrap().is_locked);
}

#[test]
fn a_second_app_asks_the_key_for_the_passkey_and_gets_nothing() {
    let world = World::new();
    let key = key(7);
    let _protected = protected(&world, &key);
    let (credential, _) = named_in(&world.place());
    let ask = |relying_party: &str| {
        // authenticatorGetAssertion (CTAP 2.1, 6.2) without a touch: does the key hold this passkey for this site?
        let mut message = vec![0x02];
        let mut encoder = minicbor::Encoder::new(&mut message);
        encoder.map(4).unwrap().u8(1).unwrap().str(relying_party).unwrap();
        encoder.u8(2).unwrap().bytes(&[0; 32]).unwrap().u8(3).unwrap().array(1).unwrap();
        encoder.map(2).unwrap().str("id").unwrap().bytes(&credential.id).unwrap();
        encoder.str("type").unwrap().str("public-key").unwrap();
        encoder.u8(5).unwrap().map(1).unwrap().str("up").unwrap().bool(false).unwrap();
        key.ctap2(&message)[0]
    };

    let ours = ask(RelyingParty::CURRENT.id());
    let another = ask("chat.example.org");

    assert_eq!((ours, another), (0, NO_CREDENTIALS));
}

#[test]
fn a_removed_passkey_opens_nothing_and_its_key_can_be_added_again() {
    let world = World::new();
    let key = key(7);
    let (laptop, _) = protected(&world, &key);
    laptop.add_digits();
    let view = laptop.engine.get_protection().unwrap();
    let way = view.ways.iter().find(|way| way.kind == WayKind::Passkey).unwrap();

    laptop.engine.remove_way(&way.id, RemovalReason::StillMine, false).unwrap();
    let second = machine(&world, "second", 2, &key);
    let ways = second.engine.open_backup(&world.place()).unwrap().ways;
    let refused = laptop.engine.fresh_unlock(Unlock::Passkey).unwrap_err().view();
    let again = by_key(&laptop.engine, |engine| engine.add_passkey(PasskeyKind::SecurityKey)).unwrap();

    assert_eq!(ways, [WayKind::RecoveryKey]);
    assert_eq!(refused.detail.as_deref(), Some("no_credential"));
    assert_eq!(again.ways.iter().filter(|way| way.kind == WayKind::Passkey).count(), 1);
    assert!(open_by_key(&second, &world.place()).is_ok());
}

#[test]
fn a_lost_key_opens_nothing_that_was_written_after_it() {
    let world = World::new();
    let key = key(7);
    let (laptop, digits) = protected(&world, &key);
    laptop.add_digits();
    let before = tree(&world.place());
    let old = laptop.export();
    let view = laptop.engine.get_protection().unwrap();
    let way = view.ways.iter().find(|way| way.kind == WayKind::Passkey).unwrap();
    laptop.engine.remove_way(&way.id, RemovalReason::LostOrKnown, false).unwrap();
    laptop.import(&Fixture::write_small(&world.path("later"), 40).telegram);
    laptop.back_up();

    let named = machine(&world, "finder", 2, &key).engine.open_backup(&world.place()).unwrap().ways;
    let newest = world.path("newest");
    for (name, bytes) in tree(&world.place()).into_iter().chain(before.clone()) {
        let in_newest = newest.join(&name);
        fs::create_dir_all(in_newest.parent().unwrap()).unwrap();
        fs::write(in_newest, bytes).unwrap();
    }
    let finder = machine(&world, "finder with a copy", 3, &key);
    let session = open_by_key(&finder, &newest).unwrap();
    finder.engine.wait_job(finder.engine.start_restore(everything(&session)).unwrap()).unwrap();
    let owner = machine(&world, "owner", 4, &key);
    let session = owner.open(&newest, digits_of(&digits));
    owner.restore(everything(&session));

    assert_eq!(named, [WayKind::RecoveryKey], "the newest file does not even name it");
    assert_eq!(finder.export(), old, "with the older files beside it: what it opened before, and no more");
    assert_eq!(owner.export(), laptop.export());
    assert_ne!(laptop.export(), old);
}

#[test]
fn one_key_is_one_way_and_serves_two_repositories_with_two_secrets() {
    let world = World::new();
    let key = key(7);
    let (laptop, _) = protected(&world, &key);
    let other = machine(&world, "other", 2, &key);
    other.engine.choose_place(&world.path("other place"), false).unwrap();

    let twice = by_key(&laptop.engine, |engine| engine.add_passkey(PasskeyKind::SecurityKey));
    let elsewhere = by_key(&other.engine, |engine| engine.add_passkey(PasskeyKind::SecurityKey));

    assert_eq!(code(twice), "passkey");
    assert!(elsewhere.is_ok());
    let provider = Ports::with(&[&key]).provider(Arc::new(SeededEntropy::new(3)));
    let output = |allow: &Credential, input| {
        let request =
            EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![allow.clone()], input };
        provider.evaluate(&request, &ScriptedPerson::with(&[PIN]).ceremony()).unwrap().prf
    };
    let (first, input) = named_in(&world.place());
    let (second, other_input) = named_in(&world.path("other place"));
    assert_ne!(input, other_input);
    assert!(output(&first, input).matches(&output(&first, input)));
    assert!(!output(&first, input).matches(&output(&first, other_input)), "another repository's input");
    assert!(!output(&first, input).matches(&output(&second, input)), "another passkey");
}

#[test]
fn neither_the_pin_nor_what_the_passkey_gives_lies_on_a_disk() {
    let world = World::new();
    let key = key(7);
    let (laptop, _) = protected(&world, &key);
    by_key(&laptop.engine, |engine| engine.test_way(Unlock::Passkey)).unwrap();
    let second = machine(&world, "second", 2, &key);
    let session = open_by_key(&second, &world.place()).unwrap();
    second.restore(everything(&session));
    second.engine.protect_here(&session).unwrap();
    let (credential, input) = named_in(&world.place());
    let provider = Ports::with(&[&key]).provider(Arc::new(SeededEntropy::new(3)));
    let request =
        EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![credential.clone()], input };
    let output = provider.evaluate(&request, &ScriptedPerson::with(&[PIN]).ceremony()).unwrap().prf;
    let hex: String = output.expose().iter().map(|byte| format!("{byte:02x}")).collect();

    let needles: Vec<&[u8]> = vec![PIN.as_bytes(), output.expose(), hex.as_bytes()];
    let found: Vec<_> =
        ["laptop", "second", "place"].iter().flat_map(|root| leaks(&world.path(root), &needles)).collect();

    assert_eq!(found, Vec::<String>::new());
    assert!(!leaks(&world.place(), &[&credential.id]).is_empty(), "the grep finds what is in clear");
}
