//! What graders are asked for besides words: the API behind each must have it.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::domain::{Check, DefinitionKey, ModelId, Problem};
use crate::scoring::{Service, services_asked};
use crate::store::Places;

use super::reach::Reach;

/// Models that are to give vectors or labels and whose API has none: every check that asks them would be unscored. Each is
/// told at the first of the experiment's checks that asks it, or at the cases where only their own checks do.
pub(super) fn unable(
    services: &BTreeSet<(Service, ModelId)>,
    reached: &BTreeMap<ModelId, Reach>,
    (experiment, checks): (&DefinitionKey, &[Check]),
    cases: &DefinitionKey,
    places: &mut Places,
) -> Vec<Problem> {
    let mut at = |service: Service, model: &ModelId| match checks.iter().position(|check| asks(check, service, model)) {
        Some(check) => places.of(experiment, &["checks", &check.to_string()]),
        None => places.of(cases, &[]),
    };
    let mut problems = Vec::new();
    for (service, id) in services {
        let Some(reach) = reached.get(id) else { continue };
        let api = &reach.provider.api;
        let (has_it, what, hint) = match service {
            Service::Vectors => (
                api.gives_vectors(),
                "make vectors of texts",
                "Name a model for embeddings, or none: vectors are built in.",
            ),
            Service::Labels => (
                api.gives_labels(),
                "give labels",
                "Name a model of OpenAI's moderation, or a classifier of Hugging Face.",
            ),
        };
        if !has_it {
            let message =
                format!("The model `{id}` is to {what}, and the API of its provider `{}` cannot.", reach.spec.provider);
            problems.push(Problem::error(at(*service, id), message, hint));
        }
    }
    problems
}

fn asks(check: &Check, service: Service, model: &ModelId) -> bool {
    services_asked(slice::from_ref(check)).contains(&(service, model))
}
