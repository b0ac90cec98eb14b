//! Opening with a passkey: after a cold start, without the place, on another computer, and what does not open.

use super::*;
use crate::keyslot_folder::KeyslotFolder;
use crate::protection::tests::{PASSWORD, password, secret, set_password};
use crate::testing::{TestComputer, open_engine};
use coffer_keys::{OpenKeyslots, PasskeyCredential, Reach, RepositoryId, SlotDetails, UnlockSecret};
use coffer_passkey::{
    Ceremony, CreateRequest, EvaluateRequest, Evaluated, PasskeyProvider, Registered, RelyingParty,
};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;
use std::path::Path;

/// A second computer with the same security key.
fn second(desk: &Desk, provider: &Arc<ScriptedProvider>) -> Engine {
    let mut computer = TestComputer::new(&desk.folder.path().join("home-2"), "Second computer", 99);
    computer.ports.passkeys = Arc::<ScriptedProvider>::clone(provider);
    open_engine(computer.ports).unwrap()
}

#[test]
fn a_passkey_opens_after_a_cold_start_without_keychain_and_without_the_place() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    drop(engine);
    desk.computer.keychain.clear();
    std::fs::rename(desk.place(), desk.folder.path().join("unplugged")).unwrap();

    let engine = desk.start();
    let locked = engine.app().unwrap();
    let opened = engine.unlock(Unlock::Passkey).unwrap();

    assert!(locked.is_locked);
    assert_eq!(locked.unlock_ways, [WayKind::Passkey, WayKind::RecoveryKey]);
    assert_eq!(locked.passkey_kinds, [PasskeyKind::SecurityKey]);
    assert!(!opened.is_locked);
}

#[test]
fn a_passkey_opens_after_lock_and_stands_first_while_this_computer_can_use_it() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);

    engine.lock();
    let first = engine.app().unwrap().unlock_ways;
    provider.offer(&[]);
    let last = engine.app().unwrap().unlock_ways;
    provider.offer(&[AuthenticatorKind::Platform]);
    let elsewhere = engine.app().unwrap().unlock_ways;
    provider.offer(&[AuthenticatorKind::SecurityKey]);
    let opened = engine.unlock(Unlock::Passkey).unwrap();

    assert_eq!(first, [WayKind::Passkey, WayKind::RecoveryKey, WayKind::Keychain]);
    assert_eq!(last, [WayKind::RecoveryKey, WayKind::Keychain, WayKind::Passkey]);
    assert_eq!(elsewhere, last, "a platform's dialog does not reach a security key");
    assert!(!opened.is_locked);
}

#[test]
fn while_locked_the_ways_say_what_holds_the_passkey() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    drop(engine);
    desk.computer.keychain.clear();

    let way = passkey_way(&desk.start().get_protection().unwrap());

    assert_eq!((way.name.as_str(), way.reach.as_str()), ("Security key", "this_key"));
    assert_eq!(way.passkey_kind, Some(PasskeyKind::SecurityKey));
}

#[test]
fn unlocking_with_a_passkey_writes_nothing_to_the_place() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let files = || {
        let mut files = Vec::new();
        crate::protection::tests::walk(&desk.place(), &mut files);
        files.sort();
        files
    };
    let before = files();

    engine.lock();
    engine.unlock(Unlock::Passkey).unwrap();
    engine.fresh_unlock(Unlock::Passkey).unwrap();
    engine.test_way(Unlock::Passkey).unwrap();

    assert!(files() == before);
}

#[test]
fn a_fresh_unlock_by_a_passkey_lets_the_ways_be_changed() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    desk.computer.clock.pass(6 * 60 * 1000);

    let stale = set_password(&engine, PASSWORD);
    engine.fresh_unlock(Unlock::Passkey).unwrap();
    let fresh = set_password(&engine, PASSWORD).unwrap();

    assert!(matches!(stale, Err(Error::NeedsUnlock)));
    assert_eq!(fresh.ways.len(), 3);
    assert!(passkey_way(&fresh).last_used.is_some());
}

#[test]
fn a_test_says_that_the_passkey_works() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);

    let test = engine.test_way(Unlock::Passkey).unwrap();

    assert_eq!(test.way, WayKind::Passkey);
    assert!(passkey_way(&engine.get_protection().unwrap()).last_tested.is_some());
}

