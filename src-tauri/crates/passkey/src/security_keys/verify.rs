//! Verifying the person: by finger, by PIN, and by a PIN that has to be chosen first.

use super::device::Failure;
use super::key::Key;
use super::person::{Gesture, Person};
use crate::ctap::{Permissions, Pin, PinCommand, PinToken, Status, Verification};
use crate::{NewPinProblem, PasskeyError, RelyingParty};
use coffer_secret::Entropy;

/// The fewest characters any PIN has (6.5.1). A key may want more of a new one, but an old one may be as short as this.
const SHORTEST_PIN: u8 = 4;
/// More fingers than any key allows in a row (6.5.5.3: at most 25).
const FINGERS: u8 = 25;

/// How the person was verified.
#[derive(Debug)]
pub(super) enum Verified {
    /// The key gave a token.
    Token(PinToken),
    /// The key will verify the person itself, within the message that needs it (CTAP 2.0 with a finger reader).
    Within { was_wrong: bool },
}

impl Verified {
    pub(super) fn token(&self) -> Option<&PinToken> {
        match self {
            Self::Token(token) => Some(token),
            Self::Within { was_wrong: _ } => None,
        }
    }

    /// What the key waits for in the message that follows.
    pub(super) fn gesture(&self, key: &Key) -> Gesture {
        match self {
            Self::Token(_) => key.gesture(),
            Self::Within { was_wrong } => Gesture::Fingerprint { was_wrong: *was_wrong, tries_left: None },
        }
    }
}

