//! The body: messages, and the places where earlier turns go in.

use crate::domain::Role;

/// A part of the body, with its line there, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Message { role: Role, text: String, line: u32, unknown_role: Option<String> },
    History { variable: String, line: u32 },
}

impl Part {
    pub fn line(&self) -> u32 {
        match self {
            Self::Message { line, .. } | Self::History { line, .. } => *line,
        }
    }
}

/// Splits a body. `threads` are inputs that hold turns; a loop that writes out turns by role is such a place too.
pub fn parts(body: &str, threads: &[&str]) -> Vec<Part> {
    let mut reader = Reader { parts: Vec::new(), role: Role::System, unknown_role: None, text: String::new(), line: 1 };
    let mut at = 0;
    let mut line = 1;
    for splice in splices(body, threads) {
        reader.lines(&body[at..splice.start], &mut line);
        reader.end();
        reader.parts.push(Part::History { variable: splice.variable, line });
        line += newlines(&body[splice.start..splice.end]);
        reader.line = line;
        at = splice.end;
    }
    reader.lines(&body[at..], &mut line);
    reader.end();
    reader.parts
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

struct Reader {
    parts: Vec<Part>,
    role: Role,
    unknown_role: Option<String>,
    text: String,
    /// Where the text began.
    line: u32,
}

impl Reader {
    fn lines(&mut self, text: &str, line: &mut u32) {
        for one in text.split_inclusive('\n') {
            if let Some(name) = role_line(one) {
                self.end();
                let role = role(name);
                self.role = role.unwrap_or(Role::User);
                self.unknown_role = role.is_none().then(|| name.to_lowercase());
                self.line = *line;
            } else {
                self.text.push_str(one);
            }
            *line += newlines(one);
        }
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            let unknown_role = self.unknown_role.take();
            self.parts.push(Part::Message { role: self.role, text, line: self.line, unknown_role });
        }
    }
}

fn role(name: &str) -> Option<Role> {
    match name.to_ascii_lowercase().as_str() {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    }
}

/// The role of a line `system:`, `# user:` or `user[name="Ann"]:`.
pub(super) fn role_line(line: &str) -> Option<&str> {
    const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "function", "tool"];
    let line = line.trim();
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    let before = line.strip_suffix(':')?.trim_end();
    let name = match before.split_once('[') {
        Some((name, attributes)) if attributes.ends_with(']') && attributes.contains('=') => name,
        Some(_) => return None,
        None => before,
    };
    ROLES.iter().any(|role| role.eq_ignore_ascii_case(name)).then_some(name)
}

struct Splice {
    start: usize,
    end: usize,
    variable: String,
}

/// The places where turns go in.
fn splices(text: &str, threads: &[&str]) -> Vec<Splice> {
    /// Bytes within which such a place must end.
    const LONGEST: usize = 400;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{') {
        let start = at + open;
        let near = &text[start..text.floor_char_boundary(start + LONGEST)];
        match slot_of(near, threads).or_else(|| loop_of_turns(near)) {
            Some((length, variable)) => {
                at = start + length;
                found.push(Splice { start, end: at, variable });
            }
            None => at = start + 1,
        }
    }
    found
}

/// `{{ name }}` at the beginning of a text, and its length.
fn slot_of(text: &str, threads: &[&str]) -> Option<(usize, String)> {
    let (inner, _) = text.strip_prefix("{{")?.split_once("}}")?;
    threads.contains(&inner.trim()).then(|| (inner.len() + 4, inner.trim().to_owned()))
}

/// `{% for x in turns %}{{ x.role }}:{{ x.content }}{% endfor %}`, with any space, at the beginning of a text.
fn loop_of_turns(text: &str) -> Option<(usize, String)> {
    let (statement, after) = text.strip_prefix("{%")?.split_once("%}")?;
    let (item, variable) = statement.trim_matches(['-', '+', ' ']).strip_prefix("for ")?.split_once(" in ")?;
    let (item, variable) = (item.trim(), variable.trim());
    let end = after.find("{%")?;
    let (closing, _) = after[end + 2..].split_once("%}")?;
    let inner: String = after[..end].chars().filter(|letter| !letter.is_whitespace()).collect();
    let is_turns = inner == format!("{{{{{item}.role}}}}:{{{{{item}.content}}}}");
    let is_name = variable.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let is_closed = closing.trim_matches(['-', '+', ' ']) == "endfor";
    let length = 2 + statement.len() + 2 + end + 2 + closing.len() + 2;
    (is_turns && is_name && is_closed).then(|| (length, variable.to_owned()))
}
