//! Ports and readers that virtual keys are plugged into.

use super::VirtualAuthenticator;
use super::token::VirtualToken;
use crate::SecurityKeys;
use crate::security_keys::finder::{Finder, Sighting};
use crate::security_keys::token_device::TokenDevice;
use coffer_secret::Entropy;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

/// A computer's ports. Clones are the same.
#[derive(Clone, Default)]
pub struct Ports(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: Vec<VirtualAuthenticator>,
    listeners: Vec<UnboundedSender<Sighting>>,
    is_forbidden: bool,
    is_without_service: bool,
}

impl Ports {
    /// A computer with these keys plugged in.
    pub fn with(keys: &[&VirtualAuthenticator]) -> Self {
        let ports = Self::default();
        keys.iter().for_each(|key| ports.plug(key));
        ports
    }

    /// The provider that finds what is plugged in here.
    pub fn provider(&self, entropy: Arc<dyn Entropy>) -> SecurityKeys {
        SecurityKeys::with_finders(entropy, vec![Box::new(self.clone())])
    }

    /// Plugs a key in, or lays it on the reader.
    pub fn plug(&self, key: &VirtualAuthenticator) {
        key.plug();
        let mut state = self.state();
        state.keys.push(key.clone());
        state.listeners.retain(|listener| listener.send(sighting(key)).is_ok());
    }

    /// Pulls a key out. Its memory stays.
    pub fn unplug(&self, key: &VirtualAuthenticator) {
        self.state().keys.retain(|other| !Arc::ptr_eq(&other.0, &key.0));
        key.unplug();
    }

    /// Denies this user every key from now on, as a system without the udev rule does.
    pub fn forbid(&self) {
        let mut state = self.state();
        state.is_forbidden = true;
        state.listeners.retain(|listener| listener.send(Sighting::Forbidden).is_ok());
    }

    /// Runs no smart card service from now on, though there is a reader.
    pub fn stop_service(&self) {
        self.state().is_without_service = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Finder for Ports {
    fn is_possible(&self) -> bool {
        true
    }

    fn look(&self, sightings: UnboundedSender<Sighting>) {
        let mut state = self.state();
        let mut seen = Vec::new();
        if state.is_forbidden {
            seen.push(Sighting::Forbidden);
        } else {
            seen.extend(state.keys.iter().map(sighting));
        }
        if state.is_without_service {
            seen.push(Sighting::NoService);
        }
        seen.push(Sighting::LookedOnce);
        // Nobody listens any more: nothing to tell.
        seen.into_iter().for_each(|sighting| drop(sightings.send(sighting)));
        state.listeners.push(sightings);
    }
}

fn sighting(key: &VirtualAuthenticator) -> Sighting {
    let device = TokenDevice::start(VirtualToken::new(key), key.0.transport, key.0.name.clone());
    Sighting::Key(Box::new(device))
}
