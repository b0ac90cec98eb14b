//! Reading: ranges, days, files, replies, search, exports, removal.

use super::*;
use crate::model::Reply;

#[test]
fn any_range_can_be_read() {
    let home = Home::new();
    let id = home.import(&Chat::native("7").talk(0, 5000)).conversations[0];

    let middle = home.library.messages(id, 3210, 3).unwrap();
    let past = home.library.messages(id, 4999, 10).unwrap();

    let texts: Vec<&str> = middle.iter().map(|stored| stored.message.text.as_str()).collect();
    assert_eq!(texts, ["line 3210 of the talk", "line 3211 of the talk", "line 3212 of the talk"]);
    assert_eq!((middle[0].position, past.len()), (3210, 1));
    assert_eq!(middle[0].sender_name.as_deref(), Some("Anna"));
}

#[test]
fn days_are_the_chats_own() {
    let home = Home::new();
    let late = Chat::native("7").say(0, "Anna", "one").say(1500, "Anna", "two").say(1501, "Ben", "three");

    let id = home.import(&late).conversations[0];

    let day = |day: &str, position, count| DayRow { day: day.into(), position, count };
    assert_eq!(home.library.days(id).unwrap(), [day("2024-05-01", 0, 1), day("2024-05-02", 1, 2)]);
}

#[test]
fn files_and_links_have_their_tabs() {
    let home = Home::new();
    let chat = Chat::native("7")
        .file(1, "a.jpg", b"\xff\xd8\xff\xe0 picture")
        .say(2, "Ben", "see https://example.org/x now")
        .file(3, "gone.jpg", b"")
        .with(|message| message.attachments[0].state = AttachmentState::Missing);

    let id = home.import(&chat).conversations[0];

    let photos = home.library.media(id, MediaTab::Photos, 0, 10).unwrap();
    assert_eq!(photos.iter().map(|row| row.position).collect::<Vec<_>>(), [2, 0]);
    assert_eq!(photos[1].attachment.mime.as_deref(), Some("image/jpeg"));
    let links = home.library.media(id, MediaTab::Links, 0, 10).unwrap();
    assert_eq!(links[0].attachment.name.as_deref(), Some("https://example.org/x"));
    let counts = home.library.counts().unwrap();
    assert_eq!((counts.media, counts.media_bytes, counts.media_missing), (1, 12, 1));
    assert_eq!(home.library.media(id, MediaTab::Voice, 0, 10).unwrap(), []);
}

#[test]
fn a_reply_leads_to_its_message() {
    let home = Home::new();
    let chat = Chat::native("7").say(1, "Anna", "the question");
    let question = chat.messages[0].id;
    let reply = Reply { message: Some(question), ..Reply::default() };
    let chat = chat.say(2, "Ben", "the answer").with(|message| message.reply_to = Some(reply));

    let id = home.import(&chat).conversations[0];

    let stored = home.library.messages(id, 1, 1).unwrap().remove(0);
    let target = ReplyTarget { position: Some(0), sender: Some("Anna".into()), text: "the question".into() };
    assert_eq!(stored.reply, Some(target));
    assert_eq!(home.library.position_of(id, question).unwrap(), Some(0));
}

fn library_of_words() -> Home {
    let home = Home::new();
    home.import(
        &Chat::native("7")
            .say(1, "Anna", "Crème brûlée tonight?")
            .say(2, "Ben", "我们去东京都吧")
            .say(3, "Anna", "creme again, and café")
            .say(4, "Ben", "happy new year")
            .say(5, "Anna", "a year that is new")
            .file(6, "holiday.jpg", b"picture"),
    );
    home.import(&Chat::text("Big Family").say(10, "Cora", "creme for the family 👍").say(
        11,
        "",
        "created the group",
    ));
    home
}

#[test]
fn search_finds_newest_first_and_forgives_accents() {
    let home = library_of_words();

    let found = home.find("creme");

    assert_eq!(found, ["creme for the family 👍", "creme again, and café", "Crème brûlée tonight?"]);
}

#[test]
fn the_last_word_may_be_a_beginning() {
    let home = library_of_words();

    assert_eq!(home.find("brul").len(), 1);
    assert_eq!(home.find("brul ").len(), 0);
}

