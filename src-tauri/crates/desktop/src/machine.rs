//! The computer's own name, zone and kind.

/// Its name, for lists of backups.
pub(crate) fn name() -> String {
    let name = system_name().unwrap_or_default();
    // A Mac in a home network calls itself "name.local".
    let name = name.trim().trim_end_matches(".local");
    if name.is_empty() { "This computer".to_owned() } else { name.to_owned() }
}

/// IANA name of its zone; UTC when the system does not say.
pub(crate) fn zone() -> String {
    jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// `linux`, `macos` or `windows`; other unix-like systems behave as Linux does here.
pub(crate) fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "macos",
        "windows" => "windows",
        _ => "linux",
    }
}

#[cfg(unix)]
fn system_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn system_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_a_name_and_a_known_zone() {
        assert!(!name().is_empty());
        assert!(jiff::tz::TimeZone::get(&zone()).is_ok());
    }
}
