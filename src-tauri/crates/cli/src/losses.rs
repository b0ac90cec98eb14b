//! What a damaged file means, in words: the command line's sentences for the engine's facts.

use crate::failure::Failure;
use crate::screen::{members, snake};
use coffer_engine::view::{Damage, Loss, LossKind};
use serde_json::Value;

/// One damaged file as a line.
pub fn line(damage: &Damage) -> String {
    let Damage { file, what, affects } = damage;
    let matter = matter(what);
    if affects.is_empty() {
        format!("  {file} {matter}")
    } else {
        format!("  {file} {matter}; affects {}", sentences(affects).join(", "))
    }
}

/// One damaged file for scripts: the facts, and the same as sentences under `affects`.
pub fn json(damage: &Damage) -> Result<Value, Failure> {
    let mut object = members(snake(damage)?);
    let facts = object.remove("affects").unwrap_or_default();
    object.insert("losses".to_owned(), facts);
    object.insert("affects".to_owned(), sentences(&damage.affects).into());
    Ok(Value::Object(object))
}

fn sentences(losses: &[Loss]) -> Vec<String> {
    losses.iter().map(sentence).collect()
}

fn matter(what: &str) -> &str {
    match what {
        "missing" => "is missing",
        "damaged" => "is damaged",
        "syncing" => "has not arrived in full",
        "foreign" => "belongs to another backup or is forged",
        "rolled_back" => "is older than this computer remembers",
        "newer" => "was made by a newer Coffer",
        "extra" => "is no file of a backup",
        "unneeded" => "cannot be used, and no backup needs it",
        other => other,
    }
}

fn sentence(loss: &Loss) -> String {
    let Loss { what, count, chat, name } = loss;
    let things = things(*what, *count, name.as_deref());
    match chat {
        Some(chat) => format!("{things} in {chat}"),
        None => things,
    }
}

fn things(what: LossKind, count: u64, name: Option<&str>) -> String {
    let counted = |one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let named =
        |text: &str, link: &str| name.map_or_else(|| text.to_owned(), |name| format!("{text}{link}{name}"));
    match what {
        LossKind::Message => counted("message", "messages"),
        LossKind::SomeMessages => "some messages".to_owned(),
        LossKind::Photo => counted("photo", "photos"),
        LossKind::Video => counted("video", "videos"),
        LossKind::Voice => counted("voice message", "voice messages"),
        LossKind::Sticker => counted("sticker", "stickers"),
        LossKind::File => counted("file", "files"),
        LossKind::Original => named("an imported file", ": "),
        LossKind::Unnamed => {
            counted("chat or file whose name is lost too", "chats or files whose names are lost too")
        }
        LossKind::Notes => "notes that make the next backup quick".to_owned(),
        LossKind::Newer => "something a newer Coffer stored".to_owned(),
        LossKind::List => named("a part of the list of what a backup holds", ", made by "),
        LossKind::Backup => named("a whole backup", " of "),
        LossKind::SeenBackup => "a backup this computer saw here before".to_owned(),
        LossKind::More => format!("and {count} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(what: LossKind, count: u64, chat: Option<&str>, name: Option<&str>) -> Loss {
        Loss { what, count, chat: chat.map(str::to_owned), name: name.map(str::to_owned) }
    }

    #[test]
    fn losses_read_as_people_say_them() {
        let losses = [
            loss(LossKind::Photo, 12, Some("Family"), None),
            loss(LossKind::Message, 1, Some("Anna"), None),
            loss(LossKind::Original, 1, None, Some("anna.zip")),
            loss(LossKind::Backup, 1, None, Some("laptop")),
            loss(LossKind::More, 10, None, None),
        ];

        let damage =
            Damage { file: "packs/ab.cpk".to_owned(), what: "damaged".to_owned(), affects: losses.to_vec() };

        assert_eq!(
            line(&damage),
            "  packs/ab.cpk is damaged; affects 12 photos in Family, 1 message in Anna, an imported file: anna.zip, \
             a whole backup of laptop, and 10 more"
        );
    }

    #[test]
    fn scripts_get_the_facts_and_the_sentences() {
        let affects = vec![loss(LossKind::Voice, 2, Some("Anna"), None)];
        let damage = Damage { file: "a".to_owned(), what: "missing".to_owned(), affects };

        let told = json(&damage).unwrap();

        assert_eq!(told["affects"], serde_json::json!(["2 voice messages in Anna"]));
        assert_eq!((&told["losses"][0]["what"], &told["losses"][0]["count"]), (&"voice".into(), &2.into()));
    }
}
