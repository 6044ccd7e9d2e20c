//! Columns that say who asks and when, for limits of users: the dataset must have them, and a time must be one.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Places;
use super::manifest::meant;
use crate::domain::{Asker, CaseId, DatasetId, DefinitionKey, Place, Problem, UserColumns, UserLimits};

/// What is wrong with the columns that limits of users name, for a dataset that has these columns: inputs and expected
/// values. `key` is the definition whose policy has the limits.
pub fn user_columns(
    places: &mut Places,
    key: &DefinitionKey,
    users: &UserLimits,
    (dataset, columns): (&DatasetId, &BTreeSet<&str>),
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (given, (field, _)) in users.columns.given().into_iter().zip(UserColumns::USUAL) {
        if let Some(column) = given.as_deref().filter(|column| !columns.contains(column)) {
            let message = format!("The dataset `{dataset}` has no column `{column}`, which is to say the {field}.");
            let hint = meant(column, columns.iter().copied());
            let place = places.of(key, &["policy", "users", "columns", field]);
            // Columns of a whole workspace's policy need not be in the datasets of all its projects.
            let told = if users.on { Problem::error } else { Problem::warning };
            problems.push(told(place, message, hint));
        }
    }
    let (_, usual) = UserColumns::USUAL[0];
    if users.on && users.columns.user.is_none() && !columns.contains(usual) {
        let message = format!("Users are limited, and the dataset `{dataset}` does not say who asks.");
        let hint = format!("Add a column `{usual}`, or name another: `columns: (user: \"…\")`.");
        problems.push(Problem::warning(places.of(key, &["policy", "users", "on"]), message, hint));
    }
    problems
}

/// When a case's request arrives.
///
/// # Errors
/// The case gives no time, or what it gives is no instant as RFC 3339 has it.
pub fn arrival(asker: &Asker, case: &CaseId) -> Result<Timestamp, Problem> {
    let text = asker.arrival.as_deref().unwrap_or_default();
    text.parse().map_err(|_| {
        let message = format!("The case `{case}` arrives at `{text}`, which is no instant.");
        let hint = "Give it as 2026-11-23T14:05:00Z, or leave the column out of all cases.";
        Problem::error(Place::default(), message, hint)
    })
}
