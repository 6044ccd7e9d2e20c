//! Which JavaScript a definition holds. What is granted is exactly that code: another text needs a new grant.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    Assertion, AssertionKind, Capability, Case, Check, CheckKind, Code, Dataset, DatasetId, Experiment, ExperimentId,
    ModelId, ModelSpec, Project, ProjectId, ScriptFile, Source, Workspace,
};
use crate::plan::definition_fingerprint;

/// A script, wherever it stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Script<'a> {
    source: Cow<'a, str>,
    /// The function of it that is called.
    export: Option<&'a str>,
    /// The source is a template that each case fills in.
    filled: bool,
}

type Scripts<'a> = BTreeSet<Script<'a>>;

/// The JavaScript of an experiment's checks.
pub(super) fn of_experiment(project: &ProjectId, id: &ExperimentId, experiment: &Experiment) -> Option<Capability> {
    let mut found = Scripts::new();
    in_checks(&experiment.checks, &mut found);
    capability(format!("the experiment `{project}/{id}`"), &found)
}

/// The JavaScript of a dataset's cases; rows of files have none.
pub(super) fn of_dataset(project: &ProjectId, id: &DatasetId, dataset: &Dataset) -> Option<Capability> {
    let mut found = Scripts::new();
    if let Source::Cases(cases) = &dataset.source {
        for case in cases {
            in_case(case, &mut found);
        }
    }
    capability(format!("the cases of `{project}/{id}`"), &found)
}

/// The JavaScript that a model's answers go through.
pub(super) fn of_model(id: &ModelId, model: &ModelSpec) -> Option<Capability> {
    let mut found = Scripts::new();
    in_code(model.transform.as_ref(), &mut found);
    capability(format!("the model `{id}`"), &found)
}

fn capability(of: String, found: &Scripts<'_>) -> Option<Capability> {
    (!found.is_empty()).then(|| Capability::Run {
        of,
        scripts: u32::try_from(found.len()).unwrap_or(u32::MAX),
        from_cases: found.iter().any(|script| script.filled),
        code: definition_fingerprint(found),
    })
}

fn in_case<'a>(case: &'a Case, found: &mut Scripts<'a>) {
    in_code(case.options.transform.as_ref(), found);
    in_file(case.options.scoring.as_ref(), found);
    in_checks(&case.checks, found);
}

fn in_checks<'a>(checks: &'a [Check], found: &mut Scripts<'a>) {
    for check in checks {
        match &check.kind {
            CheckKind::Assertion(assertion) => in_assertion(assertion, found),
            CheckKind::Set(set) => in_checks(&set.checks, found),
            _ => {}
        }
    }
}

fn in_assertion<'a>(assertion: &'a Assertion, found: &mut Scripts<'a>) {
    in_code(assertion.transform.as_ref(), found);
    if assertion.kind != AssertionKind::Javascript {
        return;
    }
    if assertion.script.is_some() {
        return in_file(assertion.script.as_ref(), found);
    }
    let source = match &assertion.value {
        Value::String(code) => Cow::Borrowed(code.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    let filled = ["{{", "{%"].iter().any(|tag| source.contains(tag));
    found.insert(Script { source, export: None, filled });
}

fn in_code<'a>(code: Option<&'a Code>, found: &mut Scripts<'a>) {
    match code {
        Some(Code::Inline(source)) => {
            found.insert(Script { source: source.into(), export: None, filled: false });
        }
        Some(Code::File(file)) => in_file(Some(file), found),
        Some(Code::Unrun { .. }) | None => {}
    }
}

fn in_file<'a>(file: Option<&'a ScriptFile>, found: &mut Scripts<'a>) {
    let script = |file: &'a ScriptFile| Script {
        source: file.source.as_str().into(),
        export: file.export.as_deref(),
        filled: false,
    };
    found.extend(file.map(script));
}

/// What datasets hold, as far as it was looked at: an edit of something else does not go through all their cases again.
#[derive(Debug, Default)]
pub struct KnownScripts(Known);

type Known = BTreeMap<(ProjectId, DatasetId), (Arc<Dataset>, Option<Capability>)>;

impl KnownScripts {
    /// All JavaScript of a workspace.
    pub(super) fn of(&mut self, workspace: &Workspace) -> BTreeSet<Capability> {
        let models = workspace.manifest.models.iter().filter_map(|(id, model)| of_model(id, model));
        let mut all: BTreeSet<Capability> = models.collect();
        let before = std::mem::take(&mut self.0);
        for (id, project) in &workspace.projects {
            let of_one = |(name, experiment): (&ExperimentId, &Arc<Experiment>)| of_experiment(id, name, experiment);
            all.extend(project.experiments.iter().filter_map(of_one));
            self.look_into(id, project, &before);
        }
        all.extend(self.0.values().filter_map(|(_, found)| found.clone()));
        all
    }

