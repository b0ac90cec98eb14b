use super::*;
use std::collections::BTreeMap;

fn info_with(options: &[(&str, bool)]) -> Info {
    let options: BTreeMap<_, _> = options.iter().copied().collect();
    let fields = minicbor::to_vec(BTreeMap::from([(4_u8, options)])).unwrap();
    Info::decode(&fields).unwrap()
}

#[test]
fn how_a_key_verifies_follows_from_its_options() {
    let of = |options: &[(&str, bool)]| info_with(options).verification();

    assert_eq!(of(&[]), Verification::Impossible);
    assert_eq!(of(&[("clientPin", true)]), Verification::Pin);
    assert_eq!(of(&[("clientPin", false)]), Verification::NewPin);
    assert_eq!(of(&[("uv", true)]), Verification::BuiltIn { pin: false });
    assert_eq!(of(&[("uv", true), ("clientPin", true)]), Verification::BuiltIn { pin: true });
    assert_eq!(of(&[("uv", true), ("clientPin", false)]), Verification::BuiltIn { pin: false });
    assert_eq!(of(&[("uv", false), ("clientPin", true)]), Verification::Pin, "no finger is enrolled");
    assert_eq!(of(&[("uv", false)]), Verification::Impossible);
}

#[test]
fn a_pin_that_is_for_management_only_verifies_nobody() {
    let of = |options: &[(&str, bool)]| info_with(options).verification();
    let only_management = ("noMcGaPermissionsWithClientPin", true);

    assert_eq!(of(&[("clientPin", true), only_management]), Verification::Impossible);
    assert_eq!(
        of(&[("uv", true), ("clientPin", true), only_management]),
        Verification::BuiltIn { pin: false }
    );
}

#[test]
fn what_is_not_said_is_assumed_as_the_standard_says() {
    let info = Info::decode(&[0xA0]).unwrap();

    assert_eq!((info.max_message, info.max_list, info.min_pin), (1024, 1, 4));
    assert_eq!((info.max_id, info.room, info.protocol), (None, None, None));
    assert!(!info.has_secrets() && !info.must_change_pin);
}

#[test]
fn the_first_known_protocol_is_taken() {
    let protocol = |numbers: &[u8]| {
        Info::decode(&minicbor::to_vec(BTreeMap::from([(6_u8, numbers)])).unwrap()).unwrap().protocol
    };

    assert_eq!(protocol(&[1, 2]), Some(PinProtocol::One));
    assert_eq!(protocol(&[2, 1]), Some(PinProtocol::Two));
    assert_eq!(protocol(&[3, 2]), Some(PinProtocol::Two));
    assert_eq!(protocol(&[3]), None);
    assert_eq!(
        info_with(&[("clientPin", true)]).protocol,
        Some(PinProtocol::One),
        "CTAP 2.0 need not say it"
    );
}

#[test]
fn only_later_versions_have_selection() {
    let versions = |names: &[&str]| {
        let info = Info::decode(&minicbor::to_vec(BTreeMap::from([(1_u8, names)])).unwrap()).unwrap();
        (info.versions.is_fido2, info.versions.has_selection)
    };

    assert_eq!(versions(&["U2F_V2"]), (false, false));
    assert_eq!(versions(&["U2F_V2", "FIDO_2_0"]), (true, false));
    assert_eq!(versions(&["FIDO_2_0", "FIDO_2_1_PRE"]), (true, false));
    assert_eq!(versions(&["FIDO_2_0", "FIDO_2_1"]), (true, true));
    assert_eq!(versions(&["FIDO_2_3"]), (true, true));
}
