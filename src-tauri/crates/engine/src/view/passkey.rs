//! Passkeys as the screens show them: what can hold one here, and each step of a ceremony.

use serde::{Deserialize, Serialize};

view! {
    /// What holds a passkey.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum PasskeyKind {
        /// This computer: Touch ID, Windows Hello.
        Platform,
        /// A security key, by USB or NFC.
        SecurityKey,
        /// A phone or tablet, by a code to scan.
        Phone,
    }

    /// Why a person is asked for a passkey.
    #[derive(Copy, Eq)]
    pub enum PromptPurpose {
        /// A new one is made.
        Create,
        /// The new one is used for the first time, which proves it.
        Prove,
        /// It opens something.
        Unlock,
    }

    /// What a person is to do now.
    #[derive(Copy, Eq)]
    pub enum PromptStep {
        /// Plug a security key in, or hold it to the reader.
        Insert,
        /// Touch the security key.
        Touch,
        /// Type its PIN.
        Pin,
        /// Choose a PIN for it.
        NewPin,
        /// Put a finger on it.
        Fingerprint,
        /// Wait.
        Working,
        /// Look at the operating system's own dialog.
        Platform,
        /// Scan a code with the phone.
        Qr,
        /// Look at the phone.
        PhoneConnected,
        /// Nothing: the ceremony is over, well or not.
        Done,
    }

    /// Why a new PIN does not do.
    #[derive(Copy, Eq)]
    pub enum PinProblem {
        /// Fewer characters than the key takes.
        TooShort,
        /// More than 63 bytes.
        TooLong,
        /// The key's own rules refuse it.
        Refused,
    }

    /// One step of a ceremony; each replaces the one before, and `done` is the last, however it ended.
    pub struct PromptView {
        /// Which ceremony, for the answer.
        pub ceremony: u64,
        /// Why.
        pub purpose: PromptPurpose,
        /// What to do.
        pub step: PromptStep,
        /// What the authenticator calls itself, where that is known.
        pub device: Option<String>,
        /// Several security keys wait, and the one that is touched is used.
        pub several: bool,
        /// The PIN or the finger before was wrong.
        pub was_wrong: bool,
        /// Tries before the key locks itself, or its finger reader.
        pub tries_left: Option<u8>,
        /// Fewest characters of a new PIN.
        pub min_length: Option<u8>,
        /// What is wrong with the new PIN before.
        pub problem: Option<PinProblem>,
        /// The text of the code to scan: for the screen only.
        pub qr: Option<String>,
    }
}
