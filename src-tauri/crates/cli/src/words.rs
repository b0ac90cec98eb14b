//! The one table of sentences for errors: what failed, and what to do.

use coffer_engine::ErrorCode;

/// A code, its sentence, and the sentence that also tells the fact (`{}`) that came with it.
type Row = (ErrorCode, &'static str, &'static str);

const TABLE: &[Row] = &[
    (
        ErrorCode::WrongPassword,
        "this password does not open it; check it and try again, or use another way",
        "",
    ),
    (
        ErrorCode::WrongKey,
        "this key is complete, but it belongs to another backup; check which backup you mean",
        "",
    ),
    (ErrorCode::WrongSecret, "this way does not open it; use another way to unlock", ""),
    (
        ErrorCode::WrongPasskey,
        "this passkey works, but it opens another backup; use the one that was made for this backup, or another way",
        "",
    ),
    (ErrorCode::Passkey, "the passkey was not used; run it again, or use another way", ""),
    (
        ErrorCode::DigitsTypo,
        "these are not 64 digits; compare them with your copy",
        "row {} of the 64 digits has a typing mistake; compare it with your copy",
    ),
    (
        ErrorCode::GroupsMismatch,
        "a group does not match; look at your copy again",
        "group {} does not match; look at your copy again",
    ),
    (
        ErrorCode::Damaged,
        "something is damaged; run `coffer-cli check PLACE --every-byte` to see what",
        "{} is damaged; run `coffer-cli check PLACE --every-byte` to see what that affects",
    ),
    (ErrorCode::NewerFormat, "made by a newer Coffer; update Coffer to open it", ""),
    (ErrorCode::PlaceMissing, "the folder is not there; plug in its drive or check the path", ""),
    (
        ErrorCode::PlaceFull,
        "no space is left in that folder; free some and run it again, what is saved is kept",
        "",
    ),
    (ErrorCode::PlaceReadOnly, "nothing can be written to that folder; check its permissions", ""),
    (
        ErrorCode::PlaceInUse,
        "the folder holds other files; use an empty one",
        "the folder holds other files; use the empty folder {} or another one",
    ),
    (
        ErrorCode::ExistingBackups,
        "the folder holds backups already; use `ways add PLACE` with a way to unlock them, or another folder",
        "the folder holds backups already (id {}); use `ways add PLACE` with a way to unlock them, or another folder",
    ),
    (ErrorCode::NotABackup, "no Coffer backup is here; check the path", ""),
    (
        ErrorCode::StillSyncing,
        "files have not arrived here yet; let the folder finish syncing and try again",
        "{} files have not arrived here yet; let the folder finish syncing and try again",
    ),
    (
        ErrorCode::RolledBack,
        "the folder shows an older state than this computer saw there, as if files were put back or removed; \
         `coffer-cli rollback PLACE` shows both states and takes the decision; no backup is made before",
        "",
    ),
    (
        ErrorCode::UnknownFile,
        "Coffer does not know this file; it reads WhatsApp exports (.zip, _chat.txt), WhatsApp's msgstore.db and its encrypted \
         backups, WhatsApp's ChatStorage.sqlite, chat.db of Apple's Messages, backups of iPhones that are not encrypted, and Telegram's result.json",
        "",
    ),
    (
        ErrorCode::NotASheet,
        "no 64-digit key can be read in this file; use the PDF that Coffer saved, or type the digits",
        "",
    ),
    (ErrorCode::EmptyFile, "the file is empty; export it again from the app", ""),
    (ErrorCode::TruncatedFile, "the file ends too early; copy or export it again", ""),
    (
        ErrorCode::UnsafeFile,
        "the file is refused because it could harm this computer; export it again from the app",
        "the file is refused because it could harm this computer ({}); export it again from the app",
    ),
    (
        ErrorCode::BadText,
        "the text is not UTF-8; export it again from the app",
        "the text is not UTF-8 at {}; export it again from the app",
    ),
    (
        ErrorCode::NeedsAppKey,
        "the chats are encrypted by their app; give its key with --app-key-file",
        "the chats are encrypted by their app; give its key with --app-key-file ({}: of the app, not of Coffer)",
    ),
    (
        ErrorCode::WrongAppKey,
        "the app's key does not open this backup, or the file is damaged; give the key of the same phone and time, or copy the file again",
        "",
    ),
    (
        ErrorCode::EncryptedPhoneBackup,
        "the iPhone backup is encrypted, and Coffer cannot read such a one; turn off its encryption in Finder or iTunes, back up once \
         more, and turn it on again afterwards",
        "",
    ),
    (
        ErrorCode::SourceInUse,
        "the app is writing to this database; close the app, or copy the database again",
        "",
    ),
    (ErrorCode::FileMissing, "the file is not there; check the path", ""),
    (
        ErrorCode::Cancelled,
        "cancelled; what was finished is kept, and running it again goes on from there",
        "",
    ),
    (ErrorCode::Busy, "something else is still running here; wait for it or stop it", ""),
    (
        ErrorCode::HomeInUse,
        "another Coffer has these chats open, a window or a command; close it, or wait until it has ended",
        "",
    ),
    (
        ErrorCode::Locked,
        "the chats of this computer are locked; give a way to unlock: --password-file, --key-file or --passkey",
        "",
    ),
    (ErrorCode::NeedsUnlock, "a way to unlock is needed; give --password-file, --key-file or --passkey", ""),
    (
        ErrorCode::NotProtected,
        "no backup is set up on this computer; run `coffer-cli protect PLACE` first",
        "",
    ),
    (ErrorCode::LastWay, LAST_WAY, ""),
    (
        ErrorCode::WeakPassword,
        "the password is too easily guessed; take 12 characters or more, or six random words",
        "the password is too easily guessed ({}); take 12 characters or more, or six random words",
    ),
    (ErrorCode::PasswordMismatch, "the two entries of the password differ; try again", ""),
    (ErrorCode::SheetInBackup, "the key would lie inside the backup it opens; keep it elsewhere", ""),
    (ErrorCode::DiskFull, "no space is left on this computer; free some and run it again", ""),
    (
        ErrorCode::KeychainUnavailable,
        "no keychain answers on this computer; give a way to unlock: --password-file, --key-file or --passkey",
        "",
    ),
    (
        ErrorCode::Storage,
        "reading or writing on this computer failed; check the disk and the permissions of Coffer's home",
        "reading or writing on this computer failed ({}); check the disk and the permissions of Coffer's home",
    ),
    (
        ErrorCode::WaysChanged,
        "another computer changed the ways to unlock at the same moment, and nothing was changed here; look at them with \
         `coffer-cli ways PLACE` and run it again",
        "",
    ),
    (ErrorCode::NoSuchChat, "there is no such chat; `coffer-cli chats` lists them", ""),
    (ErrorCode::NoSuchBackup, "there is no such backup; `coffer-cli backups PLACE` lists them", ""),
    (ErrorCode::ExpiredSession, "this took too long and was closed; run it again", ""),
    (ErrorCode::ZoneUnknown, "the zone is not known; use a name like Europe/Lisbon", ""),
    (
        ErrorCode::DateOrderUndecided,
        "the dates can be read in two orders; say --date-order dmy, mdy or ymd",
        "",
    ),
];

