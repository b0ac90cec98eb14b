use super::*;
use crate::security_keys::key::Key;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use webauthn_authenticator_rs::error::CtapError;
use webauthn_rs_proto::AuthenticatorTransport;

/// What a token does when it is asked.
#[derive(Clone, Copy, Debug)]
enum Does {
    Echo,
    Panic,
    PanicAtFirst,
    Refuse(u8),
    Break,
    /// It is busy with another program, once.
    Busy,
    Info,
    Nothing,
}

#[derive(Debug)]
struct Odd {
    does: Does,
    greeted: Arc<AtomicUsize>,
    cancelled: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Odd {
    fn new(does: Does) -> Self {
        Self { does, greeted: Arc::default(), cancelled: Arc::default(), closed: Arc::default() }
    }

    fn start(self) -> TokenDevice {
        TokenDevice::start(self, Transports::USB, None)
    }
}

#[async_trait]
impl Token for Odd {
    type Id = ();

    fn get_transport(&self) -> AuthenticatorTransport {
        AuthenticatorTransport::Usb
    }

    async fn transmit_raw<U>(&mut self, cbor: &[u8], ui: &U) -> Result<Vec<u8>, WebauthnCError>
    where
        U: UiCallback,
    {
        match self.does {
            Does::Echo | Does::PanicAtFirst => {
                ui.request_touch();
                ui.processing();
                Ok(cbor.to_vec())
            }
            Does::Panic => panic!("frames of another channel"),
            Does::Refuse(status) => Err(CtapError::from(status).into()),
            Does::Break => Err(WebauthnCError::Closed),
            Does::Busy => {
                self.does = Does::Info;
                Err(WebauthnCError::Cbor)
            }
            // An empty map.
            Does::Info => Ok(vec![0xA0]),
            Does::Nothing => std::future::pending().await,
        }
    }

    async fn cancel(&mut self) -> Result<(), WebauthnCError> {
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn init(&mut self) -> Result<(), WebauthnCError> {
        match (self.does, self.greeted.fetch_add(1, Ordering::SeqCst)) {
            (Does::PanicAtFirst, _) => panic!("a nonce of somebody else"),
            (_, 0) => Err(WebauthnCError::Internal),
            (_, _) => Ok(()),
        }
    }

    async fn close(&mut self) -> Result<(), WebauthnCError> {
        self.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn send(device: &mut TokenDevice) -> Result<Vec<u8>, Failure> {
    block_on(device.send(&[1, 2, 3], &|_| ()))
}

#[test]
fn a_key_that_has_old_words_in_its_mouth_is_greeted_again() {
    let token = Odd::new(Does::Echo);
    let greeted = Arc::clone(&token.greeted);

    let answer = send(&mut token.start());

    assert_eq!(answer, Ok(vec![1, 2, 3]));
    assert_eq!(greeted.load(Ordering::SeqCst), 2);
}

#[test]
fn keepalives_are_heard_in_their_order() {
    let mut device = Odd::new(Does::Echo).start();
    let heard = std::sync::Mutex::new(Vec::new());
    let hear = |keepalive| heard.lock().unwrap().push(keepalive);

    let answer = block_on(device.send(&[1], &hear));

    assert!(answer.is_ok());
    assert_eq!(*heard.lock().unwrap(), [Keepalive::Waiting, Keepalive::Working]);
}

#[test]
fn a_panic_in_the_transport_is_an_error() {
    let mut device = Odd::new(Does::Panic).start();

    assert_eq!(send(&mut device), Err(Failure::Ended(PasskeyError::Malformed)));
    assert_eq!(
        send(&mut device),
        Err(Failure::Ended(PasskeyError::Removed)),
        "and the key is not used any more"
    );
}

#[test]
fn a_panic_while_greeting_is_a_key_that_is_gone() {
    let mut device = Odd::new(Does::PanicAtFirst).start();

    assert_eq!(send(&mut device), Err(Failure::Ended(PasskeyError::Removed)));
}

#[test]
fn a_status_leaves_the_key_usable_and_an_error_does_not() {
    let mut refusing = Odd::new(Does::Refuse(0x31)).start();
    let mut broken = Odd::new(Does::Break).start();

    assert_eq!(send(&mut refusing), Err(Failure::Said(Status::PIN_INVALID)));
    assert_eq!(send(&mut refusing), Err(Failure::Said(Status::PIN_INVALID)));
    assert_eq!(send(&mut broken), Err(Failure::Ended(PasskeyError::Removed)));
    assert_eq!(send(&mut broken), Err(Failure::Ended(PasskeyError::Removed)));
}

#[test]
fn whoever_stops_waiting_stops_the_key() {
    let token = Odd::new(Does::Nothing);
    let cancelled = Arc::clone(&token.cancelled);
    let mut device = token.start();

    let answer = block_on(async {
        tokio::select! {
            biased;
            answer = device.send(&[1], &|_| ()) => Some(answer),
            () = std::future::ready(()) => None,
        }
    });
    // The worker ends after it stopped the key.
    device.worker.take().unwrap().join().unwrap();

    assert!(answer.is_none());
    assert_eq!(cancelled.load(Ordering::SeqCst), 1);
    assert_eq!(send(&mut device), Err(Failure::Ended(PasskeyError::Removed)));
}

#[test]
fn a_key_that_is_not_needed_any_more_is_let_go_before_the_next_ceremony() {
    let token = Odd::new(Does::Echo);
    let closed = Arc::clone(&token.closed);
    let mut device = token.start();
    assert!(send(&mut device).is_ok());

    drop(device);

    assert_eq!(closed.load(Ordering::SeqCst), 1);
}

#[test]
fn a_key_that_is_busy_with_another_program_is_asked_again() {
    let device = Odd::new(Does::Busy).start();

    let key = block_on(Key::open(Box::new(device), Duration::from_secs(5)));

    assert!(key.is_ok());
}

#[test]
fn a_key_that_never_answered_is_not_waited_for() {
    let mut device = Odd::new(Does::Nothing).start();
    let is_silent = device.is_silent;
    let worker = device.worker.take();

    drop(device);

    assert!(is_silent);
    assert!(worker.is_some_and(|worker| worker.join().is_ok()));
}
