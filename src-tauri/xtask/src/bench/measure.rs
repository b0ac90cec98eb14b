//! What a program took, and the middle of several.

use crate::shell::Done;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one program took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// By the clock on the wall.
    pub seconds: f64,
    /// Of the processors in the program's own code: steady where other programs run too.
    pub user: f64,
    /// Of the processors, the system's work for it as well.
    pub processor: f64,
    /// The most memory it held, in MB.
    pub peak_mb: f64,
}

impl Cost {
    /// What is left when `unlock` was taken out; never below nothing.
    pub fn net_of(self, unlock: Self) -> Self {
        Self {
            seconds: (self.seconds - unlock.seconds).max(0.0),
            user: (self.user - unlock.user).max(0.0),
            processor: (self.processor - unlock.processor).max(0.0),
            peak_mb: self.peak_mb,
        }
    }

    /// One line of a table.
    pub fn show(self) -> String {
        format!("{:6.2} s, {:6.2} s of processor, {:4.0} MB", self.seconds, self.processor, self.peak_mb)
    }
}

/// The middle value of each figure.
pub fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Cost {
        seconds: middle(|cost| cost.seconds),
        user: middle(|cost| cost.user),
        processor: middle(|cost| cost.processor),
        peak_mb: middle(|cost| cost.peak_mb),
    }
}

/// Runs a program to its end; the peak is the kernel's own high-water mark.
pub fn measure(mut command: Command) -> Done<Cost> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = Instant::now();
    let before = of_children();
    let words = format!("{command:?}");
    let mut child = command.stdout(Stdio::null()).spawn().map_err(|e| format!("{words}: {e}"))?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0_u64;
    loop {
        if let Some(seen) = std::fs::read_to_string(&status_file).ok().as_deref().and_then(high_water) {
            peak_kib = peak_kib.max(seen);
        }
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            let seconds = start.elapsed().as_secs_f64();
            let after = of_children();
            let (user, system) = (after.0 - before.0, after.1 - before.1);
            let peak_mb = f64::from(u32::try_from(peak_kib).unwrap_or(u32::MAX)) * 1024.0 / 1e6;
            return if status.success() {
                Ok(Cost { seconds, user, processor: user + system, peak_mb })
            } else {
                Err(format!("{words} ended with {status}"))
            };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// Seconds of processor that ended children of this process took, in their own code and in the system's, in ticks of a hundredth as
/// every Linux counts them (proc(5)).
fn of_children() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the name, which may hold spaces: cutime and cstime are the 16th and 17th of all.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').skip(13).take(2);
    let mut ticks =
        fields.filter_map(|ticks| ticks.parse::<u32>().ok()).map(|ticks| f64::from(ticks) / 100.0);
    (ticks.next().unwrap_or(0.0), ticks.next().unwrap_or(0.0))
}
