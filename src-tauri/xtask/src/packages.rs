//! System packages through apt: only the missing ones, with sudo only when not root.

use crate::shell::{self, Done};

/// What the window, and reaching security keys, need to be built.
pub const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libssl-dev",
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libayatana-appindicator3-dev",
    "libpcsclite-dev",
    "libudev-dev",
    "libclang-dev",
];

/// What the window needs to play voice notes and film, and to pick files.
pub const RUN: &[&str] = &["gstreamer1.0-plugins-good", "gstreamer1.0-libav", "zenity"];

/// What the tests drive: a screen, a window's remote control, a session bus with a keychain, a second reader, a smart card
/// service with a virtual reader and the namespaces it lives in.
pub const TEST: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "dbus",
    "gnome-keyring",
    "gstreamer1.0-plugins-good",
    "poppler-utils",
    "python3-venv",
    "python3-dev",
    "iproute2",
    "pcscd",
    "vsmartcard-vpcd",
];

/// What a small emulated computer is made of; its kernel is only unpacked ([`crate::usb`]).
pub const USB: &[&str] = &["qemu-system-x86", "busybox-static", "cpio"];

/// Installs those of `wanted` that are missing.
///
/// On a system without apt it says what is needed and goes on: the build's own errors are clear enough.
pub fn install(wanted: &[&str]) -> Done {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !shell::exists("dpkg-query") || !shell::exists("apt-get") {
        println!("This system has no apt. Coffer needs what Debian calls: {}", wanted.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing the system packages that are missing: {}", missing.join(" "));
    apt(&["update", "-qq"])?;
    let mut line = vec!["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
    line.extend(missing);
    apt(&line)
}

fn is_installed(name: &str) -> bool {
    shell::answer(&["dpkg-query", "-W", "-f=${Status}", name]).is_some_and(|s| s.ends_with(" installed"))
}

/// Runs `apt-get`.
pub fn apt(words: &[&str]) -> Done {
    let is_root = shell::answer(&["id", "-u"]).as_deref() == Some("0");
    let mut line = if is_root { vec!["apt-get"] } else { vec!["sudo", "apt-get"] };
    line.extend(words);
    let mut command = shell::program(&line);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    shell::finish(command, &line.join(" "))
}
