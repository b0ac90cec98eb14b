//! Making a passkey a way to unlock, and what a failure on the way leaves.

use super::*;
use crate::keyslot_folder::KeyslotFolder;
use crate::progress::lock;
use crate::protection::tests::{PASSWORD, set_digits, set_password, walk, way_of};
use crate::testing_stores::{mount, unmount};
use coffer_archive::{Failure, MemoryStore};
use coffer_keys::{KeyslotSet, RepositoryId};
use coffer_passkey::scripted_provider::{AtCreation, Script};
use coffer_passkey::{
    Ceremony, CreateRequest, Credential, EvaluateRequest, Evaluated, PasskeyProvider, Registered,
    RelyingParty, Transports,
};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Every failure there is.
const FAILURES: [PasskeyError; 24] = [
    PasskeyError::Cancelled,
    PasskeyError::TimedOut,
    PasskeyError::NoAuthenticator,
    PasskeyError::NoPermission,
    PasskeyError::NoSmartCardService,
    PasskeyError::Removed,
    PasskeyError::NoBluetooth,
    PasskeyError::PhoneUnreachable,
    PasskeyError::NoCredential,
    PasskeyError::AlreadyRegistered,
    PasskeyError::PinPaused,
    PasskeyError::PinBlocked,
    PasskeyError::PinNotSet,
    PasskeyError::PinPolicy,
    PasskeyError::FingerprintBlocked,
    PasskeyError::NoPrfAtCreation,
    PasskeyError::NoPrf,
    PasskeyError::PrfMismatch,
    PasskeyError::NotVerified,
    PasskeyError::KeyFull,
    PasskeyError::PlatformTooOld,
    PasskeyError::PlatformRefused { code: 7 },
    PasskeyError::Refused { code: 0x7f },
    PasskeyError::Malformed,
];

#[test]
fn a_passkey_alone_is_at_risk_and_with_the_64_digits_protected() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    let alone = engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
    set_digits(&engine).unwrap();
    let both = engine.get_protection().unwrap();

    assert_eq!((alone.state.as_str(), alone.ways_elsewhere), ("at_risk", 1));
    assert_eq!((both.state.as_str(), both.ways_elsewhere), ("protected", 2));
    let way = passkey_way(&both);
    assert_eq!((way.name.as_str(), way.reach.as_str()), ("Security key", "this_key"));
    assert_eq!(way.passkey_kind, Some(PasskeyKind::SecurityKey));
    assert!(way.is_proved && way.last_used.is_some());
    assert!(!engine.app().unwrap().library_key_in_file);
}

#[test]
fn a_passkey_is_made_once_and_used_once_for_this_repository() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    let id = engine.home.settings().place.unwrap().repository.unwrap();
    let wanted = RepositoryId::parse(&id).unwrap().derive_passkey_input();
    let allowed = Credential { id: last_credential(&provider), transports: Transports::USB };
    let relying_party = RelyingParty::CURRENT;
    let kind = AuthenticatorKind::SecurityKey;
    assert_eq!(
        provider.calls(),
        [
            Call::Create { relying_party, kind, exclude: vec![], input: wanted },
            Call::Evaluate { relying_party, allow: vec![allowed], input: wanted },
        ]
    );
}

#[test]
fn a_computers_own_passkey_and_a_second_one_of_it_stay_at_risk_until_a_way_works_elsewhere() {
    let (desk, _) = desk_with(&[AuthenticatorKind::Platform, AuthenticatorKind::SecurityKey]);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    let own = engine.add_passkey(PasskeyKind::Platform).unwrap();
    let with_key = engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    assert_eq!((own.state.as_str(), own.ways_elsewhere), ("at_risk", 0));
    assert_eq!(passkey_way(&own).reach, "this_computer");
    assert_eq!((with_key.state.as_str(), with_key.ways_elsewhere), ("protected", 1));
}

#[test]
fn a_key_that_is_a_way_already_is_refused_and_the_list_of_passkeys_goes_along() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let first = last_credential(&provider);

    let refused = engine.add_passkey(PasskeyKind::SecurityKey);

    assert_eq!(refusal(refused), ("passkey".to_owned(), Some("already_registered".to_owned()), None));
    let Some(Call::Create { exclude, .. }) = provider.calls().pop() else { panic!("a creation was asked") };
    assert_eq!(exclude, [Credential { id: first, transports: Transports::USB }]);
    assert_eq!(engine.get_protection().unwrap().ways.len(), 2);
}

#[test]
fn a_second_security_key_is_named_apart() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    // Another key is plugged in: it does not hold the first passkey.
    provider.forget(&last_credential(&provider));

    let view = engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    let names: BTreeSet<_> = view.ways.iter().map(|way| way.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["64-digit key", "Security key", "Security key 2"]));
}

#[test]
fn a_way_is_asked_for_before_another_passkey_is_added() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    desk.computer.clock.pass(6 * 60 * 1000);
    let before = provider.calls().len();

    let refused = engine.add_passkey(PasskeyKind::SecurityKey);

    assert!(matches!(refused, Err(Error::NeedsUnlock)));
    assert_eq!(provider.calls().len(), before, "nobody is asked for a touch in vain");
}

