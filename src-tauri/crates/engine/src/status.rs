//! The status card: which of its eight states is shown, as a pure function of facts.

use crate::Engine;
use crate::backup::{backup_item, is_a_question};
use crate::check::UNNEEDED;
use crate::error::{Error, ErrorCode};
use crate::places;
use crate::view::{BackupItem, BackupStatus, CheckReport, Damage, ErrorView, ProtectionView};
use coffer_archive::{SnapshotInfo, Store};
use coffer_keys::RepositoryId;
use std::path::Path;

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
    /// The place shows an older state than this computer saw there: the person decides.
    RolledBack,
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
    /// The place shows an older state than this computer saw there.
    pub is_rolled_back: bool,
    /// The last run failed.
    pub failure: Option<ErrorView>,
    /// The last check found damage.
    pub is_damaged: bool,
}

impl CardState {
    /// The worst fact wins; nothing is shown green that is not.
    pub(crate) fn decide(facts: &CardFacts) -> Self {
        let CardFacts {
            is_running,
            is_locked,
            is_on,
            is_protected,
            is_place_there,
            is_rolled_back,
            failure,
            is_damaged,
        } = facts;
        if *is_running {
            Self::Running
        } else if *is_locked {
            Self::Locked
        } else if !is_on {
            Self::Off
        } else if !is_place_there {
            Self::PlaceMissing
        } else if *is_rolled_back {
            Self::RolledBack
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
            Self::RolledBack => "rolled_back",
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
        let detail = damaged.map(|damage| damage.file.clone());
        Some(ErrorView { code: ErrorCode::Damaged.as_str().to_owned(), detail, unused_passkey: None })
    })
}

impl Engine {
    /// The status card. Never asks for anything: what needs a key or the place is left out when there is none.
    ///
    /// # Errors
    /// When the home cannot be read.
    pub fn get_backup_status(&self) -> Result<BackupStatus, Error> {
        let settings = self.home.settings();
        let protection = self.get_protection()?;
        let own = self.own_library().ok();
        let store = settings.place.as_ref().and_then(|place| places::open_store(Path::new(&place.path)).ok());
        let is_on = settings.place.as_ref().is_some_and(|place| place.repository.is_some())
            && protection.state != "off";
        let seen = match &store {
            Some(store) if is_on => self.seen_backups(store.as_ref()),
            Some(_) | None => Seen::default(),
        };
        let last_check = self.last_check();
        let running = self.jobs.running().filter(|job| job.kind == "backup" || job.kind == "check");
        let rolled_back = seen.is_rolled_back.then(|| Error::RolledBack.view());
        let run = rolled_back.or(settings.last_failure).or(seen.failure);
        let failure = failure_of(run, last_check.as_ref());
        let facts = CardFacts {
            is_running: running.is_some(),
            is_locked: own.is_none(),
            is_on,
            is_protected: protection.state == "protected",
            is_place_there: store.is_some(),
            is_rolled_back: seen.is_rolled_back,
            is_damaged: last_check.as_ref().is_some_and(is_harmful),
            failure: failure.clone(),
        };
        let messages = own.map_or(Ok(0), |room| room.library.counts().map(|counts| counts.messages))?;
        let saved = seen.newest_own.as_ref().map_or(0, |backup| backup.messages);
        Ok(BackupStatus {
            state: CardState::decide(&facts).as_str().to_owned(),
            place: settings.place.map(|place| place.path),
            free: store.as_ref().and_then(|store| store.free_space().ok().flatten()),
            last_backup: seen.newest_own,
            last_check,
            backups: seen.backups,
            bytes: store.filter(|_| is_on).map_or(0, |store| bytes_in(store.as_ref())),
            running,
            failure,
            ways: proved(&protection),
            ways_elsewhere: protection.ways_elsewhere,
            unsaved_messages: messages.saturating_sub(saved),
            needs_unlock: is_on && !seen.is_readable && !protection.automatic,
        })
    }

    /// The backups in the own place, as far as they can be read without asking.
    fn seen_backups(&self, store: &dyn Store) -> Seen {
        let Ok(files) = store.list("snapshots/") else { return Seen::default() };
        let files: Vec<String> = files.into_iter().map(|file| file.name).collect();
        let kept = self.opened().seen.clone().filter(|(names, _)| *names == files);
        let (infos, mut seen) = match kept {
            Some((_, infos)) => (infos, Seen { is_readable: true, ..Seen::default() }),
            None => match self.read_backups() {
                Ok(infos) => {
                    self.opened().seen = Some((files.clone(), infos.clone()));
                    (infos, Seen { is_readable: true, ..Seen::default() })
                }
                Err(error) => {
                    let is_rolled_back = matches!(error, Error::RolledBack);
                    let failure = Some(&error).filter(|error| !is_a_question(error)).map(Error::view);
                    (Vec::new(), Seen { failure, is_rolled_back, ..Seen::default() })
                }
            },
        };
        seen.backups =
            u64::try_from(if seen.is_readable { infos.len() } else { files.len() }).unwrap_or(u64::MAX);
        let own = self.writer_id().ok();
        let newest = infos.iter().filter(|info| Some(info.writer) == own).max_by_key(|info| info.sequence);
        seen.newest_own = newest.map(backup_item);
        seen.is_rolled_back |= seen.is_readable && self.is_older(&infos);
        seen
    }

