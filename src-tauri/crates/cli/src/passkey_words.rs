//! The sentences for a passkey that was not made or not used: what happened, and what to do.

/// A word of the engine's and its sentence.
const TABLE: &[(&str, &str)] = &[
    ("cancelled", "cancelled; run it again when the passkey is at hand"),
    ("timed_out", "nobody touched the security key in time; run it again and touch it when it blinks"),
    ("no_authenticator", "no security key is here; plug it in, or hold it to the reader, and run it again"),
    (
        "no_permission",
        "this user may not use the security key; install the package libfido2-1 or ask the administrator for the udev rules \
         of security keys, then plug the key in anew",
    ),
    (
        "no_smart_card_service",
        "the smart card service does not answer; install and start pcscd, or use the key by USB",
    ),
    ("removed", "the security key was taken away; plug it in again and run it again"),
    ("no_bluetooth", "Bluetooth is off; turn it on, a phone is reached by it"),
    ("phone_unreachable", "the phone was not reached; keep it near, with Bluetooth on, and run it again"),
    (
        "no_credential",
        "this security key holds no passkey of this backup; use the one it was made on, or another way",
    ),
    ("already_registered", "this security key is a way to unlock already; use another key for another way"),
    ("pin_paused", "too many wrong PINs in a row; take the security key out, put it back, and check the PIN"),
    (
        "pin_blocked",
        "the security key has locked itself after too many wrong PINs; only a reset helps, which erases its passkeys; \
         use another way to unlock",
    ),
    (
        "pin_not_set",
        "the security key has no PIN; give one with --pin-file, or run this on a terminal to choose one",
    ),
    ("pin_policy", "the security key wants another PIN first; change it with the maker's program"),
    ("fingerprint_blocked", "the finger reader of the key is locked; use the PIN of the key"),
    (
        "no_prf_at_creation",
        "this security key cannot open backups: it lacks the extension hmac-secret; use another key or another way",
    ),
    ("no_prf", "the passkey answered without the secret that opens the backup; use another way"),
    (
        "prf_mismatch",
        "the security key gave two different secrets; it cannot be relied on, use another key or another way",
    ),
    ("not_verified", "the security key did not verify you, so its answer is refused; set a PIN on it"),
    ("key_full", "the security key has no room for another passkey; delete one with the maker's program"),
    ("platform_too_old", "this operating system is too old for it; update it, or use another way"),
    ("platform_refused", "the operating system refused; try again, or use another way"),
    ("refused", "the security key refused; plug it in anew and run it again, or use another way"),
    (
        "malformed",
        "the security key answered something that cannot be read; plug it in anew, or use another way",
    ),
];

/// What to say of a word that is newer than this table.
const OTHER: &str = "the passkey was not used; run it again, or use another way";

/// The sentence of a word.
pub fn sentence(word: Option<&str>) -> &'static str {
    let row = TABLE.iter().find(|(known, _)| Some(*known) == word);
    row.map_or(OTHER, |(_, sentence)| sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_passkey::PasskeyError;

    #[test]
    fn every_failure_of_a_passkey_has_a_sentence_that_says_what_to_do() {
        let rows = |word: &str| TABLE.iter().filter(|(known, _)| *known == word).count();
        let missing: Vec<_> = PasskeyError::ALL.iter().filter(|failure| rows(failure.word()) != 1).collect();

        let vague: Vec<_> = TABLE
            .iter()
            .filter(|(_, sentence)| !sentence.contains("; ") || sentence.contains('\n'))
            .collect();

        assert!(missing.is_empty(), "{missing:?}");
        assert!(vague.is_empty(), "{vague:?}");
    }
}
