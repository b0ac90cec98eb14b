//! The part of a keyslot file that only a holder of the data key reads: other keys, names and dates, removals.

use crate::cbor::{self, Encoder, Fields, UnknownFields, Written};
use crate::slot_details::SealedDetails;
use crate::{ChunkIdKey, DataKey, KeyError, KeyId, KeyslotFileHash, SlotId};
use coffer_secret::Secret;
use minicbor::decode::{Decoder, Error as DecodeError};
use std::collections::BTreeMap;

/// Data keys of earlier generations that fit.
pub(crate) const EARLIER_LIMIT: usize = 64;
/// Removals that are remembered; the oldest give way.
pub(crate) const REMOVED_LIMIT: usize = 256;
/// Ancestors that are remembered; the oldest give way.
pub(crate) const ANCESTOR_LIMIT: usize = 128;

/// The first half of the hash of an ancestor: enough to recognise a file that was replaced long ago.
pub(crate) type AncestorMark = [u8; 16];

/// The plaintext of the sealed part.
#[derive(Debug)]
pub(crate) struct SealedPart {
    pub(crate) chunk_id_key: ChunkIdKey,
    /// Newest generation first.
    pub(crate) earlier: Vec<DataKey>,
    /// One for each slot, in the order of the slots.
    pub(crate) details: Vec<SealedDetails>,
    /// Removed slots and when they were removed, so that a merge does not bring them back.
    pub(crate) removed: BTreeMap<SlotId, i64>,
    /// Versions before the parents, newest first.
    pub(crate) ancestors: Vec<AncestorMark>,
    pub(crate) unknown: UnknownFields,
}

impl SealedPart {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields::read(bytes, "sealed part")?;
        let chunk_id_key = fields.required(0, secret)?;
        let earlier = fields.required(1, |d| cbor::list(d, EARLIER_LIMIT, decode_earlier))?;
        let details = fields.items(2, crate::keyslot_file::SLOTS)?;
        let removed = fields.required(3, |d| cbor::list(d, REMOVED_LIMIT, decode_removed))?;
        let ancestors = fields.required(4, |d| cbor::list(d, ANCESTOR_LIMIT, cbor::bytes))?;
        Ok(Self {
            chunk_id_key: ChunkIdKey::from_secret(chunk_id_key),
            earlier,
            details: details.into_iter().map(SealedDetails::decode).collect::<Result<_, _>>()?,
            removed: removed.into_iter().collect(),
            ancestors,
            unknown: fields.rest()?,
        })
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder<'_>) -> Written {
        let Self { chunk_id_key, earlier, details, removed, ancestors, unknown } = self;
        encoder.map(5 + unknown.count())?.u8(0)?.bytes(chunk_id_key.secret().expose())?;
        encoder.u8(1)?.array(cbor::count(earlier))?;
        for key in earlier {
            encoder
                .array(3)?
                .u32(key.generation())?
                .bytes(key.key_id().as_bytes())?
                .bytes(key.key().expose())?;
        }
        encoder.u8(2)?.array(cbor::count(details))?;
        details.iter().try_for_each(|details| details.encode(encoder))?;
        let removed: Vec<_> = removed.iter().collect();
        encoder.u8(3)?.array(cbor::count(&removed))?;
        for (id, time) in removed {
            encoder.array(2)?.bytes(id.as_bytes())?.i64(*time)?;
        }
        encoder.u8(4)?.array(cbor::count(ancestors))?;
        for mark in ancestors {
            encoder.bytes(mark)?;
        }
        unknown.write(encoder)
    }
}

/// The mark of a file among the ancestors of its descendants.
pub(crate) fn ancestor_mark(hash: &KeyslotFileHash) -> AncestorMark {
    *hash.as_bytes().first_chunk().expect("a hash of 32 bytes has 16")
}

fn secret(decoder: &mut Decoder<'_>) -> Result<Secret<32>, DecodeError> {
    Secret::copy_from(decoder.bytes()?).ok_or_else(|| DecodeError::message("a key of another length"))
}

fn decode_earlier(decoder: &mut Decoder<'_>) -> Result<DataKey, DecodeError> {
    cbor::array_of(decoder, 3)?;
    Ok(DataKey::from_parts(decoder.u32()?, KeyId::from_bytes(cbor::bytes(decoder)?), secret(decoder)?))
}

fn decode_removed(decoder: &mut Decoder<'_>) -> Result<(SlotId, i64), DecodeError> {
    cbor::array_of(decoder, 2)?;
    Ok((SlotId::from_bytes(cbor::bytes(decoder)?), decoder.i64()?))
}
