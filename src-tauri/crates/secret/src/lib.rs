//! Bytes that must not be copied, printed or kept: zeroed on drop, compared in constant time.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

/// `N` secret bytes on the heap.
///
/// Zeroed on drop; `Debug` prints `[redacted]`; there is no `Clone`, `PartialEq` or serde on purpose.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes the bytes over; the caller's copy is zeroed.
    pub fn take(bytes: &mut [u8; N]) -> Self {
        let kept = Box::new(*bytes);
        bytes.zeroize();
        Self(kept)
    }

    /// Draws fresh random bytes.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut kept = Box::new([0_u8; N]);
        entropy.fill(kept.as_mut_slice());
        Self(kept)
    }

    /// Fills new secret bytes in place, so that no copy is left on the caller's stack.
    pub fn derive<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut kept = Self(Box::new([0_u8; N]));
        fill(&mut kept.0)?;
        Ok(kept)
    }

    /// Copies a slice of exactly `N` bytes; `None` for any other length.
    pub fn copy_from(bytes: &[u8]) -> Option<Self> {
        let mut kept = Self(Box::new([0_u8; N]));
        if bytes.len() != N {
            return None;
        }
        kept.0.copy_from_slice(bytes);
        Some(kept)
    }

    /// The bytes themselves. Keep the scope small: reviewers grep for this call.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// A second copy, where two owners each need the key. Named so that it shows in a review.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A secret text of any length: a password, typed digits, a key in words.
pub struct SecretString(String);

impl SecretString {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Keep the scope small: reviewers grep for this call.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A second copy, where two owners each need the text.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for SecretString {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where randomness comes from; the shell supplies the operating system's, tests a seeded one.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes, or ends the process: a weak key is worse than none.
    fn fill(&self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let secret = Secret::<4>::take(&mut [1, 2, 3, 4]);
        let text = SecretString::new("hunter2".to_owned());

        let printed = format!("{secret:?} {text:?} {:?}", Some(&secret));

        assert_eq!(printed, "[redacted] [redacted] Some([redacted])");
    }

    #[test]
    fn take_zeroes_what_it_took() {
        let mut bytes = [7_u8; 8];

        let secret = Secret::take(&mut bytes);

        assert_eq!(bytes, [0; 8]);
        assert_eq!(secret.expose(), &[7; 8]);
    }

    #[test]
    fn a_slice_of_another_length_is_refused() {
        assert!(Secret::<4>::copy_from(&[1, 2, 3]).is_none());
        assert!(Secret::<4>::copy_from(&[1, 2, 3, 4]).is_some_and(|s| s.expose() == &[1, 2, 3, 4]));
    }

    #[test]
    fn equal_secrets_match_and_others_do_not() {
        let one = Secret::take(&mut [1_u8; 4]);

        assert!(one.matches(&one.duplicate()));
        assert!(!one.matches(&Secret::take(&mut [2_u8; 4])));
    }
}
