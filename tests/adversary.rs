//! A hostile or failing hand at the place: whatever it does is refused and named, and no wrong message comes back.

mod story;
