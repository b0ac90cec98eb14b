//! How one scripted ceremony goes: its prompts, and its end.

use crate::{Answer, AuthenticatorKind, Ceremony, NewPinProblem, PasskeyError, Prompt};
use coffer_secret::SecretString;
use tokio::sync::oneshot;

/// One thing that happens in a scripted ceremony.
#[derive(Clone, Debug)]
pub enum Step {
    /// [`Prompt::Insert`].
    Insert,
    /// [`Prompt::Touch`].
    Touch {
        /// Several keys wait.
        several: bool,
    },
    /// [`Prompt::Pin`], again and again until the right one comes. After the last try: [`PasskeyError::PinBlocked`].
    Pin {
        /// The PIN that is taken. Not a secret: a test made it up.
        right: &'static str,
        /// Tries that are left at first.
        tries: u8,
    },
    /// [`Prompt::NewPin`], again and again until one comes that is long enough.
    NewPin {
        /// Fewest characters.
        min_length: u8,
    },
    /// [`Prompt::Fingerprint`].
    Fingerprint {
        /// The last finger was not recognised.
        was_wrong: bool,
        /// Tries that are left.
        tries_left: Option<u8>,
    },
    /// [`Prompt::Working`].
    Working,
    /// [`Prompt::PlatformDialog`].
    PlatformDialog,
    /// [`Prompt::Qr`].
    Qr {
        /// The text of the code. Not a secret: a test made it up.
        text: &'static str,
    },
    /// [`Prompt::PhoneConnected`].
    PhoneConnected,
    /// Nothing, until somebody cancels.
    UntilCancelled,
}

/// What one ceremony shows, and how it ends.
#[derive(Clone, Debug, Default)]
pub struct Script {
    device: Option<String>,
    steps: Vec<Step>,
    failure: Option<PasskeyError>,
}

impl Script {
    /// A ceremony that shows nothing and ends well.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the kind usually shows.
    pub fn usual(kind: AuthenticatorKind) -> Self {
        match kind {
            AuthenticatorKind::Platform => Self::new().then(Step::PlatformDialog),
            AuthenticatorKind::SecurityKey => Self::new().then(Step::Touch { several: false }),
            AuthenticatorKind::Phone => {
                Self::new().then(Step::Qr { text: "FIDO:/0123456789" }).then(Step::PhoneConnected)
            }
        }
    }

    /// Names the device in every prompt.
    #[must_use]
    pub fn on(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    /// Adds a step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Ends with a failure, after the steps.
    #[must_use]
    pub fn fails(mut self, failure: PasskeyError) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Plays it to its end.
    pub(super) fn play(self, ceremony: &Ceremony) -> Result<(), PasskeyError> {
        let Self { device, steps, failure } = self;
        for step in steps {
            if ceremony.cancel.is_cancelled() {
                return Err(PasskeyError::Cancelled);
            }
            play_step(step, device.clone(), ceremony)?;
        }
        failure.map_or(Ok(()), Err)
    }
}

fn play_step(step: Step, device: Option<String>, ceremony: &Ceremony) -> Result<(), PasskeyError> {
    let prompt = match step {
        Step::Insert => Prompt::Insert,
        Step::Touch { several } => Prompt::Touch { device, several },
        Step::Pin { right, tries } => return ask_pin(right, tries, device, ceremony),
        Step::NewPin { min_length } => return ask_new_pin(min_length, device, ceremony),
        Step::Fingerprint { was_wrong, tries_left } => Prompt::Fingerprint { device, was_wrong, tries_left },
        Step::Working => Prompt::Working,
        Step::PlatformDialog => Prompt::PlatformDialog,
        Step::Qr { text } => Prompt::Qr { text: SecretString::new(text.to_owned()) },
        Step::PhoneConnected => Prompt::PhoneConnected,
        Step::UntilCancelled => {
            block_on(ceremony.cancel.cancelled());
            return Err(PasskeyError::Cancelled);
        }
    };
    ceremony.prompts.show(prompt);
    Ok(())
}

fn ask_pin(right: &str, tries: u8, device: Option<String>, ceremony: &Ceremony) -> Result<(), PasskeyError> {
    for left in (1..=tries).rev() {
        let (answer, given) = Answer::channel();
        ceremony.prompts.show(Prompt::Pin {
            device: device.clone(),
            was_wrong: left < tries,
            tries_left: Some(left),
            answer,
        });
        if wait_for(given, ceremony)?.expose() == right {
            return Ok(());
        }
    }
    Err(PasskeyError::PinBlocked)
}

fn ask_new_pin(min_length: u8, device: Option<String>, ceremony: &Ceremony) -> Result<(), PasskeyError> {
    let mut problem = None;
    loop {
        let (answer, given) = Answer::channel();
        ceremony.prompts.show(Prompt::NewPin { device: device.clone(), min_length, problem, answer });
        if wait_for(given, ceremony)?.expose().chars().count() >= usize::from(min_length) {
            return Ok(());
        }
        problem = Some(NewPinProblem::TooShort);
    }
}

fn wait_for(
    given: oneshot::Receiver<SecretString>,
    ceremony: &Ceremony,
) -> Result<SecretString, PasskeyError> {
    block_on(async {
        tokio::select! {
            biased;
            () = ceremony.cancel.cancelled() => Err(PasskeyError::Cancelled),
            answer = given => answer.map_err(|_| PasskeyError::Cancelled),
        }
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without timers and input takes nothing that can be missing")
        .block_on(future)
}
