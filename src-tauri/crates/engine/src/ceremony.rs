//! One passkey ceremony at a time: its steps go out to the screen, the person's answers come back in.

use crate::error::Error;
use crate::progress::lock;
use crate::view::{PinProblem, PromptPurpose, PromptStep, PromptView};
use coffer_passkey::{Answer, Cancel, Ceremony, NewPinProblem, PasskeyError, Prompt, Prompts};
use coffer_secret::SecretString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;

/// Steps a slow listener may fall behind before it loses the oldest.
const CAPACITY: usize = 64;

/// The ceremonies of one engine. Clones are the same.
#[derive(Clone)]
pub(crate) struct Ceremonies(Arc<Inner>);

struct Inner {
    news: broadcast::Sender<PromptView>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    running: Option<Running>,
}

struct Running {
    id: u64,
    purpose: PromptPurpose,
    cancel: Cancel,
    /// Where what the person types goes, while something is asked.
    answer: Option<Answer>,
}

impl Default for Ceremonies {
    fn default() -> Self {
        Self(Arc::new(Inner { news: broadcast::channel(CAPACITY).0, state: Mutex::default() }))
    }
}

impl Ceremonies {
    /// Hears every step.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<PromptView> {
        self.0.news.subscribe()
    }

    /// Runs a ceremony to its end. Blocks; no lock of the engine may be held.
    ///
    /// # Errors
    /// [`Error::Busy`] while another one runs; [`Error::Passkey`] for whatever the authenticator says. A provider that panics is
    /// one whose answer cannot be read.
    pub(crate) fn run<T>(
        &self,
        purpose: PromptPurpose,
        ceremony: impl FnOnce(&RunningCeremony) -> Result<T, PasskeyError>,
    ) -> Result<T, Error> {
        let running = self.begin(purpose)?;
        let ended = catch_unwind(AssertUnwindSafe(|| ceremony(&running)));
        ended.unwrap_or(Err(PasskeyError::Malformed)).map_err(Error::from)
    }

    /// Gives what the person typed. A ceremony that is over, or asks nothing now, does not hear it.
    pub(crate) fn answer(&self, id: u64, secret: SecretString) {
        let mut state = lock(&self.0.state);
        let running = state.running.as_mut().filter(|running| running.id == id);
        let asked = running.and_then(|running| running.answer.take());
        drop(state);
        if let Some(asked) = asked {
            asked.give(secret);
        }
    }

    /// Stops a ceremony; the one that runs when `id` is `None`.
    pub(crate) fn cancel(&self, id: Option<u64>) {
        let mut state = lock(&self.0.state);
        let running = state.running.as_mut().filter(|running| id.is_none_or(|id| id == running.id));
        let Some(running) = running else { return };
        // An answer that is dropped says no as well.
        drop(running.answer.take());
        running.cancel.cancel();
    }

    fn begin(&self, purpose: PromptPurpose) -> Result<RunningCeremony, Error> {
        let mut state = lock(&self.0.state);
        if state.running.is_some() {
            return Err(Error::Busy);
        }
        state.last += 1;
        let (id, cancel) = (state.last, Cancel::default());
        state.running = Some(Running { id, purpose, cancel: cancel.clone(), answer: None });
        let prompts = Arc::new(Screen { ceremonies: self.clone(), id });
        Ok(RunningCeremony { ceremonies: self.clone(), id, person: Ceremony { prompts, cancel } })
    }
}

/// A ceremony that runs: its end is told when this is dropped, however it ended.
pub(crate) struct RunningCeremony {
    ceremonies: Ceremonies,
    id: u64,
    /// What a provider gets.
    pub(crate) person: Ceremony,
}

impl RunningCeremony {
    /// What follows is asked for another reason.
    pub(crate) fn go_on(&self, purpose: PromptPurpose) {
        let mut state = lock(&self.ceremonies.0.state);
        if let Some(running) = state.running.as_mut().filter(|running| running.id == self.id) {
            running.purpose = purpose;
        }
    }
}

impl Drop for RunningCeremony {
    fn drop(&mut self) {
        let mut state = lock(&self.ceremonies.0.state);
        if let Some(running) = state.running.take_if(|running| running.id == self.id) {
            // Sent while the state is held: no step of a provider's thread that lives on can come after it.
            self.ceremonies.0.news.send(view(self.id, running.purpose, PromptStep::Done)).ok();
        }
    }
}

/// Passes the steps of one ceremony on, as long as it runs.
struct Screen {
    ceremonies: Ceremonies,
    id: u64,
}

impl Prompts for Screen {
    fn show(&self, prompt: Prompt) {
        let mut state = lock(&self.ceremonies.0.state);
        let Some(running) = state.running.as_mut().filter(|running| running.id == self.id) else { return };
        let (shown, answer) = to_view(self.id, running.purpose, prompt);
        running.answer = answer;
        // Without a listener nobody answers, and the ceremony ends by its own time limit.
        self.ceremonies.0.news.send(shown).ok();
    }
}

fn view(ceremony: u64, purpose: PromptPurpose, step: PromptStep) -> PromptView {
    PromptView {
        ceremony,
        purpose,
        step,
        device: None,
        several: false,
        was_wrong: false,
        tries_left: None,
        min_length: None,
        problem: None,
        qr: None,
    }
}

/// A step as the screen shows it, and where its answer goes.
fn to_view(ceremony: u64, purpose: PromptPurpose, prompt: Prompt) -> (PromptView, Option<Answer>) {
    let step = |step| view(ceremony, purpose, step);
    match prompt {
        Prompt::Insert => (step(PromptStep::Insert), None),
        Prompt::Touch { device, several } => {
            (PromptView { device, several, ..step(PromptStep::Touch) }, None)
        }
        Prompt::Pin { device, was_wrong, tries_left, answer } => {
            (PromptView { device, was_wrong, tries_left, ..step(PromptStep::Pin) }, Some(answer))
        }
        Prompt::NewPin { device, min_length, problem, answer } => {
            let problem = problem.map(pin_problem);
            let shown =
                PromptView { device, min_length: Some(min_length), problem, ..step(PromptStep::NewPin) };
            (shown, Some(answer))
        }
        Prompt::Fingerprint { device, was_wrong, tries_left } => {
            (PromptView { device, was_wrong, tries_left, ..step(PromptStep::Fingerprint) }, None)
        }
        Prompt::Working => (step(PromptStep::Working), None),
        Prompt::PlatformDialog => (step(PromptStep::Platform), None),
        Prompt::Qr { text } => {
            (PromptView { qr: Some(text.expose().to_owned()), ..step(PromptStep::Qr) }, None)
        }
        Prompt::PhoneConnected => (step(PromptStep::PhoneConnected), None),
    }
}

fn pin_problem(problem: NewPinProblem) -> PinProblem {
    match problem {
        NewPinProblem::TooShort => PinProblem::TooShort,
        NewPinProblem::TooLong => PinProblem::TooLong,
        NewPinProblem::Refused => PinProblem::Refused,
    }
}
