//! Slots of passkeys: made, named in clear, opened, handed over; and which of them are asked for.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use coffer_keys::{
    Argon2Params, KeyError, KeyslotSet, OpenKeyslots, PasskeyCredential, Reach, RecoveryKey, RepositoryId,
    SlotDetails, SlotKind, UnlockSecret,
};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;

fn details(name: &str) -> SlotDetails {
    SlotDetails { name: name.to_owned(), added: 1, proved: None, reach: Reach::ThisKey }
}

/// What the passkey of that number gives.
fn output(number: u8) -> UnlockSecret {
    UnlockSecret::Passkey(Secret::make(&SeededEntropy::new(u64::from(number))))
}

fn credential(relying_party: u8, number: u8) -> PasskeyCredential {
    PasskeyCredential::new(relying_party, vec![number; 32], 3).unwrap()
}

/// A repository whose ways are passkeys of these numbers.
fn with_passkeys(seed: u64, numbers: &[u8]) -> (OpenKeyslots, SeededEntropy) {
    let entropy = SeededEntropy::new(seed);
    let repository = RepositoryId::make(&entropy);
    let (first, others) = numbers.split_first().unwrap();
    let passkey = credential(1, *first);
    let mut open =
        OpenKeyslots::create_with_passkey(repository, &output(*first), &passkey, details("first"), &entropy)
            .unwrap();
    for number in others {
        open.add_passkey(&output(*number), &credential(1, *number), details("other"), &entropy).unwrap();
    }
    (open, entropy)
}

/// Writes the next version.
fn file(open: &mut OpenKeyslots, entropy: &SeededEntropy) -> (String, Vec<u8>) {
    let written = open.encode(entropy).unwrap();
    open.mark_written(&written);
    (written.file_name, written.bytes)
}

fn asked(set: &KeyslotSet, repository: &RepositoryId, limit: usize) -> Vec<u8> {
    set.passkeys(repository, limit).iter().map(|passkey| passkey.id()[0]).collect()
}

#[test]
fn what_a_passkey_gave_opens_its_slot_and_no_other_secret_does() {
    let (mut open, entropy) = with_passkeys(1, &[10, 11]);
    let set = KeyslotSet::read(vec![file(&mut open, &entropy)]);

    let by_second = set.unlock(&output(11)).unwrap();
    let stranger = set.unlock(&output(12)).unwrap_err();
    let as_keychain = UnlockSecret::Keychain(Secret::make(&SeededEntropy::new(10)));

    let slot = by_second.slots().into_iter().find(|slot| slot.id == by_second.opened_by()).unwrap();
    assert_eq!((slot.kind, slot.passkey), (SlotKind::Passkey, Some(credential(1, 11))));
    assert_eq!(stranger, KeyError::WrongSecret);
    assert_eq!(set.unlock(&as_keychain).unwrap_err(), KeyError::WrongSecret, "the same bytes, another kind");
}

#[test]
fn a_slot_of_a_passkey_names_its_passkey_and_no_other_slot_does() {
    let (mut open, entropy) = with_passkeys(1, &[10]);
    let digits = UnlockSecret::RecoveryKey(RecoveryKey::make(&entropy));

    let unnamed = open.add(&output(11), details("x"), Argon2Params::FLOOR, &entropy);
    let misnamed = open.add_passkey(&digits, &credential(1, 12), details("x"), &entropy);

    assert_eq!(unnamed.unwrap_err(), KeyError::Malformed { what: "slot head" });
    assert_eq!(misnamed.unwrap_err(), KeyError::Malformed { what: "slot head" });
    assert_eq!(open.slots().len(), 1);
}

#[test]
fn a_17th_way_has_no_room_and_that_is_known_before_it_is_made() {
    let numbers: Vec<u8> = (1..=16).collect();
    let (mut open, entropy) = with_passkeys(1, &numbers);

    let refused = open.add_passkey(&output(17), &credential(1, 17), details("x"), &entropy);

    assert!(open.is_full());
    assert_eq!(refused.unwrap_err(), KeyError::TooMany { what: "slots", limit: 16 });
}

#[test]
fn the_passkeys_of_the_newest_version_are_asked_first_each_once_and_no_more_than_the_limit() {
    let (mut open, entropy) = with_passkeys(1, &[10]);
    let old = file(&mut open, &entropy);
    let first = open.slots()[0].id;
    open.add_passkey(&output(11), &credential(1, 11), details("x"), &entropy).unwrap();
    open.remove(first, 5).unwrap();
    let new = file(&mut open, &entropy);
    let set = KeyslotSet::read(vec![old, new]);
    let repository = open.repository();

    assert_eq!(asked(&set, &repository, 9), [11, 10], "a stray file must not hide a real way");
    assert_eq!(asked(&set, &repository, 1), [11]);
}

#[test]
fn passkeys_of_other_repositories_and_unknown_relying_parties_are_not_asked_for() {
    let (mut own, entropy) = with_passkeys(1, &[10]);
    own.add_passkey(&output(11), &credential(2, 11), details("x"), &entropy).unwrap();
    own.add_passkey(&output(12), &credential(0, 12), details("x"), &entropy).unwrap();
    let (mut other, other_entropy) = with_passkeys(2, &[20]);
    let set = KeyslotSet::read(vec![file(&mut own, &entropy), file(&mut other, &other_entropy)]);

    assert_eq!(asked(&set, &own.repository(), 9), [10]);
    assert_eq!(asked(&set, &other.repository(), 9), [20]);
    let carried = set.ways().iter().filter(|way| way.kind == SlotKind::Passkey).count();
    assert_eq!(carried, 4, "they are shown and carried all the same");
}

#[test]
fn a_passkey_that_was_absent_gets_the_new_data_key() {
    let (mut open, entropy) = with_passkeys(1, &[10, 11]);
    let old = file(&mut open, &entropy);
    open.change_data_key(&entropy).unwrap();
    let new = file(&mut open, &entropy);

    let mut again = KeyslotSet::read(vec![old, new]).unlock(&output(11)).unwrap();
    let wrapped = KeyslotSet::read(vec![file(&mut again, &entropy)]).unlock(&output(11)).unwrap();

    assert_eq!(again.state().0, 2);
    assert!(again.is_handed_over() && !wrapped.is_handed_over());
    assert_eq!(wrapped.keyring().newest().key_id(), open.keyring().newest().key_id());
}

#[test]
fn each_repository_has_an_input_of_its_own_that_never_changes() {
    let one = RepositoryId::from_bytes([1; 16]);
    let hex: String = one.derive_passkey_input().iter().map(|byte| format!("{byte:02x}")).collect();

    // printf 'coffer/1/prf\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1' | sha256sum
    assert_eq!(hex, "3dc825b8bfffa421a2eb5168f5fb10930bfced77225219c8d65690dda592a3fe");
    assert_ne!(one.derive_passkey_input(), RepositoryId::from_bytes([2; 16]).derive_passkey_input());
}

#[test]
fn what_a_passkey_gave_is_never_printed() {
    assert_eq!(format!("{:?}", output(1)), "Passkey([redacted])");
}
