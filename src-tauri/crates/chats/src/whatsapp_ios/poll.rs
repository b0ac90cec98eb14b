//! Polls: field 8 of `ZRECEIPTINFO` has the question (2), the options (3), the votes of others (5) and the person's own (6).

use super::chat::Current;
use super::entry::Entry;
use super::message::person;
use crate::model::{Message, Poll, PollOption};
use crate::protobuf::Fields;
use crate::whatsapp_address::ME;

/// Most options that are read: WhatsApp allows twelve.
const MAX_OPTIONS: usize = 1000;

pub(super) fn read(entry: &Entry, message: &mut Message, chat: &Current<'_>) -> Poll {
    let info = Fields::read(entry.receipt_info());
    let written = std::mem::take(&mut message.text);
    let Some(poll) = info.inside(8) else { return Poll { question: written, ..Poll::default() } };
    let mut options: Vec<PollOption> = poll
        .all_inside(3)
        .take(MAX_OPTIONS)
        .map(|option| PollOption {
            text: option.text(1).unwrap_or_default(),
            votes: Some(0),
            ..PollOption::default()
        })
        .collect();
    let mut voters: u32 = 0;
    // Number of the option (1, again for each), when (2), the id of the vote (3), who (4).
    let others = poll.all_inside(5).map(|vote| (vote.text(4), vote));
    let own = poll.all_inside(6).map(|vote| (Some(ME.to_owned()), vote));
    for (who, vote) in others.chain(own) {
        let Some(who) = who else { continue };
        let key = if who == ME { who } else { chat.people.key_of(&who).to_string() };
        let mut chosen = vote.numbers(1);
        chosen.sort_unstable();
        chosen.dedup();
        let mut is_any = false;
        for number in chosen {
            let place = usize::try_from(number).ok();
            let Some(option) = place.and_then(|place| options.get_mut(place)) else { continue };
            option.votes = option.votes.map(|votes| votes.saturating_add(1));
            option.is_chosen |= key == ME;
            option.people.push(person(key.clone(), vote.number(2), chat));
            is_any = true;
        }
        voters = voters.saturating_add(u32::from(is_any));
    }
    let question = poll.text(2).unwrap_or(written);
    Poll { question, options, voters: (voters > 0).then_some(voters), ..Poll::default() }
}
