//! What the same message from two imports comes to: per field the later import wins, and what only the earlier one has stays.

use crate::model::{Attachment, AttachmentState, Conversation, Message, Participant, Timestamp};
use std::collections::BTreeMap;

/// The message after `later` was seen, or `None` when that changes nothing.
///
/// The place among messages of the same time and the id stay; the source's own bytes alone are no change, because exports
/// write paths, names and dates anew each time.
pub(super) fn merged(earlier: &Message, later: &Message) -> Option<Message> {
    let Message {
        id: _,
        native_id,
        ordinal: _,
        sender,
        direction,
        time,
        kind,
        text,
        entities,
        attachments,
        reply_to,
        forwarded,
        reactions,
        edits,
        deleted,
        raw,
        is_starred,
        is_view_once,
        disappears,
        receipts,
        link,
        extra,
    } = later;
    // The app forgets the files of a deleted message; those that are here stay with it.
    let is_emptied = deleted.is_some() && attachments.is_empty();
    let attachments = if is_emptied { &earlier.attachments } else { attachments };
    let mut made = Message {
        id: earlier.id,
        native_id: native_id.clone().or_else(|| earlier.native_id.clone()),
        ordinal: earlier.ordinal,
        sender: sender.clone().or_else(|| earlier.sender.clone()),
        direction: if *direction == Default::default() { earlier.direction } else { *direction },
        time: merged_time(earlier.time.as_ref(), time.as_ref()),
        kind: kind.clone(),
        text: text.clone(),
        entities: entities.clone(),
        attachments: merged_attachments(&earlier.attachments, attachments),
        reply_to: reply_to.clone().or_else(|| earlier.reply_to.clone()),
        forwarded: forwarded.clone().or_else(|| earlier.forwarded.clone()),
        reactions: reactions.clone(),
        edits: edits.clone(),
        deleted: *deleted,
        raw: earlier.raw.clone(),
        is_starred: *is_starred,
        is_view_once: *is_view_once,
        disappears: *disappears,
        receipts: if receipts.is_empty() { earlier.receipts.clone() } else { receipts.clone() },
        link: link.clone().or_else(|| earlier.link.clone()),
        extra: if extra.is_empty() { earlier.extra.clone() } else { extra.clone() },
    };
    if made == *earlier {
        return None;
    }
    made.raw.clone_from(raw);
    Some(made)
}

/// Both say the same, whatever their place among messages of the same time and the source's own bytes.
pub(super) fn is_same(one: &Message, other: &Message) -> bool {
    let Message {
        id: _,
        native_id,
        ordinal: _,
        sender,
        direction,
        time,
        kind,
        text,
        entities,
        attachments,
        reply_to,
        forwarded,
        reactions,
        edits,
        deleted,
        raw: _,
        is_starred,
        is_view_once,
        disappears,
        receipts,
        link,
        extra,
    } = other;
    one.text == *text
        && one.time == *time
        && one.sender == *sender
        && one.direction == *direction
        && one.native_id == *native_id
        && one.kind == *kind
        && one.entities == *entities
        && one.attachments == *attachments
        && one.reply_to == *reply_to
        && one.forwarded == *forwarded
        && one.reactions == *reactions
        && one.edits == *edits
        && one.deleted == *deleted
        && one.is_starred == *is_starred
        && one.is_view_once == *is_view_once
        && one.disappears == *disappears
        && one.receipts == *receipts
        && one.link == *link
        && one.extra == *extra
}

/// An assumed zone does not move a time that was there before.
fn merged_time(earlier: Option<&Timestamp>, later: Option<&Timestamp>) -> Option<Timestamp> {
    let (Some(earlier), Some(later)) = (earlier, later) else { return later.or(earlier).cloned() };
    let is_same_wall = earlier.local_ms.is_some() && earlier.local_ms == later.local_ms;
    if is_same_wall && (!later.zone_known || later.utc_ms == earlier.utc_ms && earlier.zone_known) {
        return Some(earlier.clone());
    }
    if later.utc_ms == earlier.utc_ms
        && later.precision == earlier.precision
        && earlier.zone_known == later.zone_known
    {
        return Some(earlier.clone());
    }
    Some(later.clone())
}

/// A file that is here is not forgotten because a later export left it out.
fn merged_attachments(earlier: &[Attachment], later: &[Attachment]) -> Vec<Attachment> {
    if earlier.len() != later.len() {
        return later.to_vec();
    }
    earlier.iter().zip(later).map(|(earlier, later)| merged_attachment(earlier, later)).collect()
}

