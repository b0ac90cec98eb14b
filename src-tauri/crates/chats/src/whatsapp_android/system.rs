//! Notices of the app: a number, and facts spread over tables of their own. Numbers no source names stay numbers.

use super::chat::Current;
use super::entry::Entry;
use super::message::{code, named_sender};
use super::people::ME;
use crate::model::{Fact, Message, MessageKind, SystemEvent};
use crate::whatsapp_notice;

/// Columns that are no facts.
const NO_FACTS: &[&str] = &["message_row_id", "_id", "action_type"];

/// What happened, by `action_type`.
fn word(action: i64) -> Option<&'static str> {
    Some(match action {
        1 => "edit_group_title",
        4 | 12 => "invite_members",
        5 | 13 => "leave_group",
        6 => "edit_group_photo",
        7 | 14 => "remove_members",
        10 | 28 => "change_number",
        11 => "create_group",
        15 => "become_admin",
        16 => "lose_admin",
        18 => "security_code_changed",
        20 => "join_group_by_link",
        27 => "edit_group_description",
        56 | 59 => "set_messages_ttl",
        57 => "devices_changed",
        58 => "block_contact",
        67 => "encryption",
        69 => "business_account",
        70 => "group_call",
        79 => "join_from_community",
        87 => "link_community",
        118 => "pin_message",
        129 => "is_a_contact",
        165 => "username_changed",
        _ => return None,
    })
}

/// Makes a message a notice: its facts, and a sentence in English as other readers of chats write it.
pub(super) fn fill(message: &mut Message, entry: &Entry, chat: &Current<'_>) {
    let own = entry.one("message_system").and_then(|row| row.int("action_type"));
    // The old schema keeps the number where media have their size.
    let old = || entry.main.int("media_size").filter(|_| entry.main.table() == "messages");
    let is_timer = entry.main.int("message_type") == Some(code::TIMER);
    let action = own.or_else(old).unwrap_or(if is_timer { 56 } else { -1 });
    let (mut args, mut members) = (Vec::new(), Vec::new());
    let mut add = |name: &str, value: String| {
        args.push(Fact { name: name.to_owned(), value, ..Fact::default() });
    };
    add("action", action.to_string());
    // The app marks every notice as the person's own; who acted is whom it names.
    let own = message.sender.take();
    if let Some(actor) = named_sender(&entry.main, chat).or(own) {
        add("actor", actor);
    }
    for row in entry.all_of(&["message_system_", "message_ephemeral_setting"]) {
        for (column, value) in row.facts().filter(|(column, _)| !NO_FACTS.contains(column)) {
            let jid = column.ends_with("jid_row_id").then(|| row.int(column)).flatten();
            let key = jid.and_then(|jid| chat.people.key(jid));
            if column == "user_jid_row_id" {
                members.extend(key.as_ref().map(|key| name_of(chat, key)));
            }
            let name = column.trim_end_matches("_row_id");
            add(name, key.map_or(value, |key| key.to_string()));
        }
    }
    let event = word(action).map_or_else(|| format!("action_{action}"), str::to_owned);
    let actor = args.iter().find(|fact| fact.name == "actor").map(|fact| name_of(chat, &fact.value));
    if let Some(sentence) =
        whatsapp_notice::sentence(&event, actor.as_deref(), &members.join(", "), &message.text)
    {
        message.text = sentence;
    }
    message.kind = MessageKind::System(SystemEvent { event, args, ..SystemEvent::default() });
}

fn name_of(chat: &Current<'_>, key: &str) -> String {
    let name = chat.people.name(key);
    if name.is_empty() && key == ME {
        "You".to_owned()
    } else if name.is_empty() {
        key.split('@').next().unwrap_or(key).to_owned()
    } else {
        name
    }
}
