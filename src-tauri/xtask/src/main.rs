//! The newcomer's and CI's one way in: `cargo xtask run`, `test`, `bench`, `xcheck`, `deny`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a terminal program")]

mod bench;
mod packages;
mod run;
mod shell;
mod story;
mod test;
mod usb;
mod xcheck;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask COMMAND

  run                installs what is missing, builds, and opens the window
                     (without a display: the same story in the terminal)
  test [--no-window] everything: format, lints, Rust, ui, security keys, and the stories in a real window
  test --usb         only a security key on USB, in a small emulated computer
  bench import       import of 1,000,000 messages beside whatsapp-chat-parser, in one run
  bench archive      backups beside restic and borg, where installed (COFFER_BORG names another borg); [--rounds N]
  xcheck [--whole]   type-checks the passkey crate (or app and cli) for Windows and macOS, on Debian; not part of test
  deny               licences and advisories of all dependencies, by cargo-deny
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["run", rest @ ..] => run::run(rest),
        ["test"] => test::test(test::Window::Real),
        ["test", "--usb"] => usb::test(),
        ["test", "--no-window"] => test::test(test::Window::None),
        ["bench", "import"] => bench::import::import(),
        ["bench", "archive", rest @ ..] => bench::archive::archive(rest),
        ["xcheck"] => xcheck::xcheck(xcheck::Scope::Passkey),
        ["xcheck", "--whole"] => xcheck::xcheck(xcheck::Scope::Whole),
        ["deny"] => test::deny(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
