//! Full disks, several threads, and any order of any overlapping exports.

use super::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

fn limit_pages(home: &Home, pages: i64) {
    let writer = home.library.0.writer().unwrap();
    let _now: i64 =
        writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0)).unwrap();
}

#[test]
fn a_full_disk_is_named_and_nothing_is_lost() {
    let home = Home::new();
    let chat = Chat::native("7").talk(0, 1500);
    let id = home.import(&chat).conversations[0];
    let before = home.json(id);
    limit_pages(&home, 1);
    let more = chat.talk(1500, 30_000);
    let mut run =
        home.library.begin_import(ImportOptions { now: MAY, ..ImportOptions::default() }, None).unwrap();

    let refused = more.read(&mut run);
    let after_that = run.finish();
    let kept = home.only_chat().messages;

    assert!(matches!(refused, Err(ChatError::Library(error)) if matches!(*error, LibraryError::NoSpace)));
    assert!(matches!(after_that, Err(LibraryError::Broken)));
    assert!((1500..31_500).contains(&kept));
    assert!(kept > 1500 || home.json(id) == before);
    limit_pages(&home, 1_000_000);
    let again = home.import(&more);
    assert_eq!((again.present, again.added), (kept, 31_500 - kept));
}

#[test]
fn reads_go_on_from_other_threads_while_an_import_writes() {
    let home = Home::new();
    let id = home.import(&Chat::native("7").talk(0, 3000)).conversations[0];
    let more = Chat::native("7").talk(0, 12_000);
    let is_done = AtomicBool::new(false);

    let seen: Vec<u64> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3_u64)
            .map(|thread| {
                let (library, is_done) = (&home.library, &is_done);
                scope.spawn(move || {
                    let mut reads = 0;
                    while !is_done.load(Ordering::Relaxed) || reads == 0 {
                        let total = library.conversation(id).unwrap().messages;
                        let page =
                            library.messages(id, (thread * 997 + reads * 31) % (total - 50), 50).unwrap();
                        assert_eq!(page.len(), 50);
                        assert!(page.windows(2).all(|pair| pair[0].position + 1 == pair[1].position));
                        let request =
                            SearchRequest { text: "talk".into(), limit: 5, ..SearchRequest::default() };
                        assert_eq!(library.search(&request).unwrap().hits.len(), 5);
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        home.import(&more);
        is_done.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });

    assert!(seen.iter().all(|reads| *reads > 0));
    assert_eq!(home.only_chat().messages, 12_000);
}

/// A chat of busy minutes with many equal messages.
fn busy(length: usize, seed: u64) -> Vec<Message> {
    let mut state = seed;
    let mut minute = 0;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = state >> 33;
            minute += i64::from(random.is_multiple_of(3));
            let sender = ["Anna", "Ben", "Cora"][usize::try_from(random / 3 % 3).unwrap()];
            let text = ["ok", "yes", "see you there", "no idea"][usize::try_from(random / 9 % 4).unwrap()];
            message(minute, sender, text)
        })
        .collect()
}

/// An export of whole minutes, as those between two exports are.
fn window(all: &[Message], title: &str, from: i64, to: i64) -> Chat {
    let minute = |message: &Message| (message.time.as_ref().unwrap().utc_ms - MAY) / MINUTE;
    let inside = all.iter().filter(|message| (from..to).contains(&minute(message)));
    inside.fold(Chat::text(title), |chat, message| chat.put(message.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 12, ..ProptestConfig::default() })]

    #[test]
    fn exports_in_any_order_make_the_whole_chat(seed in any::<u64>(), cuts in prop::collection::vec((0_i64..140, 40_i64..160), 1..4)) {
        let all = busy(600, seed);
        let home = Home::new();
        let mut exports: Vec<Chat> =
            cuts.iter().map(|(from, length)| window(&all, "part", *from, from + length)).collect();
        exports.push(window(&all, "all", 0, 10_000));
        let counted: Vec<bool> = exports
            .iter()
            .map(|export| home.import(export))
            .map(|outcome| outcome.read == outcome.added + outcome.updated + outcome.present)
            .collect();
        let again: Vec<u64> = exports.iter().map(|export| home.import(export).added).collect();

        prop_assert!(counted.iter().all(|is_right| *is_right));
        prop_assert_eq!(again, vec![0; exports.len()]);
        let whole = Home::new();
        let id = whole.import(exports.last().unwrap()).conversations[0];
        let rows = home.library.conversations().unwrap();
        let biggest = rows.iter().max_by_key(|row| row.messages).unwrap();
        prop_assert_eq!(biggest.messages, u64::try_from(all.len()).unwrap());
        let sorted = |home: &Home, id| {
            let mut texts: Vec<(i64, String)> = home
                .library
                .messages(id, 0, 10_000)
                .unwrap()
                .into_iter()
                .map(|stored| (stored.message.time.unwrap().utc_ms, stored.message.text))
                .collect();
            texts.sort();
            texts
        };
        prop_assert_eq!(sorted(&home, biggest.conversation.id), sorted(&whole, id));
    }

    #[test]
    fn merging_both_ways_shows_the_same(seed in any::<u64>(), edits in prop::collection::vec((0_usize..80, 0_i64..5), 1..8)) {
        let (one, other) = (Home::new(), Home::new());
        let mut chat = busy(80, seed).into_iter().fold(Chat::native("7"), Chat::put);
        for (step, (at, now)) in edits.iter().enumerate() {
            chat.messages[*at].text = format!("edit {step}");
            let home = if step % 2 == 0 { &one } else { &other };
            home.import_with(&chat, ImportOptions { now: MAY + now * 10 + i64::try_from(step).unwrap(), ..ImportOptions::default() });
        }
        other.import_with(&chat.clone().say(9000, "Ben", "last"), ImportOptions { now: MAY + 100, ..ImportOptions::default() });
        let id = chat.conversation.id;
        let (from_one, from_other) = (one.log(id), other.log(id));
        one.library.merge(id, &mut from_other.into_iter(), &MergeOptions::default()).unwrap();
        other.library.merge(id, &mut from_one.into_iter(), &MergeOptions::default()).unwrap();
        let third = Home::new();
        third.library.merge(id, &mut one.log(id).into_iter(), &MergeOptions::default()).unwrap();

        prop_assert_eq!(one.texts(id), other.texts(id));
        prop_assert_eq!(third.json(id), one.json(id));
        prop_assert_eq!(third.log(id), one.log(id));
    }
}
