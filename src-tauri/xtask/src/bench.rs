//! `cargo xtask bench`: ours beside its peers, in one run. Rounds are interleaved; medians and ratios are printed.

pub mod archive;
pub mod import;
mod measure;
