//! Importing: once, twice, overlapping, cut off.

use super::*;

#[test]
fn importing_twice_adds_nothing() {
    let home = Home::new();
    let chat = Chat::text("Anna")
        .talk(0, 300)
        .say(300, "Anna", "ok")
        .say(300, "Anna", "ok")
        .file(301, "a.jpg", b"picture");
    let first = home.import(&chat);
    let before = home.json(first.conversations[0]);

    let second = home.import(&chat);

    assert_eq!((first.read, first.added, first.present), (303, 303, 0));
    assert_eq!((second.read, second.added, second.updated, second.present), (303, 0, 0, 303));
    assert_eq!(home.only_chat().messages, 303);
    assert_eq!(home.json(first.conversations[0]), before);
    assert_eq!(second.undecided, []);
}

#[test]
fn importing_twice_leaves_the_log_as_it_was() {
    let home = Home::new();
    let chat = Chat::native("7").talk(0, 300);
    let id = home.import(&chat).conversations[0];
    let before = home.log(id);

    home.import_with(&chat, ImportOptions { now: MAY + 5, ..ImportOptions::default() });

    assert_eq!(home.log(id), before);
}

#[test]
fn a_chat_of_three_messages_is_found_again_under_its_name() {
    let home = Home::new();
    let chat = Chat::text("Anna").talk(0, 3);
    home.import(&chat);

    let again = home.import(&chat.clone().say(9, "Ben", "one more"));

    assert_eq!((again.added, again.present), (1, 3));
    assert_eq!(home.only_chat().messages, 4);
}

#[test]
fn exports_that_overlap_merge_under_another_name() {
    let home = Home::new();
    home.import(&Chat::text("part one").talk(0, 300));

    let later = home.import(&Chat::text("part two").talk(200, 300));

    assert_eq!((later.read, later.added, later.present), (300, 200, 100));
    let chat = home.only_chat();
    assert_eq!(chat.messages, 500);
    let texts = home.texts(chat.conversation.id);
    let expected: Vec<String> = (0..500).map(|minute| format!("line {minute} of the talk")).collect();
    assert_eq!(texts, expected);
}

#[test]
fn an_older_export_merges_before_what_is_here() {
    let home = Home::new();
    home.import(&Chat::text("part two").talk(2000, 3000));

    // The part both have comes long after the first messages that are looked at.
    let earlier = home.import(&Chat::text("part one").talk(0, 3000));

    assert_eq!((earlier.read, earlier.added, earlier.present), (3000, 2000, 1000));
    let chat = home.only_chat();
    assert_eq!(chat.messages, 5000);
    let expected: Vec<String> = (0..5000).map(|minute| format!("line {minute} of the talk")).collect();
    assert_eq!(home.texts(chat.conversation.id), expected);
    assert_eq!(home.find("\"line 17 of\"").len(), 1);
    assert_eq!(
        home.library.days(chat.conversation.id).unwrap().iter().map(|day| day.count).sum::<u64>(),
        5000
    );
}

#[test]
fn a_short_overlap_is_reported_and_kept_apart() {
    let home = Home::new();
    let one = home.import(&Chat::text("Anna").talk(0, 30)).conversations[0];

    let two = home.import(&Chat::text("Someone").talk(25, 30));

    assert_eq!((two.added, two.present), (30, 0));
    let report =
        UndecidedJoin { conversation: two.conversations[0], other: one, overlap: 5, is_same_title: false };
    assert_eq!(two.undecided, [report]);
    assert_eq!(home.library.counts().unwrap().conversations, 2);
}

#[test]
fn the_persons_yes_joins_what_was_apart() {
    let home = Home::new();
    let one = home.import(&Chat::text("Anna").talk(0, 30)).conversations[0];
    let options = ImportOptions { now: MAY, join: Join::Into(one), ..ImportOptions::default() };

    let two = home.import_with(&Chat::text("Someone").talk(25, 30), options);

    assert_eq!((two.added, two.present), (25, 5));
    assert_eq!(home.only_chat().messages, 55);
}

#[test]
fn the_same_name_with_nothing_in_common_is_asked_about() {
    let home = Home::new();
    home.import(&Chat::text("Anna").talk(0, 30));

    let two = home.import(&Chat::text("Anna").talk(9000, 30));

    assert_eq!(two.undecided.len(), 1);
    assert!(two.undecided[0].is_same_title && two.undecided[0].overlap == 0);
    assert_eq!(home.library.counts().unwrap().conversations, 2);
}

