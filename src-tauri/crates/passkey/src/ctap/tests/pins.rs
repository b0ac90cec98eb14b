use super::*;
use crate::{NewPinProblem, PasskeyError};
use coffer_secret::SecretString;

fn typed(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

#[test]
fn a_pin_has_four_characters_at_least_and_63_bytes_at_most() {
    assert_eq!(Pin::new(&typed("123"), 4).err(), Some(NewPinProblem::TooShort));
    assert_eq!(Pin::new(&typed("1234"), 6).err(), Some(NewPinProblem::TooShort));
    assert!(Pin::new(&typed(&"1".repeat(63)), 4).is_ok());
    assert_eq!(Pin::new(&typed(&"1".repeat(64)), 4).err(), Some(NewPinProblem::TooLong));
    assert_eq!(Pin::new(&typed(&"1".repeat(100_000)), 4).err(), Some(NewPinProblem::TooLong));
}

#[test]
fn characters_are_counted_after_normalisation() {
    // Four letters, each with a combining accent.
    let decomposed = "e\u{301}".repeat(4);

    assert!(Pin::new(&typed(&decomposed), 4).is_ok());
    assert_eq!(Pin::new(&typed(&decomposed), 5).err(), Some(NewPinProblem::TooShort));
    assert!(Pin::new(&typed(&"\u{1F511}".repeat(4)), 4).is_ok());
}

#[test]
fn every_status_of_the_standard_has_its_failure() {
    let failures = [0x19, 0x27, 0x28, 0x2D, 0x2E, 0x2F, 0x32, 0x34, 0x35, 0x37, 0x3A, 0x3C, 0x7F]
        .map(|status| PasskeyError::from(Status(status)).word());

    let expected = [
        "already_registered",
        "cancelled",
        "key_full",
        "cancelled",
        "no_credential",
        "timed_out",
        "pin_blocked",
        "pin_paused",
        "pin_not_set",
        "pin_policy",
        "timed_out",
        "fingerprint_blocked",
        "refused",
    ];
    assert_eq!(failures, expected);
}

#[test]
fn nothing_secret_is_printed() {
    let pin = Pin::new(&typed("4711471147"), 4).unwrap();
    let printed = PROTOCOLS
        .map(|protocol| format!("{pin:?} {:?} {:?} {:?}", agreed(protocol), token(protocol), salt(protocol)));

    // Of what is printed, only public halves and what crosses the wire are numbers.
    assert!(printed.iter().all(|text| text.starts_with("Pin([redacted])")), "{printed:?}");
    assert!(
        printed.iter().all(|text| text.contains("mac_key: [redacted], aes_key: [redacted]")),
        "{printed:?}"
    );
    assert!(printed.iter().all(|text| text.contains("Long([redacted])")), "{printed:?}");
}
