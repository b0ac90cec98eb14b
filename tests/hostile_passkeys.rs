//! What a hostile place can do with passkeys: name others, move them, alter them, ask for them with another input. Nothing comes of it.

use crate::story::{Fixture, Machine, World, code, digits_of, tree};
use crate::{blake3_of, is_keyslot, mount};
use coffer_archive::{MemoryStore, Repository, Store};
use coffer_engine::view::{PasskeyKind, RemovalReason};
use coffer_engine::{Unlock, testing_stores};
use coffer_keys::{
    KeyslotSet, OpenKeyslots, PasskeyCredential, Reach, RepositoryId, SlotDetails, UnlockSecret,
};
use coffer_passkey::scripted_provider::{Call, ScriptedProvider};
use coffer_passkey::{AuthenticatorKind, RelyingParty};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A computer whose backup opens with a security key and 64 digits, and the same key in another computer.
struct Victim {
    world: World,
    laptop: Machine,
    guest: Machine,
    provider: Arc<ScriptedProvider>,
    digits: String,
    repository: RepositoryId,
    passkey: PasskeyCredential,
}

impl Victim {
    fn new() -> Self {
        let world = World::new();
        let provider = Arc::new(ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]));
        let with_key = |name, seed| world.machine_with(name, seed, Arc::<ScriptedProvider>::clone(&provider));
        let (laptop, guest) = (with_key("laptop", 1), with_key("guest", 2));
        laptop.import(&Fixture::write_small(&world.path("files"), 20).telegram);
        laptop.engine.choose_place(&world.place(), false).unwrap();
        laptop.engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
        let digits = laptop.add_digits();
        laptop.back_up();
        let set = KeyslotSet::read(keyslots(&tree(&world.place())));
        let repository = set.repository_id().unwrap();
        let passkey = set.passkeys(&repository, 1).remove(0);
        Self { world, laptop, guest, provider, digits, repository, passkey }
    }

    /// A place made by somebody who saw the victim's: its repository id, its passkeys, a data key of his own.
    fn trap(&self, relying_party: u8) -> Arc<MemoryStore> {
        let entropy = SeededEntropy::new(66);
        let named = PasskeyCredential::new(relying_party, self.passkey.id().to_vec(), 1).unwrap();
        let details = SlotDetails { name: String::new(), added: 1, proved: Some(1), reach: Reach::ThisKey };
        let own = UnlockSecret::Passkey(Secret::make(&entropy));
        let keys =
            OpenKeyslots::create_with_passkey(self.repository, &own, &named, details, &entropy).unwrap();
        let store = Arc::new(MemoryStore::new());
        Repository::create(Arc::<MemoryStore>::clone(&store), keys, &entropy).unwrap();
        testing_stores::mount(&self.trap_path(), Arc::<MemoryStore>::clone(&store));
        store
    }

    fn trap_path(&self) -> std::path::PathBuf {
        self.world.path("trap")
    }

    /// What the guest hears when it opens a place by its key.
    fn open(&self, place: &Path) -> coffer_engine::view::ErrorView {
        let opened = self.guest.engine.open_backup(place).unwrap();
        self.guest.engine.unlock_backup(&opened.session, Unlock::Passkey).unwrap_err().view()
    }
}

fn keyslots(files: &BTreeMap<String, Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    let files = files.iter().filter(|(name, _)| is_keyslot(name));
    files.map(|(name, bytes)| (name.rsplit('/').next().unwrap().to_owned(), bytes.clone())).collect()
}

#[test]
fn passkey_evaluated_for_a_trap_opens_nothing_and_leaves_no_trace_of_its_secret() {
    let victim = Victim::new();
    let store = victim.trap(RelyingParty::CURRENT.index());
    let before = store.files();

    let refused = victim.open(&victim.trap_path());

    let input = victim.repository.derive_passkey_input();
    let output = ScriptedProvider::output_of(victim.passkey.id(), RelyingParty::CURRENT, &input);
    assert_eq!(refused.code, "wrong_passkey");
    assert_eq!(store.files(), before, "nothing was written to the trap");
    let holds = |bytes: &Vec<u8>| bytes.windows(32).any(|window| window == output.expose());
    assert!(!tree(&victim.world.path("guest")).values().any(holds));
    testing_stores::unmount(&victim.trap_path());
}

#[test]
fn passkey_of_an_unknown_relying_party_is_refused_before_any_ceremony() {
    let victim = Victim::new();
    let _store = victim.trap(2);
    let before = victim.provider.calls().len();

    let refused = victim.open(&victim.trap_path());

    assert_eq!(refused.code, "newer_format");
    assert_eq!(victim.provider.calls().len(), before);
    testing_stores::unmount(&victim.trap_path());
}