#[test]
fn what_was_kept_apart_is_found_again_and_adds_nothing() {
    let home = Home::new();
    home.import(&Chat::text("Anna").talk(0, 30));
    home.import(&Chat::text("Anna").talk(9000, 30));

    let again = home.import(&Chat::text("Anna").talk(9000, 30));

    assert_eq!((again.added, again.present), (0, 30));
    assert_eq!(home.library.counts().unwrap().messages, 60);
}

#[test]
fn a_short_chat_with_an_edited_message_is_still_the_same() {
    let home = Home::new();
    home.import(&Chat::text("Anna").talk(0, 12));
    let edited =
        Chat::text("Anna").talk(0, 6).say(6, "Anna", "said otherwise").talk(7, 5).say(20, "Ben", "new");

    let outcome = home.import(&edited);

    assert_eq!((outcome.added, outcome.present, outcome.undecided.len()), (2, 11, 0));
    assert_eq!(home.only_chat().messages, 14);
}

#[test]
fn equal_notices_do_not_join_two_chats() {
    let home = Home::new();
    let notices = |title| {
        (0..30).fold(Chat::text(title), |chat, minute| chat.say(minute, "", "messages are encrypted"))
    };
    home.import(&notices("Anna").say(40, "Anna", "hello"));

    let other = home.import(&notices("Ben").say(41, "Ben", "hi"));

    assert_eq!(other.undecided, []);
    assert_eq!(home.library.counts().unwrap().conversations, 2);
}

#[test]
fn a_message_added_in_the_middle_gets_its_place() {
    let home = Home::new();
    home.import(&Chat::text("Anna").talk(0, 50));
    let all = Chat::text("Anna").talk(0, 25).say(24, "Ben", "between").talk(25, 25);

    let outcome = home.import(&all);

    assert_eq!((outcome.added, outcome.present), (1, 50));
    let texts = home.texts(home.only_chat().conversation.id);
    assert_eq!(texts[24..27], ["line 24 of the talk", "between", "line 25 of the talk"]);
    let positions = home.library.messages(home.only_chat().conversation.id, 0, 100).unwrap();
    assert!(positions.iter().enumerate().all(|(at, stored)| stored.position == u64::try_from(at).unwrap()));
}

#[test]
fn a_changed_message_keeps_what_it_was() {
    let home = Home::new();
    let chat = Chat::native("7").talk(0, 5);
    let id = home.import(&chat).conversations[0];
    let mut edited = chat.clone();
    edited.messages[2].text = "a better thought".into();

    let outcome = home.import_with(&edited, ImportOptions { now: MAY + 1, ..ImportOptions::default() });
    let back = home.import_with(&chat, ImportOptions { now: MAY + 2, ..ImportOptions::default() });

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 1, 4));
    assert_eq!((back.updated, back.present), (0, 5), "an older export says nothing new");
    let stored = &home.library.messages(id, 2, 1).unwrap()[0];
    assert_eq!(stored.message.text, "a better thought");
    assert_eq!(
        stored.revisions.iter().map(|old| old.text.as_str()).collect::<Vec<_>>(),
        ["line 2 of the talk"]
    );
    assert_eq!((home.find("better thought").len(), home.find("\"line 2 of\"").len()), (1, 0));
}

#[test]
fn a_file_left_out_of_a_later_export_stays() {
    let home = Home::new();
    let chat = Chat::text("Anna").talk(0, 30).file(31, "a.jpg", b"picture");
    home.import(&chat);
    let mut without = chat.clone();
    without.messages[30].attachments[0].state = AttachmentState::Missing;

    let outcome = home.import(&without);

    assert_eq!((outcome.updated, outcome.present, outcome.media_missing), (0, 31, 1));
    assert_eq!((home.only_chat().media, home.only_chat().media_missing), (1, 0));
}

#[test]
fn a_file_that_comes_later_is_taken_in() {
    let home = Home::new();
    let mut without = Chat::text("Anna").talk(0, 30).file(31, "a.jpg", b"picture");
    let with = without.clone();
    without.messages[30].attachments[0].state = AttachmentState::Missing;
    home.import(&without);
    let before = home.only_chat();

    let outcome = home.import(&with);

    assert_eq!((before.media, before.media_missing), (0, 1));
    assert_eq!((outcome.updated, home.only_chat().media, home.only_chat().media_missing), (1, 1, 0));
    let blob = home.library.blobs().unwrap().remove(0);
    assert_eq!(home.media.read_range(&blob.hash, 0, 100).unwrap(), b"picture");
}

