//! `ASAuthorizationController` itself: the unsafe code of passkeys in the system's password manager. Everything of it happens on the
//! main thread; the caller waits on its own.

#![expect(unsafe_code, reason = "the frameworks of macOS are Objective-C interfaces")]

use super::failure::Refusal;
use super::synced_passkeys::{Authorization, GetAsk, Made, MakeAsk, Used};
use crate::prf_output::PrfOutput;
use crate::{Cancel, PasskeyError, in_time};
use dispatch2::DispatchQueue;
use objc2::rc::{Allocated, Retained};
use objc2::runtime::{AnyObject, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AnyThread, DefinedClass, MainThreadMarker, MainThreadOnly, available, define_class, msg_send};
use objc2_authentication_services::*;
use objc2_foundation::{NSArray, NSData, NSError, NSString};
use std::cell::RefCell;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// The signature over it is thrown away.
const CHALLENGE: [u8; 16] = [0; 16];

/// What a dialog ended with.
enum Ended {
    Made(Made),
    Used(Used),
    Refused(Refusal),
    /// Something that was not asked for.
    Other,
}

/// The controller of this Mac.
#[derive(Debug)]
pub(crate) struct AuthorizationController;

impl Authorization for AuthorizationController {
    fn gives_secrets(&self) -> bool {
        available!(macos = 15.4)
    }

    fn make(
        &self,
        ask: MakeAsk,
        window: usize,
        cancel: &Cancel,
        limit: Duration,
    ) -> Result<Made, PasskeyError> {
        match perform(move || creation(&ask), window, cancel, limit)? {
            Ended::Made(made) => Ok(made),
            Ended::Refused(refusal) => Err(refusal.into()),
            Ended::Used(_) | Ended::Other => Err(PasskeyError::Malformed),
        }
    }

    fn get(
        &self,
        ask: GetAsk,
        window: usize,
        cancel: &Cancel,
        limit: Duration,
    ) -> Result<Used, PasskeyError> {
        match perform(move || assertion(&ask), window, cancel, limit)? {
            Ended::Used(used) => Ok(used),
            Ended::Refused(refusal) => Err(refusal.into()),
            Ended::Made(_) | Ended::Other => Err(PasskeyError::Malformed),
        }
    }
}

thread_local! {
    /// On the main thread: the dialog that is up, kept until it ends. The controller itself keeps no delegate.
    static UP: RefCell<Option<(Retained<ASAuthorizationController>, Retained<Delegate>)>> = const { RefCell::new(None) };
}

/// Shows the dialog for a request that is built on the main thread, and waits for its end.
fn perform(
    request: impl FnOnce() -> Retained<ASAuthorizationRequest> + Send + 'static,
    window: usize,
    cancel: &Cancel,
    limit: Duration,
) -> Result<Ended, PasskeyError> {
    let (end, ended) = sync_channel(1);
    DispatchQueue::main().exec_async(move || {
        let main = MainThreadMarker::new().expect("the main queue runs on the main thread");
        show(&request(), Delegate::new(main, window, end));
    });
    let stop = || DispatchQueue::main().exec_async(close);
    // A delegate that is dropped before it was called was replaced by another dialog.
    in_time::run(cancel, limit, stop, || ended.recv().map_err(|_| PasskeyError::Cancelled))
}

fn show(request: &ASAuthorizationRequest, delegate: Retained<Delegate>) {
    let requests = NSArray::from_slice(&[request]);
    // SAFETY: on the main thread, with a delegate and a window that live until the dialog has ended.
    let controller = unsafe {
        let controller = ASAuthorizationController::initWithAuthorizationRequests(
            ASAuthorizationController::alloc(),
            &requests,
        );
        controller.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
        controller.setPresentationContextProvider(Some(ProtocolObject::from_ref(&*delegate)));
        controller
    };
    UP.set(Some((controller.clone(), delegate)));
    // SAFETY: as above.
    unsafe { controller.performRequests() };
}

