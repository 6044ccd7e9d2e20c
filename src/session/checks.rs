//! What is wrong in the workspace: what opening found, and what the definitions say of each other.

use std::time::{Duration, Instant};

use super::launch::refusals;
use super::shelf::Shelf;
use super::state::Session;
use crate::domain::{Problem, Workspace};
use crate::store::check_workspace;

/// The definitions are checked this long after the last edit.
const REST: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct Checking {
    problems: Vec<Problem>,
    due: Option<Instant>,
    under_way: bool,
}

impl Checking {
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        self.due.filter(|_| !self.under_way).map(|due| due.saturating_duration_since(now))
    }
}

/// All that is wrong in a workspace: what opening it found, what its definitions say of each other, and what would keep
/// its experiments from running. Errors first but for what opening found, each once.
///
/// Opens the datasets, so not for the main thread.
#[must_use]
pub fn problems_of(workspace: &Workspace, shelf: &Shelf) -> Vec<Problem> {
    let mut found = check_workspace(workspace);
    found.extend(refusals(workspace, shelf));
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
    found.dedup();
    workspace.problems.iter().cloned().chain(found).collect()
}

impl Session {
    /// What is wrong in the workspace's files, errors first. It follows the edits after a moment.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.checks.problems
    }

    pub(super) fn check_soon(&mut self, now: Instant) {
        self.checks.due = Some(now + REST);
    }

    pub(super) fn check_if_due(&mut self, now: Instant) {
        if self.checks.next_due(now).is_none_or(|left| !left.is_zero()) {
            return;
        }
        self.checks.due = None;
        let Some(workspace) = self.workspace.clone() else {
            self.checks.problems.clear();
            return;
        };
        self.checks.under_way = true;
        let datasets = self.shelf.clone();
        self.jobs.quiet(move |_| {
            let mut problems = problems_of(&workspace, &datasets);
            problems.sort_by_key(|problem| !problem.is_error());
            Box::new(move |session| {
                session.checks.under_way = false;
                let same = session.workspace.as_ref().is_some_and(|open| open.root == workspace.root);
                if same {
                    session.checks.problems = problems;
                }
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::Problem;
    use crate::session::launch::{Wish, prepare};
    use crate::session::tests::Scripted;
    use crate::store::{bundled, copy_bundled, open_workspace};

    const EXPERIMENT: &str = "projects/p/experiments/words.ron";

    /// The errors of the check, after those of a run of `words` were found among them.
    fn errors(desk: &Scripted) -> Vec<String> {
        let workspace = open_workspace(&desk.root()).unwrap();
        let shelf = Shelf::default();
        let wish = Wish { project: "p".into(), experiment: "words".into(), ..Wish::default() };
        let of_run = prepare(&workspace, &shelf, &wish).err().unwrap_or_default();
        let found: Vec<_> = problems_of(&workspace, &shelf).into_iter().filter(Problem::is_error).collect();
        assert_eq!(found.is_empty(), of_run.is_empty(), "{found:#?} {of_run:#?}");
        assert!(of_run.iter().all(|problem| found.contains(problem)), "{found:#?} {of_run:#?}");
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_run_refuses_is_told_beforehand_with_its_place() {
        let check = |edits: &[(&str, &str, &str)], expect: &[&str]| {
            let desk = Scripted::new(1);
            for (path, old, new) in edits {
                desk.edit(path, old, new);
            }
            assert_eq!(errors(&desk), expect, "{edits:?}");
        };
        check(&[], &[]);
        let unmapped = ("workspace.ron", "Scripted(\"desk.ron\")", "Unmapped");
        check(
            &[unmapped],
            &[
                "workspace.ron:2:28: error: Nobody here can ask the model `clerk`: it was imported as `clerk`. Bind it to a \
               model: give it another provider, or take it out of the experiment.",
            ],
        );
        // A model that no trial asks keeps nothing from running.
        check(&[unmapped, (EXPERIMENT, "checks:", "without: [(\"plain\", \"clerk\")], checks:")], &[]);
        let away = ("workspace.ron", "Scripted(\"desk.ron\")", "OpenAi, base_url: \"https://models.example/v1\"");
        let budget = (EXPERIMENT, "checks:", "budget: (hard: 1.0), checks:");
        let price = ("workspace.ron", "price: (input: 1.0, output: 2.0), ", "");
        let most = ("workspace.ron", ", max_output: 100", "");
        check(
            &[away, budget, price],
            &[
                "workspace.ron:2:17: error: The price of the model `clerk` is unknown, so no budget can be kept. Give it a \
               `price`, or run without a budget.",
            ],
        );
        check(
            &[away, budget, most],
            &[
                "workspace.ron:2:17: error: Nobody knows how much the model `clerk` answers at most, so no budget can be \
               kept. Give it a `max_output`, or its variants `max_tokens`, or run without a budget.",
            ],
        );
        check(&[away, price, most], &[]);
        check(
            &[("workspace.ron", "Scripted(\"desk.ron\")", "OpenAi, base_url: \"models\"")],
            &[
                "workspace.ron:1:60: error: The provider `desk` cannot be reached: The address `models` is refused: relative \
             URL without a base; it should look like https://host/path.",
            ],
        );
        check(
            &[("projects/p/variants/plain.ron", "prompt:", "params: (extra: {\"n\": 2}), prompt:"), budget],
            &[
                "projects/p/variants/plain.ron:1:40: error: The variant `plain` sets `n` in `extra`, where no budget can see \
               it. Set `max_tokens` instead, or run without a budget.",
            ],
        );
        check(
            &[(EXPERIMENT, "checks:", "policy: (users: (on: true, columns: (user: \"wrd\"))), checks:")],
            &[
                "projects/p/experiments/words.ron:1:103: error: The dataset `words` has no column `wrd`, which is to say the \
               user. Did you mean `word`?",
            ],
        );
        // A policy of several projects may name columns that one of them has not.
        check(&[(EXPERIMENT, "checks:", "policy: (users: (columns: (user: \"wrd\"))), checks:")], &[]);
        check(
            &[(EXPERIMENT, "checks:", "filter: (tags: [\"none\"]), checks:")],
            &[
                "projects/p/experiments/words.ron: error: No case takes part. Add cases to the dataset, or widen the filter.",
            ],
        );
    }

    #[test]
    fn a_grader_must_have_what_it_is_asked_for() {
        let check = |kind: &str, api: &str, expect: Option<&str>| {
            let desk = Scripted::new(1);
            let providers = format!("providers: {{\"other\": (api: {api}), ");
            desk.edit("workspace.ron", "providers: {", &providers);
            desk.edit("workspace.ron", "models: {", "models: {\"grader\": (provider: \"other\", model: \"g\"), ");
            let assertion = format!("checks: [(kind: Assertion(kind: {kind}, value: \"a\", model: \"grader\")), ");
            desk.edit(EXPERIMENT, "checks: [", &assertion);
            let told = expect.map(|rest| format!("projects/p/experiments/words.ron:1:69: error: {rest}"));
            assert_eq!(errors(&desk), told.into_iter().collect::<Vec<_>>(), "{kind} {api}");
        };
        let labels = "The model `grader` is to give labels, and the API of its provider `other` cannot. Name a model of \
                      OpenAI's moderation, or a classifier of Hugging Face.";
        let vectors = "The model `grader` is to make vectors of texts, and the API of its provider `other` cannot. Name a \
                       model for embeddings, or none: vectors are built in.";
        check("Moderation", "Anthropic", Some(labels));
        check("Classifier", "Gemini", Some(labels));
        check("Similar", "Anthropic", Some(vectors));
        check("Moderation", "OpenAi", None);
        check("Classifier", "HuggingFace", None);
        check("Similar", "Gemini", None);
        check("LlmRubric", "Anthropic", None);
    }

    #[test]
    fn bundled_workspaces_have_nothing_that_keeps_them_from_running() {
        let told: BTreeSet<String> = bundled()
            .iter()
            .flat_map(|one| {
                let dir = tempfile::tempdir().unwrap();
                copy_bundled(one.name, &dir.path().join("w")).unwrap();
                let workspace = open_workspace(&dir.path().join("w")).unwrap();
                problems_of(&workspace, &Shelf::default()).into_iter().filter(Problem::is_error)
            })
            .map(|problem| problem.to_string())
            .collect();
        assert_eq!(told, BTreeSet::new());
    }
}
