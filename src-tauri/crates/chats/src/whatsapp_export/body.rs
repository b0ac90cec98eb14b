//! What an entry is, from its text: media, calls, polls, places, deleted and edited messages.

use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Call, ContactCard, Deletion, Edit, Entity, Fact, Location,
    MessageKind, Poll, PollOption, SystemEvent,
};
use crate::record::Extra;

use super::words::{self, plain};

/// What a body turned out to be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Body {
    pub(super) kind: MessageKind,
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) edits: Vec<Edit>,
    pub(super) deleted: Option<Deletion>,
}

/// What is known about the entry and its file.
pub(super) struct Context<'a> {
    /// Somebody is named as its author.
    pub(super) author: Option<&'a str>,
    /// The app marks what it writes itself, in this file.
    pub(super) has_marks: bool,
    /// Tags the app uses in this file.
    pub(super) tags: &'a [Vec<u8>],
    /// A file of this name is in the source.
    pub(super) has_file: &'a mut dyn FnMut(&str) -> bool,
}

/// Reads a body: everything after the author, lines joined by `\n`.
pub(super) fn read_body(body: String, context: &mut Context<'_>) -> Body {
    let text = body.trim_start_matches(['\u{200e}', '\u{200f}', '\u{feff}']);
    let is_marked = text.len() < body.len();
    // Nearly every body is a plain text: it is taken as it is.
    let mut made = if !is_marked && context.author.is_some() && words::is_plain_text(&body) {
        Body { text: body, ..Body::default() }
    } else {
        let (text, is_edited) = without_edited(text);
        let mut made = classify(text, is_marked, context);
        if is_edited {
            made.edits.push(Edit::default());
        }
        made
    };
    if context.author.is_some() && memchr::memchr(0xe2, made.text.as_bytes()).is_some() {
        made.entities = mentions(&made.text);
    }
    made
}

fn classify(text: &str, is_marked: bool, context: &mut Context<'_>) -> Body {
    if context.author.is_none() {
        return system(text);
    }
    if let Some(body) = attached_tag(text, context).or_else(|| attached_file(text, context)) {
        return body;
    }
    let first = text.lines().next().unwrap_or_default();
    // Only the app's own lines are short; long texts are people's.
    if first.len() <= 300 {
        let by_app = is_marked || !context.has_marks;
        if let Some(body) = own_line(text, first, by_app, context.tags) {
            return body;
        }
    }
    if let Some(poll) = poll(text) {
        return Body { kind: MessageKind::Poll(poll), ..Body::default() };
    }
    if is_marked && context.has_marks {
        marked(text, context)
    } else {
        Body { text: text.to_owned(), ..Body::default() }
    }
}

/// An entry nobody wrote.
fn system(text: &str) -> Body {
    let line = plain(text);
    if let Some(call) = call(&line) {
        return Body { kind: call, text: unmarked(text), ..Body::default() };
    }
    let event = if words::is_encryption(&line) { "encryption".to_owned() } else { String::new() };
    let event = SystemEvent { event, args: Vec::<Fact>::new(), extra: Extra::default() };
    Body { kind: MessageKind::System(event), text: text.to_owned(), ..Body::default() }
}

/// A marked body no rule knows: a sentence of the app. Short words that come often and do not end a sentence
/// stand for media in a language we do not know.
fn marked(text: &str, context: &Context<'_>) -> Body {
    let is_often = context.tags.iter().any(|tag| tag.as_slice() == text.trim().as_bytes());
    let words = text.split_whitespace().count();
    let ends = text.ends_with(['.', '。', '।']);
    if is_often && words <= 4 && !ends && !text.contains(|sign: char| sign.is_ascii_digit()) {
        return omitted(AttachmentKind::File, "");
    }
    system(text)
}

