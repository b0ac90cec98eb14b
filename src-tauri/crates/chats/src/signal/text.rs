//! A text and the ranges of it that mean something; a mention stands as one sign that no font has.

use super::part::Part;
use super::people::People;
use crate::model::Entity;

/// Stands where a name is to be put.
const MENTION: u16 = 0xfffc;

/// The text with the names of those it mentions, and its ranges counted anew.
pub(super) fn read(text: Part<'_>, people: &People) -> (String, Vec<Entity>) {
    let body = text.text("body").unwrap_or_default();
    ranged(body, text, people)
}

/// The same for a body that is longer than the export holds in place; the ranges count in it all the same.
pub(super) fn ranged(body: &str, text: Part<'_>, people: &People) -> (String, Vec<Entity>) {
    let mut units: Vec<u16> = body.encode_utf16().collect();
    let mut ranges: Vec<(usize, usize, Part<'_>)> = text
        .parts("bodyRanges")
        .filter_map(|range| {
            let at = |key| usize::try_from(range.number(key).unwrap_or(0)).ok();
            let (start, length) = (at("start")?, at("length")?);
            (length > 0 && start.checked_add(length)? <= units.len()).then_some((start, length, range))
        })
        .collect();
    ranges.sort_by_key(|(start, _, _)| *start);
    let mut entities: Vec<Entity> = Vec::new();
    let mut shifts: Vec<(usize, isize)> = Vec::new();
    // Names from the last to the first, so that places before them stay.
    for (start, length, range) in ranges.iter().rev() {
        let Some(address) = range.uuid("mentionAci") else { continue };
        if units.get(*start) != Some(&MENTION) {
            continue;
        }
        let name: Vec<u16> = format!("@{}", people.name_at(&address)).encode_utf16().collect();
        let grown = isize::try_from(name.len()).unwrap_or(0) - isize::try_from(*length).unwrap_or(0);
        units.splice(*start..*start + *length, name);
        shifts.push((*start, grown));
    }
    for (start, length, range) in &ranges {
        let from = moved(*start, &shifts);
        let to = moved(start + length, &shifts);
        entities.extend(entity(from, to, *range));
    }
    (String::from_utf16_lossy(&units), entities)
}

/// Where a place is after names were put in before it.
fn moved(at: usize, shifts: &[(usize, isize)]) -> usize {
    let grown: isize = shifts.iter().filter(|(start, _)| *start < at).map(|(_, grown)| grown).sum();
    at.saturating_add_signed(grown)
}

fn entity(from: usize, to: usize, range: Part<'_>) -> Option<Entity> {
    let address = range.uuid("mentionAci");
    let kind = match (&address, range.text("style")) {
        (Some(_), _) => "mention",
        (None, Some("BOLD")) => "bold",
        (None, Some("ITALIC")) => "italic",
        (None, Some("SPOILER")) => "spoiler",
        (None, Some("STRIKETHROUGH")) => "strikethrough",
        (None, Some("MONOSPACE")) => "code",
        (None, _) => return None,
    };
    Some(Entity {
        start: u32::try_from(from).ok()?,
        length: u32::try_from(to.checked_sub(from)?).ok()?,
        kind: kind.to_owned(),
        value: address,
        ..Entity::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_put_in_and_ranges_move_with_them() {
        let mut people = People::default();
        let contact =
            json!({ "id": "4", "contact": { "aci": "AAECAwQFBgcICQoLDA0ODw==", "profileGivenName": "Bo" } });
        people.take(contact.as_object().unwrap());
        let text = json!({ "body": "👋 \u{fffc} and \u{fffc}!", "bodyRanges": [
            { "start": 5, "length": 3, "style": "BOLD" },
            { "start": 3, "length": 1, "mentionAci": "AAECAwQFBgcICQoLDA0ODw==" },
            { "start": 9, "length": 1, "mentionAci": "AAECAwQFBgcICQoLDA0ODw==" },
            { "start": 90, "length": 1, "style": "ITALIC" },
        ] });

        let (text, entities) = read(Part(text.as_object().unwrap()), &people);

        assert_eq!(text, "👋 @Bo and @Bo!");
        let seen: Vec<_> = entities.iter().map(|one| (one.kind.as_str(), one.start, one.length)).collect();
        assert_eq!(seen, [("mention", 3, 3), ("bold", 7, 3), ("mention", 11, 3)]);
        assert_eq!(entities[0].value.as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
    }
}
