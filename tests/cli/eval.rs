//! `strata eval`: promptfoo configs as they stand, their verdicts, what they may do, and how they go on.

mod agreement;
mod asked;
mod environment;
mod formats;
mod going_on;
mod imported;
mod labels;
mod not_passed;
mod paced;
mod trusted;
mod unrun;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::desk::{Desk, Ran};
use crate::support::Server;

/// The key that a config holds itself; it must be nowhere else.
pub const INLINE: &str = "inline-71c04e9b2fd8";

/// Writes a file of the config's folder, `c`.
pub fn put(desk: &Desk, name: &str, text: &str) {
    let path = desk.path().join("c").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A desk with a config in the folder `c`.
pub fn with_config(text: &str) -> Desk {
    let desk = Desk::empty();
    put(&desk, "promptfooconfig.yaml", text);
    desk
}

/// A config that asks a server on loopback, with the key in the config, one question a case.
pub fn asking(server: &Server, cases: usize, parallel: usize) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "prompts: ['Answer {{{{ question }}}}']\nproviders:\n  - id: openai:chat:loopback-1\n    config: {{apiBaseUrl: '{}/v1', apiKey: {INLINE}}}\n\
         evaluateOptions: {{maxConcurrency: {parallel}}}\ndefaultTest:\n  assert: [{{type: contains, value: Four}}]\ntests:\n",
        server.url()
    );
    for case in 0..cases {
        writeln!(text, "  - vars: {{question: '{}'}}", crate::desk::marker(case)).unwrap();
    }
    text
}

/// Evaluates the config of the folder `c`, with these arguments too.
pub fn eval(desk: &Desk, arguments: &[&str]) -> Ran {
    desk.strata(&[&["eval", "c"], arguments].concat())
}

pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