/// Lines the app writes in place of something.
fn own_line(text: &str, first: &str, by_app: bool, tags: &[Vec<u8>]) -> Option<Body> {
    let line = plain(first);
    if line.starts_with('<') && line.ends_with('>') {
        let is_tag =
            words::is_omitted_tag(&line) || tags.iter().any(|tag| tag.as_slice() == first.trim().as_bytes());
        if is_tag {
            let caption = text.get(first.len()..).unwrap_or_default().trim_start_matches(['\r', '\n']);
            return Some(omitted(AttachmentKind::File, caption));
        }
    }
    let is_single = text.trim_end().len() == first.trim_end().len();
    if is_single {
        if by_app && let Some((kind, length)) = words::omitted_end(&line) {
            return omitted_named(first, &line, kind, length);
        }
        if let Some(deleted) = words::deletion(&line) {
            return Some(Body { deleted: Some(deleted), text: first.to_owned(), ..Body::default() });
        }
        if by_app && let Some(call) = call(&line) {
            return Some(Body { kind: call, text: unmarked(text), ..Body::default() });
        }
        if by_app && words::is_waiting(&line) {
            let kind = MessageKind::Unsupported("waiting".to_owned());
            return Some(Body { kind, text: text.to_owned(), ..Body::default() });
        }
    }
    location(first).map(|kind| {
        let rest = text.get(first.len()..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        Body { kind, text: rest.to_owned(), ..Body::default() }
    })
}

/// Without the marks the app puts between its words.
fn unmarked(text: &str) -> String {
    text.trim_end().replace(['\u{200e}', '\u{200f}'], "")
}

fn call(line: &str) -> Option<MessageKind> {
    let (is_missed, is_video, is_group, duration) = words::call(line)?;
    Some(MessageKind::Call(Call { is_video, is_missed, duration, is_group, ..Call::default() }))
}

/// `image omitted`, or `Report.pdf • 3 pages document omitted`.
fn omitted_named(first: &str, line: &str, kind: AttachmentKind, length: usize) -> Option<Body> {
    let before = line.get(..line.len() - length)?.trim();
    if before.is_empty() {
        return Some(omitted(kind, ""));
    }
    // Anything else before it is a person's sentence, such as "the best image omitted".
    if kind != AttachmentKind::File || !before.contains(['•', '.']) {
        return None;
    }
    let name = first.split('•').next()?.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{200e}');
    let mut body = omitted(kind, "");
    if let Some(attachment) = body.attachments.first_mut() {
        attachment.name = Some(name.to_owned());
        attachment.mime = mime_of(name);
    }
    Some(body)
}

fn omitted(kind: AttachmentKind, caption: &str) -> Body {
    let attachment = Attachment { kind, state: AttachmentState::Omitted, ..Attachment::default() };
    Body {
        kind: kind_of(kind, None),
        text: caption.to_owned(),
        attachments: vec![attachment],
        ..Body::default()
    }
}

/// `<attached: FILE>` anywhere in the body; the rest is the caption.
fn attached_tag(text: &str, context: &mut Context<'_>) -> Option<Body> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('<').map(|at| at + from) {
        let close = text.get(open..)?.find('>').map(|at| at + open)?;
        let inside = text.get(open + 1..close)?;
        if let Some(name) = tagged_name(inside, context) {
            let before = text.get(..open)?.trim_end_matches(['\u{200e}', '\u{200f}', ' ']);
            let after = text.get(close + 1..)?.trim_start_matches(['\r', '\n', ' ']);
            let before = if is_file_line(before, &name) { "" } else { before };
            let caption = match (before.is_empty(), after.is_empty()) {
                (false, false) => format!("{before}\n{after}"),
                _ => format!("{before}{after}"),
            };
            return Some(present(name, caption.trim_end_matches(['\r', '\n']).to_owned()));
        }
        from = open + 1;
    }
    None
}

/// The file of `attached: FILE`, when the word is known, the name is WhatsApp's or the file is there.
fn tagged_name(inside: &str, context: &mut Context<'_>) -> Option<String> {
    if inside.contains('\n') {
        return None;
    }
    let (word, name) = inside.split_once(':')?;
    let name = name.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{200e}');
    if !has_extension(name) {
        return None;
    }
    let is_ours =
        words::is_attached_tag(&plain(word)) || ios_kind(name).is_some() || (context.has_file)(name);
    is_ours.then(|| name.to_owned())
}

/// `Report.pdf • 3 pages`, which iOS writes before the tag of a document.
fn is_file_line(before: &str, name: &str) -> bool {
    let title = before.split('•').next().unwrap_or_default();
    let title = title.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{200e}');
    !title.is_empty() && !before.contains('\n') && (name.ends_with(title) || before.contains('•'))
}

/// `FILE (file attached)`; the lines after it are the caption.
fn attached_file(text: &str, context: &mut Context<'_>) -> Option<Body> {
    let first = text.lines().next()?.trim_end();
    let first_plain = first.trim_end_matches(['\u{200e}', '\u{200f}']);
    if !first_plain.ends_with(')') || first.len() > 400 {
        return None;
    }
    let open = first_plain.rfind(" (")?;
    let name = first_plain.get(..open)?.trim_matches(['\u{200e}', '\u{200f}', ' ']);
    let phrase = first_plain.get(open + 2..first_plain.len() - 1)?;
    if !has_extension(name) {
        return None;
    }
    let is_ours =
        words::is_attached(&plain(phrase)) || android_kind(name).is_some() || (context.has_file)(name);
    if !is_ours {
        return None;
    }
    let caption = text.split_once('\n').map_or("", |(_, caption)| caption);
    Some(present(name.to_owned(), caption.to_owned()))
}

