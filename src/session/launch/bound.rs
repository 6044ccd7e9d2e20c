//! What a hard budget asks of the models of a run: that somebody can say what a call costs at most.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{ModelId, Place, Price, Problem};
use crate::plan::PlanVariant;

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
    variants: &[PlanVariant],
    reached: &BTreeMap<ModelId, Reach>,
) -> Vec<Problem> {
    let unbounded = variants.iter().any(|variant| variant.params.max_tokens.is_none());
    let problem = |(id, reach): (&ModelId, &Reach)| {
        let (message, hint) = match &reach.price {
            None => (
                format!("The price of the model `{id}` is unknown, so no budget can be kept."),
                "Give it a `price`, or run without a budget.",
            ),
            Some(price)
                if *price != Price::FREE
                    && reach.max_output.is_none()
                    && (unbounded || !reach.is_told_max_tokens()) =>
            {
                (
                    format!("Nobody knows how much the model `{id}` answers at most, so no budget can be kept."),
                    "Give it a `max_output`, or its variants `max_tokens`, or run without a budget.",
                )
            }
            Some(_) => return None,
        };
        let asked = answering.contains(id) || reach.price.is_none();
        asked.then(|| Problem::error(Place::file("workspace.ron"), message, hint))
    };
    let of_variants = variants.iter().map(|variant| (format!("variant `{}`", variant.id), &variant.params));
    let asked = reached.iter().filter(|(id, _)| answering.contains(*id));
    let of_models = asked.map(|(id, reach)| (format!("model `{id}`"), &reach.spec.params));
    let past_the_bound = of_variants.chain(of_models).filter_map(|(who, params)| {
        let field = OUTPUT_FIELDS.iter().find(|field| params.extra.contains_key(**field))?;
        let message = format!("The {who} sets `{field}` in `extra`, where no budget can see it.");
        Some(Problem::error(Place::default(), message, "Set `max_tokens` instead, or run without a budget."))
    });
    reached.iter().filter(|(_, reach)| reach.is_asked).filter_map(problem).chain(past_the_bound).collect()
}
