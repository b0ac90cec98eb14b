//! The sentences of WhatsApp's notices, in English as other readers of chats write them.

/// `None` where the text says it already, or nothing is known to say.
pub(crate) fn sentence(event: &str, actor: Option<&str>, members: &str, text: &str) -> Option<String> {
    let actor = actor.unwrap_or("Somebody");
    let members = if members.is_empty() { "somebody" } else { members };
    Some(match event {
        "edit_group_title" => format!("{actor} changed the group name to “{text}”"),
        "create_group" if text.is_empty() => format!("{actor} created this group"),
        "create_group" => format!("{actor} created group “{text}”"),
        "invite_members" => format!("{actor} added {members}"),
        "remove_members" => format!("{actor} removed {members}"),
        "leave_group" => format!("{} left", if members == "somebody" { actor } else { members }),
        "join_group_by_link" => format!("{members} joined using an invite link"),
        "join_group_by_invite" => format!("{members} joined by an invitation"),
        "join_from_community" => format!("{members} joined from the community"),
        "edit_group_photo" => format!("{actor} changed the group photo"),
        "delete_group_photo" => format!("{actor} removed the group photo"),
        "edit_group_description" => format!("{actor} changed the group description"),
        "change_number" => format!("{actor} changed to another phone number"),
        "become_admin" => "You are now an admin".to_owned(),
        "lose_admin" => "You are no longer an admin".to_owned(),
        "member_becomes_admin" => format!("{members} is now an admin"),
        "security_code_changed" => format!("The security code with {actor} changed"),
        "set_messages_ttl" => format!("{actor} changed the disappearing messages setting"),
        "devices_changed" => format!("The devices of {actor} changed"),
        "block_contact" if text == "false" => "You unblocked this contact".to_owned(),
        "block_contact" => "You blocked this contact".to_owned(),
        "encryption" => "Messages and calls are end-to-end encrypted".to_owned(),
        "group_call" => format!("{actor} started a call"),
        "pin_message" => format!("{actor} pinned a message"),
        "username_changed" => format!("{actor} changed their username"),
        _ => return None,
    })
}
