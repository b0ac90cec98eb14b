//! Who is behind an address: a telephone number, a hidden identifier ("LID") that leads to one, and the names known of them.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;

use crate::model::{ConversationKind, Participant};
use crate::protobuf::Fields;
use crate::tables::{Row, Tables};
use crate::whatsapp_address::{HIDDEN, ME, PHONE, kind_of, phone, plain};

/// Signs that steer the direction of text, which WhatsApp puts around names and numbers.
const STEERING: [char; 11] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// Every address, and the names.
pub(super) struct People {
    /// From hidden identifiers to telephone numbers.
    phones: HashMap<Rc<str>, Rc<str>>,
    /// Names of the address book.
    saved: HashMap<Rc<str>, String>,
    /// Names people gave themselves.
    own: HashMap<Rc<str>, String>,
    /// Members of groups by their row.
    members: HashMap<i64, Rc<str>>,
}

impl People {
    /// `hidden` is `LID.sqlite`, `contacts` is `ContactsV2.sqlite`. Tables that cannot be read to their end give what they have.
    pub(super) fn read(
        tables: &Tables<'_>,
        hidden: Option<&Connection>,
        contacts: Option<&Connection>,
    ) -> Self {
        let mut people = Self {
            phones: HashMap::new(),
            saved: HashMap::new(),
            own: HashMap::new(),
            members: HashMap::new(),
        };
        let hidden = hidden.and_then(|hidden| Tables::look(hidden).ok());
        let contacts = contacts.and_then(|contacts| Tables::look(contacts).ok());
        // First who is who, then what they are called.
        people.read_pairs(tables, hidden.as_ref(), contacts.as_ref());
        people.read_members(tables);
        for tables in contacts.iter().chain([tables]) {
            people.read_saved_names(tables);
        }
        for tables in hidden.iter().chain([tables]) {
            people.read_own_names(tables);
        }
        people
    }

    fn read_pairs(
        &mut self,
        tables: &Tables<'_>,
        hidden: Option<&Tables<'_>>,
        contacts: Option<&Tables<'_>>,
    ) {
        // The table of pairs is in a file of its own or among the chats, by version.
        for tables in hidden.into_iter().chain([tables]) {
            let _ = tables
                .each("ZWAPHONENUMBERLIDPAIR", |row| self.pair(row.text("zlid"), row.text("zphonenumber")));
            let _ = tables
                .each("ZWAZACCOUNT", |row| self.pair(row.text("zidentifier"), row.text("zphonenumber")));
        }
        // The chat with a person keeps the person's other address.
        let _ = tables.each("ZWACHATSESSION", |row| {
            let (one, other) = (row.text("zcontactjid"), row.text("zcontactidentifier"));
            let is_hidden = |jid: &Option<String>| jid.as_ref().is_some_and(|jid| jid.ends_with(HIDDEN));
            let is_phone = |jid: &Option<String>| jid.as_ref().is_some_and(|jid| jid.ends_with(PHONE));
            if is_hidden(&one) && is_phone(&other) {
                self.pair(one, other);
            } else if is_phone(&one) && is_hidden(&other) {
                self.pair(other, one);
            }
        });
        if let Some(contacts) = contacts {
            let _ = contacts.each("ZWAADDRESSBOOKCONTACT", |row| {
                self.pair(row.text("zlid"), row.text("zwhatsappid"));
            });
        }
    }

    fn pair(&mut self, hidden: Option<String>, phone: Option<String>) {
        let (Some(hidden), Some(phone)) = (hidden, phone) else { return };
        let hidden = plain(&with_server(&hidden, HIDDEN));
        let phone = plain(&with_server(&phone, PHONE));
        let is_number = phone
            .strip_suffix(PHONE)
            .is_some_and(|user| user.len() >= 5 && user.bytes().all(|byte| byte.is_ascii_digit()));
        if is_number && hidden.ends_with(HIDDEN) {
            self.phones.entry(hidden.into()).or_insert_with(|| phone.into());
        }
    }

    fn read_members(&mut self, tables: &Tables<'_>) {
        let _ = tables.each("ZWAGROUPMEMBER", |row| {
            if let (Some(id), Some(jid)) = (row.int("z_pk"), row.text("zmemberjid")) {
                let key = self.key_of(&jid);
                self.members.insert(id, key);
            }
        });
    }

