//! The window that dialogs of the operating system belong to.

use std::fmt;
use std::sync::Arc;

/// Finds the app's window when a ceremony starts: a program without one has dialogs without a parent.
///
/// The handle is the address behind an `HWND` or an `NSWindow`: a number, because a ceremony never runs on the window's thread.
#[derive(Clone)]
pub struct ParentWindow(Arc<dyn Fn() -> Option<usize> + Send + Sync>);

impl ParentWindow {
    /// Asks `find` at each ceremony. It may be called on any thread but the window's own.
    pub fn new(find: impl Fn() -> Option<usize> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// No window: a program for the terminal.
    pub fn none() -> Self {
        Self::new(|| None)
    }

    /// The handle, where there is a window now.
    pub fn handle(&self) -> Option<usize> {
        (self.0)()
    }
}

impl fmt::Debug for ParentWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParentWindow")
    }
}
