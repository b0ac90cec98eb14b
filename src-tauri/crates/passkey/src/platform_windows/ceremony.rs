//! One dialog of `webauthn.dll`, from its announcement to its end.

use super::{StopId, WebAuthn, failure::Refusal};
use crate::{Ceremony, PasskeyError, Prompt, in_time};
use std::time::Duration;

/// Announces the dialog and runs `call` with the name it can be stopped by.
///
/// # Errors
/// As [`in_time::run`]. A ceremony that is cancelled already opens no dialog.
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
    match library.new_stop() {
        None => call(None).map_err(PasskeyError::from),
        Some(id) => in_time::run(&ceremony.cancel, limit, || library.stop(id), || call(Some(id))),
    }
}
