//! A virtual key as the transports of `webauthn-authenticator-rs` show it.

use super::answers::alter;
use super::{LOOK, Touch, VirtualAuthenticator};
use crate::Transports;
use async_trait::async_trait;
use webauthn_authenticator_rs::error::{CtapError, WebauthnCError};
use webauthn_authenticator_rs::transport::Token;
use webauthn_authenticator_rs::ui::UiCallback;
use webauthn_rs_proto::AuthenticatorTransport;

/// CTAP2_ERR_OPERATION_DENIED.
const DENIED: u8 = 0x27;
/// CTAP2_ERR_USER_ACTION_TIMEOUT.
const GAVE_UP: u8 = 0x2F;

/// One time that a key is plugged in.
pub(super) struct VirtualToken {
    key: VirtualAuthenticator,
    plugged: u64,
}

impl VirtualToken {
    pub(super) fn new(key: &VirtualAuthenticator) -> Self {
        Self { key: key.clone(), plugged: key.switches().plugged }
    }

    fn is_here(&self) -> bool {
        let switches = self.key.switches();
        switches.is_plugged && switches.plugged == self.plugged
    }

    /// Takes a message in: `Some` when it is answered without the firmware.
    fn take(&self, message: &[u8]) -> Option<u8> {
        let mut switches = self.key.switches();
        switches.messages.push(message.to_vec());
        let is_next = switches.statuses.front().is_some_and(|(command, _)| message.first() == Some(command));
        let status = if is_next { switches.statuses.pop_front()?.1 } else { 0 };
        Some(status).filter(|status| *status != 0)
    }

    /// Asks the firmware, and plays the finger while it asks.
    async fn ask<U: UiCallback>(&self, message: &[u8], ui: &U) -> Result<Vec<u8>, WebauthnCError> {
        let touch = self.key.switches().touch;
        let key = self.key.powered();
        key.touch(touch == Touch::Given);
        let asked = (std::sync::Arc::clone(&key), message.to_vec());
        let mut answer = tokio::task::spawn_blocking(move || asked.0.ctap2(&asked.1));
        loop {
            tokio::select! {
                answer = &mut answer => return answer.map_err(|_| WebauthnCError::Internal),
                () = tokio::time::sleep(LOOK) => {}
            }
            if !self.is_here() {
                return Err(WebauthnCError::Closed);
            }
            if key.is_blinking() {
                ui.request_touch();
                let told = match touch {
                    Touch::Given | Touch::Awaited => continue,
                    Touch::Never => GAVE_UP,
                    Touch::Denied => DENIED,
                };
                key.cancel();
                drop((&mut answer).await);
                return Ok(vec![told]);
            }
            ui.processing();
        }
    }
}

impl std::fmt::Debug for VirtualToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.key.fmt(f)
    }
}

#[async_trait]
impl Token for VirtualToken {
    type Id = u64;

    fn has_button(&self) -> bool {
        self.key.0.transport == Transports::USB
    }

    fn get_transport(&self) -> AuthenticatorTransport {
        if self.has_button() { AuthenticatorTransport::Usb } else { AuthenticatorTransport::Nfc }
    }

    async fn transmit_raw<U>(&mut self, cbor: &[u8], ui: &U) -> Result<Vec<u8>, WebauthnCError>
    where
        U: UiCallback,
    {
        if !self.is_here() {
            return Err(WebauthnCError::Closed);
        }
        let answer = match self.take(cbor) {
            Some(status) => vec![status],
            None => match self.key.by_finger(cbor) {
                Ok(answer) => answer,
                Err(message) => self.ask(&message, ui).await?,
            },
        };
        match answer.split_first() {
            Some((0, payload)) => {
                let faults = self.key.switches().faults.clone();
                Ok(faults.iter().fold(payload.to_vec(), |answer, fault| alter(cbor, answer, fault)))
            }
            Some((status, _)) => Err(CtapError::from(*status).into()),
            None => Err(WebauthnCError::MessageTooShort),
        }
    }

    async fn cancel(&mut self) -> Result<(), WebauthnCError> {
        self.key.switches().cancels += 1;
        self.key.powered().cancel();
        Ok(())
    }

    async fn init(&mut self) -> Result<(), WebauthnCError> {
        if self.is_here() { Ok(()) } else { Err(WebauthnCError::Closed) }
    }

    async fn close(&mut self) -> Result<(), WebauthnCError> {
        Ok(())
    }
}
