//! Looking at a screen as it is drawn: pictures in both themes and both sizes, and axe in the real engine.

use super::window::Window;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const AXE: &str = include_str!("../../ui/node_modules/axe-core/axe.min.js");
/// SCREENS, 4: WCAG 2.2 A and AA, and the best practices.
const RUN_AXE: &str = r"
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
  (found) => done(found.violations.map((v) => [v.id, v.help, ...v.nodes.map((n) => n.html + ' ' + n.failureSummary)])),
  (failed) => done(['axe failed: ' + failed]),
);";
/// Two frames after a change of style it is drawn (TOOLCHAIN).
const TWO_FRAMES: &str = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 150)));";

const SIDEWAYS: &str = "return document.documentElement.scrollWidth > innerWidth + 1";

const LARGE: (u32, u32) = (1120, 760);
const SMALL: (u32, u32) = (720, 560);

/// What was seen while a story went by. It is judged at the end, so that one screen does not hide the others.
pub struct Looks {
    found: Vec<String>,
    /// Only these screens, the others were seen before; all when empty.
    only: &'static [&'static str],
}

impl Looks {
    /// Begins to look.
    pub fn closely() -> Self {
        Self { found: Vec::new(), only: &[] }
    }

    /// Looks at some screens only.
    pub fn only_at(only: &'static [&'static str]) -> Self {
        Self { found: Vec::new(), only }
    }

    /// Takes the four pictures of a screen, lets axe look at both themes, and sees whether anything is cut off.
    pub async fn at(&mut self, window: &Window, name: &str) {
        if !self.only.is_empty() && !self.only.contains(&name) {
            return;
        }
        for (width, height) in [SMALL, LARGE] {
            window.resize(width, height).await;
            for theme in ["light", "dark"] {
                window.run(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
                window.run_until_called(TWO_FRAMES, Vec::new()).await;
                save(&format!("{name}-{theme}-{width}x{height}"), &window.picture().await);
                if (width, height) == LARGE {
                    let said = violations(window).await;
                    self.found.extend(said.iter().map(|said| format!("{name} {theme}: {said}")));
                }
            }
            if window.run(SIDEWAYS).await != json!(false) {
                self.found.push(format!("{name} scrolls sideways at {width}x{height}"));
            }
        }
        window.run("delete document.documentElement.dataset.theme").await;
    }

    /// Nothing was wrong on any screen.
    pub fn found_nothing(self) {
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

async fn violations(window: &Window) -> Vec<Value> {
    if window.run("return typeof axe").await != json!("object") {
        window.run(AXE).await;
    }
    let found = window.run_until_called(RUN_AXE, Vec::new()).await;
    found.as_array().cloned().unwrap_or_else(|| vec![found])
}

fn save(name: &str, png: &[u8]) {
    let folder = std::env::var_os("COFFER_SHOTS")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
}
