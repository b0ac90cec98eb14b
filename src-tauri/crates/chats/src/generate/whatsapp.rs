//! WhatsApp texts as phones write them.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::words::{NAMES, sentence};
use super::{Dice, Truth, civil};

/// The phone that exports, and its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phone {
    /// Android, English, 24 hours, day first.
    Android,
    /// Android, American English: month first, 12 hours with a narrow blank.
    AndroidAmerican,
    /// Android, German.
    AndroidGerman,
    /// iPhone, English, day first.
    Ios,
    /// iPhone, Spanish, 12 hours.
    IosSpanish,
}

impl Phone {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Android, Self::AndroidAmerican, Self::AndroidGerman, Self::Ios, Self::IosSpanish];

    /// `android`, `android-us`, `android-de`, `ios`, `ios-es`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::AndroidAmerican => "android-us",
            Self::AndroidGerman => "android-de",
            Self::Ios => "ios",
            Self::IosSpanish => "ios-es",
        }
    }

    fn is_ios(self) -> bool {
        matches!(self, Self::Ios | Self::IosSpanish)
    }

    fn end(self) -> &'static str {
        if self.is_ios() { "\r\n" } else { "\n" }
    }

    /// The mark before what the app writes.
    fn mark(self) -> &'static str {
        if self.is_ios() { "\u{200e}" } else { "" }
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::Android | Self::AndroidAmerican => &ANDROID,
            Self::AndroidGerman => &GERMAN,
            Self::Ios => &IOS,
            Self::IosSpanish => &SPANISH,
        }
    }
}

/// What the app writes in a language.
struct Phrases {
    encryption: &'static str,
    joined: &'static str,
    omitted: &'static str,
    deleted: &'static str,
    edited: &'static str,
    attached: &'static str,
    missed: &'static str,
    video_call: &'static str,
    place: &'static str,
    poll: &'static str,
    option: &'static str,
    votes: &'static str,
}

const ANDROID: Phrases = Phrases {
    encryption: "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them.",
    joined: "joined using this group's invite link",
    omitted: "<Media omitted>",
    deleted: "This message was deleted",
    edited: "<This message was edited>",
    attached: "file attached",
    missed: "Missed voice call",
    video_call: "Video call, 5 min",
    place: "location",
    poll: "POLL",
    option: "OPTION",
    votes: "votes",
};

const GERMAN: Phrases = Phrases {
    encryption: "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.",
    joined: "ist der Gruppe mit dem Einladungslink beigetreten.",
    omitted: "<Medien ausgeschlossen>",
    deleted: "Diese Nachricht wurde gelöscht.",
    edited: "<Diese Nachricht wurde bearbeitet.>",
    attached: "Datei angehängt",
    missed: "Verpasster Sprachanruf",
    video_call: "Videoanruf, 5 Min.",
    place: "Standort",
    poll: "UMFRAGE",
    option: "OPTION",
    votes: "Stimmen",
};

const IOS: Phrases = Phrases {
    encryption: "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them.",
    joined: "joined using this group's invite link.",
    omitted: "image omitted",
    deleted: "This message was deleted.",
    edited: "<This message was edited>",
    attached: "attached",
    missed: "Missed voice call",
    video_call: "Video call, \u{200e}5 min",
    place: "Location",
    poll: "POLL",
    option: "OPTION",
    votes: "votes",
};

const SPANISH: Phrases = Phrases {
    encryption: "Los mensajes y las llamadas están cifrados de extremo a extremo.",
    joined: "se unió con el enlace de invitación del grupo.",
    omitted: "imagen omitida",
    deleted: "Se eliminó este mensaje.",
    edited: "<Se editó este mensaje.>",
    attached: "adjunto",
    missed: "Llamada perdida",
    video_call: "Videollamada, \u{200e}5 min",
    place: "Ubicación",
    poll: "ENCUESTA",
    option: "OPCIÓN",
    votes: "votos",
};

const GROUP: &str = "Everyone";

/// Writes the text of a group's export and says what is in it. No files are made: those it names are missing.
pub fn write_whatsapp_text(out: &mut dyn Write, phone: Phone, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut writer = Writer {
        phone,
        dice: Dice::new(seed),
        truth: Truth::default(),
        seconds: 1_420_110_245,
        line: String::new(),
        named: vec![false; NAMES.len()],
        many: entries.div_ceil(1_000_000),
    };
    while writer.truth.entries < entries {
        writer.line.clear();
        writer.entry();
        out.write_all(writer.line.as_bytes())?;
    }
    writer.truth.people =
        u64::try_from(writer.named.iter().filter(|is_named| **is_named).count()).unwrap_or(0);
    out.flush()?;
    Ok(writer.truth)
}

struct Writer {
    phone: Phone,
    dice: Dice,
    truth: Truth,
    seconds: i64,
    line: String,
    named: Vec<bool>,
    /// Millions of entries, rounded up.
    many: u64,
}

