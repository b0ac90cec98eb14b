//! Which backups a rule lets go: a pure function of what the backups say of themselves, so that a preview is the result.
//!
//! It never asks a clock what is newer: order is the place in the writer's chain. The decisions stand in
//! `src-tauri/docs/0025-retention.md`.

use crate::snapshot::{SnapshotId, WriterId};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// Newest days, weeks and months of which [`Retention::Smart`] keeps a backup each; of the years all.
const DAYS: usize = 7;
const WEEKS: usize = 4;
const MONTHS: usize = 12;

/// The number of the day, week, month or year of a day.
type SpanOf = fn(i64) -> i64;

/// How long backups stay. It counts for each computer by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// All of them.
    Everything,
    /// So many of the newest.
    Last(NonZeroU32),
    /// The newest of each of the last 7 days, 4 weeks and 12 months that have one, and of every year.
    Smart,
}

/// A backup as a rule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The backup.
    pub id: SnapshotId,
    /// Whose it is.
    pub writer: WriterId,
    /// Its place in the writer's chain.
    pub sequence: u64,
    /// The day it was made on, in days since 1970-01-01 where the person lives.
    pub day: i64,
    /// Everything that was in the library is in it.
    pub is_complete: bool,
    /// Every byte of it was read back and found whole.
    pub is_checked: bool,
}

impl Retention {
    /// The backups that go. `today` is the day now, counted as [`Candidate::day`].
    ///
    /// Of each computer these stay whatever the rule says: the newest, the newest complete, the newest checked, and all that
    /// claim to come from the future.
    pub fn forgets(self, backups: &[Candidate], today: i64) -> BTreeSet<SnapshotId> {
        let mut writers: BTreeMap<WriterId, Vec<&Candidate>> = BTreeMap::new();
        for backup in backups {
            writers.entry(backup.writer).or_default().push(backup);
        }
        writers.into_values().flat_map(|chain| self.forgets_of(chain, today)).collect()
    }

    /// Those of one computer that go.
    fn forgets_of(self, mut chain: Vec<&Candidate>, today: i64) -> BTreeSet<SnapshotId> {
        chain.sort_by_key(|backup| std::cmp::Reverse((backup.sequence, backup.id)));
        let mut stays = always_kept(&chain);
        // One day of grace: zones differ, and clocks.
        let (dated, future): (Vec<&Candidate>, Vec<&Candidate>) =
            chain.iter().copied().partition(|backup| backup.day <= today.saturating_add(1));
        stays.extend(future.iter().map(|backup| backup.id));
        stays.extend(match self {
            Self::Everything => dated.iter().map(|backup| backup.id).collect(),
            Self::Last(count) => {
                let count = usize::try_from(count.get()).unwrap_or(usize::MAX);
                dated.iter().take(count).map(|backup| backup.id).collect()
            }
            Self::Smart => smartly_kept(&dated),
        });
        chain.iter().map(|backup| backup.id).filter(|id| !stays.contains(id)).collect()
    }
}

/// What no rule lets go. `chain` is newest first.
fn always_kept(chain: &[&Candidate]) -> BTreeSet<SnapshotId> {
    let newest = chain.first();
    let complete = chain.iter().find(|backup| backup.is_complete);
    let checked = chain.iter().find(|backup| backup.is_checked);
    newest.into_iter().chain(complete).chain(checked).map(|backup| backup.id).collect()
}

/// The newest of each of the last days, weeks, months and of all years that have one. `chain` is newest first.
fn smartly_kept(chain: &[&Candidate]) -> BTreeSet<SnapshotId> {
    let spans: [(SpanOf, usize); 4] =
        [(|day| day, DAYS), (week, WEEKS), (month, MONTHS), (|day| month(day).div_euclid(12), usize::MAX)];
    spans.into_iter().flat_map(|(span, count)| newest_of_each(chain, span, count)).collect()
}

/// One backup of each of the `count` latest spans that have one: the newest complete one, else the newest.
fn newest_of_each(chain: &[&Candidate], span: SpanOf, count: usize) -> Vec<SnapshotId> {
    let mut best: BTreeMap<i64, &Candidate> = BTreeMap::new();
    for backup in chain {
        let kept = best.entry(span(backup.day)).or_insert(backup);
        if backup.is_complete && !kept.is_complete {
            *kept = backup;
        }
    }
    best.into_values().rev().take(count).map(|backup| backup.id).collect()
}