    fn read_saved_names(&mut self, tables: &Tables<'_>) {
        let _ = tables.each("ZWAADDRESSBOOKCONTACT", |row| {
            let name = row.text("zfullname").or_else(|| row.text("zgivenname"));
            let jid = row.text("zwhatsappid").map(|jid| with_server(&jid, PHONE));
            self.save(jid.or_else(|| row.text("zlid").map(|jid| with_server(&jid, HIDDEN))), name);
        });
        let _ = tables.each("ZWACHATSESSION", |row| {
            let jid = row.text("zcontactjid").filter(|jid| kind_of(jid) == ConversationKind::Direct);
            self.save(jid, row.text("zpartnername"));
        });
        let _ =
            tables.each("ZWAGROUPMEMBER", |row| self.save(row.text("zmemberjid"), row.text("zcontactname")));
    }

    fn save(&mut self, jid: Option<String>, name: Option<String>) {
        if let (Some(jid), Some(name)) = (jid, name.and_then(|name| name_of(&name))) {
            let key = self.key_of(&jid);
            self.saved.entry(key).or_insert(name);
        }
    }

    fn read_own_names(&mut self, tables: &Tables<'_>) {
        let _ = tables.each("ZWAZACCOUNT", |row| {
            let jid = row.text("zidentifier").map(|jid| with_server(&jid, HIDDEN));
            self.call(jid, row.text("zdisplayname"));
        });
        let _ = tables.each("ZWAPROFILEPUSHNAME", |row| self.call(row.text("zjid"), push_name(row)));
    }

    fn call(&mut self, jid: Option<String>, name: Option<String>) {
        if let (Some(jid), Some(name)) = (jid, name.and_then(|name| name_of(&name))) {
            let key = self.key_of(&jid);
            self.own.entry(key).or_insert(name);
        }
    }

    /// The key of an address.
    pub(super) fn key_of(&self, jid: &str) -> Rc<str> {
        let plain: Rc<str> = plain(jid).into();
        self.phones.get(&plain).cloned().unwrap_or(plain)
    }

    /// The key of a member of a group, by its row.
    pub(super) fn member(&self, row: i64) -> Option<Rc<str>> {
        self.members.get(&row).cloned()
    }

    /// Somebody who is mentioned by the digits of an address.
    pub(super) fn mentioned(&self, digits: &str) -> Option<Rc<str>> {
        let known = |key: &Rc<str>| self.saved.contains_key(key) || self.own.contains_key(key);
        let hidden = self.key_of(&format!("{digits}{HIDDEN}"));
        if !hidden.ends_with(HIDDEN) || known(&hidden) {
            return Some(hidden);
        }
        Some(self.key_of(&format!("{digits}{PHONE}"))).filter(known)
    }

    /// A name for people to read: the saved one, their own, the number; empty when nothing but the key is known.
    pub(super) fn name(&self, key: &str) -> String {
        let known = self.saved.get(key).or_else(|| self.own.get(key)).cloned();
        known.or_else(|| phone(key)).unwrap_or_default()
    }

    /// `written`: what the message itself says its sender is called.
    pub(super) fn participant(&self, key: &str, written: Option<String>) -> Participant {
        let known = self.saved.get(key).or_else(|| self.own.get(key)).cloned();
        Participant {
            key: key.to_owned(),
            name: if key == ME {
                String::new()
            } else {
                known.or(written).or_else(|| phone(key)).unwrap_or_default()
            },
            is_me: key == ME,
            phone: phone(key),
            ..Participant::default()
        }
    }
}

/// The name a row keeps as text or, in newer versions, as a message of protobuf in Base64.
pub(super) fn push_name(row: &Row) -> Option<String> {
    let written = row.text("zpushname")?;
    match base64(&written) {
        // A short plain name can look like Base64; as a message it makes no sense then.
        Some(bytes) if written.ends_with('=') || written.len() >= 12 => {
            let fields = Fields::read(&bytes);
            let is_message = fields.text(1).is_some() || fields.number(1).is_some();
            if is_message { fields.text(1) } else { Some(written) }
        }
        _ => Some(written),
    }
}

/// A name without signs that steer; `None` where it is only a number, as the app shows people it has no name for.
pub(super) fn name_of(written: &str) -> Option<String> {
    let name: String = written.chars().filter(|sign| !STEERING.contains(sign)).collect();
    let name = name.trim();
    let is_number = name
        .chars()
        .all(|sign| sign.is_ascii_digit() || sign.is_whitespace() || "+-().\u{a0}".contains(sign));
    (!is_number).then(|| name.to_owned())
}

