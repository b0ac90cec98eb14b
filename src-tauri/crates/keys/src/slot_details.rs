//! What people see of a slot: sealed under the data key, so nothing of it can be read before unlocking.

use crate::cbor::{self, Encoder, Fields, UnknownFields, Written};
use crate::{KeyError, PasskeyCredential, SlotId};

/// Longest name of a slot, in bytes of UTF-8.
pub(crate) const NAME_LIMIT: usize = 128;

/// The kind of secret that opens a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotKind {
    /// A password.
    Password,
    /// The 64-digit key.
    RecoveryKey,
    /// This computer's keychain: for automatic backups, never counted as a way to unlock.
    Keychain,
    /// A passkey.
    Passkey,
    /// A backup key vault. Carried and shown; opening it comes with the vault crate.
    Vault,
}

/// Where a way to unlock works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// On this computer only.
    ThisComputer,
    /// Wherever this security key is plugged in.
    ThisKey,
    /// On devices that share one passkey provider.
    Synced,
    /// On any computer.
    Anywhere,
}

impl SlotKind {
    /// The number that stands in the file and in the key derivation.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Password => 0,
            Self::RecoveryKey => 1,
            Self::Keychain => 2,
            Self::Passkey => 3,
            Self::Vault => 4,
        }
    }

    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Password),
            1 => Some(Self::RecoveryKey),
            2 => Some(Self::Keychain),
            3 => Some(Self::Passkey),
            4 => Some(Self::Vault),
            _ => None,
        }
    }
}

impl Reach {
    const fn number(self) -> u8 {
        match self {
            Self::ThisComputer => 0,
            Self::ThisKey => 1,
            Self::Synced => 2,
            Self::Anywhere => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::ThisComputer),
            1 => Some(Self::ThisKey),
            2 => Some(Self::Synced),
            3 => Some(Self::Anywhere),
            _ => None,
        }
    }

    /// True when the loss of this computer leaves the way usable.
    pub const fn works_elsewhere(self) -> bool {
        match self {
            Self::ThisComputer => false,
            Self::ThisKey | Self::Synced | Self::Anywhere => true,
        }
    }
}

/// What is known about a slot apart from its keys. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotDetails {
    /// The person's name for it; at most 128 bytes.
    pub name: String,
    /// When it was added.
    pub added: i64,
    /// When it really opened the repository for the last time that was written down; `None` when never.
    pub proved: Option<i64>,
    /// Where it works.
    pub reach: Reach,
}

impl SlotDetails {
    /// Checks what a caller wants to be written.
    pub(crate) const fn check(&self) -> Result<(), KeyError> {
        if self.name.len() > NAME_LIMIT {
            return Err(KeyError::TooLong { what: "name of a slot", limit: NAME_LIMIT });
        }
        Ok(())
    }
}

/// The sealed record of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedDetails {
    pub(crate) id: SlotId,
    pub(crate) details: SlotDetails,
    /// Counter of the version that changed this slot last; decides between two versions of it.
    pub(crate) changed: u64,
    pub(crate) unknown: UnknownFields,
}

impl SealedDetails {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, "slot details")?;
        let id = SlotId::from_bytes(fields.required(0, cbor::bytes)?);
        let name = fields.required(1, |d| d.str())?.to_owned();
        let added = fields.required(2, |d| d.i64())?;
        let proved = fields.optional(3, |d| d.i64())?;
        let reach = fields.required(4, |d| d.u8())?;
        let reach = Reach::from_number(reach).ok_or(KeyError::Newer { what: "reach of a slot" })?;
        let changed = fields.required(5, |d| d.u64())?;
        let details = SlotDetails { name, added, proved, reach };
        details.check()?;
        Ok(Self { id, details, changed, unknown: fields.rest()? })
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { id, details: SlotDetails { name, added, proved, reach }, changed, unknown } = self;
        encoder.map(5 + u64::from(proved.is_some()) + unknown.count())?;
        encoder.u8(0)?.bytes(id.as_bytes())?.u8(1)?.str(name)?.u8(2)?.i64(*added)?;
        if let Some(time) = proved {
            encoder.u8(3)?.i64(*time)?;
        }
        encoder.u8(4)?.u8(reach.number())?.u8(5)?.u64(*changed)?;
        unknown.write(encoder)
    }
}

/// A slot as an unlocked repository shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its id.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// The passkey, for a way of that kind.
    pub passkey: Option<PasskeyCredential>,
    /// The rest.
    pub details: SlotDetails,
}
