//! `strata run --preset`: how calls are guarded, for one run.

use strata::domain::{FallbackPolicy, Policy};
use strata::store::preset;

use crate::desk::Desk;

/// The policy that the only run was recorded with.
fn recorded(desk: &Desk) -> Policy {
    desk.only_run().header.definition.policy.clone().unwrap()
}

#[test]
fn a_preset_stands_for_the_experiments_policy_and_its_fallback_stays() {
    let desk = Desk::quick(&["yes"]);
    desk.edit(
        "projects/p/experiments/words.ron",
        "gate: 0.5,",
        "gate: 0.5, policy: (retry: (retries: 9), fallback: (canned: Some(\"Later.\"))),",
    );
    let ran = desk.strata(&["run", "w", "--preset", "strict"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let fallback = FallbackPolicy { canned: Some("Later.".to_owned()), ..FallbackPolicy::default() };
    assert_eq!(recorded(&desk), Policy { fallback, ..preset("strict").unwrap().clone() });
}

#[test]
fn a_run_with_bare_guards_is_not_guarded_by_the_workspace() {
    let desk = Desk::quick(&["no", "yes"]);
    desk.edit(
        "workspace.ron",
        "max_output: 100)}",
        "max_output: 100)}, policy: (output: (phrases: (forbidden: [\"no\"])))",
    );
    let flagged = |arguments: &[&str]| {
        let ran = desk.strata(&[&["run", "w", "--format", "json"], arguments].concat());
        let read: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        read["columns"][0]["flagged"].as_u64()
    };
    assert_eq!(flagged(&[]), Some(1));
    assert_eq!(flagged(&["--preset", "bare"]), Some(0));
}