#[test]
fn every_failure_of_the_creation_crosses_as_its_own_word_and_leaves_nothing() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    for failure in FAILURES {
        provider.queue(Script::new().fails(failure));

        let (code, detail, unused) = refusal(engine.add_passkey(PasskeyKind::SecurityKey));

        assert_eq!((code.as_str(), detail.as_deref()), ("passkey", Some(failure.word())));
        assert_eq!(unused.is_some(), failure == PasskeyError::NoPrfAtCreation, "{failure:?}");
        assert_eq!(std::fs::read_dir(desk.place()).unwrap().count(), 0, "{failure:?}");
    }
    assert_eq!(engine.get_protection().unwrap().state, "off");
}

#[test]
fn every_failure_of_the_first_use_names_the_passkey_that_serves_nothing() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    for failure in FAILURES {
        provider.queue(Script::new());
        provider.queue(Script::new().fails(failure));

        let (code, detail, unused) = refusal(engine.add_passkey(PasskeyKind::SecurityKey));

        assert_eq!((code.as_str(), detail.as_deref()), ("passkey", Some(failure.word())));
        assert!(unused.unwrap().starts_with("Test computer, 2026-11-20, "), "{failure:?}");
        assert_eq!(std::fs::read_dir(desk.place()).unwrap().count(), 0, "{failure:?}");
        provider.forget(&last_credential(&provider));
    }
}

#[test]
fn an_authenticator_whose_creation_and_use_disagree_is_refused() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    provider.at_creation(AtCreation::OtherOutput);

    let (code, detail, unused) = refusal(engine.add_passkey(PasskeyKind::SecurityKey));
    let nothing = std::fs::read_dir(desk.place()).unwrap().count();
    provider.forget(&last_credential(&provider));
    provider.at_creation(AtCreation::SameOutput);
    let agreed = engine.add_passkey(PasskeyKind::SecurityKey);

    assert_eq!((code.as_str(), detail.as_deref()), ("passkey", Some("prf_mismatch")));
    assert!(unused.is_some());
    assert_eq!(nothing, 0);
    assert_eq!(agreed.unwrap().state, "at_risk");
}

/// Remembers what password managers would show.
struct Entries(ScriptedProvider, Mutex<Vec<(String, String, [u8; 32])>>);

impl PasskeyProvider for Entries {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        self.0.kinds()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        let entry = (request.user_name.clone(), request.display_name.clone(), request.user_id);
        self.1.lock().unwrap().push(entry);
        self.0.create(request, ceremony)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        self.0.evaluate(request, ceremony)
    }
}

#[test]
fn the_entry_in_a_password_manager_warns_and_no_two_are_alike() {
    let mut desk = Desk::new();
    let kinds = [AuthenticatorKind::Platform, AuthenticatorKind::SecurityKey];
    let entries = Arc::new(Entries(ScriptedProvider::new(&kinds), Mutex::default()));
    desk.computer.ports.passkeys = Arc::<Entries>::clone(&entries);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();

    engine.add_passkey(PasskeyKind::Platform).unwrap();
    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    let seen = entries.1.lock().unwrap();
    let [one, other] = seen.as_slice() else { panic!("{} entries", seen.len()) };
    assert_eq!(one.1, "Coffer chat backups - deleting this can lock your backups");
    assert_eq!(RelyingParty::NAME, "Coffer");
    assert!(one.0.starts_with("Test computer, 2026-11-20, "));
    assert_ne!(one.0, other.0);
    assert_ne!(one.2, other.2, "a second passkey never replaces the first");
}

#[test]
fn a_place_that_fails_once_while_a_passkey_is_added_holds_nothing_of_a_passkey_that_is_named_as_useless() {
    let whole = {
        let (desk, _) = desk_with_key();
        let store = Arc::new(MemoryStore::new());
        mount(&desk.place(), Arc::<MemoryStore>::clone(&store));
        let engine = desk.start();
        engine.choose_place(&desk.place(), false).unwrap();
        set_digits(&engine).unwrap();
        let before = store.operations();
        engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
        unmount(&desk.place());
        store.operations() - before
    };
    let mut named = 0;
    for at in 0..whole {
        for failure in [Failure::Io, Failure::FailedButLanded, Failure::NoSpace] {
            let (desk, provider) = desk_with_key();
            let store = Arc::new(MemoryStore::new());
            mount(&desk.place(), Arc::<MemoryStore>::clone(&store));
            let engine = desk.start();
            engine.choose_place(&desk.place(), false).unwrap();
            set_digits(&engine).unwrap();

            store.fail_once(at, failure);
            let ended = engine.add_passkey(PasskeyKind::SecurityKey);
            store.heal();

            let files = KeyslotFolder::of(Arc::<MemoryStore>::clone(&store)).files().unwrap();
            let newest =
                KeyslotSet::read(files).reopen(lock(&engine.session).place.as_ref().unwrap()).unwrap();
            let has_slot = newest.slots().iter().any(|slot| slot.passkey.is_some());
            let is_named = ended.as_ref().is_err_and(|error| error.view().unused_passkey.is_some());
            assert!(!(is_named && has_slot), "stop at {at} {failure:?}: {ended:?}");
            assert!(ended.is_err() || has_slot, "stop at {at} {failure:?}");
            named += u32::from(is_named);
            // Whatever happened, the person can go on.
            if !has_slot && provider.calls().len() == 2 {
                provider.forget(&last_credential(&provider));
            }
            if !has_slot {
                engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
            }
            assert!(engine.test_way(Unlock::Passkey).is_ok(), "stop at {at} {failure:?}");
            assert_eq!(engine.get_protection().unwrap().state, "protected", "stop at {at} {failure:?}");
            unmount(&desk.place());
        }
    }
    assert!(named > 5, "{named}");
}

