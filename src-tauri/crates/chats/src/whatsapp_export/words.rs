//! What WhatsApp itself writes into an export, in the languages we know; compared in lower case, without direction
//! marks. Where the file's own structure tells the same in any language, that is used first (see `body`).

use std::sync::OnceLock;

use crate::model::{AttachmentKind, Deletion};

/// Tags in place of media that the export left out (Android).
const OMITTED_TAGS: &[&str] = &[
    "<media omitted>",
    "<medien ausgeschlossen>",
    "<multimedia omitido>",
    "<archivo omitido>",
    "<médias omis>",
    "<fichier omis>",
    "<media omessi>",
    "<media omesso>",
    "<arquivo de mídia oculto>",
    "<mídia oculta>",
    "<mídia omitida>",
    "<ficheiro multimédia omitido>",
    "<media weggelaten>",
    "<без медиафайлов>",
    "<медиафайл пропущен>",
    "<medya dahil edilmedi>",
    "<pominięto multimedia>",
    "<pominięto media>",
    "<media tidak disertakan>",
    "<media utelämnat>",
    "<media utelatt>",
    "<mediefil udeladt>",
    "<mediaa ei sisällytetty>",
    "<תמונת המדיה הושמטה>",
    "<המדיה לא נכללה>",
    "<تم استبعاد الوسائط>",
    "<メディアは含まれていません>",
    "<媒體已省略>",
    "<省略多媒体文件>",
    "<미디어 파일을 생략한 메시지>",
    "<video message omitted>",
    "<view once message omitted>",
    "<view once voice message omitted>",
];

/// Sentences in place of media that the export left out (iOS), at the end of the line, with what was left out.
const OMITTED_ENDS: &[(&str, AttachmentKind)] = &[
    ("image omitted", AttachmentKind::Photo),
    ("bild weggelassen", AttachmentKind::Photo),
    ("imagen omitida", AttachmentKind::Photo),
    ("image absente", AttachmentKind::Photo),
    ("image omise", AttachmentKind::Photo),
    ("immagine omessa", AttachmentKind::Photo),
    ("imagem ocultada", AttachmentKind::Photo),
    ("imagem omitida", AttachmentKind::Photo),
    ("afbeelding weggelaten", AttachmentKind::Photo),
    ("изображение отсутствует", AttachmentKind::Photo),
    ("изображение опущено", AttachmentKind::Photo),
    ("görüntü dahil edilmedi", AttachmentKind::Photo),
    ("video omitted", AttachmentKind::Video),
    ("video weggelassen", AttachmentKind::Video),
    ("video omitido", AttachmentKind::Video),
    ("vídeo omitido", AttachmentKind::Video),
    ("vídeo ocultado", AttachmentKind::Video),
    ("vidéo absente", AttachmentKind::Video),
    ("vidéo omise", AttachmentKind::Video),
    ("video omesso", AttachmentKind::Video),
    ("video weggelaten", AttachmentKind::Video),
    ("видео отсутствует", AttachmentKind::Video),
    ("video dahil edilmedi", AttachmentKind::Video),
    ("video note omitted", AttachmentKind::VideoMessage),
    ("audio omitted", AttachmentKind::Audio),
    ("audio weggelassen", AttachmentKind::Audio),
    ("audio omitido", AttachmentKind::Audio),
    ("áudio omitido", AttachmentKind::Audio),
    ("áudio ocultado", AttachmentKind::Audio),
    ("audio omis", AttachmentKind::Audio),
    ("audio omesso", AttachmentKind::Audio),
    ("audio weggelaten", AttachmentKind::Audio),
    ("аудиофайл отсутствует", AttachmentKind::Audio),
    ("ses dahil edilmedi", AttachmentKind::Audio),
    ("sticker omitted", AttachmentKind::Sticker),
    ("sticker weggelassen", AttachmentKind::Sticker),
    ("sticker omitido", AttachmentKind::Sticker),
    ("sticker omis", AttachmentKind::Sticker),
    ("sticker non incluso", AttachmentKind::Sticker),
    ("sticker omesso", AttachmentKind::Sticker),
    ("figurinha omitida", AttachmentKind::Sticker),
    ("sticker weggelaten", AttachmentKind::Sticker),
    ("стикер отсутствует", AttachmentKind::Sticker),
    ("çıkartma dahil edilmedi", AttachmentKind::Sticker),
    ("gif omitted", AttachmentKind::Gif),
    ("gif weggelassen", AttachmentKind::Gif),
    ("gif omitido", AttachmentKind::Gif),
    ("gif retiré", AttachmentKind::Gif),
    ("gif omis", AttachmentKind::Gif),
    ("gif esclusa", AttachmentKind::Gif),
    ("gif omessa", AttachmentKind::Gif),
    ("gif weggelaten", AttachmentKind::Gif),
    ("gif отсутствует", AttachmentKind::Gif),
    ("gif dahil edilmedi", AttachmentKind::Gif),
    ("document omitted", AttachmentKind::File),
    ("dokument weggelassen", AttachmentKind::File),
    ("documento omitido", AttachmentKind::File),
    ("document manquant", AttachmentKind::File),
    ("document omis", AttachmentKind::File),
    ("documento omesso", AttachmentKind::File),
    ("document weggelaten", AttachmentKind::File),
    ("документ отсутствует", AttachmentKind::File),
    ("документ пропущен", AttachmentKind::File),
    ("belge dahil edilmedi", AttachmentKind::File),
    ("contact card omitted", AttachmentKind::Contact),
    ("kontaktkarte ausgelassen", AttachmentKind::Contact),
    ("kontaktkarte weggelassen", AttachmentKind::Contact),
    ("tarjeta de contacto omitida", AttachmentKind::Contact),
    ("fiche contact omise", AttachmentKind::Contact),
    ("carte de contact omise", AttachmentKind::Contact),
    ("scheda contatto omessa", AttachmentKind::Contact),
    ("cartão do contato omitido", AttachmentKind::Contact),
    ("visitekaartje weggelaten", AttachmentKind::Contact),
    ("карточка контакта отсутствует", AttachmentKind::Contact),
    ("kişi kartı dahil edilmedi", AttachmentKind::Contact),
];

