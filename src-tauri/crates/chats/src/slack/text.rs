//! Slack's markup: `<@U123>`, `<#C123|general>`, `<https://…|words>`, `&amp;`.

use super::names::Book;
use crate::model::Entity;

/// The text people read, and what its parts mean.
pub(super) fn read(written: &str, book: &Book) -> (String, Vec<Entity>) {
    let mut text = String::with_capacity(written.len());
    let mut entities = Vec::new();
    let mut at: u32 = 0;
    let mut rest = written;
    while let Some((before, behind)) = rest.split_once('<') {
        push(&mut text, &mut at, &plain(before));
        let Some((inside, after)) = behind.split_once('>') else {
            push(&mut text, &mut at, "<");
            rest = behind;
            continue;
        };
        let start = at;
        let (shown, kind, value) = part(inside, book);
        push(&mut text, &mut at, &shown);
        if let Some(kind) = kind.filter(|_| at > start) {
            entities.push(Entity {
                start,
                length: at - start,
                kind: kind.to_owned(),
                value,
                ..Entity::default()
            });
        }
        rest = after;
    }
    push(&mut text, &mut at, &plain(rest));
    (text, entities)
}

fn push(text: &mut String, at: &mut u32, part: &str) {
    text.push_str(part);
    *at = at.saturating_add(u32::try_from(part.encode_utf16().count()).unwrap_or(u32::MAX));
}

/// What stands between the signs: shown text, kind, value.
fn part(inside: &str, book: &Book) -> (String, Option<&'static str>, Option<String>) {
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    if let Some(id) = target.strip_prefix('@') {
        let name = book.name(id);
        let name = if name.is_empty() { label.unwrap_or(id).to_owned() } else { name };
        return (format!("@{name}"), Some("mention"), Some(id.to_owned()));
    }
    if let Some(id) = target.strip_prefix('#') {
        let name = label.map(plain).or_else(|| book.channel_name(id)).unwrap_or_else(|| id.to_owned());
        return (format!("#{name}"), None, None);
    }
    if let Some(command) = target.strip_prefix('!') {
        let shown = label.map_or_else(|| format!("@{}", command.split('^').next().unwrap_or(command)), plain);
        return (shown, None, None);
    }
    let address = plain(target);
    match label.map(plain).filter(|label| *label != address) {
        Some(label) => (label, Some("text_link"), Some(address)),
        None => (address, Some("link"), None),
    }
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text_with_meaning() {
        let (text, entities) = read(
            "👋 <https://e.org/?a=1&amp;b|the &lt;page&gt;> <#C1|general> <!here> &amp; 1 < 2",
            &Book::default(),
        );

        assert_eq!(text, "👋 the <page> #general @here & 1 < 2");
        assert_eq!(entities.len(), 1);
        assert_eq!((entities[0].start, entities[0].length, entities[0].kind.as_str()), (3, 10, "text_link"));
        assert_eq!(entities[0].value.as_deref(), Some("https://e.org/?a=1&b"));
    }

    #[test]
    fn somebody_unknown_is_still_mentioned() {
        let (text, entities) = read("<@U9> hi <mailto:a@e.org>", &Book::default());

        assert_eq!(text, "@U9 hi mailto:a@e.org");
        assert_eq!(entities[0].value.as_deref(), Some("U9"));
    }
}
