//! A key behind one of the transports of `webauthn-authenticator-rs`, on a thread of its own.
//!
//! The transports block while a key thinks, and some of their code panics when a key breaks the protocol. On its own thread
//! neither holds up the other keys, the person's cancel, or the ceremony's end.

use super::device::{Answering, Device, Failure, Keepalive, Listener};
use crate::ctap::Status;
use crate::{PasskeyError, Transports};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::thread::{self, JoinHandle};
use tokio::sync::{mpsc, oneshot};
use tracing::Level;
use tracing::level_filters::STATIC_MAX_LEVEL;
use webauthn_authenticator_rs::error::WebauthnCError;
use webauthn_authenticator_rs::transport::Token;
use webauthn_authenticator_rs::types::{CableRequestType, CableState, EnrollSampleStatus};
use webauthn_authenticator_rs::ui::UiCallback;

// At this level the transports print what crosses the wire. A release build does not compile it in, whoever listens.
const _: () = assert!(
    cfg!(debug_assertions) || !matches!(STATIC_MAX_LEVEL.into_level(), Some(Level::TRACE)),
    "`tracing` needs its feature release_max_level_debug"
);

/// A key that was just stopped may still say so to whoever opens it next.
const GREETINGS: usize = 3;

/// A [`Token`] behind [`Device`].
#[derive(Debug)]
pub(crate) struct TokenDevice {
    orders: Option<mpsc::UnboundedSender<Order>>,
    worker: Option<JoinHandle<()>>,
    transport: Transports,
    name: Option<String>,
    /// It has not answered yet, or a message was under way when its sender went away.
    is_silent: bool,
}

/// A message for the worker, and where its answer goes.
#[derive(Debug)]
struct Order {
    message: Vec<u8>,
    keepalives: mpsc::UnboundedSender<Keepalive>,
    answer: oneshot::Sender<Result<Vec<u8>, Failure>>,
}

impl TokenDevice {
    /// Starts the worker, which greets the key first. A key that does not greet back is gone at the first message.
    pub(crate) fn start<T: Token + 'static>(token: T, transport: Transports, name: Option<String>) -> Self {
        let (orders, waiting) = mpsc::unbounded_channel();
        let worker =
            thread::Builder::new().name("security key".to_owned()).spawn(move || work(token, waiting));
        Self { orders: Some(orders), worker: worker.ok(), transport, name, is_silent: true }
    }
}

impl Device for TokenDevice {
    fn transport(&self) -> Transports {
        self.transport
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn send<'a>(&'a mut self, message: &'a [u8], listener: Listener<'a>) -> Answering<'a> {
        Box::pin(async move {
            let (answer, mut arrives) = oneshot::channel();
            let (keepalives, mut said) = mpsc::unbounded_channel();
            let order = Order { message: message.to_vec(), keepalives, answer };
            self.is_silent = true;
            let sent = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
            if !sent {
                return Err(Failure::Ended(PasskeyError::Removed));
            }
            loop {
                tokio::select! {
                    biased;
                    Some(keepalive) = said.recv() => listener(keepalive),
                    answer = &mut arrives => {
                        self.is_silent = false;
                        return answer.unwrap_or(Err(Failure::Ended(PasskeyError::Removed)));
                    }
                }
            }
        })
    }
}

impl Drop for TokenDevice {
    fn drop(&mut self) {
        drop(self.orders.take());
        // A smart card is free for the next ceremony only after its worker let it go. A key that does not answer is not waited for.
        if let Some(worker) = self.worker.take().filter(|_| !self.is_silent) {
            worker.join().ok();
        }
    }
}

fn work<T: Token>(mut token: T, mut waiting: mpsc::UnboundedReceiver<Order>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return;
    };
    runtime.block_on(async {
        // A panic while greeting is told as a key that is gone.
        let greeted = AssertUnwindSafe(greet(&mut token)).catch_unwind().await;
        if !matches!(greeted, Ok(true)) {
            return;
        }
        while let Some(order) = waiting.recv().await {
            if !serve(&mut token, order).await {
                return;
            }
        }
        // Nobody hears whether the applet was left.
        token.close().await.ok();
    });
}

async fn greet<T: Token>(token: &mut T) -> bool {
    for _ in 0..GREETINGS {
        if token.init().await.is_ok() {
            return true;
        }
    }
    false
}

/// Sends one message. False when nothing more can be sent.
async fn serve<T: Token>(token: &mut T, order: Order) -> bool {
    let Order { message, keepalives, mut answer } = order;
    let ui = Keepalives(keepalives);
    let result = tokio::select! {
        biased;
        () = answer.closed() => None,
        // A panic means that the key broke the protocol in a way the transport did not expect.
        result = AssertUnwindSafe(token.transmit_raw(&message, &ui)).catch_unwind() => Some(result),
    };
    let Some(result) = result else {
        // Nobody waits any more: the key shall not blink for nothing.
        AssertUnwindSafe(token.cancel()).catch_unwind().await.ok();
        return false;
    };
    // `Cbor` is also how a key says that it is busy with another program.
    let is_alive = matches!(result, Ok(Ok(_) | Err(WebauthnCError::Ctap(_) | WebauthnCError::Cbor)));
    let told = result.map_or(Err(Failure::Ended(PasskeyError::Malformed)), |told| told.map_err(failure));
    answer.send(told).is_ok() && is_alive
}

fn failure(error: WebauthnCError) -> Failure {
    // Of the other errors, those that come from a key's words are few; the rest is the wire.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the transports' errors are not ours")]
    match error {
        WebauthnCError::Ctap(status) => Failure::Said(Status(status.into())),
        WebauthnCError::Cbor
        | WebauthnCError::ApduTransmission
        | WebauthnCError::MessageTooShort
        | WebauthnCError::MessageTooLarge
        | WebauthnCError::InvalidMessageLength => Failure::Ended(PasskeyError::Malformed),
        _ => Failure::Ended(PasskeyError::Removed),
    }
}

/// The transports' idea of a user interface: here it only passes on that the key is still there.
#[derive(Debug)]
struct Keepalives(mpsc::UnboundedSender<Keepalive>);

impl UiCallback for Keepalives {
    fn request_pin(&self) -> Option<String> {
        None
    }

    fn request_touch(&self) {
        self.0.send(Keepalive::Waiting).ok();
    }

    fn processing(&self) {
        self.0.send(Keepalive::Working).ok();
    }

    fn fingerprint_enrollment_feedback(&self, _: u32, _: Option<EnrollSampleStatus>) {}

    fn cable_qr_code(&self, _: CableRequestType, _: String) {}

    fn dismiss_qr_code(&self) {}

    fn cable_status_update(&self, _: CableState) {}
}

#[cfg(test)]
mod tests;
