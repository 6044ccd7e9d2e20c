//! Tiered selection: how complex a request is, and which model answers it therefore. Pure, so that the same request
//! always goes to the same model.

use serde_json::Value;

use crate::compose::{count_tokens, tokenizer_for};
use crate::domain::{ChatRequest, ComplexityWords, ModelId, Place, Problem, ResponseFormat, TierPolicy, Usd};

use super::bound::worst_case;
use super::expand::PlanModel;

/// An answer with more fields than this is a complex one.
const MANY_FIELDS: usize = 5;

/// How much a request asks of a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Complexity {
    /// 0 to 1.
    pub value: f64,
    /// One for each factor that counts: `reasoning: "why", "compare"`.
    pub reasons: Vec<String>,
}

/// The tiers of a variant with all that choosing among them takes.
#[derive(Debug, Clone)]
pub struct TierRoute {
    pub policy: TierPolicy,
    pub words: &'static ComplexityWords,
    /// In the policy's order.
    pub models: Vec<(ModelId, PlanModel)>,
}

/// The tier that answers, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiered {
    pub model: ModelId,
    pub complexity: Complexity,
}

/// The factors of a request, weighted and summed.
#[must_use]
pub fn complexity(request: &ChatRequest, policy: &TierPolicy, words: &ComplexityWords) -> Complexity {
    let text = plain(&request.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n"));
    let weights = &policy.weights;
    let factors = [
        ("reasoning", weights.reasoning, found(&text, &words.reasoning)),
        ("creativity", weights.creativity, found(&text, &words.creativity)),
        ("accuracy", weights.accuracy, found(&text, &words.accuracy)),
        ("long context", weights.long_context, long_context(request, policy.long_context)),
        ("complex output", weights.complex_output, form(request).or_else(|| found(&text, &words.complex_output))),
    ];
    let mut sum = Complexity::default();
    for (name, weight, why) in factors {
        if let Some(why) = why.filter(|_| weight > 0.0) {
            sum.value += weight;
            sum.reasons.push(format!("{name}: {why}"));
        }
    }
    // Weights are given in hundredths and the like: 0.6 + 0.1 is 0.7.
    sum.value = ((sum.value * 1e6).round() / 1e6).clamp(0.0, 1.0);
    sum
}

impl TierRoute {
    /// The model that answers a request, which has its own model's name so far. With a limit on the cost of a request,
    /// the nearest tier below that keeps to it.
    ///
    /// # Errors
    /// No tier at or below the chosen one keeps to the limit.
    pub fn choose<'a>(
        &'a self,
        request: &ChatRequest,
        own: (&'a ModelId, &'a PlanModel),
    ) -> Result<(Tiered, &'a PlanModel), Problem> {
        let complexity = complexity(request, &self.policy, self.words);
        let chosen = (0..self.models.len()).find(|tier| complexity.value <= self.policy.threshold(*tier));
        let mut steps: Vec<(&ModelId, &PlanModel)> = self.models.iter().map(|(id, model)| (id, model)).collect();
        steps.push(own);
        steps.truncate(chosen.map_or(steps.len(), |tier| tier + 1));
        let mut reasons = complexity.reasons;
        while let Some((id, model)) = steps.pop() {
            let Some(why) = self.too_dear(request, id, model) else {
                let complexity = Complexity { value: complexity.value, reasons };
                return Ok((Tiered { model: id.clone(), complexity }, model));
            };
            reasons.push(why);
        }
        let limit = self.policy.max_cost.unwrap_or_default();
        let message = format!("No tier may answer this request for at most {limit}: {}.", reasons.join("; "));
        Err(Problem::error(Place::default(), message, "Set a higher `max_cost`, or a lower `max_tokens`."))
    }

    fn too_dear(&self, request: &ChatRequest, id: &ModelId, model: &PlanModel) -> Option<String> {
        let limit: Usd = self.policy.max_cost?;
        match worst_case(request, model.price.as_ref(), model.max_output) {
            Ok(cost) if cost <= limit => None,
            Ok(cost) => Some(format!("{id} may cost {cost}")),
            Err(why) => Some(format!("{id}: {why}")),
        }
    }
}

/// Lower-case words with one blank around each, so that a phrase is found at the borders of words only.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(String::from(" "), |line, word| line + word + " ")
}

