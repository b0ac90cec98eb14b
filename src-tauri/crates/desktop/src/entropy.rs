//! The operating system's randomness.

use coffer_secret::Entropy;

/// `getrandom`, `getentropy` or the platform's equal.
#[derive(Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // A weak key is worse than none: no caller could go on.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let mut one = [0_u8; 32];
        let mut two = [0_u8; 32];

        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut two);

        assert_ne!(one, two);
        assert_ne!(one, [0; 32]);
    }
}
