//! What a message is: files, places, cards, calls.

use super::calls::Logged;
use super::chat::Current;
use super::entry::Entry;
use super::message::code;
use crate::model::{
    Attachment, AttachmentKind, AttachmentState, Call, ContactCard, Location, Message, MessageKind,
};
use crate::protobuf::Fields;
use crate::tables::Row;
use crate::vcard;

/// Between the cards, and between the names, of contacts that were sent together.
const BETWEEN_CARDS: &str = "_$!<VCard-Separator>!$_";
const BETWEEN_NAMES: &str = "_$!<Name-Separator>!$_";
/// `ZMEDIAORIGIN` of sound that was recorded in the app.
const RECORDED: i64 = 1;

/// Sets the kind and what only that kind has.
pub(super) fn fill(message: &mut Message, entry: &Entry, code: i64, metadata: &Fields<'_>) {
    let media = entry.media();
    message.kind = match code {
        code::LOCATION => MessageKind::Location(location(media)),
        code::CONTACT => MessageKind::Contact(contact(media)),
        code::WAITING => MessageKind::Unsupported("waiting".to_owned()),
        code::PRODUCT => MessageKind::Unsupported("product".to_owned()),
        code::GROUP_INVITE => {
            let name = metadata.inside(28).and_then(|invite| invite.text(4));
            add_text(message, name);
            MessageKind::Unsupported("group_invite".to_owned())
        }
        code if code::TEMPLATES.contains(&code) => {
            add_text(message, template(metadata));
            if message.text.is_empty() {
                MessageKind::Unsupported("template".to_owned())
            } else {
                MessageKind::Text
            }
        }
        code => {
            message.attachments =
                media.and_then(|media| attachment(media, code, message.is_view_once)).into_iter().collect();
            if code != code::DOCUMENT {
                add_text(message, media.filter(|_| is_media(code)).and_then(|media| media.text("ztitle")));
            }
            kind_of_media(code, &message.attachments)
        }
    };
    if code::TEMPLATES.contains(&code) {
        message.attachments = media.and_then(|media| attachment(media, code, false)).into_iter().collect();
    }
}

fn add_text(message: &mut Message, text: Option<String>) {
    if message.text.is_empty() {
        message.text = text.unwrap_or_default();
    }
}

fn kind_of_media(code: i64, attachments: &[Attachment]) -> MessageKind {
    let is_text = matches!(code, code::TEXT | code::LINK) || code::TEMPLATE_ANSWERS.contains(&code);
    match attachments.first().map(|attachment| attachment.kind) {
        None if is_text => MessageKind::Text,
        None => MessageKind::Unsupported(format!("type_{code}")),
        Some(AttachmentKind::Sticker) => MessageKind::Sticker,
        Some(AttachmentKind::Voice) => MessageKind::Voice,
        Some(
            AttachmentKind::File
            | AttachmentKind::Photo
            | AttachmentKind::Video
            | AttachmentKind::VideoMessage
            | AttachmentKind::Audio
            | AttachmentKind::Gif
            | AttachmentKind::Contact,
        ) => MessageKind::Media,
    }
}

fn is_media(code: i64) -> bool {
    matches!(
        code,
        code::IMAGE
            | code::VIDEO
            | code::AUDIO
            | code::DOCUMENT
            | code::GIF
            | code::STICKER
            | code::ONCE_IMAGE
            | code::ONCE_VIDEO
            | code::ONCE_AUDIO
            | code::VIDEO_NOTE
    )
}

/// The columns named after cards hold the type of content and a hash, except where the message is a card.
fn attachment(media: &Row, code: i64, is_view_once: bool) -> Option<Attachment> {
    let mime =
        media.text("zvcardstring").filter(|text| text.contains('/') && !text.contains(char::is_whitespace));
    let path = media.text("zmedialocalpath");
    // A text's own row of media is for what it quotes or links to; with a type and a path it is a file all the same.
    if !is_media(code) && (mime.is_none() || path.is_none()) {
        return None;
    }
    let last = path.as_ref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let title = media.text("ztitle").filter(|_| code == code::DOCUMENT);
    let kind = kind_of(code, mime.as_deref(), media.int("zmediaorigin"), path.as_deref());
    let state = match (&path, is_view_once) {
        // The reader of the files decides between here and missing.
        (Some(_), _) => AttachmentState::Present,
        (None, true) => AttachmentState::Omitted,
        (None, false) if media.text("zmediaurl").is_some() => AttachmentState::RemoteOnly,
        (None, false) => AttachmentState::Missing,
    };
    // Of a document the same column counts pages.
    let lasts = matches!(
        kind,
        AttachmentKind::Video
            | AttachmentKind::VideoMessage
            | AttachmentKind::Voice
            | AttachmentKind::Audio
            | AttachmentKind::Gif
    );
    Some(Attachment {
        kind,
        name: title.or(last),
        state,
        mime,
        size: media.positive("zfilesize"),
        duration: media
            .positive("zmovieduration")
            .filter(|_| lasts)
            .and_then(|seconds| seconds.checked_mul(1000)),
        path,
        ..Attachment::default()
    })
}

