//! What a ceremony needs of a security key: messages there and back, and a way to stop.

use crate::ctap::{Malformed, Status};
use crate::{PasskeyError, Transports};
use std::pin::Pin;

/// An answer that is on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send + 'a>>;

/// Hears what a key says while it works.
pub(crate) type Listener<'a> = &'a (dyn Fn(Keepalive) + Send + Sync);

/// A security key that can be talked to, one message at a time.
pub(crate) trait Device: Send {
    /// How it is reached.
    fn transport(&self) -> Transports;

    /// What it calls itself, where that is known.
    fn name(&self) -> Option<&str>;

    /// Sends a CTAP2 message and gives the answer without its status byte.
    ///
    /// Whoever drops this future stops the key; nothing more is to be sent to it then.
    fn send<'a>(&'a mut self, message: &'a [u8], listener: Listener<'a>) -> Answering<'a>;
}

/// What a key says while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keepalive {
    /// It waits for the person.
    Waiting,
    /// It computes.
    Working,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The key said no; the ceremony may know what to do.
    Said(Status),
    /// The ceremony cannot go on.
    Ended(PasskeyError),
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::Ended(PasskeyError::Malformed)
    }
}

impl From<PasskeyError> for Failure {
    fn from(error: PasskeyError) -> Self {
        Self::Ended(error)
    }
}

impl From<Failure> for PasskeyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Said(status) => status.into(),
            Failure::Ended(error) => error,
        }
    }
}
