//! Several keys wait: the one that is touched is used, the others stop.

use super::device::Failure;
use super::key::Key;
use super::person::{Gesture, Person};
use crate::ctap::{SELECTION, Status};
use crate::{PasskeyError, Prompt};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

/// Chooses one of the keys; there is at least one.
///
/// `dummy` is what asks CTAP 2.0 keys for a touch.
pub(super) async fn choose(mut keys: Vec<Key>, person: &Person<'_>, dummy: &[u8]) -> Result<Key, Failure> {
    // Who lays a key on the reader has chosen.
    if let Some(at) = keys.iter().position(|key| key.gesture() == Gesture::None) {
        return Ok(keys.swap_remove(at));
    }
    if keys.len() > 1 {
        person.show(Prompt::Touch { device: None, several: true });
        return timeout(person.limits.person, first_touched(keys, dummy))
            .await
            .map_err(|_| PasskeyError::TimedOut)?;
    }
    keys.pop().ok_or(Failure::Ended(PasskeyError::NoAuthenticator))
}

async fn first_touched(keys: Vec<Key>, dummy: &[u8]) -> Result<Key, Failure> {
    let mut waiting: FuturesUnordered<_> = keys.into_iter().map(|key| wait_for_touch(key, dummy)).collect();
    let mut last = Failure::Ended(PasskeyError::Removed);
    while let Some(ended) = waiting.next().await {
        match ended {
            Ok(key) => return Ok(key),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

async fn wait_for_touch(mut key: Key, dummy: &[u8]) -> Result<Key, Failure> {
    let message = if key.info.versions.has_selection { SELECTION } else { dummy };
    match key.ask_quietly(message).await {
        Ok(_) => Ok(key),
        // How the dummy ends after a touch (6.1.2, step 1): an empty proof is wrong, with a PIN or without.
        Err(Failure::Said(
            Status::PIN_INVALID
            | Status::PIN_NOT_SET
            | Status::PIN_AUTH_INVALID
            | Status::PIN_POLICY_VIOLATION,
        )) if !key.info.versions.has_selection => Ok(key),
        Err(failure) => Err(failure),
    }
}
