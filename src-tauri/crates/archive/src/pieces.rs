//! How long streams are cut into chunks. By meaning, never by content: sizes must not tell what is inside.
//!
//! Message segments are cut by the library and come one chunk each.

use crate::snapshot::ChunkKind;

/// Media: a file up to this size is one chunk, a longer one is cut here (FORMAT.md, section 6).
pub const MEDIA_PIECE: usize = 4 << 20;

/// Originals the person imported: aligned pieces, so that a longer export of the same chat shares its start.
pub const ORIGINAL_PIECE: usize = 64 << 10;

/// Where a stream of a kind is cut. Messages are cut by the library and handed in chunk by chunk; a stream of them,
/// as of the app's own data, is cut like media.
pub(crate) const fn piece_length(kind: ChunkKind) -> usize {
    match kind {
        ChunkKind::Original => ORIGINAL_PIECE,
        ChunkKind::Media | ChunkKind::Messages | ChunkKind::Meta => MEDIA_PIECE,
    }
}
