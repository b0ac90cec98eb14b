//! The provider over a library that follows a script.

use super::*;
use crate::authenticator_data::tests::authenticator_data;
use crate::prf_output::PrfOutput;
use crate::{Cancel, Credential, Prompt, Prompts, RelyingParty, Transports};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const STOPPED: u32 = 0x8009_0036; // NTE_USER_CANCELLED

enum Dialog {
    Makes(Made),
    Gives(Asserted),
    Refuses(Refusal),
    WaitsForAStop,
}

/// `webauthn.dll`, with one answer.
struct Script {
    version: u32,
    hello: bool,
    dialog: Mutex<Option<Dialog>>,
    stops: Mutex<(Sender<StopId>, Receiver<StopId>)>,
    stop: Sender<StopId>,
    asked: Mutex<Vec<String>>,
    forgotten: Mutex<Vec<Vec<u8>>>,
    when_up: Box<dyn Fn() + Send + Sync>,
}

impl Script {
    fn new(version: u32, dialog: Dialog) -> Self {
        let (stop, stops) = channel();
        Self {
            version,
            hello: true,
            dialog: Mutex::new(Some(dialog)),
            stops: Mutex::new((stop.clone(), stops)),
            stop,
            asked: Mutex::default(),
            forgotten: Mutex::default(),
            when_up: Box::new(|| ()),
        }
    }

    fn answer(&self) -> Dialog {
        (self.when_up)();
        let dialog = self.dialog.lock().unwrap().take().unwrap();
        if matches!(dialog, Dialog::WaitsForAStop) {
            let stopped = self.stops.lock().unwrap().1.recv().unwrap();
            assert_eq!(stopped, StopId(42));
            return Dialog::Refuses(Refusal { code: STOPPED, name: "NotAllowedError".to_owned() });
        }
        dialog
    }
}

impl WebAuthn for Script {
    fn version(&self) -> ApiVersion {
        ApiVersion(self.version)
    }

    fn has_hello(&self) -> bool {
        self.hello
    }

    fn new_stop(&self) -> Option<StopId> {
        Some(StopId(42))
    }

    fn stop(&self, id: StopId) {
        self.stop.send(id).unwrap();
    }

    fn make(&self, ask: &MakeAsk, parent: Option<usize>, _: Option<StopId>) -> Result<Made, Refusal> {
        self.asked.lock().unwrap().push(format!("make for {} over {parent:?}", ask.relying_party_id));
        match self.answer() {
            Dialog::Makes(made) => Ok(made),
            Dialog::Refuses(refusal) => Err(refusal),
            Dialog::Gives(_) | Dialog::WaitsForAStop => unreachable!("the script is for a use"),
        }
    }

    fn get(&self, ask: &GetAsk, parent: Option<usize>, _: Option<StopId>) -> Result<Asserted, Refusal> {
        self.asked.lock().unwrap().push(format!("get for {} over {parent:?}", ask.relying_party_id));
        match self.answer() {
            Dialog::Gives(asserted) => Ok(asserted),
            Dialog::Refuses(refusal) => Err(refusal),
            Dialog::Makes(_) | Dialog::WaitsForAStop => unreachable!("the script is for a creation"),
        }
    }

    fn forget(&self, id: &[u8]) {
        self.forgotten.lock().unwrap().push(id.to_vec());
    }
}

/// Remembers that a dialog was announced.
#[derive(Default)]
struct Shown(Mutex<Vec<String>>);

impl Prompts for Shown {
    fn show(&self, prompt: Prompt) {
        self.0.lock().unwrap().push(format!("{prompt:?}"));
    }
}

fn ceremony() -> (Ceremony, Arc<Shown>, Cancel) {
    let shown = Arc::new(Shown::default());
    let cancel = Cancel::default();
    (Ceremony { prompts: shown.clone(), cancel: cancel.clone() }, shown, cancel)
}

fn provider(script: Script) -> WindowsPasskeys<Script> {
    WindowsPasskeys { library: script, parent: ParentWindow::new(|| Some(7)), limits: Limits::OURS }
}

fn create_request(kind: AuthenticatorKind) -> CreateRequest {
    CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind,
        user_id: [3; 32],
        user_name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude: Vec::new(),
        input: [9; 32],
    }
}

fn evaluate_request() -> EvaluateRequest {
    let allow = vec![Credential { id: b"ours".to_vec(), transports: Transports::USB }];
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input: [9; 32] }
}

fn made(prf_enabled: bool) -> Dialog {
    let authenticator_data = authenticator_data(0x05, Some(b"new"));
    Dialog::Makes(Made { authenticator_data, used_transport: 0x10, prf_enabled, prf: PrfOutput::None })
}

fn refusal(code: u32) -> Dialog {
    Dialog::Refuses(Refusal { code, name: "UnknownError".to_owned() })
}

