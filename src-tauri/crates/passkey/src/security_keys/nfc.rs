//! Keys on smart card readers, by NFC or by their contacts.

use super::device::{Answering, Device, Failure, Listener};
use super::finder::{Finder, Sighting};
use super::token_device::TokenDevice;
use crate::{PasskeyError, Transports};
use pcsc::{Context, ReaderState, Scope, State};
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use webauthn_authenticator_rs::nfc::NFCCard;

/// How often the readers are looked at.
const PAUSE: Duration = Duration::from_millis(300);
/// How long the service may take to notice that a card is gone: a second and more, it looks every 0.4 s (pcscd(8)).
const LOOKS: u8 = 5;
/// Security keys that also show themselves as readers. Their FIDO part answers by USB only (`webauthn-authenticator-rs`,
/// `nfc::ignored_reader`).
const NOT_READERS: [&str; 3] = ["Nitrokey", "SoloKey", "YubiKey"];

/// The smart card readers of this computer.
#[derive(Debug)]
pub(super) struct Readers;

impl Finder for Readers {
    fn is_possible(&self) -> bool {
        Context::establish(Scope::User).is_ok()
    }

    fn look(&self, sightings: UnboundedSender<Sighting>) {
        // Without a thread there is nothing to see; `sightings` says so by closing.
        thread::Builder::new().name("card readers".to_owned()).spawn(move || run(&sightings)).ok();
    }
}

fn run(sightings: &UnboundedSender<Sighting>) {
    let mut service = Context::establish(Scope::User).ok();
    if service.is_none() && is_reader_plugged_in() {
        sightings.send(Sighting::NoService).ok();
    }
    let mut tried = BTreeSet::new();
    let mut has_looked = false;
    while !sightings.is_closed() {
        let alive = service.as_ref().is_some_and(|service| look_once(service, &mut tried, sightings).is_ok());
        if !alive {
            // It may have been started, or started anew, since.
            service = Context::establish(Scope::User).ok();
            tried.clear();
        }
        if !has_looked {
            has_looked = true;
            sightings.send(Sighting::LookedOnce).ok();
        }
        thread::sleep(PAUSE);
    }
}

/// Takes every card that was not there before. A card in somebody else's hands is taken when they let it go.
fn look_once(
    service: &Context,
    tried: &mut BTreeSet<CString>,
    sightings: &UnboundedSender<Sighting>,
) -> Result<(), pcsc::Error> {
    let readers = service.list_readers_owned()?;
    let mut states: Vec<_> = readers
        .into_iter()
        .filter(|name| !is_no_reader(name))
        .map(|name| ReaderState::new(name, State::UNAWARE))
        .collect();
    tried.retain(|name| states.iter().any(|state| state.name() == name.as_c_str()));
    if states.is_empty() {
        return Ok(());
    }
    // States that nobody is aware of are told at once.
    match service.get_status_change(PAUSE, &mut states) {
        // A reader went away since it was listed.
        Ok(()) | Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader) => {}
        Err(error) => return Err(error),
    }
    for state in &states {
        let name = state.name().to_owned();
        let now = state.event_state();
        if !now.contains(State::PRESENT) {
            tried.remove(&name);
        } else if !now.intersects(State::INUSE | State::EXCLUSIVE) && !tried.contains(&name) {
            if let Ok(card) = NFCCard::new(service, state.name(), state.atr()) {
                let device = TokenDevice::start(card, Transports::NFC, None);
                let card = Card { device, service: service.clone(), reader: name.clone() };
                sightings.send(Sighting::Key(Box::new(card))).ok();
            }
            tried.insert(name);
        }
    }
    Ok(())
}

/// A key on a reader, which tells whether it still lies there.
struct Card {
    device: TokenDevice,
    service: Context,
    reader: CString,
}

impl Device for Card {
    fn transport(&self) -> Transports {
        self.device.transport()
    }

    fn name(&self) -> Option<&str> {
        self.device.name()
    }

    fn send<'a>(&'a mut self, message: &'a [u8], listener: Listener<'a>) -> Answering<'a> {
        Box::pin(async move {
            let answer = self.device.send(message, listener).await;
            // Some readers make an empty answer of a card that is pulled while it thinks.
            match answer {
                Err(Failure::Ended(PasskeyError::Malformed)) if is_gone(&self.service, &self.reader) => {
                    Err(Failure::Ended(PasskeyError::Removed))
                }
                answer => answer,
            }
        })
    }
}

/// The card is not on its reader any more. The service notices that at its next look.
fn is_gone(service: &Context, reader: &CStr) -> bool {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    for _ in 0..LOOKS {
        let told = service.get_status_change(PAUSE, &mut states);
        if told.is_err_and(|error| error != pcsc::Error::Timeout)
            || states[0].event_state().contains(State::EMPTY)
        {
            return true;
        }
        states[0].sync_current_state();
    }
    false
}

fn is_no_reader(name: &CString) -> bool {
    name.to_str().is_ok_and(|name| NOT_READERS.iter().any(|part| name.contains(part)))
}

/// A smart card reader is in a USB port (device class 0x0B: USB CCID 1.1, 4.1).
#[cfg(target_os = "linux")]
fn is_reader_plugged_in() -> bool {
    is_reader_among(std::path::Path::new("/sys/bus/usb/devices"))
}

#[cfg(target_os = "linux")]
fn is_reader_among(devices: &std::path::Path) -> bool {
    // No folder: no USB.
    let Ok(devices) = std::fs::read_dir(devices) else {
        return false;
    };
    devices.flatten().any(|device| {
        std::fs::read_to_string(device.path().join("bInterfaceClass")).is_ok_and(|class| class.trim() == "0b")
    })
}

/// The service is a part of the operating system.
#[cfg(not(target_os = "linux"))]
const fn is_reader_plugged_in() -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_known_by_its_class() {
        let root = tempfile::tempdir().unwrap();
        let plug = |name: &str, class: &str| {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join("bInterfaceClass"), class).unwrap();
        };

        plug("1-1:1.0", "03\n");
        let without = is_reader_among(root.path());
        plug("1-2:1.0", "0b\n");
        let with = is_reader_among(root.path());

        assert!(!without && with);
        assert!(!is_reader_among(&root.path().join("none")));
    }

    #[test]
    fn keys_that_show_themselves_as_readers_are_none() {
        let is_none = |name: &str| is_no_reader(&CString::new(name).unwrap());

        assert!(is_none("Yubico YubiKey OTP+FIDO+CCID 00 00"));
        assert!(is_none("Nitrokey Nitrokey 3 [CCID/ICCD Interface] 00 00"));
        assert!(!is_none("ACS ACR122U 00 00"));
        assert!(!is_none("Virtual PCD 00 00"));
    }
}