fn with_server(id: &str, server: &str) -> String {
    if id.contains('@') {
        return id.to_owned();
    }
    let user: String = id.chars().filter(|sign| !"+ -()\u{a0}".contains(*sign)).collect();
    format!("{user}{server}")
}

/// RFC 4648, section 4, with its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - body.len() > 2 || body.is_empty() {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(body.len()), 0_u32, 0_u32);
    for sign in body.bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits).to_le_bytes()[0]);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(chats: &str, hidden: &str, contacts: &str) -> People {
        let open = |sql: &str| {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            connection
        };
        let (chats, hidden, contacts) = (open(chats), open(hidden), open(contacts));
        People::read(&Tables::look(&chats).unwrap(), Some(&hidden), Some(&contacts))
    }

    const CHATS: &str = "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR, ZCONTACTIDENTIFIER VARCHAR, ZPARTNERNAME VARCHAR);
        INSERT INTO ZWACHATSESSION VALUES (1, '111@lid', '49151111@s.whatsapp.net', 'Ann B.'), (2, '49152222@s.whatsapp.net', '222@lid', '\u{200e}+49 152 222'),
            (3, '333@lid', NULL, NULL);
        CREATE TABLE ZWAPROFILEPUSHNAME (Z_PK INTEGER PRIMARY KEY, ZJID VARCHAR, ZPUSHNAME VARCHAR);
        INSERT INTO ZWAPROFILEPUSHNAME VALUES (1, '222@lid', 'bo'), (2, '444@lid', 'CNXy9s8GIAA='), (3, '111@lid', 'annie');";

    #[test]
    fn a_chat_keeps_the_other_address_of_its_person() {
        let people = people(CHATS, "CREATE TABLE t (a)", "CREATE TABLE t (a)");

        assert_eq!(&*people.key_of("111@lid"), "49151111@s.whatsapp.net");
        assert_eq!(&*people.key_of("222@lid"), "49152222@s.whatsapp.net");
        assert_eq!(&*people.key_of("333@lid"), "333@lid", "no number is known");
        assert_eq!(&*people.key_of("111:7@lid"), "49151111@s.whatsapp.net", "a device is no other person");
    }

    #[test]
    fn pairs_and_names_of_the_files_beside_are_used() {
        let people = people(
            CHATS,
            "CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, ZLID VARCHAR, ZPHONENUMBER VARCHAR);
             INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES (1, '333@lid', '+49 153-333');
             CREATE TABLE ZWAZACCOUNT (Z_PK INTEGER PRIMARY KEY, ZIDENTIFIER VARCHAR, ZPHONENUMBER VARCHAR, ZDISPLAYNAME VARCHAR);
             INSERT INTO ZWAZACCOUNT VALUES (1, '555@lid', NULL, 'Eve')",
            "CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR, ZGIVENNAME VARCHAR, ZWHATSAPPID VARCHAR, ZLID VARCHAR);
             INSERT INTO ZWAADDRESSBOOKCONTACT VALUES (1, 'Cleo D.', NULL, '49153333@s.whatsapp.net', NULL), (2, NULL, 'Fay', '49156666@s.whatsapp.net', '666@lid')",
        );

        assert_eq!(&*people.key_of("333@lid"), "49153333@s.whatsapp.net");
        assert_eq!(people.name(&people.key_of("333@lid")), "Cleo D.");
        assert_eq!(people.name(&people.key_of("666@lid")), "Fay");
        assert_eq!(people.name("555@lid"), "Eve");
    }

    #[test]
    fn a_saved_name_goes_before_the_own_one_and_a_number_is_none() {
        let people = people(CHATS, "CREATE TABLE t (a)", "CREATE TABLE t (a)");

        assert_eq!(people.name("49151111@s.whatsapp.net"), "Ann B.");
        assert_eq!(people.name("49152222@s.whatsapp.net"), "bo", "the app shows the number as a name");
        assert_eq!(people.name("444@lid"), "", "a message without a name is none");
        assert_eq!(people.name("333@lid"), "");
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        assert_eq!(base64("Zm9vYmE=").as_deref(), Some(&b"fooba"[..]));
        assert_eq!(base64("Zm9vYmFy").as_deref(), Some(&b"foobar"[..]));
        assert_eq!(base64("Zg==").as_deref(), Some(&b"f"[..]));
        assert!(base64("Zg=").is_none() && base64("Zg=a").is_none() && base64("====").is_none());
    }
}
