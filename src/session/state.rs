//! The session: the one owner of what is open, chosen, edited, running and said.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

use super::calls::Calls;
use super::checks::Checking;
use super::command::Command;
use super::disk;
use super::edits::Edits;
use super::guardrails::Measuring;
use super::history::History;
use super::jobs::{Jobs, Wake};
use super::notices::Notices;
use super::open::{BundledInfo, Opened};
use super::preview::Previews;
use super::releases::Releases;
use super::route::Route;
use super::runs::Runs;
use super::selection::Selection;
use super::shelf::Shelf;
use super::start::Forecasting;
use super::tiers::TierFit;
use super::trust::{Trust, TypedScripts};
use super::trying::Try;
use crate::domain::{Dataset, DefinitionKey, Experiment, PriceTable, Project, Prompt, SecretRef, Variant, Workspace};
use crate::store::{ExportGrants, Settings, TrustStore};

/// What a session needs from outside.
pub struct SessionOptions {
    /// Where settings and grants of trust are kept; the system's place for them where it is not given.
    pub config_dir: Option<PathBuf>,
    /// Called from any thread when [`Session::tick`] has something to do.
    pub wake: Wake,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { config_dir: None, wake: Arc::new(|| {}) }
    }
}

/// What a tick came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tick {
    /// Something that readers show has changed.
    pub changed: bool,
    /// When to tick again, though nothing wakes.
    pub again: Option<Duration>,
}

pub struct Session {
    pub(super) config_dir: Option<PathBuf>,
    pub(super) workspace: Option<Workspace>,
    pub(super) opened: Option<Opened>,
    pub(super) bundled: Vec<BundledInfo>,
    pub(super) selection: Selection,
    pub(super) shelf: Shelf,
    pub(super) cases: Option<super::cases::Opened>,
    pub(super) datasets: super::datasets::Datasets,
    pub(super) checks: Checking,
    pub(super) forecast: Forecasting,
    pub(super) imports: super::imports::Imports,
    pub(super) route: Route,
    pub(super) palette: bool,
    pub(super) settings: Settings,
    pub(super) settings_changed: Option<Instant>,
    pub(super) trust: Trust,
    pub(super) scripts: TypedScripts,
    pub(super) trust_store: Option<TrustStore>,
    pub(super) export_grants: Option<ExportGrants>,
    pub(super) keys: BTreeMap<SecretRef, bool>,
    pub(super) history: History,
    pub(super) edits: Edits,
    pub(super) notices: Notices,
    pub(super) runs: Runs,
    pub(super) calls: Calls,
    /// Opened datasets.
    pub(super) previews: Previews,
    pub(super) tried: Option<Try>,
    pub(super) releases: Releases,
    pub(super) tier_fit: Option<TierFit>,
    pub(super) guardrails: Measuring,
    pub(super) jobs: Jobs,
    pub(super) revision: u64,
    pub(super) edition: u64,
    /// Last, and taken out by `drop`: its threads may still send to the fields above.
    runtime: Option<Runtime>,
}

