//! Downloads write each byte of a text as a sign of its own: `cafÃ©` for `café`.

use serde_json::Value;

/// The text those bytes were, where they are one; other texts stay.
pub(super) fn repaired(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|sign| u8::try_from(u32::from(sign)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// Repairs every text of a value; depth is limited by how it was read.
pub(super) fn repair(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(better) = repaired(text) {
                *text = better;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(repair),
        Value::Object(members) => members.values_mut().for_each(repair),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_written_as_signs_become_the_text_they_were() {
        assert_eq!(repaired("caf\u{c3}\u{a9} time?").as_deref(), Some("café time?"));
        assert_eq!(repaired("\u{f0}\u{9f}\u{91}\u{8d}").as_deref(), Some("👍"));
    }

    #[test]
    fn other_texts_stay() {
        assert_eq!(repaired("plain"), None);
        assert_eq!(repaired("café"), None, "no UTF-8 when each sign is a byte");
        assert_eq!(repaired("日本"), None);
        assert_eq!(repaired("Ã© and 日"), None, "not every sign is a byte");
    }
}
