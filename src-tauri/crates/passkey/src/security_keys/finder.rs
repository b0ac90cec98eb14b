//! Who looks for keys.

use super::device::Device;
use tokio::sync::mpsc::UnboundedSender;

/// One way of looking for keys: USB, or smart card readers.
pub(crate) trait Finder: Send + Sync {
    /// This computer has what it needs.
    fn is_possible(&self) -> bool;

    /// Looks on a thread of its own until nobody listens any more. Does not block.
    fn look(&self, sightings: UnboundedSender<Sighting>);
}

/// What a finder saw.
pub(crate) enum Sighting {
    /// A key, as yet unknown.
    Key(Box<dyn Device>),
    /// Everything that was there at the start has been seen.
    LookedOnce,
    /// A key is plugged in, and this user may not open it.
    #[cfg_attr(
        not(any(target_os = "linux", test, feature = "virtual-keys")),
        expect(dead_code, reason = "only Linux gives keys to some users and not to others")
    )]
    Forbidden,
    /// A reader is plugged in, and no service for it runs.
    NoService,
}