impl Writer {
    fn entry(&mut self) {
        let number = self.truth.entries;
        self.truth.entries += 1;
        // Ten years for a million entries or more: most within a minute of each other.
        let gap = if self.dice.chance(150) { self.dice.below(3600) } else { self.dice.below(60) };
        let gap = if self.many > 1 { (gap + self.dice.below(self.many)) / self.many } else { gap };
        self.seconds += i64::try_from(gap).unwrap_or(0);
        let phrases = self.phone.phrases();
        if number == 0 {
            return self.system(phrases.encryption);
        }
        match self.dice.below(1000) {
            0..5 => {
                let sentence = format!("{} {}", NAMES.first().unwrap_or(&""), phrases.joined);
                self.system(&sentence);
            }
            5..35 => self.media_omitted(),
            35..45 => self.media_named(),
            45..52 => {
                self.truth.deleted += 1;
                self.own(phrases.deleted);
            }
            52..56 => self.call(),
            56..58 => self.place(),
            58..59 => self.poll(),
            59..64 => self.edited(),
            64..100 => self.many_lines(),
            _ => self.text(),
        }
    }

    /// The header with its author.
    fn author(&mut self) {
        let at = usize::try_from(self.dice.below(u64::try_from(NAMES.len()).unwrap_or(1))).unwrap_or(0);
        if let Some(named) = self.named.get_mut(at) {
            *named = true;
        }
        self.header();
        let _ = write!(self.line, "{}: ", NAMES.get(at).unwrap_or(&""));
    }

    fn header(&mut self) {
        let (year, month, day, hour, minute, second) = civil(self.seconds);
        let short = year % 100;
        let half = if hour < 12 { "AM" } else { "PM" };
        let spanish_half = if hour < 12 { "a.\u{a0}m." } else { "p.\u{a0}m." };
        let of_12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let _ = match self.phone {
            Phone::Android => write!(self.line, "{day:02}/{month:02}/{year}, {hour:02}:{minute:02} - "),
            Phone::AndroidAmerican => {
                write!(self.line, "{month}/{day}/{short:02}, {of_12}:{minute:02}\u{202f}{half} - ")
            }
            Phone::AndroidGerman => {
                write!(self.line, "{day:02}.{month:02}.{short:02}, {hour:02}:{minute:02} - ")
            }
            Phone::Ios => {
                write!(self.line, "[{day:02}/{month:02}/{year}, {hour:02}:{minute:02}:{second:02}] ")
            }
            Phone::IosSpanish => {
                write!(
                    self.line,
                    "[{day}/{month}/{short:02}, {of_12}:{minute:02}:{second:02}\u{202f}{spanish_half}] "
                )
            }
        };
    }

    fn finish(&mut self) {
        self.line.push_str(self.phone.end());
    }

    fn system(&mut self, sentence: &str) {
        self.truth.system += 1;
        self.header();
        if self.phone.is_ios() {
            let _ = write!(self.line, "{GROUP}: ");
        }
        self.line.push_str(self.phone.mark());
        self.line.push_str(sentence);
        self.finish();
    }

    /// A line the app writes under an author.
    fn own(&mut self, text: &str) {
        // iOS marks the line itself too.
        self.line.push_str(self.phone.mark());
        self.author();
        self.line.push_str(self.phone.mark());
        self.line.push_str(text);
        self.finish();
    }

    fn text(&mut self) {
        self.author();
        sentence(&mut self.dice, &mut self.line);
        self.finish();
    }

    fn many_lines(&mut self) {
        self.author();
        for _ in 0..=self.dice.below(3) {
            sentence(&mut self.dice, &mut self.line);
            self.finish();
        }
        // What somebody copied from another phone: looks like a header and is none.
        self.line.push_str("2031-12-24 10.00 - Nobody: copied from elsewhere");
        self.finish();
    }

    fn edited(&mut self) {
        self.truth.edited += 1;
        self.author();
        sentence(&mut self.dice, &mut self.line);
        let _ = write!(self.line, " {}{}", self.phone.mark(), self.phone.phrases().edited);
        self.finish();
    }

    fn media_omitted(&mut self) {
        self.truth.media_omitted += 1;
        self.own(self.phone.phrases().omitted);
    }

    fn media_named(&mut self) {
        self.truth.media_missing += 1;
        let attached = self.phone.phrases().attached;
        let (year, month, day, hour, minute, second) = civil(self.seconds);
        let number = self.truth.media_missing;
        let text = if self.phone.is_ios() {
            format!(
                "<{attached}: {number:08}-PHOTO-{year}-{month:02}-{day:02}-{hour:02}-{minute:02}-{second:02}.jpg>"
            )
        } else {
            format!("IMG-{year}{month:02}{day:02}-WA{number:04}.jpg ({attached})")
        };
        self.own(&text);
    }

    fn call(&mut self) {
        self.truth.system += 1;
        self.truth.calls += 1;
        let phrases = self.phone.phrases();
        let text = if self.dice.chance(500) { phrases.missed } else { phrases.video_call };
        self.own(text);
    }

    fn place(&mut self) {
        self.truth.places += 1;
        let north = self.dice.below(80);
        let east = self.dice.below(170);
        let text = format!("{}: https://maps.google.com/?q={north}.25,{east}.75", self.phone.phrases().place);
        self.own(&text);
    }

    fn poll(&mut self) {
        self.truth.polls += 1;
        let phrases = self.phone.phrases();
        let (mark, end) = (self.phone.mark(), self.phone.end());
        let votes = self.dice.below(9);
        let text = format!(
            "{}:{end}Friday or Saturday?{end}{mark}{option}: Friday ({votes} {word}){end}{mark}{option}: Saturday (2 {word})",
            phrases.poll,
            option = phrases.option,
            word = phrases.votes,
        );
        self.own(&text);
    }
}
