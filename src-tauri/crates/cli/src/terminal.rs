//! Questions on the terminal whose answers are not shown.

use coffer_secret::SecretString;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

/// How the terminal was before the question that stands on it.
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);

#[cfg(unix)]
type Before = rustix::termios::Termios;
/// Elsewhere the console gets its mode back when the program ends.
#[cfg(not(unix))]
type Before = ();

/// Somebody can be asked.
pub fn is_here() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a secret; `None` when there is nobody to ask, or no answer comes.
pub fn ask(question: &str) -> Option<SecretString> {
    if !is_here() {
        return None;
    }
    remember(now());
    let typed = rpassword::prompt_password(question).map(SecretString::new).ok();
    remember(None);
    typed
}

/// A question stands on the screen.
pub fn is_asking() -> bool {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Lets the terminal show again what is typed, for a program that ends before its question is answered.
pub fn give_back() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    #[cfg(unix)]
    if let Some(before) = before {
        // A terminal that went away needs nothing.
        rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &before).ok();
    }
    #[cfg(not(unix))]
    drop(before);
}

fn remember(before: Option<Before>) {
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = before;
}

#[cfg(unix)]
fn now() -> Option<Before> {
    rustix::termios::tcgetattr(io::stdin()).ok()
}

#[cfg(not(unix))]
fn now() -> Option<Before> {
    Some(())
}