/// What stands in parentheses after an attached file (Android).
const ATTACHED: &[&str] = &[
    "file attached",
    "datei angehängt",
    "archivo adjunto",
    "fichier joint",
    "file allegato",
    "arquivo anexado",
    "ficheiro anexado",
    "bestand bijgevoegd",
    "файл добавлен",
    "dosya ekli",
    "plik dołączony",
    "załączono plik",
    "file terlampir",
    "bifogad fil",
    "vedlagt fil",
    "fil vedhæftet",
    "liitetiedosto",
    "ملف مرفق",
    "הקובץ מצורף",
    "קובץ מצורף",
    "फ़ाइल संलग्न",
    "添付ファイル",
    "ファイル添付",
    "文件附件",
    "附件檔案",
    "첨부 파일",
    "파일 첨부됨",
];

/// What stands before the name of an attached file (iOS: `<attached: FILE>`).
const ATTACHED_TAGS: &[&str] = &[
    "attached",
    "anhang",
    "adjunto",
    "pièce jointe",
    "joint",
    "allegato",
    "anexado",
    "anexo",
    "bijgevoegd",
    "bijlage",
    "прикреплено",
    "eklendi",
    "załączono",
    "terlampir",
    "bifogad",
    "vedlagt",
    "vedhæftet",
    "liitetty",
    "المُرفق",
    "مرفق",
    "מצורף",
    "संलग्न",
    "添付ファイル",
    "添付",
    "附件",
    "첨부됨",
];

/// Tags after an edited text.
const EDITED: &[&str] = &[
    "<this message was edited>",
    "<diese nachricht wurde bearbeitet>",
    "<se editó este mensaje>",
    "<ce message a été modifié>",
    "<questo messaggio è stato modificato>",
    "<messaggio modificato>",
    "<mensagem editada>",
    "<esta mensagem foi editada>",
    "<dit bericht is bewerkt>",
    "<сообщение изменено>",
    "<это сообщение изменено>",
    "<bu mesaj düzenlendi>",
    "<edytowano tę wiadomość>",
    "<ta wiadomość została zmieniona>",
    "<pesan ini diedit>",
    "<meddelandet redigerades>",
    "<تم تعديل هذه الرسالة>",
    "<הודעה זו נערכה>",
    "<यह मैसेज एडिट किया गया>",
    "<このメッセージは編集されました>",
    "<此消息已被编辑>",
    "<此訊息已被編輯>",
    "<메시지 수정됨>",
];

