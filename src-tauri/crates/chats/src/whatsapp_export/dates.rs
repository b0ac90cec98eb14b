//! Order of day, month and year: decided from every line of the file, never from one.

use crate::model::Precision;
use crate::source::{DateGuess, DateOrder};
use crate::wall_clock::{days_of, wall_ms, wall_text};

use super::header::{HalfDays, Header, Shape, Year};

/// Going back by more than this speaks against an order: phones receive messages late, but rarely that late, and
/// a wrong order goes back by a month or more.
const STEP_BACK_MS: i64 = 10 * 86_400_000;

const ORDERS: [DateOrder; 3] = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];

/// Whether this order can be read from dates of this shape at all.
fn fits(year: Year, order: DateOrder) -> bool {
    match (year, order) {
        (Year::First, DateOrder::Ymd) | (Year::Last, DateOrder::Dmy | DateOrder::Mdy) | (Year::Short, _) => {
            true
        }
        (Year::First, DateOrder::Dmy | DateOrder::Mdy) | (Year::Last, DateOrder::Ymd) => false,
    }
}

/// Wall time of a header under an order; `None` when there is no such date.
pub(super) fn wall_of(header: &Header, order: DateOrder) -> Option<i64> {
    if !fits(header.shape.year, order) {
        return None;
    }
    let [first, second, third] = header.date;
    let (year, month, day) = match order {
        DateOrder::Dmy => (third, second, first),
        DateOrder::Mdy => (third, first, second),
        DateOrder::Ymd => (first, second, third),
    };
    let year = match header.shape.year {
        // WhatsApp began in 2009.
        Year::Short if year < 9 => return None,
        Year::Short => year + 2000,
        // The Buddhist calendar of Thai phones runs 543 years ahead.
        Year::First | Year::Last if (2500..2700).contains(&year) => year - 543,
        Year::First | Year::Last => year,
    };
    if !(1970..2100).contains(&year) {
        return None;
    }
    let days = days_of(year, month, day)?;
    Some(wall_ms(days, header.hour, header.minute, header.second.unwrap_or(0)))
}

/// The precision of a header's time.
pub(super) fn precision_of(header: &Header) -> Precision {
    if header.second.is_some() { Precision::S } else { Precision::Min }
}

/// What all headers of one shape say about the order.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    seen: [OrderEvidence; 3],
    count: u64,
    /// First header, and the first that the orders read differently.
    samples: [Option<(Header, String)>; 2],
}

#[derive(Clone, Copy, Debug)]
struct OrderEvidence {
    impossible: u64,
    steps_back: u64,
    last: i64,
}

impl Default for OrderEvidence {
    fn default() -> Self {
        Self { impossible: 0, steps_back: 0, last: i64::MIN }
    }
}

impl Evidence {
    /// Takes one header into account.
    pub(super) fn add(&mut self, header: &Header, line: &[u8]) {
        self.count += 1;
        for (order, seen) in ORDERS.into_iter().zip(&mut self.seen) {
            match wall_of(header, order) {
                None => seen.impossible += 1,
                Some(wall) => {
                    if wall.saturating_add(STEP_BACK_MS) < seen.last {
                        seen.steps_back += 1;
                    }
                    seen.last = wall;
                }
            }
        }
        let [first, telling] = &mut self.samples;
        if first.is_some() && (telling.is_some() || !tells_apart(header)) {
            return;
        }
        let time = line.get(header.time_start..header.time_end).unwrap_or_default();
        let sample = Some((*header, String::from_utf8_lossy(time).into_owned()));
        if tells_apart(header) && telling.is_none() {
            telling.clone_from(&sample);
        }
        if first.is_none() {
            *first = sample;
        }
    }

    /// The orders that make the fewest headers impossible.
    fn least_impossible(&self, shape: &Shape) -> Vec<DateOrder> {
        let mut possible: Vec<DateOrder> =
            ORDERS.into_iter().filter(|order| fits(shape.year, *order)).collect();
        // Two digits of a year stand first only between dashes, or where the half of the day stands before the
        // time; elsewhere only if nothing else can be.
        let is_year_first = shape.date_separator == b'-' || shape.half_days == HalfDays::Before;
        let day_first = self.impossible(DateOrder::Dmy).min(self.impossible(DateOrder::Mdy));
        if shape.year == Year::Short && !is_year_first && day_first * 2 <= self.count {
            possible.retain(|order| *order != DateOrder::Ymd);
        }
        let least = possible.iter().map(|order| self.impossible(*order)).min().unwrap_or(0);
        possible.retain(|order| self.impossible(*order) == least);
        possible
    }

    /// How many headers are impossible under the order.
    pub(super) fn impossible(&self, order: DateOrder) -> u64 {
        self.of(order).impossible
    }

    fn of(&self, order: DateOrder) -> OrderEvidence {
        let at = ORDERS.iter().position(|candidate| *candidate == order).unwrap_or(0);
        self.seen.get(at).copied().unwrap_or_default()
    }

