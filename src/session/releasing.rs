//! From a variant to a release to a commit: the steps that the window and the command line share. None of them is for the
//! main thread: they open datasets, read records and start git.

use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::launch::{Bookcase, plan_again};
use super::recall::relive;
use super::shelf::Shelf;
use crate::analysis::Board;
use crate::domain::{
    Definition, DefinitionKey, Evidence, ModelId, Place, Problem, Project, ProjectId, PromptId, Release, ReleaseId,
    RunEvent, RunHeader, RunId, RunState, RunSummary, TrialEnded, TrialRef, Variant, VariantId, Workspace,
};
use crate::plan::{Plan, PlannedTrial};
use crate::publish::{
    self, ExportError, ExportOptions, Exported, Freezing, Frozen, Git, Measured, Preview, Step, Version,
};
use crate::store::records::{Records, RecordsError};
use crate::store::save;

/// Trials of a column that are held against what the variant would send now.
const COMPARED: u32 = 3;
/// Trials of a column that are looked at for the model's own name.
const ASKED_FOR_NAME: u32 = 20;

/// What is to become a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseWish {
    pub project: ProjectId,
    pub source: Source,
    pub version: Pick,
    pub proof: ProofWish,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Variant(VariantId),
    /// The prompt as it is.
    Prompt(PromptId),
}

/// Which version it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    Exactly(Version),
    Next(Step),
    /// As big a step as the changes ask for; the last version where nothing has changed.
    Proposed,
}

/// Which run is the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofWish {
    /// The complete run of this very content with the most scored trials, if there is one; of equals the newest.
    Best,
    Run(RunId),
    Nothing,
}

/// A release that is not written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub project: ProjectId,
    pub id: ReleaseId,
    pub release: Arc<Release>,
    /// This version was released before with the same content; freezing it again changes nothing.
    pub frozen_before: bool,
    /// The version before this one.
    pub previous: Option<Arc<Release>>,
    /// What a person should know of the evidence.
    pub remark: Option<String>,
}

/// Makes a release of a variant or a prompt, with its evidence. Writes nothing.
///
/// # Errors
/// The variant does not compile, the run is none of it, or the version is taken.
pub fn draft(
    workspace: &Workspace,
    shelf: &Shelf,
    records: Option<&Records>,
    wish: &ReleaseWish,
    now: Timestamp,
) -> Result<Draft, Vec<Problem>> {
    let project = workspace.projects.get(&wish.project).ok_or_else(|| refused("There is no such project.", ""))?;
    let (id, variant) = variant(project, &wish.source)?;
    let composer = Bookcase { workspace, shelf, id: &wish.project, project }.composer(&variant)?;
    let (evidence, remark) = match records {
        Some(records) => {
            Witness { workspace, shelf, records, project: &wish.project, variant: &id }.testify(&wish.proof)?
        }
        None => (Vec::new(), Some("The records cannot be read, so there is no evidence.".to_owned())),
    };
    let freezing = |version: Version| Freezing {
        source: variant.prompt.clone(),
        variant: id.clone(),
        prompt: composer.standalone(),
        params: variant.params.clone(),
        version,
        note: wish.note.clone(),
        frozen_at: now,
        evidence: evidence.clone(),
    };
    let version = version(project, &variant.prompt, &wish.version, &freezing);
    let frozen = publish::freeze(freezing(version.clone()), &project.releases)
        .map_err(|error| refused(&error.to_string(), ""))?;
    let previous = before(project, &variant.prompt, &version);
    let (frozen_before, id, release) = match frozen {
        Frozen::New(id, release) => (false, id, Arc::new(*release)),
        Frozen::Same(id, release) => (true, id, release),
    };
    Ok(Draft { project: wish.project.clone(), id, release, frozen_before, previous, remark })
}

/// Writes the draft's file, once; nothing where it is there already.
///
/// # Errors
/// The file cannot be written, or another one has its name.
pub fn keep(root: &Path, draft: &Draft) -> Result<(), Problem> {
    if draft.frozen_before {
        return Ok(());
    }
    let key = DefinitionKey::Release(draft.project.clone(), draft.id.clone());
    let definition = Definition::Release(draft.release.clone());
    save(root, &key, None, Some(&definition))
        .map(drop)
        .map_err(|error| Problem::error(Place::file(key.path()), error.to_string(), "Take another version."))
}

