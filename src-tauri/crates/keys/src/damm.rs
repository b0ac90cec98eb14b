//! The check digit of each row of the 64-digit key.

/// Damm's totally anti-symmetric quasigroup of order 10 (H. M. Damm, 2004): finds every wrong digit and every swap
/// of two neighbours.
const TABLE: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The check digit of a run of digits, each 0 to 9. A run with its own check digit behind it gives 0.
pub(crate) fn check_digit(digits: impl IntoIterator<Item = u8>) -> u8 {
    digits.into_iter().fold(0, |interim, digit| TABLE[usize::from(interim)][usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_has_its_check_digit() {
        // "572" has check digit 4: Damm's thesis, and every later description.
        assert_eq!(check_digit([5, 7, 2]), 4);
        assert_eq!(check_digit([5, 7, 2, 4]), 0);
    }

    #[test]
    fn the_table_finds_every_wrong_digit_and_every_swap() {
        let rows_are_permutations = TABLE.iter().all(|row| (0..10).all(|digit| row.contains(&digit)));
        let swaps_are_found = (0..10_u8).all(|interim| {
            (0..10_u8).all(|a| {
                (0..10_u8).all(|b| {
                    a == b || {
                        let step = |from: u8, digit: u8| TABLE[usize::from(from)][usize::from(digit)];
                        step(step(interim, a), b) != step(step(interim, b), a)
                    }
                })
            })
        });
        let diagonal_is_zero = (0..10).all(|digit| TABLE[digit][digit] == 0);

        assert!(rows_are_permutations && swaps_are_found && diagonal_is_zero);
    }
}
