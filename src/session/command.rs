//! Everything that a person can mean. Menu, palette and shortcut list read it; [`super::Session::apply`] does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::imports::ImportInto;
use super::notices::NoticeId;
use super::releases::ExportWish;
use super::releasing::ReleaseWish;
use super::route::Route;
use super::selection::Selection;
use super::shortcut::{Shortcut, bindings};
use crate::domain::{
    AlertKey, CallQuery, Capability, Column, DatasetId, Definition, DefinitionKey, ExperimentId, ModelId, ProjectId,
    PromptId, RunId, TrialRef, Usd, VariantId,
};
use crate::interop::call_log::CallFormat;
use crate::store::Theme as ThemeChoice;

/// One thing that a person means.
#[derive(Debug, Clone)]
pub enum Command {
    Go(Route),
    ShowPalette(bool),

    /// The window asks for a folder, and then sends [`Command::OpenWorkspace`].
    AskForWorkspace,
    OpenWorkspace(PathBuf),
    /// Opens one of the workspaces that come with the program, by name.
    OpenBundled(String),
    /// Makes a workspace in a folder that is new or empty, from a bundled one or from nothing, and opens it.
    NewWorkspace {
        folder: PathBuf,
        from: Option<String>,
    },
    /// Shows what imports another tool's file ([`super::Session::importing`]); `false` ends that.
    ShowImport(bool),
    /// Reads a file of another tool; nothing is written. A trusted one may name files outside its folder and run its
    /// scripts in the sandbox.
    ReadImport {
        file: PathBuf,
        trusted: bool,
    },
    /// Writes what was read as a project, and goes to it.
    Import {
        into: ImportInto,
        title: String,
    },
    /// Reads the files again; edits that are not saved stay.
    Reload,
    CloseWorkspace,
    /// Takes a workspace off the list of recent ones; its files stay.
    ForgetRecent(PathBuf),

    SelectProject(ProjectId),
    SelectPrompt(PromptId),
    SelectVariant(VariantId),
    SelectDataset(DatasetId),
    SelectExperiment(ExperimentId),
    /// Looks at another case in Build: its row in the chosen dataset, from 0.
    PreviewCase(usize),
    /// Counts tokens in Build as this model does.
    PreviewModel(ModelId),
    /// Sends the case that Build shows to a model; `fresh` asks anew what was answered before.
    TryCase {
        model: ModelId,
        fresh: bool,
    },
    /// Stops what is being tried.
    StopTry,
    /// Chooses a trial of the shown run and reads all about it: [`super::Runs::trial`], [`super::Runs::sent`].
    SelectTrial(Option<TrialRef>),
    /// Lets the shown run's requests in as its users' traffic, under their limits: [`super::Session::traffic`].
    RehearseTraffic,
    /// Measures the sanitiser and the output validator on the bundled texts, once: [`super::Session::guardrails`].
    MeasureGuardrails,
    /// Reads the labelled lists of the shown run, to sweep thresholds of confidence: [`super::Runs::sweep`].
    SweepConfidence,
    /// Fits tiers to a recorded run, which may lose so much of the success (a share): [`super::Session::tier_fit`].
    FitTiers {
        run: RunId,
        margin: f64,
    },
    /// Reads all about these trials, to be shown side by side: [`super::Runs::trial`].
    ReadTrials(Vec<TrialRef>),
    /// Reads the beginnings of these trials' answers, those in sight ([`super::Runs::output`]), and the heads of their
    /// cases ([`super::Runs::head`]).
    ReadOutputs(Vec<TrialRef>),
    /// Looks for a text in the shown run's answers ([`super::Runs::search`]); an empty text ends the search.
    SearchOutputs(String),

    /// Looks for a text in the chosen dataset's rows ([`super::Session::case_search`]); an empty text ends the search.
    SearchCases(String),
    /// Looks into a file that may be imported ([`super::Session::peek`]); `None` ends that.
    PeekDataset(Option<PathBuf>),
    /// Copies a file of cases into the chosen project, as a dataset with these columns.
    ImportDataset {
        from: PathBuf,
        id: DatasetId,
        columns: BTreeMap<String, Column>,
    },
    /// Takes the rows of the chosen dataset's file into the dataset itself, where they can be edited.
    EmbedCases,

