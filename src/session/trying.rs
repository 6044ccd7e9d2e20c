//! One case sent to one model, to see what comes back while it comes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::feed::Feed;
use super::launch::{LaunchError, Start, begin, prepare_try};
use super::preview::PreviewSpec;
use super::state::Session;
use crate::domain::{CaseId, Fault, Fingerprint, ModelId, Numbered, RunEvent, TrialEnded};
use crate::engine::{RunHandle, TextWatcher};
use crate::provider::SystemKeys;

/// How long a frame may take events in.
const SLICE: Duration = Duration::from_millis(2);
/// How long a call may go on after it was stopped before its connection is dropped.
const PATIENCE: Duration = Duration::from_millis(400);

/// The last thing that was tried.
pub struct Try {
    pub model: ModelId,
    pub scripted: bool,
    /// The case that was sent.
    pub case: Option<CaseId>,
    pub state: TryState,
    /// Calls so far; more than one where a call was made again.
    pub calls: u32,
    /// Identity of the request, to tell whether the prompt has changed since.
    pub request: Option<Fingerprint>,
    number: u64,
    text: Arc<Mutex<String>>,
    live: Option<(RunHandle, Feed)>,
    stopped: Option<Instant>,
}

#[derive(Debug, Clone)]
pub enum TryState {
    /// Getting ready, or on its way.
    Asked,
    Ended(Arc<TrialEnded>),
    /// Nothing was sent.
    Refused {
        what: String,
        hint: String,
    },
    Stopped,
}

impl Try {
    /// The answer as far as it has come.
    #[must_use]
    pub fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, TryState::Asked)
    }

    fn take(&mut self, event: &RunEvent) {
        match event {
            RunEvent::AttemptSent(sent) => {
                self.calls += 1;
                self.request = Some(sent.request);
                // A call that is made again begins its answer anew.
                self.text.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            RunEvent::TrialEnded(ended) => {
                let cancelled =
                    matches!(&ended.outcome, crate::domain::Outcome::Errored(error) if error.fault == Fault::Cancelled);
                self.state = if cancelled { TryState::Stopped } else { TryState::Ended(ended.clone()) };
            }
            RunEvent::Ended { .. } if self.is_under_way() => self.state = TryState::Stopped,
            _ => {}
        }
    }
}

impl Session {
    /// What was tried last.
    #[must_use]
    pub const fn tried(&self) -> Option<&Try> {
        self.tried.as_ref()
    }

    /// Sends the previewed case to a model; `fresh` asks anew what was answered before.
    pub(super) fn try_case(&mut self, model: ModelId, fresh: bool) {
        if self.tried.as_ref().is_some_and(Try::is_under_way) {
            return;
        }
        let Some(spec) = self.try_spec() else { return };
        let (Some(workspace), Some(records)) = (self.workspace.clone(), self.runs.records.clone()) else {
            self.notices.warning("Nothing can be sent yet.", "The records of this workspace are not open.");
            return;
        };
        let shown = self.previews().shown();
        let case = shown.and_then(|preview| preview.case.as_ref()).map(|view| view.case.id.clone());
        let text = Arc::new(Mutex::new(String::new()));
        let number = self.tried.as_ref().map_or(0, |tried| tried.number) + 1;
        let spec_of = workspace.manifest.models.get(&model).map(|found| &found.provider);
        let provider = spec_of.and_then(|id| workspace.manifest.providers.get(id));
        self.tried = Some(Try {
            scripted: provider.is_some_and(|provider| provider.api.is_scripted()),
            model: model.clone(),
            case,
            state: TryState::Asked,
            calls: 0,
            request: None,
            number,
            text: text.clone(),
            live: None,
            stopped: None,
        });
        let (open, granted, wake) = (self.shelf.clone(), self.trust.granted().clone(), self.jobs.wake());
        self.jobs.quiet(move |_| {
            let (sink, feed) = Feed::new(wake.clone());
            let on_text: TextWatcher = Arc::new(move |_, piece| {
                text.lock().unwrap_or_else(PoisonError::into_inner).push_str(piece);
                wake();
            });
            let begun = prepare_try(&workspace, &open, &spec, &model, fresh).map_err(LaunchError::Problems);
            let begun = begun.and_then(|prepared| {
                let how = Start {
                    records: &records,
                    granted: &granted,
                    keys: Arc::new(SystemKeys::default()),
                    watchers: vec![Box::new(sink)],
                    runtime: &Handle::current(),
                    on_text: Some(on_text),
                    stall_limit: Some(Duration::from_secs(10)),
                    patience: None,
                };
                begin(prepared, how)
            });
            Box::new(move |session| session.try_begun(number, begun, feed))
        });
    }

