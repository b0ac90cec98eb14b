//! One security key in a ceremony: its device, what it says of itself, and the messages of either.

use super::device::{Device, Failure};
use super::person::{Gesture, Person};
use crate::ctap::{GET_INFO, Info, PeerKey, PinCommand, PinProtocol, Retries, SharedSecret, Verification};
use crate::{PasskeyError, Transports};
use coffer_secret::Entropy;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long another program is given to finish.
const BUSY: Duration = Duration::from_millis(200);

/// A key that answered getInfo.
pub(super) struct Key {
    device: Box<dyn Device>,
    pub(super) info: Info,
    limit: Duration,
}

impl Key {
    /// Asks a device what it is. One that is busy with another program is asked again.
    pub(super) async fn open(mut device: Box<dyn Device>, limit: Duration) -> Result<Self, Failure> {
        let mut pauses = [BUSY; 5].into_iter();
        loop {
            let answer = timeout(limit, device.send(GET_INFO, &|_| ())).await;
            match (answer.map_err(|_| PasskeyError::TimedOut)?, pauses.next()) {
                (Err(Failure::Ended(PasskeyError::Malformed)), Some(pause)) => sleep(pause).await,
                (answer, _) => return Ok(Self { device, info: Info::decode(&answer?)?, limit }),
            }
        }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.device.name().map(str::to_owned)
    }

    pub(super) fn transport(&self) -> Transports {
        self.device.transport()
    }

    /// It wants a touch: one that lies on a reader was already brought there.
    pub(super) fn gesture(&self) -> Gesture {
        if self.transport() == Transports::NFC { Gesture::None } else { Gesture::Touch }
    }

    /// Why it cannot be used here, if it cannot. Known without a touch.
    pub(super) fn unfit(&self) -> Option<PasskeyError> {
        if !self.info.has_secrets() {
            Some(PasskeyError::NoPrfAtCreation)
        } else if self.info.verification() == Verification::Impossible {
            Some(PasskeyError::NotVerified)
        } else {
            None
        }
    }

    /// The protocol for secrets on the wire.
    pub(super) fn protocol(&self) -> Result<PinProtocol, Failure> {
        self.info.protocol.ok_or(Failure::Ended(PasskeyError::NoPrfAtCreation))
    }

    /// Sends what needs no person.
    pub(super) async fn ask(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        timeout(self.limit, self.device.send(message, &|_| ())).await.map_err(|_| PasskeyError::TimedOut)?
    }

    /// Sends what needs the person, and shows what the key waits for.
    pub(super) async fn ask_with(
        &mut self,
        message: &[u8],
        gesture: Gesture,
        person: &Person<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let asked = person.asked_for(gesture, self.name());
        let hear = |keepalive| asked.hear(keepalive);
        let answer = timeout(person.limits.person, self.device.send(message, &hear)).await;
        answer.map_err(|_| PasskeyError::TimedOut)?
    }

    /// Sends what needs a touch, and shows nothing: several keys wait, and one prompt stands for all.
    pub(super) async fn ask_quietly(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.device.send(message, &|_| ()).await
    }

    /// A fresh secret between the key and this computer.
    pub(super) async fn agree(&mut self, entropy: &dyn Entropy) -> Result<SharedSecret, Failure> {
        let protocol = self.protocol()?;
        let answer = self.ask(&PinCommand::key_agreement(protocol)).await?;
        Ok(SharedSecret::agree(protocol, &PeerKey::decode_answer(&answer)?, entropy))
    }

    /// Tries of the PIN.
    pub(super) async fn pin_retries(&mut self) -> Result<Retries, Failure> {
        let message = PinCommand::retries(self.protocol()?);
        Ok(Retries::decode(&self.ask(&message).await?)?)
    }

    /// Tries of what is built in. `None` when the key does not tell.
    pub(super) async fn uv_retries(&mut self) -> Result<Option<u8>, Failure> {
        let message = PinCommand::uv_retries(self.protocol()?);
        match self.ask(&message).await {
            Ok(answer) => Ok(Some(Retries::decode(&answer)?.left)),
            Err(Failure::Said(_)) => Ok(None),
            Err(ended) => Err(ended),
        }
    }

    /// Asks again what it is, after a PIN was set or changed.
    pub(super) async fn refresh(&mut self) -> Result<(), Failure> {
        self.info = Info::decode(&self.ask(GET_INFO).await?)?;
        Ok(())
    }
}
