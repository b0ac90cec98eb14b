//! Runs a call into the operating system that blocks, and stops it when the person or the time says so.

use crate::{Cancel, PasskeyError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// A stop that comes before the dialog is up is forgotten, so it is said again.
const SAID_AGAIN: Duration = Duration::from_millis(250);

/// Runs `call`, and `stop` on another thread when `cancel` or `limit` asks for it.
///
/// # Errors
/// [`PasskeyError::Cancelled`] or [`PasskeyError::TimedOut`] when it was stopped, else what its own refusal means. An answer that
/// came all the same is an answer.
pub(crate) fn run<T, E: Into<PasskeyError>>(
    cancel: &Cancel,
    limit: Duration,
    stop: impl Fn() + Send,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, PasskeyError> {
    let (over, is_over) = oneshot::channel::<()>();
    thread::scope(|scope| {
        let watch = scope.spawn(|| stop_in_time(cancel, limit, stop, is_over));
        let result = call();
        drop(over);
        let stopped = watch.join().unwrap_or(None);
        result.map_err(|refusal| stopped.unwrap_or_else(|| refusal.into()))
    })
}

/// Waits for the end of the call, and ends it itself when it has to. Says why it did.
fn stop_in_time(
    cancel: &Cancel,
    limit: Duration,
    stop: impl Fn(),
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
            stop();
            if tokio::time::timeout(SAID_AGAIN, &mut is_over).await.is_ok() {
                return Some(why);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_call_that_is_not_stopped_keeps_its_own_end() {
        let cancel = Cancel::default();

        let given = run(&cancel, LONG, || (), || Ok::<_, PasskeyError>(7));
        let refused = run(&cancel, LONG, || (), || Err::<u8, _>(PasskeyError::KeyFull));

        assert_eq!(given, Ok(7));
        assert_eq!(refused, Err(PasskeyError::KeyFull));
    }

    #[test]
    fn a_stop_is_said_until_the_call_ends() {
        let (stop, stops) = channel();
        let cancel = Cancel::default();
        cancel.cancel();
        let deaf_at_first = || {
            stops.recv().unwrap();
            stops.recv().unwrap();
            Err::<u8, _>(PasskeyError::KeyFull)
        };

        let refused = run(&cancel, LONG, move || stop.send(()).unwrap(), deaf_at_first);

        assert_eq!(refused, Err(PasskeyError::Cancelled));
    }

    #[test]
    fn an_answer_that_came_in_spite_of_a_stop_is_an_answer() {
        let (stop, stops) = channel();
        let answers_when_stopped = || {
            stops.recv().unwrap();
            Ok::<_, PasskeyError>(7)
        };

        let given =
            run(&Cancel::default(), Duration::ZERO, move || stop.send(()).unwrap(), answers_when_stopped);

        assert_eq!(given, Ok(7));
    }
}
