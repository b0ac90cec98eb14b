use super::*;
use crate::security_keys::device::{Answering, Device, Failure, Listener};
use crate::security_keys::finder::Sighting;
use tokio::sync::mpsc::UnboundedSender;

#[test]
fn a_key_that_is_plugged_in_later_is_used() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[]);
    let provider = provider(&ports);
    let me = ScriptedPerson::with(&[PIN]);
    me.when("insert", {
        let (ports, key) = (ports.clone(), key.clone());
        move || ports.plug(&key)
    });

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(made.is_ok());
    assert_eq!(me.seen(), ["insert", "new pin 4", "touch"]);
}

#[test]
fn without_a_key_the_ceremony_ends_in_time() {
    let provider = impatient(&Ports::with(&[]));
    let me = ScriptedPerson::with(&[]);

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::NoAuthenticator)));
    assert_eq!(me.seen(), ["insert"]);
}

#[test]
fn waiting_for_a_key_can_be_cancelled() {
    let provider = provider(&Ports::with(&[]));
    let me = ScriptedPerson::with(&[]);
    me.cancel_when("insert");

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::Cancelled)));
}

#[test]
fn a_reader_without_its_service_is_named_when_no_key_comes() {
    let ports = Ports::with(&[]);
    ports.stop_service();

    let made = impatient(&ports).create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoSmartCardService)));
}

#[test]
fn a_reader_without_its_service_does_not_matter_to_a_key_in_a_port() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    ports.stop_service();

    let made = provider(&ports).create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(made.is_ok());
}

#[test]
fn a_key_that_this_user_may_not_open_is_named() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    ports.forbid();

    let made = provider(&ports).create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPermission)));
}

#[test]
fn a_key_that_this_user_may_not_open_is_named_when_it_comes_later() {
    let ports = Ports::with(&[]);
    let provider = provider(&ports);
    let me = ScriptedPerson::with(&[]);
    me.when("insert", move || ports.forbid());

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPermission)));
}

#[test]
fn a_key_that_is_pulled_while_it_waits_is_gone() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let provider = provider(&ports);
    let made = made(&provider);
    let me = ScriptedPerson::with(&[PIN]);
    key.touch(Touch::Awaited);
    me.when("touch", {
        let (ports, key) = (ports.clone(), key.clone());
        move || ports.unplug(&key)
    });

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::Removed)));
}

#[test]
fn a_key_that_is_pulled_while_the_pin_is_typed_is_gone() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let provider = provider(&ports);
    let made = made(&provider);
    let me = ScriptedPerson::with(&[PIN]);
    me.when("pin 8", {
        let (ports, key) = (ports.clone(), key.clone());
        move || ports.unplug(&key)
    });

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::Removed)));
}

#[test]
fn what_is_no_security_key_is_passed_over() {
    let (card, key) = (VirtualAuthenticator::nfc(1), VirtualAuthenticator::usb(2));
    card.fault(Fault::Garbage(0x04));
    let provider = provider(&Ports::with(&[&card, &key]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(made.is_ok());
    assert_eq!(count(&key, MAKE_CREDENTIAL), 1);
}

#[test]
fn a_ceremony_may_be_started_from_within_a_runtime() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

    let made = runtime
        .block_on(async { provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony()) });

    assert!(made.is_ok());
}

/// A port with a device that never answers.
struct Silent;

impl Finder for Silent {
    fn is_possible(&self) -> bool {
        false
    }

    fn look(&self, sightings: UnboundedSender<Sighting>) {
        sightings.send(Sighting::Key(Box::new(Self))).ok();
        sightings.send(Sighting::LookedOnce).ok();
    }
}

impl Device for Silent {
    fn transport(&self) -> Transports {
        Transports::USB
    }

    fn name(&self) -> Option<&str> {
        None
    }

    fn send<'a>(&'a mut self, _: &'a [u8], _: Listener<'a>) -> Answering<'a> {
        Box::pin(std::future::pending::<Result<Vec<u8>, Failure>>())
    }
}

#[test]
fn a_device_that_never_answers_holds_nobody_up() {
    let mut provider = SecurityKeys::with_finders(Arc::new(SeededEntropy::new(1)), vec![Box::new(Silent)]);
    provider.limits.key = Duration::from_millis(20);
    provider.limits.person = Duration::from_millis(20);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoAuthenticator)));
    assert_eq!(provider.kinds(), []);
}
