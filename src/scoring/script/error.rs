//! Why a script gave nothing, in a sentence.

use rquickjs::{Ctx, Error, Value};

/// A script that gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It threw, or is not JavaScript; the message is the engine's or its own.
    #[error("The script failed: {0}")]
    Failed(String),
    #[error("The script ran for too long and was stopped. Look for a loop that does not end.")]
    OutOfTime,
    #[error("The script needed more memory than it may have ({} MB) and was stopped.", .0 >> 20)]
    OutOfMemory(usize),
    /// Its promise can settle no more.
    #[error("The script waits for something that never comes: its promise does not settle.")]
    Pending,
    #[error("The script gave back {0}, so there is no value to go on with. A code of several lines needs a return.")]
    Nothing(&'static str),
    /// A function, a symbol, a circle.
    #[error("The script gave back something that cannot be written as JSON: {0}")]
    NotJson(String),
    /// It is no JavaScript; a sentence.
    #[error("{0}")]
    NotRun(String),
    #[error("The JavaScript engine did not start: {0}")]
    NoEngine(String),
}

/// What may end a script from inside: the engine, or a finding of ours.
#[derive(Debug)]
pub(super) enum Stop {
    Engine(Error),
    Script(ScriptError),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<ScriptError> for Stop {
    fn from(error: ScriptError) -> Self {
        Self::Script(error)
    }
}

impl Stop {
    /// With what was thrown, which lies in the realm until it is fetched.
    pub(super) fn told(self, ctx: &Ctx<'_>, memory: usize) -> ScriptError {
        match self {
            Self::Script(error) => error,
            Self::Engine(Error::Allocation) => ScriptError::OutOfMemory(memory),
            Self::Engine(Error::Exception) => thrown(&ctx.catch(), memory),
            Self::Engine(other) => ScriptError::Failed(other.to_string()),
        }
    }
}

/// Where the engine has no memory left for an error it throws null, which nobody else is likely to do.
fn thrown(value: &Value<'_>, memory: usize) -> ScriptError {
    let message = value.as_exception().and_then(rquickjs::Exception::message).unwrap_or_else(|| shown(value));
    if value.is_null() || message.contains("out of memory") {
        return ScriptError::OutOfMemory(memory);
    }
    ScriptError::Failed(with_hint(message))
}

/// A thrown value that is no error: `throw 1`.
fn shown(value: &Value<'_>) -> String {
    match value.as_string().map(rquickjs::String::to_string) {
        Some(Ok(text)) => text,
        _ => match value.ctx().json_stringify(value.clone()) {
            Ok(Some(text)) => text.to_string().unwrap_or_default(),
            _ => value.type_name().to_owned(),
        },
    }
}

/// What scripts elsewhere have and this one has not.
const ABSENT: [(&str, &str); 6] = [
    ("the network", "fetch XMLHttpRequest WebSocket Request Response Headers URL URLSearchParams AbortController"),
    ("other modules", "require module exports importScripts __dirname __filename"),
    ("the machine", "process Buffer global Deno Bun window document navigator localStorage"),
    ("a clock", "performance setInterval"),
    ("randomness", "crypto"),
    ("that part of a browser or of Node", "Intl TextEncoder TextDecoder structuredClone WebAssembly atob btoa Blob"),
];

fn with_hint(message: String) -> String {
    if message.contains("call stack size exceeded") {
        return format!("{message}. It calls itself too deeply.");
    }
    if message.starts_with("could not load module") {
        return format!("{message}. A script has no access to other modules.");
    }
    let Some(name) = message.strip_suffix(" is not defined").map(|name| name.trim_matches('\'')) else {
        return message;
    };
    match ABSENT.iter().find(|(_, names)| names.split(' ').any(|absent| absent == name)) {
        Some((what, _)) => format!("{message}. A script has no access to {what}."),
        None => message,
    }
}
