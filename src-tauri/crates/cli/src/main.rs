//! `coffer-cli`: the same engine without a window, for scripts, servers and people who like a terminal.

mod arguments;
mod backup;
mod chats;
mod failure;
mod import;
mod jobs;
mod losses;
mod passkey_words;
mod person;
mod protect;
mod restore;
mod rollback;
mod run;
mod screen;
mod secrets;
mod shell_help;
mod stand_in;
mod terminal;
mod times;
mod ways;
mod words;

use arguments::Arguments;
use clap::Parser;
use failure::{Exit, Failure};
use screen::Screen;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

fn main() -> ExitCode {
    say_where_it_broke();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(tell_usage(&error).number()),
    };
    let screen = Screen { is_json: arguments.json, is_quiet: arguments.quiet };
    let ended = catch_unwind(AssertUnwindSafe(|| run::run(arguments, screen)));
    let exit = match ended {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            screen.failure(&failure);
            failure.exit
        }
        Err(_) => {
            let message = "Coffer stopped by its own mistake; nothing that was saved is lost".to_owned();
            screen.failure(&Failure { code: "internal".to_owned(), message, exit: Exit::Error });
            Exit::Error
        }
    };
    ExitCode::from(exit.number())
}

/// Help and version are results; anything else is a wrong command line.
fn tell_usage(error: &clap::Error) -> Exit {
    if error.use_stderr() && std::env::args_os().any(|word| word == "--json") {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let failure = Failure::usage(line);
        Screen { is_json: true, is_quiet: false }.failure(&failure);
        return failure.exit;
    }
    // There is nobody to tell when the output is closed.
    error.print().ok();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// A mistake of the program is told by its place in the source; what it was about may be secret.
fn say_where_it_broke() {
    std::panic::set_hook(Box::new(|broken| {
        let place = broken.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        writeln!(std::io::stderr().lock(), "coffer-cli: internal error at {place}").ok();
    }));
}
