//! Whose passkeys they are: a compiled-in list, and the keyslot names an entry of it.

/// Entry 0 is not used, so that a zeroed byte names nothing. Entry 1 is a name nobody can register (RFC 6761, 6.4): no web page
/// can ever evaluate these passkeys. Entries are never changed or taken away: old backups need them.
const IDS: [&str; 1] = ["coffer.invalid"];

/// A relying party out of the list. A file that names another one is refused before any ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RelyingParty(u8);

impl RelyingParty {
    /// The relying party of new passkeys.
    pub const CURRENT: Self = Self(1);
    /// What the person reads in a password manager (SCREENS, rule 2).
    pub const NAME: &'static str = "Coffer";

    /// The entry of that number, from 1.
    pub fn from_index(index: u8) -> Option<Self> {
        let at = usize::from(index).checked_sub(1)?;
        IDS.get(at).map(|_| Self(index))
    }

    /// Its number in a keyslot.
    pub const fn index(self) -> u8 {
        self.0
    }

    /// The id that the authenticator binds the passkey to.
    pub fn id(self) -> &'static str {
        IDS[usize::from(self.0) - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_of_the_list_are_relying_parties() {
        let known: Vec<_> = (0..=u8::MAX).filter_map(RelyingParty::from_index).collect();

        assert_eq!(known, [RelyingParty::CURRENT]);
        assert_eq!(RelyingParty::CURRENT.id(), "coffer.invalid");
    }
}
