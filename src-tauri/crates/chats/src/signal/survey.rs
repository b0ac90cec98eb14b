//! The first walk: everybody, every chat, and where the items of each stand.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::frames::{At, End, Form, Frames, Peek, peek};
use super::part::Part;
use super::people::People;
use crate::error::ChatError;
use crate::source::{Cancel, ReadReport, SkipReason};

/// A chat and where it stands.
pub(super) struct Place {
    /// The number of whom it is with.
    pub(super) recipient: u64,
    /// Frames about it: its recipient, itself.
    pub(super) heads: Vec<At>,
    /// Its items, in the order they came.
    pub(super) items: Vec<At>,
}

/// What an export holds.
pub(super) struct Survey {
    pub(super) people: People,
    /// Chats with items, in the order of the export.
    pub(super) chats: Vec<Place>,
}

#[derive(Default)]
struct Walk {
    people: People,
    recipients: HashMap<u64, At>,
    /// Chats by their number: recipient and frame.
    chats: HashMap<u64, (u64, At)>,
    order: Vec<u64>,
    items: HashMap<u64, Vec<At>>,
    calls: HashMap<u64, Vec<At>>,
}

impl Survey {
    pub(super) fn read(
        frames: &mut Frames,
        cancel: &Cancel,
        report: &mut ReadReport,
    ) -> Result<Self, ChatError> {
        let mut walk = Walk::default();
        let form = frames.form;
        match frames.each(cancel, &mut |at, frame| walk.take(at, frame, form, report))? {
            End::Whole => {}
            End::Damaged(damage) => {
                report.damage = Some(damage);
                report.skipped.entry(SkipReason::CutOff).or_default().add("the last line");
            }
            End::Cancelled => report.is_cancelled = true,
        }
        report.own_name.clone_from(&walk.people.own_name);
        report.knows_me = walk.people.has_me;
        Ok(walk.done(form, report))
    }
}

impl Walk {
    fn take(&mut self, at: At, frame: &[u8], form: Form, report: &mut ReadReport) {
        let mut skip = |reason: SkipReason, what: &str| {
            let place = format!("{} {}{what}", form.word(), at.number);
            report.skipped.entry(reason).or_default().add(&place);
        };
        match peek(frame, form) {
            None => skip(SkipReason::UnreadableEntry, ""),
            Some(Peek::Empty) => skip(SkipReason::UnknownPart, ""),
            Some(Peek::Item(chat)) => self.items.entry(chat).or_default().push(at),
            Some(Peek::Call(recipient)) => self.calls.entry(recipient).or_default().push(at),
            Some(Peek::Other(name, content)) => match name.as_str() {
                "account" => self.people.take_account(&content),
                "recipient" => self.recipient(at, &content),
                "chat" => self.chat(at, &content),
                "stickerPack" | "notificationProfile" | "chatFolder" => {
                    *report.beside.entry(name).or_insert(0) += 1;
                }
                other => skip(SkipReason::UnknownPart, &format!(" ({})", short(other))),
            },
        }
    }

    fn recipient(&mut self, at: At, content: &Map<String, Value>) {
        self.recipients.insert(Part(content).number("id").unwrap_or(0), at);
        self.people.take(content);
    }

    fn chat(&mut self, at: At, content: &Map<String, Value>) {
        let chat = Part(content);
        let id = chat.number("id").unwrap_or(0);
        if self.chats.insert(id, (chat.number("recipientId").unwrap_or(0), at)).is_none() {
            self.order.push(id);
        }
    }

    fn done(mut self, form: Form, report: &mut ReadReport) -> Survey {
        let mut chats = Vec::new();
        for id in &self.order {
            let Some(items) = self.items.remove(id) else { continue };
            let Some((recipient, at)) = self.chats.get(id).copied() else { continue };
            let heads = self.recipients.get(&recipient).copied().into_iter().chain([at]).collect();
            chats.push(Place { recipient, heads, items });
        }
        let mut calls: Vec<(u64, Vec<At>)> = self.calls.into_iter().collect();
        calls.sort_by_key(|(recipient, _)| *recipient);
        for (recipient, items) in calls {
            let heads = self.recipients.get(&recipient).copied().into_iter().collect();
            chats.push(Place { recipient, heads, items });
        }
        // Items whose chat the export does not have.
        let mut lost: Vec<At> = self.items.into_values().flatten().collect();
        lost.sort_by_key(|at| at.number);
        for at in lost {
            report.skipped.entry(SkipReason::DeletedChat).or_default().add(&format!(
                "{} {}",
                form.word(),
                at.number
            ));
        }
        Survey { people: self.people, chats }
    }
}

fn short(name: &str) -> String {
    name.chars().take(40).collect()
}