#[test]
fn a_zone_said_later_moves_times_and_days() {
    let home = Home::new();
    let chat = Chat::text("Anna").talk(0, 60);
    let id = home.import(&chat).conversations[0];
    let mut zoned = chat.clone();
    for message in &mut zoned.messages {
        let time = message.time.as_mut().unwrap();
        time.utc_ms -= 120 * MINUTE;
        time.zone_known = true;
    }

    let outcome = home.import(&zoned);
    let again = home.import(&chat);

    assert_eq!((outcome.updated, again.updated, again.present), (60, 0, 60));
    let row = home.only_chat();
    assert_eq!((row.first, row.last), (Some(MAY - 120 * MINUTE), Some(MAY - 61 * MINUTE)));
    assert_eq!(home.library.days(id).unwrap(), [DayRow { day: "2024-05-01".into(), position: 0, count: 60 }]);
    assert_eq!(home.find("talk").len(), 50);
}

#[test]
fn messages_out_of_order_are_put_in_order() {
    let home = Home::new();
    let mut chat = Chat::native("7").talk(0, 100);
    chat.messages.reverse();

    let id = home.import(&chat).conversations[0];

    let expected: Vec<String> = (0..100).map(|minute| format!("line {minute} of the talk")).collect();
    assert_eq!(home.texts(id), expected);
    assert_eq!(home.only_chat().last_line, "line 99 of the talk");
}

#[test]
fn a_run_that_is_dropped_keeps_what_was_committed_and_can_be_repeated() {
    let home = Home::new();
    let mut chat = Chat::native("7").talk(0, 2500);
    chat.messages.swap(10, 20);
    let mut run =
        home.library.begin_import(ImportOptions { now: MAY, ..ImportOptions::default() }, None).unwrap();
    run.conversation(&chat.conversation).unwrap();
    for message in &chat.messages {
        run.message(message.clone(), &mut Files { chat: &chat, message }).unwrap();
    }

    drop(run);

    let kept = home.only_chat();
    assert_eq!(kept.messages, 2000);
    let first: Vec<u64> = home
        .library
        .messages(kept.conversation.id, 0, 30)
        .unwrap()
        .iter()
        .map(|one| one.message.ordinal)
        .collect();
    assert_eq!(first, (0..30).collect::<Vec<u64>>());
    let again = home.import(&chat);
    assert_eq!((again.added, again.present), (500, 2000));
    assert_eq!(home.only_chat().messages, 2500);
}

#[test]
fn a_second_writer_is_refused_while_reads_go_on() {
    let home = Home::new();
    let id = home.import(&Chat::native("7").talk(0, 10)).conversations[0];
    let run = home.library.begin_import(ImportOptions::default(), None).unwrap();

    let second = home.library.begin_import(ImportOptions::default(), None);

    assert!(matches!(second.err(), Some(LibraryError::Busy)));
    assert_eq!(home.library.messages(id, 0, 100).unwrap().len(), 10);
    drop(run);
}

#[test]
fn runs_and_originals_are_remembered() {
    let home = Home::new();
    home.import(&Chat::native("7").talk(0, 10));
    let hash = home.media.put(&mut b"zip".as_slice()).unwrap().hash;
    let original = OriginalRow {
        hash,
        name: "chat.zip".into(),
        size: 3,
        imported: MAY,
        source: "whatsapp_export".into(),
    };

    home.library.add_original(&original).unwrap();
    home.library.add_original(&original).unwrap();

    assert_eq!(home.library.originals().unwrap(), [original]);
    let runs = home.library.import_runs().unwrap();
    assert_eq!((runs.len(), runs[0].source.as_str()), (1, "test"));
    assert!(runs[0].outcome.contains("\"added\":10"));
}

#[test]
fn a_chat_without_messages_is_kept_once() {
    let home = Home::new();

    home.import(&Chat::text("Empty"));
    home.import(&Chat::text("Empty"));

    assert_eq!(home.only_chat().messages, 0);
}

#[test]
fn an_entry_that_is_no_message_still_fits_a_backup() {
    let home = Home::new();
    let chat = Chat::native("7").say(1, "Anna", &"junk ".repeat(3 << 20)).say(2, "Ben", "after it");

    let id = home.import(&chat).conversations[0];
    let again = home.import(&chat);

    assert_eq!((again.added, again.present), (0, 2));
    assert!(home.library.segments(id).unwrap().iter().all(|cut| cut.length < 8 << 20));
    assert_eq!(home.texts(id)[1], "after it");
}

/// The same talk as another phone tells it: other names, another zone, with or without media.
fn told_otherwise(chat: &Chat, change: impl Fn(&mut Message)) -> Chat {
    let mut told = Chat::text("told otherwise");
    told.files.clone_from(&chat.files);
    for message in &chat.messages {
        let mut message = message.clone();
        change(&mut message);
        told = told.put(message);
    }
    told
}

