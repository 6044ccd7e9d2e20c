//! RON definitions: read with problems that name the place, saved so that comments and layout stay.
//!
//! [`syntax`] parses a file into a tree with byte spans; [`mod@read`] makes a typed value of it or tells what is wrong;
//! [`mod@print`] lays new values out; [`edit`] changes an existing text as little as the change allows.

mod edit;
mod explain;
mod print;
mod read;
#[cfg(test)]
mod samples;
mod syntax;
mod within;

pub use edit::{EditError, edit};
pub use print::to_text;
pub use read::{Loaded, MAX_BYTES, WARN_BYTES, read};
pub use syntax::{Bracket, Group, Member, Node, Shape, Span, SyntaxError, Tree, locate};
pub use within::within;