#[test]
fn kinds_are_what_this_windows_can_do() {
    let kinds = |version, hello| provider(Script { hello, ..Script::new(version, refusal(0)) }).kinds();

    use AuthenticatorKind::{Phone, Platform, SecurityKey};
    assert_eq!(kinds(0, true), []);
    assert_eq!(kinds(3, true), []);
    assert_eq!(kinds(4, true), [SecurityKey]);
    assert_eq!(kinds(7, true), [SecurityKey, Phone]);
    assert_eq!(kinds(8, false), [SecurityKey, Phone]);
    assert_eq!(kinds(8, true), [Platform, SecurityKey, Phone]);
}

#[test]
fn a_passkey_is_made_behind_the_dialog_of_the_apps_window() {
    let provider = provider(Script::new(8, made(true)));
    let (ceremony, shown, _) = ceremony();

    let registered = provider.create(&create_request(AuthenticatorKind::Platform), &ceremony).unwrap();

    assert_eq!(registered.credential.id, b"new");
    assert_eq!(registered.kind, AuthenticatorKind::Platform);
    assert_eq!(*provider.library.asked.lock().unwrap(), ["make for coffer.invalid over Some(7)"]);
    assert_eq!(*shown.0.lock().unwrap(), ["PlatformDialog"]);
    assert!(provider.library.forgotten.lock().unwrap().is_empty());
}

#[test]
fn a_passkey_without_prf_is_deleted_again() {
    let provider = provider(Script::new(8, made(false)));
    let (ceremony, _, _) = ceremony();

    let refused = provider.create(&create_request(AuthenticatorKind::Platform), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::NoPrfAtCreation));
    assert_eq!(*provider.library.forgotten.lock().unwrap(), [b"new".to_vec()]);
}

#[test]
fn a_use_gives_the_secret() {
    let prf = PrfOutput::copy_from(&[8; 32]);
    let gives =
        Asserted { authenticator_data: authenticator_data(0x05, None), credential_id: b"ours".to_vec(), prf };
    let provider = provider(Script::new(4, Dialog::Gives(gives)));
    let (ceremony, _, _) = ceremony();

    let evaluated = provider.evaluate(&evaluate_request(), &ceremony).unwrap();

    assert_eq!(evaluated.prf.expose(), &[8; 32]);
    assert_eq!(*provider.library.asked.lock().unwrap(), ["get for coffer.invalid over Some(7)"]);
}

#[test]
fn a_windows_too_old_shows_no_dialog() {
    let provider = provider(Script::new(3, refusal(0)));
    let (ceremony, shown, _) = ceremony();

    let made = provider.create(&create_request(AuthenticatorKind::SecurityKey), &ceremony).map(drop);
    let used = provider.evaluate(&evaluate_request(), &ceremony).map(drop);

    assert_eq!(made, Err(PasskeyError::PlatformTooOld));
    assert_eq!(used, Err(PasskeyError::PlatformTooOld));
    assert!(shown.0.lock().unwrap().is_empty());
}

#[test]
fn an_excluded_passkey_is_said_to_exist() {
    let provider = provider(Script::new(8, refusal(0x8009_000F)));
    let (ceremony, _, _) = ceremony();

    let refused = provider.create(&create_request(AuthenticatorKind::SecurityKey), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::AlreadyRegistered));
}

#[test]
fn a_cancelled_ceremony_stops_the_dialog() {
    let (ceremony, _, cancel) = ceremony();
    let when_up = Box::new(move || cancel.cancel());
    let provider = provider(Script { when_up, ..Script::new(8, Dialog::WaitsForAStop) });

    let refused = provider.evaluate(&evaluate_request(), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::Cancelled));
}

#[test]
fn a_ceremony_cancelled_before_it_starts_shows_no_dialog() {
    let provider = provider(Script::new(8, made(true)));
    let (ceremony, shown, cancel) = ceremony();
    cancel.cancel();

    let refused = provider.create(&create_request(AuthenticatorKind::Platform), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::Cancelled));
    assert!(shown.0.lock().unwrap().is_empty());
}

#[test]
fn a_dialog_that_nobody_answers_is_stopped_in_time() {
    let short = Limits { here: Duration::from_millis(1), phone: Duration::from_millis(1) };
    let script = Script::new(8, Dialog::WaitsForAStop);
    let provider = WindowsPasskeys { library: script, parent: ParentWindow::none(), limits: short };
    let (ceremony, _, _) = ceremony();

    let refused = provider.evaluate(&evaluate_request(), &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::TimedOut));
}

#[test]
fn no_passkey_to_use_is_said_without_a_dialog() {
    let provider = provider(Script::new(8, refusal(0)));
    let (ceremony, shown, _) = ceremony();
    let request = EvaluateRequest { allow: Vec::new(), ..evaluate_request() };

    let refused = provider.evaluate(&request, &ceremony).map(drop);

    assert_eq!(refused, Err(PasskeyError::NoCredential));
    assert!(shown.0.lock().unwrap().is_empty());
}