    fn read_backups(&self) -> Result<Vec<SnapshotInfo>, Error> {
        Ok(self.open_place(None)?.snapshots()?.0)
    }

    /// A backup this computer saw in the place is gone.
    fn is_older(&self, infos: &[SnapshotInfo]) -> bool {
        let repository = self.home.settings().place.and_then(|place| place.repository);
        let Some(id) = repository.and_then(|id| RepositoryId::parse(&id)) else { return false };
        match self.pinned(&id) {
            Ok(pinned) => pinned.heads.iter().any(|pin| !infos.iter().any(|info| info.id == pin.id)),
            Err(error) => matches!(error, Error::RolledBack),
        }
    }
}

/// What was seen of the backups in the place.
#[derive(Default)]
struct Seen {
    newest_own: Option<BackupItem>,
    backups: u64,
    is_readable: bool,
    is_rolled_back: bool,
    failure: Option<ErrorView>,
}

fn bytes_in(store: &dyn Store) -> u64 {
    store.list("").map_or(0, |files| files.iter().map(|file| file.size).sum())
}

fn proved(protection: &ProtectionView) -> u32 {
    u32::try_from(protection.ways.iter().filter(|way| way.is_proved).count()).unwrap_or(u32::MAX)
}

fn is_harm(damage: &Damage) -> bool {
    damage.what != "extra" && damage.what != UNNEEDED
}

/// Something in it keeps a backup from being read; a stray file does not.
fn is_harmful(report: &CheckReport) -> bool {
    report.damaged.iter().any(is_harm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> CardFacts {
        CardFacts { is_on: true, is_protected: true, is_place_there: true, ..CardFacts::default() }
    }

    fn full() -> ErrorView {
        ErrorView { code: "place_full".to_owned(), detail: None, unused_passkey: None }
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
            ("rolled_back", CardFacts { is_rolled_back: true, ..well() }),
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
            ("place_missing", CardFacts { is_rolled_back: true, ..nothing.clone() }),
            (
                "rolled_back",
                CardFacts {
                    is_rolled_back: true,
                    failure: Some(full()),
                    is_damaged: true,
                    is_place_there: true,
                    ..nothing.clone()
                },
            ),
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
        let bits = (0..=255_u8).map(|bits| CardFacts {
            is_running: bits & 1 != 0,
            is_locked: bits & 2 != 0,
            is_on: bits & 4 != 0,
            is_protected: bits & 8 != 0,
            is_place_there: bits & 16 != 0,
            failure: (bits & 32 != 0).then(full),
            is_damaged: bits & 64 != 0,
            is_rolled_back: bits & 128 != 0,
        });

        let green: Vec<_> = bits.filter(|facts| CardState::decide(facts) == CardState::Protected).collect();

        assert_eq!(green.len(), 1);
        assert_eq!(format!("{:?}", green[0]), format!("{:?}", well()));
    }

    #[test]
    fn a_damaged_check_is_a_failure_unless_the_run_itself_failed() {
        let damage = |file: &str, what: &str| Damage {
            file: file.to_owned(),
            what: what.to_owned(),
            affects: Vec::new(),
        };
        let report = CheckReport {
            time: 1,
            every_byte: true,
            without_key: false,
            snapshots: 1,
            files: 4,
            bytes: 9,
            damaged: vec![damage("notes.txt", "extra"), damage("packs/ab/ab.cpk", "damaged")],
            is_ok: false,
            millis: 3,
        };

        let failure = failure_of(None, Some(&report));
        let run_first = failure_of(Some(full()), Some(&report));

        assert_eq!(
            failure,
            Some(ErrorView {
                code: "damaged".to_owned(),
                detail: Some("packs/ab/ab.cpk".to_owned()),
                unused_passkey: None,
            })
        );
        assert_eq!(run_first, Some(full()));
        assert_eq!(failure_of(None, Some(&CheckReport { is_ok: true, damaged: vec![], ..report })), None);
    }
}