#[test]
fn a_backup_asks_for_the_passkey_before_it_begins() {
    let (desk, provider) = desk_with_key();
    desk.computer.keychain.set_available(false);
    let engine = desk.start();
    protect(&engine, &desk);
    drop(engine);
    let engine = desk.start();
    let mut prompts = engine.subscribe_prompts();

    provider.queue(coffer_passkey::scripted_provider::Script::new().fails(PasskeyError::TimedOut));
    let refused = engine.start_backup(Some(Unlock::Passkey));
    let failure = engine.get_backup_status().unwrap().failure;
    let job = engine.start_backup(Some(Unlock::Passkey)).unwrap();
    let ended = engine.wait_job(job).unwrap();

    assert!(is_passkey_failure(&refused, PasskeyError::TimedOut));
    assert_eq!(failure, None, "a person who does not answer is no failed backup");
    assert_eq!(ended.state, "done", "{:?}", ended.error);
    assert!(told(&mut prompts).iter().all(|(purpose, _)| *purpose == PromptPurpose::Unlock));
}

#[test]
fn a_second_home_opens_the_backups_by_the_passkey_alone_and_protects_itself() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let job = engine.start_backup(None).unwrap();
    engine.wait_job(job).unwrap();
    let other = second(&desk, &provider);

    let opened = other.open_backup(&desk.place()).unwrap();
    let backups = other.unlock_backup(&opened.session, Unlock::Passkey).unwrap();
    let view = other.protect_here(&opened.session).unwrap();
    other.lock();
    let again = other.unlock(Unlock::Passkey).unwrap();

    assert_eq!(opened.ways, [WayKind::Passkey, WayKind::RecoveryKey]);
    assert_eq!(backups.len(), 1);
    assert_eq!((view.state.as_str(), view.ways.len()), ("protected", 2));
    assert!(!again.is_locked);
}

#[test]
fn with_the_passkey_deleted_the_digits_still_open() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    let digits = protect(&engine, &desk);
    engine.lock();

    assert!(provider.forget(&last_credential(&provider)));
    let refused = engine.unlock(Unlock::Passkey);
    let opened = engine.unlock(Unlock::Digits(secret(&digits))).unwrap();

    assert!(is_passkey_failure(&refused, PasskeyError::NoCredential));
    assert!(!opened.is_locked);
}

#[test]
fn a_removed_passkey_opens_nothing_any_more() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    let digits = protect(&engine, &desk);
    set_password(&engine, PASSWORD).unwrap();
    let before = desk.folder.path().join("before");
    std::fs::create_dir(&before).unwrap();
    for file in std::fs::read_dir(desk.place().join("keyslots")).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, before.join(path.file_name().unwrap())).unwrap();
    }
    let way = passkey_way(&engine.get_protection().unwrap()).id;

    engine.remove_way(&way, RemovalReason::StillMine, false).unwrap();
    let gone = engine.fresh_unlock(Unlock::Passkey);
    for file in std::fs::read_dir(&before).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, desk.place().join("keyslots").join(path.file_name().unwrap())).unwrap();
    }
    engine.lock();
    let put_back = engine.unlock(Unlock::Passkey);

    assert!(is_passkey_failure(&gone, PasskeyError::NoCredential), "the place names no passkey any more");
    assert!(matches!(put_back, Err(Error::WrongPasskey)), "{put_back:?}");
    assert!(!engine.unlock(Unlock::Digits(secret(&digits))).unwrap().is_locked);
}

/// A key that holds the passkey, and gives what belongs to another backup.
struct OtherBackup(Arc<ScriptedProvider>);

impl PasskeyProvider for OtherBackup {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        self.0.kinds()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        self.0.create(request, ceremony)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let EvaluateRequest { relying_party, allow, input: _ } = request;
        let other =
            EvaluateRequest { relying_party: *relying_party, allow: allow.clone(), input: [0x5a; 32] };
        self.0.evaluate(&other, ceremony)
    }
}

#[test]
fn a_passkey_that_works_but_opens_nothing_belongs_to_another_backup() {
    let (mut desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    drop(engine);
    desk.computer.ports.passkeys = Arc::new(OtherBackup(provider));
    let engine = desk.start();
    let opened = engine.open_backup(&desk.place()).unwrap();

    let at_home = engine.fresh_unlock(Unlock::Passkey);
    let at_the_place = engine.unlock_backup(&opened.session, Unlock::Passkey);
    let tested = engine.test_way(Unlock::Passkey);

    assert_eq!(refusal(at_home), ("wrong_passkey".to_owned(), None, None));
    assert!(matches!(at_the_place, Err(Error::WrongPasskey)));
    assert!(matches!(tested, Err(Error::WrongPasskey)));
}

/// A key that answers with a passkey nobody asked for.
struct Unasked(Arc<ScriptedProvider>);

impl PasskeyProvider for Unasked {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        self.0.kinds()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        self.0.create(request, ceremony)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let answer = self.0.evaluate(request, ceremony)?;
        Ok(Evaluated { credential_id: b"another".to_vec(), ..answer })
    }
}

