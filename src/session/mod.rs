//! The application without a window: what is open and chosen, what a person can mean, undo, jobs, the feed of a run.
//!
//! A [`Command`] goes in, [`Session::apply`] changes the state and never blocks, [`Session::tick`] takes in what the
//! background has done. Readers look at getters and at [`Session::revision`]. Invariant: nothing here knows of a window.

pub mod alerts;
mod calls;
mod cases;
mod checks;
mod command;
mod datasets;
mod disk;
mod edits;
pub mod evaluation;
mod feed;
mod guardrails;
mod history;
pub mod importing;
mod imports;
mod jobs;
pub mod launch;
mod notices;
mod open;
mod preview;
mod previous;
mod raising;
mod recall;
mod rehearsal;
mod releases;
pub mod releasing;
pub mod reporting;
mod route;
mod rows;
mod runs;
mod selection;
mod sent;
mod settings;
mod shelf;
mod shortcut;
mod shown;
mod start;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
pub mod tiers;
pub mod traffic;
mod trust;
mod trying;

pub use calls::{CALL_PAGE, Calls, Spend};
pub use cases::CasesView;
pub use checks::problems_of;
pub use command::{Command, CommandInfo};
pub use datasets::{CaseSearch, MOST_EMBEDDED, Peek, Peeked};
pub use feed::{Feed, FeedSink};
pub use guardrails::Detections;
pub use history::History;
pub use imports::{ImportInto, Importing, Readable};
pub use jobs::{JobContext, JobView, Jobs, Wake};
pub use notices::{Level, Notice, NoticeId, Notices};
pub use open::BundledInfo;
pub use preview::{CaseView, Found, LayerView, MessageView, ModelView, Piece, Preview, PreviewSpec, Previews, preview};
pub use previous::Previous;
pub use raising::Rest;
pub use rehearsal::{Choice, Rehearsal};
pub use releases::{ExportWish, Releases};
pub use route::Route;
pub use rows::{CaseHead, RowsState, RunRows};
pub use runs::{RunOffer, RunView, Runs};
pub use selection::Selection;
pub use sent::Sent;
pub use shelf::Shelf;
pub use shortcut::{Key, Shortcut, bindings};
pub use shown::{Search, ShownTrial};
pub use start::{Forecast, Ready};
pub use state::{Session, SessionOptions, Tick};
pub use sweep::{Sweep, SweptColumn, SweptItems};
pub use trust::{CollectorView, EndpointView, Trust, TrustState};
pub use trying::{Try, TryState};

pub use crate::store::{Settings, Theme as ThemeChoice};