/// The release of the same prompt whose version comes before this one's.
#[must_use]
pub fn previous<'a>(project: &'a Project, release: &Release) -> Option<&'a Arc<Release>> {
    let version: Version = release.version.parse().ok()?;
    older(project, &release.source, &version)
}

/// What an export of a release would do.
///
/// # Errors
/// See [`ExportError`].
pub fn preview(
    project: &Project,
    release: &Release,
    repository: &Path,
    name: Option<String>,
) -> Result<Preview, ExportError> {
    let before = previous(project, release).map(|release| &**release);
    publish::preview(&Git::default(), repository, release, before, &ExportOptions { name })
}

/// Commits a release to its branch and tags it. Whoever calls this has asked whether it may write there.
///
/// # Errors
/// See [`ExportError`].
pub fn export(
    project: &Project,
    release: &Release,
    repository: &Path,
    name: Option<String>,
) -> Result<Exported, ExportError> {
    let before = previous(project, release).map(|release| &**release);
    publish::export(&Git::default(), repository, release, before, &ExportOptions { name })
}

/// The runs that a variant took part in and that came to their end, the newest first.
pub fn runs_of<'a>(
    runs: &'a [RunSummary],
    project: &'a ProjectId,
    variant: &'a VariantId,
) -> impl Iterator<Item = &'a RunSummary> {
    runs.iter().filter(move |run| {
        run.state == RunState::Completed && run.header.project == *project && run.header.variants.contains(variant)
    })
}

fn refused(message: &str, hint: &str) -> Vec<Problem> {
    vec![Problem::error(Place::default(), message, hint)]
}

fn variant(project: &Project, source: &Source) -> Result<(VariantId, Arc<Variant>), Vec<Problem>> {
    match source {
        Source::Variant(id) => {
            let found = project.variants.get(id).cloned();
            let missing = || refused(&format!("There is no variant `{id}`."), &known(project.variants.keys()));
            Ok((id.clone(), found.ok_or_else(missing)?))
        }
        Source::Prompt(id) if project.prompts.contains_key(id) => {
            Ok((VariantId(id.0.clone()), Arc::new(Variant::of(id.clone()))))
        }
        Source::Prompt(id) => Err(refused(&format!("There is no prompt `{id}`."), &known(project.prompts.keys()))),
    }
}

fn known<T: std::fmt::Display>(ids: impl Iterator<Item = T>) -> String {
    let ids: Vec<String> = ids.map(|id| format!("`{id}`")).collect();
    if ids.is_empty() { "There is none yet.".to_owned() } else { format!("There are: {}.", ids.join(", ")) }
}

fn version(project: &Project, prompt: &PromptId, pick: &Pick, freezing: &dyn Fn(Version) -> Freezing) -> Version {
    let released = &project.releases;
    let own = project.prompts.get(prompt).map_or("", |prompt| prompt.version.as_str());
    match pick {
        Pick::Exactly(version) => version.clone(),
        Pick::Next(step) => publish::step_on(released, prompt, own, *step),
        Pick::Proposed => {
            let Some((last, before)) = publish::latest(released, prompt) else {
                return publish::propose(released, prompt, own, Step::Patch);
            };
            let again = freezing(last.clone());
            let proposed =
                publish::propose(released, prompt, own, publish::step_for(before, &again.prompt, &again.params));
            // Whoever gave the prompt a version of its own wants it, even for the same words.
            let wanted = own.parse() == Ok(proposed.clone());
            match publish::freeze(again, released) {
                Ok(Frozen::Same(..)) if !wanted => last,
                _ => proposed,
            }
        }
    }
}

fn before(project: &Project, prompt: &PromptId, version: &Version) -> Option<Arc<Release>> {
    older(project, prompt, version).cloned()
}

fn older<'a>(project: &'a Project, prompt: &PromptId, version: &Version) -> Option<&'a Arc<Release>> {
    let of_prompt = project.releases.values().filter(|release| release.source == *prompt);
    let with_version = of_prompt.filter_map(|release| Some((release.version.parse::<Version>().ok()?, release)));
    let older = with_version.filter(|(known, _)| known < version);
    older.max_by(|a, b| a.0.cmp(&b.0)).map(|(_, release)| release)
}

