//! What an authenticator says of itself (6.4, authenticatorGetInfo).

use super::cbor::{each_element, each_entry, each_named, whole};
use super::{Malformed, PinProtocol};
use crate::Transports;
use minicbor::decode::Decoder;

/// The least an authenticator takes in one message, when it does not say (6.4, 0x05).
const MESSAGE_SIZE: usize = 1024;
/// The fewest characters of a PIN, when it does not say (6.4, 0x0D).
const PIN_LENGTH: u8 = 4;

/// What a ceremony wants to know of an authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) versions: Versions,
    pub(crate) has_hmac_secret: bool,
    /// It gives the output with the creation (CTAP 2.2, 12.8).
    pub(crate) has_hmac_secret_mc: bool,
    pub(crate) options: Options,
    pub(crate) max_message: usize,
    /// The first of its protocols that is known here.
    pub(crate) protocol: Option<PinProtocol>,
    pub(crate) max_list: usize,
    pub(crate) max_id: Option<usize>,
    pub(crate) must_change_pin: bool,
    pub(crate) min_pin: u8,
    /// How it can be reached, where it is told.
    pub(crate) transports: Transports,
    /// Room for discoverable credentials, where it is told.
    pub(crate) room: Option<u64>,
}

/// The protocols it speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) is_fido2: bool,
    /// CTAP 2.1 or later: authenticatorSelection is a command of it.
    pub(crate) has_selection: bool,
}

/// Its options (6.4). Where one is `None`, it does not know the option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) resident_key: bool,
    /// A finger reader or the like: `Some(true)` when a finger is enrolled.
    pub(crate) built_in: Option<bool>,
    /// `Some(true)` when a PIN is set.
    pub(crate) pin: Option<bool>,
    /// It gives tokens with permissions.
    pub(crate) tokens: bool,
    /// Its PIN cannot be used to make or use passkeys.
    pub(crate) pin_is_for_management: bool,
}

/// How a person can be verified on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// By what is built in, with the PIN as the way out where there is one.
    BuiltIn { pin: bool },
    /// By its PIN.
    Pin,
    /// By a PIN that has to be chosen first.
    NewPin,
    /// Not at all.
    Impossible,
}

impl Info {
    /// Reads the answer to authenticatorGetInfo.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |decoder| {
            let mut info = Self::default();
            let mut has_protocols = false;
            each_entry(decoder, |key, value| {
                match key {
                    0x01 => info.versions = Versions::decode(value)?,
                    0x02 => each_element(value, |value| {
                        match value.str()? {
                            "hmac-secret" => info.has_hmac_secret = true,
                            "hmac-secret-mc" => info.has_hmac_secret_mc = true,
                            _ => {}
                        }
                        Ok(())
                    })?,
                    0x04 => info.options = Options::decode(value)?,
                    0x05 => info.max_message = MESSAGE_SIZE.max(small(value)?),
                    0x06 => {
                        has_protocols = true;
                        info.protocol = first_known(value)?;
                    }
                    0x07 => info.max_list = small(value)?.max(1),
                    0x08 => info.max_id = Some(small(value)?),
                    0x09 => info.transports = read_transports(value)?,
                    0x0C => info.must_change_pin = value.bool()?,
                    0x0D => info.min_pin = u8::try_from(value.u64()?).map_err(|_| Malformed)?.max(PIN_LENGTH),
                    0x14 => info.room = Some(value.u64()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            if !has_protocols && info.options.pin.is_some() {
                // CTAP 2.0 authenticators may not list their only protocol.
                info.protocol = Some(PinProtocol::One);
            }
            Ok(info)
        })
    }

    /// It can make passkeys with secrets.
    pub(crate) fn has_secrets(&self) -> bool {
        self.versions.is_fido2 && self.has_hmac_secret && self.protocol.is_some()
    }

    /// How it verifies a person.
    pub(crate) fn verification(&self) -> Verification {
        let pin_works = !self.options.pin_is_for_management;
        match (self.options.built_in, self.options.pin) {
            (Some(true), pin) => Verification::BuiltIn { pin: pin == Some(true) && pin_works },
            (_, Some(true)) if pin_works => Verification::Pin,
            (_, Some(false)) if pin_works => Verification::NewPin,
            _ => Verification::Impossible,
        }
    }
}

impl Default for Info {
    fn default() -> Self {
        Self {
            versions: Versions::default(),
            has_hmac_secret: false,
            has_hmac_secret_mc: false,
            options: Options::default(),
            max_message: MESSAGE_SIZE,
            protocol: None,
            // One at a time is what every authenticator takes.
            max_list: 1,
            max_id: None,
            must_change_pin: false,
            min_pin: PIN_LENGTH,
            transports: Transports::default(),
            room: None,
        }
    }
}

impl Versions {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let mut versions = Self::default();
        each_element(decoder, |value| {
            let version = value.str()?;
            versions.is_fido2 |= version.starts_with("FIDO_2_");
            // The preview of 2.1 has no such command.
            versions.has_selection |=
                version.starts_with("FIDO_2_") && !["FIDO_2_0", "FIDO_2_1_PRE"].contains(&version);
            Ok(())
        })?;
        Ok(versions)
    }
}

impl Options {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let mut options = Self::default();
        each_named(decoder, |name, value| {
            match name {
                "rk" => options.resident_key = value.bool()?,
                "uv" => options.built_in = Some(value.bool()?),
                "clientPin" => options.pin = Some(value.bool()?),
                "pinUvAuthToken" => options.tokens = value.bool()?,
                "noMcGaPermissionsWithClientPin" => options.pin_is_for_management = value.bool()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(options)
    }
}

fn small(decoder: &mut Decoder<'_>) -> Result<usize, Malformed> {
    usize::try_from(decoder.u64()?).map_err(|_| Malformed)
}

/// Authenticators list their protocols by preference (6.4, 0x06).
fn first_known(decoder: &mut Decoder<'_>) -> Result<Option<PinProtocol>, Malformed> {
    let mut first = None;
    each_element(decoder, |value| {
        let number = value.u64()?;
        first = first.or_else(|| PinProtocol::from_number(number));
        Ok(())
    })?;
    Ok(first)
}

/// Those that matter here; others are of no use to this computer.
fn read_transports(decoder: &mut Decoder<'_>) -> Result<Transports, Malformed> {
    let mut transports = Transports::default();
    each_element(decoder, |value| {
        transports = match value.str()? {
            "usb" => transports.with(Transports::USB),
            // "smart-card": the contacts of a card (WebAuthn level 3, 5.8.4).
            "nfc" | "smart-card" => transports.with(Transports::NFC),
            _ => transports,
        };
        Ok(())
    })?;
    Ok(transports)
}
