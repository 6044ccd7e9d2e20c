//! What graders are asked for besides words: the API behind each must have it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{ModelId, Place, Problem};
use crate::scoring::Service;

use super::reach::Reach;

/// Models that are to give vectors or labels and whose API has none: every check that asks them would be unscored. `at` is
/// where a model is asked for a service.
pub(super) fn unable(
    services: &BTreeSet<(Service, ModelId)>,
    reached: &BTreeMap<ModelId, Reach>,
    mut at: impl FnMut(Service, &ModelId) -> Place,
) -> Vec<Problem> {
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
