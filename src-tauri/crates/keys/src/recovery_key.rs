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

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_secret::testing::SeededEntropy;
    use proptest::prelude::*;

    fn key(seed: u64) -> RecoveryKey {
        RecoveryKey::make(&SeededEntropy::new(seed))
    }

    fn text(key: &RecoveryKey) -> String {
        String::from_utf8(key.digits().expose().to_vec()).unwrap()
    }

    fn first(text: &str, count: usize) -> String {
        text.chars().take(count).collect()
    }

    fn secret(text: &str) -> SecretString {
        SecretString::new(text.to_owned())
    }

    /// Entropy that gives out given bytes.
    struct Given(std::sync::Mutex<std::collections::VecDeque<u8>>);

    impl Entropy for Given {
        fn fill(&self, bytes: &mut [u8]) {
            let mut given = self.0.lock().unwrap();
            bytes.iter_mut().for_each(|byte| *byte = given.pop_front().unwrap());
        }
    }

    #[test]
    fn a_number_that_is_too_large_is_drawn_again() {
        // 0xffffff and 10,000,000 are refused, 9,999,999 is the largest row, 0 the smallest.
        let drawn = [[0xff, 0xff, 0xff], [0x98, 0x96, 0x80], [0x98, 0x96, 0x7f], [0, 0, 0]].concat();
        let entropy = Given(std::sync::Mutex::new(drawn.into()));

        let rows = [make_row_value(&entropy), make_row_value(&entropy)];

        assert_eq!(rows, [9_999_999, 0]);
    }

    #[test]
    fn a_row_keeps_its_leading_zeros() {
        let entropy = Given(std::sync::Mutex::new([0, 0x02, 0x3c].into()));
        let mut row = [0_u8; ROW];

        make_row(&mut row, &entropy);

        // 572, whose check digit is 4, behind zeros, which leave Damm's sum at 0.
        assert_eq!(&row, b"00005724");
    }

    #[test]
    fn a_key_is_read_back_as_it_is_shown() {
        let key = key(1);
        let shown: Vec<String> = key.groups().iter().map(|group| group.expose().to_owned()).collect();

        let read = [" ", "-", "\n", "", " – "]
            .map(|between| RecoveryKey::parse(&secret(&shown.join(between))).unwrap());

        assert_eq!((shown.len(), shown[0].len()), (16, 4));
        assert!(read.iter().all(|read| read.matches(&key)));
    }

    #[test]
    fn two_keys_differ() {
        let entropy = SeededEntropy::new(1);

        assert!(!RecoveryKey::make(&entropy).matches(&RecoveryKey::make(&entropy)));
    }

    #[test]
    fn a_row_is_judged_only_when_it_is_complete() {
        let digits = text(&key(1));
        let wrong = format!("{}{}", first(&digits, 7), (digits.as_bytes()[7] - b'0' + 1) % 10);

        assert_eq!(RecoveryKey::inspect(&secret(&first(&wrong, 7))).wrong_rows, Vec::<u8>::new());
        assert_eq!(RecoveryKey::inspect(&secret(&wrong)).wrong_rows, [1]);
    }

    #[test]
    fn a_refusal_names_rows_and_never_digits() {
        let mut digits = text(&key(1)).into_bytes();
        digits.swap(0, 1);
        digits[63] = b'0' + (digits[63] - b'0' + 1) % 10;

        let refused = RecoveryKey::parse(&secret(std::str::from_utf8(&digits).unwrap())).unwrap_err();

        assert_eq!(refused.to_string(), "64 digits, rows [1, 8] with a typing mistake");
    }

    #[test]
    fn a_key_with_a_digit_too_many_or_a_letter_is_refused() {
        let digits = text(&key(1));

        assert!(RecoveryKey::parse(&secret(&format!("{digits}0"))).is_err());
        assert!(RecoveryKey::parse(&secret(&format!("{digits}x"))).is_err());
        assert!(RecoveryKey::parse(&secret(&first(&digits, 56))).is_err());
        assert!(RecoveryKey::parse(&secret("")).is_err());
    }

    #[test]
    fn a_group_matches_only_itself() {
        let key = key(1);
        let groups = key.groups();

        assert!(
            key.group_matches(1, &groups[0])
                && key.group_matches(16, &secret(&format!(" {} ", groups[15].expose())))
        );
        assert!(!key.group_matches(2, &groups[0]));
        assert!(!key.group_matches(0, &groups[0]) && !key.group_matches(17, &groups[15]));
        assert!(
            !key.group_matches(1, &secret(""))
                && !key.group_matches(1, &secret(&first(groups[0].expose(), 3)))
        );
    }

    proptest! {
        #[test]
        fn every_wrong_digit_is_named_by_its_row(seed: u64, at in 0..DIGITS, by in 1..10_u8) {
            let mut digits = text(&key(seed)).into_bytes();
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;

            let refused = RecoveryKey::parse(&secret(std::str::from_utf8(&digits).unwrap())).unwrap_err();

            prop_assert_eq!(refused.wrong_rows, vec![u8::try_from(at / ROW + 1).unwrap()]);
        }

        #[test]
        fn every_swap_of_neighbours_in_a_row_is_named(seed: u64, row in 0..8_usize, at in 0..7_usize) {
            let mut digits = text(&key(seed)).into_bytes();
            let first = row * ROW + at;
            prop_assume!(digits[first] != digits[first + 1]);
            digits.swap(first, first + 1);

            let refused = RecoveryKey::parse(&secret(std::str::from_utf8(&digits).unwrap())).unwrap_err();

            prop_assert_eq!(refused.wrong_rows, vec![u8::try_from(row + 1).unwrap()]);
        }

        #[test]
        fn nothing_typed_panics(typed in ".*") {
            let inspection = RecoveryKey::inspect(&secret(&typed));

            prop_assert_eq!(RecoveryKey::parse(&secret(&typed)).is_ok(), inspection.is_complete);
        }
    }
}
