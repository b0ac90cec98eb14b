//! Restoring: the log of a backup meets the library.

use super::*;

fn with_history() -> Home {
    let home = Home::new();
    let chat = Chat::native("7").talk(0, 2000).file(2001, "a.jpg", b"picture");
    home.import(&chat);
    let mut edited = chat;
    edited.messages[5].text = "changed".into();
    home.import_with(&edited, ImportOptions { now: MAY + 1, ..ImportOptions::default() });
    home
}

#[test]
fn a_restored_library_is_the_same_byte_for_byte() {
    let old = with_history();
    let new = Home::new();

    let outcome = merge_all(&old, &new.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (2001, 0, 0));
    let id = old.only_chat().conversation.id;
    assert_eq!(new.log(id), old.log(id));
    assert_eq!(new.library.segments(id).unwrap(), old.library.segments(id).unwrap());
    assert_eq!(new.json(id), old.json(id));
    assert_eq!(new.only_chat(), old.only_chat());
    assert_eq!(new.library.days(id).unwrap(), old.library.days(id).unwrap());
    assert_eq!(new.find("changed"), old.find("changed"));
    assert_eq!(outcome.blobs.len(), 1);
}

#[test]
fn restoring_again_finds_everything_present() {
    let old = with_history();
    let new = Home::new();
    merge_all(&old, &new.library, &MergeOptions::default());

    let outcome = merge_all(&old, &new.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (0, 2001, 0));
    let id = old.only_chat().conversation.id;
    assert_eq!(new.log(id), old.log(id));
}

#[test]
fn a_restore_that_was_cut_off_goes_on_to_the_same_log() {
    let old = with_history();
    let new = Home::new();
    let id = old.only_chat().conversation.id;
    let log = old.log(id);
    assert!(log.len() > 3);
    new.library.merge(id, &mut log.clone().into_iter().take(2), &MergeOptions::default()).unwrap();

    let outcome = new.library.merge(id, &mut log.clone().into_iter(), &MergeOptions::default()).unwrap();

    assert!(outcome.added > 0 && outcome.present > 0);
    assert_eq!(outcome.differ, 1, "the message that was changed is here as it was before");
    assert_eq!(outcome.added + outcome.present + outcome.differ, 2001);
    assert_eq!(new.log(id), log);
    assert_eq!(new.json(id), old.json(id));
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let old = with_history();
    let new = Home::new();
    let dry = MergeOptions { is_dry_run: true, ..MergeOptions::default() };

    let empty = merge_all(&old, &new.library, &dry);
    let nothing = new.library.counts().unwrap();
    merge_all(&old, &new.library, &MergeOptions::default());
    let full = merge_all(&old, &new.library, &dry);

    assert_eq!((empty.added, empty.present, empty.blobs.len()), (2001, 0, 1));
    assert_eq!(nothing, LibraryCounts::default());
    assert_eq!((full.added, full.present, full.differ), (0, 2001, 0));
}

#[test]
fn an_older_backup_does_not_undo_a_later_edit() {
    let old = Home::new();
    let chat = Chat::native("7").talk(0, 10);
    old.import(&chat);
    let new = Home::new();
    merge_all(&old, &new.library, &MergeOptions::default());
    let mut edited = chat;
    edited.messages[5].text = "changed".into();
    new.import_with(&edited, ImportOptions { now: MAY + 9, ..ImportOptions::default() });

    let outcome = merge_all(&old, &new.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (0, 10, 0));
    let id = old.only_chat().conversation.id;
    assert_eq!(new.library.messages(id, 5, 1).unwrap()[0].message.text, "changed");
}

/// Two computers that imported the same chat, one of them with another text of message 5.
fn apart(one_at: i64, other_at: i64) -> (Home, Home) {
    let (one, other) = (Home::new(), Home::new());
    let chat = Chat::native("7").talk(0, 10);
    one.import_with(&chat, ImportOptions { now: one_at, ..ImportOptions::default() });
    let mut edited = chat.say(50, "Anna", "only here");
    edited.messages[5].text = "changed".into();
    other.import_with(&edited, ImportOptions { now: other_at, ..ImportOptions::default() });
    (one, other)
}

#[test]
fn where_two_differ_the_later_import_is_shown_and_both_are_kept() {
    let (one, other) = apart(MAY, MAY + 5);

    let outcome = merge_all(&other, &one.library, &MergeOptions::default());
    let again = merge_all(&other, &one.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (1, 9, 1));
    assert_eq!((again.added, again.present, again.differ), (0, 11, 0));
    let id = one.only_chat().conversation.id;
    let stored = one.library.messages(id, 5, 1).unwrap().remove(0);
    assert_eq!(
        (stored.message.text.as_str(), stored.revisions[0].text.as_str()),
        ("changed", "line 5 of the talk")
    );
    assert_eq!(one.only_chat().last_line, "only here");
}

#[test]
fn where_two_differ_the_earlier_import_becomes_a_revision() {
    let (one, other) = apart(MAY + 5, MAY);

    let outcome = merge_all(&other, &one.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (1, 9, 1));
    let id = one.only_chat().conversation.id;
    let stored = one.library.messages(id, 5, 1).unwrap().remove(0);
    assert_eq!(
        (stored.message.text.as_str(), stored.revisions[0].text.as_str()),
        ("line 5 of the talk", "changed")
    );
    let third = Home::new();
    merge_all(&one, &third.library, &MergeOptions::default());
    assert_eq!(third.json(id), one.json(id), "the order of imports travels in the log");
}

