//! Times on the command line: days and times as typed, ISO 8601 as printed.

use crate::arguments::Span;
use crate::failure::Failure;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

/// From (included) and to (left out), in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The first moment.
    pub from: Option<i64>,
    /// The moment after the last.
    pub to: Option<i64>,
}

impl Bounds {
    /// Reads `--from` and `--to` in the zone of this computer; a day given to `--to` counts in full.
    pub fn parse(span: &Span, zone: &str) -> Result<Self, Failure> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let read =
            |text: &Option<String>, days| text.as_deref().map(|text| moment(text, &zone, days)).transpose();
        Ok(Self { from: read(&span.from, 0)?, to: read(&span.to, 1)? })
    }

    /// A time lies within; a message without one only in a span without ends.
    pub fn hold(self, time: Option<i64>) -> bool {
        match time {
            Some(time) => self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to),
            None => self == Self::default(),
        }
    }
}

fn moment(text: &str, zone: &TimeZone, days: i64) -> Result<i64, Failure> {
    let wrong = || Failure::usage(format!("{text} is no time; write it as 2026-11-20 or 2026-11-20T14:00"));
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let local = match text.parse::<Date>() {
        Ok(day) if text.len() <= 10 => {
            day.checked_add(days.days()).map_err(|_| wrong())?.to_datetime(jiff::civil::Time::midnight())
        }
        _ => text.parse::<DateTime>().map_err(|_| wrong())?,
    };
    zone.to_timestamp(local).map(Timestamp::as_millisecond).map_err(|_| wrong())
}

/// A time as scripts read it: ISO 8601 in UTC; null when there is none.
pub fn iso(millis: Option<i64>) -> Value {
    millis
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .map_or(Value::Null, |t| t.to_string().into())
}

/// A time as people read it, in this computer's zone.
pub fn people(millis: Option<i64>, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let time = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| "-".to_owned(), |time| time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(from: &str, to: &str) -> Result<Bounds, Failure> {
        Bounds::parse(&Span { from: Some(from.to_owned()), to: Some(to.to_owned()) }, "Europe/Berlin")
    }

    #[test]
    fn a_day_counts_from_its_midnight_here_to_its_end() {
        let day = bounds("2026-11-20", "2026-11-20").unwrap();

        assert_eq!(
            (iso(day.from), iso(day.to)),
            ("2026-11-19T23:00:00Z".into(), "2026-11-20T23:00:00Z".into())
        );
    }

    #[test]
    fn a_time_with_a_zone_is_taken_as_it_stands() {
        let times = bounds("2026-11-20T10:00:00Z", "2026-11-20T12:00").unwrap();

        assert_eq!(
            (iso(times.from), iso(times.to)),
            ("2026-11-20T10:00:00Z".into(), "2026-11-20T11:00:00Z".into())
        );
    }

    #[test]
    fn nonsense_is_a_wrong_command_line() {
        let failure = bounds("yesterday", "2026-11-20").unwrap_err();

        assert_eq!(failure.exit, crate::failure::Exit::Usage);
    }

    #[test]
    fn a_message_without_a_time_is_only_in_all_time() {
        assert!(Bounds::default().hold(None));
        assert!(!bounds("2026-11-20", "2026-11-20").unwrap().hold(None));
    }
}
