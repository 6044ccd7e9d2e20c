//! A variant becomes a release: a version that is written once, with its evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::ColumnMetrics;
use crate::domain::{
    Evidence, FORMAT, Interval, Params, Prompt, PromptId, Release, ReleaseId, Role, RunHeader, Usd, VariantId,
};

use super::names::slug;
use super::version::{Step, Version};

/// What is to be frozen.
#[derive(Debug, Clone)]
pub struct Freezing {
    pub source: PromptId,
    pub variant: VariantId,
    /// The variant's prompt with overrides applied and snippets written out (`compose::Composer::standalone`).
    pub prompt: Prompt,
    pub params: Params,
    pub version: Version,
    pub note: String,
    pub frozen_at: Timestamp,
    pub evidence: Vec<Evidence>,
}

/// What came of freezing.
#[derive(Debug, Clone, PartialEq)]
pub enum Frozen {
    New(ReleaseId, Box<Release>),
    /// This version was released before with the same content; it stays as it is, evidence included.
    Same(ReleaseId, Arc<Release>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FreezeError {
    #[error(
        "Version {version} of {prompt} has been released with other content. A release is never changed: take {next} or later."
    )]
    Taken { prompt: PromptId, version: Version, next: Version },
    #[error("The variant has no layer that is on, so there is nothing to release. Switch a layer on.")]
    Empty,
}

/// Makes a release of a variant.
///
/// # Errors
/// A version that was released before with other content, and a prompt that says nothing.
pub fn freeze(asked: Freezing, released: &BTreeMap<ReleaseId, Arc<Release>>) -> Result<Frozen, FreezeError> {
    if !asked.prompt.layers.iter().any(|layer| layer.on) {
        return Err(FreezeError::Empty);
    }
    let id = release_id(&asked.source, &asked.version);
    // Where there is no system message, no canary was planted.
    let has_system = asked.prompt.layers.iter().any(|layer| layer.on && layer.role() == Role::System);
    let evidence =
        asked.evidence.into_iter().map(|found| Evidence { canary: found.canary && has_system, ..found }).collect();
    let release = Release {
        format: FORMAT,
        version: asked.version.to_string(),
        source: asked.source,
        variant: asked.variant,
        note: asked.note,
        frozen_at: asked.frozen_at,
        prompt: Prompt { version: asked.version.to_string(), ..asked.prompt },
        params: asked.params,
        evidence,
    };
    match of_version(released, &release.source, &asked.version) {
        None => Ok(Frozen::New(id, Box::new(release))),
        Some((id, before)) if same_content(before, &release) => Ok(Frozen::Same(id.clone(), before.clone())),
        Some(_) => {
            let next = step_on(released, &release.source, &release.version, Step::Patch);
            Err(FreezeError::Taken { prompt: release.source, version: asked.version, next })
        }
    }
}

/// The id, and so the file stem, of a release.
#[must_use]
pub fn release_id(prompt: &PromptId, version: &Version) -> ReleaseId {
    ReleaseId(format!("{}-{version}", slug(prompt.as_str())))
}

/// The highest version of a prompt that has been released.
#[must_use]
pub fn latest<'a>(
    released: &'a BTreeMap<ReleaseId, Arc<Release>>,
    prompt: &PromptId,
) -> Option<(Version, &'a Arc<Release>)> {
    of_prompt(released, prompt).map(|(version, _, release)| (version, release)).max_by(|a, b| a.0.cmp(&b.0))
}

/// The version that comes next: the prompt's `own` where that is above all that were released, else a step on from the
/// highest.
#[must_use]
pub fn propose(released: &BTreeMap<ReleaseId, Arc<Release>>, prompt: &PromptId, own: &str, step: Step) -> Version {
    let highest = latest(released, prompt).map(|(version, _)| version);
    let ahead = own.parse().ok().filter(|own| highest.as_ref().is_none_or(|highest| own > highest));
    ahead.unwrap_or_else(|| step_on(released, prompt, own, step))
}

/// The version that is a step on from the highest that was released. A first release has the prompt's `own`, and 1.0.0
/// where that is no version.
#[must_use]
pub fn step_on(released: &BTreeMap<ReleaseId, Arc<Release>>, prompt: &PromptId, own: &str, step: Step) -> Version {
    let first = || own.parse().unwrap_or_else(|_| Version::new(1, 0, 0));
    latest(released, prompt).map_or_else(first, |(version, _)| version.next(step))
}

