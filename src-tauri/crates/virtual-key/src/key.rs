//! The key itself: a thread that runs the firmware on a flash memory in a file.

use ctaphid_app::{App, Command};
use fido_authenticator::{Authenticator, Config, Conforming};
use heapless_bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core_06::SeedableRng;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use trussed::ClientImplementation;
use trussed::backend::BackendId;
use trussed::pipe::{ServiceEndpoint, TrussedChannel, TrussedResponder};
use trussed::platform::{Platform as _, Syscall, UserInterface};
use trussed::service::Service;
use trussed::types::{CoreContext, ui::Status};
use trussed::virt::{Platform, StorageConfig, StoreConfig, with_platform};
use trussed_core::InterruptFlag;
use trussed_core::types::consent::Level;
use trussed_staging::StagingContext;
use trussed_staging::virt::{BackendIds, Dispatcher};

/// The largest message the key takes (CTAP 2.1, 6.4: 1024 at the least).
const MAX_MESSAGE: usize = 1200;
/// Room for the largest answer.
const MAX_ANSWER: usize = 3072;
/// CTAP1_ERR_INVALID_LENGTH (CTAP 2.1, 8.2).
const INVALID_LENGTH: u8 = 0x03;
/// How often the key looks at its button while it waits for a touch.
const LOOK: Duration = Duration::from_millis(2);

/// What a key is made of.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// Where its memory lies. A file that exists is the same key, plugged in again.
    pub memory: PathBuf,
    /// Its random numbers. Two keys with one seed make the same passkeys.
    pub seed: u64,
    /// How long it waits for a touch.
    pub patience: Duration,
    /// How many passkeys it keeps in itself, if not as many as its memory holds.
    pub room: Option<u32>,
}

impl KeySettings {
    /// A key that waits as long as real ones do.
    pub fn new(memory: PathBuf, seed: u64) -> Self {
        Self { memory, seed, patience: Duration::from_secs(30), room: None }
    }
}

/// A key with power. Dropping it takes the power away; its memory stays.
pub struct VirtualKey {
    requests: Option<Sender<Request>>,
    firmware: Option<JoinHandle<()>>,
    button: Arc<Button>,
    interrupt: &'static InterruptFlag,
}

/// One message for the firmware.
struct Request {
    bytes: Vec<u8>,
    answer: Sender<Vec<u8>>,
}

/// What a finger does, and the light that asks for it.
#[derive(Debug, Default)]
struct Button {
    is_held: AtomicBool,
    is_blinking: AtomicBool,
}

impl VirtualKey {
    /// Gives a key power. It is touched at once whenever it asks, until [`VirtualKey::touch`] says otherwise.
    pub fn power(settings: &KeySettings) -> Self {
        let (requests, waiting) = channel();
        let button = Arc::new(Button { is_held: AtomicBool::new(true), is_blinking: AtomicBool::new(false) });
        // The firmware wants it for ever; a test makes a handful of keys.
        let interrupt: &'static InterruptFlag = Box::leak(Box::new(InterruptFlag::new()));
        let parts = (settings.clone(), Arc::clone(&button));
        let firmware = thread::spawn(move || run(&parts.0, parts.1, interrupt, &waiting));
        Self { requests: Some(requests), firmware: Some(firmware), button, interrupt }
    }

    /// Sends one CTAP2 message; the answer begins with its status byte.
    ///
    /// # Panics
    /// When the firmware has crashed.
    pub fn ctap2(&self, request: &[u8]) -> Vec<u8> {
        let (answer, arrives) = channel();
        let requests = self.requests.as_ref().expect("it has power until it is dropped");
        requests.send(Request { bytes: request.to_vec(), answer }).expect("the firmware runs");
        arrives.recv().expect("the firmware answers")
    }

    /// How many tries for the PIN are left (CTAP 2.1, 6.5.5.2).
    ///
    /// # Panics
    /// When the firmware answers something else.
    pub fn pin_tries(&self) -> u8 {
        // clientPIN {protocol: 2, subcommand: getPINRetries}; the answer is {retries: n} and, after some wrong ones, a flag.
        match self.ctap2(&[0x06, 0xA2, 0x01, 0x02, 0x02, 0x01]).as_slice() {
            [0, _, 0x03, tries, ..] => *tries,
            other => panic!("no tries in {other:02x?}"),
        }
    }

    /// Holds a finger on the button, or takes it away.
    pub fn touch(&self, is_held: bool) {
        self.button.is_held.store(is_held, Ordering::SeqCst);
    }

    /// The key waits for a finger now.
    pub fn is_blinking(&self) -> bool {
        self.button.is_blinking.load(Ordering::SeqCst)
    }

    /// Stops waiting for a finger: the message under way ends with `KEEPALIVE_CANCEL`.
    pub fn cancel(&self) {
        self.interrupt.interrupt();
    }
}