impl Session {
    /// # Errors
    /// The threads for background work could not be started.
    pub fn new(options: SessionOptions) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("strata").enable_all().build()?;
        let (settings, trust_store, problems) = disk::load_settings(options.config_dir.as_deref());
        let mut notices = Notices::default();
        let (export_grants, broken) = disk::load_export_grants(options.config_dir.as_deref());
        for problem in problems.into_iter().chain(broken) {
            notices.warning(problem.to_string(), "");
        }
        Ok(Self {
            config_dir: options.config_dir,
            workspace: None,
            opened: None,
            bundled: disk::bundled(),
            selection: Selection::default(),
            shelf: Shelf::default(),
            cases: None,
            datasets: super::datasets::Datasets::default(),
            checks: Checking::default(),
            forecast: Forecasting::default(),
            imports: super::imports::Imports::default(),
            route: Route::default(),
            palette: false,
            settings,
            settings_changed: None,
            trust: Trust::default(),
            scripts: TypedScripts::default(),
            trust_store,
            export_grants,
            keys: BTreeMap::new(),
            history: History::default(),
            edits: Edits::default(),
            notices,
            runs: Runs::default(),
            calls: Calls::default(),
            previews: Previews::default(),
            tried: None,
            releases: Releases::default(),
            tier_fit: None,
            guardrails: Measuring::default(),
            jobs: Jobs::new(runtime.handle().clone(), options.wake),
            revision: 0,
            edition: 0,
            runtime: Some(runtime),
        })
    }

    /// Does what a person means. Never blocks: what may take long becomes a job.
    pub fn apply(&mut self, command: Command) {
        self.revision += 1;
        match command {
            Command::Go(route) => {
                if self.workspace.is_some() || !route.needs_workspace() {
                    self.route = route;
                    self.show_chosen_run();
                    self.calls_changed();
                }
                self.palette = false;
            }
            Command::ShowPalette(show) => self.palette = show,
            // The window asks; without a window there is nobody to ask.
            Command::AskForWorkspace => {}
            Command::OpenWorkspace(path) => self.open_workspace(path),
            Command::OpenBundled(name) => self.open_bundled(name),
            Command::NewWorkspace { folder, from } => self.new_workspace(folder, from),
            Command::ShowImport(show) => self.show_import(show),
            Command::ReadImport { file, trusted } => self.read_import(file, trusted),
            Command::Import { into, title } => self.import(into, &title),
            Command::Reload => {
                self.reload();
                self.read_cases_again();
            }
            Command::CloseWorkspace => self.close_workspace(),
            Command::ForgetRecent(path) => self.change_settings(|settings| settings.recent.retain(|old| *old != path)),
            Command::SelectProject(id) => self.select(|selection, _| selection.choose_project(id)),
            Command::SelectPrompt(id) => self.select(|selection, project| selection.choose_prompt(id, project)),
            Command::SelectVariant(id) => self.select(|selection, project| {
                let prompt = project.and_then(|project| project.variants.get(&id)).map(|found| found.prompt.clone());
                selection.prompt = prompt.or(selection.prompt.take());
                selection.variant = Some(id);
            }),
            Command::SelectDataset(id) => self.select(|selection, _| selection.dataset = Some(id)),
            Command::SelectExperiment(id) => self.select(|selection, _| selection.experiment = Some(id)),
            Command::PreviewCase(row) => self.preview_case(row),
            Command::PreviewModel(id) => self.preview_model(id),
            Command::TryCase { model, fresh } => self.try_case(model, fresh),
            Command::StopTry => self.stop_try(),
            Command::SelectTrial(trial) => self.choose_trial(trial),
            Command::MeasureGuardrails => self.measure_guardrails(),
            Command::SweepConfidence => self.sweep_confidence(),
            Command::FitTiers { run, margin } => self.fit_tiers(run, margin),
            Command::RehearseTraffic => self.rehearse_traffic(),
            Command::ReadTrials(trials) => self.read_trials(trials),
            Command::ReadOutputs(trials) => self.read_outputs(trials),
            Command::SearchCases(text) => self.search_cases(text),
            Command::PeekDataset(path) => self.peek_dataset(path),
            Command::ImportDataset { from, id, columns } => self.import_dataset(from, id, columns),
            Command::EmbedCases => self.embed_cases(),
            Command::SearchOutputs(text) => self.search_outputs(text),
            Command::QueryCalls(query) => self.query_calls(query),
            Command::ReadCalls(pages) => self.read_calls(pages),
            Command::ReadSpend => self.read_spend(),
            Command::SaveCalls { path, format } => self.save_calls(path, format),
            Command::SendCalls => self.send_calls(),
            Command::Acknowledge(key) => self.acknowledge(key),
            Command::Edit { key, definition } => {
                let before = self.trust.scripts();
                self.edit(key, definition, Instant::now());
                self.keep_typed(&before);
            }
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Save => self.save_now(),
            Command::Overwrite(key) => self.overwrite(key),
            Command::TakeFromDisk(key) => self.take_from_disk(&key),
            Command::StartRun => self.start_run(),
            Command::PauseRun => self.pause_run(),
            Command::ContinueRun => self.continue_run(),
            Command::CancelRun => self.cancel_run(),
            Command::RaiseBudget(to) => self.raise_budget(to),
            Command::OpenRun(id) => self.open_run(id),
            Command::ResumeRun(id) => self.resume_run(id),
            Command::RaiseAndResume { run, budget } => self.raise_and_resume(run, budget),
            Command::Grant(capabilities) => self.grant(&capabilities),
            Command::Revoke => self.revoke(),
            Command::SetName(name) => self.change_settings(|settings| settings.name = name),
            Command::SetTheme(theme) => self.change_settings(|settings| settings.theme = theme),
            Command::SetTextScale(scale) => {
                self.change_settings(|settings| settings.text_scale = scale.clamp(0.8, 2.0));
            }
            Command::StoreKey { entry, secret } => self.store_key(entry, secret),
            Command::DeleteKey { entry } => self.delete_key(entry),
            Command::DraftRelease(wish) => self.draft_release(wish),
            Command::Freeze(wish) => self.freeze(wish),
            Command::ChooseRepository(path) => self.choose_repository(path),
            Command::PreviewExport(wish) => self.preview_export(wish),
            Command::Export(wish) => self.export(wish),
            Command::SaveFile { path, bytes } => self.save_file(path, bytes),
            Command::CancelJob(id) => self.jobs.cancel(id),
            Command::DismissNotice(id) => self.notices.dismiss(id),
            Command::DismissNotices => self.notices.clear(),
        }
    }

    /// Takes in what the background has done, for at most about 8 ms, and saves what has waited long enough.
    pub fn tick(&mut self, now: Instant) -> Tick {
        let finished = self.jobs.finished();
        let mut changed = !finished.is_empty();
        for finish in finished {
            finish(self);
        }
        let (moved, more) = self.drain_run();
        changed |= moved;
        changed |= self.drain_try(now);
        self.make_preview(now);
        self.save_due(now);
        self.import_if_saved();
        self.save_settings_due(now);
        self.check_if_due(now);
        self.forecast_if_due(now);
        self.read_calls_if_due(now);
        if changed {
            self.revision += 1;
        }
        let soon = more.then_some(Duration::ZERO);
        let waits = [
            soon,
            self.runs.next_look(),
            self.edits.next_due(now),
            self.settings_due(now),
            self.checks.next_due(now),
            self.forecast.next_due(now),
            self.notices.next_to_leave(now),
            self.previews.next_due(now).filter(|_| self.route == Route::Build),
            self.next_try_look(),
            self.calls_due(now),
        ];
        Tick { changed, again: waits.into_iter().flatten().min() }
    }

    /// Saves all that is unsaved and waits for it, for at most `limit`: the last thing before the program ends.
    pub fn flush(&mut self, limit: Duration) {
        let end = Instant::now() + limit;
        self.leave_run();
        // A save that is under way does not have the last edits.
        while self.edits.is_saving() && Instant::now() < end {
            self.take_in_one();
        }
        self.save_now();
        self.save_settings_now();
        while (self.runs.live().is_some() || !self.jobs.running().is_empty()) && Instant::now() < end {
            self.take_in_one();
        }
    }

    fn take_in_one(&mut self) {
        if let Some(finish) = self.jobs.wait(Duration::from_millis(20)) {
            finish(self);
        }
        self.drain_run();
    }

    /// Changes with everything that readers show.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Changes with the definitions alone (opening, edits, undo): what is derived from them can be kept until then.
    #[must_use]
    pub const fn edition(&self) -> u64 {
        self.edition
    }

    #[must_use]
    pub const fn workspace(&self) -> Option<&Workspace> {
        self.workspace.as_ref()
    }

    #[must_use]
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    #[must_use]
    pub const fn palette(&self) -> bool {
        self.palette
    }

    /// The chosen project.
    #[must_use]
    pub fn project(&self) -> Option<&Project> {
        self.workspace.as_ref()?.projects.get(self.selection.project.as_ref()?)
    }

    /// The chosen prompt.
    #[must_use]
    pub fn prompt(&self) -> Option<&Arc<Prompt>> {
        self.project()?.prompts.get(self.selection.prompt.as_ref()?)
    }

    /// The chosen variant; `None` where the prompt is looked at as it is.
    #[must_use]
    pub fn variant(&self) -> Option<&Arc<Variant>> {
        self.project()?.variants.get(self.selection.variant.as_ref()?)
    }

    /// The chosen dataset.
    #[must_use]
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        self.project()?.datasets.get(self.selection.dataset.as_ref()?)
    }

    /// The chosen experiment.
    #[must_use]
    pub fn experiment(&self) -> Option<&Arc<Experiment>> {
        self.project()?.experiments.get(self.selection.experiment.as_ref()?)
    }

    /// The key of the chosen prompt, for [`Command::Edit`].
    #[must_use]
    pub fn prompt_key(&self) -> Option<DefinitionKey> {
        Some(DefinitionKey::Prompt(self.selection.project.clone()?, self.selection.prompt.clone()?))
    }

    /// The key of the chosen variant, for [`Command::Edit`].
    #[must_use]
    pub fn variant_key(&self) -> Option<DefinitionKey> {
        Some(DefinitionKey::Variant(self.selection.project.clone()?, self.selection.variant.clone()?))
    }

    /// The key of the chosen dataset, for [`Command::Edit`].
    #[must_use]
    pub fn dataset_key(&self) -> Option<DefinitionKey> {
        Some(DefinitionKey::Dataset(self.selection.project.clone()?, self.selection.dataset.clone()?))
    }

    /// The key of the chosen experiment, for [`Command::Edit`].
    #[must_use]
    pub fn experiment_key(&self) -> Option<DefinitionKey> {
        Some(DefinitionKey::Experiment(self.selection.project.clone()?, self.selection.experiment.clone()?))
    }

    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    #[must_use]
    pub const fn notices(&self) -> &Notices {
        &self.notices
    }

    /// For what a job or a run has to say.
    pub const fn notices_mut(&mut self) -> &mut Notices {
        &mut self.notices
    }

    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    #[must_use]
    pub const fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The workspaces that come with the program.
    #[must_use]
    pub fn bundled(&self) -> &[BundledInfo] {
        &self.bundled
    }

    /// The bundled price table.
    #[must_use]
    pub fn pricing(&self) -> &'static PriceTable {
        disk::pricing()
    }

    /// Definitions that are not on disk as they are here.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.edits.len()
    }

    /// Whether the workspace is being opened.
    #[must_use]
    pub fn opening(&self) -> bool {
        self.opened.as_ref().is_some_and(Opened::under_way)
    }

    /// The threads on which jobs and runs do their work.
    pub(super) fn handle(&self) -> Option<Handle> {
        self.runtime.as_ref().map(|runtime| runtime.handle().clone())
    }

    fn select(&mut self, choose: impl FnOnce(&mut Selection, Option<&Project>)) {
        let Some(workspace) = &self.workspace else { return };
        let project = self.selection.project.as_ref().and_then(|id| workspace.projects.get(id));
        choose(&mut self.selection, project);
        self.selection.settle(workspace);
        self.selection_changed();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}
