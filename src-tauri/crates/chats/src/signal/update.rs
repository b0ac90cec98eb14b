//! What happened in a chat: calls, and changes of groups, names and timers, as facts and as a sentence.

use serde_json::Value;

use super::chat::Chat;
use super::part::Part;
use super::people::ME;
use crate::model::{Call, Direction, Fact, Message, MessageKind, SystemEvent};

/// Fills an entry that nobody wrote. `author` is whom it is about.
pub(super) fn fill(message: &mut Message, update: Part<'_>, author: u64, chat: &mut Chat<'_>) {
    let name = match chat.people.name(author) {
        name if name.is_empty() => "Somebody".to_owned(),
        name => name,
    };
    if let Some(call) = update.part("individualCall") {
        individual_call(message, call, author, chat);
    } else if let Some(call) = update.part("groupCall") {
        group_call(message, call, chat);
    } else if let Some(change) = update.part("groupChange") {
        let changes: Vec<(&String, &Value)> = change.parts("updates").flat_map(|one| one.0.iter()).collect();
        let sentences: Vec<String> = changes
            .iter()
            .map(|(kind, about)| {
                about.as_object().map_or_else(String::new, |about| group(kind, Part(about), chat))
            })
            .collect();
        message.text = sentences.join("\n");
        let kinds: Vec<&str> = changes.iter().map(|(kind, _)| kind.as_str()).collect();
        let facts = changes.iter().map(|(kind, about)| fact(kind, about)).collect();
        message.kind = system(kinds.first().copied().unwrap_or("groupChange"), facts);
    } else {
        let Some((kind, about)) = update.0.iter().next() else {
            message.kind = system("update", Vec::new());
            return;
        };
        let facts = about.as_object().into_iter().flatten().map(|(key, value)| fact(key, value)).collect();
        let about = about.as_object().map(Part);
        let word =
            about.filter(|_| kind == "simpleUpdate").and_then(|about| about.text("type")).unwrap_or(kind);
        message.text = single(kind, word, about, &name);
        message.kind = system(word, facts);
    }
}

fn system(event: &str, args: Vec<Fact>) -> MessageKind {
    MessageKind::System(SystemEvent { event: snake(event), args, ..SystemEvent::default() })
}

fn fact(name: &str, value: &Value) -> Fact {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Fact { name: snake(name), value, ..Fact::default() }
}

/// `groupNameUpdate` and `JOINED_SIGNAL` as `group_name_update` and `joined_signal`.
fn snake(word: &str) -> String {
    if word.chars().all(|sign| !sign.is_ascii_lowercase()) {
        return word.to_ascii_lowercase();
    }
    let mut out = String::new();
    for sign in word.chars() {
        if sign.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(sign.to_ascii_lowercase());
    }
    out
}

fn individual_call(message: &mut Message, call: Part<'_>, author: u64, chat: &mut Chat<'_>) {
    let is_mine = call.text("direction") == Some("OUTGOING");
    message.direction = if is_mine { Direction::Out } else { Direction::In };
    message.sender = Some(chat.person(author)).filter(|key| !is_mine || key == ME);
    message.kind = MessageKind::Call(Call {
        is_video: call.text("type") == Some("VIDEO_CALL"),
        is_missed: call.text("state").is_some_and(|state| state.starts_with("MISSED")),
        outcome: call.text("state").map(snake),
        ..Call::default()
    });
}

fn group_call(message: &mut Message, call: Part<'_>, chat: &mut Chat<'_>) {
    let by = call.number("ringerRecipientId").or_else(|| call.number("startedCallRecipientId"));
    if let Some(by) = by {
        let key = chat.person(by);
        message.direction = if key == ME { Direction::Out } else { Direction::In };
        message.sender = Some(key);
    }
    let length = call.number("endedCallTimestamp").zip(call.number("startedCallTimestamp"));
    message.kind = MessageKind::Call(Call {
        is_group: true,
        is_missed: call.text("state").is_some_and(|state| state.starts_with("MISSED")),
        duration: length.and_then(|(end, start)| end.checked_sub(start)).map(|ms| ms / 1000),
        outcome: call.text("state").map(snake),
        ..Call::default()
    });
}

