//! What is secret stays so: with every log wish of the environment, nothing of it is said or lies anywhere.

use crate::other_client::{evaluated_by_us, keyslots};
use crate::passkeys::OPEN;
use crate::rig::{PIN, Rig};
use coffer_virtual_key::in_namespaces;
use std::io::{self, Write};
use std::process::Output;
use std::sync::{Arc, Mutex};
use tracing::level_filters::LevelFilter;

/// Every wish for more words that a library below may hear.
const WISHES: [(&str, &str); 4] = [
    ("RUST_LOG", "trace"),
    ("RUST_BACKTRACE", "full"),
    ("G_MESSAGES_DEBUG", "all"),
    ("LIBPCSCLITE_DEBUG", "1"),
];

/// The ways a secret of bytes is written down by mistake.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let lower: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    vec![secret.to_vec(), lower.to_uppercase().into_bytes(), lower.into_bytes(), list.into_bytes()]
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|part| part == secret)
}

#[test]
fn neither_the_pin_nor_the_secret_of_a_passkey_is_said_or_kept_anywhere() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();
        let run = |home: &str, words: &[&str]| -> Output {
            let mut command = rig.scene.command(home, &[words, OPEN].concat());
            command.envs(WISHES).output().unwrap()
        };

        let outputs = [
            run("old", &["backup", "place"]),
            run("old", &["ways", "test", "place"]),
            run("new", &["restore", "place"]),
        ];
        let (_, credential, input) = keyslots(&rig.scene);
        let prf = evaluated_by_us(credential, input);

        let said = outputs
            .iter()
            .map(|output| ("what it said".into(), [&output.stdout[..], &output.stderr].concat()));
        let kept = ["old", "new", "place"].map(|folder| rig.scene.files(folder)).concat();
        let all: Vec<_> = said.chain(kept).collect();
        let secrets = [spellings(PIN.as_bytes()), spellings(prf.expose())].concat();
        let found: Vec<_> =
            all.iter().filter(|(_, bytes)| secrets.iter().any(|secret| holds(bytes, secret))).collect();
        assert!(outputs.iter().all(|output| output.status.success()));
        assert!(all.len() > 20, "too little was looked at: {}", all.len());
        assert_eq!(found.iter().map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());
    });
}

/// Hears every word of the libraries below.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_listens_at_the_finest_level_hears_the_wire_but_neither_the_pin_nor_the_secret() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();
        let (_, credential, input) = keyslots(&rig.scene);
        let heard = Heard::default();
        let ears = heard.clone();
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || ears.clone()).init();

        let prf = evaluated_by_us(credential, input);

        let said = heard.0.lock().unwrap();
        let secrets = [spellings(PIN.as_bytes()), spellings(prf.expose())].concat();
        assert!(
            holds(&said, b"webauthn_authenticator_rs"),
            "nobody said anything: this test listens to nothing"
        );
        assert!(!secrets.iter().any(|secret| holds(&said, secret)));
    });
}
