//! Backups of text messages: what may be wrong with them.

use super::*;
use coffer_chats::source::SkipReason;

fn backup(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("sms-1.xml");
    fs::write(&path, text).unwrap();
    path
}

const ONE: &str = r#"<sms address="+4670000001" date="1600000000000" type="1" body="hi"/>"#;

#[test]
fn a_backup_that_is_cut_off_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = backup(
        folder.path(),
        &format!("<smses>{ONE}{ONE}<mms date='1'><parts><part ct='image/png' data='Zm9v"),
    );

    let (report, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!((report.read, report.skipped[&SkipReason::CutOff].count), (2, 1));
    assert!(report.damage.unwrap().is_cut_off);
    keeps_laws(&path, &report, &all);
}

#[test]
fn entities_are_not_expanded() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = r#"<!DOCTYPE smses [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>"#;
    let message = ONE.replace("hi", "&b; &#x10ffff; &#xffffffffff;");
    let path = backup(folder.path(), &format!("{bomb}<smses>{message}</smses>"));

    let (_, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!(all.chats[0].1[0].text, "&b; \u{10ffff} &#xffffffffff;");
}

#[test]
fn a_text_longer_than_any_is_cut_and_memory_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = backup(folder.path(), &format!("<smses>{}</smses>", ONE.replace("hi", &"x".repeat(9 << 20))));

    let (_, all) = read_all(&path, &ReadOptions::default()).unwrap();

    assert_eq!(all.chats[0].1[0].text.len(), 4 << 20);
}

#[test]
fn nesting_and_endless_attributes_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    for inside in [
        "<a>".repeat(100_000),
        format!("<mms {}/>", "a='1' ".repeat(100_000)),
        "</b>".to_owned(),
        "<x".to_owned(),
    ] {
        let path = backup(folder.path(), &format!("<smses>{ONE}<mms date='1'>{inside}"));

        let (report, _) = read_all(&path, &ReadOptions::default()).unwrap();

        assert_eq!(report.read, 1);
        assert!(report.damage.is_some());
    }
}

#[test]
fn a_chosen_chat_is_the_one_the_preview_showed_there() {
    let folder = tempfile::tempdir().unwrap();
    let other = ONE.replace("0001", "0002").replace("hi", "ho");
    let path = backup(folder.path(), &format!("<smses>{ONE}{other}</smses>"));
    let seen = preview(&path, &ReadOptions::default(), &mut |_, _| {}, &Cancel::default()).unwrap();
    let second = seen.chats.iter().find(|chat| chat.title == "+4670000002").unwrap();

    let options = ReadOptions { chats: Some(vec![second.index]), ..ReadOptions::default() };
    let (_, all) = read_all(&path, &options).unwrap();

    assert_eq!(all.chats.len(), 1);
    assert_eq!(all.chats[0].1[0].text, "ho");
    assert!(!seen.asks_me);
}

#[test]
fn other_xml_is_not_a_backup() {
    let folder = tempfile::tempdir().unwrap();

    for text in ["<?xml version='1.0'?><svg><sms /></svg>", "<html>", "< smses>"] {
        assert!(recognise(&backup(folder.path(), text)).unwrap().is_none(), "{text}");
    }
}
