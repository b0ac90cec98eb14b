//! Notices of the app: `item_type` says what it is, `group_action_type` which way round.

use super::chat::{Current, ME};
use crate::model::{Fact, Message, MessageKind, SystemEvent};
use crate::tables::Row;
use crate::whatsapp_notice::sentence;

/// Makes a message a notice where it is one.
pub(super) fn fill(message: &mut Message, row: &Row, chat: &Current<'_>) {
    let item = row.int("item_type").unwrap_or(0);
    if item == 0 {
        return;
    }
    let action = row.int("group_action_type").unwrap_or(0);
    let word = match (item, action) {
        (1, 0) => "invite_members",
        (1, 1) => "remove_members",
        (2, _) => "edit_group_title",
        (3, 0) => "leave_group",
        (3, 1) => "edit_group_photo",
        (3, 2) => "delete_group_photo",
        _ => "",
    };
    let actor = message.sender.take();
    let member =
        row.int("other_handle").filter(|handle| *handle > 0).and_then(|handle| chat.index.handle(handle));
    let title = row.text("group_title");
    let mut args = vec![fact("action", format!("item_{item}_{action}"))];
    args.extend(actor.clone().map(|actor| fact("actor", actor)));
    args.extend(member.map(|member| fact("member", member.to_string())));
    args.extend(title.clone().map(|title| fact("title", title)));
    let actor = actor.map(|actor| if actor == ME { "You".to_owned() } else { actor });
    let member = member.map(|member| member.to_string()).unwrap_or_default();
    let said = sentence(word, actor.as_deref(), &member, title.as_deref().unwrap_or_default());
    message.text = said.unwrap_or_else(|| std::mem::take(&mut message.text));
    let event = if word.is_empty() { format!("item_{item}_{action}") } else { word.to_owned() };
    message.kind = MessageKind::System(SystemEvent { event, args, ..SystemEvent::default() });
}

fn fact(name: &str, value: String) -> Fact {
    Fact { name: name.to_owned(), value, ..Fact::default() }
}
