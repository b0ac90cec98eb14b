//! Security keys, by USB and NFC: our CTAP2 over the transports of `webauthn-authenticator-rs`.

mod choose;
mod create;
pub(crate) mod device;
mod evaluate;
pub(crate) mod finder;
mod gather;
#[cfg(target_os = "linux")]
mod hidraw;
mod key;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod nfc;
mod person;
mod search;
pub(crate) mod token_device;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod usb;
mod verify;

use crate::{
    AuthenticatorKind, Ceremony, CreateRequest, EvaluateRequest, Evaluated, PasskeyError, PasskeyProvider,
    Registered,
};
use coffer_secret::Entropy;
use device::Failure;
use finder::Finder;
use gather::Sightings;
use key::Key;
use person::{Limits, Person};
pub(crate) use search::may_hold;
use std::sync::Arc;

/// The security keys of this computer, plugged in or held to a reader.
pub struct SecurityKeys {
    entropy: Arc<dyn Entropy>,
    finders: Vec<Box<dyn Finder>>,
    limits: Limits,
}

/// What every step of a ceremony uses.
struct Tools<'a> {
    person: Person<'a>,
    entropy: &'a dyn Entropy,
}

impl Tools<'_> {
    /// Nobody checks the signature over it; fresh, so that a key sees nothing twice.
    fn client_data_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        self.entropy.fill(&mut hash);
        hash
    }
}

impl SecurityKeys {
    /// The keys of this computer. Where only the operating system may talk to keys (Windows), it knows none.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        let finders: Vec<Box<dyn Finder>> = vec![Box::new(usb::UsbPorts), Box::new(nfc::Readers)];
        #[cfg(not(any(target_os = "linux", target_os = "macos")))]
        let finders = Vec::new();
        Self::with_finders(entropy, finders)
    }

    pub(crate) fn with_finders(entropy: Arc<dyn Entropy>, finders: Vec<Box<dyn Finder>>) -> Self {
        Self { entropy, finders, limits: Limits::default() }
    }

    /// Runs a ceremony on a thread and a runtime of its own, until it ends or is cancelled.
    ///
    /// The thread makes it work from anywhere, also from within another runtime.
    fn run<T, R>(
        &self,
        ceremony: &Ceremony,
        request: &R,
        perform: impl AsyncFnOnce(&Tools<'_>, Vec<Key>, &R) -> Result<T, Failure> + Send,
    ) -> Result<T, PasskeyError>
    where
        T: Send,
        R: Sync,
    {
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime without input takes nothing that can be missing");
            let tools =
                Tools { person: Person { ceremony, limits: self.limits }, entropy: self.entropy.as_ref() };
            runtime.block_on(async {
                tokio::select! {
                    // The ceremony first: it may know a better word than "cancelled".
                    biased;
                    ended = self.perform(&tools, request, perform) => ended,
                    () = ceremony.cancel.cancelled() => Err(PasskeyError::Cancelled),
                }
            })
        };
        std::thread::scope(|threads| threads.spawn(work).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    async fn perform<T, R>(
        &self,
        tools: &Tools<'_>,
        request: &R,
        perform: impl AsyncFnOnce(&Tools<'_>, Vec<Key>, &R) -> Result<T, Failure>,
    ) -> Result<T, PasskeyError> {
        let mut sightings = Sightings::start(&self.finders);
        let keys = sightings.keys(&tools.person).await?;
        let ended = perform(tools, keys, request).await;
        // The finders hold what some transports need while a key is used.
        drop(sightings);
        ended.map_err(PasskeyError::from)
    }
}

impl PasskeyProvider for SecurityKeys {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        let is_possible = self.finders.iter().any(|finder| finder.is_possible());
        is_possible.then_some(AuthenticatorKind::SecurityKey).into_iter().collect()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        if request.kind != AuthenticatorKind::SecurityKey {
            return Err(PasskeyError::NoAuthenticator);
        }
        self.run(ceremony, request, create::create)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        self.run(ceremony, request, evaluate::evaluate)
    }
}

impl std::fmt::Debug for SecurityKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecurityKeys")
    }
}

#[cfg(test)]
mod tests;
