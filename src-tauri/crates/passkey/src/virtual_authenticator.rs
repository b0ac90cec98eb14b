//! Security keys made of software, in ports made of software: real firmware, and answers that can be altered.
//!
//! For tests of this crate and of those above it, on every operating system.

mod answers;
mod finger;
mod owner;
mod ports;
mod token;

pub use answers::Fault;
pub use finger::FingerReader;
pub use ports::Ports;

use crate::Transports;
use coffer_virtual_key::{KeySettings, VirtualKey};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// What a finger does when the key asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// It touches.
    #[default]
    Given,
    /// It does not come, and the key gives up soon.
    Never,
    /// It does not come, and the key waits as long as anybody listens.
    Awaited,
    /// The person says no on the key.
    Denied,
}

/// A security key. Clones are the same key.
#[derive(Clone)]
pub struct VirtualAuthenticator(Arc<Inner>);

struct Inner {
    settings: KeySettings,
    transport: Transports,
    name: Option<String>,
    power: Mutex<Option<Arc<VirtualKey>>>,
    switches: Mutex<Switches>,
    /// Where its memory lies. Dropped last.
    _folder: TempDir,
}

#[derive(Debug, Default)]
struct Switches {
    touch: Touch,
    faults: Vec<Fault>,
    /// Status bytes that answer the next messages of a command, in turn.
    statuses: VecDeque<(u8, u8)>,
    reader: Option<finger::Reader>,
    messages: Vec<Vec<u8>>,
    /// How often it was told to stop.
    cancels: usize,
    /// How often it was plugged in. A token of an earlier time is dead.
    plugged: u64,
    is_plugged: bool,
}

impl VirtualAuthenticator {
    /// A key for a USB port. Keys with different seeds are different keys.
    pub fn usb(seed: u64) -> Self {
        Self::new(seed, Transports::USB, None)
    }

    /// A key to be held to a reader.
    pub fn nfc(seed: u64) -> Self {
        Self::new(seed, Transports::NFC, None)
    }

    /// A key for a USB port that keeps this many passkeys in itself.
    pub fn with_room(seed: u64, room: u32) -> Self {
        Self::new(seed, Transports::USB, Some(room))
    }

    fn new(seed: u64, transport: Transports, room: Option<u32>) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a key's memory");
        let settings = KeySettings { room, ..KeySettings::new(folder.path().join("memory"), seed) };
        Self(Arc::new(Inner {
            settings,
            transport,
            name: Some(format!("Virtual key {seed}")),
            power: Mutex::new(None),
            switches: Mutex::default(),
            _folder: folder,
        }))
    }

    /// What a finger does from now on.
    pub fn touch(&self, touch: Touch) {
        self.switches().touch = touch;
    }

    /// Alters its answers from now on, on top of other faults.
    pub fn fault(&self, fault: Fault) {
        self.switches().faults.push(fault);
    }

    /// Takes every fault back.
    pub fn repair(&self) {
        let mut switches = self.switches();
        switches.faults.clear();
        switches.statuses.clear();
    }

    /// Answers the next message of that command with a status instead of asking the firmware, which zero lets through.
    /// Calls queue up.
    pub fn answer_next(&self, command: u8, status: u8) {
        self.switches().statuses.push_back((command, status));
    }

    /// Every CTAP2 message that was sent to it.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.switches().messages.clone()
    }

    /// How often it was told to stop waiting.
    pub fn cancels(&self) -> usize {
        self.switches().cancels
    }

    /// It waits for a finger now.
    pub fn is_blinking(&self) -> bool {
        self.power().as_ref().is_some_and(|key| key.is_blinking())
    }

    /// Waits until it waits for nothing any more.
    pub fn wait_until_calm(&self) {
        while self.is_blinking() {
            std::thread::yield_now();
        }
    }

    /// Sends one CTAP2 message past every fault; the answer begins with its status byte.
    pub fn ctap2(&self, message: &[u8]) -> Vec<u8> {
        self.powered().ctap2(message)
    }

    fn powered(&self) -> Arc<VirtualKey> {
        let mut power = self.power();
        Arc::clone(power.get_or_insert_with(|| Arc::new(VirtualKey::power(&self.0.settings))))
    }

    fn plug(&self) {
        let mut switches = self.switches();
        switches.plugged += 1;
        switches.is_plugged = true;
    }

    fn unplug(&self) {
        self.switches().is_plugged = false;
        if let Some(key) = self.power().take() {
            // It may be waiting for a finger that will not come, and its memory is for one firmware at a time.
            key.cancel();
            while Arc::strong_count(&key) > 1 {
                std::thread::yield_now();
            }
        }
    }

    fn power(&self) -> MutexGuard<'_, Option<Arc<VirtualKey>>> {
        self.0.power.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switches(&self) -> MutexGuard<'_, Switches> {
        self.0.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for VirtualAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VirtualAuthenticator({:?})", self.0.name)
    }
}

/// How often a waiting token looks at its key.
const LOOK: Duration = Duration::from_millis(2);