    /// Asks for these calls of the log: [`super::Calls::row`], [`super::Calls::sums`].
    QueryCalls(CallQuery),
    /// Reads these pages of the call log, those in sight ([`super::CALL_PAGE`] calls each).
    ReadCalls(Vec<u64>),
    /// Reads what calls cost by day, model and project: [`super::Calls::spend`].
    ReadSpend,
    /// Writes the calls that are asked for to a file.
    SaveCalls {
        path: PathBuf,
        format: CallFormat,
    },
    /// Sends the calls that are asked for to the workspace's collector.
    SendCalls,
    /// Says that a person has seen an alert.
    Acknowledge(AlertKey),

    /// Puts a definition, new or changed; `None` takes it away. Edits of one burst are one step of undo.
    Edit {
        key: DefinitionKey,
        definition: Option<Definition>,
    },
    Undo,
    Redo,
    Save,
    /// After a conflict: what is in the window replaces what is on disk.
    Overwrite(DefinitionKey),
    /// After a conflict: what is on disk replaces what is in the window (and undo brings the edit back).
    TakeFromDisk(DefinitionKey),

    StartRun,
    PauseRun,
    ContinueRun,
    CancelRun,
    RaiseBudget(Usd),
    /// Shows a recorded run.
    OpenRun(RunId),
    /// Takes a run up again that ended before its trials did.
    ResumeRun(RunId),
    /// Takes a run up again that ended at its budget, under a higher one.
    RaiseAndResume {
        run: RunId,
        budget: Usd,
    },

    Grant(BTreeSet<Capability>),
    Revoke,

    /// The name that stands under what a person does.
    SetName(String),
    SetTheme(ThemeChoice),
    /// 0.8 to 2.
    SetTextScale(f32),
    StoreKey {
        entry: String,
        secret: SecretString,
    },
    DeleteKey {
        entry: String,
    },

    /// Makes the draft of a release: [`super::Releases::draft`].
    DraftRelease(ReleaseWish),
    /// Writes a release, once.
    Freeze(ReleaseWish),
    /// Remembers the repository that this workspace is exported into; an empty path forgets it.
    ChooseRepository(PathBuf),
    /// Finds out what an export would do: [`super::Releases::preview`].
    PreviewExport(ExportWish),
    /// Commits a release to a repository that was granted: [`super::Releases::exported`].
    Export(ExportWish),

    /// Writes a file that a person asked for, such as a plot: the path, and what to put there.
    SaveFile {
        path: PathBuf,
        bytes: Arc<[u8]>,
    },

    CancelJob(u64),
    DismissNotice(NoticeId),
    DismissNotices,
}

/// How a command is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandInfo {
    /// Sentence case; `…` at its end where more is asked.
    pub name: String,
    pub help: String,
    pub shortcut: Option<Shortcut>,
}

impl Command {
    /// Name, help and shortcut.
    #[must_use]
    pub fn info(&self) -> CommandInfo {
        let (name, help) = self.words();
        let shortcut =
            bindings().into_iter().find(|(_, command)| command.words() == self.words()).map(|(keys, _)| keys);
        CommandInfo { name, help, shortcut }
    }

    /// Giving it may send calls that are paid for.
    #[must_use]
    pub const fn spends(&self) -> bool {
        matches!(
            self,
            Self::StartRun | Self::ContinueRun | Self::ResumeRun(_) | Self::RaiseBudget(_) | Self::TryCase { .. }
        )
    }