impl Drop for VirtualKey {
    fn drop(&mut self) {
        self.cancel();
        drop(self.requests.take());
        if let Some(firmware) = self.firmware.take() {
            // A crash was already told by the call that met it.
            firmware.join().ok();
        }
    }
}

/// Runs the firmware until nobody can send any more.
fn run(
    settings: &KeySettings,
    button: Arc<Button>,
    interrupt: &'static InterruptFlag,
    waiting: &Receiver<Request>,
) {
    let store = StoreConfig {
        internal: StorageConfig::filesystem(settings.memory.clone()),
        external: StorageConfig::ram(),
        volatile: StorageConfig::ram(),
    };
    with_platform(store, |mut platform| {
        *platform.rng() = ChaCha8Rng::seed_from_u64(settings.seed);
        platform.user_interface().set_inner(Box::new(Finger(button)));
        let pipe = TrussedChannel::new();
        let (requester, responder) = pipe.split().expect("the pipe is new");
        let chip = Chip::new(platform, responder, interrupt);
        let client = ClientImplementation::<_, Dispatcher>::new(requester, chip, Some(interrupt));
        let config = Config {
            nfc_transport: true,
            max_resident_credential_count: settings.room,
            fido2_up_timeout: u32::try_from(settings.patience.as_millis()).ok(),
            ..Config::new(MAX_MESSAGE)
        };
        answer_all(&mut Authenticator::new(client, Conforming {}, config), interrupt, waiting);
    });
}

fn answer_all(
    firmware: &mut impl App<'static>,
    interrupt: &'static InterruptFlag,
    waiting: &Receiver<Request>,
) {
    for request in waiting {
        let mut answer = Bytes::<MAX_ANSWER>::new();
        interrupt.set_working();
        let called = firmware.call(Command::Cbor, &request.bytes, &mut answer);
        interrupt.set_idle();
        let bytes = called.map_or_else(|_| vec![INVALID_LENGTH], |()| answer.to_vec());
        // Whoever asked may be gone, as a card reader is that lost its card.
        request.answer.send(bytes).ok();
    }
}

/// The chip below the firmware, which computes within the call: no second thread has to be woken.
struct Chip<'a> {
    service: Service<Platform<'a>, Dispatcher>,
    endpoints: [ServiceEndpoint<'a, BackendIds, StagingContext>; 1],
}

impl<'a> Chip<'a> {
    fn new(
        platform: Platform<'a>,
        responder: TrussedResponder<'a>,
        interrupt: &'static InterruptFlag,
    ) -> Self {
        const BACKENDS: &[BackendId<BackendIds>] =
            &[BackendId::Custom(BackendIds::StagingBackend), BackendId::Core];
        let name = "fido".try_into().expect("a short name is a path");
        let context = CoreContext::with_interrupt(name, Some(interrupt));
        Self {
            service: Service::with_dispatch(platform, Dispatcher::default()),
            endpoints: [ServiceEndpoint::new(responder, context, BACKENDS)],
        }
    }
}

impl Syscall for Chip<'_> {
    fn syscall(&mut self) {
        self.service.process(&mut self.endpoints);
    }
}

/// The finger on the button, as the chip sees it.
struct Finger(Arc<Button>);

impl UserInterface for Finger {
    fn check_user_presence(&mut self) -> Level {
        if self.0.is_held.load(Ordering::SeqCst) { Level::Normal } else { Level::None }
    }

    fn set_status(&mut self, status: Status) {
        self.0.is_blinking.store(status == Status::WaitingForUserPresence, Ordering::SeqCst);
    }

    fn refresh(&mut self) {
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// authenticatorSelection (CTAP 2.1, 6.9): asks for a touch and does nothing else.
    const SELECTION: &[u8] = &[0x0B];

    fn settings(folder: &tempfile::TempDir) -> KeySettings {
        KeySettings::new(folder.path().join("key"), 1)
    }

    #[test]
    fn a_touch_is_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let key = VirtualKey::power(&settings(&folder));

        assert_eq!(key.ctap2(SELECTION), [0x00]);
    }

    #[test]
    fn a_new_key_has_all_tries() {
        let folder = tempfile::tempdir().unwrap();
        let key = VirtualKey::power(&settings(&folder));

        assert_eq!(key.pin_tries(), 8);
    }

    #[test]
    fn without_a_touch_the_key_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let key =
            VirtualKey::power(&KeySettings { patience: Duration::from_millis(50), ..settings(&folder) });
        key.touch(false);

        assert_eq!(key.ctap2(SELECTION), [0x2F]);
    }

    #[test]
    fn waiting_for_a_touch_can_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let key = VirtualKey::power(&settings(&folder));
        key.touch(false);

        let answer = thread::scope(|scope| {
            let asked = scope.spawn(|| key.ctap2(SELECTION));
            while !key.is_blinking() {
                thread::yield_now();
            }
            key.cancel();
            asked.join().unwrap()
        });

        assert_eq!(answer, [0x2D]);
        key.touch(true);
        assert_eq!(key.ctap2(SELECTION), [0x00], "the key goes on");
    }
}