const LAST_WAY: &str = "this is the last way that works on another computer; add another one first";
const LAST_BUT_ONE: &str =
    "fewer than two ways to unlock would be left; add another one first, or say --acknowledge-one-way";

/// The sentence of a code; `detail` is the fact that came with it.
pub fn sentence(code: ErrorCode, detail: Option<&str>) -> String {
    if code == ErrorCode::LastWay && detail == Some("at_risk") {
        return LAST_BUT_ONE.to_owned();
    }
    match (TABLE.iter().find(|(known, ..)| *known == code), detail) {
        (Some((_, _, with_fact)), Some(fact)) if !with_fact.is_empty() => with_fact.replace("{}", fact),
        (Some((_, plain, _)), _) => (*plain).to_owned(),
        (None, _) => format!("it failed ({}); run it again", code.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_sentence_that_says_what_to_do() {
        let rows = |code: &ErrorCode| TABLE.iter().filter(|(known, ..)| known == code).count();
        let missing: Vec<_> = ErrorCode::ALL.iter().filter(|code| rows(code) != 1).collect();

        let vague: Vec<_> = TABLE.iter().filter(|(_, plain, _)| !plain.contains("; ")).collect();

        assert!(missing.is_empty(), "{missing:?}");
        assert!(vague.is_empty(), "{vague:?}");
    }

    #[test]
    fn the_fact_stands_in_the_sentence() {
        let said = sentence(ErrorCode::DigitsTypo, Some("3, 8"));

        assert_eq!(said, "row 3, 8 of the 64 digits has a typing mistake; compare it with your copy");
    }

    #[test]
    fn dropping_below_two_ways_is_told_from_losing_the_last() {
        assert_eq!(sentence(ErrorCode::LastWay, Some("at_risk")), LAST_BUT_ONE);
        assert_eq!(sentence(ErrorCode::LastWay, Some("last_elsewhere")), LAST_WAY);
    }

    #[test]
    fn a_sentence_is_one_line() {
        let long: Vec<_> = ErrorCode::ALL.into_iter().filter(|c| sentence(*c, None).contains('\n')).collect();

        assert_eq!(long, []);
    }
}
