//! `cargo xtask bench import`: our import beside whatsapp-chat-parser's parse of the same file, in one run.

use crate::shell::{self, Done};

pub fn import(_arguments: &[&str]) -> Done {
    shell::run(&["cargo", "build", "--release", "--package", "coffer-cli"])
}
