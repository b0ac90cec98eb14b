//! Finding the keys that are here, and waiting for one where there is none.

use super::device::{Device, Failure};
use super::finder::{Finder, Sighting};
use super::key::Key;
use super::person::Person;
use crate::{PasskeyError, Prompt};
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// What the finders see. While it lives they look.
pub(super) struct Sightings {
    arriving: mpsc::UnboundedReceiver<Sighting>,
    is_forbidden: bool,
    is_without_service: bool,
    looking: usize,
}

impl Sightings {
    pub(super) fn start(finders: &[Box<dyn Finder>]) -> Self {
        let (sender, arriving) = mpsc::unbounded_channel();
        finders.iter().for_each(|finder| finder.look(sender.clone()));
        Self { arriving, is_forbidden: false, is_without_service: false, looking: finders.len() }
    }

    /// The keys that are here; where there is none, the first that comes.
    pub(super) async fn keys(&mut self, person: &Person<'_>) -> Result<Vec<Key>, Failure> {
        let here = self.first_look(person).await;
        let keys = open_all(here, person).await;
        if keys.is_empty() { self.wait_for_one(person).await.map(|key| vec![key]) } else { Ok(keys) }
    }

    async fn first_look(&mut self, person: &Person<'_>) -> Vec<Box<dyn Device>> {
        let mut devices = Vec::new();
        let end = Instant::now() + person.limits.look;
        while self.looking > 0 {
            match timeout_at(end, self.arriving.recv()).await {
                Ok(Some(sighting)) => devices.extend(self.note(sighting)),
                Ok(None) | Err(_) => break,
            }
        }
        devices
    }

    async fn wait_for_one(&mut self, person: &Person<'_>) -> Result<Key, Failure> {
        person.show(Prompt::Insert);
        let end = Instant::now() + person.limits.person;
        while !self.is_forbidden {
            let Ok(Some(sighting)) = timeout_at(end, self.arriving.recv()).await else {
                break;
            };
            let Some(device) = self.note(sighting) else { continue };
            if let Ok(key) = Key::open(device, person.limits.key).await {
                return Ok(key);
            }
        }
        Err(Failure::Ended(if self.is_forbidden {
            PasskeyError::NoPermission
        } else if self.is_without_service {
            PasskeyError::NoSmartCardService
        } else {
            PasskeyError::NoAuthenticator
        }))
    }

    fn note(&mut self, sighting: Sighting) -> Option<Box<dyn Device>> {
        match sighting {
            Sighting::Key(device) => return Some(device),
            Sighting::LookedOnce => self.looking = self.looking.saturating_sub(1),
            Sighting::Forbidden => self.is_forbidden = true,
            Sighting::NoService => self.is_without_service = true,
        }
        None
    }
}

/// Those that are CTAP2 keys: other smart cards and older keys are passed over in silence.
async fn open_all(devices: Vec<Box<dyn Device>>, person: &Person<'_>) -> Vec<Key> {
    let opening = devices.into_iter().map(|device| Key::open(device, person.limits.key));
    join_all(opening).await.into_iter().flatten().collect()
}
