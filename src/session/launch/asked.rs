//! Whom a run may ask: of all models that an experiment names, those that have a trial, a check or a guard to answer for.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Case, Check, CheckKind, ModelId, Policy, TrialRef};
use crate::plan::Plan;
use crate::scoring::{Service, models_asked, services_asked};

/// The models that answer: those of columns with a trial whose answer nobody has given, their variants' tiers, and where
/// there are any, those that stand in for them.
pub(super) fn answering(plan: &Plan, policy: &Policy) -> BTreeSet<ModelId> {
    let mut asked = BTreeSet::new();
    let columns = plan.variants.iter().flat_map(|variant| plan.header.models.iter().map(move |model| (variant, model)));
    for ((variant, model), calls) in columns.zip(&*plan.calls) {
        if *calls > 0 {
            let tiers = variant.tiers.iter().flat_map(|tiers| &tiers.models).map(|(id, _)| id);
            asked.extend(tiers.chain([&model.id]).cloned());
        }
    }
    if !asked.is_empty() {
        asked.extend(policy.fallback.models.iter().map(|stand_in| stand_in.model.clone()));
    }
    asked
}

/// Whom checks ask, those of cases and in sets included.
#[derive(Default)]
pub(super) struct Judging {
    /// The models, each with its calls over the whole run as far as they are known before it.
    pub calls: BTreeMap<ModelId, u64>,
    /// What is asked of them besides words.
    pub services: BTreeSet<(Service, ModelId)>,
}

/// Whom a plan's checks ask.
pub(super) fn judging(plan: &Plan) -> Judging {
    let mut judging = Judging::default();
    if plan.left_out.is_empty() && !plan.cases.has_options() {
        let outputs = plan.graded(FIRST, &Case::default()).count() as u64;
        let times = u64::from(plan.header.cases) * u64::from(plan.header.repeats);
        judging.add(&plan.header.definition.checks, outputs, times);
        return judging;
    }
    judging_trials(plan, &|_| true)
}

/// Whom checks ask for some of a plan's trials: those for which this holds.
pub(super) fn judging_trials(plan: &Plan, runs: &dyn Fn(TrialRef) -> bool) -> Judging {
    let mut judging = Judging::default();
    let common = &plan.header.definition.checks;
    if models_asked(common).is_empty() && !plan.cases.has_options() {
        return judging;
    }
    for case in 0..plan.header.cases {
        let of_case = TrialRef { case, ..FIRST };
        let found = if plan.cases.has_options() { plan.case(of_case).ok() } else { Some(Case::default()) };
        // A row that cannot be read is its trials' error, when they run, as is one that is broken.
        let Some(found) = found.filter(|case| case.options.broken.is_none()) else { continue };
        for repeat in (0..plan.header.repeats).filter_map(|repeat| u16::try_from(repeat).ok()) {
            let graded = plan.graded(TrialRef { repeat, ..of_case }, &found);
            let outputs = graded.filter(|trial| runs(*trial)).count() as u64;
            judging.add(common, outputs, 1);
            judging.add(&found.checks, outputs, 1);
        }
    }
    judging
}

const FIRST: TrialRef = TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };

impl Judging {
    /// Counts what checks ask for so many outputs each time, so many times.
    fn add(&mut self, checks: &[Check], outputs: u64, times: u64) {
        for check in checks {
            let compares = matches!(&check.kind, CheckKind::Assertion(assertion) if assertion.kind.compares_outputs());
            // Outputs are compared in one call, and one alone is compared with none.
            let calls = times * if compares { u64::from(outputs > 1) } else { outputs };
            if calls == 0 {
                continue;
            }
            for model in models_asked(std::slice::from_ref(check)) {
                *self.calls.entry(model).or_insert(0) += calls;
            }
            let services = services_asked(std::slice::from_ref(check)).into_iter();
            self.services.extend(services.map(|(service, model)| (service, model.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::{
        Api, Assertion, AssertionKind, AssertionSet, Case, CaseOptions, Code, Dataset, Experiment, Outcome, Problem,
        RunState, SecretRef, Source, Workspace,
    };
    use crate::session::Shelf;
    use crate::session::launch::{Prepared, Wish, prepare};
    use crate::session::tests::{Scripted, run_to_its_end};
    use crate::store::open_workspace;
    use crate::store::records::Records;

    /// The desk's workspace with more models: `away`, which needs trust and a key, `unread` beside it, whose answers go
    /// through a transform that is never run, `lost`, which nobody can ask, and judges; and with these cases as the dataset `some`.
    fn workspace(desk: &Scripted, cases: Vec<Case>) -> Workspace {
        let mut workspace = open_workspace(&desk.root()).unwrap();
        let manifest = Arc::make_mut(&mut workspace.manifest);
        let scripted = manifest.providers[&"desk".into()].clone();
        let api = |api, base_url: Option<&str>, key| {
            let key = SecretRef::Env(String::from(key));
            crate::domain::ProviderSpec {
                api,
                key: base_url.map(|_| key),
                base_url: base_url.map(str::to_owned),
                ..scripted.clone()
            }
        };
        let away = api(Api::OpenAi, Some("https://models.example/v1"), "A_KEY_THAT_NOBODY_HAS");
        manifest.providers.insert("away".into(), away);
        manifest.providers.insert("unmapped".into(), api(Api::Unmapped, None, ""));
        manifest.providers.insert("near".into(), crate::domain::ProviderSpec { api: Api::Ollama, ..scripted.clone() });
        let clerk = manifest.models[&"clerk".into()].clone();
        for (id, provider) in
            [("away", "away"), ("lost", "unmapped"), ("deep", "desk"), ("quick", "desk"), ("vectors", "near")]
        {
            let priced = clerk.price.clone().filter(|_| provider == "desk");
            let spec = crate::domain::ModelSpec { provider: provider.into(), price: priced, ..clerk.clone() };
            manifest.models.insert(id.into(), spec);
        }
        let transform = Some(Code::Unrun { name: "t.py".into(), why: "It is never run.".into() });
        let unread = crate::domain::ModelSpec { transform, ..manifest.models[&"away".into()].clone() };
        manifest.models.insert("unread".into(), unread);
        let project = workspace.projects.get_mut(&"p".into()).unwrap();
        let plain = project.variants[&"plain".into()].clone();
        project.variants.insert("second".into(), plain);
        let dataset = Dataset { source: Source::Cases(cases), ..Dataset::of_file(String::new()) };
        project.datasets.insert("some".into(), Arc::new(dataset));
        workspace
    }

    fn experiment(variants: &[&str], models: &[&str]) -> Experiment {
        serde_json::from_value(json!({ "variants": variants, "models": models, "dataset": "some" })).unwrap()
    }

    fn prepared(workspace: &Workspace, experiment: Experiment, lenient: bool) -> Result<Prepared, Vec<Problem>> {
        let wish = Wish {
            project: "p".into(),
            experiment: "some".into(),
            definition: Some(experiment),
            no_cache: true,
            unmapped_errs: lenient,
            ..Wish::default()
        };
        prepare(workspace, &Shelf::default(), &wish)
    }

    fn case(options: CaseOptions) -> Case {
        Case { vars: serde_json::Map::from_iter([("word".to_owned(), json!("w"))]), options, ..Case::default() }
    }

    fn only(models: &[&str]) -> CaseOptions {
        CaseOptions { models: Some(models.iter().map(|id| (*id).into()).collect()), ..CaseOptions::default() }
    }

    fn given() -> CaseOptions {
        CaseOptions { given: Some(json!("yes")), ..CaseOptions::default() }
    }

    #[test]
    fn only_models_with_a_trial_that_needs_their_answer_are_asked() {
        let desk = Scripted::new(1);
        let check = |models: &[&str], options: Vec<CaseOptions>, expect: &[&str], sent_to: usize| {
            let workspace = workspace(&desk, options.into_iter().map(case).collect());
            let mut experiment = experiment(&["plain"], models);
            // A price that nobody knows is nobody's matter where nothing is asked.
            experiment.budget.hard = (!expect.contains(&"away")).then(|| crate::domain::Usd::from_nanos(1_000_000_000));
            let prepared = prepared(&workspace, experiment, false).unwrap();
            let asked = prepared.reached.iter().filter(|(_, reach)| reach.is_asked).map(|(id, _)| id.as_str());
            assert_eq!(asked.collect::<Vec<_>>(), expect, "{models:?}");
            assert_eq!(prepared.asks.len(), sent_to, "{models:?}");
        };
        check(&["clerk", "away"], vec![CaseOptions::default()], &["away", "clerk"], 1);
        check(&["clerk", "away"], vec![only(&["clerk"]), given()], &["clerk"], 0);
        check(&["clerk", "away"], vec![only(&["clerk"]), only(&["away"])], &["away", "clerk"], 1);
        check(&["clerk", "away", "lost"], vec![given(), given()], &[], 0);
        check(&["lost", "clerk"], vec![only(&["clerk"])], &["clerk"], 0);
        check(&["unread", "clerk"], vec![CaseOptions::default()], &["clerk"], 0);
        check(&["unread"], vec![only(&["unread"])], &[], 0);
        check(&["away"], vec![CaseOptions { broken: Some("Why.".to_owned()), ..given() }], &[], 0);
    }

    #[test]
    fn stand_ins_are_asked_where_somebody_is_asked_in_whose_place_they_stand() {
        let desk = Scripted::new(1);
        let check = |options, expect: &[&str]| {
            let workspace = workspace(&desk, vec![case(options)]);
            let mut experiment = experiment(&["plain"], &["clerk"]);
            let fallback = json!({ "fallback": { "models": [{ "model": "away" }] } });
            experiment.policy = Some(serde_json::from_value(fallback).unwrap());
            let prepared = prepared(&workspace, experiment, false).unwrap();
            let asked = prepared.reached.iter().filter(|(_, reach)| reach.is_asked).map(|(id, _)| id.as_str());
            assert_eq!(asked.collect::<Vec<_>>(), expect);
        };
        check(CaseOptions::default(), &["away", "clerk"]);
        check(given(), &[]);
    }

    #[test]
    fn a_model_that_nobody_can_ask_refuses_a_run_or_errs_where_that_is_wished() {
        let desk = Scripted::new(1);
        let workspace = workspace(&desk, vec![case(CaseOptions::default()), case(given()), case(only(&["clerk"]))]);
        let wanted = || experiment(&["plain"], &["lost", "clerk"]);
        let refused = prepared(&workspace, wanted(), false).err().unwrap();
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].message.contains("Nobody here can ask the model `lost`"), "{refused:?}");
        let records = Records::open(&desk.root()).unwrap();
        let lenient = prepared(&workspace, wanted(), true).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(lenient.asks, BTreeSet::new());
        assert_eq!(run_to_its_end(lenient, &records), RunState::Completed);
        let run = records.runs().unwrap().remove(0);
        assert_eq!((run.errored, run.ended()), (1, 5), "{run:?}");
        let lost = TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };
        let ended = records.ended(&run.header.id, &[lost]).unwrap().remove(0);
        let Outcome::Errored(error) = &ended.outcome else { panic!("{ended:?}") };
        assert!(error.message.contains("Bind it to a model") && ended.attempts == 0, "{}", error.message);
    }

    fn graded(kind: AssertionKind, model: &str) -> Check {
        let assertion = Assertion { model: Some(model.into()), ..Assertion::new(kind, json!("a")) };
        Check::new(CheckKind::Assertion(Box::new(assertion)))
    }

    #[test]
    fn models_of_checks_in_sets_and_in_cases_are_counted_for_the_trials_that_run() {
        let desk = Scripted::new(1);
        let set = AssertionSet { checks: vec![graded(AssertionKind::GEval, "deep"), Check::new(CheckKind::Json)] };
        let common = vec![graded(AssertionKind::LlmRubric, "quick"), Check::new(CheckKind::Set(set))];
        let own = vec![graded(AssertionKind::Similar, "vectors")];
        let best = vec![graded(AssertionKind::SelectBest, "vectors")];
        let check = |cases: [(CaseOptions, &[Check]); 3], expect: &[(&str, u64)]| {
            let cases = cases.map(|(options, checks)| Case { checks: checks.to_vec(), ..case(options) });
            let workspace = workspace(&desk, cases.into());
            let models = ["clerk", "lost"];
            let experiment =
                Experiment { checks: common.clone(), repeats: 2, ..experiment(&["plain", "second"], &models) };
            let prepared = prepared(&workspace, experiment, true).unwrap();
            let found: Vec<(&str, u64)> =
                prepared.judges.iter().map(|(model, calls)| (model.as_str(), *calls)).collect();
            assert_eq!(found, expect);
        };
        let all = CaseOptions::default;
        // Nothing is graded of the model that nobody can ask, but for the answer that a case gives.
        check([(all(), &[]), (all(), &[]), (all(), &[])], &[("deep", 24), ("quick", 12)]);
        check([(all(), &[]), (all(), &own), (all(), &[])], &[("deep", 24), ("quick", 12), ("vectors", 4)]);
        check([(given(), &[]), (only(&["clerk"]), &own), (all(), &[])], &[("deep", 32), ("quick", 16), ("vectors", 4)]);
        let broken = CaseOptions { broken: Some("Why.".to_owned()), ..all() };
        check([(broken, &own), (all(), &[]), (all(), &[])], &[("deep", 16), ("quick", 8)]);
        // One call for all outputs of a case.
        check(
            [(all(), &best), (only(&["clerk"]), &best), (only(&[]), &best)],
            &[("deep", 16), ("quick", 8), ("vectors", 4)],
        );
    }

    #[test]
    fn judges_are_not_asked_for_columns_whose_transform_is_never_run() {
        let desk = Scripted::new(1);
        let check = |models: &[&str], options: CaseOptions, expect: Option<u64>| {
            let workspace = workspace(&desk, vec![case(CaseOptions::default()), case(options)]);
            let checks = vec![graded(AssertionKind::LlmRubric, "quick")];
            let experiment = Experiment { checks, ..experiment(&["plain", "second"], models) };
            let prepared = prepared(&workspace, experiment, true).unwrap();
            assert_eq!(prepared.judges.get(&"quick".into()).copied(), expect, "{models:?}");
        };
        check(&["clerk", "unread"], CaseOptions::default(), Some(4));
        check(&["clerk", "unread"], given(), Some(4));
        check(&["clerk", "unread"], only(&["unread"]), Some(2));
        check(&["unread"], CaseOptions::default(), None);
    }

    #[test]
    fn a_grader_of_a_case_alone_is_told_at_the_cases() {
        let desk = Scripted::new(1);
        let own = Case { checks: vec![graded(AssertionKind::Moderation, "quick")], ..case(CaseOptions::default()) };
        let workspace = workspace(&desk, vec![case(CaseOptions::default()), own]);
        let refused = prepared(&workspace, experiment(&["plain"], &["clerk"]), false).err().unwrap();
        assert_eq!(refused.len(), 1, "{refused:?}");
        let told = refused[0].to_string();
        let expect =
            "projects/p/datasets/some.ron: error: The model `quick` is to give labels, and the API of its provider";
        assert!(told.starts_with(expect), "{told}");
    }
}