fn present(name: String, caption: String) -> Body {
    let kind = file_kind(&name);
    let attachment = Attachment {
        kind,
        mime: mime_of(&name),
        path: Some(name.clone()),
        name: Some(name.clone()),
        ..Attachment::default()
    };
    Body { kind: kind_of(kind, Some(&name)), text: caption, attachments: vec![attachment], ..Body::default() }
}

fn kind_of(kind: AttachmentKind, name: Option<&str>) -> MessageKind {
    match kind {
        AttachmentKind::Voice => MessageKind::Voice,
        AttachmentKind::Sticker => MessageKind::Sticker,
        AttachmentKind::Contact => {
            let card =
                name.and_then(|name| name.strip_suffix(".vcf")).map(|name| without_number(name).to_owned());
            MessageKind::Contact(ContactCard { name: card, ..ContactCard::default() })
        }
        AttachmentKind::File
        | AttachmentKind::Photo
        | AttachmentKind::Video
        | AttachmentKind::VideoMessage
        | AttachmentKind::Audio
        | AttachmentKind::Gif => MessageKind::Media,
    }
}

/// iOS numbers files: `00000042-Ann.vcf`.
fn without_number(name: &str) -> &str {
    match name.split_once('-') {
        Some((number, rest)) if number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    }
}

fn has_extension(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    !stem.is_empty()
        && (1..=8).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `00000012-PHOTO-2021-06-29-15-20-53.jpg`
fn ios_kind(name: &str) -> Option<AttachmentKind> {
    let rest = without_number(name);
    if rest.len() == name.len() {
        return None;
    }
    match rest.split('-').next()? {
        "PHOTO" => Some(AttachmentKind::Photo),
        "VIDEO" => Some(AttachmentKind::Video),
        "AUDIO" if name.ends_with(".opus") => Some(AttachmentKind::Voice),
        "AUDIO" => Some(AttachmentKind::Audio),
        "STICKER" => Some(AttachmentKind::Sticker),
        "GIF" => Some(AttachmentKind::Gif),
        _ => None,
    }
}

/// `IMG-20210629-WA0001.jpg`
fn android_kind(name: &str) -> Option<AttachmentKind> {
    let mut parts = name.split('-');
    let (kind, date, number) = (parts.next()?, parts.next()?, parts.next()?);
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) || !number.starts_with("WA") {
        return None;
    }
    match kind {
        "IMG" => Some(AttachmentKind::Photo),
        "VID" => Some(AttachmentKind::Video),
        "PTT" => Some(AttachmentKind::Voice),
        "AUD" => Some(AttachmentKind::Audio),
        "STK" => Some(AttachmentKind::Sticker),
        "GIF" => Some(AttachmentKind::Gif),
        "PTV" => Some(AttachmentKind::VideoMessage),
        "DOC" => Some(AttachmentKind::File),
        _ => None,
    }
}

fn file_kind(name: &str) -> AttachmentKind {
    if let Some(kind) = ios_kind(name).or_else(|| android_kind(name)) {
        return kind;
    }
    match extension(name).as_str() {
        "jpg" | "jpeg" | "png" | "heic" | "webp" => AttachmentKind::Photo,
        "mp4" | "mov" | "3gp" | "mkv" | "avi" | "webm" => AttachmentKind::Video,
        "gif" => AttachmentKind::Gif,
        "opus" => AttachmentKind::Voice,
        "mp3" | "m4a" | "aac" | "ogg" | "wav" | "amr" => AttachmentKind::Audio,
        "vcf" => AttachmentKind::Contact,
        _ => AttachmentKind::File,
    }
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// MIME type by the file's extension.
pub(super) fn mime_of(name: &str) -> Option<String> {
    let mime = match extension(name).as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "3gp" => "video/3gpp",
        "mkv" => "video/x-matroska",
        "avi" => "video/x-msvideo",
        "webm" => "video/webm",
        "opus" | "ogg" => "audio/ogg",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "aac" => "audio/aac",
        "wav" => "audio/wav",
        "amr" => "audio/amr",
        "pdf" => "application/pdf",
        "vcf" => "text/vcard",
        "txt" => "text/plain",
        "zip" => "application/zip",
        _ => return None,
    };
    Some(mime.to_owned())
}

