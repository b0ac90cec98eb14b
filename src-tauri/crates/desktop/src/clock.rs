//! The computer's clocks.

use coffer_engine::ports::Clock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock, and a second one that never goes back.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the engine's time comes from")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the engine's time comes from")]
    fn now(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        }
    }

    fn ticks(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_counts_milliseconds_of_this_century() {
        let now = SystemClock::default().now();

        assert!((1_700_000_000_000..4_102_444_800_000).contains(&now), "{now}");
    }
}