    fn words(&self) -> (String, String) {
        let words = |name: &str, help: &str| (name.to_owned(), help.to_owned());
        let named = |name: String, help: &str| (name, help.to_owned());
        match self {
            Self::Go(route) => named(format!("Go to {}", route.word()), route.help()),
            Self::ShowPalette(_) => words("Command palette", "Find any command by name."),
            Self::AskForWorkspace => words("Open workspace…", "Choose the folder of a workspace."),
            Self::OpenWorkspace(path) => named(format!("Open {}", path.display()), "Open this workspace."),
            Self::OpenBundled(name) => named(format!("Open the bundled workspace {name}"), "It runs offline."),
            Self::NewWorkspace { folder, .. } => {
                named(format!("New workspace in {}", folder.display()), "Write its first files.")
            }
            Self::ShowImport(_) => words("Import…", "Turn a config or a prompt of another tool into a project."),
            Self::ReadImport { file, .. } => named(format!("Look into {}", file.display()), "Nothing is written."),
            Self::Import { title, .. } => named(format!("Import {title}"), "Write it as a project."),
            Self::Reload => words("Reload workspace", "Read its files again; unsaved edits stay."),
            Self::CloseWorkspace => words("Close workspace", "Unsaved edits are saved first."),
            Self::ForgetRecent(path) => named(format!("Forget {}", path.display()), "Its files stay where they are."),
            Self::SelectProject(id) => named(format!("Project {id}"), "Work on this project."),
            Self::SelectPrompt(id) => named(format!("Prompt {id}"), "Work on this prompt."),
            Self::SelectVariant(id) => named(format!("Variant {id}"), "Work on this variant."),
            Self::SelectDataset(id) => named(format!("Dataset {id}"), "Show this dataset."),
            Self::SelectExperiment(id) => named(format!("Experiment {id}"), "Work on this experiment."),
            Self::PreviewCase(row) => named(format!("Case {}", row + 1), "Show this case in the preview."),
            Self::PreviewModel(id) => named(format!("Count tokens as {id}"), "Use this model's tokenizer."),
            Self::TryCase { model, .. } => named(format!("Try this case on {model}"), "Send it and show the answer."),
            Self::StopTry => words("Stop the answer", "What was sent may still be billed."),
            Self::SelectTrial(_) => words("Show trial", "Show one trial in detail."),
            Self::MeasureGuardrails => words("Measure the guards", "On the labelled texts that come along."),
            Self::SweepConfidence => words("Sweep confidence", "Compare lists with what is right in them."),
            Self::FitTiers { run, .. } => named(format!("Fit tiers to run {run}"), "Find thresholds in its results."),
            Self::RehearseTraffic => words("Rehearse traffic", "See whom the limits of users would refuse."),
            Self::ReadTrials(_) => words("Read trials", "Read all about some trials."),
            Self::ReadOutputs(_) => words("Read answers", "Read the answers in sight."),
            Self::SearchOutputs(_) => words("Search answers", "Find a text in the answers of the run."),
            Self::SearchCases(_) => words("Find in the dataset", "Find a text in the rows of the dataset."),
            Self::PeekDataset(_) => words("Look into a file", "See the first rows of a file before it is imported."),
            Self::ImportDataset { id, .. } => named(format!("Import as {id}"), "Copy the file into the project."),
            Self::EmbedCases => words("Make the rows editable", "Take the file's rows into the dataset itself."),
            Self::QueryCalls(_) => words("Find calls", "Ask for some calls of the log."),
            Self::ReadCalls(_) => words("Read calls", "Read the calls in sight."),
            Self::ReadSpend => words("Read what was spent", "Sum up the cost of all calls."),
            Self::SaveCalls { path, .. } => named(format!("Save calls to {}", path.display()), "Write the call log."),
            Self::SendCalls => words("Send calls to the collector", "Send the call log to the workspace's collector."),
            Self::Acknowledge(key) => named(format!("Acknowledge {key}"), "Say that you have seen this alert."),
            Self::Edit { .. } => words("Edit", "Change a definition."),
            Self::Undo => words("Undo", "Take back the last edit."),
            Self::Redo => words("Redo", "Do the edit again that was taken back."),
            Self::Save => words("Save", "Write all unsaved edits now."),
            Self::Overwrite(_) => words("Keep mine", "Write what is in the window over what is on disk."),
            Self::TakeFromDisk(_) => words("Take the file's", "Show what is on disk; undo brings your edit back."),
            Self::StartRun => words("Run the experiment", "Run every trial of the chosen experiment."),
            Self::PauseRun => words("Pause the run", "Start no further trial; those under way end."),
            Self::ContinueRun => words("Continue the run", "Go on where the run was paused."),
            Self::CancelRun => words("Cancel the run", "Stop now; what was paid for stays recorded."),
            Self::RaiseBudget(to) => named(format!("Raise the budget to {to}"), "Let the run spend up to this amount."),
            Self::OpenRun(id) => named(format!("Show run {id}"), "Show the results of this run."),
            Self::ResumeRun(id) => named(format!("Resume run {id}"), "Run the trials that have not ended."),
            Self::RaiseAndResume { run, budget } => {
                named(format!("Raise the budget of run {run} to {budget} and go on"), "Run the trials that are left.")
            }
            Self::Grant(_) => words("Trust this workspace", "Grant what it asks for."),
            Self::Revoke => words("Revoke trust in this workspace", "It may reach nothing outside its folder."),
            Self::SetName(name) => named(format!("Sign as {name}"), "Your name stands under what you do."),
            Self::SetTheme(choice) => named(format!("Theme: {}", choice.word()), "Change the colours."),
            Self::SetTextScale(scale) => named(format!("Text size {:.0} %", scale * 100.0), "Change the size of text."),
            Self::StoreKey { entry, .. } => named(format!("Store key {entry}"), "Put it into the system's keyring."),
            Self::DeleteKey { entry } => named(format!("Delete key {entry}"), "Take it out of the system's keyring."),
            Self::DraftRelease(_) => words("Draft a release", "See what would be frozen, and its evidence."),
            Self::Freeze(_) => words("Freeze", "Write this version; it never changes after that."),
            Self::ChooseRepository(path) => {
                named(format!("Export into {}", path.display()), "Remember this repository.")
            }
            Self::PreviewExport(_) => words("Look at the export", "See what would be committed, and where."),
            Self::Export(_) => words("Export", "Commit the release to its branch and tag it."),
            Self::SaveFile { path, .. } => named(format!("Save {}", path.display()), "Write this file."),
            Self::CancelJob(_) => words("Cancel job", "Stop this work in the background."),
            Self::DismissNotice(_) => words("Dismiss notice", "Take this notice away."),
            Self::DismissNotices => words("Dismiss all notices", "Take all notices away."),
        }
    }