/// A sentence about a change that is none of a group; an unknown one is named.
fn single(kind: &str, word: &str, about: Option<Part<'_>>, name: &str) -> String {
    let text = |key: &str| about.and_then(|about| about.text(key)).unwrap_or_default();
    let number = |key: &str| about.and_then(|about| about.number(key)).unwrap_or(0);
    match (kind, word) {
        (_, "JOINED_SIGNAL") => format!("{name} joined Signal"),
        (_, "IDENTITY_UPDATE") => format!("The safety number with {name} has changed"),
        (_, "IDENTITY_VERIFIED") => format!("The safety number with {name} was marked verified"),
        (_, "IDENTITY_DEFAULT") => format!("The safety number with {name} was marked not verified"),
        (_, "CHANGE_NUMBER") => format!("{name} changed their phone number"),
        (_, "END_SESSION") => "The secure session was reset".to_owned(),
        (_, "CHAT_SESSION_REFRESH") => "The chat session was refreshed".to_owned(),
        (_, "BAD_DECRYPT") => format!("A message from {name} could not be delivered"),
        (_, "PAYMENTS_ACTIVATED") => format!("{name} can accept payments"),
        (_, "PAYMENT_ACTIVATION_REQUEST") => format!("{name} asked to activate payments"),
        (_, "UNSUPPORTED_PROTOCOL_MESSAGE") => format!("{name} sent a message this Signal could not show"),
        (_, "REPORTED_SPAM") => "Reported as spam".to_owned(),
        (_, "BLOCKED") => "Blocked".to_owned(),
        (_, "UNBLOCKED") => "Unblocked".to_owned(),
        (_, "MESSAGE_REQUEST_ACCEPTED") => "The message request was accepted".to_owned(),
        ("expirationTimerChange", _) => timer(name, number("expiresInMs")),
        ("profileChange", _) => format!("{} changed their name to {}", text("previousName"), text("newName")),
        ("learnedProfileChange", _) => format!("{name} is the new name of this chat"),
        ("threadMerge", _) => format!("The chat with +{} was joined with this one", number("previousE164")),
        ("sessionSwitchover", _) => format!("The phone number +{} belongs to {name}", number("e164")),
        ("pollTerminate", _) => format!("{name} ended the poll “{}”", text("question")),
        ("pinMessage", _) => format!("{name} pinned a message"),
        _ => format!("{name}: {}", snake(word).replace('_', " ")),
    }
}

fn timer(name: &str, ms: u64) -> String {
    match ms / 1000 {
        0 => format!("{name} turned off disappearing messages"),
        seconds => format!("{name} set messages to disappear after {seconds} seconds"),
    }
}

/// A sentence about a change of a group.
fn group(kind: &str, about: Part<'_>, chat: &Chat<'_>) -> String {
    let person = |key: &str| {
        about.uuid(key).map(|address| chat.people.name_at(&address)).filter(|name| !name.is_empty())
    };
    let of = |key: &str| person(key).unwrap_or_else(|| "somebody".to_owned());
    let by = ["updaterAci", "removerAci", "revokerAci", "inviterAci", "requestorAci", "newMemberAci", "aci"];
    let actor = by.iter().find_map(|key| person(key)).unwrap_or_else(|| "Somebody".to_owned());
    match kind {
        "groupCreationUpdate" => format!("{actor} created the group"),
        "groupNameUpdate" => match about.text("newGroupName") {
            Some(name) => format!("{actor} changed the group name to “{name}”"),
            None => format!("{actor} removed the group name"),
        },
        "groupAvatarUpdate" => format!("{actor} changed the group picture"),
        "groupDescriptionUpdate" => format!("{actor} changed the group description"),
        "groupAdminStatusUpdate" if about.is("wasAdminStatusGranted") => {
            format!("{actor} made {} an admin", of("memberAci"))
        }
        "groupAdminStatusUpdate" => format!("{actor} made {} no longer an admin", of("memberAci")),
        "groupMemberLeftUpdate" => format!("{} left the group", of("aci")),
        "groupMemberRemovedUpdate" => format!("{actor} removed {}", of("removedAci")),
        "groupMemberJoinedUpdate" => format!("{} joined the group", of("newMemberAci")),
        "groupMemberJoinedByLinkUpdate" => format!("{} joined the group by its link", of("newMemberAci")),
        "groupMemberAddedUpdate" => format!("{actor} added {}", of("newMemberAci")),
        "groupInvitationAcceptedUpdate" => format!("{} accepted the invitation", of("newMemberAci")),
        "groupJoinRequestUpdate" => format!("{} asked to join", of("requestorAci")),
        "groupJoinRequestCanceledUpdate" => format!("{} no longer asks to join", of("requestorAci")),
        "groupExpirationTimerUpdate" => timer(&actor, about.number("expiresInMs").unwrap_or(0)),
        other => format!("{actor}: {}", snake(other).replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_one_way() {
        assert_eq!(snake("groupNameUpdate"), "group_name_update");
        assert_eq!(snake("JOINED_SIGNAL"), "joined_signal");
        assert_eq!(snake("groupV2MigrationUpdate"), "group_v2_migration_update");
    }
}
