//! Where a snippet has its key from. The key itself is never looked at.

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The environment variable that holds the key.
    pub environment: Option<String>,
    /// The line on which a key stands as it is, from 1.
    pub literal: Option<u32>,
}

/// Names before a key.
const NAMES: [&str; 7] = ["api_key", "apikey", "x-api-key", "api-key", "x-goog-api-key", "authorization", "?key="];

/// Words in the place of a key in examples.
const EXAMPLES: [&str; 5] = ["your", "my-", "my_", "...", "xxx"];

pub fn find(text: &str) -> Found {
    let mut found = Found::default();
    for (line, words) in (1_u32..).zip(text.lines()) {
        let lower = words.to_ascii_lowercase();
        let Some(after) = NAMES.iter().filter_map(|name| Some(lower.find(name)? + name.len())).min() else { continue };
        let after = words.get(after..).unwrap_or_default();
        match environment(after) {
            Some(variable) => found.environment = found.environment.or(Some(variable)),
            None if found.literal.is_none() && is_literal(after) => found.literal = Some(line),
            None => {}
        }
    }
    found
}

/// `$NAME`, `${NAME}`, `os.environ["NAME"]`, `os.getenv("NAME")`, `process.env.NAME`, `process.env["NAME"]`.
fn environment(words: &str) -> Option<String> {
    const BEFORE: [&str; 7] =
        ["process.env.", "process.env[", "os.environ.get(", "os.environ[", "os.getenv(", "getenv(", "$"];
    let at = BEFORE.iter().find_map(|before| Some(words.find(before)? + before.len()))?;
    let name = words.get(at..)?.trim_start_matches(['"', '\'', '{', '(']);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(name.len());
    (end > 0).then(|| name[..end].to_owned())
}

/// The first word that is as long as keys are, and no placeholder.
fn is_literal(words: &str) -> bool {
    const NEAR: usize = 80;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let near: String = words.chars().take(NEAR).collect();
    let mut tokens = near.split(|letter: char| !is_letter(letter)).filter(|word| word.len() >= 8);
    tokens.next().is_some_and(|token| {
        let lower = token.to_ascii_lowercase();
        let is_example = EXAMPLES.iter().any(|word| lower.contains(word));
        let is_long = token.len() >= 12 || lower.starts_with("sk-");
        is_long && !is_example && token.bytes().any(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_the_environment_or_in_the_text() {
        let check = |text: &str, environment: Option<&str>, literal: Option<u32>| {
            let expect = Found { environment: environment.map(str::to_owned), literal };
            assert_eq!(find(text), expect, "{text}");
        };
        check("\n-H \"Authorization: Bearer $OPENAI_API_KEY\"", Some("OPENAI_API_KEY"), None);
        check("OpenAI(api_key=os.environ[\"MY_KEY\"])", Some("MY_KEY"), None);
        check("new OpenAI({ apiKey: process.env.KEY })", Some("KEY"), None);
        check("a\nclient = OpenAI(api_key=\"sk-abcdefgh12345678\")", None, Some(2));
        check("https://x/models/m:generateContent?key=AIzaSyA1234567890", None, Some(1));
        check("api_key=\"YOUR_API_KEY_HERE\"", None, None);
        check("-H 'x-api-key: sk-ant-0123456789' -d '{\"model\": 1}'", None, Some(1));
        check("print(\"hello\")", None, None);
    }
}