    /// The commands that can be given now without asking for more: what the palette offers.
    #[must_use]
    pub fn offered(session: &super::Session) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        if session.offer().is_some() {
            all.push(Self::StartRun);
        }
        all.extend(session.runs().live_commands());
        let open = session.workspace().is_some();
        all.extend(Route::ALL.into_iter().filter(|route| open || !route.needs_workspace()).map(Self::Go));
        if session.history().can_undo() {
            all.push(Self::Undo);
        }
        if session.history().can_redo() {
            all.push(Self::Redo);
        }
        if session.unsaved() > 0 {
            all.push(Self::Save);
        }
        all.extend([Self::AskForWorkspace, Self::ShowImport(true)]);
        all.extend(session.settings().recent.iter().cloned().map(Self::OpenWorkspace));
        all.extend(session.bundled().iter().map(|bundled| Self::OpenBundled(bundled.name.clone())));
        if open {
            all.extend([Self::Reload, Self::CloseWorkspace]);
            all.extend(selections(session));
            all.extend(session.runs().recorded().iter().take(20).map(|run| Self::OpenRun(run.header.id.clone())));
        }
        if session.trust().is_granted() {
            all.push(Self::Revoke);
        }
        all.extend(
            ThemeChoice::ALL.into_iter().filter(|choice| *choice != session.settings().theme).map(Self::SetTheme),
        );
        if !session.notices().is_empty() {
            all.push(Self::DismissNotices);
        }
        all
    }
}

fn selections(session: &super::Session) -> Vec<Command> {
    let Some(workspace) = session.workspace() else { return Vec::new() };
    let Selection { project: chosen, .. } = session.selection();
    let mut all: Vec<Command> = workspace
        .projects
        .keys()
        .filter(|id| Some(*id) != chosen.as_ref())
        .cloned()
        .map(Command::SelectProject)
        .collect();
    if let Some(project) = session.project() {
        all.extend(project.prompts.keys().cloned().map(Command::SelectPrompt));
        all.extend(project.variants.keys().cloned().map(Command::SelectVariant));
        all.extend(project.datasets.keys().cloned().map(Command::SelectDataset));
        all.extend(project.experiments.keys().cloned().map(Command::SelectExperiment));
    }
    all
}
