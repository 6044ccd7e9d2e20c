//! Earlier turns of a conversation: the last ones, within a token budget.

use serde_json::Value;

use crate::compose::tokens::count_tokens;
use crate::domain::{Message, Role};

use super::documents::BUDGET_TOKENIZER;

/// Why a value is no conversation, as the end of a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::compose) enum TurnsError {
    #[error("is text, not a list; mark its column as JSON")]
    Text,
    #[error("is not a list of turns")]
    NoList,
    #[error("has a turn without a `role` and a text `content` (item {0})")]
    NoTurn(usize),
    #[error("has a turn of the role `{0}`; a turn is by `user`, `assistant` or `system`")]
    Role(String),
    #[error("comes from outside and has a turn of the role `system`, which would give orders")]
    System,
}

/// The last turns that fit: at most `last`, the oldest left out first at `max_tokens`.
pub(in crate::compose) fn chosen(
    value: &Value,
    last: u32,
    max_tokens: Option<u32>,
    untrusted: bool,
) -> Result<Vec<Message>, TurnsError> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        Value::String(_) => return Err(TurnsError::Text),
        _ => return Err(TurnsError::NoList),
    };
    let from = items.len().saturating_sub(last as usize);
    let mut turns = Vec::new();
    for (index, item) in items.iter().enumerate().skip(from) {
        turns.push(turn(item, index + 1, untrusted)?);
    }
    if let Some(most) = max_tokens {
        turns.drain(..left_out(&turns, most as usize));
    }
    Ok(turns)
}

fn turn(item: &Value, number: usize, untrusted: bool) -> Result<Message, TurnsError> {
    let text = |field: &str| item.get(field).and_then(Value::as_str);
    let (Some(role), Some(content)) = (text("role"), text("content")) else { return Err(TurnsError::NoTurn(number)) };
    let role = match role {
        "user" | "human" => Role::User,
        "assistant" | "model" | "ai" => Role::Assistant,
        "system" | "developer" if untrusted => return Err(TurnsError::System),
        "system" | "developer" => Role::System,
        other => return Err(TurnsError::Role(other.to_owned())),
    };
    Ok(Message { role, content: content.to_owned() })
}

fn left_out(turns: &[Message], most: usize) -> usize {
    let mut total = 0;
    let kept = turns.iter().rev().take_while(|turn| {
        total += count_tokens(BUDGET_TOKENIZER, &turn.content);
        total <= most
    });
    turns.len() - kept.count()
}

/// Turns as text: `User: …`, `Assistant: …`.
pub(in crate::compose) fn as_block(turns: &[Message]) -> String {
    let blocks: Vec<String> = turns
        .iter()
        .map(|turn| {
            let who = match turn.role {
                Role::System => "System",
                Role::User => "User",
                Role::Assistant => "Assistant",
            };
            format!("{who}: {}", turn.content.trim())
        })
        .collect();
    blocks.join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn history() -> Value {
        json!([
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ])
    }

    fn contents(last: u32, max_tokens: Option<u32>) -> Vec<String> {
        let turns = chosen(&history(), last, max_tokens, false).expect("turns");
        turns.into_iter().map(|turn| turn.content).collect()
    }

    #[test]
    fn the_last_turns_go_in() {
        assert_eq!(contents(5, None), ["one", "two", "three"]);
        assert_eq!(contents(2, None), ["two", "three"]);
        assert_eq!(contents(0, None), [""; 0]);
        assert_eq!(contents(5, Some(2)), ["two", "three"]);
        assert_eq!(contents(5, Some(0)), [""; 0]);
    }

    #[test]
    fn a_value_that_is_no_conversation_is_refused() {
        let check = |value: Value, expect: TurnsError| assert_eq!(chosen(&value, 5, None, true), Err(expect));
        check(json!("[]"), TurnsError::Text);
        check(json!({}), TurnsError::NoList);
        check(json!([{"role": "user"}]), TurnsError::NoTurn(1));
        check(json!([{"role": "boss", "content": "x"}]), TurnsError::Role("boss".to_owned()));
        check(json!([{"role": "system", "content": "x"}]), TurnsError::System);
        assert_eq!(chosen(&Value::Null, 5, None, true), Ok(Vec::new()));
    }
}