/// How big a step the changes are for the program that calls the prompt.
#[must_use]
pub fn step_for(before: &Release, prompt: &Prompt, params: &Params) -> Step {
    let old = &before.prompt.variables;
    let new = &prompt.variables;
    let gone = old.keys().any(|name| !new.contains_key(name));
    let required = new.iter().any(|(name, variable)| {
        variable.default.is_none() && old.get(name).is_none_or(|earlier| earlier.default.is_some())
    });
    if gone || required || before.params.response != params.response {
        return Step::Major;
    }
    let added = new.keys().any(|name| !old.contains_key(name));
    let layers = |prompt: &Prompt| -> Vec<_> {
        prompt.layers.iter().filter(|layer| layer.on).map(|layer| (layer.id.clone(), layer.content.kind())).collect()
    };
    if added || layers(&before.prompt) != layers(prompt) { Step::Minor } else { Step::Patch }
}

/// The figures of one column of a run: a variant on a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    /// With its 95 % interval, each 0 to 1.
    pub pass_rate: Option<Interval>,
    pub mean_cost: Option<Usd>,
    /// Milliseconds.
    pub latency_p50_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
    /// The model version as the provider answered it.
    pub answered_by: Option<String>,
}

impl From<&ColumnMetrics> for Measured {
    fn from(metrics: &ColumnMetrics) -> Self {
        Self {
            passed: metrics.passed,
            failed: metrics.failed,
            unscored: metrics.unscored,
            errored: metrics.errored,
            pass_rate: metrics.pass_rate(),
            mean_cost: metrics.mean_cost(),
            latency_p50_ms: metrics.latency_p50(),
            latency_p95_ms: metrics.latency_p95(),
            answered_by: None,
        }
    }
}

/// The evidence that a column of a run gives; `None` for a column that the run does not have.
#[must_use]
pub fn evidence(header: &RunHeader, column: usize, measured: Measured) -> Option<Evidence> {
    if column >= header.columns() {
        return None;
    }
    let model = &header.models[column % header.models.len()];
    Some(Evidence {
        run: header.id.clone(),
        experiment: header.experiment.clone(),
        dataset: header.dataset.clone(),
        dataset_fingerprint: header.dataset_fingerprint,
        model: model.id.clone(),
        answered_by: measured.answered_by,
        scripted: model.scripted,
        canary: header.planted_canary().is_some(),
        passed: measured.passed,
        scored: measured.passed + measured.failed,
        unscored: measured.unscored,
        errored: measured.errored,
        pass_rate: measured.pass_rate,
        mean_cost: measured.mean_cost,
        latency_p50_ms: measured.latency_p50_ms,
        latency_p95_ms: measured.latency_p95_ms,
        gate: Some(header.definition.gate_or_all()),
    })
}

/// The releases of a prompt whose version can be read.
fn of_prompt<'a>(
    released: &'a BTreeMap<ReleaseId, Arc<Release>>,
    prompt: &PromptId,
) -> impl Iterator<Item = (Version, &'a ReleaseId, &'a Arc<Release>)> {
    released
        .iter()
        .filter(move |(_, release)| release.source == *prompt)
        .filter_map(|(id, release)| Some((release.version.parse().ok()?, id, release)))
}

fn of_version<'a>(
    released: &'a BTreeMap<ReleaseId, Arc<Release>>,
    prompt: &PromptId,
    version: &Version,
) -> Option<(&'a ReleaseId, &'a Arc<Release>)> {
    of_prompt(released, prompt).find(|(found, _, _)| found == version).map(|(_, id, release)| (id, release))
}