/// Ends the dialog that is up; it says so to its delegate.
fn close() {
    let controller = UP.with_borrow(|up| up.as_ref().map(|(controller, _)| controller.clone()));
    if let Some(controller) = controller {
        // SAFETY: on the main thread, as everything that touches the controller.
        unsafe { controller.cancel() };
    }
}

/// A new passkey, with the PRF evaluated at once where the system does so.
fn creation(ask: &MakeAsk) -> Retained<ASAuthorizationRequest> {
    let provider = provider(ask.relying_party_id);
    let (challenge, user) = (NSData::with_bytes(&CHALLENGE), NSData::with_bytes(&ask.user_id));
    let name = NSString::from_str(&ask.name);
    let exclude = descriptors(&ask.exclude);
    // SAFETY: plain values into objects of our own. PRF exists since macOS 15.4, which `gives_secrets` has checked.
    unsafe {
        let request =
            provider.createCredentialRegistrationRequestWithChallenge_name_userID(&challenge, &name, &user);
        request.setDisplayName(Some(&NSString::from_str(&ask.display_name)));
        if let Some(required) = ASAuthorizationPublicKeyCredentialUserVerificationPreferenceRequired {
            request.setUserVerificationPreference(required);
        }
        request.setExcludedCredentials(Some(&exclude));
        let prf = ASAuthorizationPublicKeyCredentialPRFRegistrationInput::initWithInputValues(
            ASAuthorizationPublicKeyCredentialPRFRegistrationInput::alloc(),
            Some(&input(&ask.input)),
        );
        request.setPrf(Some(&prf));
        Retained::into_super(request)
    }
}

/// A use of one of the passkeys.
fn assertion(ask: &GetAsk) -> Retained<ASAuthorizationRequest> {
    let provider = provider(ask.relying_party_id);
    let allow = descriptors(&ask.allow);
    // SAFETY: as in `creation`.
    unsafe {
        let request = provider.createCredentialAssertionRequestWithChallenge(&NSData::with_bytes(&CHALLENGE));
        if let Some(required) = ASAuthorizationPublicKeyCredentialUserVerificationPreferenceRequired {
            request.setUserVerificationPreference(required);
        }
        request.setAllowedCredentials(&allow);
        let prf =
            ASAuthorizationPublicKeyCredentialPRFAssertionInput::initWithInputValues_perCredentialInputValues(
                ASAuthorizationPublicKeyCredentialPRFAssertionInput::alloc(),
                Some(&input(&ask.input)),
                None,
            );
        request.setPrf(Some(&prf));
        Retained::into_super(request)
    }
}

fn provider(relying_party_id: &str) -> Retained<ASAuthorizationPlatformPublicKeyCredentialProvider> {
    let allocated: Allocated<_> = ASAuthorizationPlatformPublicKeyCredentialProvider::alloc();
    // SAFETY: a plain value into an object of our own.
    unsafe {
        ASAuthorizationPlatformPublicKeyCredentialProvider::initWithRelyingPartyIdentifier(
            allocated,
            &NSString::from_str(relying_party_id),
        )
    }
}

fn descriptors(ids: &[Vec<u8>]) -> Retained<NSArray<ASAuthorizationPlatformPublicKeyCredentialDescriptor>> {
    let descriptors: Vec<_> = ids
        .iter()
        .map(|id| {
            let allocated = ASAuthorizationPlatformPublicKeyCredentialDescriptor::alloc();
            let id = NSData::with_bytes(id);
            // SAFETY: a plain value into an object of our own.
            unsafe {
                ASAuthorizationPlatformPublicKeyCredentialDescriptor::initWithCredentialID(allocated, &id)
            }
        })
        .collect();
    NSArray::from_retained_slice(&descriptors)
}

fn input(input: &[u8; 32]) -> Retained<ASAuthorizationPublicKeyCredentialPRFAssertionInputValues> {
    let allocated = ASAuthorizationPublicKeyCredentialPRFAssertionInputValues::alloc();
    // SAFETY: a plain value into an object of our own.
    unsafe {
        ASAuthorizationPublicKeyCredentialPRFAssertionInputValues::initWithSaltInput1_saltInput2(
            allocated,
            &NSData::with_bytes(input),
            None,
        )
    }
}

