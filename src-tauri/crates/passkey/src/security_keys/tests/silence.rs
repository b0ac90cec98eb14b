//! Nothing secret is printed, whoever listens at whatever level.

use super::*;
use crate::{Answer, Prompt};
use coffer_secret::SecretString;
use std::fmt::Write;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const LONG_PIN: &str = "otter-4711-velvet";

/// Hears everything on every thread.
#[derive(Clone, Default)]
struct Eavesdropper(Arc<Mutex<String>>);

impl Eavesdropper {
    fn heard(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Eavesdropper {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field} {value:?}").unwrap();
    }
}

impl Subscriber for Eavesdropper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn no_pin_and_no_secret_reaches_a_listener_or_the_wire() {
    let ear = Eavesdropper::default();
    tracing::subscriber::set_global_default(ear.clone()).unwrap();
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let pins = || ScriptedPerson::with(&["wrong-pin", LONG_PIN]).ceremony();

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[LONG_PIN]).ceremony()).unwrap();
    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &pins()).unwrap();
    tracing::trace!("the ear is open");

    let secrets = [LONG_PIN.as_bytes(), b"wrong-pin", used.prf.expose(), made.prf.as_ref().unwrap().expose()];
    let heard = ear.heard();
    assert!(heard.contains("the ear is open"));
    assert!(secrets.iter().all(|secret| !heard.contains(&hex(secret))));
    assert!(secrets.iter().all(|secret| !heard.contains(&format!("{secret:?}"))));
    assert!(!heard.contains(LONG_PIN) && !heard.contains("wrong-pin"));
    let messages = key.messages().concat();
    assert!(secrets.iter().all(|secret| !messages.windows(secret.len()).any(|part| part == *secret)));
}

#[test]
fn what_holds_a_secret_prints_none() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let used = used(&provider, &made.credential).unwrap();
    let (answer, given) = Answer::channel();
    let prompt = Prompt::Pin { device: None, was_wrong: false, tries_left: None, answer };
    let code = Prompt::Qr { text: SecretString::new("FIDO:/123".to_owned()) };

    let printed = format!("{provider:?} {made:?} {used:?} {prompt:?} {given:?} {code:?}");

    assert_eq!(printed.matches("[redacted]").count(), 3, "{printed}");
    assert!(!printed.contains(&format!("{:?}", used.prf.expose())));
    assert!(!printed.contains("FIDO:/123"));
}
