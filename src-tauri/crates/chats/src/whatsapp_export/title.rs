//! Whose chat it is: from the names of files, else from who writes in it.

use crate::files::MainFile;
use crate::model::ConversationKind;

use super::survey::Survey;

/// Beginnings of the names WhatsApp gives exports, in lower case.
const STARTS: &[&str] = &[
    "whatsapp chat with ",
    "whatsapp chat - ",
    "whatsapp-chat mit ",
    "whatsapp chat mit ",
    "chat de whatsapp con ",
    "chat de whatsapp - ",
    "chat whatsapp con ",
    "discussion whatsapp avec ",
    "conversation whatsapp avec ",
    "conversa do whatsapp com ",
    "whatsapp-chat met ",
    "whatsapp-gesprek met ",
    "чат whatsapp с контактом ",
    "чат whatsapp с ",
    "czat whatsapp z ",
    "whatsapp sohbeti - ",
    "whatsapp-chatt med ",
    "whatsapp-chat med ",
    "chat whatsapp dengan ",
    "محادثة واتساب مع ",
    "צ'אט whatsapp עם ",
    "whatsappトーク履歴 ",
];

/// Whose chat it is.
pub(super) struct Title {
    /// The name to show.
    pub(super) title: String,
    /// What stays the same whoever is said to be the person: makes the conversation's id.
    pub(super) key: String,
    pub(super) kind: ConversationKind,
    /// The person, as told or as the export itself shows.
    pub(super) me: Option<String>,
}

/// Finds the chat's name, its kind and the person in it.
pub(super) fn title_of(main: &MainFile, survey: &Survey, told: Option<&str>) -> Title {
    let people = survey.people();
    let named =
        main.name_hints().iter().find_map(|hint| from_file_name(hint)).or_else(|| survey.group_name());
    // In a chat of two, the file has the other's name.
    let others = |name: &str| people.iter().map(|(name, _)| name).find(|person| *person != name).cloned();
    let is_others_name = named.as_ref().is_some_and(|title| people.iter().any(|(name, _)| name == title));
    let is_group = people.len() > 2
        || survey.group_name().is_some()
        || (people.len() == 2 && named.is_some() && !is_others_name);
    let kind = if is_group { ConversationKind::Group } else { ConversationKind::Direct };
    let is_pair = kind == ConversationKind::Direct && people.len() == 2;
    let own = survey.own.as_ref().map(|name| String::from_utf8_lossy(name).into_owned());
    let by_name = named.as_ref().filter(|_| is_pair && is_others_name).and_then(|title| others(title));
    let me = told.map(str::to_owned).or(own).or(by_name);
    let key = named.clone().unwrap_or_else(|| by_people(main, &people));
    let other = me.as_ref().filter(|_| is_pair).and_then(|me| others(me));
    let title = named.or(other).unwrap_or_else(|| key.clone());
    Title { title, key, kind, me }
}

fn by_people(main: &MainFile, people: &[(String, u64)]) -> String {
    match people {
        [(only, _)] => only.clone(),
        [(first, _), (second, _)] => {
            let mut names = [first.as_str(), second.as_str()];
            names.sort_unstable();
            names.join(", ")
        }
        // The text's own name is better than a list of many.
        _ => stem(&main.name()).trim_start_matches('_').to_owned(),
    }
}

fn from_file_name(name: &str) -> Option<String> {
    let stem = stem(name);
    let lower = stem.to_lowercase();
    let start = STARTS.iter().find(|start| lower.starts_with(**start))?;
    // Lower case may have other lengths in bytes: count signs.
    let rest: String = stem.chars().skip(start.chars().count()).collect();
    let rest = without_copy_number(rest.trim());
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn stem(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".txt") || lower.ends_with(".zip") {
        return name.get(..name.len() - 4).unwrap_or(name);
    }
    name
}

/// `Ann (2)`: the browser's number for a second download.
fn without_copy_number(name: &str) -> &str {
    let Some((before, number)) = name.strip_suffix(')').and_then(|name| name.rsplit_once(" (")) else {
        return name;
    };
    let is_number =
        !number.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { before } else { name }
}

/// The texts of an export among names: `_chat.txt`, those named by WhatsApp, else all.
pub(crate) fn pick_texts(names: &[String]) -> Vec<String> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let texts: Vec<&String> = names
        .iter()
        .filter(|name| {
            let last = last(name);
            last.ends_with(".txt") && !last.starts_with('.') && !name.starts_with("__MACOSX/")
        })
        .collect();
    let named: Vec<String> = texts
        .iter()
        .filter(|name| {
            last(name) == "_chat.txt"
                || from_file_name(&last(name)).is_some()
                || last(name).contains("whatsapp")
        })
        .map(|name| (*name).clone())
        .collect();
    if named.is_empty() { texts.into_iter().cloned().collect() } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_come_from_file_names_in_any_language() {
        assert_eq!(from_file_name("WhatsApp Chat with Ann & Bob.txt").as_deref(), Some("Ann & Bob"));
        assert_eq!(from_file_name("WhatsApp Chat - Family (2).zip").as_deref(), Some("Family"));
        assert_eq!(from_file_name("WhatsApp-Chat mit Zoë.txt").as_deref(), Some("Zoë"));
        assert_eq!(from_file_name("Чат WhatsApp с Анна.txt").as_deref(), Some("Анна"));
        assert_eq!(from_file_name("_chat.txt"), None);
    }

    #[test]
    fn the_chat_is_picked_among_texts() {
        let names = ["notes.txt", "a/_chat.txt", "IMG.jpg"].map(str::to_owned);

        assert_eq!(pick_texts(&names), ["a/_chat.txt"]);
        assert_eq!(pick_texts(&["any.txt".to_owned()]), ["any.txt"]);
    }
}
