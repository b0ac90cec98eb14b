//! The provider over a system that follows a script.

use super::*;
use crate::authenticator_data::tests::authenticator_data;
use crate::{Credential, Prompts};
use std::sync::{Arc, Mutex};

const VERIFIED: u8 = 0x05;
const SYNCED: u8 = 0x1D;

/// A system with one answer for each call.
struct Script {
    is_recent: bool,
    made: Mutex<Option<Made>>,
    used: Mutex<Option<Used>>,
    asked: Mutex<Vec<Asked>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Make(MakeAsk, usize),
    Get(GetAsk, usize),
}

impl Authorization for Script {
    fn gives_secrets(&self) -> bool {
        self.is_recent
    }

    fn make(&self, ask: MakeAsk, window: usize, _: &Cancel, _: Duration) -> Result<Made, PasskeyError> {
        self.asked.lock().unwrap().push(Asked::Make(ask, window));
        self.made.lock().unwrap().take().ok_or(PasskeyError::Cancelled)
    }

    fn get(&self, ask: GetAsk, window: usize, _: &Cancel, _: Duration) -> Result<Used, PasskeyError> {
        self.asked.lock().unwrap().push(Asked::Get(ask, window));
        self.used.lock().unwrap().take().ok_or(PasskeyError::Cancelled)
    }
}

struct Silent;

impl Prompts for Silent {
    fn show(&self, _: Prompt) {}
}

fn ceremony() -> Ceremony {
    Ceremony { prompts: Arc::new(Silent), cancel: Cancel::default() }
}

fn script(made: Option<Made>, used: Option<Used>) -> Script {
    Script { is_recent: true, made: Mutex::new(made), used: Mutex::new(used), asked: Mutex::default() }
}

/// As if the relying party of new passkeys had a domain.
fn with_domain(authorization: Script) -> SyncedPasskeys<Script> {
    SyncedPasskeys { authorization, parent: ParentWindow::new(|| Some(7)), has_domain: |_| true }
}

fn ours() -> Vec<Credential> {
    vec![Credential { id: b"ours".to_vec(), transports: Transports::INTERNAL }]
}

fn create() -> CreateRequest {
    CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind: AuthenticatorKind::Platform,
        user_id: [3; 32],
        user_name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude: ours(),
        input: [9; 32],
    }
}

fn evaluate() -> EvaluateRequest {
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: ours(), input: [9; 32] }
}

fn attestation_object(flags: u8) -> Vec<u8> {
    let mut object = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut object);
    encoder.map(3).unwrap().str("fmt").unwrap().str("none").unwrap();
    encoder.str("attStmt").unwrap().map(0).unwrap();
    encoder.str("authData").unwrap().bytes(&authenticator_data(flags, Some(b"new"))).unwrap();
    object
}

fn made(flags: u8, prf_supported: bool, prf: &[u8]) -> Made {
    Made { attestation_object: attestation_object(flags), prf_supported, prf: PrfOutput::copy_from(prf) }
}

fn used(flags: u8, id: &[u8], prf: &[u8]) -> Used {
    let authenticator_data = authenticator_data(flags, None);
    Used { authenticator_data, credential_id: id.to_vec(), prf: PrfOutput::copy_from(prf) }
}

#[test]
fn without_a_domain_of_our_own_it_is_never_offered() {
    let provider = SyncedPasskeys { has_domain, ..with_domain(script(None, None)) };

    let made = provider.create(&create(), &ceremony()).map(drop);
    let used = provider.evaluate(&evaluate(), &ceremony()).map(drop);

    assert!(provider.kinds().is_empty());
    assert_eq!(made, Err(PasskeyError::NoAuthenticator));
    assert_eq!(used, Err(PasskeyError::NoCredential));
    assert!(provider.authorization.asked.lock().unwrap().is_empty());
}