/// Whether two releases ship the same thing, whenever and on whatever evidence.
fn same_content(a: &Release, b: &Release) -> bool {
    a.prompt == b.prompt && a.params == b.params
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Fingerprint, Variable};
    pub use crate::interop::fixtures::{layer, prompt};

    pub fn proof() -> Evidence {
        Evidence {
            run: "20261123-140501-7f3a".into(),
            experiment: "main".into(),
            dataset: "messages".into(),
            dataset_fingerprint: Fingerprint([7; 32]),
            model: "small".into(),
            answered_by: None,
            scripted: true,
            canary: false,
            passed: 47,
            scored: 50,
            unscored: 1,
            errored: 2,
            pass_rate: Some(Interval { value: 0.94, low: 0.838, high: 0.979 }),
            mean_cost: Usd::from_dollars(0.0042),
            latency_p50_ms: Some(812.4),
            latency_p95_ms: Some(1904.0),
            gate: None,
        }
    }

    pub fn freezing(version: &str) -> Freezing {
        Freezing {
            source: "triage".into(),
            variant: "concise".into(),
            prompt: prompt(),
            params: Params { temperature: Some(0.2), ..Params::default() },
            version: version.parse().unwrap(),
            note: String::new(),
            frozen_at: "2026-11-23T14:30:00Z".parse().unwrap(),
            evidence: vec![proof()],
        }
    }

    pub fn release(version: &str) -> Release {
        match freeze(freezing(version), &BTreeMap::new()).unwrap() {
            Frozen::New(_, release) => *release,
            Frozen::Same(..) => unreachable!("nothing was released before"),
        }
    }

    fn shelf(releases: &[Release]) -> BTreeMap<ReleaseId, Arc<Release>> {
        let id = |release: &Release| release_id(&release.source, &release.version.parse().unwrap());
        releases.iter().map(|release| (id(release), Arc::new(release.clone()))).collect()
    }

    #[test]
    fn a_release_holds_the_prompt_under_its_version() {
        let Frozen::New(id, release) = freeze(freezing("1.2.0"), &BTreeMap::new()).unwrap() else {
            panic!("nothing was released before")
        };
        assert_eq!(id.as_str(), "triage-1.2.0");
        assert_eq!(release.prompt.version, "1.2.0");
        assert_eq!(release.evidence, [proof()]);
    }

    #[test]
    fn a_version_is_released_once() {
        let before = shelf(&[release("1.0.0"), release("1.1.0")]);
        let later =
            Freezing { frozen_at: "2026-12-01T00:00:00Z".parse().unwrap(), evidence: vec![], ..freezing("1.0.0") };
        assert!(matches!(freeze(later, &before), Ok(Frozen::Same(_, kept)) if kept.evidence == [proof()]));

        let mut other = freezing("1.0.0");
        other.prompt.layers[1] = layer("ask", "Other words: {{ message }}");
        let error = freeze(other, &before).unwrap_err();
        assert!(error.to_string().ends_with("take 1.1.1 or later."), "{error}");
    }

    #[test]
    fn a_prompt_that_says_nothing_is_refused() {
        let mut asked = freezing("1.0.0");
        asked.prompt.layers.iter_mut().for_each(|layer| layer.on = false);
        assert_eq!(freeze(asked, &BTreeMap::new()), Err(FreezeError::Empty));
    }

    #[test]
    fn the_next_version_follows_the_highest_of_its_own_prompt() {
        let mut foreign = release("7.0.0");
        foreign.source = "other".into();
        let before = shelf(&[release("1.9.0"), release("1.10.0"), foreign]);
        let check = |step, expect: &str| {
            assert_eq!(propose(&before, &"triage".into(), "1.10.0", step).to_string(), expect);
        };
        check(Step::Patch, "1.10.1");
        check(Step::Minor, "1.11.0");
        check(Step::Major, "2.0.0");
    }

    #[test]
    fn the_prompts_own_version_is_proposed_where_it_is_above_all_released_ones() {
        let before = shelf(&[release("1.9.0"), release("2.0.0-rc.1")]);
        let check = |prompt: &str, own: &str, expect: &str| {
            let proposed = propose(&before, &prompt.into(), own, Step::Minor);
            assert_eq!(proposed.to_string(), expect, "{prompt} {own}");
        };
        check("triage", "3.1.4", "3.1.4");
        check("triage", "2.0.0", "2.0.0");
        check("triage", "2.0.0-rc.1", "2.0.0");
        check("triage", "1.9.1", "2.0.0");
        check("triage", "soon", "2.0.0");
        check("new", "0.3.0", "0.3.0");
        check("new", "soon", "1.0.0");
        // A step that is asked for is a step from what was released.
        assert_eq!(step_on(&before, &"triage".into(), "3.1.4", Step::Patch).to_string(), "2.0.0");
    }

    #[test]
    fn the_step_tells_callers_whether_they_must_change() {
        let before = release("1.0.0");
        let check = |change: &dyn Fn(&mut Prompt), expect| {
            let mut prompt = prompt();
            change(&mut prompt);
            assert_eq!(step_for(&before, &prompt, &before.params), expect);
        };
        check(&|prompt| prompt.layers[1] = layer("ask", "Sort: {{ message }}"), Step::Patch);
        check(&|prompt| prompt.layers.push(layer("more", "Be brief.")), Step::Minor);
        check(
            &|prompt| {
                prompt.variables.insert("x".to_owned(), Variable { default: Some(json!(1)), ..Variable::default() });
            },
            Step::Minor,
        );
        check(
            &|prompt| {
                prompt.variables.insert("x".to_owned(), Variable::default());
            },
            Step::Major,
        );
        check(
            &|prompt| {
                prompt.variables.remove("tone");
            },
            Step::Major,
        );
    }
}
