//! A place that went back in time, and the answers to it.

use super::WayKind;
use serde::{Deserialize, Serialize};

view! {
    /// A place that went back in time: what this computer saw there, and what it shows now.
    pub struct RollbackView {
        /// Where backups go.
        pub place: String,
        /// When this computer last saw the newer state; none where that was not noted.
        pub seen: Option<i64>,
        /// Each computer that backs up there: its newest backup as seen, and as shown now. This computer is first.
        pub computers: Vec<RollbackComputer>,
        /// The ways to unlock in the place are older than those this computer saw there.
        pub ways_are_older: bool,
        /// The ways this computer saw: `keep_newer` puts them back.
        pub ways_seen: Vec<RollbackWay>,
        /// The ways the place shows now: after `it_is_right` these alone open it.
        pub ways_shown: Vec<RollbackWay>,
        /// What this computer remembered of the place is itself older than it should be, or was changed: nothing can be
        /// compared, and `computers` has only what the place shows.
        pub memory_is_lost: bool,
    }

    /// One computer of a [`RollbackView`].
    pub struct RollbackComputer {
        /// Its name; none where nobody knows it.
        pub machine: Option<String>,
        /// It is this one.
        pub is_own: bool,
        /// Its newest backup that was seen there.
        pub seen: Option<RollbackBackup>,
        /// Its newest backup the place shows now; none when it has none there.
        pub shown: Option<RollbackBackup>,
        /// Backups that are gone; as far as their numbers tell.
        pub lost: u64,
    }

    /// One backup of a [`RollbackView`].
    pub struct RollbackBackup {
        /// Its number among that computer's backups, from 1.
        pub number: u64,
        /// When it was made, by its writer's clock; none where that was not noted.
        pub time: Option<i64>,
    }

    /// A way to unlock of a [`RollbackView`].
    pub struct RollbackWay {
        /// Kind.
        pub kind: WayKind,
        /// The person's name for it; none while it is sealed.
        pub name: Option<String>,
        /// When it was added; none while it is sealed.
        pub added: Option<i64>,
    }

    /// The answer to a place that went back in time.
    #[derive(Copy, Eq)]
    pub enum RollbackChoice {
        /// What this computer saw counts: the ways it holds are put back, and the next backup stores all its chats again. Other
        /// backups that are gone cannot be put back.
        KeepNewer,
        /// What the place shows counts: what was seen there before is forgotten.
        ItIsRight,
    }
}