    /// Decides: impossible dates first, then time that runs backwards, then the habit of the shape, which is
    /// reported as undecided.
    pub(super) fn decide(&self, shape: &Shape) -> DateGuess {
        let left = self.least_impossible(shape);
        let fewest = left.iter().map(|order| self.of(*order).steps_back).min().unwrap_or(0);
        let clear: Vec<DateOrder> = left
            .iter()
            .copied()
            // A few late arrivals happen; a wrong order goes back at nearly every turn of a month.
            .filter(|order| self.of(*order).steps_back <= fewest * 3)
            .collect();
        let (order, is_undecided) = match clear.as_slice() {
            [only] => (*only, false),
            several => habit(shape, several),
        };
        let readings_of = if is_undecided { clear } else { vec![order] };
        let [first, telling] = &self.samples;
        let Some((header, sample)) = telling.as_ref().or(first.as_ref()) else {
            return DateGuess { order, is_undecided, sample: String::new(), readings: Vec::new() };
        };
        let readings = readings_of
            .into_iter()
            .filter_map(|order| Some((order, wall_text(wall_of(header, order)?, precision_of(header)))))
            .collect();
        DateGuess { order, is_undecided, sample: sample.clone(), readings }
    }
}

/// The usual order of a shape among several possible ones, and whether that is a guess.
fn habit(shape: &Shape, several: &[DateOrder]) -> (DateOrder, bool) {
    let prefer = |order: DateOrder| several.contains(&order).then_some(order);
    let slashed = if shape.half_days == HalfDays::No { DateOrder::Dmy } else { DateOrder::Mdy };
    let usual = match shape.date_separator {
        // Korean and Chinese
        _ if shape.half_days == HalfDays::Before && several.contains(&DateOrder::Ymd) => {
            return (DateOrder::Ymd, false);
        }
        // No language writes month.day.year.
        b'.' if several.contains(&DateOrder::Dmy) => return (DateOrder::Dmy, false),
        b'/' => prefer(slashed),
        _ => None,
    };
    let order =
        usual.or_else(|| prefer(DateOrder::Dmy)).or(several.first().copied()).unwrap_or(DateOrder::Dmy);
    (order, several.len() > 1)
}

/// Reading day and month the other way round gives another date.
fn tells_apart(header: &Header) -> bool {
    let [first, second, third] = header.date;
    match header.shape.year {
        Year::First => true,
        Year::Last => first != second,
        Year::Short => first != second || (header.shape.date_separator == b'-' && second != third),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatsapp_export::header::parse_header;

    fn decide(lines: &[&str]) -> DateGuess {
        let mut evidence = Evidence::default();
        let mut shape = None;
        for line in lines {
            let header = parse_header(line.as_bytes()).unwrap();
            evidence.add(&header, line.as_bytes());
            shape = Some(header.shape);
        }
        evidence.decide(&shape.unwrap())
    }

    #[test]
    fn a_day_over_twelve_decides() {
        let dmy = decide(&["1/2/20, 10:00 - A: m", "13/2/20, 10:00 - A: m"]);
        let mdy = decide(&["1/2/20, 10:00 - A: m", "1/13/20, 10:00 - A: m"]);

        assert_eq!((dmy.order, dmy.is_undecided), (DateOrder::Dmy, false));
        assert_eq!((mdy.order, mdy.is_undecided), (DateOrder::Mdy, false));
    }

    #[test]
    fn time_never_runs_backwards() {
        let dmy = decide(&[
            "11/12/2019, 10:00 - A: m",
            "12/12/2019, 10:00 - A: m",
            "1/2/2020, 10:00 - A: m",
            "1/3/2020, 1:00 - A: m",
            "2/1/2021, 3:00 - A: m",
        ]);
        let back = decide(&["3/1/2020, 10:00 - A: m", "4/1/2020, 10:00 - A: m", "1/2/2020, 10:00 - A: m"]);

        assert!(dmy.is_undecided);
        assert_eq!((back.order, back.is_undecided), (DateOrder::Dmy, false));
    }

    #[test]
    fn two_digit_years_may_come_first() {
        let ymd =
            decide(&["[15-01-20 02:22:56] A: m", "[15-01-31 02:22:56] A: m", "[16-02-01 02:22:56] A: m"]);

        assert_eq!((ymd.order, ymd.is_undecided), (DateOrder::Ymd, false));
    }

    #[test]
    fn an_undecided_file_shows_both_readings_of_a_telling_line() {
        let open = decide(&["3/3/20, 10:00 - A: m", "3/4/20, 10:00 - A: m"]);

        assert!(open.is_undecided);
        assert_eq!(open.sample, "3/4/20, 10:00");
        assert_eq!(open.readings[0], (DateOrder::Dmy, "2020-04-03T10:00".to_owned()));
        assert_eq!(open.readings[1], (DateOrder::Mdy, "2020-03-04T10:00".to_owned()));
    }
}
