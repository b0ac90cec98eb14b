//! Text with its formatting, as Telegram writes it: a string, or pieces with a kind.

use serde_json::Value;

use crate::model::Entity;

/// The text and what its parts mean. `entities` has every piece, older exports only have `text`.
pub(super) fn read_text(text: Option<&Value>, entities: Option<&Value>) -> (String, Vec<Entity>) {
    let pieces = match (entities, text) {
        (Some(Value::Array(pieces)), _) if !pieces.is_empty() => pieces.as_slice(),
        (_, Some(Value::Array(pieces))) => pieces.as_slice(),
        (_, Some(Value::String(text))) => return (text.clone(), Vec::new()),
        _ => return (String::new(), Vec::new()),
    };
    let mut whole = String::new();
    let mut found = Vec::new();
    let mut at: u32 = 0;
    for piece in pieces {
        let (text, kind) = match piece {
            Value::String(text) => (text.as_str(), "plain"),
            Value::Object(piece) => {
                let part = |key| piece.get(key).and_then(Value::as_str);
                (part("text").unwrap_or_default(), part("type").unwrap_or("plain"))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => continue,
        };
        let length = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        if kind != "plain" && length > 0 {
            let value = value_of(piece);
            found.push(Entity { start: at, length, kind: kind.to_owned(), value, ..Entity::default() });
        }
        whole.push_str(text);
        at = at.saturating_add(length);
    }
    (whole, found)
}

/// A link's address, a mention's id, a code's language, a custom emoji's document.
fn value_of(piece: &Value) -> Option<String> {
    let keys = ["href", "user_id", "language", "document_id"];
    keys.iter().find_map(|key| super::scalar_text(piece.get(*key)?).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_a_text_with_utf16_positions() {
        let pieces = serde_json::json!(["👋 ", {"type": "bold", "text": "hé"}, {"type": "text_link", "text": "x", "href": "https://e.org"}]);

        let (text, entities) = read_text(Some(&pieces), None);

        assert_eq!(text, "👋 héx");
        assert_eq!((entities[0].start, entities[0].length, entities[0].kind.as_str()), (3, 2, "bold"));
        assert_eq!((entities[1].start, entities[1].value.as_deref()), (5, Some("https://e.org")));
    }

    #[test]
    fn entities_win_over_the_text() {
        let entities = serde_json::json!([{"type": "plain", "text": "a"}, {"type": "link", "text": "b"}]);

        let (text, found) = read_text(Some(&Value::from("")), Some(&entities));

        assert_eq!((text.as_str(), found.len()), ("ab", 1));
    }
}
