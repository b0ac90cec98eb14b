//! Runs one call of `webauthn.dll`, which blocks, and stops it when the person or the time says so.

use super::{StopId, WebAuthn, failure::Refusal};
use crate::{Cancel, Ceremony, PasskeyError, Prompt};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// The library forgets a stop that comes before its dialog is up, so it is said again.
const SAID_AGAIN: Duration = Duration::from_millis(250);

/// Runs `call` with the name it can be stopped by.
///
/// # Errors
/// [`PasskeyError::Cancelled`] or [`PasskeyError::TimedOut`] when it was stopped, else what the refusal means. An answer that
/// came all the same is an answer.
pub(super) fn run<T>(
    library: &dyn WebAuthn,
    ceremony: &Ceremony,
    limit: Duration,
    call: impl FnOnce(Option<StopId>) -> Result<T, Refusal>,
) -> Result<T, PasskeyError> {
    if ceremony.cancel.is_cancelled() {
        return Err(PasskeyError::Cancelled);
    }
    ceremony.prompts.show(Prompt::PlatformDialog);
    let Some(id) = library.new_stop() else {
        return call(None).map_err(PasskeyError::from);
    };
    let (over, is_over) = oneshot::channel::<()>();
    thread::scope(|scope| {
        let watch = scope.spawn(|| stop_in_time(library, id, &ceremony.cancel, limit, is_over));
        let result = call(Some(id));
        drop(over);
        let stopped = watch.join().unwrap_or(None);
        result.map_err(|refusal| stopped.unwrap_or_else(|| refusal.into()))
    })
}

/// Waits for the end of the call, and ends it itself when it has to. Says why it did.
fn stop_in_time(
    library: &dyn WebAuthn,
    id: StopId,
    cancel: &Cancel,
    limit: Duration,
    mut is_over: oneshot::Receiver<()>,
) -> Option<PasskeyError> {
    // Without a runtime (no handles left) the dialog's own cancel button and time-out remain.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    runtime.block_on(async {
        let why = tokio::select! {
            _ = &mut is_over => return None,
            () = cancel.cancelled() => PasskeyError::Cancelled,
            () = tokio::time::sleep(limit) => PasskeyError::TimedOut,
        };
        loop {
            library.stop(id);
            if tokio::time::timeout(SAID_AGAIN, &mut is_over).await.is_ok() {
                return Some(why);
            }
        }
    })
}