/// The text without the tag that says it was edited.
fn without_edited(text: &str) -> (&str, bool) {
    let trimmed = text.trim_end_matches(['\r', '\n', ' ', '\u{200e}']);
    if !trimmed.ends_with('>') {
        return (text, false);
    }
    let Some(open) = trimmed.rfind('<') else { return (text, false) };
    let (before, tag) = trimmed.split_at(open);
    // In a language we do not know, the mark before the tag tells; but a file's name has it too.
    let is_marked = before.ends_with('\u{200e}') && !before.trim_matches(['\u{200e}', ' ']).is_empty();
    if words::is_edited_tag(&plain(tag)) || (is_marked && !tag.contains(':')) {
        return (before.trim_end_matches(['\u{200e}', ' ']), true);
    }
    (text, false)
}

/// `Location: https://maps.google.com/?q=52.5,13.4`, or a place with its name before the link.
fn location(first: &str) -> Option<MessageKind> {
    let at = first.find("https://")?;
    let url = first.get(at..)?.trim_end();
    let before = first.get(..at)?.trim_matches(['\u{200e}', '\u{200f}', ' ']);
    let label =
        before.strip_suffix(':').map(|label| label.trim_end_matches(['\u{200e}', '\u{200f}', ' ']))?;
    if url.contains(char::is_whitespace) {
        return None;
    }
    let (latitude, longitude) = match url.split_once("maps.google.com/?q=") {
        Some((_, place)) => {
            let (latitude, longitude) = place.split_once(',')?;
            (degrees(latitude, 90.0)?, degrees(longitude, 180.0)?)
        }
        None if url.starts_with("https://foursquare.com/v/") => {
            return Some(MessageKind::Location(Location {
                name: Some(label.to_owned()),
                url: Some(url.to_owned()),
                ..Location::default()
            }));
        }
        None => return None,
    };
    // "Location:" is a word of the app, anything with a blank is the name of the place.
    let name = label.contains([' ', ',']).then(|| label.to_owned());
    let (latitude, longitude) = (Some(latitude), Some(longitude));
    Some(MessageKind::Location(Location {
        latitude,
        longitude,
        name,
        url: Some(url.to_owned()),
        ..Location::default()
    }))
}

fn degrees(text: &str, most: f64) -> Option<f64> {
    let degrees: f64 = text.parse().ok()?;
    (degrees.is_finite() && degrees.abs() <= most).then_some(degrees)
}

/// A word in capitals and a colon, the question, and options that all begin with one other word and end with votes.
fn poll(text: &str) -> Option<Poll> {
    let mut lines = text.lines().map(|line| line.trim_matches(['\u{200e}', '\u{200f}', ' ', '\r']));
    let title = lines.next()?;
    let word = title.strip_suffix(':')?.trim_end();
    if word.is_empty() || word.len() > 40 || word.contains(' ') || word.chars().any(char::is_lowercase) {
        return None;
    }
    let mut poll = Poll::default();
    let mut option_word: Option<&str> = None;
    for line in lines {
        match option(line, option_word) {
            Some((word, option)) => {
                option_word = Some(word);
                poll.options.push(option);
            }
            None if option_word.is_none() => {
                if !poll.question.is_empty() {
                    poll.question.push('\n');
                }
                poll.question.push_str(line);
            }
            // An option of several lines.
            None => return None,
        }
    }
    (!poll.question.is_empty() && !poll.options.is_empty()).then_some(poll)
}

/// `OPTION: Friday (3 votes)`
fn option<'a>(line: &'a str, expected: Option<&str>) -> Option<(&'a str, PollOption)> {
    let (word, rest) = line.split_once(':')?;
    let word = word.trim_end();
    let is_word = !word.is_empty() && !word.contains(' ') && !word.chars().any(char::is_lowercase);
    if !is_word || expected.is_some_and(|expected| expected != word) {
        return None;
    }
    let rest = rest.trim().trim_end_matches(['\u{200e}', ')']);
    let (text, votes) = rest.rsplit_once('(')?;
    let digits: String = votes.chars().filter(char::is_ascii_digit).collect();
    let votes = digits.parse().ok()?;
    let text = text.trim_matches(['\u{200e}', ' ']).to_owned();
    Some((word, PollOption { text, votes: Some(votes), ..PollOption::default() }))
}

/// `@` and a name between U+2068 and U+2069: WhatsApp isolates the names it puts in place of numbers.
fn mentions(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("@\u{2068}")).map(|at| at + from) {
        let Some(close) = text.get(at..).and_then(|rest| rest.find('\u{2069}')).map(|end| end + at) else {
            break;
        };
        let name = text.get(at + 4..close).unwrap_or_default();
        let whole = text.get(at..close + 3).unwrap_or_default();
        let start = utf16_length(text.get(..at).unwrap_or_default());
        found.push(Entity {
            start,
            length: utf16_length(whole),
            kind: "mention".to_owned(),
            value: Some(name.to_owned()),
            ..Entity::default()
        });
        from = close + 3;
    }
    found
}

fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
