//! Making a passkey on a security key.

use super::Tools;
use super::choose::choose;
use super::device::Failure;
use super::key::Key;
use super::search::{Holding, batches, find, on_keys};
use super::verify::{Verified, Verifier};
use crate::authenticator_data::{AuthenticatorData, MadeCredential};
use crate::ctap::{AuthData, Creation, CreationRequest, Permissions, Salt, SaltSession, Status};
use crate::{AuthenticatorKind, CreateRequest, Credential, PasskeyError, Registered};
use coffer_secret::Secret;

/// Makes the passkey on one of the keys that are here.
pub(super) async fn create(
    tools: &Tools<'_>,
    keys: Vec<Key>,
    request: &CreateRequest,
) -> Result<Registered, Failure> {
    let exclude = on_keys(&request.exclude);
    let keys = without_passkey(fit(keys)?, request, &exclude).await?;
    let dummy = CreationRequest::dummy(request.relying_party);
    let mut key = choose(keys, &tools.person, &dummy).await?;
    let mut verifier =
        Verifier::new(&tools.person, tools.entropy, Permissions::CREATE, request.relying_party);
    let is_resident = key.info.options.resident_key && key.info.room != Some(0);
    let mut making = Making { tools, request, exclude: &exclude, is_resident };
    loop {
        let verified = verifier.verify(&mut key).await?;
        match making.make(&mut key, &verified).await {
            // There may be room for a passkey that is kept outside the key, in its own id.
            Err(Failure::Said(Status::KEY_STORE_FULL)) if making.is_resident => making.is_resident = false,
            Err(Failure::Said(status)) if verifier.may_go_on_after(&verified, status) => {}
            made => return made,
        }
    }
}

/// Those that can make passkeys with secrets, known before any touch.
fn fit(keys: Vec<Key>) -> Result<Vec<Key>, PasskeyError> {
    let reason = keys.iter().find_map(Key::unfit);
    let fit: Vec<_> = keys.into_iter().filter(|key| key.unfit().is_none()).collect();
    if fit.is_empty() { Err(reason.unwrap_or(PasskeyError::NoAuthenticator)) } else { Ok(fit) }
}

/// Those that hold none of the passkeys that exist.
async fn without_passkey(
    keys: Vec<Key>,
    request: &CreateRequest,
    exclude: &[&[u8]],
) -> Result<Vec<Key>, PasskeyError> {
    let mut free = Vec::new();
    let mut reason = PasskeyError::AlreadyRegistered;
    for mut key in keys {
        match find(&mut key, request.relying_party, exclude, None).await {
            Ok(Holding::Yes(_)) => {}
            Ok(Holding::No | Holding::Unclear) => free.push(key),
            Err(failure) => reason = failure.into(),
        }
    }
    if free.is_empty() { Err(reason) } else { Ok(free) }
}

/// One creation, perhaps tried more than once.
struct Making<'a> {
    tools: &'a Tools<'a>,
    request: &'a CreateRequest,
    exclude: &'a [&'a [u8]],
    is_resident: bool,
}

impl Making<'_> {
    async fn make(&self, key: &mut Key, verified: &Verified) -> Result<Registered, Failure> {
        let CreateRequest { relying_party, kind: _, user_id, user_name, display_name, exclude: _, input } =
            self.request;
        if verified.token().is_some() {
            // Now the key also tells of passkeys that it hides from strangers.
            let held = find(key, *relying_party, self.exclude, verified.token()).await?;
            if matches!(held, Holding::Yes(_)) {
                return Err(Failure::Said(Status::CREDENTIAL_EXCLUDED));
            }
        }
        let salt = if key.info.has_hmac_secret_mc {
            let secret = key.agree(self.tools.entropy).await?;
            Some(SaltSession::new(secret, &Salt::of(input), self.tools.entropy))
        } else {
            None
        };
        let client_data_hash = self.tools.client_data_hash();
        let message = |exclude: &[&[u8]]| {
            CreationRequest {
                client_data_hash: &client_data_hash,
                relying_party: *relying_party,
                user_id,
                user_name,
                display_name,
                exclude,
                is_resident: self.is_resident,
                salt: salt.as_ref(),
                token: verified.token(),
            }
            .encode()
        };
        let listed = batches(&key.info, self.exclude, |ids| message(ids).len());
        let message = message(listed.first().map_or(&[], Vec::as_slice));
        let answer = key.ask_with(&message, verified.gesture(key), &self.tools.person).await?;
        self.check(key, &Creation::decode(&answer)?.auth_data, salt.as_ref())
    }

    fn check(&self, key: &Key, data: &AuthData, salt: Option<&SaltSession>) -> Result<Registered, Failure> {
        let AuthenticatorData { backup_eligible, backed_up, made } =
            data.believe(self.request.relying_party)?;
        if !data.has_hmac_secret {
            return Err(Failure::Ended(PasskeyError::NoPrfAtCreation));
        }
        let prf = output(data, salt)?;
        let MadeCredential { aaguid, id } = made.ok_or(PasskeyError::Malformed)?;
        Ok(Registered {
            credential: Credential { id, transports: key.info.transports.with(key.transport()) },
            kind: AuthenticatorKind::SecurityKey,
            aaguid,
            backup_eligible,
            backed_up,
            prf,
        })
    }
}

/// The output that came with the creation, if any did.
fn output(data: &AuthData, salt: Option<&SaltSession>) -> Result<Option<Secret<32>>, Failure> {
    match (&data.output, salt) {
        (Some(output), Some(salt)) => Ok(Some(salt.open(output)?)),
        (Some(_), None) => Err(Failure::Ended(PasskeyError::Malformed)),
        (None, _) => Ok(None),
    }
}
