//! The rig itself: the key in the virtual reader, seen by another program's eyes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a story stops at the first surprise")]

use coffer_virtual_key::{KeySettings, SmartCardService, VirtualKey, in_namespaces};
use pcsc::{Context, Protocols, ReaderState, Scope, ShareMode, State};
use std::ffi::CString;
use std::time::Duration;

const SELECT: &[u8] = &[0, 0xA4, 4, 0, 8, 0xA0, 0, 0, 0x06, 0x47, 0x2F, 0, 0x01, 0];

/// Waits until a reader's card is gone.
fn wait_until_empty(context: &Context, reader: &CString) {
    let mut states = [ReaderState::new(reader.clone(), State::UNAWARE)];
    while !states[0].event_state().contains(State::EMPTY) {
        states[0].sync_current_state();
        context.get_status_change(Duration::from_secs(20), &mut states).unwrap();
    }
}

/// Selects the FIDO applet of the card in a reader.
fn select(context: &Context, reader: &CString) -> Vec<u8> {
    let card = context.connect(reader, ShareMode::Exclusive, Protocols::ANY).unwrap();
    card.transmit(SELECT, &mut [0; 300]).unwrap().to_vec()
}

#[test]
fn two_keys_are_cards_in_two_slots_and_can_be_pulled() {
    in_namespaces(|| {
        let folder = tempfile::tempdir().unwrap();
        let power = |name: &str, seed| VirtualKey::power(&KeySettings::new(folder.path().join(name), seed));
        let mut service = SmartCardService::start(folder.path()).unwrap();
        let first = service.insert(0, power("first", 1)).unwrap();
        let _second = service.insert(1, power("second", 2)).unwrap();
        let context = Context::establish(Scope::User).unwrap();
        let readers = context.list_readers_owned().unwrap();

        let answers: Vec<_> = readers.iter().map(|reader| select(&context, reader)).collect();
        drop(first);
        wait_until_empty(&context, &readers[0]);
        let _again = service.insert(0, power("first", 1)).unwrap();
        let put_back = select(&context, &readers[0]);

        assert_eq!(answers, [b"FIDO_2_0\x90\x00", b"FIDO_2_0\x90\x00"]);
        assert_eq!(put_back, b"FIDO_2_0\x90\x00");
    });
}