#[test]
fn an_answer_by_a_passkey_that_was_not_asked_for_is_thrown_away() {
    let (mut desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    drop(engine);
    desk.computer.ports.passkeys = Arc::new(Unasked(provider));
    let engine = desk.start();

    let refused = engine.fresh_unlock(Unlock::Passkey);

    assert!(is_passkey_failure(&refused, PasskeyError::Malformed));
}

#[test]
fn two_repositories_never_share_the_secret_of_a_passkey() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let mut other = TestComputer::new(&desk.folder.path().join("home-2"), "Second computer", 99);
    other.ports.passkeys = Arc::<ScriptedProvider>::clone(&provider);
    let other_place = desk.folder.path().join("place-2");
    std::fs::create_dir(&other_place).unwrap();
    let other = open_engine(other.ports).unwrap();
    other.choose_place(&other_place, false).unwrap();

    other.add_passkey(PasskeyKind::SecurityKey).unwrap();

    let inputs: std::collections::BTreeSet<[u8; 32]> = provider
        .calls()
        .iter()
        .map(|call| match call {
            Call::Create { input, .. } | Call::Evaluate { input, .. } => *input,
        })
        .collect();
    assert_eq!(inputs.len(), 2, "one for each repository");
    let files = KeyslotFolder::of(crate::places::open_store(&other_place).unwrap()).files().unwrap();
    KeyslotFolder::of(crate::places::open_store(&desk.place()).unwrap()).add(&files).unwrap();
    assert!(
        engine.fresh_unlock(Unlock::Passkey).is_ok(),
        "the other one's files beside its own hide nothing"
    );
}

/// A keyslot file of this computer's repository that a stranger put into the place: passkeys of that relying party.
fn strange_file(engine: &Engine, place: &Path, relying_party: u8, passkeys: u8) {
    let id = engine.home.settings().place.unwrap().repository.unwrap();
    let entropy = SeededEntropy::new(u64::from(passkeys) + u64::from(relying_party) * 1000);
    let details = SlotDetails { name: String::new(), added: 1, proved: None, reach: Reach::ThisKey };
    let secret = UnlockSecret::Passkey(Secret::make(&entropy));
    let credential = |number: u8| {
        let id = [&[passkeys, relying_party][..], &[number; 16]].concat();
        PasskeyCredential::new(relying_party, id, 1).unwrap()
    };
    let repository = RepositoryId::parse(&id).unwrap();
    let mut keys =
        OpenKeyslots::create_with_passkey(repository, &secret, &credential(0), details.clone(), &entropy)
            .unwrap();
    for number in 1..passkeys.min(16) {
        keys.add_passkey(&secret, &credential(number), details.clone(), &entropy).unwrap();
    }
    let file = keys.encode(&entropy).unwrap();
    let store = crate::places::open_store(place).unwrap();
    KeyslotFolder::of(store).add(&vec![(file.file_name, file.bytes)]).unwrap();
}

#[test]
fn a_passkey_of_an_unknown_relying_party_is_never_asked_for() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let own = last_credential(&provider);
    strange_file(&engine, &desk.place(), 2, 3);

    engine.fresh_unlock(Unlock::Passkey).unwrap();

    let Some(Call::Evaluate { relying_party, allow, .. }) = provider.calls().pop() else { panic!("a use") };
    assert_eq!(relying_party, RelyingParty::CURRENT);
    assert_eq!(allow.iter().map(|credential| credential.id.clone()).collect::<Vec<_>>(), [own]);
}

#[test]
fn with_nothing_but_unknown_relying_parties_no_ceremony_begins() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    set_password(&engine, PASSWORD).unwrap();
    let none = engine.fresh_unlock(Unlock::Passkey);
    strange_file(&engine, &desk.place(), 2, 3);
    let mut prompts = engine.subscribe_prompts();

    let newer = engine.fresh_unlock(Unlock::Passkey);

    assert!(is_passkey_failure(&none, PasskeyError::NoCredential));
    assert!(matches!(newer, Err(Error::NewerFormat)));
    assert_eq!((provider.calls(), told(&mut prompts)), (vec![], vec![]));
    assert!(engine.fresh_unlock(password(PASSWORD)).is_ok());
}

#[test]
fn a_flooded_place_does_not_make_a_ceremony_endless() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    (10..16).for_each(|passkeys| strange_file(&engine, &desk.place(), 1, passkeys));
    let own = last_credential(&provider);

    let opened = engine.fresh_unlock(Unlock::Passkey);

    let Some(Call::Evaluate { allow, .. }) = provider.calls().pop() else { panic!("a use was asked for") };
    assert_eq!(allow.len(), PASSKEYS);
    assert!(allow.iter().any(|credential| credential.id == own), "the newest versions come first");
    assert!(opened.is_ok());
}

/// What one ceremony asks for at the most.
const PASSKEYS: usize = 64;
