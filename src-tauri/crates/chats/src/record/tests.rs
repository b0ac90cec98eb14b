use super::*;
use crate::model::*;

fn rich() -> Message {
    Message {
        id: MessageId([7; 16]),
        native_id: Some("42".into()),
        ordinal: 3,
        sender: Some("user1".into()),
        direction: Direction::Out,
        time: Some(Timestamp {
            utc_ms: -5,
            precision: Precision::S,
            zone_known: true,
            local_ms: Some(1_568_000_000_000),
            text: "17.9.2019, 16:37:47".into(),
            extra: Extra::default(),
        }),
        kind: MessageKind::Location(Location { latitude: Some(52.5), ..Location::default() }),
        text: "здравствуй 👋".into(),
        entities: vec![Entity { start: 0, length: 3, kind: "bold".into(), ..Entity::default() }],
        raw: vec![0xff, 0x00],
        deleted: Some(Deletion::ByAdmin),
        ..Message::default()
    }
}

#[test]
fn a_decoded_record_equals_the_encoded_one() {
    let record = Record::Message(Box::new(rich()));

    let back = Record::decode(&record.encode());

    assert_eq!(back, Ok(record));
}

#[test]
fn the_bytes_of_a_small_message_are_these() {
    let message = Message { text: "hi".into(), ordinal: 1, ..Message::default() };

    let bytes = encode_message(&message);

    // [2, {3: 1, 8: "hi"}]
    assert_eq!(bytes, [0x82, 0x02, 0xa2, 0x03, 0x01, 0x08, 0x62, b'h', b'i']);
}

#[test]
fn unknown_keys_come_back_byte_for_byte() {
    // [2, {3: 1, 8: "hi", 99: {1: [1, 2]}}]
    let bytes = [0x82, 2, 0xa3, 3, 1, 8, 0x62, b'h', b'i', 0x18, 99, 0xa1, 1, 0x82, 1, 2];

    let record = Record::decode(&bytes).unwrap();

    assert_eq!(record.encode(), bytes);
    assert_eq!(record.to_json()["message"]["key_99"], "a1018201 02".replace(' ', ""));
}

#[test]
fn keys_out_of_order_are_refused() {
    let bytes = [0x82, 2, 0xa2, 8, 0x62, b'h', b'i', 3, 1];

    let refused = Record::decode(&bytes);

    assert_eq!(refused, Err(RecordError::OutOfOrder { at: 7 }));
}

#[test]
fn a_newer_code_is_named() {
    // [2, {5: 77}]: a direction nobody knows yet
    let refused = Record::decode(&[0x82, 2, 0xa1, 5, 0x18, 77]);

    assert_eq!(refused, Err(RecordError::Newer { what: "Direction", code: 77 }));
}

#[test]
fn bytes_after_a_record_are_refused() {
    let mut bytes = encode_message(&rich());
    let end = bytes.len();

    bytes.push(0);

    assert_eq!(Record::decode(&bytes), Err(RecordError::Trailing { end, length: end + 1 }));
}

#[test]
fn deeply_nested_unknown_values_do_not_overflow() {
    // [2, {99: [[[[...]]]]}]
    let mut bytes = vec![0x82, 2, 0xa1, 0x18, 99];
    bytes.resize(1_000_000, 0x81);
    bytes.push(0);

    let record = Record::decode(&bytes).unwrap();

    assert_eq!(record.encode(), bytes);
}

proptest::proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = Record::decode(&bytes);
    }

    #[test]
    fn a_cut_record_is_refused(at in 0_usize..60) {
        let bytes = encode_message(&rich());
        proptest::prop_assert!(Record::decode(&bytes[..at.min(bytes.len() - 1)]).is_err());
    }
}
