//! Quick unlock over an enclave made of software, which computes what Apple's computes.

use super::*;
use crate::{Prompts, quick_unlock_id::is_quick_unlock};
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{NonZeroScalar, PublicKey, Sec1Point};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

/// Keys are scalars, and a token is the key's scalar behind a byte that says whose it is.
struct Software {
    machine: u8,
    touch_id: bool,
    refuses: Option<PasskeyError>,
    next: Mutex<u8>,
}

impl Software {
    fn new(machine: u8) -> Self {
        Self { machine, touch_id: true, refuses: None, next: Mutex::new(0) }
    }
}

impl Enclave for Software {
    fn has_touch_id(&self) -> bool {
        self.touch_id
    }

    fn make_key(&self) -> Result<Vec<u8>, Refusal> {
        let mut next = self.next.lock().unwrap();
        *next += 1;
        Ok([&[self.machine], [*next; 32].as_slice()].concat())
    }

    fn holds(&self, token: &[u8]) -> bool {
        token[0] == self.machine
    }

    fn agree(&self, token: &[u8], info: &[u8], _: &Cancel, _: Duration) -> Result<Secret<32>, PasskeyError> {
        if let Some(refusal) = self.refuses {
            return Err(refusal);
        }
        let scalar = NonZeroScalar::try_from(&token[1..]).unwrap();
        let point = PublicKey::from_sec1_bytes(&POINT).unwrap();
        let shared = p256::ecdh::diffie_hellman(scalar, point.as_affine());
        // X9.63, 5.6.3: SHA-256 of Z, a counter from 1 and the shared info gives the first 32 bytes.
        let digest = Sha256::new()
            .chain_update(shared.raw_secret_bytes())
            .chain_update([0, 0, 0, 1])
            .chain_update(info);
        Ok(Secret::take(&mut digest.finalize().into()))
    }
}

#[derive(Default)]
struct Shown(Mutex<Vec<String>>);

impl Prompts for Shown {
    fn show(&self, prompt: Prompt) {
        self.0.lock().unwrap().push(format!("{prompt:?}"));
    }
}

fn ceremony() -> (Ceremony, Arc<Shown>) {
    let shown = Arc::new(Shown::default());
    (Ceremony { prompts: shown.clone(), cancel: Cancel::default() }, shown)
}

fn create(exclude: Vec<Credential>) -> CreateRequest {
    CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind: AuthenticatorKind::Platform,
        user_id: [3; 32],
        user_name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude,
        input: [9; 32],
    }
}

fn evaluate(allow: Vec<Credential>, input: u8) -> EvaluateRequest {
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input: [input; 32] }
}

fn made<E: Enclave>(provider: &QuickUnlock<E>) -> Credential {
    provider.create(&create(Vec::new()), &ceremony().0).unwrap().credential
}

#[test]
fn the_point_is_the_one_its_rule_gives() {
    let hash =
        |counter: u8| Sha256::digest([b"coffer/1/quick-unlock-point\0".as_slice(), &[counter]].concat());
    let with_even_y = |x: &[u8]| Sec1Point::from_bytes([[2].as_slice(), x].concat()).ok();
    let point = |counter| PublicKey::from_sec1_point(&with_even_y(&hash(counter)).unwrap()).into_option();

    let (first, second) = (point(0), point(1));

    assert!(first.is_none(), "counter 0 gives a point");
    assert_eq!(second.unwrap().to_sec1_point(false).as_bytes(), POINT);
}

#[test]
fn it_is_a_way_for_this_computer_alone() {
    let provider = QuickUnlock(Software::new(1));
    let (ceremony, shown) = ceremony();

    let registered = provider.create(&create(Vec::new()), &ceremony).unwrap();

    assert_eq!(registered.kind, AuthenticatorKind::Platform);
    assert_eq!(registered.credential.transports, Transports::INTERNAL);
    assert!(!registered.backup_eligible && !registered.backed_up);
    assert!(is_quick_unlock(&registered.credential));
    assert!(shown.0.lock().unwrap().is_empty(), "a creation asks no finger");
}

#[test]
fn the_same_key_and_input_give_the_same_bytes_and_others_give_others() {
    let provider = QuickUnlock(Software::new(1));
    let (one, other) = (made(&provider), made(&provider));
    let bytes = |credential: &Credential, input| {
        let request = evaluate(vec![credential.clone()], input);
        *provider.evaluate(&request, &ceremony().0).unwrap().prf.expose()
    };

    let first = bytes(&one, 9);

    assert_eq!(first, bytes(&one, 9));
    assert_ne!(first, bytes(&one, 8));
    assert_ne!(first, bytes(&other, 9));
}

#[test]
fn the_bytes_are_bound_to_the_relying_party_and_the_input() {
    let info = shared_info(RelyingParty::CURRENT, &[9; 32]);

    let expected = [b"coffer/1/quick-unlock\0coffer.invalid\0".as_slice(), &[9; 32]].concat();
    assert_eq!(info, expected);
}

#[test]
fn a_use_announces_the_dialog_of_touch_id() {
    let provider = QuickUnlock(Software::new(1));
    let credential = made(&provider);
    let (ceremony, shown) = ceremony();

    let evaluated = provider.evaluate(&evaluate(vec![credential.clone()], 9), &ceremony).unwrap();

    assert_eq!(evaluated.credential_id, credential.id);
    assert_eq!(*shown.0.lock().unwrap(), ["PlatformDialog"]);
}

#[test]
fn another_macs_key_is_no_credential_here() {
    let elsewhere = made(&QuickUnlock(Software::new(2)));
    let here = QuickUnlock(Software::new(1));
    let (ceremony, shown) = ceremony();

    let refused = here.evaluate(&evaluate(vec![elsewhere], 9), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::NoCredential));
    assert!(shown.0.lock().unwrap().is_empty(), "no finger is asked for nothing");
}

#[test]
fn one_mac_is_one_way_to_unlock() {
    let provider = QuickUnlock(Software::new(1));
    let exclude = vec![made(&provider)];

    let refused = provider.create(&create(exclude), &ceremony().0).map(drop);

    assert_eq!(refused, Err(PasskeyError::AlreadyRegistered));
}

#[test]
fn without_touch_id_it_is_not_offered() {
    let provider = QuickUnlock(Software { touch_id: false, ..Software::new(1) });

    let made = provider.create(&create(Vec::new()), &ceremony().0).map(drop);
    let used = provider.evaluate(&evaluate(Vec::new(), 9), &ceremony().0).map(drop);

    assert!(provider.kinds().is_empty());
    assert_eq!(made, Err(PasskeyError::NoAuthenticator));
    assert_eq!(used, Err(PasskeyError::NoAuthenticator));
}

#[test]
fn a_finger_that_is_not_recognised_gives_nothing() {
    let credential = made(&QuickUnlock(Software::new(1)));
    let provider = QuickUnlock(Software { refuses: Some(PasskeyError::NotVerified), ..Software::new(1) });

    let refused = provider.evaluate(&evaluate(vec![credential], 9), &ceremony().0).map(drop);

    assert_eq!(refused, Err(PasskeyError::NotVerified));
}

#[test]
fn a_cancelled_ceremony_makes_no_key() {
    let provider = QuickUnlock(Software::new(1));
    let (ceremony, _) = ceremony();
    ceremony.cancel.cancel();

    let refused = provider.create(&create(Vec::new()), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::Cancelled));
    assert_eq!(*provider.0.next.lock().unwrap(), 0);
}
