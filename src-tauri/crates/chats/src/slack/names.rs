//! Which files of an export are the days of which channel, and who and what the export names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::ChatError;
use crate::files::Files;
use crate::model::{ConversationKind, Participant};

/// Lists of channels, with what is in them.
const LISTS: [(&str, ConversationKind); 4] = [
    ("channels.json", ConversationKind::Group),
    ("groups.json", ConversationKind::Group),
    ("mpims.json", ConversationKind::Group),
    ("dms.json", ConversationKind::Direct),
];
/// Longest list of people or channels.
const MAX_LIST: u64 = 64 << 20;

/// Where the files of an export stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Before all names: a zip may hold the export in a folder.
    pub(super) root: String,
    /// Files of days by the folder of their channel, the earliest first.
    pub(super) days: BTreeMap<String, Vec<String>>,
}

/// The places of an export, `None` when the tree is none.
pub(super) fn places(names: &[String]) -> Option<Places> {
    let roots = names.iter().filter_map(|name| name.strip_suffix("users.json"));
    let root = roots.filter(|root| root.is_empty() || root.ends_with('/')).min_by_key(|root| root.len())?;
    let has_list = LISTS.iter().any(|(list, _)| names.contains(&format!("{root}{list}")));
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        let Some((folder, day)) = name.strip_prefix(root).and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if is_day(day) {
            days.entry(folder.to_owned()).or_default().push(name.clone());
        }
    }
    days.values_mut().for_each(|days| days.sort());
    (has_list && !days.is_empty()).then(|| Places { root: root.to_owned(), days })
}

/// `2024-05-01.json`.
fn is_day(name: &str) -> bool {
    let Some(date) = name.strip_suffix(".json") else { return false };
    date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// A channel, a group or a chat of two.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: ConversationKind,
    pub(super) members: Vec<String>,
}

/// Everybody and every channel an export names.
#[derive(Default)]
pub(super) struct Book {
    /// Names by id.
    people: BTreeMap<String, String>,
    /// Channels by the name of their folder.
    channels: BTreeMap<String, Channel>,
}

impl Book {
    pub(super) fn read(files: &mut Files, root: &str) -> Result<Self, ChatError> {
        let mut book = Self::default();
        for user in list(files, &format!("{root}users.json"))? {
            if let Some(id) = text(&user, "id") {
                book.people.insert(id, name_of(&user));
            }
        }
        for (name, kind) in LISTS {
            for channel in list(files, &format!("{root}{name}"))? {
                book.channel(&channel, kind);
            }
        }
        Ok(book)
    }

    fn channel(&mut self, about: &Map<String, Value>, kind: ConversationKind) {
        let Some(id) = text(about, "id") else { return };
        let members = about.get("members").and_then(Value::as_array).into_iter().flatten();
        let members: Vec<String> = members.filter_map(Value::as_str).map(str::to_owned).collect();
        // Chats of two have no name: their folder is named by their id.
        let name = text(about, "name");
        let folder = name.clone().unwrap_or_else(|| id.clone());
        let name =
            name.unwrap_or_else(|| members.iter().map(|id| self.name(id)).collect::<Vec<_>>().join(", "));
        self.channels.insert(folder, Channel { id, name, kind, members });
    }

    /// The channel of a folder; one that no list names has the folder's name.
    pub(super) fn channel_of(&self, folder: &str) -> Channel {
        self.channels.get(folder).cloned().unwrap_or_else(|| Channel {
            id: folder.to_owned(),
            name: folder.to_owned(),
            kind: ConversationKind::Group,
            members: Vec::new(),
        })
    }

    pub(super) fn name(&self, id: &str) -> String {
        self.people.get(id).cloned().unwrap_or_default()
    }

    /// The name of a channel by its id.
    pub(super) fn channel_name(&self, id: &str) -> Option<String> {
        self.channels.values().find(|channel| channel.id == id).map(|channel| channel.name.clone())
    }

    pub(super) fn participant(&self, id: &str, me: Option<&str>) -> Participant {
        let name = self.name(id);
        let is_me = me.is_some_and(|me| me == id || (!name.is_empty() && me == name));
        Participant { key: id.to_owned(), is_me, name, ..Participant::default() }
    }
}

fn name_of(user: &Map<String, Value>) -> String {
    let profile = user.get("profile").and_then(Value::as_object);
    let in_profile = |key: &str| profile.and_then(|profile| text(profile, key));
    in_profile("real_name")
        .or_else(|| text(user, "real_name"))
        .or_else(|| in_profile("display_name"))
        .or_else(|| text(user, "name"))
        .unwrap_or_default()
}

pub(super) fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The objects of a list; a list that is not there or cannot be read has none.
fn list(files: &mut Files, name: &str) -> Result<Vec<Map<String, Value>>, ChatError> {
    if files.size(name).is_none_or(|size| size > MAX_LIST) {
        return Ok(Vec::new());
    }
    let Some(input) = files.open(name)? else { return Ok(Vec::new()) };
    let read: Result<Vec<Value>, _> = serde_json::from_reader(std::io::BufReader::new(input));
    let objects = read.unwrap_or_default().into_iter();
    Ok(objects.filter_map(|one| if let Value::Object(one) = one { Some(one) } else { None }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_found_by_channel_in_a_folder_or_not() {
        for root in ["", "Team export/"] {
            let names: Vec<String> = [
                "users.json",
                "channels.json",
                "general/2024-05-02.json",
                "general/2024-05-01.json",
                "general/notes.json",
            ]
            .iter()
            .map(|name| format!("{root}{name}"))
            .collect();

            let found = places(&names).unwrap();

            assert_eq!(found.root, root);
            let days = &found.days["general"];
            assert_eq!(
                days,
                &[format!("{root}general/2024-05-01.json"), format!("{root}general/2024-05-02.json")]
            );
        }
    }

    #[test]
    fn other_trees_are_no_export() {
        let names = |of: &[&str]| of.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();

        assert_eq!(places(&names(&["users.json", "a/2024-05-01.json"])), None);
        assert_eq!(places(&names(&["users.json", "channels.json"])), None);
        assert_eq!(places(&names(&["channels.json", "a/2024-05-01.json"])), None);
    }
}
