//! Which passkey of a list a key holds, asked without a touch and within the key's limits.

use super::device::Failure;
use super::key::Key;
use crate::ctap::{Assertion, AssertionRequest, Info, PinToken, Status};
use crate::{Credential, RelyingParty, Transports};

/// What a key holds of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// This one.
    Yes(Vec<u8>),
    /// None of them.
    No,
    /// It does not say before it verified the person.
    Unclear,
}

/// The ids of those that can be on a security key at all.
pub(super) fn on_keys(credentials: &[Credential]) -> Vec<&[u8]> {
    credentials.iter().filter(|c| may_hold(c)).map(|c| c.id.as_slice()).collect()
}

/// The passkey can be on a security key: it is not known to be elsewhere.
pub(crate) fn may_hold(credential: &Credential) -> bool {
    let elsewhere = Transports::INTERNAL.with(Transports::HYBRID);
    credential.transports.0 == 0 || credential.transports.0 & !elsewhere.0 != 0
}

/// Looks for a passkey of the list, batch by batch.
pub(super) async fn find(
    key: &mut Key,
    relying_party: RelyingParty,
    ids: &[&[u8]],
    token: Option<&PinToken>,
) -> Result<Holding, Failure> {
    // Nothing is signed that anybody looks at.
    let message = |allow: &[&[u8]]| {
        AssertionRequest { client_data_hash: &[0; 32], relying_party, allow, salt: None, token }.encode()
    };
    let mut is_unclear = false;
    for batch in batches(&key.info, ids, |allow| message(allow).len()) {
        match key.ask(&message(&batch)).await {
            Ok(answer) => match Assertion::decode(&answer)?.credential(&batch) {
                Some(id) => return Ok(Holding::Yes(id.to_vec())),
                None => is_unclear = true,
            },
            Err(Failure::Said(Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL)) => {}
            Err(Failure::Said(_)) => is_unclear = true,
            Err(ended) => return Err(ended),
        }
    }
    Ok(if is_unclear { Holding::Unclear } else { Holding::No })
}

/// Cuts a list so that each part fits into one message: by count, by length of each id, by length of the message (6.4).
pub(super) fn batches<'a>(
    info: &Info,
    ids: &[&'a [u8]],
    length_with: impl Fn(&[&[u8]]) -> usize,
) -> Vec<Vec<&'a [u8]>> {
    let mut batches: Vec<Vec<&[u8]>> = Vec::new();
    // An id longer than any of its own is not this key's.
    for id in ids.iter().copied().filter(|id| info.max_id.is_none_or(|max| id.len() <= max)) {
        if let Some(last) = batches.last_mut().filter(|last| last.len() < info.max_list) {
            last.push(id);
            if length_with(last) <= info.max_message {
                continue;
            }
            last.pop();
        }
        batches.push(vec![id]);
    }
    batches
}
