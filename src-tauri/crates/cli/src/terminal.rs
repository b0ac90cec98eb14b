//! Questions on the terminal whose answers are not shown.

use coffer_secret::SecretString;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::{Mutex, PoisonError};

/// No answer to a question is longer.
const LINE_CEILING: u64 = 1024;

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

/// Asks for a line that is shown as it is typed; `None` when there is nobody to ask.
///
/// # Errors
/// When the terminal cannot be written or read.
pub fn ask_line(question: &str) -> io::Result<Option<String>> {
    if !is_here() {
        return Ok(None);
    }
    let mut shown = io::stderr().lock();
    shown.write_all(question.as_bytes())?;
    shown.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(LINE_CEILING).read_line(&mut line)?;
    Ok(Some(line))
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
