//! How long streams are cut into chunks. By meaning, never by content: sizes must not tell what is inside.
//!
//! Message segments are cut by the library and come one chunk each.

/// Media: a file up to this size is one chunk, a longer one is cut here (FORMAT.md, section 6).
pub const MEDIA_PIECE: usize = 4 << 20;

/// Originals the person imported: aligned pieces, so that a longer export of the same chat shares its start.
pub const ORIGINAL_PIECE: usize = 64 << 10;
