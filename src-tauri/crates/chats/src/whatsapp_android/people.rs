//! Who is behind an address: a telephone number, a hidden identifier ("LID") that `jid_map` leads to one, and the names known of them.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;

use crate::model::Participant;
use crate::tables::{Row, Tables};
pub(super) use crate::whatsapp_address::ME;
use crate::whatsapp_address::{PHONE, phone, plain};

/// Every address, and the names.
pub(super) struct People {
    keys: HashMap<i64, Rc<str>>,
    /// Hidden identifiers whose number is known, by their row.
    hidden: HashMap<i64, Rc<str>>,
    /// From hidden identifiers to telephone numbers.
    phones: HashMap<Rc<str>, Rc<str>>,
    names: HashMap<Rc<str>, String>,
    pub(super) own_name: Option<String>,
}

impl People {
    /// `names` is `wa.db`. Tables that cannot be read to their end give what they have.
    pub(super) fn read(tables: &Tables<'_>, names: Option<&Connection>) -> Self {
        let mut people = Self {
            keys: HashMap::new(),
            hidden: HashMap::new(),
            phones: HashMap::new(),
            names: HashMap::new(),
            own_name: None,
        };
        people.read_addresses(tables);
        people.read_own_names(tables);
        if let Some(tables) = names.and_then(|names| Tables::look(names).ok()) {
            people.read_contacts(&tables);
        }
        people
    }

    fn read_addresses(&mut self, tables: &Tables<'_>) {
        let _ = tables.each("jid", |row| {
            if let (Some(id), Some(address)) = (row.int("_id"), address(row)) {
                self.keys.insert(id, address.into());
            }
        });
        let mut pairs = Vec::new();
        let _ = tables.each("jid_map", |row| pairs.extend(row.int("lid_row_id").zip(row.int("jid_row_id"))));
        for (hidden, phone) in pairs {
            let Some(phone) = self.keys.get(&phone).filter(|key| key.ends_with(PHONE)).cloned() else {
                continue;
            };
            if let Some(key) = self.keys.insert(hidden, phone.clone()) {
                self.hidden.insert(hidden, key.clone());
                self.phones.insert(key, phone);
            }
        }
    }

    fn read_own_names(&mut self, tables: &Tables<'_>) {
        let _ = tables.each("lid_display_name", |row| {
            let name = row.text("display_name").or_else(|| row.text("username"));
            if let (Some(key), Some(name)) = (row.int("lid_row_id").and_then(|id| self.key(id)), name) {
                self.names.entry(key).or_insert(name);
            }
        });
        let _ = tables.each("props", |row| {
            if row.text("key").as_deref() == Some("user_push_name") {
                self.own_name = row.text("value");
            }
        });
    }

    /// Names in the person's address book go before those people gave themselves.
    fn read_contacts(&mut self, tables: &Tables<'_>) {
        let mut chosen: HashMap<Rc<str>, String> = HashMap::new();
        let _ = tables.each("wa_contacts", |row| {
            let Some(key) = row.text("jid").map(|jid| self.key_of(&jid)) else { return };
            if let Some(name) = saved_name(row) {
                chosen.insert(key, name);
            } else if let Some(name) = row.text("wa_name").or_else(|| row.text("nickname")) {
                self.names.entry(key).or_insert(name);
            }
        });
        let _ = tables.each("wa_vnames", |row| {
            if let (Some(jid), Some(name)) = (row.text("jid"), row.text("verified_name")) {
                self.names.entry(self.key_of(&jid)).or_insert(name);
            }
        });
        self.names.extend(chosen);
    }

    /// The key of an address by its row.
    pub(super) fn key(&self, row: i64) -> Option<Rc<str>> {
        self.keys.get(&row).cloned()
    }

    /// The address of a row as it is written in texts, where that is a hidden identifier.
    pub(super) fn written(&self, row: i64) -> Option<String> {
        self.hidden.get(&row).map(|key| key.to_string())
    }

    /// The key of an address as text.
    pub(super) fn key_of(&self, jid: &str) -> Rc<str> {
        let plain: Rc<str> = plain(jid).into();
        self.phones.get(&plain).cloned().unwrap_or(plain)
    }

    /// A name for people to read: the saved one, their own, the number; empty when nothing but the key is known.
    pub(super) fn name(&self, key: &str) -> String {
        if key == ME {
            return self.own_name.clone().unwrap_or_default();
        }
        self.names.get(key).cloned().or_else(|| phone(key)).unwrap_or_default()
    }

    pub(super) fn participant(&self, key: &str) -> Participant {
        Participant {
            key: key.to_owned(),
            name: self.name(key),
            is_me: key == ME,
            phone: phone(key),
            ..Participant::default()
        }
    }
}

fn saved_name(row: &Row) -> Option<String> {
    row.text("display_name").or_else(|| {
        let parts = [row.text("given_name"), row.text("family_name")];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    })
}

fn address(row: &Row) -> Option<String> {
    match (row.text("user"), row.text("server")) {
        (Some(user), Some(server)) => Some(plain(&format!("{user}@{server}"))),
        _ => row.text("raw_string").map(|raw| plain(&raw)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(messages: &str, names: &str) -> People {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(messages).unwrap();
        let contacts = Connection::open_in_memory().unwrap();
        contacts.execute_batch(names).unwrap();
        People::read(&Tables::look(&connection).unwrap(), Some(&contacts))
    }

    const JIDS: &str = "CREATE TABLE jid (_id INTEGER PRIMARY KEY, user TEXT, server TEXT, raw_string TEXT);
        INSERT INTO jid VALUES (1, '4915112345', 's.whatsapp.net', NULL), (2, '999', 'lid', NULL), (3, '888', 'lid', NULL),
            (4, NULL, NULL, '4915112345.0:7@s.whatsapp.net');";

    #[test]
    fn a_hidden_identifier_is_the_person_its_number_belongs_to() {
        let people = people(
            &format!(
                "{JIDS} CREATE TABLE jid_map (lid_row_id INTEGER, jid_row_id INTEGER); INSERT INTO jid_map VALUES (2, 1)"
            ),
            "",
        );

        assert_eq!(people.key(2), people.key(1));
        assert_eq!(&*people.key_of("999@lid"), "4915112345@s.whatsapp.net");
        assert_eq!(people.key(3).as_deref(), Some("888@lid"), "no number is known");
        assert_eq!(people.key(4), people.key(1), "a device is no other person");
    }

    #[test]
    fn without_jid_map_every_address_is_itself() {
        let people = people(JIDS, "");

        assert_eq!(people.key(2).as_deref(), Some("999@lid"));
        assert_eq!(people.name("4915112345@s.whatsapp.net"), "+4915112345");
        assert_eq!(people.name("999@lid"), "");
    }

    #[test]
    fn a_saved_name_goes_before_the_one_people_gave_themselves() {
        let people = people(
            &format!(
                "{JIDS} CREATE TABLE lid_display_name (lid_row_id INTEGER, display_name TEXT);
                 INSERT INTO lid_display_name VALUES (2, 'ann'), (3, 'bob')"
            ),
            "CREATE TABLE wa_contacts (jid TEXT, display_name TEXT, wa_name TEXT);
             INSERT INTO wa_contacts VALUES ('999@lid', 'Ann B.', 'annie'), ('4915112345@s.whatsapp.net', NULL, 'Carl')",
        );

        assert_eq!(people.name("999@lid"), "Ann B.");
        assert_eq!(people.name("888@lid"), "bob");
        assert_eq!(people.name("4915112345@s.whatsapp.net"), "Carl");
    }
}
