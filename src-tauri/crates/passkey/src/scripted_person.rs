//! A person for tests: answers questions with what it was told, and remembers what it was shown.

use crate::{Answer, Cancel, Ceremony, NewPinProblem, Prompt, Prompts};
use coffer_secret::SecretString;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that happens when a prompt is shown.
type Reaction = Box<dyn Fn() + Send + Sync>;

/// Shows prompts to nobody.
///
/// A question for which no answer is left is dropped, which cancels.
#[derive(Default)]
pub struct ScriptedPerson {
    answers: Mutex<VecDeque<String>>,
    seen: Mutex<Vec<String>>,
    reactions: Mutex<Vec<(String, Reaction)>>,
    cancel: Cancel,
}

impl ScriptedPerson {
    /// One that gives these answers, in order.
    pub fn with(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().map(|&answer| answer.to_owned()).collect();
        Arc::new(Self { answers: Mutex::new(answers), ..Self::default() })
    }

    /// Does something each time the prompt of that word is shown, on the ceremony's thread: plug a key in, cancel.
    pub fn when(&self, word: &str, reaction: impl Fn() + Send + Sync + 'static) {
        lock(&self.reactions).push((word.to_owned(), Box::new(reaction)));
    }

    /// Cancels the ceremony when the prompt of that word is shown.
    pub fn cancel_when(&self, word: &str) {
        let cancel = self.cancel.clone();
        self.when(word, move || cancel.cancel());
    }

    /// The ceremony of this person.
    pub fn ceremony(self: &Arc<Self>) -> Ceremony {
        let prompts: Arc<dyn Prompts> = self.clone();
        Ceremony { prompts, cancel: self.cancel.clone() }
    }

    /// What was shown: `insert`, `touch`, `touch one`, `pin 8`, `pin wrong 7`, `new pin 4`, `new pin 4 too short`,
    /// `finger 3`, `finger wrong 2`, `platform`, `qr`, `phone`. `working` is left out: whether it comes between two others
    /// depends on how fast the key is.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.seen).iter().filter(|word| *word != "working").cloned().collect()
    }

    fn reply(&self, answer: Answer) {
        if let Some(text) = lock(&self.answers).pop_front() {
            answer.give(SecretString::new(text));
        }
    }
}

impl Prompts for ScriptedPerson {
    fn show(&self, prompt: Prompt) {
        let (word, answer) = words(prompt);
        lock(&self.seen).push(word.clone());
        for (_, reaction) in lock(&self.reactions).iter().filter(|(to, _)| *to == word) {
            reaction();
        }
        if let Some(answer) = answer {
            self.reply(answer);
        }
    }
}

/// A prompt as tests read it, and the way back.
fn words(prompt: Prompt) -> (String, Option<Answer>) {
    let wrong = |was_wrong| if was_wrong { " wrong" } else { "" };
    let number = |number: Option<u8>| number.map_or_else(String::new, |number| format!(" {number}"));
    match prompt {
        Prompt::Insert => ("insert".to_owned(), None),
        Prompt::Touch { device: _, several } => {
            (if several { "touch one" } else { "touch" }.to_owned(), None)
        }
        Prompt::Pin { device: _, was_wrong, tries_left, answer } => {
            (format!("pin{}{}", wrong(was_wrong), number(tries_left)), Some(answer))
        }
        Prompt::NewPin { device: _, min_length, problem, answer } => {
            let problem = match problem {
                None => "",
                Some(NewPinProblem::TooShort) => " too short",
                Some(NewPinProblem::TooLong) => " too long",
                Some(NewPinProblem::Refused) => " refused",
            };
            (format!("new pin {min_length}{problem}"), Some(answer))
        }
        Prompt::Fingerprint { device: _, was_wrong, tries_left } => {
            (format!("finger{}{}", wrong(was_wrong), number(tries_left)), None)
        }
        Prompt::Working => ("working".to_owned(), None),
        Prompt::PlatformDialog => ("platform".to_owned(), None),
        Prompt::Qr { text: _ } => ("qr".to_owned(), None),
        Prompt::PhoneConnected => ("phone".to_owned(), None),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
