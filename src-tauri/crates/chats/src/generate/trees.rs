//! Sources of many files: downloads of Messenger, exports of Slack.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::words::sentence;
use super::{Dice, Truth, civil, create};

const PEOPLE: [&str; 6] = ["Nora Lind", "Zoë Ström", "Олена", "花子", "Jonas", "سلمى"];

/// Writes the folder of a download of Messenger and says what is in it. The first of the people is the owner.
pub fn write_messenger_download(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut dice = Dice::new(seed);
    let mut truth = Truth { people: 6, ..Truth::default() };
    let base = folder.join("your_activity_across_facebook/messages/inbox");
    for (other, name) in PEOPLE.iter().enumerate().skip(1) {
        let chat = base.join(format!("chat_{other}"));
        let wanted = entries * u64::try_from(other).unwrap_or(0) / 5;
        let mut seconds = 1_577_880_000_i64;
        let mut page = 3;
        while truth.entries < wanted || page > 0 {
            let mut messages = Vec::new();
            let left = wanted.saturating_sub(truth.entries).div_ceil(page.max(1));
            for _ in 0..left {
                seconds += 1 + i64::try_from(dice.below(9000)).unwrap_or(0);
                messages.push(messenger_entry(
                    &mut dice,
                    &mut truth,
                    seconds,
                    PEOPLE.first().copied().unwrap_or(""),
                    name,
                    &chat,
                )?);
            }
            messages.reverse();
            let people =
                [PEOPLE.first().copied().unwrap_or(""), name].map(|name| json!({ "name": as_bytes(name) }));
            let whole = json!({ "participants": people, "messages": messages, "title": as_bytes(name) });
            let mut out = create(&chat.join(format!("message_{page}.json")))?;
            serde_json::to_writer(&mut out, &whole)?;
            out.flush()?;
            page = page.saturating_sub(1);
        }
    }
    Ok(truth)
}

fn messenger_entry(
    dice: &mut Dice,
    truth: &mut Truth,
    seconds: i64,
    me: &str,
    other: &str,
    chat: &Path,
) -> io::Result<Value> {
    truth.entries += 1;
    let sender = if dice.chance(500) { me } else { other };
    let mut entry =
        json!({ "sender_name": as_bytes(sender), "timestamp_ms": seconds * 1000, "type": "Generic" });
    match dice.below(1000) {
        0..20 => {
            truth.deleted += 1;
            entry["is_unsent"] = json!(true);
        }
        20..30 => {
            truth.system += 1;
            truth.calls += 1;
            entry["type"] = json!("Call");
            entry["call_duration"] = json!(dice.below(900));
        }
        30..60 => {
            let name = format!("photos/{}.jpg", truth.entries);
            if dice.chance(700) {
                truth.media_found += 1;
                fs::create_dir_all(chat.join("photos"))?;
                fs::write(chat.join(&name), truth.entries.to_be_bytes())?;
            } else {
                truth.media_missing += 1;
            }
            let folder = chat.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            entry["photos"] = json!([{ "uri": format!("messages/inbox/{folder}/{name}") }]);
        }
        _ => {
            let mut text = String::new();
            sentence(dice, &mut text);
            entry["content"] = json!(as_bytes(&text));
        }
    }
    if dice.chance(80) {
        truth.reacted += 1;
        entry["reactions"] = json!([{ "reaction": as_bytes("❤"), "actor": as_bytes(other) }]);
    }
    Ok(entry)
}

/// Each byte as a sign, as downloads write texts.
fn as_bytes(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Writes the folder of an export of Slack and says what is in it.
pub fn write_slack_export(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut dice = Dice::new(seed);
    let mut truth = Truth { people: 6, ..Truth::default() };
    let users: Vec<Value> = PEOPLE
        .iter()
        .enumerate()
        .map(|(id, name)| json!({ "id": format!("U{id}"), "profile": { "real_name": name } }))
        .collect();
    let members: Vec<String> = (0..PEOPLE.len()).map(|id| format!("U{id}")).collect();
    let channels: Vec<Value> = (1..4)
        .map(|id| json!({ "id": format!("C{id}"), "name": format!("channel-{id}"), "members": members }))
        .collect();
    fs::create_dir_all(folder)?;
    fs::write(folder.join("users.json"), Value::from(users).to_string())?;
    fs::write(folder.join("channels.json"), Value::from(channels).to_string())?;
    for channel in 1..4_u64 {
        let wanted = entries * channel / 3;
        let mut day = 0_i64;
        while truth.entries < wanted {
            let begins = 1_577_836_800 + day * 86_400;
            let count = (1 + dice.below(200)).min(wanted - truth.entries);
            let messages: Vec<Value> =
                (0..count).map(|n| slack_entry(&mut dice, &mut truth, begins, n)).collect();
            let (year, month, of_month, ..) = civil(begins);
            let path = folder.join(format!("channel-{channel}/{year}-{month:02}-{of_month:02}.json"));
            let mut out = create(&path)?;
            serde_json::to_writer_pretty(&mut out, &messages)?;
            out.flush()?;
            day += 1;
        }
    }
    Ok(truth)
}

fn slack_entry(dice: &mut Dice, truth: &mut Truth, begins: i64, number: u64) -> Value {
    truth.entries += 1;
    let mut text = String::new();
    sentence(dice, &mut text);
    let mut entry = json!({ "type": "message", "user": format!("U{}", dice.below(6)), "ts": format!("{}.{number:06}", begins + 400), "text": text });
    match dice.below(1000) {
        0..20 => {
            truth.system += 1;
            entry["subtype"] = json!("channel_join");
        }
        20..40 => {
            truth.media_missing += 1;
            entry["files"] = json!([{ "id": "F1", "name": "a.png", "mimetype": "image/png" }]);
        }
        40..100 if number > 0 => {
            truth.replies += 1;
            entry["thread_ts"] = json!(format!("{}.000000", begins + 400));
        }
        100..130 => {
            truth.edited += 1;
            entry["edited"] = json!({ "user": "U1", "ts": format!("{}.000000", begins + 500) });
        }
        _ => {}
    }
    entry
}
