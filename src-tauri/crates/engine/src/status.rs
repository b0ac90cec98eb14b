//! The status card: which of its seven states is shown, as a pure function of facts.

use crate::error::ErrorCode;
use crate::view::{BackupStatus, CheckReport, ErrorView};

/// The states of the card (SCREENS 3.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CardState {
    /// Chats are not backed up.
    Off,
    /// Backed up, and at least two ways open it, one of them anywhere.
    Protected,
    /// Backed up, but one mishap away from closed for good.
    AtRisk,
    /// The last run did not finish, or a check found damage, or the place went back in time.
    Failed,
    /// The place cannot be reached.
    PlaceMissing,
    /// The library cannot be read until a way to unlock is used.
    Locked,
    /// A run is on its way.
    Running,
}

/// What the card is decided by.
#[derive(Clone, Debug, Default)]
pub(crate) struct CardFacts {
    /// A backup or a check runs now.
    pub is_running: bool,
    /// The library is locked.
    pub is_locked: bool,
    /// Protection was set up: a repository exists.
    pub is_on: bool,
    /// At least two proved ways, one of which works elsewhere.
    pub is_protected: bool,
    /// The place answers.
    pub is_place_there: bool,
    /// The last run failed, or the place shows an older state.
    pub failure: Option<ErrorView>,
    /// The last check found damage.
    pub is_damaged: bool,
}

impl CardState {
    /// The worst fact wins; nothing is shown green that is not.
    pub(crate) fn decide(facts: &CardFacts) -> Self {
        let CardFacts { is_running, is_locked, is_on, is_protected, is_place_there, failure, is_damaged } =
            facts;
        if *is_running {
            Self::Running
        } else if *is_locked {
            Self::Locked
        } else if !is_on {
            Self::Off
        } else if !is_place_there {
            Self::PlaceMissing
        } else if failure.is_some() || *is_damaged {
            Self::Failed
        } else if !is_protected {
            Self::AtRisk
        } else {
            Self::Protected
        }
    }

    /// The word in a [`BackupStatus`].
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Protected => "protected",
            Self::AtRisk => "at_risk",
            Self::Failed => "failed",
            Self::PlaceMissing => "place_missing",
            Self::Locked => "locked",
            Self::Running => "running",
        }
    }
}

/// Why the card says "failed": the run's own failure first, else what the last check found.
pub(crate) fn failure_of(run: Option<ErrorView>, check: Option<&CheckReport>) -> Option<ErrorView> {
    run.or_else(|| {
        let report = check.filter(|report| !report.is_ok)?;
        let damaged =
            report.damaged.iter().find(|damage| damage.what != "extra").or_else(|| report.damaged.first());
        let detail = damaged.map(|damage| damage.affects.first().unwrap_or(&damage.file).clone());
        Some(ErrorView { code: ErrorCode::Damaged.as_str().to_owned(), detail })
    })
}

/// A card that knows nothing yet: the default of every fact that needs a key or a place.
pub(crate) fn blank_status() -> BackupStatus {
    BackupStatus {
        state: CardState::Off.as_str().to_owned(),
        place: None,
        free: None,
        last_backup: None,
        last_check: None,
        backups: 0,
        bytes: 0,
        running: None,
        failure: None,
        ways: 0,
        ways_elsewhere: 0,
        unsaved_messages: 0,
        needs_unlock: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Damage;

    fn well() -> CardFacts {
        CardFacts { is_on: true, is_protected: true, is_place_there: true, ..CardFacts::default() }
    }

    fn full() -> ErrorView {
        ErrorView { code: "place_full".to_owned(), detail: None }
    }

    #[test]
    fn each_state_has_the_facts_that_lead_to_it() {
        let table = [
            ("off", CardFacts::default()),
            ("protected", well()),
            ("at_risk", CardFacts { is_protected: false, ..well() }),
            ("failed", CardFacts { failure: Some(full()), ..well() }),
            ("failed", CardFacts { is_damaged: true, ..well() }),
            ("place_missing", CardFacts { is_place_there: false, ..well() }),
            ("locked", CardFacts { is_locked: true, ..well() }),
            ("running", CardFacts { is_running: true, ..well() }),
        ];

        let states = table.map(|(want, facts)| (want, CardState::decide(&facts).as_str()));

        assert_eq!(states.map(|(want, _)| want), states.map(|(_, got)| got));
    }

    #[test]
    fn the_worst_fact_wins() {
        let nothing = CardFacts { is_on: true, ..CardFacts::default() };
        let table = [
            (
                "off",
                CardFacts {
                    failure: Some(full()),
                    is_damaged: true,
                    is_place_there: true,
                    ..CardFacts::default()
                },
            ),
            ("place_missing", CardFacts { failure: Some(full()), is_damaged: true, ..nothing.clone() }),
            ("failed", CardFacts { failure: Some(full()), is_place_there: true, ..nothing.clone() }),
            ("failed", CardFacts { is_damaged: true, is_place_there: true, ..nothing.clone() }),
            ("locked", CardFacts { is_locked: true, failure: Some(full()), ..nothing.clone() }),
            ("locked", CardFacts { is_locked: true, ..CardFacts::default() }),
            ("running", CardFacts { is_running: true, is_locked: true, failure: Some(full()), ..nothing }),
        ];

        let states = table.map(|(want, facts)| (want, CardState::decide(&facts).as_str()));

        assert_eq!(states.map(|(want, _)| want), states.map(|(_, got)| got));
    }

    #[test]
    fn only_full_protection_without_any_trouble_is_green() {
        let bits = (0..128_u8).map(|bits| CardFacts {
            is_running: bits & 1 != 0,
            is_locked: bits & 2 != 0,
            is_on: bits & 4 != 0,
            is_protected: bits & 8 != 0,
            is_place_there: bits & 16 != 0,
            failure: (bits & 32 != 0).then(full),
            is_damaged: bits & 64 != 0,
        });

        let green: Vec<_> = bits.filter(|facts| CardState::decide(facts) == CardState::Protected).collect();

        assert_eq!(green.len(), 1);
        assert_eq!(format!("{:?}", green[0]), format!("{:?}", well()));
    }

    #[test]
    fn a_damaged_check_names_what_is_lost_not_the_file() {
        let damage = |what: &str, affects: &[&str]| Damage {
            file: "packs/ab/ab.cpk".to_owned(),
            what: what.to_owned(),
            affects: affects.iter().map(|&text| text.to_owned()).collect(),
        };
        let report = CheckReport {
            time: 1,
            every_byte: true,
            snapshots: 1,
            files: 4,
            bytes: 9,
            damaged: vec![damage("extra", &[]), damage("damaged", &["12 photos in Family"])],
            is_ok: false,
            millis: 3,
        };

        let failure = failure_of(None, Some(&report));
        let run_first = failure_of(Some(full()), Some(&report));

        assert_eq!(
            failure,
            Some(ErrorView { code: "damaged".to_owned(), detail: Some("12 photos in Family".to_owned()) })
        );
        assert_eq!(run_first, Some(full()));
        assert_eq!(failure_of(None, Some(&CheckReport { is_ok: true, damaged: vec![], ..report })), None);
    }
}
