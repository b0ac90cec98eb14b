//! Recipients: people, groups and what else a chat can be held with. Their numbers count within one export only.

use std::collections::HashMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::part::Part;
use crate::model::{ConversationKind, Participant};

/// Key of the person: exports do not say their address.
pub(super) const ME: &str = "self";

/// Somebody or something a chat can be held with.
#[derive(Debug, Default)]
pub(super) struct Recipient {
    /// Lasting name: address of a person, hash of a group's key.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) phone: Option<String>,
    pub(super) kind: ConversationKind,
    /// Addresses of a group's members.
    pub(super) members: Vec<String>,
}

impl Recipient {
    /// One the export has no frame for.
    pub(super) fn unknown(id: u64) -> Self {
        named(&format!("recipient:{id}"), "", ConversationKind::Group)
    }

    pub(super) fn is_person(&self) -> bool {
        matches!(self.kind, ConversationKind::Direct | ConversationKind::Saved)
    }

    pub(super) fn participant(&self) -> Participant {
        Participant {
            key: self.key.clone(),
            name: self.name.clone(),
            is_me: self.key == ME,
            phone: self.phone.clone(),
            ..Participant::default()
        }
    }
}

/// Everyone an export names.
#[derive(Debug, Default)]
pub(super) struct People {
    recipients: HashMap<u64, Recipient>,
    /// Recipients by address.
    addresses: HashMap<String, u64>,
    pub(super) own_name: Option<String>,
    pub(super) has_me: bool,
}

impl People {
    pub(super) fn take_account(&mut self, account: &Map<String, Value>) {
        let account = Part(account);
        self.own_name = joined(account.text("givenName"), account.text("familyName"))
            .or_else(|| account.text("username").map(str::to_owned));
    }

    /// Takes a recipient; one of a kind that is not known yet is there without a name.
    pub(super) fn take(&mut self, recipient: &Map<String, Value>) {
        let recipient = Part(recipient);
        let id = recipient.number("id").unwrap_or(0);
        let taken = if let Some(contact) = recipient.part("contact") {
            self.contact(contact, id)
        } else if let Some(group) = recipient.part("group") {
            group_of(group, id)
        } else if recipient.part("self").is_some() {
            self.has_me = true;
            let name = self.own_name.clone().unwrap_or_default();
            Recipient { key: ME.to_owned(), name, kind: ConversationKind::Saved, ..Recipient::default() }
        } else if recipient.part("releaseNotes").is_some() {
            named("release_notes", "Signal", ConversationKind::Channel)
        } else if let Some(list) = recipient.part("distributionList") {
            let name = list.part("distributionList").and_then(|list| list.text("name")).unwrap_or_default();
            let key = list.uuid("distributionId").unwrap_or_else(|| id.to_string());
            named(&format!("list:{key}"), name, ConversationKind::Broadcast)
        } else if let Some(link) = recipient.part("callLink") {
            let key = link.bytes("rootKey").map_or_else(|| id.to_string(), |key| hidden(&key));
            named(&format!("call:{key}"), link.text("name").unwrap_or_default(), ConversationKind::Group)
        } else {
            Recipient::unknown(id)
        };
        self.recipients.insert(id, taken);
    }

    fn contact(&mut self, contact: Part<'_>, id: u64) -> Recipient {
        let phone = contact.number("e164").map(|digits| format!("+{digits}"));
        let aci = contact.uuid("aci");
        let pni = contact.uuid("pni");
        for address in aci.iter().chain(&pni) {
            self.addresses.insert(address.clone(), id);
        }
        let username = contact.text("username").map(str::to_owned);
        let key = aci
            .or_else(|| phone.clone())
            .or_else(|| pni.map(|pni| format!("pni:{pni}")))
            .or_else(|| username.clone())
            .unwrap_or_else(|| format!("recipient:{id}"));
        let nickname = contact.part("nickname");
        let name = nickname
            .and_then(|name| joined(name.text("given"), name.text("family")))
            .or_else(|| contact.text("systemNickname").map(str::to_owned))
            .or_else(|| joined(contact.text("systemGivenName"), contact.text("systemFamilyName")))
            .or_else(|| joined(contact.text("profileGivenName"), contact.text("profileFamilyName")))
            .or(username)
            .or_else(|| phone.clone())
            .unwrap_or_default();
        Recipient { key, name, phone, kind: ConversationKind::Direct, members: Vec::new() }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Recipient> {
        self.recipients.get(&id)
    }

    /// The person behind an address.
    pub(super) fn at(&self, address: &str) -> Option<&Recipient> {
        self.get(*self.addresses.get(address)?)
    }

    /// The lasting name of a recipient, whether or not it is known.
    pub(super) fn key(&self, id: u64) -> String {
        self.get(id).map_or_else(|| format!("recipient:{id}"), |recipient| recipient.key.clone())
    }

    /// A name for people to read.
    pub(super) fn name(&self, id: u64) -> String {
        self.get(id).map(|recipient| recipient.name.clone()).unwrap_or_default()
    }

    /// The name behind an address; an address no recipient has is the person's own.
    pub(super) fn name_at(&self, address: &str) -> String {
        match self.at(address) {
            Some(recipient) => recipient.name.clone(),
            None => self.own_name.clone().unwrap_or_default(),
        }
    }
}

fn group_of(group: Part<'_>, id: u64) -> Recipient {
    let key = group.bytes("masterKey").map_or_else(|| id.to_string(), |key| hidden(&key));
    let snapshot = group.part("snapshot");
    let title = snapshot.and_then(|snapshot| snapshot.part("title")).and_then(|title| title.text("title"));
    let members =
        snapshot.map(|snapshot| snapshot.parts("members").filter_map(|one| one.uuid("userId")).collect());
    Recipient {
        key: format!("group:{key}"),
        name: title.unwrap_or_default().to_owned(),
        phone: None,
        kind: ConversationKind::Group,
        members: members.unwrap_or_default(),
    }
}

fn named(key: &str, name: &str, kind: ConversationKind) -> Recipient {
    Recipient { key: key.to_owned(), name: name.to_owned(), kind, ..Recipient::default() }
}

/// A name made of a key, which itself would let others in.
fn hidden(key: &[u8]) -> String {
    crate::record::hex(Sha256::digest(key).get(..16).unwrap_or_default())
}

fn joined(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let name = format!("{} {}", first.unwrap_or_default(), last.unwrap_or_default());
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