/// The type of content goes before the number of the kind, except where the number says more.
fn kind_of(code: i64, mime: Option<&str>, origin: Option<i64>, path: Option<&str>) -> AttachmentKind {
    let family = mime.and_then(|mime| mime.split('/').next()).unwrap_or_default();
    let is_recorded = origin == Some(RECORDED) || path.is_some_and(|path| path.ends_with(".opus"));
    match (code, family) {
        (code::DOCUMENT, _) => AttachmentKind::File,
        (code::STICKER, _) => AttachmentKind::Sticker,
        (code::GIF, "video" | "image" | "") => AttachmentKind::Gif,
        (code::VIDEO_NOTE, _) => AttachmentKind::VideoMessage,
        (code::ONCE_AUDIO, _) => AttachmentKind::Voice,
        (_, "audio") if is_recorded => AttachmentKind::Voice,
        (_, "audio") => AttachmentKind::Audio,
        (_, "image") => AttachmentKind::Photo,
        (_, "video") => AttachmentKind::Video,
        (code::IMAGE | code::ONCE_IMAGE, _) => AttachmentKind::Photo,
        (code::VIDEO | code::ONCE_VIDEO, _) => AttachmentKind::Video,
        (code::AUDIO, _) if is_recorded => AttachmentKind::Voice,
        (code::AUDIO, _) => AttachmentKind::Audio,
        _ => AttachmentKind::File,
    }
}

/// Degrees only here: of pictures and films the same columns count pixels.
fn location(media: Option<&Row>) -> Location {
    let Some(row) = media else { return Location::default() };
    let degrees = |column, most: f64| row.real(column).filter(|degrees| degrees.abs() <= most);
    let is_here = row.real("zlatitude").is_some_and(|degrees| degrees != 0.0)
        || row.real("zlongitude").is_some_and(|degrees| degrees != 0.0);
    Location {
        latitude: degrees("zlatitude", 90.0).filter(|_| is_here),
        longitude: degrees("zlongitude", 180.0).filter(|_| is_here),
        name: row.text("ztitle"),
        address: row.text("zvcardname"),
        url: row.text("zmediaurl"),
        ..Location::default()
    }
}

fn contact(media: Option<&Row>) -> ContactCard {
    let text = |column| media.and_then(|row: &Row| row.text(column)).unwrap_or_default();
    let (cards, names) = (text("zvcardstring"), text("zvcardname"));
    let cards: Vec<String> =
        cards.split(BETWEEN_CARDS).filter(|card| !card.is_empty()).map(str::to_owned).collect();
    let mut names: Vec<&str> = names.split(BETWEEN_NAMES).filter(|name| !name.is_empty()).collect();
    if names.len() > cards.len() && cards.len() > 1 {
        // The first one is that of the bundle.
        names.remove(0);
    }
    let line = |names: &[&str]| cards.first().and_then(|card| vcard::line(card, names));
    let name = (!names.is_empty()).then(|| names.join(", "));
    ContactCard {
        name: line(&["FN", "N"]).filter(|_| cards.len() == 1).or(name),
        phone: line(&["TEL"]).filter(|_| cards.len() == 1),
        cards,
        ..ContactCard::default()
    }
}

/// What a business wrote above its buttons: title, text and foot.
fn template(metadata: &Fields<'_>) -> Option<String> {
    let inside = [24, 43, 51].into_iter().find_map(|number| metadata.below(&[number, 1]))?;
    let parts: Vec<String> = [2, 6, 7].into_iter().filter_map(|number| inside.text(number)).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// A call, by its own row and by the log.
pub(super) fn call(
    metadata: &Fields<'_>,
    is_mine: bool,
    logged: Option<&Logged>,
    chat: &Current<'_>,
) -> Call {
    let seconds = metadata.below(&[87, 1]).and_then(|call| call.number(3)).filter(|seconds| *seconds > 0);
    let logged = logged.map(Logged::call).unwrap_or_default();
    let duration = seconds.or(logged.duration);
    Call {
        is_video: logged.is_video,
        is_missed: duration.is_none() && (logged.is_missed || !is_mine),
        duration,
        is_group: logged.is_group || !chat.is_direct(),
        outcome: logged.outcome.or_else(|| duration.map(|_| "connected".to_owned())),
        ..Call::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_a_voice_message_when_it_was_recorded() {
        let kind = |origin, path| kind_of(code::AUDIO, None, origin, path);

        assert_eq!(kind(Some(1), None), AttachmentKind::Voice);
        assert_eq!(kind(Some(0), Some("Media/a.opus")), AttachmentKind::Voice);
        assert_eq!(kind(Some(0), Some("Media/a.mp3")), AttachmentKind::Audio);
    }

    #[test]
    fn the_type_of_content_goes_before_the_number() {
        assert_eq!(kind_of(code::IMAGE, Some("video/mp4"), None, None), AttachmentKind::Video);
        assert_eq!(kind_of(code::DOCUMENT, Some("image/png"), None, None), AttachmentKind::File);
        assert_eq!(kind_of(code::IMAGE, Some("application/x"), None, None), AttachmentKind::Photo);
    }
}
