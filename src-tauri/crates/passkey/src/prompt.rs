//! What a person is asked for while an authenticator is used: values with a way to answer, never a blocking call.

use coffer_secret::SecretString;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// One step of a ceremony. Each replaces the one before.
#[derive(Debug)]
pub enum Prompt {
    /// No authenticator is here: plug a security key in, or hold it to the reader.
    Insert,
    /// The security key waits for a touch.
    Touch {
        /// What the key calls itself, where that is known.
        device: Option<String>,
        /// Several keys wait, and the one that is touched is used.
        several: bool,
    },
    /// The security key wants its PIN.
    Pin {
        /// What the key calls itself, where that is known.
        device: Option<String>,
        /// The PIN that was just given is wrong.
        was_wrong: bool,
        /// Tries before the key locks itself.
        tries_left: Option<u8>,
        /// Where the PIN goes. Dropped unanswered: cancelled.
        answer: Answer,
    },
    /// The security key has no PIN yet, or wants another one: the person may choose it now.
    NewPin {
        /// What the key calls itself, where that is known.
        device: Option<String>,
        /// Fewest characters the key takes.
        min_length: u8,
        /// Why the PIN that was just given does not do.
        problem: Option<NewPinProblem>,
        /// Where the PIN goes. Dropped unanswered: cancelled.
        answer: Answer,
    },
    /// The security key reads a finger.
    Fingerprint {
        /// What the key calls itself, where that is known.
        device: Option<String>,
        /// The last finger was not recognised.
        was_wrong: bool,
        /// Tries before only the PIN is taken.
        tries_left: Option<u8>,
    },
    /// The authenticator computes.
    Working,
    /// The operating system shows a dialog of its own (Touch ID, Windows Hello).
    PlatformDialog,
    /// A code to be scanned by a phone.
    Qr {
        /// The text of the code. It lets a phone join this ceremony, so it is for the screen only.
        text: SecretString,
    },
    /// A phone has joined and asks its owner.
    PhoneConnected,
}

/// Why a new PIN does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPinProblem {
    /// Fewer characters than the key takes.
    TooShort,
    /// More than 63 bytes of UTF-8 (CTAP 2.1, 6.5.1).
    TooLong,
    /// The key's own rules refuse it.
    Refused,
}

/// The way back for a secret a person types.
#[derive(Debug)]
pub struct Answer(oneshot::Sender<SecretString>);

impl Answer {
    /// An answer to wait for, and where it arrives.
    pub fn channel() -> (Self, oneshot::Receiver<SecretString>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Gives the answer. A ceremony that is over does not hear it.
    pub fn give(self, secret: SecretString) {
        drop(self.0.send(secret));
    }
}

/// Who shows prompts.
pub trait Prompts: Send + Sync {
    /// Shows the next step. Must not block.
    fn show(&self, prompt: Prompt);
}

/// Stops a ceremony. Clones are the same.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Cancel {
    /// Stops the ceremony at once.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// It was stopped.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is stopped.
    pub async fn cancelled(&self) {
        let mut seen = self.0.subscribe();
        // The sender lives as long as `self`.
        seen.wait_for(|is_cancelled| *is_cancelled).await.map(drop).ok();
    }
}

/// The person's side of a ceremony.
#[derive(Clone)]
pub struct Ceremony {
    /// Who shows prompts.
    pub prompts: Arc<dyn Prompts>,
    /// Stops it.
    pub cancel: Cancel,
}

impl std::fmt::Debug for Ceremony {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ceremony")
    }
}
