//! The use cases, in the words of the screen. The only crate a shell talks to.

pub mod ports;
pub mod view;
