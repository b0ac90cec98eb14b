//! Copies for people: pages, tables. Whole, harmless, and replaced whole.

use crate::story::{Fixture, MARKER, Machine, World, picture, tree};
use coffer_engine::ExportFormat;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a stranger may send.
const HOSTILE: &str = "[31.10.26, 23:59:00] Anna </title><script>alert(1)</script>: =cmd|' /C calc'!A0, \"quoted\" <img src=x onerror=alert(1)>\r\n\
    [01.11.26, 00:01:00] Ben: after midnight\r\n\
    [01.12.26, 08:00:00] Ben: \u{200e}<attached: ..evil.html>\r\n";

fn export(machine: &Machine, title: &str, format: ExportFormat, folder: &Path) -> PathBuf {
    let chats = machine.engine.list_chats().unwrap();
    let chat = chats.iter().find(|chat| chat.title.contains(title)).unwrap();
    machine.engine.export_chats(Some(&chat.id), format, folder).unwrap().remove(0)
}

fn text_of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

fn hostile(world: &World) -> Machine {
    let folder = world.path("hostile/WhatsApp Chat - Anna");
    fs::write(folder.join("_chat.txt"), HOSTILE).unwrap();
    fs::write(folder.join("..evil.html"), "<script>alert(2)</script>").unwrap();
    let machine = world.machine("laptop", 1);
    machine.import(&folder);
    machine
}

#[test]
fn pages_hold_every_message_and_the_bytes_of_every_file() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    laptop.import(&Fixture::write_small(&world.path("files"), 700).whatsapp);

    let folder = export(&laptop, MARKER, ExportFormat::Html, &world.path("out"));
    let files = tree(&folder);
    let page = text_of(&files, "2026-11.html");

    let chat = &laptop.engine.list_chats().unwrap()[0];
    assert_eq!(page.matches("<article ").count(), usize::try_from(chat.messages).unwrap());
    assert!(page.contains("All of them.\nOn two lines.") && page.contains("note 699 about nothing much"));
    assert!(page.contains("00000010-PHOTO-2026-11-01-09-05-00.jpg, not in this copy"));
    let media: Vec<&Vec<u8>> =
        files.iter().filter(|(name, _)| name.starts_with("media/")).map(|(_, bytes)| bytes).collect();
    assert_eq!(media, [&picture(4, 6_000), &picture(5, 5_000)]);
    for name in files.keys().filter(|name| name.starts_with("media/")) {
        assert!(page.contains(&format!("src=\"{name}\"")), "{name} is on no page");
    }
    assert!(text_of(&files, "index.html").contains("<a href=\"2026-11.html\">2026-11</a>"));
}

#[test]
fn a_page_a_month_and_what_was_sent_is_never_markup() {
    let world = World::new();
    let laptop = hostile(&world);

    let files = tree(&export(&laptop, "Anna", ExportFormat::Html, &world.path("out")));

    let pages: Vec<&String> = files.keys().filter(|name| name.ends_with(".html")).collect();
    assert_eq!(pages, ["2026-10.html", "2026-11.html", "2026-12.html", "index.html"]);
    for name in pages {
        let page = text_of(&files, name);
        assert!(!page.contains("<script") && !page.contains("<img src=x"), "{page}");
    }
    assert!(text_of(&files, "2026-10.html").contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(text_of(&files, "2026-11.html").contains("href=\"2026-10.html\""));
    assert!(files.contains_key("media/000003-..evil.html.txt"), "{:?}", files.keys());
}

#[test]
fn an_export_made_again_is_the_same_and_leaves_nothing_of_the_old_one() {
    let world = World::new();
    let laptop = hostile(&world);
    let out = world.path("out");
    let folder = export(&laptop, "Anna", ExportFormat::Html, &out);
    let first = tree(&folder);
    fs::write(folder.join("1999-01.html"), "of an earlier time").unwrap();
    fs::create_dir(out.join(format!("{}.unfinished", folder.file_name().unwrap().to_string_lossy())))
        .unwrap();

    let again = export(&laptop, "Anna", ExportFormat::Html, &out);

    assert_eq!(again, folder);
    assert_eq!(tree(&out).len(), first.len());
    assert_eq!(tree(&folder), first);
}

#[test]
fn a_damaged_photo_is_named_on_its_page_and_costs_nothing_else() {
    let world = World::new();
    let laptop = world.machine("laptop", 1);
    laptop.import(&Fixture::write_small(&world.path("files"), 3).whatsapp);
    let home = &laptop.computer.ports.home;
    let sealed: Vec<String> = tree(home)
        .into_iter()
        .filter(|(name, bytes)| name.contains("media/") && (5_900..7_000).contains(&bytes.len()))
        .map(|(name, _)| name)
        .collect();
    let [sealed] = &sealed[..] else { panic!("{sealed:?}") };
    let mut bytes = fs::read(home.join(sealed)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(home.join(sealed), bytes).unwrap();

    let files = tree(&export(&laptop, MARKER, ExportFormat::Html, &world.path("out")));

    let page = text_of(&files, "2026-11.html");
    assert!(page.contains("00000004-PHOTO-2026-11-01-09-01-30.jpg, could not be read"), "{page}");
    assert_eq!(files.keys().filter(|name| name.starts_with("media/")).count(), 1);
    assert!(page.contains("note 2 about nothing much"));
}

#[test]
fn a_table_has_a_row_for_each_message_and_no_formula() {
    let world = World::new();
    let laptop = hostile(&world);

    let file = export(&laptop, "Anna", ExportFormat::Csv, &world.path("out"));

    let table = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = table.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("number,time,zone known,from,mine,kind,text,"));
    assert!(
        lines[1].contains("\"'=cmd|' /C calc'!A0, \"\"quoted\"\" <img src=x onerror=alert(1)>\""),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("2,2026-11-01 00:01"), "{}", lines[2]);
    assert!(lines[3].contains("..evil.html"));
}
