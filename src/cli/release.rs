//! `strata release`: a variant frozen as a version, and committed to a git repository.

use jiff::Timestamp;

use super::args::{Frozen, ReleaseArgs, VersionChoice};
use super::chosen::{self, complain, complain_all, refuse, say};
use super::exit::Exit;
use crate::domain::{Evidence, Workspace};
use crate::interop::run_formats::harmless;
use crate::publish::{Change, ExportError, Preview};
use crate::session::Shelf;
use crate::session::releasing::{self, Draft, Pick, ProofWish, ReleaseWish, Source};

pub(super) fn release(arguments: &ReleaseArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &ReleaseArgs) -> Result<Exit, Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let wish = wish(&workspace, arguments)?;
    let records = chosen::records(&workspace)?;
    let draft = releasing::draft(&workspace, &Shelf::default(), Some(&records), &wish, Timestamp::now());
    let draft = draft.map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    if let Some(remark) = draft.remark.as_ref().filter(|_| !draft.frozen_before) {
        complain(remark);
    }
    // Looked at first: a release that cannot be exported is not written either.
    let project = workspace.projects.get(&wish.project).ok_or(Exit::Usage)?;
    let name = || arguments.name.clone();
    let preview = releasing::preview(project, &draft.release, &arguments.repository, name())
        .map_err(|error| not_exported(&error))?;
    tell(&draft);
    if arguments.dry_run {
        foretell(&preview);
        return Ok(Exit::Passed);
    }
    releasing::keep(&workspace.root, &draft).map_err(refuse)?;
    let exported = releasing::export(project, &draft.release, &arguments.repository, name())
        .map_err(|error| not_exported(&error))?;
    say(format!("branch {}", exported.branch));
    say(format!("tag    {}", exported.tag));
    say(format!("commit {}", exported.commit));
    if !exported.new {
        say("The same content was there already: no new commit.");
    }
    Ok(Exit::Passed)
}

fn wish(workspace: &Workspace, arguments: &ReleaseArgs) -> Result<ReleaseWish, Exit> {
    Ok(ReleaseWish {
        project: chosen::project(workspace, arguments.project.as_ref())?,
        source: match &arguments.source {
            Frozen::Variant(id) => Source::Variant(id.clone()),
            Frozen::Prompt(id) => Source::Prompt(id.clone()),
        },
        version: match &arguments.version {
            VersionChoice::Exactly(version) => Pick::Exactly(version.clone()),
            VersionChoice::Next(step) => Pick::Next(*step),
            VersionChoice::Proposed => Pick::Proposed,
        },
        proof: arguments.run.clone().map_or(ProofWish::Best, ProofWish::Run),
        note: arguments.note.clone(),
    })
}

fn not_exported(error: &ExportError) -> Exit {
    let hint = error.hint();
    refuse(if hint.is_empty() { error.to_string() } else { format!("{error} {hint}") })
}

fn tell(draft: &Draft) {
    let release = &draft.release;
    let word = if draft.frozen_before { "was frozen before" } else { "is frozen" };
    say(format!("{} {} of {} {word} as {}", release.source, release.version, release.variant, draft.id));
    release.evidence.iter().for_each(|evidence| say(line(evidence)));
}

fn line(evidence: &Evidence) -> String {
    let rate = evidence.pass_rate.map_or_else(
        || "nothing was scored".to_owned(),
        |rate| format!("{:.1} % ({:.1}–{:.1})", rate.value * 100.0, rate.low * 100.0, rate.high * 100.0),
    );
    let scripted = if evidence.scripted { ", scripted, not a model" } else { "" };
    format!(
        "  {}: {}/{} passed, {rate}, {} unscored, {} errored, run {}{scripted}",
        evidence.model, evidence.passed, evidence.scored, evidence.unscored, evidence.errored, evidence.run
    )
}

/// What an export would do.
fn foretell(preview: &Preview) {
    say(format!("would go to {}", preview.repository.display()));
    say(format!("branch {}", preview.branch));
    say(format!("tag    {}", preview.tag));
    for file in &preview.files {
        let word = match file.change {
            Change::Added => "new    ",
            Change::Changed => "changed",
            Change::Same => "same   ",
        };
        say(format!("  {word} {}", file.path));
    }
    if preview.new {
        preview.message.lines().for_each(|line| say(format!("  | {}", harmless(line))));
    } else {
        say("The same content is there already: there would be no new commit.");
    }
}
