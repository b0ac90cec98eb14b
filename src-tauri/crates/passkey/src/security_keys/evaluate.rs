//! Using a passkey that a security key holds.

use super::Tools;
use super::choose::choose;
use super::device::Failure;
use super::key::Key;
use super::search::{Holding, find, on_keys};
use super::verify::{Verified, Verifier};
use crate::authenticator_data::AuthenticatorData;
use crate::ctap::{Assertion, AssertionRequest, CreationRequest, Permissions, Salt, SaltSession};
use crate::{EvaluateRequest, Evaluated, PasskeyError};

/// Uses one of the passkeys, on one of the keys that are here.
pub(super) async fn evaluate(
    tools: &Tools<'_>,
    keys: Vec<Key>,
    request: &EvaluateRequest,
) -> Result<Evaluated, Failure> {
    let allow = on_keys(&request.allow);
    let keys = with_passkey(keys, request, &allow).await?;
    let dummy = CreationRequest::dummy(request.relying_party);
    let mut key = choose(keys, &tools.person, &dummy).await?;
    let mut verifier =
        Verifier::new(&tools.person, tools.entropy, Permissions::EVALUATE, request.relying_party);
    loop {
        let verified = verifier.verify(&mut key).await?;
        match use_on(tools, &mut key, request, &allow, &verified).await {
            Err(Failure::Said(status)) if verifier.may_go_on_after(&verified, status) => {}
            used => return used,
        }
    }
}

/// Those that hold one of the passkeys, or do not say.
async fn with_passkey(
    keys: Vec<Key>,
    request: &EvaluateRequest,
    allow: &[&[u8]],
) -> Result<Vec<Key>, PasskeyError> {
    let mut holding = Vec::new();
    let mut reason = PasskeyError::NoCredential;
    for mut key in keys.into_iter().filter(|key| key.unfit().is_none()) {
        match find(&mut key, request.relying_party, allow, None).await {
            Ok(Holding::Yes(_) | Holding::Unclear) => holding.push(key),
            Ok(Holding::No) => {}
            Err(failure) => reason = failure.into(),
        }
    }
    if holding.is_empty() { Err(reason) } else { Ok(holding) }
}

async fn use_on(
    tools: &Tools<'_>,
    key: &mut Key,
    request: &EvaluateRequest,
    allow: &[&[u8]],
    verified: &Verified,
) -> Result<Evaluated, Failure> {
    let EvaluateRequest { relying_party, allow: _, input } = request;
    let held = find(key, *relying_party, allow, verified.token()).await?;
    let allow = match &held {
        // Short whatever the list was, and the answer can only be of this one.
        Holding::Yes(id) => &[id.as_slice()][..],
        Holding::Unclear => allow,
        Holding::No => return Err(Failure::Ended(PasskeyError::NoCredential)),
    };
    let secret = key.agree(tools.entropy).await?;
    let salt = SaltSession::new(secret, &Salt::of(input), tools.entropy);
    let message = AssertionRequest {
        client_data_hash: &tools.client_data_hash(),
        relying_party: *relying_party,
        allow,
        salt: Some(&salt),
        token: verified.token(),
    }
    .encode();
    let answer = key.ask_with(&message, verified.gesture(key), &tools.person).await?;
    check(request, allow, &Assertion::decode(&answer)?, &salt)
}

fn check(
    request: &EvaluateRequest,
    allow: &[&[u8]],
    assertion: &Assertion,
    salt: &SaltSession,
) -> Result<Evaluated, Failure> {
    let id = assertion.credential(allow).ok_or(PasskeyError::Malformed)?;
    let data = &assertion.auth_data;
    let AuthenticatorData { backup_eligible, backed_up, made: _ } = data.believe(request.relying_party)?;
    let output = data.output.as_ref().ok_or(PasskeyError::NoPrf)?;
    Ok(Evaluated { credential_id: id.to_vec(), backup_eligible, backed_up, prf: salt.open(output)? })
}
