//! The part of a keyslot file that says which version of which repository it is.

use crate::cbor::{self, Encoder, Fields, UnknownFields, Written};
use crate::keyslot::WrapPlace;
use crate::{KeyError, KeyId, KeyslotFileHash, Policy, RepositoryId};

/// Parents that fit; more forks than this are merged in steps.
pub(crate) const PARENT_LIMIT: usize = 16;

/// In clear, authenticated by the MAC of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) repository: RepositoryId,
    pub(crate) generation: u32,
    pub(crate) counter: u64,
    pub(crate) key_id: KeyId,
    /// Makes the keys of this file, and with them its name, unique.
    pub(crate) salt: [u8; 32],
    /// The versions this one was made from, in ascending order.
    pub(crate) parents: Vec<KeyslotFileHash>,
    pub(crate) policy: Policy,
    pub(crate) unknown: UnknownFields,
}

impl FileHeader {
    /// Where the slots of this file stand.
    pub(crate) const fn wrap_place(&self) -> WrapPlace {
        WrapPlace { repository: self.repository, generation: self.generation, key_id: self.key_id }
    }

    /// Which of two versions is newer: the generation decides before the counter.
    pub(crate) const fn order(&self) -> (u32, u64) {
        (self.generation, self.counter)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, "header")?;
        let header = Self {
            repository: RepositoryId::from_bytes(fields.required(0, cbor::bytes)?),
            generation: fields.required(1, |d| d.u32())?,
            counter: fields.required(2, |d| d.u64())?,
            key_id: KeyId::from_bytes(fields.required(3, cbor::bytes)?),
            salt: fields.required(4, cbor::bytes)?,
            parents: fields
                .required(5, |d| cbor::list(d, PARENT_LIMIT, cbor::bytes))?
                .into_iter()
                .map(KeyslotFileHash::from_bytes)
                .collect(),
            policy: fields.required(6, Policy::decode)?,
            unknown: fields.rest()?,
        };
        let is_ordered = header.parents.is_sorted_by(|one, next| one < next);
        if header.generation == 0 || header.counter == 0 || !is_ordered {
            return Err(KeyError::Malformed { what: "header" });
        }
        Ok(header)
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { repository, generation, counter, key_id, salt, parents, policy, unknown } = self;
        encoder.map(7 + unknown.count())?;
        encoder.u8(0)?.bytes(repository.as_bytes())?.u8(1)?.u32(*generation)?.u8(2)?.u64(*counter)?;
        encoder.u8(3)?.bytes(key_id.as_bytes())?.u8(4)?.bytes(salt)?;
        encoder.u8(5)?.array(cbor::count(parents))?;
        for parent in parents {
            encoder.bytes(parent.as_bytes())?;
        }
        policy.encode(encoder.u8(6)?)?;
        unknown.write(encoder)
    }
}
