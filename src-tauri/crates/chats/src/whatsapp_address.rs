//! WhatsApp's addresses, which are the same on every phone: a telephone number or a hidden identifier ("LID") and a server.

use crate::model::ConversationKind;

/// The key of the person, whose own address no database says.
pub(crate) const ME: &str = "me";
/// The server of addresses that are telephone numbers.
pub(crate) const PHONE: &str = "@s.whatsapp.net";
/// The server of hidden identifiers.
pub(crate) const HIDDEN: &str = "@lid";

/// Who is in a chat, by its address.
pub(crate) fn kind_of(key: &str) -> ConversationKind {
    match key.rsplit_once('@').map(|(_, server)| server) {
        Some("g.us") => ConversationKind::Group,
        Some("newsletter") => ConversationKind::Channel,
        Some("broadcast" | "status") => ConversationKind::Broadcast,
        _ => ConversationKind::Direct,
    }
}

/// The number as people write it, for addresses that are one.
pub(crate) fn phone(key: &str) -> Option<String> {
    let digits = key.strip_suffix(PHONE)?;
    (digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("+{digits}"))
}

/// Without the number of the device: `4915112345678.0:12@s.whatsapp.net` is the same person as without `.0:12`.
pub(crate) fn plain(jid: &str) -> String {
    let Some((user, server)) = jid.split_once('@') else { return jid.to_owned() };
    if !matches!(server, "s.whatsapp.net" | "lid") {
        return jid.to_owned();
    }
    let user = user.split(':').next().unwrap_or(user);
    let user = match user.split_once('.') {
        Some((number, _)) if number.bytes().all(|byte| byte.is_ascii_digit()) => number,
        _ => user,
    };
    format!("{user}@{server}")
}