    fn try_begun(&mut self, number: u64, begun: Result<RunHandle, LaunchError>, feed: Feed) {
        let Some(tried) = self.tried.as_mut().filter(|tried| tried.number == number) else { return };
        match begun {
            Ok(handle) => {
                if tried.stopped.is_some() {
                    handle.cancel();
                }
                tried.live = Some((handle, feed));
            }
            Err(error) => {
                let (what, hint) = told(error);
                tried.state = TryState::Refused { what, hint };
            }
        }
    }

    /// Stops what is being tried; what was sent may still be billed.
    pub(super) fn stop_try(&mut self) {
        let Some(tried) = self.tried.as_mut().filter(|tried| tried.is_under_way()) else { return };
        if tried.stopped.is_none() {
            tried.stopped = Some(Instant::now());
            if let Some((handle, _)) = &tried.live {
                handle.cancel();
            }
        }
    }

    /// Takes in what happened to what is being tried.
    pub(super) fn drain_try(&mut self, now: Instant) -> bool {
        let Some(tried) = &mut self.tried else { return false };
        let Some((handle, mut feed)) = tried.live.take() else { return false };
        let mut moved = false;
        feed.drain(SLICE, |numbered: &Numbered| {
            tried.take(&numbered.event);
            moved = true;
        });
        let over = handle.status().state.is_some() && !moved;
        if over && tried.is_under_way() {
            // Its record could not be written, or it was dropped: it ends without a word of its own.
            tried.state = TryState::Stopped;
            moved = true;
        }
        if tried.stopped.is_some_and(|since| now >= since + PATIENCE) && tried.is_under_way() {
            handle.cancel();
            tried.state = TryState::Stopped;
            moved = true;
        }
        if !over {
            tried.live = Some((handle, feed));
        }
        moved
    }

    /// When to look again at what is being tried, though nothing wakes.
    pub(super) fn next_try_look(&self) -> Option<Duration> {
        self.tried.as_ref().filter(|tried| tried.is_under_way()).map(|_| Duration::from_millis(200))
    }

    fn try_spec(&self) -> Option<PreviewSpec> {
        Some(PreviewSpec {
            project: self.selection.project.clone()?,
            prompt: self.selection.prompt.clone()?,
            variant: self.selection.variant.clone(),
            dataset: self.selection.dataset.clone(),
            case: self.previews.case(),
            model: None,
        })
    }
}

/// What went wrong, and what to do.
fn told(error: LaunchError) -> (String, String) {
    let list = |items: BTreeSet<String>| items.into_iter().collect::<Vec<_>>().join("\n");
    match error {
        LaunchError::Problems(problems) => {
            let whats = problems.iter().map(|problem| problem.message.clone()).collect();
            let hints = problems.iter().map(|problem| problem.hint.clone()).filter(|hint| !hint.is_empty()).collect();
            (list(whats), list(hints))
        }
        LaunchError::Untrusted(asks) => {
            let asks = list(asks.iter().map(ToString::to_string).collect());
            (
                "This workspace is not trusted to send anything yet.".to_owned(),
                format!("It asks to {asks}. Grant it in Settings."),
            )
        }
        other => (other.to_string(), "Nothing was sent.".to_owned()),
    }
}