fn merged_attachment(earlier: &Attachment, later: &Attachment) -> Attachment {
    match (earlier.blob, later.blob) {
        (Some(old), Some(new)) if old != new => later.clone(),
        (Some(_), _) => earlier.clone(),
        (None, Some(_)) => later.clone(),
        // Neither is here: only a better reason counts.
        (None, None) if later.state == AttachmentState::Present => later.clone(),
        (None, None) => Attachment {
            state: earlier.state,
            name: earlier.name.clone(),
            path: earlier.path.clone(),
            ..later.clone()
        },
    }
}

/// The conversation after `later` was seen; the id stays.
pub(super) fn merged_conversation(earlier: &Conversation, later: &Conversation) -> Conversation {
    let Conversation { id: _, app, account, native_id, kind, title, participants, raw, extra } = later;
    let mut people: BTreeMap<&str, &Participant> =
        earlier.participants.iter().map(|person| (person.key.as_str(), person)).collect();
    // In a text export a name is all there is of a person: one who was renamed here is not somebody new.
    let is_text = native_id.is_none() && earlier.native_id.is_none();
    let renamed = |person: &Participant| {
        let named = |known: &Participant| known.name == person.key;
        is_text
            && !earlier.participants.iter().any(|known| known.key == person.key)
            && earlier.participants.iter().any(named)
    };
    people.extend(
        participants.iter().filter(|person| !renamed(person)).map(|person| (person.key.as_str(), person)),
    );
    let mut made = Conversation {
        id: earlier.id,
        app: *app,
        account: if account.is_empty() { earlier.account.clone() } else { account.clone() },
        native_id: native_id.clone().or_else(|| earlier.native_id.clone()),
        kind: *kind,
        title: if title.is_empty() { earlier.title.clone() } else { title.clone() },
        participants: people.into_values().cloned().collect(),
        raw: earlier.raw.clone(),
        extra: if extra.is_empty() { earlier.extra.clone() } else { extra.clone() },
    };
    // As with messages, the source's own bytes alone are no change: they count unread messages and the like.
    if made != *earlier {
        made.raw.clone_from(raw);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BlobHash;
    use crate::model::Deletion;

    fn photo(blob: Option<u8>, state: AttachmentState) -> Message {
        let attachment = Attachment { blob: blob.map(|b| BlobHash([b; 32])), state, ..Attachment::default() };
        Message { attachments: vec![attachment], raw: vec![1], ..Message::default() }
    }

    #[test]
    fn other_bytes_of_the_same_message_are_no_change() {
        let earlier =
            Message { text: "hi".into(), ordinal: 4, raw: b"[a] hi".to_vec(), ..Message::default() };
        let later = Message { ordinal: 9, raw: b"[b] hi".to_vec(), ..earlier.clone() };

        assert_eq!(merged(&earlier, &later), None);
    }

    #[test]
    fn a_file_that_is_here_survives_an_export_without_media() {
        let merged =
            merged(&photo(Some(1), AttachmentState::Present), &photo(None, AttachmentState::Omitted));

        assert_eq!(merged, None);
    }

    #[test]
    fn a_file_that_comes_later_is_a_change() {
        let merged =
            merged(&photo(None, AttachmentState::Omitted), &photo(Some(1), AttachmentState::Present));

        assert_eq!(merged, Some(photo(Some(1), AttachmentState::Present)));
    }

    #[test]
    fn a_deletion_is_a_change_and_takes_the_later_text() {
        let earlier = Message { text: "secret".into(), ..Message::default() };
        let later = Message { deleted: Some(Deletion::BySender), ..Message::default() };

        assert_eq!(merged(&earlier, &later), Some(later));
    }

    #[test]
    fn a_deletion_does_not_take_away_a_file_that_is_here() {
        let deleted = Message { deleted: Some(Deletion::BySender), ..Message::default() };

        let merged = merged(&photo(Some(1), AttachmentState::Present), &deleted).unwrap();

        assert_eq!(merged.attachments, photo(Some(1), AttachmentState::Present).attachments);
        assert_eq!(merged.deleted, Some(Deletion::BySender));
    }

    #[test]
    fn an_assumed_zone_does_not_move_a_time() {
        let at = |utc_ms, zone_known| {
            let time = Timestamp { utc_ms, zone_known, local_ms: Some(0), ..Timestamp::default() };
            Message { time: Some(time), ..Message::default() }
        };

        assert_eq!(merged(&at(5, true), &at(9, false)), None);
        assert_eq!(merged(&at(5, false), &at(9, true)), Some(at(9, true)));
    }
}
