//! Passkeys by script: fixed secrets, and prompts and failures in the order a test wants them.

mod script;

pub use script::{Script, Step};

use crate::{
    AuthenticatorKind, Ceremony, CreateRequest, Credential, EvaluateRequest, Evaluated, PasskeyError,
    PasskeyProvider, Registered, RelyingParty, Transports,
};
use coffer_secret::Secret;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a ceremony was asked for. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A passkey was to be made.
    Create {
        /// Whose it is.
        relying_party: RelyingParty,
        /// What was to hold it.
        kind: AuthenticatorKind,
        /// Passkeys that existed.
        exclude: Vec<Credential>,
        /// The PRF input.
        input: [u8; 32],
    },
    /// A passkey was to be used.
    Evaluate {
        /// Whose it is.
        relying_party: RelyingParty,
        /// The passkeys that would do.
        allow: Vec<Credential>,
        /// The PRF input.
        input: [u8; 32],
    },
}

/// What comes back with a creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtCreation {
    /// No output; it comes with the first use, as from most security keys.
    #[default]
    Nothing,
    /// The same output that a use gives.
    SameOutput,
    /// Another output than a use gives, as from faulty firmware.
    OtherOutput,
}

/// A [`PasskeyProvider`] that computes its secrets from the credential id, the relying party and the input.
///
/// Share one between two engines to carry a security key from one computer to another.
#[derive(Debug, Default)]
pub struct ScriptedProvider {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kinds: Vec<AuthenticatorKind>,
    held: BTreeMap<Vec<u8>, Held>,
    scripts: VecDeque<Script>,
    calls: Vec<Call>,
    made: u64,
    at_creation: AtCreation,
    flags: Flags,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    kind: AuthenticatorKind,
    relying_party: RelyingParty,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    eligible: bool,
    backed_up: bool,
}

impl ScriptedProvider {
    /// A computer with these kinds of authenticator, each able to hold passkeys and holding none.
    pub fn new(kinds: &[AuthenticatorKind]) -> Self {
        let state = State { kinds: kinds.to_vec(), ..State::default() };
        Self { state: Mutex::new(state) }
    }

    /// Queues how the next ceremony goes. Without one it shows the usual prompt of its kind and ends well.
    pub fn queue(&self, script: Script) {
        self.state().scripts.push_back(script);
    }

    /// Offers other kinds from now on, for example none after the key was pulled.
    pub fn offer(&self, kinds: &[AuthenticatorKind]) {
        self.state().kinds = kinds.to_vec();
    }

    /// Loses a passkey, as when its owner deletes it. False when it was not held.
    pub fn forget(&self, credential_id: &[u8]) -> bool {
        self.state().held.remove(credential_id).is_some()
    }

    /// Gives this with creations from now on.
    pub fn at_creation(&self, answer: AtCreation) {
        self.state().at_creation = answer;
    }

    /// Answers with these backup flags (WebAuthn, 6.1.3: BE, BS) from now on.
    pub fn backup_flags(&self, eligible: bool, backed_up: bool) {
        self.state().flags = Flags { eligible, backed_up };
    }

    /// Every ceremony so far, in order, the failed ones too.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The output of one passkey: what a test expects without a ceremony.
    pub fn output_of(credential_id: &[u8], relying_party: RelyingParty, input: &[u8; 32]) -> Secret<32> {
        let mut hash = Sha256::new_with_prefix("coffer scripted passkey");
        hash.update([relying_party.index()]);
        hash.update(Sha256::digest(credential_id));
        hash.update(input);
        Secret::take(&mut hash.finalize().into())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the ceremony and plays its script, with the lock let go so that prompts may come back to this provider.
    fn play(&self, call: Call, usual: Script, ceremony: &Ceremony) -> Result<(), PasskeyError> {
        let script = {
            let mut state = self.state();
            state.calls.push(call);
            state.scripts.pop_front().unwrap_or(usual)
        };
        script.play(ceremony)
    }
}

impl State {
    fn holds(&self, credential: &Credential, relying_party: RelyingParty) -> Option<Held> {
        self.held.get(&credential.id).copied().filter(|held| held.relying_party == relying_party)
    }

    /// A new credential id, the same in every run.
    fn next_id(&mut self) -> Vec<u8> {
        self.made += 1;
        let mut hash = Sha256::new_with_prefix("coffer scripted credential");
        hash.update(self.made.to_be_bytes());
        hash.finalize().to_vec()
    }
}

impl PasskeyProvider for ScriptedProvider {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        self.state().kinds.clone()
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        let CreateRequest { relying_party, kind, user_id: _, user_name: _, display_name: _, exclude, input } =
            request;
        let call = Call::Create {
            relying_party: *relying_party,
            kind: *kind,
            exclude: exclude.clone(),
            input: *input,
        };
        self.play(call, Script::usual(*kind), ceremony)?;
        let mut state = self.state();
        if !state.kinds.contains(kind) {
            return Err(PasskeyError::NoAuthenticator);
        }
        if exclude.iter().filter_map(|c| state.holds(c, *relying_party)).any(|held| held.kind == *kind) {
            return Err(PasskeyError::AlreadyRegistered);
        }
        let id = state.next_id();
        state.held.insert(id.clone(), Held { kind: *kind, relying_party: *relying_party });
        let prf = match state.at_creation {
            AtCreation::Nothing => None,
            AtCreation::SameOutput => Some(Self::output_of(&id, *relying_party, input)),
            AtCreation::OtherOutput => Some(Self::output_of(b"another", *relying_party, input)),
        };
        Ok(Registered {
            credential: Credential { id, transports: transports_of(*kind) },
            kind: *kind,
            aaguid: *b"scripted passkey",
            backup_eligible: state.flags.eligible,
            backed_up: state.flags.backed_up,
            prf,
        })
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let EvaluateRequest { relying_party, allow, input } = request;
        let found = allow.iter().find_map(|c| Some((c, self.state().holds(c, *relying_party)?)));
        let kind = found.map_or(AuthenticatorKind::SecurityKey, |(_, held)| held.kind);
        let call = Call::Evaluate { relying_party: *relying_party, allow: allow.clone(), input: *input };
        self.play(call, Script::usual(kind), ceremony)?;
        let state = self.state();
        if state.kinds.is_empty() {
            return Err(PasskeyError::NoAuthenticator);
        }
        let (credential, _) =
            found.filter(|(_, held)| state.kinds.contains(&held.kind)).ok_or(PasskeyError::NoCredential)?;
        Ok(Evaluated {
            credential_id: credential.id.clone(),
            backup_eligible: state.flags.eligible,
            backed_up: state.flags.backed_up,
            prf: Self::output_of(&credential.id, *relying_party, input),
        })
    }
}

const fn transports_of(kind: AuthenticatorKind) -> Transports {
    match kind {
        AuthenticatorKind::Platform => Transports::INTERNAL,
        AuthenticatorKind::SecurityKey => Transports::USB,
        AuthenticatorKind::Phone => Transports::HYBRID,
    }
}

#[cfg(test)]
mod tests;
