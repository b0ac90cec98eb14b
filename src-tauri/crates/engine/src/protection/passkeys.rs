//! Passkeys as ways to unlock: asked for, made, and proved before they count.

use super::reach::{BackupFlags, passkey_kind, passkey_reach, slot_transports};
use super::setup::NewWay;
use crate::Engine;
use crate::ceremony::RunningCeremony;
use crate::error::Error;
use crate::keyslot_folder::KeyslotFolder;
use crate::places;
use crate::progress::lock;
use crate::session::Used;
use crate::view::{PasskeyKind, PromptPurpose, PromptView, ProtectionView, WayKind};
use coffer_keys::{KeyslotSet, PasskeyCredential, RepositoryId, UnlockSecret, Way};
use coffer_passkey::{
    AuthenticatorKind, CreateRequest, Credential, EvaluateRequest, Evaluated, PasskeyError, Registered,
    RelyingParty, Transports,
};
use coffer_secret::SecretString;
use std::collections::BTreeSet;
use std::path::Path;
use tokio::sync::broadcast;

/// Passkeys one ceremony asks for. A person has a few; a place with more over all its versions is flooded.
const PASSKEYS_ASKED: usize = 64;
/// The entry in every password manager carries the warning (SCREENS, rule 2).
const DISPLAY_NAME: &str = "Coffer chat backups - deleting this can lock your backups";

/// A passkey that was made and used once.
struct Made {
    registered: Registered,
    evaluated: Evaluated,
}

/// What is known before a passkey is made.
struct Plan {
    repository: RepositoryId,
    request: CreateRequest,
}

impl Engine {
    /// Makes a passkey a way to unlock: creates it, uses it once, and opens the backup from the place with that use.
    ///
    /// Blocks until the person is done. When something fails, nothing of it is left in the place.
    ///
    /// # Errors
    /// As [`Engine::add_password`]; [`Error::Passkey`]; [`Error::UnusedPasskey`] around whatever failed after the passkey was made;
    /// [`Error::Busy`] while another ceremony runs.
    pub fn add_passkey(&self, kind: PasskeyKind) -> Result<ProtectionView, Error> {
        let plan = self.plan_passkey(kind)?;
        let name = plan.request.user_name.clone();
        let unused = |cause: Error| Error::UnusedPasskey { name: name.clone(), cause: Box::new(cause) };
        let ended = self.ceremonies.run(PromptPurpose::Create, |running| self.make(&plan.request, running));
        let made = match ended {
            Ok(made) => made.map_err(|failure| unused(failure.into()))?,
            Err(error) if is_failure(&error, PasskeyError::NoPrfAtCreation) => return Err(unused(error)),
            Err(error) => return Err(error),
        };
        let _changing = lock(&self.changing);
        let is_first = self.is_still_planned(&plan).map_err(unused)?;
        let id = made.registered.credential.id.clone();
        match self.keep(made) {
            Ok(view) => Ok(view),
            // Only what really is of no use is named for deletion.
            Err(cause) if self.undo(&id, is_first).is_ok() => Err(unused(cause)),
            Err(cause) => Err(cause),
        }
    }

    /// Hears every step of every passkey ceremony.
    pub fn subscribe_prompts(&self) -> broadcast::Receiver<PromptView> {
        self.ceremonies.subscribe()
    }

    /// Gives what the person typed for the step that asks. A ceremony that is over does not hear it.
    pub fn answer_prompt(&self, ceremony: u64, answer: SecretString) {
        self.ceremonies.answer(ceremony, answer);
    }

    /// Stops a ceremony; whoever waits for it gets [`PasskeyError::Cancelled`].
    pub fn cancel_ceremony(&self, ceremony: u64) {
        self.ceremonies.cancel(Some(ceremony));
    }