#[test]
fn a_first_passkey_that_cannot_be_written_leaves_an_empty_place() {
    let (desk, _) = desk_with_key();
    let store = Arc::new(MemoryStore::new());
    mount(&desk.place(), Arc::<MemoryStore>::clone(&store));
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    store.limit_capacity(60_000);

    let (code, _, unused) = refusal(engine.add_passkey(PasskeyKind::SecurityKey));
    store.heal();

    assert_eq!(code, "place_full");
    assert!(unused.is_some());
    assert_eq!(KeyslotFolder::of(Arc::<MemoryStore>::clone(&store)).files().unwrap().len(), 0);
    assert_eq!(engine.get_protection().unwrap().state, "off");
    unmount(&desk.place());
}

/// Does something on the computer between the creation and the first use.
struct Meanwhile(ScriptedProvider, Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl PasskeyProvider for Meanwhile {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        self.0.kinds()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        self.0.create(request, ceremony)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let happening = self.1.lock().unwrap().take();
        happening.into_iter().for_each(|happen| happen());
        self.0.evaluate(request, ceremony)
    }
}

/// A computer with a key, where something happens before the key is touched for the second time.
fn desk_meanwhile() -> (Desk, Arc<Meanwhile>) {
    let mut desk = Desk::new();
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let provider = Arc::new(Meanwhile(provider, Mutex::default()));
    desk.computer.ports.passkeys = Arc::<Meanwhile>::clone(&provider);
    (desk, provider)
}

#[test]
fn a_passkey_for_a_place_that_was_given_up_meanwhile_is_not_written_elsewhere() {
    let (desk, provider) = desk_meanwhile();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    set_digits(&engine).unwrap();
    let next = desk.folder.path().join("next");
    std::fs::create_dir(&next).unwrap();
    let happening = {
        let (engine, next) = (engine.clone(), next.clone());
        move || {
            engine.turn_off_protection().unwrap();
            engine.choose_place(&next, false).unwrap();
            set_digits(&engine).unwrap();
        }
    };
    *provider.1.lock().unwrap() = Some(Box::new(happening));

    let (code, _, unused) = refusal(engine.add_passkey(PasskeyKind::SecurityKey));

    assert_eq!(code, "expired_session");
    assert!(unused.is_some());
    let ways = engine.get_protection().unwrap().ways;
    assert_eq!(ways.iter().map(|way| way.kind).collect::<Vec<_>>(), [WayKind::RecoveryKey]);
}

#[test]
fn a_way_that_was_set_up_meanwhile_makes_the_passkey_the_second_one() {
    let (desk, provider) = desk_meanwhile();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    let happening = {
        let engine = engine.clone();
        move || drop(set_digits(&engine).unwrap())
    };
    *provider.1.lock().unwrap() = Some(Box::new(happening));

    let view = engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    assert_eq!((view.state.as_str(), view.ways.len()), ("protected", 2));
    assert!(engine.fresh_unlock(Unlock::Passkey).is_ok());
}

#[test]
fn a_passkey_replaces_a_password_that_goes_after_it_was_proved() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    set_password(&engine, PASSWORD).unwrap();
    set_digits(&engine).unwrap();
    let old = way_of(&engine, WayKind::Password);

    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
    let view = engine.remove_way(&old, RemovalReason::StillMine, false).unwrap();

    assert_eq!((view.state.as_str(), view.ways.len()), ("protected", 2));
    assert!(engine.fresh_unlock(Unlock::Passkey).is_ok());
}

#[test]
fn what_a_passkey_gives_lies_nowhere() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    engine.test_way(Unlock::Passkey).unwrap();
    let id = engine.home.settings().place.unwrap().repository.unwrap();
    let input = RepositoryId::parse(&id).unwrap().derive_passkey_input();
    let output = ScriptedProvider::output_of(&last_credential(&provider), RelyingParty::CURRENT, &input);

    let mut files = Vec::new();
    walk(&desk.home(), &mut files);
    walk(&desk.place(), &mut files);

    assert!(files.len() > 5);
    let hex = crate::home::to_hex(output.expose());
    for (path, bytes) in files {
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!holds(output.expose()) && !holds(hex.as_bytes()), "{path:?}");
    }
}