const DELETED_BY_ME: &[&str] = &[
    "you deleted this message",
    "du hast diese nachricht gelöscht",
    "eliminaste este mensaje",
    "vous avez supprimé ce message",
    "hai eliminato questo messaggio",
    "você apagou esta mensagem",
    "apagou esta mensagem",
    "je hebt dit bericht verwijderd",
    "u hebt dit bericht verwijderd",
    "вы удалили данное сообщение",
    "вы удалили это сообщение",
    "bu mesajı sildiniz",
    "usunięto tę wiadomość",
    "anda menghapus pesan ini",
    "du raderade detta meddelande",
    "لقد حذفت هذه الرسالة",
    "מחקת את ההודעה הזו",
    "आपने यह मैसेज डिलीट किया",
    "このメッセージを削除しました",
    "你已删除这条消息",
    "您已刪除此訊息",
    "삭제한 메시지입니다",
];

const DELETED_BY_SENDER: &[&str] = &[
    "this message was deleted",
    "diese nachricht wurde gelöscht",
    "se eliminó este mensaje",
    "este mensaje fue eliminado",
    "ce message a été supprimé",
    "questo messaggio è stato eliminato",
    "mensagem apagada",
    "esta mensagem foi apagada",
    "dit bericht is verwijderd",
    "данное сообщение удалено",
    "это сообщение удалено",
    "сообщение удалено",
    "bu mesaj silindi",
    "ta wiadomość została usunięta",
    "pesan ini telah dihapus",
    "pesan ini dihapus",
    "detta meddelande raderades",
    "denne meldingen ble slettet",
    "tämä viesti poistettiin",
    "تم حذف هذه الرسالة",
    "הודעה זו נמחקה",
    "यह मैसेज डिलीट किया गया",
    "このメッセージは削除されました",
    "此消息已删除",
    "此訊息已刪除",
    "삭제된 메시지입니다",
];

/// Sentences that begin so were deleted by an admin.
const DELETED_BY_ADMIN: &[&str] = &["this message was deleted by admin", "diese nachricht wurde von admin"];

/// Beginnings of calls: words, whether missed, whether with picture. Longer ones first where one begins another.
const CALLS: &[(&str, bool, bool)] = &[
    ("missed group voice call", true, false),
    ("missed group video call", true, true),
    ("missed voice call", true, false),
    ("missed video call", true, true),
    ("group voice call", false, false),
    ("group video call", false, true),
    ("silenced voice call", true, false),
    ("silenced video call", true, true),
    ("voice call", false, false),
    ("video call", false, true),
    ("verpasster sprachanruf", true, false),
    ("verpasster videoanruf", true, true),
    ("verpasster gruppenanruf", true, false),
    ("sprachanruf", false, false),
    ("videoanruf", false, true),
    ("llamada perdida", true, false),
    ("llamada de voz perdida", true, false),
    ("videollamada perdida", true, true),
    ("llamada de voz", false, false),
    ("videollamada", false, true),
    ("appel vocal manqué", true, false),
    ("appel vidéo manqué", true, true),
    ("appel vocal", false, false),
    ("appel vidéo", false, true),
    ("chiamata vocale persa", true, false),
    ("videochiamata persa", true, true),
    ("chiamata vocale", false, false),
    ("videochiamata", false, true),
    ("ligação de voz perdida", true, false),
    ("ligação de vídeo perdida", true, true),
    ("ligação de voz", false, false),
    ("ligação de vídeo", false, true),
    ("gemiste spraakoproep", true, false),
    ("gemiste video-oproep", true, true),
    ("gemiste videogesprek", true, true),
    ("spraakoproep", false, false),
    ("video-oproep", false, true),
    ("пропущенный аудиозвонок", true, false),
    ("пропущенный видеозвонок", true, true),
    ("аудиозвонок", false, false),
    ("видеозвонок", false, true),
    ("cevapsız sesli arama", true, false),
    ("cevapsız görüntülü arama", true, true),
    ("sesli arama", false, false),
    ("görüntülü arama", false, true),
];

/// What follows a call nobody took.
const NOT_ANSWERED: &[&str] = &[
    "no answer",
    "not answered",
    "unanswered",
    "keine antwort",
    "nicht angenommen",
    "sin respuesta",
    "sans réponse",
    "nessuna risposta",
    "sem resposta",
    "geen antwoord",
    "без ответа",
    "cevap yok",
    "cevaplanmadı",
];

