//! A computer of a story: an empty home, a display, and a file picker that picks what the story says.

use super::window::Window;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Prints the first line of the list of picks and takes it off; an empty list is a person who cancels.
const ZENITY: &str = r#"#!/bin/sh
echo "$@" >> "$COFFER_PICKS.asked"
pick=$(head -n 1 "$COFFER_PICKS")
sed -i 1d "$COFFER_PICKS"
[ -n "$pick" ] || exit 1
printf '%s\n' "$pick"
"#;

/// A process that is ended, with all it started, when the test is over.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // The group has the id of its first process (process_group(0) below).
        let group = format!("-{}", self.0.id());
        Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status().ok();
        self.0.wait().ok();
    }
}

/// One computer: what it keeps survives its windows, as on a real one.
pub struct Computer {
    folder: tempfile::TempDir,
    display: String,
    _xvfb: Option<Ended>,
}

impl Computer {
    /// A new computer with nothing on it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "run", "bin"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let zenity = folder.path().join("bin/zenity");
        fs::write(&zenity, ZENITY).unwrap();
        fs::set_permissions(&zenity, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("picks"), "").unwrap();
        let (display, xvfb) = display();
        Self { folder, display, _xvfb: xvfb }
    }

    /// A path below the folder of this test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the next file dialogs give back, in order.
    pub fn will_pick(&self, paths: &[&Path]) {
        let lines: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
        fs::write(self.path("picks"), lines).unwrap();
    }

    /// What the dialogs were asked, one line of arguments each.
    pub fn asked(&self) -> String {
        fs::read_to_string(self.path("picks.asked")).unwrap_or_default()
    }

    /// Starts Coffer on this computer.
    pub async fn open(&self) -> Window {
        let mut driver = Command::new("WebKitWebDriver");
        // Port 0 is not understood by every version of the driver: a free one is looked for here.
        let port = free_port();
        driver.arg(format!("--port={port}")).arg("--host=127.0.0.1");
        driver.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("COFFER_HOME").env_remove("WAYLAND_DISPLAY");
        driver
            .env("DISPLAY", &self.display)
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"));
        for folder in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            driver.env_remove(folder);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        driver
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("COFFER_PICKS", self.path("picks"));
        driver.env("TAURI_WEBVIEW_AUTOMATION", "true").env("TZ", "Europe/Lisbon").env("LANG", "C.UTF-8");
        driver.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let driver = Ended(driver.spawn().expect("WebKitWebDriver is installed (webkit2gtk-driver)"));
        Window::attach(driver, port).await
    }
}

/// The display that is there, or a virtual one of this test's own.
fn display() -> (String, Option<Ended>) {
    if let Some(display) = std::env::var("DISPLAY").ok().filter(|display| !display.is_empty()) {
        return (display, None);
    }
    let mut xvfb = Command::new("Xvfb");
    xvfb.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
    xvfb.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut xvfb = Ended(xvfb.spawn().expect("Xvfb is installed (xvfb)"));
    let mut number = String::new();
    let out = xvfb.0.stdout.take().expect("stdout is piped");
    BufReader::new(out).read_line(&mut number).unwrap();
    assert!(!number.trim().is_empty(), "Xvfb did not start");
    (format!(":{}", number.trim()), Some(xvfb))
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
