//! The person's side of a passkey ceremony: what to do is said on stderr, the PIN comes from a file or the terminal.

use crate::failure::{Exit, Failure};
use crate::jobs::{self, Stops};
use crate::screen::Screen;
use crate::secrets::read_secret;
use crate::terminal;
use coffer_engine::view::{PinProblem, PromptStep, PromptView};
use coffer_engine::{Engine, ErrorCode};
use coffer_secret::SecretString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::{broadcast, broadcast::error::RecvError, oneshot};

/// The PIN of `--pin-file`.
#[derive(Debug)]
pub struct PinFile {
    /// As the person named it.
    pub path: PathBuf,
    /// What it holds.
    pub pin: SecretString,
}

impl PinFile {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self { path: path.to_owned(), pin: read_secret(path)? })
    }
}

/// Why a ceremony was stopped from this side, where that says more than "cancelled".
#[derive(Clone, Debug, Default)]
pub struct Reason(Arc<Mutex<Option<Failure>>>);

impl Reason {
    /// The reason, if there is one, else what the engine says.
    pub fn or(&self, told: Failure) -> Failure {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(told)
    }

    fn set(&self, failure: Failure) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }
}

/// Answers the ceremonies of an engine until it is dropped.
pub struct Attendant {
    leave: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Attendant {
    /// Begins to listen.
    pub fn new(
        engine: &Engine,
        screen: Screen,
        file: Option<PinFile>,
        reason: Reason,
    ) -> Result<Self, Failure> {
        let news = engine.subscribe_prompts();
        let person =
            Person { engine: engine.clone(), screen, file, typed: None, reason, ceremony: None, stops: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (leave, left) = oneshot::channel();
        let thread = thread::spawn(move || runtime.block_on(person.attend(news, left)));
        Ok(Self { leave: Some(leave), thread: Some(thread) })
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        drop(self.leave.take());
        match self.thread.take() {
            // A question that nobody will hear the answer of is left on the screen.
            Some(_) if terminal::is_asking() => terminal::give_back(),
            Some(thread) => thread.join().unwrap_or_default(),
            None => {}
        }
    }
}

/// Who sits at the terminal.
struct Person {
    engine: Engine,
    screen: Screen,
    file: Option<PinFile>,
    /// The PIN that was typed last in this run, so that it is asked for once.
    typed: Option<SecretString>,
    reason: Reason,
    /// The ceremony that runs.
    ceremony: Option<u64>,
    /// Ctrl-C, from the first ceremony on.
    stops: Option<Stops>,
}

impl Person {
    async fn attend(mut self, mut news: broadcast::Receiver<PromptView>, mut left: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                heard = news.recv() => match heard {
                    Ok(prompt) => self.take(&prompt),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                () = next(&mut self.stops) => self.hear_stop(),
                _ = &mut left => return,
            }
        }
    }

    /// Ctrl-C ends the ceremony; without one, and without a job that listens itself, the program.
    fn hear_stop(&self) {
        match self.ceremony {
            Some(ceremony) => self.engine.cancel_ceremony(ceremony),
            None if jobs::is_at_work() => {}
            None => {
                let cancelled = Failure::of(ErrorCode::Cancelled, None, None);
                self.screen.failure(&cancelled);
                std::process::exit(i32::from(cancelled.exit.number()));
            }
        }
    }

    fn take(&mut self, prompt: &PromptView) {
        self.ceremony = Some(prompt.ceremony).filter(|_| prompt.step != PromptStep::Done);
        if self.stops.is_none() {
            // Without it Ctrl-C ends the program, as ever.
            self.stops = Stops::listen().ok();
        }
        match prompt.step {
            PromptStep::Pin => self.give_pin(prompt),
            PromptStep::NewPin => self.choose_pin(prompt),
            PromptStep::Qr => self.stop(prompt, Failure::passkey(NO_CODES)),
            PromptStep::Insert
            | PromptStep::Touch
            | PromptStep::Fingerprint
            | PromptStep::Working
            | PromptStep::Platform
            | PromptStep::PhoneConnected
            | PromptStep::Done => {
                if let Some(line) = line(prompt) {
                    self.screen.ask(&line);
                }
            }
        }
    }

    /// A wrong PIN costs one of few tries, so the one of a file is never given again after it was wrong.
    fn give_pin(&mut self, prompt: &PromptView) {
        if let Some(file) = &self.file {
            return match prompt.was_wrong {
                false => self.answer(prompt, file.pin.duplicate()),
                true => self.stop(prompt, wrong_pin(file, prompt.tries_left)),
            };
        }
        if prompt.was_wrong {
            self.typed = None;
            self.screen.ask(&format!("That PIN is wrong{}.", tries(prompt.tries_left)));
        }
        let known = self.typed.as_ref().map(SecretString::duplicate);
        self.hand_over(prompt, known.or_else(|| terminal::ask(&question(prompt))), NO_PIN);
    }

    fn choose_pin(&mut self, prompt: &PromptView) {
        let problem = prompt.problem.map(|problem| pin_problem(problem, prompt.min_length));
        match (&self.file, problem) {
            (Some(file), None) => return self.answer(prompt, file.pin.duplicate()),
            (Some(file), Some(problem)) => {
                let message = format!("the PIN in {} {problem}; choose another one", file.path.display());
                return self.stop(prompt, Failure::passkey(message));
            }
            (None, Some(problem)) => self.screen.ask(&format!("That PIN {problem}.")),
            (None, None) => self.screen.ask("Your security key has no PIN yet, and needs one."),
        }
        let chosen = self.chosen(prompt.min_length);
        self.hand_over(prompt, chosen, NO_NEW_PIN);
    }

    /// A new PIN, typed twice.
    fn chosen(&self, min_length: Option<u8>) -> Option<SecretString> {
        let fewest = min_length.map(|fewest| format!(" ({fewest} characters or more)")).unwrap_or_default();
        loop {
            let first = terminal::ask(&format!("New PIN for the security key{fewest}: "))?;
            if terminal::ask("The same PIN again: ")?.expose() == first.expose() {
                return Some(first);
            }
            self.screen.ask("The two differ.");
        }
    }

    /// Gives what was typed; an empty line says no, and without a terminal nobody could type.
    fn hand_over(&mut self, prompt: &PromptView, typed: Option<SecretString>, otherwise: &str) {
        match typed {
            Some(pin) if pin.expose().is_empty() => self.engine.cancel_ceremony(prompt.ceremony),
            Some(pin) => {
                self.typed = Some(pin.duplicate());
                self.answer(prompt, pin);
            }
            None if terminal::is_here() => self.engine.cancel_ceremony(prompt.ceremony),
            None => self.stop(prompt, Failure::passkey(otherwise)),
        }
    }

    fn answer(&self, prompt: &PromptView, pin: SecretString) {
        self.engine.answer_prompt(prompt.ceremony, pin);
    }

    fn stop(&self, prompt: &PromptView, why: Failure) {
        self.reason.set(why);
        self.engine.cancel_ceremony(prompt.ceremony);
    }
}

async fn next(stops: &mut Option<Stops>) {
    match stops {
        Some(stops) => stops.next().await,
        None => std::future::pending().await,
    }
}

const NO_PIN: &str =
    "the security key wants its PIN; give it with --pin-file, or run this on a terminal to type it";
const NO_NEW_PIN: &str =
    "the security key has no PIN; give one with --pin-file, or run this on a terminal to choose one";
const NO_CODES: &str = "a phone is reached by a code to scan; use Coffer's window for it, or a security key";

/// What to do, for a step that asks for no answer.
fn line(prompt: &PromptView) -> Option<String> {
    let device = prompt.device.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    match prompt.step {
        PromptStep::Insert => Some("Plug in your security key, or hold it to the reader".to_owned()),
        PromptStep::Touch if prompt.several => Some("Touch the security key you want to use now".to_owned()),
        PromptStep::Touch => Some(format!("Touch your security key now{device}")),
        PromptStep::Fingerprint if prompt.was_wrong => {
            Some(format!("The finger was not recognised{}; try again", tries(prompt.tries_left)))
        }
        PromptStep::Fingerprint => Some(format!("Put your finger on your security key{device}")),
        PromptStep::Platform => Some("Answer the question of your operating system".to_owned()),
        PromptStep::PhoneConnected => Some("Look at your phone".to_owned()),
        PromptStep::Pin | PromptStep::NewPin | PromptStep::Qr | PromptStep::Working | PromptStep::Done => {
            None
        }
    }
}

fn question(prompt: &PromptView) -> String {
    let device = prompt.device.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("PIN of your security key{device}: ")
}

fn tries(left: Option<u8>) -> String {
    match left {
        Some(1) => "; 1 try is left before the key locks itself".to_owned(),
        Some(left) => format!("; {left} tries are left before the key locks itself"),
        None => String::new(),
    }
}

fn wrong_pin(file: &PinFile, left: Option<u8>) -> Failure {
    let message = format!(
        "the PIN in {} is wrong; check it, it was not tried again{}",
        file.path.display(),
        tries(left)
    );
    Failure { code: "wrong_pin".to_owned(), message, exit: Exit::WrongSecret }
}

fn pin_problem(problem: PinProblem, min_length: Option<u8>) -> String {
    match (problem, min_length) {
        (PinProblem::TooShort, Some(fewest)) => {
            format!("is too short, the key takes {fewest} characters or more")
        }
        (PinProblem::TooShort, None) => "is too short".to_owned(),
        (PinProblem::TooLong, _) => "is too long, the key takes 63 bytes at most".to_owned(),
        (PinProblem::Refused, _) => "is refused by the key's own rules".to_owned(),
    }
}
