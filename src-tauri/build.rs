//! Builds the web part into `ui/dist` and gives each command of the window its own permission.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fs, io};

/// What the web part is made of, below `ui/`.
const WEB_SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "vite.config.js",
    "svelte.config.js",
];

const PLACEHOLDER: &str =
    "<!doctype html><html lang=\"en\"><title>Coffer</title><p>Built without its screens.</p></html>\n";

fn main() {
    println!("cargo:rerun-if-env-changed=COFFER_UI");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    if let Err(error) = build_web(&root.join("ui")) {
        writeln!(io::stderr(), "{error}").ok();
        std::process::exit(1);
    }

    let list = root.join("src-tauri/src/commands.rs");
    println!("cargo:rerun-if-changed={}", list.display());
    let commands = command_names(&fs::read_to_string(&list).expect("the list of commands is there"));
    let permissions = write_permissions(&commands).expect("the permissions are written");
    // Rebuilt with every command; the capability in tauri.conf.json grants them to window "main" only.
    let manifest = tauri_build::AppManifest::new().permissions_path_pattern(permissions.leak());
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri is configured");
}

/// The names in the `generate_handler!` list, the one list of commands.
fn command_names(source: &str) -> Vec<String> {
    let list = source.split("generate_handler![").nth(1).and_then(|rest| rest.split(']').next());
    list.expect("commands.rs has a generate_handler! list")
        .split(',')
        .filter_map(|path| path.trim().rsplit("::").next().filter(|name| !name.is_empty()))
        .map(str::to_owned)
        .collect()
}

/// One permission per command, and `default`, the set of them all. Returns the pattern tauri finds them by.
fn write_permissions(commands: &[String]) -> io::Result<String> {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("own-permissions");
    fs::create_dir_all(&folder)?;
    let slugs: Vec<_> = commands.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
    let mut text =
        format!("[default]\ndescription = \"All of Coffer's own commands.\"\npermissions = {slugs:?}\n");
    for (name, slug) in commands.iter().zip(&slugs) {
        text += &format!("\n[[permission]]\nidentifier = \"{slug}\"\ncommands.allow = [\"{name}\"]\n");
    }
    fs::write(folder.join("commands.toml"), text)?;
    Ok(folder.join("*.toml").to_string_lossy().into_owned())
}

/// Makes `ui/dist`: by npm and vite, or with `COFFER_UI=placeholder` one empty page for work on Rust alone.
fn build_web(ui: &Path) -> io::Result<()> {
    for source in WEB_SOURCES.iter().map(|name| ui.join(name)).filter(|path| path.exists()) {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    if env::var_os("COFFER_UI").is_some_and(|asked| asked == "placeholder") {
        fs::create_dir_all(ui.join("dist"))?;
        return fs::write(ui.join("dist/index.html"), PLACEHOLDER);
    }
    install_packages(ui)?;
    run_npm(ui, &["run", "build"])
}

/// `npm ci`, only when the lock is another than the last one installed (the same stamp as `cargo xtask`).
fn install_packages(ui: &Path) -> io::Result<()> {
    let lock = fs::read(ui.join("package-lock.json"))?;
    let stamp = ui.join("node_modules/.coffer-lock");
    if fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    run_npm(ui, &["ci", "--no-audit", "--no-fund"])?;
    fs::write(stamp, lock)
}

fn run_npm(ui: &Path, arguments: &[&str]) -> io::Result<()> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm).args(arguments).current_dir(ui).output();
    let output =
        output.map_err(|e| io::Error::other(format!("npm does not start ({e}); Coffer needs Node 20")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(io::Error::other(format!("npm {} {}:\n{}", arguments.join(" "), ended(output.status), said.concat())))
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"))
}