#[test]
fn with_a_domain_it_is_offered_where_the_system_and_a_window_are_there() {
    let offered = with_domain(script(None, None)).kinds();
    let too_old = with_domain(Script { is_recent: false, ..script(None, None) });
    let no_window = SyncedPasskeys { parent: ParentWindow::none(), ..with_domain(script(None, None)) };

    assert_eq!(offered, [AuthenticatorKind::Platform]);
    assert!(too_old.kinds().is_empty());
    assert_eq!(too_old.create(&create(), &ceremony()).map(drop), Err(PasskeyError::PlatformTooOld));
    assert!(no_window.kinds().is_empty());
    assert_eq!(no_window.create(&create(), &ceremony()).map(drop), Err(PasskeyError::NoAuthenticator));
}

#[test]
fn a_passkey_is_made_and_its_flags_are_kept() {
    let provider = with_domain(script(Some(made(SYNCED, true, &[])), None));

    let registered = provider.create(&create(), &ceremony()).unwrap();

    assert_eq!(registered.credential.id, b"new");
    assert_eq!(registered.credential.transports, Transports::INTERNAL.with(Transports::HYBRID));
    assert!(registered.backup_eligible && registered.backed_up);
    assert!(registered.prf.is_none());
}

#[test]
fn macos_is_given_the_input_and_hashes_it_itself() {
    let provider = with_domain(script(None, None));

    let made = provider.create(&create(), &ceremony()).map(drop);
    let used = provider.evaluate(&evaluate(), &ceremony()).map(drop);

    let make = MakeAsk {
        relying_party_id: "coffer.invalid",
        user_id: [3; 32],
        name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude: vec![b"ours".to_vec()],
        input: [9; 32],
    };
    let get = GetAsk { relying_party_id: "coffer.invalid", allow: vec![b"ours".to_vec()], input: [9; 32] };
    assert_eq!((made, used), (Err(PasskeyError::Cancelled), Err(PasskeyError::Cancelled)));
    assert_eq!(*provider.authorization.asked.lock().unwrap(), [Asked::Make(make, 7), Asked::Get(get, 7)]);
}

#[test]
fn a_passkey_without_prf_or_verification_is_refused() {
    let create_with = |made| with_domain(script(Some(made), None)).create(&create(), &ceremony()).map(drop);

    assert_eq!(create_with(made(SYNCED, false, &[])), Err(PasskeyError::NoPrfAtCreation));
    assert_eq!(create_with(made(0x01, true, &[])), Err(PasskeyError::NotVerified));
    assert_eq!(create_with(made(VERIFIED, true, &[8; 31])), Err(PasskeyError::Malformed));
}

#[test]
fn an_output_at_creation_is_kept() {
    let provider = with_domain(script(Some(made(VERIFIED, false, &[8; 32])), None));

    let registered = provider.create(&create(), &ceremony()).unwrap();

    assert_eq!(registered.prf.unwrap().expose(), &[8; 32]);
}

#[test]
fn a_use_gives_the_secret() {
    let provider = with_domain(script(None, Some(used(SYNCED, b"ours", &[8; 32]))));

    let evaluated = provider.evaluate(&evaluate(), &ceremony()).unwrap();

    assert_eq!(evaluated.prf.expose(), &[8; 32]);
    assert_eq!(evaluated.credential_id, b"ours");
    assert!(evaluated.backup_eligible && evaluated.backed_up);
}

#[test]
fn a_use_without_output_without_verification_or_of_another_passkey_is_refused() {
    let use_with = |used| with_domain(script(None, Some(used))).evaluate(&evaluate(), &ceremony()).map(drop);

    assert_eq!(use_with(used(SYNCED, b"ours", &[])), Err(PasskeyError::NoPrf));
    assert_eq!(use_with(used(0x01, b"ours", &[8; 32])), Err(PasskeyError::NotVerified));
    assert_eq!(use_with(used(SYNCED, b"theirs", &[8; 32])), Err(PasskeyError::Malformed));
}