/// Finds a run that tells of this very variant, and what it tells.
struct Witness<'a> {
    workspace: &'a Workspace,
    shelf: &'a Shelf,
    records: &'a Records,
    project: &'a ProjectId,
    variant: &'a VariantId,
}

impl Witness<'_> {
    /// The evidence, one entry for each model, and what to know of it.
    fn testify(&self, wish: &ProofWish) -> Result<(Vec<Evidence>, Option<String>), Vec<Problem>> {
        let unread = |error: RecordsError| refused(&error.to_string(), "");
        match wish {
            ProofWish::Nothing => Ok((Vec::new(), Some("It is frozen without evidence.".to_owned()))),
            ProofWish::Run(id) => {
                let run = self.records.run(id).map_err(unread)?;
                let run =
                    run.ok_or_else(|| refused(&format!("There is no run {id}."), "List them with `strata runs`."))?;
                if run.header.project != *self.project || !run.header.variants.contains(self.variant) {
                    let what = format!("Run {id} is not of `{}`.", self.variant);
                    return Err(refused(&what, "Choose a run in which it took part."));
                }
                if let Err(why) = self.is_of_now(&run.header) {
                    let hint = "Run it again, choose another run, or freeze it without evidence.";
                    return Err(refused(&format!("Run {id} is no evidence for this: {why}"), hint));
                }
                let partly = run.state != RunState::Completed;
                let remark = partly.then(|| format!("Run {id} is not complete: {}.", run.state.word()));
                Ok((self.evidence(&run.header).map_err(unread)?, remark))
            }
            ProofWish::Best => {
                let runs = self.records.runs().map_err(unread)?;
                let mut passed_over = None;
                for run in self.by_weight(&runs).map_err(unread)? {
                    match self.is_of_now(&run.header) {
                        Ok(()) => return Ok((self.evidence(&run.header).map_err(unread)?, None)),
                        Err(why) => {
                            passed_over.get_or_insert_with(|| format!("Run {} is no evidence: {why}", run.header.id));
                        }
                    }
                }
                let none = "No complete run has this variant, so there is no evidence.".to_owned();
                Ok((Vec::new(), Some(passed_over.unwrap_or(none))))
            }
        }
    }

    /// The complete runs of the variant: those with the most scored trials of it first, and of equals the newest.
    fn by_weight<'r>(&'r self, runs: &'r [RunSummary]) -> Result<Vec<&'r RunSummary>, RecordsError> {
        let weighed = runs_of(runs, self.project, self.variant)
            .map(|run| Ok((self.scored(&run.header)?, run)))
            .collect::<Result<Vec<(u64, &RunSummary)>, RecordsError>>();
        let mut weighed = weighed?;
        weighed.sort_by_key(|(scored, _)| Reverse(*scored));
        Ok(weighed.into_iter().map(|(_, run)| run).collect())
    }

    fn scored(&self, header: &RunHeader) -> Result<u64, RecordsError> {
        self.place(header).map_or(Ok(0), |variant| self.records.scored(&header.id, variant))
    }

    /// The variant's place in a run.
    fn place(&self, header: &RunHeader) -> Option<u16> {
        header.variants.iter().position(|variant| variant == self.variant).and_then(|at| u16::try_from(at).ok())
    }

    /// Whether what the run sent is what would be sent now: the fingerprints of a few calls of each column tell.
    fn is_of_now(&self, header: &RunHeader) -> Result<(), String> {
        let changed = "the workspace has changed since, so that it cannot be compared.";
        let plan = plan_again(self.workspace, self.shelf, header).map_err(|_| changed.to_owned())?;
        if plan.header.variants != header.variants || plan.header.models.len() != header.models.len() {
            return Err(changed.to_owned());
        }
        if plan.remembers {
            return self.is_of_now_in_turn(&plan, header);
        }
        for trial in self.trials(header).filter(|trial| trial.case < COMPARED) {
            let recorded = self.records.trial(&header.id, trial).map_err(|error| error.to_string())?;
            let Some(recorded) = recorded else { continue };
            let now = plan.prepare(trial).map_err(|_| changed.to_owned())?;
            if now.call != recorded.ended.request {
                return Err("it sent other messages than the variant does now.".to_owned());
            }
        }
        Ok(())
    }

    /// As [`Self::is_of_now`], where each trial saw the answers of those before it.
    fn is_of_now_in_turn(&self, plan: &Plan, header: &RunHeader) -> Result<(), String> {
        let mut is_same = true;
        let compare = |trial: TrialRef, planned: Result<PlannedTrial, _>, ended: Option<&TrialEnded>| {
            let Some(ended) = ended.filter(|_| self.place(header) == Some(trial.variant)) else { return };
            is_same &= planned.is_ok_and(|planned| planned.call == ended.request);
        };
        relive(plan, self.records, &header.id, COMPARED, compare).map_err(|error| error.to_string())?;
        let cleans = header.definition.policy.as_ref().is_some_and(|policy| policy.sanitise.on);
        match (is_same, cleans) {
            (true, _) => Ok(()),
            (false, false) => Err("it sent other messages than the variant does now.".to_owned()),
            (false, true) => Err(
                "its inputs were cleaned, and later ones saw them so: it cannot be told whether the variant sends the \
                 same now."
                    .to_owned(),
            ),
        }
    }

    /// The first trial of each case, in the variant's columns.
    fn trials(&self, header: &RunHeader) -> impl Iterator<Item = TrialRef> + use<> {
        let variant = self.place(header);
        let (models, cases) = (u16::try_from(header.models.len()).unwrap_or(u16::MAX), header.cases);
        variant.into_iter().flat_map(move |variant| {
            (0..cases).flat_map(move |case| (0..models).map(move |model| TrialRef { case, variant, model, repeat: 0 }))
        })
    }

    fn evidence(&self, header: &Arc<RunHeader>) -> Result<Vec<Evidence>, RecordsError> {
        let mut board = Board::new(header.clone());
        self.records.replay(&header.id, &mut |event: RunEvent| board.apply(&event))?;
        let first = header.variants.iter().position(|variant| variant == self.variant).unwrap_or_default();
        let models = header.models.len();
        let columns = (first * models..(first + 1) * models).zip(&header.models);
        let columns = columns.filter(|(column, _)| header.takes_part(*column));
        Ok(columns
            .filter_map(|(column, model)| {
                let answered_by = self.answered_by(header, &model.id);
                publish::evidence(header, column, Measured { answered_by, ..Measured::from(board.column(column)) })
            })
            .collect())
    }

    /// The model version that the provider named in one of the first answers.
    fn answered_by(&self, header: &RunHeader, model: &ModelId) -> Option<String> {
        let of_model = |trial: &TrialRef| {
            trial.case < ASKED_FOR_NAME
                && header.models.get(usize::from(trial.model)).is_some_and(|one| one.id == *model)
        };
        let named = |trial: TrialRef| self.records.trial(&header.id, trial).ok()??.ended.answer.as_ref()?.model.clone();
        self.trials(header).filter(of_model).find_map(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::launch::{Wish, prepare};
    use crate::session::tests::{Scripted, run_to_its_end};
    use crate::store::open_workspace;

    /// Runs the first cases, as the workspace is now.
    fn run(desk: &Scripted, records: &Records, limit: usize) {
        let wish = Wish { project: "p".into(), experiment: "words".into(), limit: Some(limit), ..Wish::default() };
        let prepared = prepare(&open_workspace(&desk.root()).unwrap(), &Shelf::default(), &wish).unwrap();
        assert_eq!(run_to_its_end(prepared, records), RunState::Completed);
    }

    fn drafted(desk: &Scripted, records: Option<&Records>) -> Draft {
        let wish = ReleaseWish {
            project: "p".into(),
            source: Source::Variant("plain".into()),
            version: Pick::Proposed,
            proof: ProofWish::Best,
            note: String::new(),
        };
        let workspace = open_workspace(&desk.root()).unwrap();
        draft(&workspace, &Shelf::default(), records, &wish, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn the_evidence_is_the_run_with_the_most_scored_trials_of_what_is_frozen() {
        let desk = Scripted::new(8);
        let records = Records::open(&desk.root()).unwrap();
        let scored = || drafted(&desk, Some(&records)).release.evidence.first().map(|found| found.scored);
        run(&desk, &records, 3);
        run(&desk, &records, 6);
        run(&desk, &records, 2);
        assert_eq!(scored(), Some(6));
        run(&desk, &records, 6);
        let newest = records.runs().unwrap()[0].header.id.clone();
        let evidence = drafted(&desk, Some(&records)).release.evidence.clone();
        assert_eq!((&evidence[0].run, evidence[0].gate, evidence[0].meets_gate()), (&newest, Some(1.0), Some(true)));
        // Of other words, a run of one case is more than none.
        desk.edit("projects/p/prompts/ask.ron", "Is it good?", "Is it any good?");
        assert_eq!(scored(), None);
        run(&desk, &records, 1);
        assert_eq!(scored(), Some(1));
    }

    #[test]
    fn evidence_says_nothing_of_a_canary_where_no_system_message_carries_one() {
        let desk = Scripted::new(3);
        let records = Records::open(&desk.root()).unwrap();
        desk.edit("workspace.ron", "models:", "policy: (output: (leak: (on: true, plant: true))), models:");
        run(&desk, &records, 3);
        let evidence = &drafted(&desk, Some(&records)).release.evidence;
        assert!(evidence.len() == 1 && !evidence[0].canary, "{evidence:?}");
    }

    #[test]
    fn evidence_of_a_run_with_a_planted_canary_says_so_and_holds() {
        let desk = Scripted::new(3);
        let records = Records::open(&desk.root()).unwrap();
        let layers = r#"layers: [(id: "rules", role: System, content: Text(text: "Say yes or no.")), "#;
        desk.edit("projects/p/prompts/ask.ron", "layers: [", layers);
        desk.edit("workspace.ron", "models:", "policy: (output: (leak: (on: true, plant: true))), models:");
        run(&desk, &records, 3);
        let draft = drafted(&desk, Some(&records));
        assert_eq!(
            draft.release.evidence.iter().map(|found| (found.scored, found.canary)).collect::<Vec<_>>(),
            [(3, true)]
        );
        let words = format!("{:?}", draft.release.prompt);
        assert!(!words.contains("canary"), "what is released has none: {words}");
        // The run keeps the policy that it was made under.
        desk.edit("workspace.ron", ", plant: true", "");
        assert_eq!(drafted(&desk, Some(&records)).release.evidence.len(), 1);
        run(&desk, &records, 3);
        let newest = drafted(&desk, Some(&records));
        assert!(!newest.release.evidence[0].canary);
    }

    #[test]
    fn a_conversation_is_evidence_as_long_as_the_same_would_be_sent() {
        let desk = Scripted::new(4);
        desk.converses();
        let records = Records::open(&desk.root()).unwrap();
        let scored = || drafted(&desk, Some(&records)).release.evidence.first().map(|found| found.scored);
        run(&desk, &records, 4);
        assert_eq!(scored(), Some(4));
        desk.edit("projects/p/prompts/ask.ron", "{{ turn.output }}", "({{ turn.output }})");
        assert_eq!(scored(), None, "the first turn is as it was, and the second is not");
    }

    #[test]
    fn the_version_is_the_prompts_own_until_that_is_released() {
        let desk = Scripted::new(1);
        let version = || drafted(&desk, None).release.version.clone();
        let freeze = || keep(&desk.root(), &drafted(&desk, None)).unwrap();
        assert_eq!(version(), "0.1.0", "what a prompt has that says nothing");
        desk.edit("projects/p/prompts/ask.ron", "(title: \"Ask\",", "(title: \"Ask\", version: \"1.4.0\",");
        assert_eq!(version(), "1.4.0");
        freeze();
        assert!(drafted(&desk, None).frozen_before);
        desk.edit("projects/p/prompts/ask.ron", "Is it good?", "Is it any good?");
        assert_eq!(version(), "1.4.1");
        freeze();
        desk.edit("projects/p/prompts/ask.ron", "1.4.0", "2.0.0");
        assert_eq!((version(), drafted(&desk, None).frozen_before), ("2.0.0".to_owned(), false));
    }
}