fn long_talk(first: i64, count: i64) -> Chat {
    (first..first + count).fold(Chat::text("Anna"), |chat, minute| {
        let sender = if minute % 2 == 0 { "+49 170 1234567" } else { "Ben" };
        chat.say(minute, sender, &format!("we talk about topic{} and about thing{minute}", minute / 7))
    })
}

#[test]
fn a_contact_that_was_renamed_is_the_same_person() {
    let home = Home::new();
    let id = home.import(&long_talk(0, 300)).conversations[0];
    let renamed = told_otherwise(&long_talk(100, 300), |message| {
        if message.sender.as_deref() != Some("Ben") {
            message.sender = Some("Anna R".into());
        }
    });
    let renamed = Chat {
        conversation: Conversation {
            participants: ["Anna R", "Ben"].map(person).into(),
            ..renamed.conversation
        },
        ..renamed
    };

    let outcome = home.import(&renamed);
    let log = home.log(id);
    let again = home.import(&renamed);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (100, 0, 200));
    assert_eq!((again.added, again.updated, again.present), (0, 0, 300));
    assert_eq!(home.log(id), log);
    let names: Vec<_> = home
        .library
        .messages(id, 98, 300)
        .unwrap()
        .into_iter()
        .filter_map(|stored| stored.sender_name)
        .collect();
    assert!(names.iter().all(|name| name == "Ben" || name == "Anna R"), "the later name is shown everywhere");
    let keys: Vec<_> =
        home.only_chat().conversation.participants.into_iter().map(|person| person.key).collect();
    assert_eq!(keys, ["+49 170 1234567", "Anna", "Ben"]);
}

#[test]
fn a_phone_in_another_zone_tells_the_same_chat() {
    let home = Home::new();
    let id = home.import(&long_talk(0, 300)).conversations[0];
    let moved = told_otherwise(&long_talk(100, 300), |message| {
        let time = message.time.as_mut().unwrap();
        time.local_ms = time.local_ms.map(|local| local + 90 * MINUTE);
        time.utc_ms += 90 * MINUTE;
    });

    let outcome = home.import(&moved);
    let again = home.import(&moved);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (100, 0, 200));
    assert_eq!((again.added, again.updated, again.present), (0, 0, 300));
    let times: Vec<i64> = home
        .library
        .messages(id, 0, 500)
        .unwrap()
        .iter()
        .filter_map(|one| Some(one.message.time.as_ref()?.utc_ms))
        .collect();
    assert_eq!(times, (0..400).map(|minute| MAY + minute * MINUTE).collect::<Vec<_>>());
}

fn talk_with_pictures() -> Chat {
    (0..60).fold(Chat::text("Anna"), |chat, minute| {
        let chat = chat.say(minute, "Ben", &format!("line {minute}"));
        chat.file(minute, &format!("a{minute}.jpg"), &[1, 2, 3, u8::try_from(minute).unwrap()]).file(
            minute,
            &format!("b{minute}.jpg"),
            &[9, u8::try_from(minute).unwrap()],
        )
    })
}

fn without_media(chat: &Chat) -> Chat {
    told_otherwise(chat, |message| {
        for attachment in &mut message.attachments {
            attachment.name = None;
            attachment.state = AttachmentState::Omitted;
        }
    })
}

#[test]
fn an_export_with_media_completes_one_without() {
    let home = Home::new();
    let with = talk_with_pictures();
    home.import(&without_media(&with));

    let outcome = home.import(&with);
    let again = home.import(&with);

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 120, 60));
    assert_eq!((again.added, again.updated, again.present), (0, 0, 180));
    assert_eq!((home.only_chat().messages, home.only_chat().media), (180, 120));
    let names: Vec<_> = home
        .library
        .messages(home.only_chat().conversation.id, 0, 6)
        .unwrap()
        .into_iter()
        .filter_map(|stored| stored.message.attachments.first()?.name.clone())
        .collect();
    assert_eq!(names, ["a0.jpg", "b0.jpg", "a1.jpg", "b1.jpg"]);
}

#[test]
fn an_export_without_media_adds_nothing_to_one_with() {
    let home = Home::new();
    let with = talk_with_pictures();
    home.import(&with);

    let outcome = home.import(&without_media(&with));

    assert_eq!((outcome.added, outcome.updated, outcome.present), (0, 0, 180));
    assert_eq!(home.only_chat().media, 120);
}
