//! Results on stdout, progress and errors on stderr; for people, or as JSON.

use crate::failure::Failure;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, IsTerminal, Write};

/// Where a run writes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Results as JSON.
    pub is_json: bool,
    /// No progress, no remarks.
    pub is_quiet: bool,
}

impl Screen {
    /// A result: JSON with `--json`, else the lines for people.
    pub fn result(self, value: &Value, people: impl FnOnce() -> Vec<String>) -> Result<(), Failure> {
        if self.is_json { self.json_line(value) } else { self.lines(&people()) }
    }

    /// One JSON value on one line.
    pub fn json_line(self, value: &Value) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        Ok(out.write_all(b"\n").and_then(|()| out.flush())?)
    }

    /// Lines for people, as a result.
    pub fn lines(self, lines: &[String]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(out.flush()?)
    }

    /// A remark on stderr, which no script reads.
    pub fn remark(self, line: &str) {
        if !self.is_quiet {
            // There is nobody to tell when stderr is closed.
            writeln!(io::stderr().lock(), "{line}").ok();
        }
    }

    /// What the person has to do now, on stderr: said also when everything else is quiet.
    pub fn ask(self, line: &str) {
        writeln!(io::stderr().lock(), "{line}").ok();
    }

    /// A failure: one line on stderr, and with `--json` an object on stdout.
    pub fn failure(self, failure: &Failure) {
        if failure.is_closed_pipe() {
            return;
        }
        if self.is_json {
            let told = json!({ "error": { "code": failure.code, "message": failure.message } });
            self.json_line(&told).ok();
        }
        writeln!(io::stderr().lock(), "coffer-cli: {}", failure.message).ok();
    }

    /// Progress can be redrawn in place.
    pub fn is_live(self) -> bool {
        !self.is_quiet && io::stderr().is_terminal()
    }

    /// Draws the progress line anew.
    pub fn redraw(self, line: &str) {
        let mut out = io::stderr().lock();
        write!(out, "\r\x1b[K{line}").and_then(|()| out.flush()).ok();
    }
}

/// A view with its keys in `snake_case`, as CLI.md has them; values stay as they are.
pub fn snake(view: &impl Serialize) -> Result<Value, Failure> {
    Ok(rename(serde_json::to_value(view)?))
}

fn rename(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (snake_key(&key), rename(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(rename).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn snake_key(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The object inside a value made from a struct.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// A size for people: decimal units, as operating systems show them.
#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "two digits are shown, not the exact number"
)]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64 / 1000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if bytes < 1000 { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_snake_case_at_every_depth_and_values_stay() {
        let value = rename(json!({ "bytesStored": [{ "madeBy": "camelCase" }], "id": null }));

        assert_eq!(value, json!({ "bytes_stored": [{ "made_by": "camelCase" }], "id": null }));
    }

    #[test]
    fn sizes_are_decimal() {
        assert_eq!([size(999), size(1_500), size(2_340_000_000)], ["999 bytes", "1.5 kB", "2.3 GB"]);
    }
}
