//! Keys in USB ports.

use super::finder::{Finder, Sighting};
use super::token_device::TokenDevice;
use crate::Transports;
use std::thread;
use tokio::sync::mpsc::UnboundedSender;
use webauthn_authenticator_rs::usb::{USBToken, USBTransport};

/// The USB ports of this computer.
#[derive(Debug)]
pub(super) struct UsbPorts;

impl Finder for UsbPorts {
    fn is_possible(&self) -> bool {
        system::is_possible()
    }

    fn look(&self, sightings: UnboundedSender<Sighting>) {
        // Without a thread there is nothing to see; `sightings` says so by closing.
        thread::Builder::new().name("usb ports".to_owned()).spawn(move || run(&sightings)).ok();
    }
}

fn run(sightings: &UnboundedSender<Sighting>) {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(async {
            if let Ok(transport) = USBTransport::new().await {
                system::look(&transport, sightings).await;
            }
        });
        // Its threads notice for themselves that nobody listens.
        runtime.shutdown_background();
    }
    sightings.send(Sighting::LookedOnce).ok();
}

fn found(token: USBToken, name: Option<String>) -> Sighting {
    Sighting::Key(Box::new(TokenDevice::start(token, Transports::USB, name)))
}

/// By the kernel's list. It works without udev, as in a container, and it also knows keys that this user may not open.
#[cfg(target_os = "linux")]
mod system {
    use super::super::finder::Sighting;
    use super::super::hidraw::{self, Access, HidKey};
    use super::found;
    use std::time::Duration;
    use tokio::sync::mpsc::UnboundedSender;
    use webauthn_authenticator_rs::transport::Transport;
    use webauthn_authenticator_rs::usb::USBTransport;

    pub(super) use super::super::hidraw::is_possible;

    /// How often the list is read.
    const PAUSE: Duration = Duration::from_millis(250);
    /// How long udev may take to let this user open a key that was just plugged in: six looks.
    const PATIENCE: u8 = 6;

    pub(super) async fn look(transport: &USBTransport, sightings: &UnboundedSender<Sighting>) {
        let mut known = Vec::new();
        let mut has_looked = false;
        let mut refused = 0;
        while !sightings.is_closed() {
            let here = hidraw::keys();
            if here.iter().any(|key| key.access == Access::Allowed && !known.contains(key)) {
                send_all(transport, &here, sightings).await;
            }
            let is_refused = here.iter().any(|key| key.access == Access::Denied);
            refused = if is_refused { refused + 1 } else { 0 };
            if refused == PATIENCE {
                sightings.send(Sighting::Forbidden).ok();
            }
            // A key that may yet be opened is worth waiting for.
            if !has_looked && (!is_refused || refused == PATIENCE) {
                has_looked = true;
                sightings.send(Sighting::LookedOnce).ok();
            }
            known = here;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send_all(transport: &USBTransport, here: &[HidKey], sightings: &UnboundedSender<Sighting>) {
        let allowed: Vec<_> = here.iter().filter(|key| key.access == Access::Allowed).collect();
        // The transport does not say which key a token is; with one there is no doubt.
        let name = if let [only] = allowed.as_slice() { only.name.clone() } else { None };
        for token in transport.tokens().await.unwrap_or_default() {
            sightings.send(found(token, name.clone())).ok();
        }
    }
}

/// By what the operating system tells. Opening a key twice would close it for both, so nothing is asked again.
#[cfg(target_os = "macos")]
mod system {
    use super::super::finder::Sighting;
    use super::found;
    use futures_util::StreamExt;
    use tokio::sync::mpsc::UnboundedSender;
    use webauthn_authenticator_rs::transport::{TokenEvent, Transport};
    use webauthn_authenticator_rs::usb::USBTransport;

    pub(super) const fn is_possible() -> bool {
        true
    }

    pub(super) async fn look(transport: &USBTransport, sightings: &UnboundedSender<Sighting>) {
        let Ok(mut events) = transport.watch().await else {
            return;
        };
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = sightings.closed() => None,
            };
            match event {
                Some(TokenEvent::Added(token)) => drop(sightings.send(found(token, None))),
                Some(TokenEvent::EnumerationComplete) => drop(sightings.send(Sighting::LookedOnce)),
                Some(TokenEvent::Removed(_)) => {}
                None => return,
            }
        }
    }
}
