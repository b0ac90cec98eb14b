//! `cargo xtask xcheck`: type-checks the code for Windows and macOS on Linux (0017). Optional, and not in CI.
//!
//! Nothing is linked, so only the source of the standard library is missing: Debian's `rust-src` of the very version of the compiler,
//! unpacked beside the build and never installed.

use crate::shell::{self, Done};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian may have the compiler's version: it keeps each for some months.
const SUITES: &[&str] = &["sid", "testing", "stable-backports", "stable"];
/// What signs them, on Debian.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// `dlltool`, which rustc calls for the libraries of Windows' GNU target, and `windres`, which Tauri calls.
const GNU_TOOLS: &str = "binutils-mingw-w64-x86-64";

/// A C compiler and an archiver for code that nobody links: what they make is empty. `cc` finds each by its target's name.
const EMPTY_C: [(&str, &str); 2] = [
    (
        "CC",
        "#!/bin/sh\nlast=\nfor word in \"$@\"; do [ \"$last\" = -o ] && : > \"$word\"; last=$word; done\nexit 0\n",
    ),
    ("AR", "#!/bin/sh\nfor word in \"$@\"; do case \"$word\" in *.a) : > \"$word\" ;; esac; done\nexit 0\n"),
];

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The passkey crate, which has most of the code for other systems.
    Passkey,
    /// The app and the command line, with everything they use.
    Whole,
}

impl Scope {
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["--package", "coffer-passkey"],
            Self::Whole => &["--package", "coffer", "--package", "coffer-cli"],
        }
    }

    /// Tauri wants a resource compiler for Windows, and Debian has one for its GNU target.
    fn targets(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu", "aarch64-apple-darwin"],
            Self::Whole => &["x86_64-pc-windows-gnu", "aarch64-apple-darwin"],
        }
    }
}

/// Checks for each target, with warnings as errors.
pub fn xcheck(scope: Scope) -> Done {
    if !cfg!(target_os = "linux") || !shell::exists("apt-get") || !shell::exists("dpkg-deb") {
        return Err("xcheck takes the standard library's source from Debian: it needs apt-get and dpkg-deb"
            .to_owned());
    }
    let folder = shell::target().join("xcheck");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let library = standard_library(&folder)?;
    let tools = gnu_tools(&folder)?;
    let empty = empty_c(&folder)?;
    for target in scope.targets() {
        let mut line = vec!["cargo", "clippy", "-Zbuild-std=std,panic_abort", "--target", target];
        line.extend(scope.packages());
        line.extend(["--", "-D", "warnings"]);
        let mut command = shell::program(&line);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            // A released compiler takes `-Z` only so; cargo has no other way to be told where the source lies.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", &library)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("COFFER_UI", "placeholder")
            // SQLCipher's build looks for a folder before it compiles; nothing is read there.
            .env("OPENSSL_DIR", &folder)
            .env("PATH", format!("{}:{path}", tools.display()));
        for (name, program) in &empty {
            command.env(format!("{name}_{}", target.replace('-', "_")), program);
        }
        shell::finish(command, &line.join(" "))?;
    }
    println!("Type-checked for {}.", scope.targets().join(", "));
    Ok(())
}

/// The two programs of [`EMPTY_C`], as files.
fn empty_c(folder: &Path) -> Done<Vec<(&'static str, PathBuf)>> {
    let make = |(name, text): (&'static str, &str)| {
        let program = folder.join(format!("empty-{name}"));
        fs::write(&program, text).map_err(|e| format!("{}: {e}", program.display()))?;
        shell::run(&["chmod", "+x", &program.to_string_lossy()])?;
        Ok((name, program))
    };
    EMPTY_C.into_iter().map(make).collect()
}

/// The folder `library` of the compiler's own source.
fn standard_library(folder: &Path) -> Done<PathBuf> {
    let version = compiler_version()?;
    let unpacked = folder.join(format!("rust-src-{version}"));
    let library = unpacked.join(format!("usr/src/rustc-{version}/library"));
    if library.join("Cargo.lock").exists() {
        return Ok(library);
    }
    let apt = SideApt::new(folder)?;
    apt.run(&["apt-get", "update", "-qq"])?;
    let offered = apt.answer(&["apt-cache", "madison", "rust-src"])?;
    let wanted = newest(&offered, &version).ok_or_else(|| {
        format!("Debian has no rust-src {version} now; another compiler of `rustup` may have one")
    })?;
    let package = apt.download(&format!("rust-src={wanted}"), "rust-src_")?;
    unpack(&package, &unpacked)?;
    Ok(library)
}