#[test]
fn a_short_beginning_finds_the_same_on_every_page() {
    let home = Home::new();
    let chat = (0..4000).fold(Chat::native("7"), |chat, minute| {
        let word = if minute % 40 == 0 { "talon" } else { "other" };
        chat.say(minute, "Anna", &format!("{word} {minute}"))
    });
    home.import(&chat);
    let page = |text: &str, offset, limit| {
        let request = SearchRequest { text: text.into(), offset, limit, ..SearchRequest::default() };
        let found = home.library.search(&request).unwrap();
        (found.hits.into_iter().map(|hit| hit.position).collect::<Vec<_>>(), found.has_more)
    };

    let newest = page("ta", 0, 10);
    let later = page("ta", 70, 10);
    let all = page("ta", 0, 200);

    assert_eq!(newest, ((0..10).map(|n| 3960 - n * 40).collect(), true));
    assert_eq!(later, ((70..80).map(|n| 3960 - n * 40).collect(), true));
    assert_eq!(all, page("talon ", 0, 200));
    assert_eq!((all.0.len(), all.1), (100, false));
}

#[test]
fn words_of_scripts_without_spaces_are_found_inside() {
    let home = library_of_words();

    assert_eq!(home.find("东京").len(), 1);
    assert_eq!(home.find("吧").len(), 1);
    assert_eq!(home.find("去京都").len(), 0);
}

#[test]
fn a_phrase_keeps_its_order() {
    let home = library_of_words();

    assert_eq!(home.find("\"new year\""), ["happy new year"]);
    assert_eq!(home.find("new year").len(), 2);
}

#[test]
fn filters_narrow_the_search() {
    let home = library_of_words();

    assert_eq!(home.find("from:anna creme").len(), 2);
    assert_eq!(home.find("from:me").len(), 3 - 1);
    assert_eq!(home.find("in:family creme ").len(), 1);
    assert_eq!(home.find("app:telegram creme ").len(), 2);
    assert_eq!(home.find("has:photo").len(), 1);
    assert_eq!(home.find("before:2024-05-01").len(), 0);
    assert_eq!(home.find("after:2024-05-01 before:2024-05-02 creme ").len(), 3);
    assert_eq!(home.find("from:nobody creme").len(), 0);
}

#[test]
fn pages_of_a_search_follow_one_another() {
    let home = library_of_words();
    let page = |offset| SearchRequest { text: "creme".into(), limit: 2, offset, ..SearchRequest::default() };

    let first = home.library.search(&page(0)).unwrap();
    let second = home.library.search(&page(2)).unwrap();

    assert_eq!((first.hits.len(), first.has_more), (2, true));
    assert_eq!((second.hits.len(), second.has_more), (1, false));
    assert_eq!(first.hits[0].title, "Big Family");
    assert_eq!(first.hits[0].marks, [(0, 5)]);
}

#[test]
fn what_was_typed_never_breaks_the_query() {
    let home = library_of_words();

    let found: usize =
        ["\"", "a\"b", "NOT AND OR", "*", "NEAR(a b)", "from:", "\u{e000}c1", "-x", "(((", "has:x"]
            .map(|text| home.find(text).len())
            .iter()
            .sum();

    assert!(found < 10);
}

#[test]
fn a_removed_chat_is_gone_from_everywhere() {
    let home = library_of_words();
    let id = home.library.conversations().unwrap()[1].conversation.id;

    home.library.remove_conversation(id).unwrap();

    assert!(matches!(home.library.messages(id, 0, 1), Err(LibraryError::NoSuchConversation(_))));
    assert_eq!(home.find("creme").len(), 1);
    assert_eq!((home.library.counts().unwrap().media, home.library.blobs().unwrap().len()), (0, 0));
}

#[test]
fn text_exports_read_like_a_chat() {
    let home = Home::new();
    let id =
        home.import(&Chat::text("Anna").say(1, "Anna", "two\nlines").file(2, "a.jpg", b"x")).conversations[0];
    let mut out = Vec::new();

    home.library.export_text(id, &mut out).unwrap();

    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "Anna\n[2024-05-01 00:01] Anna: two\n    lines\n[2024-05-01 00:02] Anna: a.jpg <a.jpg, present>\n"
    );
}
