//! Which files of a download are chats, and where the files they name lie.

use std::collections::BTreeMap;

/// A chat's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    /// Its folder with `/` behind it, or the beginning of its file names in an end-to-end encrypted export.
    pub(super) place: String,
    /// Its files, in no order that matters.
    pub(super) files: Vec<String>,
    /// One of an end-to-end encrypted export.
    pub(super) is_sealed: bool,
}

/// Chats of a tree, by their places.
pub(super) fn threads(names: &[String]) -> Vec<Thread> {
    let mut found: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    for name in names {
        if let Some(place) = thread_of(name) {
            found.entry(place).or_default().push(name.clone());
        }
    }
    let has_plain = found.keys().any(|(_, is_sealed)| !is_sealed);
    let all = found.into_iter().map(|((place, is_sealed), files)| Thread { place, files, is_sealed });
    // Other files of a download end in numbers too.
    all.filter(|thread| !(has_plain && thread.is_sealed)).collect()
}

/// `…/inbox/anna_123/message_1.json`, or `Anna_1.json` beside others of its kind.
fn thread_of(name: &str) -> Option<(String, bool)> {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let (before, number) = file.strip_suffix(".json")?.rsplit_once('_')?;
    let is_number =
        !number.is_empty() && number.len() <= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || before.is_empty() {
        return None;
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    if before == "message" && !folder.is_empty() {
        return Some((format!("{folder}{slash}"), false));
    }
    // Only where the export is flat: its files lie at the top, or one folder below.
    (folder.matches('/').count() == 0).then(|| (format!("{folder}{slash}{before}_{number}"), true))
}

/// Names a file may have, seen from the top of the tree: downloads write addresses from a folder that is not always there.
pub(super) fn candidates(thread: &Thread, uri: &str) -> Vec<String> {
    let uri = uri.trim_start_matches("./");
    let folder = thread.place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = if folder.is_empty() { uri.to_owned() } else { format!("{folder}/{uri}") };
    if thread.is_sealed {
        return vec![beside, uri.to_owned()];
    }
    let mut found = Vec::new();
    let inside =
        |path: &str| path.find("messages/").filter(|at| *at == 0 || path.get(at - 1..*at) == Some("/"));
    if let (Some(here), Some(there)) = (inside(&thread.place), inside(uri)) {
        let before = thread.place.get(..here).unwrap_or_default();
        found.push(format!("{before}{}", uri.get(there..).unwrap_or_default()));
    }
    found.push(uri.to_owned());
    // A part of a download that was chosen alone: the chat's own folder is known.
    let own = folder.rsplit('/').next().unwrap_or_default();
    if let Some((_, rest)) = uri.split_once(&format!("/{own}/")) {
        found.push(format!("{}{rest}", thread.place));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_chat_is_all_files_of_its_folder() {
        let all = names(&[
            "your_activity_across_facebook/messages/inbox/anna_1/message_1.json",
            "your_activity_across_facebook/messages/inbox/anna_1/message_10.json",
            "your_activity_across_facebook/messages/inbox/anna_1/photos/a_1.json.jpg",
            "your_activity_across_facebook/posts/your_posts_1.json",
        ]);

        let found = threads(&all);

        assert_eq!(found.len(), 1);
        assert_eq!((found[0].files.len(), found[0].is_sealed), (2, false));
    }

    #[test]
    fn a_flat_export_has_a_file_a_chat() {
        let found = threads(&names(&["Anna Berg_1.json", "Team_2.json", "media/x_1.json.jpg", "notes.json"]));

        let places: Vec<&str> = found.iter().map(|thread| thread.place.as_str()).collect();
        assert_eq!(places, ["Anna Berg_1", "Team_2"]);
        assert!(found.iter().all(|thread| thread.is_sealed));
    }

    #[test]
    fn files_are_looked_for_where_the_download_has_them() {
        let place = "your_activity_across_facebook/messages/inbox/bob_1/".to_owned();
        let thread = Thread { place, files: Vec::new(), is_sealed: false };

        let found = candidates(&thread, "messages/inbox/bob_1/photos/a.png");

        assert_eq!(found[0], "your_activity_across_facebook/messages/inbox/bob_1/photos/a.png");
        assert_eq!(found[2], "your_activity_across_facebook/messages/inbox/bob_1/photos/a.png");
    }
}
