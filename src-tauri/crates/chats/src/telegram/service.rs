//! Service entries: what happened in a chat, as facts and as a sentence.

use serde_json::{Map, Value};

use crate::model::{Call, Fact, MessageKind, SystemEvent};

/// Keys that belong to every entry and are no facts of the event.
const COMMON: &[&str] = &[
    "id",
    "type",
    "date",
    "date_unixtime",
    "edited",
    "edited_unixtime",
    "actor",
    "actor_id",
    "action",
    "text",
    "text_entities",
    "reactions",
    "reply_to_message_id",
    "reply_to_peer_id",
    "photo",
    "photo_file_size",
];

/// What a service entry is, and a sentence for people.
pub(super) fn service_kind(parsed: &Map<String, Value>) -> (MessageKind, String) {
    let text = |key: &str| parsed.get(key).and_then(Value::as_str).unwrap_or_default();
    let action = text("action");
    if action == "phone_call" || action == "group_call" {
        return (MessageKind::Call(call(parsed, action)), String::new());
    }
    let args = parsed
        .iter()
        .filter(|(key, _)| !COMMON.contains(&key.as_str()))
        .map(|(key, value)| Fact { name: key.clone(), value: fact(value), ..Fact::default() })
        .collect();
    let sentence = sentence(action, text("actor"), text("title"), &members(parsed), parsed);
    let event = SystemEvent { event: action.to_owned(), args, ..SystemEvent::default() };
    (MessageKind::System(event), sentence)
}

fn call(parsed: &Map<String, Value>, action: &str) -> Call {
    let outcome = parsed.get("discard_reason").and_then(Value::as_str);
    let seconds = |key: &str| parsed.get(key).and_then(Value::as_u64);
    Call {
        is_video: parsed.get("is_video").and_then(Value::as_bool).unwrap_or(false),
        is_missed: matches!(outcome, Some("missed" | "busy")),
        duration: seconds("duration_seconds").or_else(|| seconds("duration")),
        is_group: action == "group_call",
        outcome: outcome.map(str::to_owned),
        ..Call::default()
    }
}

fn fact(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn members(parsed: &Map<String, Value>) -> String {
    let Some(Value::Array(members)) = parsed.get("members") else { return String::new() };
    let names: Vec<&str> = members.iter().map(|name| name.as_str().unwrap_or("Deleted Account")).collect();
    names.join(", ")
}

/// English, as Telegram Desktop itself words it; an action without a sentence is named.
fn sentence(action: &str, actor: &str, title: &str, members: &str, parsed: &Map<String, Value>) -> String {
    let actor = if actor.is_empty() { "Somebody" } else { actor };
    match action {
        "create_group" => format!("{actor} created group “{title}”"),
        "create_channel" => format!("{actor} created channel “{title}”"),
        "edit_group_title" => format!("{actor} changed group title to “{title}”"),
        "edit_group_photo" => format!("{actor} changed group photo"),
        "delete_group_photo" => format!("{actor} deleted group photo"),
        "invite_members" => format!("{actor} added {members}"),
        "remove_members" => format!("{actor} removed {members}"),
        "join_group_by_link" => format!("{actor} joined the group via invite link"),
        "join_group_by_request" => format!("{actor} was accepted to the group"),
        "migrate_to_supergroup" | "migrate_from_group" => {
            format!("{actor} turned this group into a supergroup")
        }
        "pin_message" => format!("{actor} pinned a message"),
        "clear_history" => format!("{actor} cleared the history"),
        "joined_telegram" => format!("{actor} joined Telegram"),
        "score_in_game" => format!("{actor} scored in a game"),
        "take_screenshot" => format!("{actor} took a screenshot"),
        "set_messages_ttl" => {
            let seconds = parsed.get("period").and_then(Value::as_u64).unwrap_or(0);
            if seconds == 0 {
                format!("{actor} turned off disappearing messages")
            } else {
                format!("{actor} set messages to disappear after {seconds} seconds")
            }
        }
        "edit_chat_theme" => format!("{actor} changed the chat theme"),
        "topic_created" => format!("{actor} created topic “{title}”"),
        other => format!("{actor}: {}", other.replace('_', " ")),
    }
}