/// Verifies the person on one key, as often as the ceremony needs it.
pub(super) struct Verifier<'a> {
    pub(super) person: &'a Person<'a>,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) permissions: Permissions,
    pub(super) relying_party: RelyingParty,
    /// The PIN that was right, so that nobody has to type it twice in one ceremony.
    pin: Option<Pin>,
    /// The finger reader has locked itself.
    is_built_in_blocked: bool,
    /// Fingers that were not recognised within a message.
    wrong_fingers: u8,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(
        person: &'a Person<'a>,
        entropy: &'a dyn Entropy,
        permissions: Permissions,
        relying_party: RelyingParty,
    ) -> Self {
        Self {
            person,
            entropy,
            permissions,
            relying_party,
            pin: None,
            is_built_in_blocked: false,
            wrong_fingers: 0,
        }
    }

    /// Verifies the person.
    pub(super) async fn verify(&mut self, key: &mut Key) -> Result<Verified, Failure> {
        match key.info.verification() {
            Verification::BuiltIn { pin: true } if self.is_built_in_blocked => self.by_pin(key).await,
            Verification::BuiltIn { pin: false } if self.is_built_in_blocked => {
                Err(Failure::Said(Status::UV_BLOCKED))
            }
            Verification::BuiltIn { pin: _ } if !key.info.options.tokens => {
                Ok(Verified::Within { was_wrong: self.wrong_fingers > 0 })
            }
            Verification::BuiltIn { pin } => match self.by_finger(key).await {
                Err(Failure::Said(Status::UV_BLOCKED)) if pin => {
                    self.is_built_in_blocked = true;
                    self.by_pin(key).await
                }
                other => other,
            },
            Verification::Pin => self.by_pin(key).await,
            Verification::NewPin => {
                self.set_pin(key).await?;
                self.by_pin(key).await
            }
            Verification::Impossible => Err(Failure::Ended(PasskeyError::NotVerified)),
        }
    }

    /// True when the key could not verify the person within a message, and there is something left to try.
    pub(super) fn may_go_on_after(&mut self, verified: &Verified, status: Status) -> bool {
        let Verified::Within { was_wrong: _ } = verified else {
            return false;
        };
        match status {
            Status::UV_INVALID if self.wrong_fingers < FINGERS => {
                self.wrong_fingers += 1;
                true
            }
            // From now on by PIN, where there is one.
            Status::UV_INVALID | Status::UV_BLOCKED | Status::PUAT_REQUIRED => {
                self.is_built_in_blocked = true;
                true
            }
            _ => false,
        }
    }

    async fn by_finger(&mut self, key: &mut Key) -> Result<Verified, Failure> {
        let mut was_wrong = false;
        for _ in 0..FINGERS {
            let tries_left = key.uv_retries().await?;
            if tries_left == Some(0) {
                break;
            }
            let secret = key.agree(self.entropy).await?;
            let message = PinCommand::token_by_uv(&secret, self.permissions, self.relying_party.id());
            let gesture = Gesture::Fingerprint { was_wrong, tries_left };
            match key.ask_with(&message, gesture, self.person).await {
                Err(Failure::Said(Status::UV_INVALID)) => was_wrong = true,
                answer => return Ok(Verified::Token(PinToken::decode(&answer?, &secret)?)),
            }
        }
        Err(Failure::Said(Status::UV_BLOCKED))
    }

    async fn by_pin(&mut self, key: &mut Key) -> Result<Verified, Failure> {
        if key.info.must_change_pin {
            let old = self.pin.take();
            self.change_pin(key, old).await?;
        }
        let mut was_wrong = false;
        loop {
            let pin = match self.pin.take() {
                Some(pin) => pin,
                None => self.ask_pin(key, was_wrong).await?,
            };
            match self.token(key, &pin).await {
                Ok(token) => {
                    self.pin = Some(pin);
                    return Ok(Verified::Token(token));
                }
                Err(Failure::Said(Status::PIN_INVALID)) => was_wrong = true,
                Err(Failure::Said(Status::PIN_POLICY_VIOLATION)) => self.change_pin(key, Some(pin)).await?,
                Err(Failure::Said(Status::PIN_NOT_SET)) => self.set_pin(key).await?,
                Err(other) => return Err(other),
            }
        }
    }

    async fn token(&self, key: &mut Key, pin: &Pin) -> Result<PinToken, Failure> {
        let secret = key.agree(self.entropy).await?;
        let message = if key.info.options.tokens {
            PinCommand::token_by_pin(&secret, pin, self.permissions, self.relying_party.id(), self.entropy)
        } else {
            PinCommand::token(&secret, pin, self.entropy)
        };
        Ok(PinToken::decode(&key.ask(&message).await?, &secret)?)
    }

    /// Asks for the PIN until it could be one: what cannot be right costs no try.
    async fn ask_pin(&self, key: &mut Key, mut was_wrong: bool) -> Result<Pin, Failure> {
        loop {
            let retries = key.pin_retries().await?;
            if retries.left == 0 {
                return Err(Failure::Said(Status::PIN_BLOCKED));
            }
            if retries.is_paused {
                return Err(Failure::Said(Status::PIN_AUTH_BLOCKED));
            }
            let typed = self.person.pin(key.name(), was_wrong, retries.left).await?;
            match Pin::new(&typed, SHORTEST_PIN) {
                Ok(pin) => return Ok(pin),
                Err(_) => was_wrong = true,
            }
        }
    }

    /// Asks for a new PIN until it could be one. `None` when the person does not want one.
    async fn ask_new_pin(&self, key: &Key, mut problem: Option<NewPinProblem>) -> Option<Pin> {
        let min_length = key.info.min_pin;
        loop {
            let typed = self.person.new_pin(key.name(), min_length, problem).await?;
            match Pin::new(&typed, min_length) {
                Ok(pin) => return Some(pin),
                Err(found) => problem = Some(found),
            }
        }
    }

    /// Lets the person choose the first PIN.
    async fn set_pin(&mut self, key: &mut Key) -> Result<(), Failure> {
        let mut problem = None;
        loop {
            let Some(new) = self.ask_new_pin(key, problem).await else {
                return Err(Failure::Ended(PasskeyError::PinNotSet));
            };
            let secret = key.agree(self.entropy).await?;
            match key.ask(&PinCommand::set_pin(&secret, &new, self.entropy)).await {
                Ok(_) => return self.use_new_pin(key, new).await,
                Err(Failure::Said(Status::PIN_POLICY_VIOLATION)) => problem = Some(NewPinProblem::Refused),
                Err(other) => return Err(other),
            }
        }
    }

    /// Lets the person choose another PIN, as the key demands.
    async fn change_pin(&mut self, key: &mut Key, mut old: Option<Pin>) -> Result<(), Failure> {
        let (mut problem, mut was_wrong) = (None, false);
        loop {
            let current = match old.take() {
                Some(pin) => pin,
                None => self.ask_pin(key, was_wrong).await?,
            };
            let Some(new) = self.ask_new_pin(key, problem).await else {
                return Err(Failure::Ended(PasskeyError::PinPolicy));
            };
            let secret = key.agree(self.entropy).await?;
            match key.ask(&PinCommand::change_pin(&secret, &current, &new, self.entropy)).await {
                Ok(_) => return self.use_new_pin(key, new).await,
                Err(Failure::Said(Status::PIN_INVALID)) => was_wrong = true,
                Err(Failure::Said(Status::PIN_POLICY_VIOLATION)) => {
                    problem = Some(NewPinProblem::Refused);
                    old = Some(current);
                }
                Err(other) => return Err(other),
            }
        }
    }

    async fn use_new_pin(&mut self, key: &mut Key, new: Pin) -> Result<(), Failure> {
        self.pin = Some(new);
        key.refresh().await
    }
}