    fn look_into(&mut self, id: &ProjectId, project: &Project, before: &Known) {
        for (name, dataset) in &project.datasets {
            let key = (id.clone(), name.clone());
            let known = before.get(&key).filter(|(known, _)| Arc::ptr_eq(known, dataset));
            let found = known.map_or_else(|| of_dataset(id, name, dataset), |(_, found)| found.clone());
            self.0.insert(key, (dataset.clone(), found));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{AssertionSet, CaseOptions, Manifest, ProjectSpec};

    fn javascript(code: &str) -> Check {
        Check::new(CheckKind::Assertion(Box::new(Assertion::new(AssertionKind::Javascript, json!(code)))))
    }

    fn dataset(cases: Vec<Case>) -> Dataset {
        Dataset { source: Source::Cases(cases), ..Dataset::of_file(String::new()) }
    }

    fn of(cases: Vec<Case>) -> Option<Capability> {
        of_dataset(&"p".into(), &"d".into(), &dataset(cases))
    }

    fn case(checks: Vec<Check>) -> Case {
        Case { checks, ..Case::default() }
    }

    fn with(options: CaseOptions) -> Case {
        Case { options, ..Case::default() }
    }

    fn file(source: &str, export: Option<&str>) -> ScriptFile {
        ScriptFile { name: "a.js".into(), export: export.map(str::to_owned), source: source.into() }
    }

    #[test]
    fn every_place_of_a_script_is_found_and_another_text_is_another_capability() {
        let mut seen = BTreeSet::new();
        let set = |check| Check::new(CheckKind::Set(AssertionSet { checks: vec![check] }));
        let transformed = |code| {
            let mut assertion = Assertion::new(AssertionKind::Equals, json!("x"));
            assertion.transform = Some(code);
            Check::new(CheckKind::Assertion(Box::new(assertion)))
        };
        let own = |export| {
            let mut assertion = Assertion::new(AssertionKind::Javascript, Value::Null);
            assertion.script = Some(file("f", export));
            Check::new(CheckKind::Assertion(Box::new(assertion)))
        };
        for cases in [
            vec![case(vec![javascript("output")])],
            vec![case(vec![set(javascript("in a set"))])],
            vec![case(vec![transformed(Code::Inline("transform".into()))])],
            vec![case(vec![own(None)])],
            vec![case(vec![own(Some("other"))])],
            vec![with(CaseOptions { transform: Some(Code::File(file("t", None))), ..CaseOptions::default() })],
            vec![with(CaseOptions { scoring: Some(file("s", None)), ..CaseOptions::default() })],
            vec![case(vec![javascript("output")]), case(vec![javascript("more")])],
        ] {
            let found = of(cases.clone());
            assert!(matches!(found, Some(Capability::Run { .. })) && seen.insert(found), "{cases:?}");
        }
    }

    #[test]
    fn what_is_no_javascript_asks_for_nothing() {
        let unrun = Code::Unrun { name: "t.py".into(), why: "No.".into() };
        let options = CaseOptions { transform: Some(unrun), ..CaseOptions::default() };
        let plain = Check::new(CheckKind::Assertion(Box::new(Assertion::new(AssertionKind::Equals, json!("x")))));
        assert_eq!(of(vec![with(options), case(vec![plain])]), None);
        assert_eq!(of_dataset(&"p".into(), &"d".into(), &Dataset::of_file("a.csv".into())), None);
    }

    #[test]
    fn a_dataset_that_is_known_is_not_looked_into_again() {
        let workspace = |dataset: &Arc<Dataset>| {
            let mut project = Project::new(Arc::new(ProjectSpec::titled("P")));
            project.datasets.insert("d".into(), dataset.clone());
            let manifest: Manifest = serde_json::from_value(json!({ "name": "W" })).unwrap();
            Workspace {
                root: "/w".into(),
                manifest: Arc::new(manifest),
                projects: BTreeMap::from([("p".into(), project)]),
                scripts: BTreeMap::new(),
                problems: Vec::new(),
            }
        };
        let one = Arc::new(dataset(vec![case(vec![javascript("one")])]));
        let noted = of(vec![case(vec![javascript("noted")])]);
        let mut known = KnownScripts(BTreeMap::from([(("p".into(), "d".into()), (one.clone(), noted.clone()))]));
        assert_eq!(known.of(&workspace(&one)), noted.into_iter().collect());
        let other = Arc::new((*one).clone());
        assert_eq!(known.of(&workspace(&other)), of(vec![case(vec![javascript("one")])]).into_iter().collect());
    }

    #[test]
    fn the_same_scripts_in_another_order_are_the_same_and_templates_are_told() {
        let (a, b) = (|| case(vec![javascript("a")]), || case(vec![javascript("b")]));
        assert_eq!(of(vec![a(), b()]), of(vec![b(), a(), a()]));
        let Some(Capability::Run { scripts, from_cases, .. }) = of(vec![a(), b()]) else { panic!() };
        assert_eq!((scripts, from_cases), (2, false));
        let Some(Capability::Run { from_cases, .. }) = of(vec![case(vec![javascript("{{ code }}")])]) else { panic!() };
        assert!(from_cases);
    }
}
