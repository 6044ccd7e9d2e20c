//! Export against real git repositories, in every state that a user's repository can be in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod content;
mod errors;
mod hostile;
mod states;
mod support;
