//! Notices of the app: a kind, a number, and a text that is no text but an address, a list or JSON. Numbers no source names stay
//! numbers.

use serde_json::Value;

use super::calls::{Logged, is_call_notice};
use super::chat::Current;
use super::entry::Entry;
use super::message::{code, named_sender};
use crate::model::{Call, Fact, Message, MessageKind, SystemEvent};
use crate::protobuf::Fields;
use crate::whatsapp_address::ME;
use crate::whatsapp_notice::sentence;

/// Longest JSON that is looked into.
const MAX_JSON: usize = 64 << 10;

/// What happened in a group.
fn group_word(event: i64) -> Option<&'static str> {
    Some(match event {
        1 | 56 => "edit_group_title",
        2 | 50 => "invite_members",
        3 => "leave_group",
        4 => "edit_group_photo",
        5 => "delete_group_photo",
        7 => "remove_members",
        9 => "change_number",
        10 => "become_admin",
        11 => "lose_admin",
        12 => "create_group",
        15 => "join_group_by_link",
        17 => "edit_group_description",
        23 => "join_group_by_invite",
        26 => "set_messages_ttl",
        30 => "join_from_community",
        31 | 61 => "link_community",
        39 => "member_becomes_admin",
        _ => return None,
    })
}

/// What happened in any chat.
fn system_word(event: i64) -> Option<&'static str> {
    Some(match event {
        2 => "encryption",
        3 | 36 => "security_code_changed",
        5 | 6 => "change_number",
        25 | 26 | 38 => "business_account",
        34 | 35 => "block_contact",
        56 => "is_a_contact",
        _ => return None,
    })
}

/// Who did what to whom.
#[derive(Default)]
struct Facts {
    actor: Option<String>,
    members: Vec<String>,
    text: String,
}

/// Makes a message a notice, or the call it stands for.
pub(super) fn fill(
    message: &mut Message,
    entry: &Entry,
    kind: i64,
    call: Option<&Logged>,
    chat: &Current<'_>,
) {
    let event = entry.main.int("zgroupeventtype").unwrap_or(0);
    if kind == code::SYSTEM && is_call_notice(event) {
        message.text.clear();
        message.kind = MessageKind::Call(notice_of_call(event, call));
        return;
    }
    let (word, number) = match kind {
        code::GROUP_EVENT => (group_word(event), format!("group_event_{event}")),
        code::TIMER => (Some("set_messages_ttl"), "timer".to_owned()),
        _ => (system_word(event), format!("system_{event}")),
    };
    let written = std::mem::take(&mut message.text);
    let facts = facts_of(word.unwrap_or_default(), &written, entry, message.sender.take(), chat);
    let mut args = vec![fact("action", number.clone())];
    args.extend(facts.actor.clone().map(|actor| fact("actor", actor)));
    args.extend(facts.members.iter().map(|member| fact("member", member.clone())));
    args.extend((!written.is_empty()).then(|| fact("text", written)));
    let seconds = Fields::read(entry.metadata()).number(36).filter(|_| kind == code::TIMER);
    args.extend(seconds.map(|seconds| fact("seconds", seconds.to_string())));
    let actor = facts.actor.as_deref().map(|key| name_of(chat, key));
    let members: Vec<String> = facts.members.iter().map(|key| name_of(chat, key)).collect();
    let text = if word == Some("block_contact") && event == 35 { "false" } else { &facts.text };
    let said = word.and_then(|word| sentence(word, actor.as_deref(), &members.join(", "), text));
    message.text = said.unwrap_or_default();
    message.kind = MessageKind::System(SystemEvent {
        event: word.map_or(number, str::to_owned),
        args,
        ..SystemEvent::default()
    });
}

fn fact(name: &str, value: String) -> Fact {
    Fact { name: name.to_owned(), value, ..Fact::default() }
}

fn facts_of(word: &str, written: &str, entry: &Entry, sender: Option<String>, chat: &Current<'_>) -> Facts {
    let named = named_sender(&entry.main, chat);
    let key = |jid: &str| chat.people.key_of(jid.trim()).to_string();
    match word {
        // Somebody and the list, or somebody alone; nobody is the person. Who it was done to is the member then.
        "invite_members" | "remove_members" => {
            let (who, list) = written.split_once(';').unwrap_or((written, ""));
            let listed: Vec<String> = list.split(',').filter(|jid| !jid.trim().is_empty()).map(key).collect();
            Facts {
                actor: Some(if who.trim().is_empty() { ME.to_owned() } else { key(who) }),
                members: if listed.is_empty() { named.into_iter().collect() } else { listed },
                ..Facts::default()
            }
        }
        "edit_group_title" => {
            let change = if written.len() <= MAX_JSON {
                serde_json::from_str(written).unwrap_or(Value::Null)
            } else {
                Value::Null
            };
            let part = |name: &str| change.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let title = part("new_subject").or_else(|| part("subject"));
            Facts {
                actor: part("author").map(key).or(named).or(sender),
                text: title.unwrap_or(written).to_owned(),
                ..Facts::default()
            }
        }
        "leave_group"
        | "join_group_by_link"
        | "join_group_by_invite"
        | "join_from_community"
        | "member_becomes_admin" => {
            let member = named.or(sender);
            Facts { actor: member.clone(), members: member.into_iter().collect(), ..Facts::default() }
        }
        "create_group" => Facts { actor: Some(named.unwrap_or_else(|| ME.to_owned())), ..Facts::default() },
        _ => Facts { actor: named.or(sender), ..Facts::default() },
    }
}

fn notice_of_call(event: i64, logged: Option<&Logged>) -> Call {
    let is_missed = !matches!(event, 40 | 41);
    let known = logged.map(Logged::call).unwrap_or_default();
    Call {
        is_video: known.is_video || matches!(event, 4 | 22 | 40 | 41 | 46),
        is_missed: is_missed && known.duration.is_none(),
        is_group: known.is_group || matches!(event, 21 | 22 | 40 | 41),
        outcome: known.outcome.or_else(|| is_missed.then(|| "missed".to_owned())),
        ..known
    }
}

fn name_of(chat: &Current<'_>, key: &str) -> String {
    let name = chat.people.name(key);
    if key == ME {
        "You".to_owned()
    } else if name.is_empty() {
        key.split('@').next().unwrap_or(key).to_owned()
    } else {
        name
    }
}
