//! The real window, used as a person uses it: by what stands on the screen.

use super::computer::Ended;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The engine of a busy computer is slow to start (TOOLCHAIN: allow 30 s); Argon2id takes its time in a debug build.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// Finds what can be used, by its accessible name; runs in the page.
const FIND: &str = include_str!("find.js");

/// Coffer's window.
pub struct Window {
    client: Client,
    _driver: Ended,
}

impl Window {
    /// Starts a session once the driver listens.
    pub async fn attach(driver: Ended, port: u16) -> Self {
        let options = json!({ "binary": env!("CARGO_BIN_EXE_coffer"), "args": [] });
        let capabilities = json!({ "webkitgtk:browserOptions": options });
        let address = format!("http://127.0.0.1:{port}");
        let begun = Instant::now();
        let client = loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.as_object().expect("it is an object").clone());
            match builder.connect(&address).await {
                Ok(client) => break client,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "the window did not open: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        };
        let window = Self { client, _driver: driver };
        window.run("window.problems = []; for (const kind of ['securitypolicyviolation', 'error', 'unhandledrejection']) addEventListener(kind, (e) => problems.push(kind + ': ' + (e.violatedDirective ?? e.message ?? e.reason)));").await;
        window.until("the page is ready", "return document.documentElement.dataset.ready === 'true'").await;
        window
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script that calls its last argument when it is done.
    pub async fn run_until_called(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script says true.
    pub async fn until(&self, what: &str, script: &str) {
        let begun = Instant::now();
        loop {
            // A page that is just being replaced answers with an error; the next moment it is there.
            if self.client.execute(script, Vec::new()).await.is_ok_and(|answer| answer == json!(true)) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                panic!("waited in vain until {what}; the screen says:\n{}", self.text().await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Everything that can be read now.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a text stands on the screen.
    pub async fn sees(&self, text: &str) {
        let script =
            format!("return document.body.innerText.replace(/\\s+/g, ' ').includes({})", json!(text));
        self.until(&format!("“{text}” is on the screen"), &script).await;
    }

    /// A text is not on the screen now.
    pub async fn does_not_see(&self, text: &str) {
        assert!(!self.text().await.contains(text), "“{text}” is on the screen");
    }

    /// Waits for the page with this heading.
    pub async fn is_at(&self, heading: &str) {
        let script = format!(
            "return [...document.querySelectorAll('h1')].some((h) => h.textContent.trim() === {})",
            json!(heading)
        );
        self.until(&format!("the page “{heading}” is there"), &script).await;
    }

    /// Presses what bears this name: a button, link, row, box or radio.
    pub async fn press(&self, name: &str) {
        let found = self.find("use", name).await;
        found.click().await.unwrap_or_else(|error| panic!("pressing “{name}”: {error}"));
    }

    /// Presses what bears this test id, where a name stands twice on a screen.
    pub async fn tap(&self, id: &str) {
        let found = self.find_by(&format!("return tested({})", json!(id)), id).await;
        found.click().await.unwrap_or_else(|error| panic!("pressing {id}: {error}"));
    }

    /// Chooses from a list of answers.
    pub async fn chooses(&self, label: &str, answer: &str) {
        let list = self.find("field", label).await;
        list.select_by_label(answer).await.unwrap_or_else(|error| panic!("choosing {answer}: {error}"));
    }

    /// Types into the field with this label, in place of what stands there.
    pub async fn types(&self, label: &str, text: &str) {
        let field = self.find("field", label).await;
        field.click().await.unwrap();
        self.chord(&[Key::Control], 'a').await;
        self.keys(&Key::Delete.to_string()).await;
        if text.is_empty() {
            return;
        }
        field.send_keys(text).await.unwrap_or_else(|error| panic!("typing into “{label}”: {error}"));
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Presses a key while others are held down.
    pub async fn chord(&self, held: &[Key], key: char) {
        let held: Vec<char> = held.iter().map(|key| char::from(*key)).collect();
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in held.iter().copied().chain([key]) {
            actions = actions.then(KeyAction::Down { value });
        }
        for value in [key].into_iter().chain(held.iter().rev().copied()) {
            actions = actions.then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Goes on with the Tab key until what bears this name has the focus, then presses Enter (or Space on a box).
    pub async fn tabs_to(&self, name: &str) {
        let script = format!("{FIND}; return named(document.activeElement).includes({})", json!(name));
        self.tabs_until(name, &script).await;
    }

    /// Goes on with the Tab key to the field with this label.
    pub async fn tabs_to_field(&self, label: &str) {
        let script = format!(
            "{FIND}; return document.activeElement.matches(fields) && named(document.activeElement).includes({})",
            json!(label)
        );
        self.tabs_until(label, &script).await;
    }

    async fn tabs_until(&self, name: &str, script: &str) {
        for _ in 0..120 {
            if self.run(script).await == json!(true) {
                return;
            }
            self.keys(&Key::Tab.to_string()).await;
        }
        panic!("the Tab key does not reach “{name}”; the screen says:\n{}", self.text().await);
    }

    /// Reaches what begins with these words by keyboard alone and presses Enter.
    pub async fn enters_row(&self, words: &str) {
        let script = format!(
            "{FIND}; return document.activeElement.closest('main') !== null && named(document.activeElement).some((n) => n.startsWith({}))",
            json!(words)
        );
        self.tabs_until(words, &script).await;
        self.keys(&Key::Enter.to_string()).await;
    }

    /// Reaches it by keyboard alone and presses Enter.
    pub async fn enters(&self, name: &str) {
        self.tabs_to(name).await;
        self.keys(&Key::Enter.to_string()).await;
    }

    /// Gives the window a size, as a person drags its corner. The page gets what the line of menus leaves of it.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_rect(0, 0, width, height).await.unwrap();
        let script = format!(
            "return Math.abs(innerWidth - {width}) < 3 && innerHeight < {height} + 3 && innerHeight > {height} - 60"
        );
        self.until(&format!("the window is {width} x {height}"), &script).await;
    }

    /// A picture of what is on the screen, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    /// Errors and broken policies since the window opened.
    pub async fn problems(&self) -> Value {
        self.run("return window.problems").await
    }

    /// Closes the window, as a person does.
    pub async fn close(self) {
        assert_eq!(self.problems().await, json!([]), "the page had problems");
        self.client.close().await.unwrap();
    }

    async fn find(&self, kind: &str, name: &str) -> Element {
        self.find_by(&format!("return find({}, {})", json!(kind), json!(name)), name).await
    }

    async fn find_by(&self, script: &str, name: &str) -> Element {
        let begun = Instant::now();
        let script = format!("{FIND}; {script}");
        loop {
            let found = self.client.execute(&script, Vec::new()).await.unwrap_or(Value::Null);
            // The key is the WebDriver standard's name for a reference to an element.
            if let Some(id) = found.get("element-6066-11e4-a52e-4f735466cecf").and_then(Value::as_str) {
                return Element::from_element_id(self.client.clone(), ElementRef::from(id.to_owned()));
            }
            if begun.elapsed() > PATIENCE {
                panic!("there is no “{name}”; the screen says:\n{}", self.text().await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
