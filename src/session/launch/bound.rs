//! What a hard budget asks of the models of a run: that somebody can say what a call costs at most.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{DefinitionKey, ModelId, Params, Place, Price, Problem, ProjectId};
use crate::plan::PlanVariant;
use crate::store::Places;

use super::reach::Reach;

/// Fields of request bodies that change how much a call may write, whatever `max_tokens` says.
const OUTPUT_FIELDS: [&str; 13] = [
    "best_of",
    "candidateCount",
    "max_length",
    "max_tokens",
    "max_tokens_to_sample",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
    "num_predict",
    "options",
    "generationConfig",
    "messages",
    "contents",
];

/// Models of which nobody can say what a call costs at most: under a hard budget none of their calls could be made.
pub(super) fn without_bound(
    answering: &BTreeSet<ModelId>,
    (project, variants): (&ProjectId, &[PlanVariant]),
    reached: &BTreeMap<ModelId, Reach>,
    places: &mut Places,
) -> Vec<Problem> {
    let unbounded = variants.iter().any(|variant| variant.params.max_tokens.is_none());
    let mut problems = Vec::new();
    for (id, reach) in reached.iter().filter(|(_, reach)| reach.is_asked) {
        let (message, hint) = match &reach.price {
            None => (
                format!("The price of the model `{id}` is unknown, so no budget can be kept."),
                "Give it a `price`, or run without a budget.",
            ),
            Some(price) if answering.contains(id) && *price != Price::FREE && is_unbounded(reach, unbounded) => (
                format!("Nobody knows how much the model `{id}` answers at most, so no budget can be kept."),
                "Give it a `max_output`, or its variants `max_tokens`, or run without a budget.",
            ),
            Some(_) => continue,
        };
        problems.push(Problem::error(places.of(&DefinitionKey::Manifest, &["models", id.as_str()]), message, hint));
    }
    for variant in variants {
        let key = DefinitionKey::Variant(project.clone(), variant.id.clone());
        let who = format!("variant `{}`", variant.id);
        problems.extend(past_the_bound(&who, &variant.params, |field| places.of(&key, &["params", "extra", field])));
    }
    for (id, reach) in reached.iter().filter(|(id, _)| answering.contains(*id)) {
        let at = |field: &str| places.of(&DefinitionKey::Manifest, &["models", id.as_str(), "params", "extra", field]);
        problems.extend(past_the_bound(&format!("model `{id}`"), &reach.spec.params, at));
    }
    problems
}

/// Whether nothing limits an answer: neither the model, nor its variants' `max_tokens` where the API hears of them.
fn is_unbounded(reach: &Reach, some_variant_is: bool) -> bool {
    reach.max_output.is_none() && (some_variant_is || !reach.is_told_max_tokens())
}

/// A field of the body that would lead past the bound.
fn past_the_bound(who: &str, params: &Params, at: impl FnOnce(&str) -> Place) -> Option<Problem> {
    let field = OUTPUT_FIELDS.iter().find(|field| params.extra.contains_key(**field))?;
    let message = format!("The {who} sets `{field}` in `extra`, where no budget can see it.");
    Some(Problem::error(at(field), message, "Set `max_tokens` instead, or run without a budget."))
}