/// What follows a call and says nothing more about it.
const CALL_HINTS: &[&str] = &[
    "tap to call back",
    "click to call back",
    "zum zurückrufen tippen",
    "tippe, um zurückzurufen",
    "toca para devolver la llamada",
    "appuyez pour rappeler",
    "tocca per richiamare",
    "toque para retornar a ligação",
    "focus mode",
];

/// Units of a call's length, with seconds.
const UNITS: &[(&str, u64)] = &[
    ("h", 3600),
    ("hr", 3600),
    ("hrs", 3600),
    ("hour", 3600),
    ("hours", 3600),
    ("std", 3600),
    ("std.", 3600),
    ("ч", 3600),
    ("ч.", 3600),
    ("sa", 3600),
    ("m", 60),
    ("min", 60),
    ("min.", 60),
    ("mins", 60),
    ("minute", 60),
    ("minutes", 60),
    ("мин", 60),
    ("мин.", 60),
    ("dk", 60),
    ("dk.", 60),
    ("s", 1),
    ("sec", 1),
    ("secs", 1),
    ("sec.", 1),
    ("second", 1),
    ("seconds", 1),
    ("sek", 1),
    ("sek.", 1),
    ("seg", 1),
    ("seg.", 1),
    ("с", 1),
    ("сек", 1),
    ("sn", 1),
    ("sn.", 1),
];

/// Longest word that begins or ends a sentence of the app, with room for marks.
const LONGEST_WORD: usize = 64;
/// Longest line the app writes in place of something.
const LONGEST_LINE: usize = 300;

/// Waiting for the other phone: the text never arrived in this one.
const WAITING: &[&str] = &["waiting for this message", "warte auf diese nachricht", "esperando el mensaje"];

/// Begins the notice about encryption, which every chat has.
const ENCRYPTION: &[&str] = &[
    "end-to-end",
    "ende-zu-ende",
    "extremo a extremo",
    "de bout en bout",
    "ponta a ponta",
    "сквозн",
    "uçtan uca",
];

/// First and last words of everything above, in lower case and order.
struct Edges {
    first: Vec<&'static str>,
    last: Vec<&'static str>,
}

fn edges() -> &'static Edges {
    static EDGES: OnceLock<Edges> = OnceLock::new();
    EDGES.get_or_init(|| {
        let sentences = [DELETED_BY_ME, DELETED_BY_SENDER, DELETED_BY_ADMIN, WAITING].concat();
        let calls = CALLS.iter().map(|(start, _, _)| *start);
        let first = |text: &'static str| text.split([' ', ',']).next().unwrap_or(text);
        let last = |text: &'static str| text.rsplit(' ').next().unwrap_or(text);
        let mut edges = Edges {
            first: sentences.into_iter().chain(calls).map(first).collect(),
            last: OMITTED_ENDS.iter().map(|(end, _)| last(end)).collect(),
        };
        for words in [&mut edges.first, &mut edges.last] {
            words.sort_unstable();
            words.dedup();
        }
        edges
    })
}

/// The text begins like a sentence of the app.
pub(super) fn begins_like_ours(text: &str) -> bool {
    let word =
        text.trim_start().split([' ', '\u{a0}', '\u{202f}', ',', '.', '\n', '。']).next().unwrap_or_default();
    word.len() <= LONGEST_WORD && edges().first.binary_search(&word.to_lowercase().as_str()).is_ok()
}

fn ends_like_ours(line: &str) -> bool {
    let word = line.trim_end().rsplit([' ', '\u{a0}']).next().unwrap_or_default();
    word.len() <= LONGEST_WORD && edges().last.binary_search(&word.to_lowercase().as_str()).is_ok()
}

/// Surely nothing but what a person wrote: no tag, no file, no link behind a label, no poll, no sentence of the app.
pub(super) fn is_plain_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memchr2(b'<', b')', bytes).is_some() || memchr::memmem::find(bytes, b"://").is_some() {
        return false;
    }
    let first = memchr::memchr(b'\n', bytes).and_then(|end| text.get(..end));
    if first.is_some_and(|first| first.trim_end().ends_with([':', '\u{200e}'])) {
        return false;
    }
    let line = first.unwrap_or(text);
    line.len() > LONGEST_LINE || !(begins_like_ours(line) || ends_like_ours(line))
}

