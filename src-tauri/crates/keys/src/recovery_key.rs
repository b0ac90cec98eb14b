//! The 64-digit key: made, shown in groups, checked while it is typed, read back.

use crate::damm;
use crate::digits::{self, TypedDigits};
use coffer_secret::{Entropy, Secret, SecretString};
use zeroize::Zeroize;

/// Digits of the whole key.
pub(crate) const DIGITS: usize = 64;
/// Digits of a row, its check digit included.
pub(crate) const ROW: usize = 8;
/// Digits of a group, as it is shown.
const GROUP: usize = 4;
/// A row holds a number below this: 7 random digits.
const ROW_VALUES: u32 = 10_000_000;

/// 64 decimal digits: 8 rows of 7 random digits (186 bits in all) and a check digit.
///
/// Shown once, never stored.
#[derive(Debug)]
pub struct RecoveryKey {
    /// ASCII digits, check digits included.
    digits: Secret<DIGITS>,
}

/// Why typed digits are not a 64-digit key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{digits} digits, rows {wrong_rows:?} with a typing mistake")]
pub struct DigitsError {
    /// Complete rows, from 1 to 8, whose check digit does not match.
    pub wrong_rows: Vec<u8>,
    /// Digits that were found; the key has 64.
    pub digits: usize,
    /// There is a character that is neither a digit nor a separator.
    pub has_other_characters: bool,
}

/// What can be said about digits while they are typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigitsInspection {
    /// Complete rows, from 1 to 8, whose check digit does not match.
    pub wrong_rows: Vec<u8>,
    /// Digits so far.
    pub digits: usize,
    /// There is a character that is neither a digit nor a separator.
    pub has_other_characters: bool,
    /// All 64 digits are there and every row is right.
    pub is_complete: bool,
}

impl RecoveryKey {
    /// Draws a fresh key.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let digits = Secret::derive(|digits: &mut [u8; DIGITS]| {
            digits.chunks_exact_mut(ROW).for_each(|row| make_row(row, entropy));
            Ok::<(), std::convert::Infallible>(())
        });
        Self { digits: digits.unwrap_or_else(|never| match never {}) }
    }

    /// Reads a key as it was typed, pasted or scanned.
    ///
    /// # Errors
    /// Names the rows with a typing mistake, or says how many digits there are.
    pub fn parse(typed: &SecretString) -> Result<Self, DigitsError> {
        let typed = TypedDigits::read(typed.expose());
        let inspection = inspect(&typed);
        let refused = |inspection: DigitsInspection| DigitsError {
            wrong_rows: inspection.wrong_rows,
            digits: inspection.digits,
            has_other_characters: inspection.has_other_characters,
        };
        match Secret::copy_from(typed.ascii()) {
            Some(digits) if inspection.is_complete => Ok(Self { digits }),
            Some(_) | None => Err(refused(inspection)),
        }
    }

    /// Looks at digits while they are typed. Says nothing about rows that are not complete yet.
    pub fn inspect(typed: &SecretString) -> DigitsInspection {
        inspect(&TypedDigits::read(typed.expose()))
    }

    /// The 16 groups of 4 digits, in order; two groups are a row.
    pub fn groups(&self) -> Vec<SecretString> {
        self.digits
            .expose()
            .chunks_exact(GROUP)
            .map(|group| SecretString::new(group.iter().map(|digit| char::from(*digit)).collect()))
            .collect()
    }

    /// Compares a typed group with the group of this number, from 1 to 16, in constant time.
    pub fn group_matches(&self, number: usize, typed: &SecretString) -> bool {
        let typed = TypedDigits::read(typed.expose());
        let group =
            number.checked_sub(1).and_then(|index| self.digits.expose().chunks_exact(GROUP).nth(index));
        let (Some(group), false) = (group, typed.has_other_characters()) else { return false };
        digits::matches(group, typed.ascii())
    }

    /// Compares two keys in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.digits.matches(&other.digits)
    }

    /// A second copy, where two owners each need the key.
    pub fn duplicate(&self) -> Self {
        Self { digits: self.digits.duplicate() }
    }

    /// The 64 ASCII digits, for key derivation, the sheet and the QR code. Keep the scope small.
    pub const fn digits(&self) -> &Secret<DIGITS> {
        &self.digits
    }
}

fn inspect(typed: &TypedDigits) -> DigitsInspection {
    let wrong_rows: Vec<u8> = (1..)
        .zip(typed.ascii().chunks_exact(ROW).take(DIGITS / ROW))
        .filter(|(_, row)| damm::check_digit(row.iter().map(|digit| digit - b'0')) != 0)
        .map(|(number, _)| number)
        .collect();
    let digits = typed.ascii().len();
    let has_other_characters = typed.has_other_characters();
    let is_complete = digits == DIGITS && wrong_rows.is_empty() && !has_other_characters;
    DigitsInspection { wrong_rows, digits, has_other_characters, is_complete }
}

/// Fills one row: 7 digits of a number without bias, then its check digit.
fn make_row(row: &mut [u8], entropy: &dyn Entropy) {
    let mut value = make_row_value(entropy);
    let (check, random) = row.split_last_mut().expect("a row has 8 digits");
    for digit in random.iter_mut().rev() {
        *digit = u8::try_from(value % 10).expect("a decimal digit");
        value /= 10;
    }
    *check = damm::check_digit(random.iter().copied());
    row.iter_mut().for_each(|digit| *digit += b'0');
    value.zeroize();
}

/// Draws a number below [`ROW_VALUES`]: 24 random bits, drawn again while they are too large, so that no number is likelier.
fn make_row_value(entropy: &dyn Entropy) -> u32 {
    let mut bytes = [0_u8; 4];
    loop {
        entropy.fill(&mut bytes[1..]);
        let value = u32::from_be_bytes(bytes);
        if value < ROW_VALUES {
            bytes.zeroize();
            return value;
        }
    }
}