/// The first words that were found, quoted.
fn found(text: &str, words: &[String]) -> Option<String> {
    let found = words.iter().filter(|word| {
        let phrase = plain(word);
        phrase.len() > 1 && text.contains(&phrase)
    });
    let shown: Vec<String> = found.take(3).map(|word| format!("\"{word}\"")).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn long_context(request: &ChatRequest, limit: u32) -> Option<String> {
    // A token has at least a byte, so that short texts need not be counted.
    if request.input_token_bound() <= u64::from(limit) {
        return None;
    }
    let (tokenizer, _) = tokenizer_for(&request.model);
    let tokens: usize = request.messages.iter().map(|message| count_tokens(tokenizer, &message.content)).sum();
    (tokens > limit as usize).then(|| format!("{tokens} tokens"))
}

/// What the form of the answer says of its complexity.
fn form(request: &ChatRequest) -> Option<String> {
    if let ResponseFormat::Schema(schema) = &request.params.response {
        let (fields, nested) = fields(schema);
        if nested || fields > MANY_FIELDS {
            return Some(format!("a schema of {fields} fields{}", if nested { ", nested" } else { "" }));
        }
    }
    (request.tools.len() > 1).then(|| format!("{} tools", request.tools.len()))
}

/// Fields of an object's schema, and whether one of them has fields of its own.
fn fields(schema: &Value) -> (usize, bool) {
    let Some(own) = schema["properties"].as_object() else { return (0, false) };
    let inner = own.values().map(|field| fields(field).0 + fields(&field["items"]).0).sum::<usize>();
    (own.len() + inner, inner > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::{Message, ModelTier, Params, Price, Role};

    fn words() -> &'static ComplexityWords {
        let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Box::leak(Box::new(ComplexityWords {
            reasoning: all(&["reason", "why", "pros and cons"]),
            creativity: all(&["create", "poem"]),
            accuracy: all(&["exact", "legal"]),
            complex_output: all(&["table"]),
        }))
    }

    fn request(text: &str) -> ChatRequest {
        ChatRequest {
            model: "gpt-5".into(),
            messages: vec![Message { role: Role::User, content: text.into() }],
            params: Params { max_tokens: Some(100), ..Params::default() },
            tools: Vec::new(),
            sample: 0,
        }
    }

    fn value(request: &ChatRequest) -> f64 {
        complexity(request, &TierPolicy::default(), words()).value
    }

    fn route(max_cost: Option<Usd>) -> (TierRoute, ModelId, PlanModel) {
        let model = |name: &str, dollars: i64| PlanModel {
            model: name.to_owned(),
            origin: name.to_owned(),
            price: Some(Price { output: Usd::from_nanos(dollars * 1_000_000_000), ..Price::FREE }),
            max_output: None,
            params: Params::default(),
            is_echo: false,
            is_unmapped: false,
            is_told_max_tokens: true,
            transform: None,
        };
        let tier = |name: &str| ModelTier { model: name.into(), up_to: None };
        let policy = TierPolicy { tiers: vec![tier("small"), tier("mid")], max_cost, ..TierPolicy::default() };
        let models = vec![("small".into(), model("small", 1)), ("mid".into(), model("mid", 10))];
        (TierRoute { policy, words: words(), models }, "large".into(), model("large", 100))
    }

    fn chosen(text: &str, max_cost: Option<Usd>) -> Result<Tiered, Problem> {
        let (route, id, own) = route(max_cost);
        route.choose(&request(text), (&id, &own)).map(|(tiered, _)| tiered)
    }

    #[test]
    fn factors_add_up_by_whole_words_alone() {
        let check = |text: &str, expect: f64| {
            let found = value(&request(text));
            assert!((found - expect).abs() < 1e-9, "{text}: {found}");
        };
        check("What time is it?", 0.0);
        check("A reasonable price, a legalese recreation, unexact tables", 0.0);
        check("WHY?", 0.3);
        check("Why? For what reason?", 0.3);
        check("List the pros and\ncons.", 0.3);
        check("pros, and no cons", 0.0);
        check("An exact poem with a table: why?", 0.9);
    }

    #[test]
    fn length_and_form_count_too() {
        let long = request(&"word ".repeat(5_000));
        assert!((value(&long) - 0.1).abs() < 1e-9);
        assert!(value(&request(&"word ".repeat(3_000))) < 1e-9);
        let mut nested = request("hello");
        let inner = json!({"type": "object", "properties": {"b": {"type": "string"}}});
        nested.params.response = ResponseFormat::Schema(json!({"type": "object", "properties": {"a": inner}}));
        let found = complexity(&nested, &TierPolicy::default(), words());
        assert_eq!((found.value, &found.reasons[0][..]), (0.1, "complex output: a schema of 2 fields, nested"));
        nested.params.response =
            ResponseFormat::Schema(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
        assert!(value(&nested) < 1e-9);
    }

    #[test]
    fn the_harder_request_goes_to_the_larger_model() {
        let model = |text: &str| chosen(text, None).unwrap().model;
        assert_eq!(model("hello"), "small".into());
        assert_eq!(model("why?"), "small".into());
        assert_eq!(model("why, to be exact?"), "mid".into());
        assert_eq!(model("why, to be exact? In a table."), "mid".into());
        assert_eq!(model("why, to be exact? In a poem."), "large".into());
    }

    #[test]
    fn no_words_take_a_request_past_the_limit_of_its_cost() {
        let hard = "why, to be exact? In a poem.";
        let limit = |dollars: f64| Usd::from_dollars(dollars);
        // 100 output tokens cost $0.0001, $0.001 and $0.01.
        assert_eq!(chosen(hard, limit(0.01)).unwrap().model, "large".into());
        let capped = chosen(hard, limit(0.005)).unwrap();
        assert_eq!(capped.model, "mid".into());
        assert!(capped.complexity.reasons.iter().any(|reason| reason.contains("large may cost $0.01")));
        assert_eq!(chosen(hard, limit(0.0005)).unwrap().model, "small".into());
        assert!(chosen(hard, limit(0.000_05)).unwrap_err().message.contains("No tier may answer"));
        assert_eq!(chosen("hello", limit(0.01)).unwrap().model, "small".into());
    }

    proptest! {
        #[test]
        fn complexity_is_a_share_and_more_text_never_makes_it_less(a in "[a-z ]{0,60}", b in "( why| exact| poem| table| x){0,4}") {
            let (short, long) = (value(&request(&a)), value(&request(&format!("{a} {b}"))));
            prop_assert!((0.0..=1.0).contains(&short) && short <= long);
        }
    }
}