/// Without direction marks, in lower case, blanks made plain.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.trim().chars() {
        match sign {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{a0}' | '\u{202f}' => out.push(' '),
            sign => out.extend(sign.to_lowercase()),
        }
    }
    out
}

pub(super) fn is_omitted_tag(plain: &str) -> bool {
    OMITTED_TAGS.contains(&plain)
}

pub(super) fn omitted_end(plain: &str) -> Option<(AttachmentKind, usize)> {
    OMITTED_ENDS.iter().find(|(end, _)| plain.ends_with(end)).map(|(end, kind)| (*kind, end.len()))
}

pub(super) fn is_attached(plain: &str) -> bool {
    ATTACHED.contains(&plain)
}

pub(super) fn is_attached_tag(plain: &str) -> bool {
    ATTACHED_TAGS.contains(&plain.trim())
}

pub(super) fn is_edited_tag(plain: &str) -> bool {
    let plain = plain.replace(".>", ">");
    EDITED.contains(&plain.as_str())
}

pub(super) fn deletion(plain: &str) -> Option<Deletion> {
    let sentence = plain.trim_end_matches(['.', '。']);
    if DELETED_BY_ME.contains(&sentence) {
        return Some(Deletion::ByMe);
    }
    if DELETED_BY_SENDER.contains(&sentence) {
        return Some(Deletion::BySender);
    }
    DELETED_BY_ADMIN.iter().any(|start| sentence.starts_with(start)).then_some(Deletion::ByAdmin)
}

pub(super) fn is_waiting(plain: &str) -> bool {
    WAITING.iter().any(|start| plain.starts_with(start))
}

pub(super) fn is_encryption(plain: &str) -> bool {
    ENCRYPTION.iter().any(|part| plain.contains(part))
}

/// A call: missed, video, group, seconds. `None` when the sentence is not exactly a call's.
pub(super) fn call(plain: &str) -> Option<(bool, bool, bool, Option<u64>)> {
    let (start, mut is_missed, is_video) = *CALLS.iter().find(|(start, _, _)| plain.starts_with(start))?;
    let mut rest = plain.get(start.len()..)?.trim_matches([',', '.', ' ', '•', '·']);
    for answer in NOT_ANSWERED {
        if let Some(before) = rest.strip_suffix(answer) {
            is_missed = true;
            rest = before.trim_matches([',', '.', ' ', '•', '·']);
        }
    }
    for hint in CALL_HINTS {
        if let Some(before) = rest.strip_suffix(hint) {
            rest = before.trim_matches([',', '.', ' ', '•', '·']);
        }
    }
    let is_group = start.contains("group") || start.contains("gruppen");
    if rest.is_empty() {
        return Some((is_missed, is_video, is_group, None));
    }
    seconds(rest).map(|seconds| (is_missed, is_video, is_group, Some(seconds)))
}

/// `5 min`, `1 h 2 min`, `12:34`.
fn seconds(text: &str) -> Option<u64> {
    if text.contains(':') {
        return text.split(':').try_fold(0_u64, |sum, part| {
            let part: u64 = part.parse().ok()?;
            sum.checked_mul(60)?.checked_add(part)
        });
    }
    let mut sum = 0_u64;
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let digits = word.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(word.len());
        let (number, unit) = word.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let unit = if unit.is_empty() { words.next()? } else { unit };
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.checked_mul(*factor)?)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_whole_sentences() {
        assert_eq!(call("missed voice call"), Some((true, false, false, None)));
        assert_eq!(call("missed video call, tap to call back"), Some((true, true, false, None)));
        assert_eq!(call("video call, 5 min"), Some((false, true, false, Some(300))));
        assert_eq!(call("voice call, 1 hr 2 min"), Some((false, false, false, Some(3720))));
        assert_eq!(call("sprachanruf, keine antwort"), Some((true, false, false, None)));
        assert_eq!(call("voice call me later"), None);
    }

    #[test]
    fn deletions_say_by_whom() {
        assert_eq!(deletion("you deleted this message."), Some(Deletion::ByMe));
        assert_eq!(deletion("this message was deleted"), Some(Deletion::BySender));
        assert_eq!(deletion("this message was deleted by admin ann."), Some(Deletion::ByAdmin));
        assert_eq!(deletion("this message was deleted yesterday"), None);
    }
}
