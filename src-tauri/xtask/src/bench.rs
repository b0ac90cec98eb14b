//! `cargo xtask bench import`: our import beside whatsapp-chat-parser's parse of the same file, in one run.
//!
//! Ours does more: it decrypts nothing but writes every message into the encrypted, searchable library.
//! Figures are ratios inside one run; rounds are interleaved, medians are printed.

use crate::shell::{self, Done, NPM, program};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MESSAGES: &str = "1000000";
const ROUNDS: usize = 3;

/// What one program took.
#[derive(Clone, Copy)]
struct Cost {
    /// By the clock on the wall.
    seconds: f64,
    /// Of the processors, its own and the system's for it: steady where other programs run too.
    processor: f64,
    peak_mb: f64,
}

/// Generates the chat once, then runs both programs in turn.
pub fn import(_arguments: &[&str]) -> Done {
    shell::run(&["cargo", "build", "--release", "--package", "coffer-cli"])?;
    let generate = ["--package", "coffer-chats", "--features", "generate", "--bin", "coffer-generate"];
    shell::run(&[&["cargo", "build", "--release"][..], &generate].concat())?;
    shell::run(&[NPM, "--prefix", "tests/bench", "ci", "--no-audit", "--no-fund"])?;
    let folder = shell::target().join("bench-import");
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let file = chat(&folder)?;
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        ours.push(import_once(&folder, &file)?);
        let mut node = program(&["node", "--max-old-space-size=8192", "tests/bench/parse.mjs"]);
        node.arg(&file);
        peer.push(measure(node)?);
        println!(
            "round {round}: ours {}, whatsapp-chat-parser {}",
            show(ours[round - 1]),
            show(peer[round - 1])
        );
    }
    report(&file, median(&ours), median(&peer))
}

/// The generated export: made once, it depends on the seed alone.
fn chat(folder: &Path) -> Done<PathBuf> {
    let file = folder.join("WhatsApp Chat with Everyone.txt");
    if !file.exists() {
        let generator = shell::target().join("release/coffer-generate").to_string_lossy().into_owned();
        let out = file.to_string_lossy().into_owned();
        shell::run(&[&generator, "whatsapp-text", "--messages", MESSAGES, "--seed", "1", "--out", &out])?;
    }
    Ok(file)
}

/// Imports into an empty home.
fn import_once(folder: &Path, file: &Path) -> Done<Cost> {
    let home = folder.join("home");
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(|e| e.to_string())?;
    }
    let mut command = Command::new(shell::target().join("release/coffer-cli"));
    command.arg("--home").arg(&home).args(["--json", "--quiet", "import"]).arg(file);
    command.args(["--zone", "Europe/Lisbon", "--no-originals"]);
    measure(command)
}

/// Runs a program to its end; the peak is the kernel's own high-water mark.
fn measure(mut command: Command) -> Done<Cost> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = Instant::now();
    let before = processor_of_children();
    let mut child = command.stdout(Stdio::null()).spawn().map_err(|e| e.to_string())?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0_u64;
    loop {
        if let Some(seen) = std::fs::read_to_string(&status_file).ok().as_deref().and_then(high_water) {
            peak_kib = peak_kib.max(seen);
        }
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            let seconds = start.elapsed().as_secs_f64();
            let processor = processor_of_children() - before;
            let peak_mb = f64::from(u32::try_from(peak_kib).unwrap_or(u32::MAX)) * 1024.0 / 1e6;
            return if status.success() {
                Ok(Cost { seconds, processor, peak_mb })
            } else {
                Err(format!("a measured program ended with {status}"))
            };
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// Seconds of processor that ended children of this process took, in ticks of a hundredth as every Linux counts them (proc(5)).
fn processor_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the name, which may hold spaces: cutime and cstime are the 16th and 17th of all.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').skip(13).take(2);
    fields.filter_map(|ticks| ticks.parse::<u32>().ok()).map(f64::from).sum::<f64>() / 100.0
}

fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Cost {
        seconds: middle(|cost| cost.seconds),
        processor: middle(|cost| cost.processor),
        peak_mb: middle(|cost| cost.peak_mb),
    }
}

fn show(cost: Cost) -> String {
    format!("{:6.2} s, {:6.2} s of processor, {:4.0} MB", cost.seconds, cost.processor, cost.peak_mb)
}

fn report(file: &Path, ours: Cost, peer: Cost) -> Done {
    let bytes = std::fs::metadata(file).map_err(|e| e.to_string())?.len();
    println!("\n{MESSAGES} messages, {bytes} bytes, median of {ROUNDS} interleaved rounds");
    println!("coffer import into the searchable library  {}", show(ours));
    println!("whatsapp-chat-parser 4.0.2, parse only     {}", show(peer));
    println!(
        "ratio                                      {:.2} of its time, {:.2} of its processor, {:.2} of its memory",
        ours.seconds / peer.seconds,
        ours.processor / peer.processor,
        ours.peak_mb / peer.peak_mb
    );
    Ok(())
}
