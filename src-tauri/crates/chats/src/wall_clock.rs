//! Wall time to UTC, for sources that write local time without a zone.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::error::ChatError;
use crate::model::{Precision, Timestamp};
use crate::record::Extra;
use crate::source::Zone;

const MINUTE_MS: i64 = 60_000;
/// Offsets change only at multiples of this.
const CACHE_MS: i64 = 15 * MINUTE_MS;
/// A time this much before the one before it means that the clock was set back, in the hour that comes twice.
const STEP_BACK_MS: i64 = 2 * MINUTE_MS;

/// Days since 1970-01-01; `None` when there is no such day.
pub(crate) fn days_of(year: u32, month: u32, day: u32) -> Option<i64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > days {
        return None;
    }
    // Days from civil, Howard Hinnant: years begin in March, eras have 400 years.
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Milliseconds since 1970-01-01 of a wall time.
pub(crate) fn wall_ms(days: i64, hour: u32, minute: u32, second: u32) -> i64 {
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    days * 86_400_000 + seconds * 1000
}

/// Reads `2020-01-31T10:00:00`.
pub(crate) fn parse_wall(text: &str) -> Option<i64> {
    let wall: DateTime = text.parse().ok()?;
    let days = days_of(
        u32::try_from(wall.year()).ok()?,
        u32::try_from(wall.month()).ok()?,
        u32::try_from(wall.day()).ok()?,
    )?;
    let part = |part: i8| u32::try_from(part).ok();
    Some(wall_ms(days, part(wall.hour())?, part(wall.minute())?, part(wall.second())?))
}

/// Wall time as `2020-01-31T10:00:00`, or without seconds.
pub(crate) fn wall_text(wall_ms: i64, precision: Precision) -> String {
    let time = Timestamp { local_ms: Some(wall_ms), precision, ..Timestamp::default() };
    time.local_text().unwrap_or_default()
}

/// Turns wall times into UTC, one after the other.
pub(crate) struct WallClock {
    zone: TimeZone,
    is_known: bool,
    /// Last quarter of an hour whose offset is unambiguous: (wall / `CACHE_MS`, offset).
    cached: Option<(i64, i64)>,
    last_utc: i64,
}

impl WallClock {
    /// A clock of this zone.
    pub(crate) fn new(zone: &Zone) -> Result<Self, ChatError> {
        let (zone, is_known) = match zone {
            Zone::Unknown => (TimeZone::UTC, false),
            Zone::Assumed(name) => (find_zone(name)?, false),
            Zone::Known(name) => (find_zone(name)?, true),
        };
        Ok(Self { zone, is_known, cached: None, last_utc: i64::MIN })
    }

    /// Whether somebody said which zone it is.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// The moment of a wall time.
    pub(crate) fn timestamp(&mut self, wall_ms: i64, precision: Precision, text: String) -> Timestamp {
        let utc_ms = self.utc_ms(wall_ms);
        self.last_utc = utc_ms;
        Timestamp {
            utc_ms,
            precision,
            zone_known: self.is_known,
            local_ms: Some(wall_ms),
            text,
            extra: Extra::default(),
        }
    }

    fn utc_ms(&mut self, wall_ms: i64) -> i64 {
        let quarter = wall_ms.div_euclid(CACHE_MS);
        if let Some((cached, offset_ms)) = self.cached
            && cached == quarter
        {
            return wall_ms - offset_ms;
        }
        let Some(wall) = to_wall(wall_ms) else { return wall_ms };
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                self.cached = Some((quarter, offset_ms(offset)));
                wall_ms - offset_ms(offset)
            }
            // The hour that does not exist: the clock had not been set forward yet.
            AmbiguousOffset::Gap { before, .. } => wall_ms - offset_ms(before),
            // The hour that comes twice: the first, unless time has already passed it.
            AmbiguousOffset::Fold { before, after } => {
                let first = wall_ms - offset_ms(before);
                if first + STEP_BACK_MS <= self.last_utc { wall_ms - offset_ms(after) } else { first }
            }
        }
    }
}

fn find_zone(name: &str) -> Result<TimeZone, ChatError> {
    TimeZone::get(name).map_err(|_| ChatError::UnknownZone { name: name.to_owned() })
}

fn offset_ms(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1000
}

fn to_wall(wall_ms: i64) -> Option<DateTime> {
    let epoch = DateTime::new(1970, 1, 1, 0, 0, 0, 0).ok()?;
    epoch.checked_add(jiff::SignedDuration::from_millis(wall_ms)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> WallClock {
        WallClock::new(&Zone::Known("Europe/Berlin".into())).unwrap()
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(days_of(1970, 1, 1), Some(0));
        assert_eq!(days_of(2000, 2, 29), Some(11_016));
        assert_eq!(days_of(2026, 11, 23), Some(20_780));
        assert_eq!(days_of(2023, 2, 29), None);
        assert_eq!(days_of(2023, 13, 1), None);
    }

    #[test]
    fn summer_and_winter_differ() {
        let mut clock = berlin();

        let winter = clock.utc_ms(parse_wall("2021-01-01T12:00:00").unwrap());
        let summer = clock.utc_ms(parse_wall("2021-07-01T12:00:00").unwrap());

        assert_eq!(winter, parse_wall("2021-01-01T11:00:00").unwrap());
        assert_eq!(summer, parse_wall("2021-07-01T10:00:00").unwrap());
    }

    #[test]
    fn a_time_that_does_not_exist_is_read_before_the_change() {
        let mut clock = berlin();

        let utc = clock.utc_ms(parse_wall("2021-03-28T02:30:00").unwrap());

        assert_eq!(utc, parse_wall("2021-03-28T01:30:00").unwrap());
    }

    #[test]
    fn a_time_that_comes_twice_follows_the_order_of_messages() {
        let mut clock = berlin();
        let mut at =
            |text: &str| clock.timestamp(parse_wall(text).unwrap(), Precision::S, String::new()).utc_ms;

        let seen = [at("2021-10-31T02:10:00"), at("2021-10-31T02:50:00"), at("2021-10-31T02:05:00")];

        let expected = ["2021-10-31T00:10:00", "2021-10-31T00:50:00", "2021-10-31T01:05:00"];
        assert_eq!(seen, expected.map(|text| parse_wall(text).unwrap()));
    }

    #[test]
    fn an_unknown_zone_is_named() {
        let refused = WallClock::new(&Zone::Known("Europe/Atlantis".into()));

        assert!(matches!(refused.err(), Some(ChatError::UnknownZone { name }) if name == "Europe/Atlantis"));
    }
}