/// What the delegate knows.
struct Ivars {
    window: usize,
    end: SyncSender<Ended>,
}

define_class!(
    // SAFETY: NSObject has no requirements on its subclasses, and `Delegate` has no `Drop`.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[ivars = Ivars]
    struct Delegate;

    // SAFETY: NSObject implements it.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: the methods have the types of the protocol.
    unsafe impl ASAuthorizationControllerDelegate for Delegate {
        #[unsafe(method(authorizationController:didCompleteWithAuthorization:))]
        fn completed(&self, _: &ASAuthorizationController, authorization: &ASAuthorization) {
            // SAFETY: an object that the system gives for this call.
            let credential = unsafe { authorization.credential() };
            self.end(answer((*credential).as_ref()));
        }

        #[unsafe(method(authorizationController:didCompleteWithError:))]
        fn failed(&self, _: &ASAuthorizationController, error: &NSError) {
            let code = i64::try_from(error.code()).unwrap_or(0);
            self.end(Ended::Refused(Refusal { domain: error.domain().to_string(), code }));
        }
    }

    // SAFETY: the method has the type of the protocol.
    unsafe impl ASAuthorizationControllerPresentationContextProviding for Delegate {
        #[unsafe(method_id(presentationAnchorForAuthorizationController:))]
        fn anchor(&self, _: &ASAuthorizationController) -> Retained<NSObject> {
            let window = std::ptr::with_exposed_provenance_mut::<NSObject>(self.ivars().window);
            // SAFETY: `ParentWindow` promises the address of a window that lives, and the provider asks for no other.
            unsafe { Retained::retain(window) }.expect("the window's address is not null")
        }
    }
);

impl Delegate {
    fn new(main: MainThreadMarker, window: usize, end: SyncSender<Ended>) -> Retained<Self> {
        let this = Self::alloc(main).set_ivars(Ivars { window, end });
        // SAFETY: NSObject's own initialiser.
        unsafe { msg_send![super(this), init] }
    }

    /// Wakes the caller, and lets the controller go once this call is over. A caller that is gone does not hear it.
    fn end(&self, ended: Ended) {
        drop(self.ivars().end.try_send(ended));
        DispatchQueue::main().exec_async(|| UP.set(None));
    }
}

/// Copies the answer out. Foundation's own copies of the secret cannot be wiped: they are immutable.
fn answer(credential: &AnyObject) -> Ended {
    if let Some(made) = credential.downcast_ref::<ASAuthorizationPlatformPublicKeyCredentialRegistration>() {
        // SAFETY: an object that the system gives for this call.
        let (object, prf) = unsafe { (made.rawAttestationObject(), made.prf()) };
        return Ended::Made(Made {
            attestation_object: object.map(|object| object.to_vec()).unwrap_or_default(),
            // SAFETY: as above.
            prf_supported: prf.as_ref().is_some_and(|prf| unsafe { prf.isSupported() }),
            // SAFETY: as above.
            prf: output(prf.and_then(|prf| unsafe { prf.first() })),
        });
    }
    if let Some(used) = credential.downcast_ref::<ASAuthorizationPlatformPublicKeyCredentialAssertion>() {
        // SAFETY: as above.
        let (data, id, prf) = unsafe { (used.rawAuthenticatorData(), used.credentialID(), used.prf()) };
        return Ended::Used(Used {
            authenticator_data: data.to_vec(),
            credential_id: id.to_vec(),
            // SAFETY: as above.
            prf: output(prf.map(|prf| unsafe { prf.first() })),
        });
    }
    Ended::Other
}

fn output(bytes: Option<Retained<NSData>>) -> PrfOutput {
    // SAFETY: nobody changes the data while it is read.
    bytes.map_or(PrfOutput::None, |bytes| PrfOutput::copy_from(unsafe { bytes.as_bytes_unchecked() }))
}
