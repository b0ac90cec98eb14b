use super::*;

fn body(text: &str) -> Body {
    let mut has_file = |_: &str| false;
    let mut context = Context { author: Some("Ann"), has_marks: false, tags: &[], has_file: &mut has_file };
    read_body(text.to_owned(), &mut context)
}

fn marked(text: &str) -> Body {
    let mut has_file = |_: &str| false;
    let tags = ["imagem sumida".as_bytes().to_vec()];
    let mut context = Context { author: Some("Ann"), has_marks: true, tags: &tags, has_file: &mut has_file };
    read_body(text.to_owned(), &mut context)
}

fn only(body: &Body) -> (&str, AttachmentKind, AttachmentState) {
    let [file] = body.attachments.as_slice() else { panic!("{body:?}") };
    (file.name.as_deref().unwrap_or(""), file.kind, file.state)
}

#[test]
fn android_files_have_a_caption_on_the_next_line() {
    let body = body("IMG-20210312-WA0001.jpg (Datei angehängt)\nlook\nhere");

    assert_eq!(only(&body), ("IMG-20210312-WA0001.jpg", AttachmentKind::Photo, AttachmentState::Present));
    assert_eq!(body.text, "look\nhere");
}

#[test]
fn the_apps_file_names_are_known_in_any_language() {
    let body = body("\u{200e}PTT-20210312-WA0001.opus (blah blah)");

    assert_eq!(body.kind, MessageKind::Voice);
    assert_eq!(only(&body).0, "PTT-20210312-WA0001.opus");
}

#[test]
fn a_persons_parenthesis_is_text() {
    assert_eq!(body("see report.pdf (old one)").kind, MessageKind::Text);
}

#[test]
fn ios_tags_may_follow_a_title_or_a_caption() {
    let document = marked("\u{200e}Plan.pdf • \u{200e}2 pages \u{200e}<attached: 00000042-Plan.pdf>");
    let photo = marked("what a day\n\u{200e}<Anhang: 00000043-PHOTO-2021-06-29-15-20-53.jpg>");

    assert_eq!(only(&document).0, "00000042-Plan.pdf");
    assert_eq!(document.text, "");
    assert_eq!(only(&photo).1, AttachmentKind::Photo);
    assert_eq!(photo.text, "what a day");
}

#[test]
fn omitted_media_are_named_by_kind() {
    assert_eq!(
        only(&marked("\u{200e}imagen omitida")),
        ("", AttachmentKind::Photo, AttachmentState::Omitted)
    );
    assert_eq!(only(&marked("\u{200e}Plan.pdf • \u{200e}3 pages \u{200e}document omitted")).0, "Plan.pdf");
    assert_eq!(only(&body("<Medien ausgeschlossen>\nAdder.mod")).2, AttachmentState::Omitted);
    assert_eq!(body("<Medien ausgeschlossen>\nAdder.mod").text, "Adder.mod");
}

#[test]
fn without_the_mark_a_person_wrote_it() {
    assert_eq!(marked("image omitted").kind, MessageKind::Text);
    assert_eq!(marked("Missed voice call").kind, MessageKind::Text);
}

#[test]
fn marked_sentences_are_the_apps() {
    let notice = marked("\u{200e}Messages and calls are end-to-end encrypted.");
    let unknown = marked("\u{200e}imagem sumida");

    assert!(matches!(notice.kind, MessageKind::System(event) if event.event == "encryption"));
    assert_eq!(only(&unknown).2, AttachmentState::Omitted);
}

#[test]
fn edited_and_deleted_are_marked() {
    let edited = body("see you at 5 \u{200e}<This message was edited>");
    let unknown = body("até já \u{200e}<Alterado pelo autor>");

    assert_eq!((edited.text.as_str(), edited.edits.len()), ("see you at 5", 1));
    assert_eq!((unknown.text.as_str(), unknown.edits.len()), ("até já", 1));
    assert_eq!(body("I like <b>bold</b>").edits.len(), 0);
    assert_eq!(body("This message was deleted").deleted, Some(Deletion::BySender));
    assert_eq!(marked("\u{200e}You deleted this message.").deleted, Some(Deletion::ByMe));
}

#[test]
fn polls_have_options_with_votes() {
    let body = marked(
        "\u{200e}ENCUESTA:\n¿Cuándo?\n\u{200e}OPCIÓN: Viernes (\u{200e}2 votos)\n\u{200e}OPCIÓN: Lunes (0 votos)",
    );

    let MessageKind::Poll(poll) = body.kind else { panic!("{body:?}") };
    assert_eq!(poll.question, "¿Cuándo?");
    assert_eq!((poll.options[0].text.as_str(), poll.options[0].votes), ("Viernes", Some(2)));
    assert_eq!(poll.options.len(), 2);
}

#[test]
fn places_need_a_label() {
    let MessageKind::Location(place) = body("Standort: https://maps.google.com/?q=52.5163,13.3777").kind
    else {
        panic!()
    };

    assert_eq!((place.latitude, place.longitude, place.name), (Some(52.5163), Some(13.3777), None));
    assert_eq!(body("https://maps.google.com/?q=52.5163,13.3777").kind, MessageKind::Text);
    assert_eq!(body("Location: https://maps.google.com/?q=152.5,13.3").kind, MessageKind::Text);
}

#[test]
fn calls_are_calls() {
    assert!(matches!(marked("\u{200e}Missed voice call").kind, MessageKind::Call(call) if call.is_missed));
    assert!(
        matches!(marked("\u{200e}Video call, \u{200e}5 min").kind, MessageKind::Call(call) if call.duration == Some(300))
    );
}

#[test]
fn mentions_count_utf16_units() {
    let body = body("👋 @\u{2068}Bo\u{2069} hi");

    assert_eq!((body.entities[0].start, body.entities[0].length), (3, 5));
    assert_eq!(body.entities[0].value.as_deref(), Some("Bo"));
}

#[test]
fn contact_cards_have_a_name() {
    let body = body("Zoë Müller.vcf (file attached)");

    assert!(matches!(body.kind, MessageKind::Contact(card) if card.name.as_deref() == Some("Zoë Müller")));
}