/// Weeks begin on Monday; 1970-01-01 was a Thursday.
const fn week(day: i64) -> i64 {
    day.saturating_add(3).div_euclid(7)
}

/// Months since the year 0 of the Gregorian calendar. Counted from 1 March, so that the leap day ends the year.
const fn month(day: i64) -> i64 {
    /// Days from 0000-03-01 to 1970-01-01.
    const TO_MARCH_OF_YEAR_0: i64 = 719_468;
    /// Days of 400 years, after which the calendar repeats.
    const ERA: i64 = 146_097;
    let days = day.saturating_add(TO_MARCH_OF_YEAR_0);
    let (era, rest) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (rest - rest / 1_460 + rest / 36_524 - rest / 146_096) / 365;
    let of_year = rest - (365 * year + year / 4 - year / 100);
    // March is 0; five months from March, and from August, have 153 days.
    let from_march = (5 * of_year + 2) / 153;
    (era * 400 + year) * 12 + from_march + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: i64 = 20_783;

    fn id(number: u8) -> SnapshotId {
        SnapshotId([number; 32])
    }

    /// A whole backup of the one computer.
    fn backup(number: u8, day: i64) -> Candidate {
        let sequence = u64::from(number);
        Candidate {
            id: id(number),
            writer: WriterId([1; 16]),
            sequence,
            day,
            is_complete: true,
            is_checked: false,
        }
    }

    fn last(count: u32) -> Retention {
        Retention::Last(NonZeroU32::new(count).unwrap())
    }

    fn kept(rule: Retention, backups: &[Candidate]) -> Vec<u64> {
        let gone = rule.forgets(backups, TODAY);
        backups.iter().filter(|backup| !gone.contains(&backup.id)).map(|backup| backup.sequence).collect()
    }

    #[test]
    fn months_and_years_are_those_of_the_calendar() {
        // date -ud 2000-02-29 +%s, divided by 86,400; and so on.
        let days = [(0, 1970, 1), (-1, 1969, 12), (11_016, 2000, 2), (11_017, 2000, 3), (20_782, 2026, 11)];

        let found = days.map(|(day, _, _)| (month(day).div_euclid(12), month(day).rem_euclid(12) + 1));

        assert_eq!(found, days.map(|(_, year, month)| (year, month)));
        assert_eq!((week(3), week(4), week(-4)), (0, 1, -1), "Sunday ends a week, Monday begins one");
    }

    #[test]
    fn the_last_ones_stay_by_their_place_in_the_chain_not_by_their_day() {
        let backups = [backup(1, TODAY), backup(2, TODAY - 900), backup(3, TODAY - 901)];

        assert_eq!(kept(last(2), &backups), [2, 3]);
        assert_eq!(kept(Retention::Everything, &backups), [1, 2, 3]);
    }

    #[test]
    fn a_backup_a_day_for_two_years_thins_out_to_days_weeks_months_and_years() {
        let backups: Vec<Candidate> =
            (0..240).map(|number| backup(number, TODAY - 717 + 3 * i64::from(number))).collect();

        let stays = kept(Retention::Smart, &backups);
        let days: Vec<i64> =
            stays.iter().map(|sequence| TODAY - 717 + 3 * i64::try_from(*sequence).unwrap()).collect();

        assert!(stays.ends_with(&[233, 234, 235, 236, 237, 238, 239]), "{stays:?}");
        let months: BTreeSet<i64> = days.iter().map(|day| month(*day)).collect();
        assert!((12..=14).contains(&months.len()), "{days:?}");
        assert!((17..=22).contains(&stays.len()), "{stays:?}");
    }

    #[test]
    fn a_long_pause_counts_no_days() {
        let backups: Vec<Candidate> =
            (1..=7).map(|number| backup(number, TODAY - 3_000 + i64::from(number))).collect();

        assert_eq!(kept(Retention::Smart, &backups), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn the_newest_the_newest_complete_and_the_newest_checked_stay() {
        let mut backups: Vec<Candidate> = (1..=5).map(|number| backup(number, TODAY)).collect();
        backups[1].is_checked = true;
        backups[3].is_complete = false;
        backups[4].is_complete = false;

        assert_eq!(kept(last(1), &backups), [2, 3, 5]);
        assert_eq!(kept(Retention::Smart, &backups), [2, 3, 5]);
    }

    #[test]
    fn a_backup_from_the_future_stays_and_pushes_none_out() {
        let backups = [backup(1, TODAY - 1), backup(2, TODAY), backup(3, TODAY + 40), backup(4, TODAY + 1)];

        assert_eq!(kept(last(2), &backups), [2, 3, 4]);
    }

    prop_compose! {
        fn chains()(
            parts in prop::collection::vec((0..3_u8, -900..4_i64, any::<bool>(), any::<bool>()), 0..40),
        ) -> Vec<Candidate> {
            let numbered = (0_u8..).zip(parts);
            numbered.map(|(number, (writer, age, is_complete, is_checked))| Candidate {
                writer: WriterId([writer; 16]), is_complete, is_checked, ..backup(number, TODAY + age)
            }).collect()
        }
    }

    fn rules() -> impl Strategy<Value = Retention> {
        prop_oneof![Just(Retention::Everything), Just(Retention::Smart), (1..9_u32).prop_map(last)]
    }

    fn without(backups: &[Candidate], gone: &BTreeSet<SnapshotId>) -> Vec<Candidate> {
        backups.iter().filter(|backup| !gone.contains(&backup.id)).copied().collect()
    }

    proptest! {
        #[test]
        fn no_rule_takes_what_always_stays(backups in chains(), rule in rules()) {
            let left = without(&backups, &rule.forgets(&backups, TODAY));

            for writer in 0..3 {
                let of = |found: &[Candidate], is: fn(&Candidate) -> bool| {
                    found.iter().filter(|backup| backup.writer == WriterId([writer; 16]) && is(backup)).map(|backup| backup.sequence).max()
                };
                let kinds: [fn(&Candidate) -> bool; 3] = [|_| true, |backup| backup.is_complete, |backup| backup.is_checked];
                for is in kinds {
                    prop_assert_eq!(of(&left, is), of(&backups, is));
                }
            }
        }

        #[test]
        fn a_second_run_finds_nothing_more(backups in chains(), rule in rules()) {
            let left = without(&backups, &rule.forgets(&backups, TODAY));

            prop_assert!(rule.forgets(&left, TODAY).is_empty());
        }

        #[test]
        fn neither_the_order_of_the_list_nor_another_computer_changes_the_result(backups in chains(), rule in rules()) {
            let all = rule.forgets(&backups, TODAY);

            let mut turned = backups.clone();
            turned.reverse();
            let alone: BTreeSet<SnapshotId> = (0..3).flat_map(|writer| {
                let own: Vec<Candidate> = backups.iter().filter(|backup| backup.writer == WriterId([writer; 16])).copied().collect();
                rule.forgets(&own, TODAY)
            }).collect();
            prop_assert_eq!(&rule.forgets(&turned, TODAY), &all);
            prop_assert_eq!(&alone, &all);
        }

        #[test]
        fn the_last_ones_are_all_newer_than_what_goes(backups in chains(), count in 1..9_u32) {
            let gone = last(count).forgets(&backups, TODAY);

            let left = without(&backups, &gone);
            for lost in backups.iter().filter(|backup| gone.contains(&backup.id)) {
                let newer = left.iter().filter(|backup| backup.writer == lost.writer && backup.sequence > lost.sequence);
                prop_assert!(newer.count() >= usize::try_from(count).unwrap());
            }
        }

        #[test]
        fn smart_keeps_a_backup_of_every_year_and_of_each_of_the_last_days(backups in chains()) {
            let left = without(&backups, &Retention::Smart.forgets(&backups, TODAY));

            let years = |found: &[Candidate]| -> BTreeSet<(WriterId, i64)> {
                found.iter().map(|backup| (backup.writer, month(backup.day).div_euclid(12))).collect()
            };
            prop_assert_eq!(years(&left), years(&backups));
            for writer in 0..3 {
                let days = |found: &[Candidate]| -> Vec<i64> {
                    let own = found.iter().filter(|backup| backup.writer == WriterId([writer; 16]) && backup.day <= TODAY + 1);
                    own.map(|backup| backup.day).collect::<BTreeSet<_>>().into_iter().rev().take(7).collect()
                };
                prop_assert_eq!(days(&left), days(&backups));
            }
        }
    }
}
