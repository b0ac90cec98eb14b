//! The person's side of a ceremony: what is shown, what is typed, and for how long anybody waits.

use super::device::Keepalive;
use crate::{Answer, Ceremony, NewPinProblem, PasskeyError, Prompt};
use coffer_secret::SecretString;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long anybody waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For a touch, a finger, or a key to be plugged in (PASSKEYS, rules).
    pub(crate) person: Duration,
    /// For what a key does without the person.
    pub(crate) key: Duration,
    /// For the first look at what is plugged in.
    pub(crate) look: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { person: Duration::from_secs(60), key: Duration::from_secs(10), look: Duration::from_secs(3) }
    }
}

/// Whom a ceremony talks to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person<'a> {
    pub(super) ceremony: &'a Ceremony,
    pub(super) limits: Limits,
}

/// What a key waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gesture {
    /// Nothing: it lies on the reader.
    None,
    /// A touch.
    Touch,
    /// A finger on its reader.
    Fingerprint { was_wrong: bool, tries_left: Option<u8> },
}

impl Person<'_> {
    pub(super) fn show(&self, prompt: Prompt) {
        self.ceremony.prompts.show(prompt);
    }

    /// Shows what the key waits for, and hears its keepalives from then on.
    pub(super) fn asked_for(&self, gesture: Gesture, device: Option<String>) -> Asked<'_> {
        let asked = Asked { person: self, gesture, device, last: Mutex::new(None) };
        asked.show(if gesture == Gesture::None { Keepalive::Working } else { Keepalive::Waiting });
        asked
    }

    /// Asks for the PIN.
    pub(super) async fn pin(
        &self,
        device: Option<String>,
        was_wrong: bool,
        tries_left: u8,
    ) -> Result<SecretString, PasskeyError> {
        let (answer, given) = Answer::channel();
        self.show(Prompt::Pin { device, was_wrong, tries_left: Some(tries_left), answer });
        let typed = given.await.map_err(|_| PasskeyError::Cancelled)?;
        self.show(Prompt::Working);
        Ok(typed)
    }

    /// Asks for a new PIN. `None` when the person does not want one.
    pub(super) async fn new_pin(
        &self,
        device: Option<String>,
        min_length: u8,
        problem: Option<NewPinProblem>,
    ) -> Option<SecretString> {
        let (answer, given) = Answer::channel();
        self.show(Prompt::NewPin { device, min_length, problem, answer });
        let typed = tokio::select! {
            biased;
            () = self.ceremony.cancel.cancelled() => None,
            typed = given => typed.ok(),
        };
        if typed.is_some() {
            self.show(Prompt::Working);
        }
        typed
    }
}

/// A question that stands on the screen while a key waits.
pub(super) struct Asked<'a> {
    person: &'a Person<'a>,
    gesture: Gesture,
    device: Option<String>,
    last: Mutex<Option<Keepalive>>,
}

impl Asked<'_> {
    /// Shows what is new. Keys repeat themselves several times a second, and some compute a little before they wait.
    pub(super) fn hear(&self, keepalive: Keepalive) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(keepalive);
        let is_news = match (before, keepalive) {
            (Some(Keepalive::Waiting), Keepalive::Working)
            | (Some(Keepalive::Working), Keepalive::Waiting) => true,
            (Some(Keepalive::Waiting), Keepalive::Waiting)
            | (Some(Keepalive::Working), Keepalive::Working) => false,
            // The question already stands there.
            (None, _) => {
                if keepalive == Keepalive::Working {
                    *last = None;
                }
                false
            }
        };
        if is_news {
            self.show(keepalive);
        }
    }

    fn show(&self, keepalive: Keepalive) {
        let device = self.device.clone();
        self.person.show(match (keepalive, self.gesture) {
            (Keepalive::Working, _) => Prompt::Working,
            (Keepalive::Waiting, Gesture::Fingerprint { was_wrong, tries_left }) => {
                Prompt::Fingerprint { device, was_wrong, tries_left }
            }
            (Keepalive::Waiting, Gesture::None | Gesture::Touch) => Prompt::Touch { device, several: false },
        });
    }
}