    /// What can make and use a passkey here now.
    pub(crate) fn passkey_kinds(&self) -> Vec<PasskeyKind> {
        let mut kinds: Vec<PasskeyKind> = self.ports.passkeys.kinds().into_iter().map(kind_view).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Asks for one of the passkeys of a repository, by keyslot files that are not authentic yet.
    ///
    /// # Errors
    /// [`Error::Passkey`], [`Error::Busy`]; [`Error::NewerFormat`] when every passkey is one of a relying party this build does not
    /// know: those are not asked for.
    pub(crate) fn use_passkey(&self, set: &KeyslotSet, repository: &RepositoryId) -> Result<Used, Error> {
        let request = unlock_request(set, repository)?;
        let evaluated = self.ceremonies.run(PromptPurpose::Unlock, |running| {
            let evaluated = self.ports.passkeys.evaluate(&request, &running.person)?;
            let is_asked = request.allow.iter().any(|asked| asked.id == evaluated.credential_id);
            if is_asked { Ok(evaluated) } else { Err(PasskeyError::Malformed) }
        })?;
        let flags = flags_of(&evaluated);
        Ok(Used { secret: UnlockSecret::Passkey(evaluated.prf), flags: Some(flags) })
    }

    /// The kinds of way in this order: a passkey this computer can use first, one it cannot use last.
    pub(crate) fn best_first(&self, kinds: BTreeSet<WayKind>, ways: &[Way]) -> Vec<WayKind> {
        let here = self.passkey_kinds();
        let mut passkeys = ways.iter().filter_map(|way| way.passkey.as_ref());
        let is_usable = passkeys.any(|passkey| can_use(&here, passkey_kind(passkey)));
        let mut kinds: Vec<WayKind> = kinds.into_iter().collect();
        kinds.sort_by_key(|kind| (*kind == WayKind::Passkey) != is_usable);
        kinds
    }

    /// Checks that a passkey can be added before the person goes to the trouble.
    fn plan_passkey(&self, kind: PasskeyKind) -> Result<Plan, Error> {
        let _changing = lock(&self.changing);
        let (place, repository) = self.begin_way()?;
        let mut exclude = Vec::new();
        if place.proved > 0 {
            let keys = self.keys_to_change(&place)?;
            if keys.is_full() {
                return Err(Error::storage("no room for another way to unlock"));
            }
            exclude = keys.slots().iter().filter_map(|slot| slot.passkey.as_ref()).map(credential).collect();
        }
        let mut user_id = [0_u8; 32];
        self.ports.entropy.fill(&mut user_id);
        let request = CreateRequest {
            relying_party: RelyingParty::CURRENT,
            kind: kind_port(kind),
            user_id,
            user_name: self.user_name(&user_id),
            display_name: DISPLAY_NAME.to_owned(),
            exclude,
            input: repository.derive_passkey_input(),
        };
        Ok(Plan { repository, request })
    }

    /// The repository is still the one whose input the passkey was used with. True when it is to be its first way.
    fn is_still_planned(&self, plan: &Plan) -> Result<bool, Error> {
        let settings = self.home.settings();
        let (place, repository) = super::protected_place(&settings)?;
        if repository == plan.repository { Ok(place.proved == 0) } else { Err(Error::ExpiredSession) }
    }

    /// What tells this passkey from others of the same person: the computer, the day, and the first of its random bytes.
    fn user_name(&self, user_id: &[u8; 32]) -> String {
        let machine: String = self.ports.machine.chars().take(24).collect();
        format!("{machine}, {}, {}", self.today(), crate::home::to_hex(&user_id[..2]))
    }

    /// Creates a passkey and uses it once, in one ceremony. What fails after the creation is the inner error.
    fn make(
        &self,
        request: &CreateRequest,
        running: &RunningCeremony,
    ) -> Result<Result<Made, PasskeyError>, PasskeyError> {
        let registered = self.ports.passkeys.create(request, &running.person)?;
        if request.exclude.iter().any(|known| known.id == registered.credential.id) {
            return Err(PasskeyError::AlreadyRegistered);
        }
        running.go_on(PromptPurpose::Prove);
        let once = EvaluateRequest {
            relying_party: request.relying_party,
            allow: vec![registered.credential.clone()],
            input: request.input,
        };
        Ok(self.ports.passkeys.evaluate(&once, &running.person).and_then(|evaluated| {
            let differs = registered.prf.as_ref().is_some_and(|prf| !prf.matches(&evaluated.prf));
            if evaluated.credential_id != registered.credential.id {
                Err(PasskeyError::Malformed)
            } else if differs {
                Err(PasskeyError::PrfMismatch)
            } else {
                Ok(Made { registered, evaluated })
            }
        }))
    }

    /// Writes the slot of a passkey, and opens it from the place with what its use gave.
    fn keep(&self, made: Made) -> Result<ProtectionView, Error> {
        let Made { registered, evaluated } = made;
        let Transports(transports) = slot_transports(registered.kind, registered.credential.transports);
        let relying_party = RelyingParty::CURRENT.index();
        let passkey = PasskeyCredential::new(relying_party, registered.credential.id, transports)
            .map_err(|_| PasskeyError::Malformed)?;
        let kind = kind_view(registered.kind);
        let new = NewWay {
            name: self.free_name(kind),
            reach: passkey_reach(kind, flags_of(&evaluated)),
            passkey: Some(passkey),
        };
        let secret = UnlockSecret::Passkey(evaluated.prf);
        self.finish(new, &secret, &secret)
    }

    /// A name that no other way has: two security keys are told apart.
    fn free_name(&self, kind: PasskeyKind) -> String {
        let name = passkey_name(kind, &self.ports.platform);
        let session = lock(&self.session);
        let slots = session.place.as_ref().map(|keys| keys.slots()).unwrap_or_default();
        let is_free = |name: &String| slots.iter().all(|slot| slot.details.name != *name);
        let numbered = (2_u32..).map(|number| format!("{name} {number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// Takes the slot of a passkey back that was written before something failed.
    fn undo(&self, credential_id: &[u8], is_first: bool) -> Result<(), Error> {
        let settings = self.home.settings();
        let (place, _) = super::protected_place(&settings)?;
        let store = places::open_store(Path::new(&place.path))?;
        if is_first {
            super::setup::sweep_unproved(&store, place.repository.as_deref())?;
            lock(&self.session).place = None;
            return self.home.update_settings(|settings| {
                if let Some(place) = &mut settings.place {
                    (place.proved, place.proved_elsewhere) = (0, 0);
                }
            });
        }
        let mut keys = self.keys_to_change(place)?;
        let is_new = |passkey: &PasskeyCredential| passkey.id() == credential_id;
        let slots = keys.slots();
        let written = slots.iter().find(|slot| slot.passkey.as_ref().is_some_and(is_new));
        let Some(written) = written else { return Ok(()) };
        keys.remove(written.id, self.ports.clock.now())?;
        KeyslotFolder::of(store).save(&mut keys, self.ports.entropy.as_ref())?;
        self.settle(keys, false)
    }
}

fn unlock_request(set: &KeyslotSet, repository: &RepositoryId) -> Result<EvaluateRequest, Error> {
    let known = set.passkeys(repository, PASSKEYS_ASKED);
    let named = |passkey: &PasskeyCredential| RelyingParty::from_index(passkey.relying_party());
    let Some(relying_party) = known.iter().find_map(named) else {
        let is_newer = |passkey: &PasskeyCredential| !passkey.is_askable();
        let has_newer = set.ways().iter().any(|way| way.passkey.as_ref().is_some_and(is_newer));
        return Err(if has_newer { Error::NewerFormat } else { PasskeyError::NoCredential.into() });
    };
    // A request names one relying party: that of the newest passkey.
    let allow =
        known.iter().filter(|passkey| named(passkey) == Some(relying_party)).map(credential).collect();
    Ok(EvaluateRequest { relying_party, allow, input: repository.derive_passkey_input() })
}

fn credential(passkey: &PasskeyCredential) -> Credential {
    Credential { id: passkey.id().to_vec(), transports: Transports(passkey.transports()) }
}

fn flags_of(evaluated: &Evaluated) -> BackupFlags {
    BackupFlags { eligible: evaluated.backup_eligible, backed_up: evaluated.backed_up }
}

fn is_failure(error: &Error, expected: PasskeyError) -> bool {
    matches!(error, Error::Passkey { failure } if *failure == expected)
}

/// Passkeys of computers and phones are reached by the operating system's own dialog, security keys by themselves.
fn can_use(here: &[PasskeyKind], wanted: PasskeyKind) -> bool {
    match wanted {
        PasskeyKind::SecurityKey => here.contains(&PasskeyKind::SecurityKey),
        PasskeyKind::Platform | PasskeyKind::Phone => {
            here.contains(&PasskeyKind::Platform) || here.contains(&PasskeyKind::Phone)
        }
    }
}

/// What a passkey is called until the person gives it another name.
pub(super) fn passkey_name(kind: PasskeyKind, platform: &str) -> &'static str {
    match (kind, platform) {
        (PasskeyKind::Platform, "macos") => "Touch ID",
        (PasskeyKind::Platform, "windows") => "Windows Hello",
        (PasskeyKind::Platform, _) => "This computer",
        (PasskeyKind::SecurityKey, _) => "Security key",
        (PasskeyKind::Phone, _) => "Phone",
    }
}

fn kind_view(kind: AuthenticatorKind) -> PasskeyKind {
    match kind {
        AuthenticatorKind::Platform => PasskeyKind::Platform,
        AuthenticatorKind::SecurityKey => PasskeyKind::SecurityKey,
        AuthenticatorKind::Phone => PasskeyKind::Phone,
    }
}

fn kind_port(kind: PasskeyKind) -> AuthenticatorKind {
    match kind {
        PasskeyKind::Platform => AuthenticatorKind::Platform,
        PasskeyKind::SecurityKey => AuthenticatorKind::SecurityKey,
        PasskeyKind::Phone => AuthenticatorKind::Phone,
    }
}

#[cfg(test)]
mod tests;
