//! How chunks are gathered into packs (FORMAT.md, sections 4 and 6).

use crate::snapshot::ChunkKind;

/// Chunks that share packs. Messages lie apart from media, so that a restore reads them first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Messages and the tree.
    Text,
    /// Media and originals.
    Bulk,
}

impl Family {
    /// Where a kind of chunk goes.
    pub(crate) const fn of(kind: ChunkKind) -> Self {
        match kind {
            ChunkKind::Messages | ChunkKind::Meta => Self::Text,
            ChunkKind::Media | ChunkKind::Original => Self::Bulk,
        }
    }
}

/// Media is compressed already; everything else may shrink.
pub(crate) const fn is_compressed(kind: ChunkKind) -> bool {
    match kind {
        ChunkKind::Messages | ChunkKind::Meta | ChunkKind::Original => true,
        ChunkKind::Media => false,
    }
}

/// Sizes of what is written. Readers do not depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// A pack of this size is full.
    pub(crate) target: usize,
    /// Least size of a pack that was not full.
    pub(crate) pack_floor: usize,
    /// Least size of an index file or snapshot.
    pub(crate) small_floor: usize,
}

impl Shape {
    /// The sizes of FORMAT.md.
    pub(crate) const NORMAL: Self = Self { target: 16 << 20, pack_floor: 256 << 10, small_floor: 16 << 10 };
    /// Files small enough to flip every bit of; for tests only.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const TINY: Self = Self { target: 600, pack_floor: 0, small_floor: 0 };

    /// Room that a pack's buffer starts with. The system gives real memory only to what is written.
    pub(crate) const fn capacity(&self) -> usize {
        // The last chunk may reach beyond the target; the footer comes behind.
        self.target.saturating_add(self.target / 4)
    }
}
