//! Facts about samples made by others (see the samples' own INDEX.md); skipped where the folder is missing.

use super::*;

/// A sample's path, or `None` after saying that there are none.
fn sample(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/samples")).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("samples not present");
    None
}

fn utc() -> ReadOptions {
    ReadOptions { zone: Zone::Known("UTC".to_owned()), ..ReadOptions::default() }
}

fn messages_of(name: &str) -> Option<(ReadReport, Vec<Message>)> {
    let path = sample(name)?;
    assert!(recognise(&path).unwrap().is_some());
    let (report, mut all) = read_all(&path, &utc()).unwrap();
    keeps_laws(&path, &report, &all);
    Some((report, all.chats.remove(0).1))
}

fn times(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.time.as_ref().unwrap().local_text().unwrap()).collect()
}

#[test]
fn chatistics_2_has_four_messages_and_a_fake_header() {
    let Some((report, messages)) = messages_of("Chatistics/_chat 2.txt") else { return };

    assert_eq!(report.read, 4);
    assert!(
        messages[0]
            .text
            .ends_with("\n[1.9.19, 00:00:00] Peter Doe: this is the second line of the first message")
    );
    assert_eq!(times(&messages)[0], "2019-09-17T16:37:47");
    assert_eq!(messages[3].sender.as_deref(), Some("John Doe"));
    assert!(report.undecided.is_empty());
}

#[test]
fn chatistics_4_is_month_first_with_twelve_hours() {
    let Some((report, messages)) = messages_of("Chatistics/_chat 4.txt") else { return };

    assert_eq!(times(&messages), ["2019-09-17T08:30:52", "2019-09-17T16:30:10", "2019-09-18T16:50:32"]);
    assert!(messages.iter().all(|message| message.sender.as_deref() == Some("John Doe")));
    assert!(report.undecided.is_empty());
}

#[test]
fn whatstk_pokemon_has_twenty_entries() {
    let Some((report, messages)) = messages_of("whatstk/pokemon.txt") else { return };

    assert_eq!((report.read, report.system), (20, 1));
    assert_eq!(times(&messages)[0], "2016-04-15T15:04");
    // "Pokemon Chat: Messages and calls are ..." is signed by the group.
    assert_eq!(times(&messages)[19], "2016-10-31T12:23");
}

#[test]
fn whatstk_lorem_has_five_hundred() {
    let Some((report, messages)) = messages_of("whatstk/lorem.txt") else { return };

    assert_eq!(report.read, 500);
    // The year stands last: read with the year first, days would go by in years.
    assert_eq!(times(&messages)[0], "2020-01-15T02:22:56");
    assert!(report.undecided.is_empty());
}

#[test]
fn whatstk_parts_have_three_hundred_each() {
    let (Some((first, _)), Some((second, _))) =
        (messages_of("whatstk/lorem-merge-part1.txt"), messages_of("whatstk/lorem-merge-part2.txt"))
    else {
        return;
    };

    assert_eq!((first.read, second.read), (300, 300));
}

#[test]
fn chat_miner_has_nine_entries_in_both_orders() {
    let (Some((mdy, bracket)), Some((dmy, dash))) =
        (messages_of("chat-miner/test_[mmddyy]_24hrs.txt"), messages_of("chat-miner/test_ddmmyy_24hrs.txt"))
    else {
        return;
    };

    assert_eq!((mdy.read, mdy.system, dmy.read, dmy.system), (9, 2, 9, 2));
    assert_eq!(times(&bracket), times(&dash));
    assert_eq!(times(&bracket)[8], "2021-12-30T22:01");
    assert_eq!(bracket[8].text, "Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit. Duis libero.");
    assert_eq!(bracket[3].text, "Lorem ipsum : dolor sit amet.");
    assert_eq!(bracket[1].sender.as_deref(), Some("John Doe"));
}

#[test]
fn chat_miner_telegram_reads_alone_and_in_a_batch() {
    let (Some((single, alone)), Some((batch, within))) = (
        messages_of("chat-miner/telegram/test_single_export.json"),
        messages_of("chat-miner/telegram/test_batch_export.json"),
    ) else {
        return;
    };

    assert_eq!((single.read, batch.read), (2, 2));
    assert_eq!(alone[1].text, "Link:https://telegram.org/");
    assert_eq!(alone[1].entities[1].kind, "link");
    assert_eq!(alone[0].time.as_ref().unwrap().utc_ms, 1_544_006_350_000);
    assert_eq!(within[1].text, alone[1].text);
}

#[test]
fn other_samples_are_not_mistaken_for_exports() {
    let Some(samples) = sample(".") else { return };

    for entry in [
        "msgvault",
        "imessage-exporter",
        "crabstep",
        "wa-crypt-tools",
        "iLEAPP",
        "libsignal",
        "whatsapp-viewer",
    ] {
        for file in files_below(&samples.join(entry)) {
            assert!(!matches!(recognise(&file), Ok(Some(_))), "{}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