/// The folder with them in it.
fn gnu_tools(folder: &Path) -> Done<PathBuf> {
    let unpacked = folder.join(GNU_TOOLS);
    let tools = unpacked.join("usr/bin");
    if tools.exists() {
        return Ok(tools);
    }
    let mut command = shell::program(&["apt-get", "download", GNU_TOOLS]);
    command.current_dir(folder);
    shell::finish(command, &format!("apt-get download {GNU_TOOLS}"))?;
    unpack(&downloaded(folder, GNU_TOOLS)?, &unpacked)?;
    Ok(tools)
}

fn compiler_version() -> Done<String> {
    let told = shell::answer(&["rustc", "-vV"]).ok_or("rustc does not start")?;
    let release = told.lines().find_map(|line| line.strip_prefix("release: "));
    release.map(str::to_owned).ok_or_else(|| "rustc -vV names no release".to_owned())
}

/// The first version of `apt-cache madison` that is a build of `version`.
fn newest(offered: &str, version: &str) -> Option<String> {
    let versions = offered.lines().filter_map(|line| line.split('|').nth(1).map(str::trim));
    let ours = format!("{version}+");
    versions.into_iter().find(|v| v.starts_with(&ours)).map(str::to_owned)
}

fn downloaded(folder: &Path, prefix: &str) -> Done<PathBuf> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with(prefix) && Path::new(name.as_ref()).extension().is_some_and(|e| e == "deb")
        })
    };
    let found = entries.flatten().map(|entry| entry.path()).find(is_it);
    found.ok_or_else(|| format!("apt-get downloaded no {prefix}"))
}

fn unpack(package: &Path, into: &Path) -> Done {
    shell::run(&["dpkg-deb", "-x", &package.to_string_lossy(), &into.to_string_lossy()])
}

/// apt with lists of its own: the system's packages and their sources are not touched, and no root is needed.
struct SideApt {
    folder: PathBuf,
    config: PathBuf,
}

impl SideApt {
    fn new(folder: &Path) -> Done<Self> {
        let folder = folder.join("apt");
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let site = debian()?;
        let sources: String =
            SUITES.iter().map(|suite| format!("deb [signed-by={KEYS}] {site} {suite} main\n")).collect();
        let at = folder.display();
        let config = format!(
            "Dir::State \"{at}\";\nDir::State::lists \"{at}/lists\";\nDir::State::status \"{at}/status\";\n\
             Dir::Cache \"{at}/cache\";\nDir::Etc::sourcelist \"{at}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n\
             Dir::Etc::preferencesparts \"/dev/null\";\nAcquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n"
        );
        for (name, text) in [("status", ""), ("sources.list", &sources), ("apt.conf", &config)] {
            fs::write(folder.join(name), text).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        Ok(Self { config: folder.join("apt.conf"), folder })
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = shell::program(line);
        command.env("APT_CONFIG", &self.config).current_dir(&self.folder);
        command
    }

    fn run(&self, line: &[&str]) -> Done {
        shell::finish(self.command(line), &line.join(" "))
    }

    fn answer(&self, line: &[&str]) -> Done<String> {
        let output = self.command(line).output().map_err(|e| format!("{}: {e}", line[0]))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn download(&self, package: &str, prefix: &str) -> Done<PathBuf> {
        self.run(&["apt-get", "download", package])?;
        downloaded(&self.folder, prefix)
    }
}

/// Where this system gets Debian's packages from.
fn debian() -> Done<String> {
    let form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
    let told = shell::answer(&["apt-get", "indextargets", "--format", form, "Created-By: Packages"]);
    let told = told.unwrap_or_default();
    let site = told.lines().find_map(|line| line.strip_prefix("Debian|Debian|"));
    site.map(str::to_owned).ok_or_else(|| "this system has no packages of Debian's".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_compilers_own_version_will_do() {
        let offered = "  rust-src | 1.97.1+dfsg1-1 | x sid/main amd64 Packages
  rust-src | 1.95.0+dfsg1-2~bpo13+1 | x stable-backports/main amd64 Packages
  rust-src | 1.9.0+dfsg1-1 | x stable/main amd64 Packages";

        assert_eq!(newest(offered, "1.95.0").as_deref(), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(newest(offered, "1.96.0"), None);
    }
}
