//! The rules that every writer of a keyslot file keeps, authenticated with it.

use crate::Argon2Params;
use crate::cbor::{self, Encoder, Written};
use minicbor::decode::{Decoder, Error as DecodeError};

/// Rules of a repository. When two versions disagree, the stricter value of each rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ways that must be proved before the repository counts as protected.
    pub minimum_ways: u8,
    /// How many of them must work on another computer.
    pub minimum_elsewhere: u8,
    /// Least memory of a new password slot, in KiB; never below [`Argon2Params::FLOOR`].
    pub memory_floor_kib: u32,
    /// Least passes of a new password slot; never below [`Argon2Params::FLOOR`].
    pub passes_floor: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_ways: 2,
            minimum_elsewhere: 1,
            memory_floor_kib: Argon2Params::FLOOR.memory_kib(),
            passes_floor: Argon2Params::FLOOR.passes(),
        }
    }
}

impl Policy {
    /// The stricter value of each rule.
    pub fn strictest(&self, other: &Self) -> Self {
        Self {
            minimum_ways: self.minimum_ways.max(other.minimum_ways),
            minimum_elsewhere: self.minimum_elsewhere.max(other.minimum_elsewhere),
            memory_floor_kib: self.memory_floor_kib.max(other.memory_floor_kib),
            passes_floor: self.passes_floor.max(other.passes_floor),
        }
    }

    /// True when a new password slot may have these parameters.
    pub(crate) const fn accepts(&self, params: &Argon2Params) -> bool {
        params.memory_kib() >= self.memory_floor_kib && params.passes() >= self.passes_floor
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        cbor::array_of(decoder, 4)?;
        Ok(Self {
            minimum_ways: decoder.u8()?,
            minimum_elsewhere: decoder.u8()?,
            memory_floor_kib: decoder.u32()?,
            passes_floor: decoder.u32()?,
        })
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { minimum_ways, minimum_elsewhere, memory_floor_kib, passes_floor } = self;
        encoder.array(4)?.u8(*minimum_ways)?.u8(*minimum_elsewhere)?;
        encoder.u32(*memory_floor_kib)?.u32(*passes_floor)?;
        Ok(())
    }
}
