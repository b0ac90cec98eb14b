use super::*;
use minicbor::Encoder;
use proptest::prelude::*;

/// Reads bytes in every way there is. What matters is that it comes back.
fn read_in_every_way(bytes: &[u8]) -> usize {
    let secrets = PROTOCOLS.map(agreed);
    let results = [
        Info::decode(bytes).is_ok(),
        Retries::decode(bytes).is_ok(),
        PeerKey::decode_answer(bytes).is_ok(),
        Creation::decode(bytes).is_ok(),
        Assertion::decode(bytes).is_ok(),
        AuthData::decode(bytes).is_ok(),
        PinToken::decode(bytes, &secrets[0]).is_ok(),
        PinToken::decode(bytes, &secrets[1]).is_ok(),
    ];
    results.iter().filter(|is_ok| **is_ok).count()
}

/// An answer that some reader understands.
fn an_answer() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: [&str; 4] = ["create_answer", "evaluate_answer", "token_answer", "key_agreement_answer"];
    (prop::sample::select(NAMES.as_slice()), prop::sample::select(PROTOCOLS.as_slice()))
        .prop_map(|(name, protocol)| vector(protocol, name))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_in_every_way(&bytes);
    }

    #[test]
    fn random_bytes_that_begin_like_a_map_are_read_or_refused(
        head in 0xA0..=0xBF_u8,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        read_in_every_way(&[&[head], bytes.as_slice()].concat());
    }

    #[test]
    fn an_answer_cut_short_is_refused(answer in an_answer(), cut in any::<prop::sample::Index>()) {
        let at = cut.index(answer.len());

        prop_assert_eq!(read_in_every_way(&answer[..at]), 0, "cut at {}", at);
    }

    #[test]
    fn an_answer_with_something_behind_it_is_refused(answer in an_answer(), extra in 1_usize..9) {
        prop_assert_eq!(read_in_every_way(&[answer, vec![0; extra]].concat()), 0);
    }

    #[test]
    fn a_flipped_answer_is_read_or_refused(
        answer in an_answer(), at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let mut answer = answer;
        let at = at.index(answer.len());
        answer[at] ^= 1 << bit;

        read_in_every_way(&answer);
    }
}

#[test]
fn a_length_beyond_the_bytes_allocates_nothing() {
    // A map, an array, a text and bytes of 2^63 and more under a key that is read.
    let lengths = [
        [&[0xBB][..], &[0xFF; 8]].concat(),
        [&[0xA1, 0x01, 0x9B][..], &[0xFF; 8]].concat(),
        [&[0xA1, 0x01, 0x81, 0x7B][..], &[0xFF; 8]].concat(),
        [&[0xA1, 0x02, 0x5B][..], &[0xFF; 8]].concat(),
    ];

    assert_eq!(lengths.map(|bytes| read_in_every_way(&bytes)), [0; 4]);
}

#[test]
fn nesting_is_skipped_however_deep() {
    // Under a key that nobody knows: arrays in arrays, cut off.
    let definite = [&[0xA1, 0x18, 0x99][..], &[0x81; 60_000]].concat();
    let endless = [&[0xA1, 0x18, 0x99][..], &[0x9F; 60_000]].concat();

    assert_eq!(read_in_every_way(&definite), 0);
    assert_eq!(read_in_every_way(&endless), 0);
}

/// getInfo with these fields.
fn info(write: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Result<Info, Malformed> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    Info::decode(&bytes)
}

#[test]
fn keys_out_of_order_or_twice_are_refused() {
    let twice = info(|w| {
        w.map(2).unwrap().u8(5).unwrap().u16(1200).unwrap().u8(5).unwrap().u16(1).unwrap().ok().unwrap()
    });
    let back = info(|w| {
        w.map(2).unwrap().u8(7).unwrap().u8(8).unwrap().u8(5).unwrap().u16(1200).unwrap().ok().unwrap()
    });

    assert_eq!(twice, Err(Malformed));
    assert_eq!(back, Err(Malformed));
}

#[test]
fn a_key_that_takes_nothing_is_still_sent_what_must_be() {
    // A message of at least 1024 bytes, and a list of at least one (CTAP 2.1, 6.4).
    let info =
        info(|w| w.map(2).unwrap().u8(5).unwrap().u8(0).unwrap().u8(7).unwrap().u8(0).unwrap().ok().unwrap())
            .unwrap();

    assert_eq!((info.max_message, info.max_list), (1024, 1));
}

#[test]
fn a_public_key_off_the_curve_is_refused() {
    let mut answer = vector(PinProtocol::Two, "key_agreement_answer");
    *answer.last_mut().unwrap() ^= 1;

    assert_eq!(PeerKey::decode_answer(&answer), Err(Malformed));
}

#[test]
fn tokens_and_outputs_of_other_lengths_are_refused() {
    let secret = agreed(PinProtocol::Two);
    let token = |length: usize| {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).map(1).unwrap().u8(2).unwrap().bytes(&vec![0; length]).unwrap();
        PinToken::decode(&bytes, &secret).is_ok()
    };
    let output = |length: usize| salt(PinProtocol::Two).open(&vec![0; length]).is_ok();

    assert_eq!(
        [0, 15, 16, 32, 47, 48, 49, 64].map(token),
        [false, false, false, false, false, true, false, false]
    );
    assert_eq!(
        [0, 16, 32, 47, 48, 49, 64, 80].map(output),
        [false, false, false, false, true, false, false, false]
    );
}

#[test]
fn an_id_of_a_new_passkey_has_1_to_1023_bytes() {
    let data = |length: u16| {
        let head = [&[0; 32][..], &[0xC5], &[0; 4], &[0; 16], &length.to_be_bytes()].concat();
        // An empty public key and no extension.
        [head, vec![7; usize::from(length)], vec![0xA0, 0xA0]].concat()
    };

    assert_eq!(
        [0, 1, 1023, 1024].map(|length| AuthData::decode(&data(length)).is_ok()),
        [false, true, true, false]
    );
}
