//! The archive from outside: what it promises, and what it does when a hostile hand or a failing disk is in the way.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail by panicking")]

mod adversary;
mod crashes;
mod golden;
mod repository;
mod second_reader;
mod small;
