//! Digits as people type, paste or scan them: any script, any separators, with or without the numbers of the groups.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The zero of each run of ten decimal digits that is accepted: ASCII, Arabic-Indic, Persian, N'Ko, the scripts of India,
/// Thai, Lao, Tibetan, Burmese, Khmer, and full-width.
const ZEROS: [char; 19] = [
    '0', '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}',
    '\u{C66}', '\u{CE6}', '\u{D66}', '\u{E50}', '\u{ED0}', '\u{F20}', '\u{1040}', '\u{17E0}', '\u{FF10}',
];
/// Numbers printed before the groups of a whole key.
const GROUPS: usize = 16;

/// What was typed, as ASCII digits. Zeroed on drop.
pub(crate) struct TypedDigits {
    ascii: Zeroizing<Vec<u8>>,
    has_other_characters: bool,
}

impl TypedDigits {
    /// Takes the digits out of a text.
    pub(crate) fn read(text: &str) -> Self {
        // Reserved once: a vector that grows leaves copies of its bytes behind.
        let mut ascii = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut runs = Vec::with_capacity(text.len());
        let mut has_other_characters = false;
        let mut is_in_run = false;
        for character in text.chars() {
            let digit = digit_value(character);
            match digit {
                Some(value) => {
                    if !is_in_run {
                        runs.push(ascii.len());
                    }
                    ascii.push(b'0' + value);
                }
                None => has_other_characters |= !is_separator(character),
            }
            is_in_run = digit.is_some();
        }
        Self { ascii: without_group_numbers(ascii, &runs), has_other_characters }
    }

    pub(crate) fn ascii(&self) -> &[u8] {
        &self.ascii
    }

    pub(crate) const fn has_other_characters(&self) -> bool {
        self.has_other_characters
    }
}

/// Compares digits in constant time.
pub(crate) fn matches(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Drops the numbers 1 to 16 when they stand before 16 groups of 4, as they do in a paste from the sheet.
fn without_group_numbers(ascii: Zeroizing<Vec<u8>>, runs: &[usize]) -> Zeroizing<Vec<u8>> {
    if runs.len() != GROUPS * 2 {
        return ascii;
    }
    let ends = runs.iter().skip(1).copied().chain([ascii.len()]);
    let runs: Vec<&[u8]> = runs.iter().zip(ends).map(|(start, end)| &ascii[*start..end]).collect();
    let is_numbered = (1..=GROUPS)
        .zip(runs.chunks_exact(2))
        .all(|(number, pair)| pair[0] == number.to_string().as_bytes() && pair[1].len() == 4);
    if !is_numbered {
        return ascii;
    }
    Zeroizing::new(runs.chunks_exact(2).flat_map(|pair| pair[1]).copied().collect())
}

fn digit_value(character: char) -> Option<u8> {
    ZEROS.iter().find_map(|zero| {
        let distance = u32::from(character).checked_sub(u32::from(*zero))?;
        u8::try_from(distance).ok().filter(|value| *value < 10)
    })
}

/// White space, dashes, dots, and the invisible marks that come along in a paste.
const fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '_' | '.' | ',' | ':' | ';' | '/' | '|' | '·' | '•' | '\u{AD}' | '\u{60C}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
                | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{61C}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool) {
        let typed = TypedDigits::read(text);
        (String::from_utf8(typed.ascii().to_vec()).unwrap(), typed.has_other_characters())
    }

    #[test]
    fn digits_of_any_script_are_read() {
        assert_eq!(read("0123456789"), ("0123456789".to_owned(), false));
        assert_eq!(read("٠١٢٣٤٥٦٧٨٩"), ("0123456789".to_owned(), false));
        assert_eq!(read("۰۱۲۳۴۵۶۷۸۹"), ("0123456789".to_owned(), false));
        assert_eq!(read("０１２３４５６７８９"), ("0123456789".to_owned(), false));
        assert_eq!(read("०१२३४५६७८९"), ("0123456789".to_owned(), false));
    }

    #[test]
    fn separators_are_passed_over() {
        let pasted = "\u{feff}1234 5678\u{a0}-\u{2013}9012\r\n\u{200f}3456\u{2069}\t7890";

        assert_eq!(read(pasted), ("12345678901234567890".to_owned(), false));
    }

    #[test]
    fn a_letter_is_reported() {
        assert_eq!(read("12O4"), ("124".to_owned(), true));
        assert_eq!(read("½"), (String::new(), true));
    }

    #[test]
    fn the_numbers_of_the_groups_are_dropped_from_a_paste_of_the_sheet() {
        let sheet: String = (1..=16).map(|number| format!("{number}. {:04}\n", number * 11)).collect();
        let digits: String = (1..=16).map(|number| format!("{:04}", number * 11)).collect();

        assert_eq!(read(&sheet), (digits, false));
    }

    #[test]
    fn numbers_that_do_not_count_the_groups_are_kept() {
        let shuffled: String = (1..=16).rev().map(|number| format!("{number} 0000 ")).collect();

        assert_eq!(read(&shuffled).0.len(), 16 * 4 + 9 + 14);
    }
}