#[test]
fn passkey_is_never_used_with_another_repositorys_input() {
    let victim = Victim::new();
    let other = victim.world.path("other place");
    victim.guest.engine.choose_place(&other, false).unwrap();
    victim.guest.engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
    let own = KeyslotSet::read(keyslots(&tree(&other)));
    let theirs = mount(&other);
    let before = victim.provider.calls().len();

    // The keyslots of the victim's place stand beside those of the other one.
    for (name, bytes) in tree(&victim.world.place()).into_iter().filter(|(name, _)| is_keyslot(name)) {
        theirs.put(&name, &bytes).unwrap();
    }
    let here = victim.guest.engine.fresh_unlock(Unlock::Passkey);
    let opened = victim.guest.engine.open_backup(&other).unwrap();
    let there = victim.guest.engine.unlock_backup(&opened.session, Unlock::Passkey);

    let own_id = own.repository_id().unwrap();
    let own_passkey = own.passkeys(&own_id, 1).remove(0);
    let pairs = [
        (vec![own_passkey.id().to_vec()], own_id.derive_passkey_input()),
        (vec![victim.passkey.id().to_vec()], victim.repository.derive_passkey_input()),
    ];
    let calls = victim.provider.calls().split_off(before);
    let asked = calls.into_iter().map(|call| match call {
        Call::Evaluate { allow, input, .. } => {
            (allow.into_iter().map(|asked| asked.id).collect::<Vec<_>>(), input)
        }
        Call::Create { .. } => panic!("nothing was to be made"),
    });
    let asked: Vec<_> = asked.collect();
    assert_eq!((asked.len(), &asked[0]), (2, &pairs[0]), "at home the input is that of the own repository");
    assert!(pairs.contains(&asked[1]), "each passkey with its own repository's input only");
    assert!(here.is_ok() && there.is_ok_and(|backups| backups.is_empty()));
    testing_stores::unmount(&other);
}

#[test]
fn an_altered_passkey_slot_opens_nothing_even_under_its_right_name() {
    let victim = Victim::new();
    let store = mount(&victim.world.place());
    let untouched = store.files();
    let (_, whole) = keyslots(&untouched).remove(0);
    let id = victim.passkey.id();
    let at = whole.windows(id.len()).position(|window| window == id).unwrap();
    let altered = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        for name in store.files().keys().filter(|name| is_keyslot(name)) {
            store.vanish(name);
        }
        for folder in ["keyslots", "keyslots-2"] {
            store.replace(&format!("{folder}/{}.cks", blake3_of(&bytes)), bytes.clone());
        }
        let opened = victim.guest.engine.open_backup(&victim.world.place()).unwrap();
        let by_digits = victim.guest.engine.unlock_backup(&opened.session, digits_of(&victim.digits));
        (victim.open(&victim.world.place()), code(by_digits))
    };

    // {0: relying party, 1: 32 bytes, 2: transports} is a3 00 .. 01 58 20 .. 02 ..
    let (relying_party, by_digits) = altered(at - 4, 2);
    assert_eq!((relying_party.code.as_str(), by_digits), ("newer_format", "damaged"));
    let (credential, by_digits) = altered(at, id[0] ^ 1);
    assert_eq!((credential.detail.as_deref(), by_digits), (Some("no_credential"), "damaged"));
    let (transports, by_digits) = altered(at + id.len() + 1, 2);
    assert_eq!((transports.code.as_str(), by_digits), ("damaged", "damaged"));
    assert!(!victim.laptop.engine.app().unwrap().is_locked);
    testing_stores::unmount(&victim.world.place());
}

#[test]
fn passkeys_slot_of_a_removed_way_put_back_opens_nothing_here() {
    let victim = Victim::new();
    let old = tree(&victim.world.place());
    victim.laptop.add_digits();
    let ways = victim.laptop.engine.get_protection().unwrap().ways;
    let passkey = ways.iter().find(|way| way.passkey_kind.is_some()).unwrap();
    victim.laptop.engine.remove_way(&passkey.id, RemovalReason::StillMine, false).unwrap();

    let store = mount(&victim.world.place());
    for (name, bytes) in old.iter().filter(|(name, _)| is_keyslot(name)) {
        store.replace(name, bytes.clone());
    }
    let here = code(victim.laptop.engine.fresh_unlock(Unlock::Passkey));
    let there = victim.open(&victim.world.place());

    assert_eq!((here, there.code.as_str()), ("wrong_passkey", "wrong_passkey"));
    testing_stores::unmount(&victim.world.place());
}