#[test]
fn a_name_both_know_is_not_undone_where_logs_went_apart() {
    let (one, other) = (Home::new(), Home::new());
    let mut chat = Chat::native("7").talk(0, 2000);
    one.import(&chat);
    chat.conversation.title = "A new name".into();
    one.import_with(
        &chat.clone().talk(2000, 1000),
        ImportOptions { now: MAY + 1, ..ImportOptions::default() },
    );
    merge_all(&one, &other.library, &MergeOptions::default());
    let more = chat.talk(2000, 1000);
    one.import_with(
        &more.clone().say(4000, "Anna", "one"),
        ImportOptions { now: MAY + 2, ..ImportOptions::default() },
    );
    let other_more = more.say(4000, "Anna", "skipped").say(4001, "Ben", "other");
    let other_more = Chat {
        messages: other_more.messages.into_iter().filter(|m| m.text != "skipped").collect(),
        ..other_more
    };
    other.import_with(&other_more, ImportOptions { now: MAY + 3, ..ImportOptions::default() });

    let outcome = merge_all(&other, &one.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (1, 3000, 0));
    assert_eq!(one.only_chat().conversation.title, "A new name");
    assert_eq!(one.only_chat().messages, 3002);
}

#[test]
fn only_a_range_of_dates_is_taken() {
    let old = with_history();
    let new = Home::new();
    let options = MergeOptions {
        from: Some(MAY + 100 * MINUTE),
        to: Some(MAY + 200 * MINUTE),
        ..MergeOptions::default()
    };

    let outcome = merge_all(&old, &new.library, &options);
    let rest = merge_all(&old, &new.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present), (100, 0));
    assert_eq!(outcome.blobs, []);
    assert_eq!((rest.added, rest.present, rest.differ), (1901, 100, 0));
    let id = old.only_chat().conversation.id;
    assert_eq!(new.texts(id), old.texts(id));
}

#[test]
fn a_text_export_imported_on_both_computers_becomes_one_chat() {
    let (one, other) = (Home::new(), Home::new());
    one.import(&Chat::text("Anna").talk(0, 100));
    other.import_with(
        &Chat::text("Anna R").talk(50, 100),
        ImportOptions { now: MAY + 5, ..ImportOptions::default() },
    );
    assert_ne!(one.only_chat().conversation.id, other.only_chat().conversation.id);

    let outcome = merge_all(&other, &one.library, &MergeOptions::default());

    assert_eq!((outcome.added, outcome.present, outcome.differ), (50, 50, 0));
    assert_eq!(outcome.conversation, one.only_chat().conversation.id);
    assert_eq!(one.only_chat().messages, 150);
}

#[test]
fn a_cancelled_restore_says_so() {
    let old = with_history();
    let new = Home::new();

    let outcome =
        merge_all(&old, &new.library, &MergeOptions { cancel: cancelled(), ..MergeOptions::default() });

    assert!(outcome.is_cancelled);
    assert_eq!(outcome.added, 0);
}

#[test]
fn a_backup_is_read_in_memory() {
    let old = with_history();
    let look = Library::open_in_memory().unwrap();

    merge_all(&old, &look, &MergeOptions::default());

    let id = old.only_chat().conversation.id;
    assert_eq!(look.messages(id, 5, 1).unwrap()[0].message.text, "changed");
    let request = SearchRequest { text: "changed".into(), limit: 5, ..SearchRequest::default() };
    assert_eq!(look.search(&request).unwrap().hits.len(), 1);
}

#[test]
fn bytes_that_are_no_records_are_refused_and_nothing_is_kept() {
    let new = Home::new();
    let id = ConversationId([1; 16]);

    let refused = new.library.merge(id, &mut [vec![0xff, 0x00]].into_iter(), &MergeOptions::default());

    assert!(matches!(refused, Err(LibraryError::Record(_))));
    assert_eq!(new.library.counts().unwrap(), LibraryCounts::default());
}

#[test]
fn appending_changes_only_the_last_segment() {
    let home = Home::new();
    let chat = Chat::native("7").talk(0, 3000);
    let id = home.import(&chat).conversations[0];
    let before = home.library.segments(id).unwrap();

    home.import(&chat.talk(3000, 10));

    let after = home.library.segments(id).unwrap();
    assert!(before.len() > 3 && after.len() >= before.len());
    assert_eq!(before[..before.len() - 1], after[..before.len() - 1]);
    assert!(before.iter().rev().skip(1).all(|cut| cut.length >= 64 * 1024));
}

#[test]
fn exports_of_one_chat_come_together_unless_their_backup_tells_them_apart() {
    let homes = [Home::new(), Home::new()];
    for (home, now) in homes.iter().zip([MAY, MAY + 60_000]) {
        let options = ImportOptions { now, ..ImportOptions::default() };
        home.import_with(&Chat::text("Anna").talk(0, 100), options);
    }
    let [one, other] = [&homes[0], &homes[1]].map(|home| home.only_chat().conversation.id);
    assert_ne!(one, other);

    let joined = Home::new();
    merge_all(&homes[0], &joined.library, &MergeOptions::default());
    assert_eq!(merge_all(&homes[1], &joined.library, &MergeOptions::default()).conversation, one);

    let apart = Home::new();
    let options = MergeOptions { apart: Arc::new([one, other].into()), ..MergeOptions::default() };
    merge_all(&homes[0], &apart.library, &options);
    assert_eq!(merge_all(&homes[1], &apart.library, &options).conversation, other);
    assert_eq!(apart.json(other), homes[1].json(other));
}
