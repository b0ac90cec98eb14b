//! How strong a password is, and random words that make a strong one.

use coffer_secret::{Entropy, SecretString};

/// How hard a password is to guess.
#[derive(Clone, Debug, PartialEq)]
pub struct PasswordEstimate {
    /// 0 (guessed at once) to 4 (very hard to guess).
    pub score: u8,
    /// Number of guesses, as a power of ten.
    pub guesses_log10: f64,
    /// Characters in it.
    pub characters: usize,
    /// Long enough and not easily guessed.
    pub is_accepted: bool,
    /// Why it is not accepted.
    pub problem: Option<PasswordProblem>,
    /// What would make it better: ids of messages.
    pub tips: Vec<&'static str>,
}

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Fewer than 12 characters.
    TooShort,
    /// One of the passwords that are tried first.
    Common,
    /// Guessable in too few tries.
    Guessable,
}

/// Estimates a password. Nothing leaves this process.
pub fn estimate_password(password: &SecretString) -> PasswordEstimate {
    let _ = password;
    unimplemented!()
}

/// Draws 6 random words, with dashes between them.
pub fn suggest_password(entropy: &dyn Entropy) -> SecretString {
    let _ = entropy;
    unimplemented!()
}
