//! How strong a password is, and random words that make a strong one.

use bip39::Language;
use coffer_secret::{Entropy, SecretString};
use zeroize::Zeroize;
use zxcvbn::feedback::{Suggestion, Warning};

/// Characters that a password needs at least.
const MINIMUM_CHARACTERS: usize = 12;
/// Least score that is accepted: zxcvbn's "safely unguessable".
const MINIMUM_SCORE: u8 = 3;
/// Words of a suggested password: 66 random bits, each guess of which costs one Argon2id.
const WORDS: usize = 6;

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
    /// What would make it better, most useful first: ids of messages out of [`PASSWORD_TIPS`].
    pub tips: Vec<&'static str>,
}

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Fewer than 12 characters.
    TooShort,
    /// Like one of the passwords that are tried first.
    Common,
    /// Guessable in too few tries.
    Guessable,
}

/// Every id that [`PasswordEstimate::tips`] can hold.
pub const PASSWORD_TIPS: [&str; 11] = [
    "longer",
    "more_words",
    "uncommon_words",
    "no_symbols_needed",
    "capitals",
    "reversed_words",
    "substitutions",
    "keyboard_rows",
    "repeats",
    "sequences",
    "dates",
];

/// Estimates a password. Nothing leaves this process.
pub fn estimate_password(password: &SecretString) -> PasswordEstimate {
    let text = password.expose();
    let estimate = zxcvbn::zxcvbn(text, &[]);
    let characters = text.chars().count();
    let score = u8::from(estimate.score());
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    let problem = problem(characters, score, warning);
    let suggestions = estimate.feedback().map(|feedback| feedback.suggestions()).unwrap_or_default();
    let longer = (characters < MINIMUM_CHARACTERS).then_some("longer");
    let mut tips: Vec<&'static str> = Vec::new();
    for tip in longer.into_iter().chain(suggestions.iter().copied().map(tip)) {
        if !tips.contains(&tip) {
            tips.push(tip);
        }
    }
    PasswordEstimate {
        score,
        guesses_log10: estimate.guesses_log10(),
        characters,
        is_accepted: problem.is_none(),
        problem,
        tips,
    }
}

/// Draws 6 random words out of BIP 39's English list, with dashes between them.
pub fn suggest_password(entropy: &dyn Entropy) -> SecretString {
    let list = Language::English.word_list();
    // Reserved once: a text that grows leaves copies of itself behind. The longest word has 8 letters.
    let mut text = String::with_capacity(WORDS * 9);
    for _ in 0..WORDS {
        let mut bytes = [0_u8; 2];
        entropy.fill(&mut bytes);
        // 2048 words: 11 of 16 random bits choose without bias.
        let word = list[usize::from(u16::from_be_bytes(bytes) & 0x07ff)];
        bytes.zeroize();
        if !text.is_empty() {
            text.push('-');
        }
        text.push_str(word);
    }
    SecretString::new(text)
}

fn problem(characters: usize, score: u8, warning: Option<Warning>) -> Option<PasswordProblem> {
    if characters < MINIMUM_CHARACTERS {
        return Some(PasswordProblem::TooShort);
    }
    if score >= MINIMUM_SCORE {
        return None;
    }
    let is_common = matches!(
        warning,
        Some(
            Warning::ThisIsATop10Password
                | Warning::ThisIsATop100Password
                | Warning::ThisIsACommonPassword
                | Warning::ThisIsSimilarToACommonlyUsedPassword
        )
    );
    Some(if is_common { PasswordProblem::Common } else { PasswordProblem::Guessable })
}

const fn tip(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => "uncommon_words",
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => "no_symbols_needed",
        Suggestion::AddAnotherWordOrTwo => "more_words",
        Suggestion::CapitalizationDoesntHelpVeryMuch
        | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => "capitals",
        Suggestion::ReversedWordsArentMuchHarderToGuess => "reversed_words",
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => "substitutions",
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => "keyboard_rows",
        Suggestion::AvoidRepeatedWordsAndCharacters => "repeats",
        Suggestion::AvoidSequences => "sequences",
        Suggestion::AvoidRecentYears
        | Suggestion::AvoidYearsThatAreAssociatedWithYou
        | Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => "dates",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_secret::testing::SeededEntropy;

    fn estimate(text: &str) -> PasswordEstimate {
        estimate_password(&SecretString::new(text.to_owned()))
    }

    #[test]
    fn a_short_password_is_refused_and_told_to_grow() {
        let estimate = estimate("k7$Vq!z2Pw");

        assert_eq!(estimate.problem, Some(PasswordProblem::TooShort));
        assert_eq!(estimate.tips.first(), Some(&"longer"));
    }

    #[test]
    fn a_long_common_password_is_refused_as_common() {
        let estimate = estimate("passwordpassword");

        assert!(!estimate.is_accepted);
        assert!(estimate.score < 3 && estimate.characters == 16);
    }

    #[test]
    fn twelve_letters_in_a_row_are_guessable() {
        let estimate = estimate("abcdefghijklmnop");

        assert_eq!(estimate.problem, Some(PasswordProblem::Guessable));
        assert!(estimate.tips.contains(&"sequences"));
    }

    #[test]
    fn a_suggested_password_has_six_words_and_the_best_score() {
        let suggested = suggest_password(&SeededEntropy::new(1));
        let estimate = estimate_password(&suggested);

        assert_eq!(suggested.expose().split('-').count(), 6);
        assert!(suggested.expose().split('-').all(|word| Language::English.find_word(word).is_some()));
        assert_eq!((estimate.score, estimate.is_accepted), (4, true));
    }

    #[test]
    fn two_suggestions_differ() {
        let entropy = SeededEntropy::new(1);

        assert_ne!(suggest_password(&entropy).expose(), suggest_password(&entropy).expose());
    }

    #[test]
    fn nothing_long_or_strange_stops_the_estimate() {
        assert!(estimate(&"ö\u{202e}€".repeat(50_000)).characters == 150_000);
        assert_eq!(estimate("").problem, Some(PasswordProblem::TooShort));
    }

    #[test]
    fn every_tip_is_in_the_published_list() {
        let seen =
            ["a", "abcdefgh", "P@ssw0rd", "19871987", "drowssap", "qwertyuiop", "aaaaaaaa", "2019", ""];

        let tips = seen.iter().flat_map(|text| estimate(text).tips).collect::<Vec<_>>();

        assert!(tips.iter().all(|tip| PASSWORD_TIPS.contains(tip)), "{tips:?}");
    }
}
