//! `strata trust`: shows what a workspace may reach, and grants or takes back exactly that.

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use super::args::TrustArgs;
use super::chosen::{self, refuse, say};
use super::exit::Exit;
use crate::domain::Capability;
use crate::interop::run_formats::harmless;
use crate::provider::vendor_bound;
use crate::session::launch::{about, asked};
use crate::store::{Decision, Trust, TrustStore, config_dir};

pub(super) fn trust(arguments: &TrustArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &TrustArgs) -> Result<Exit, Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let asked = asked(&workspace);
    if arguments.revoke {
        decisions()?.revoke(&workspace.root).map_err(refuse)?;
        say("Nothing is granted to this workspace any more.");
        return Ok(Exit::Passed);
    }
    if asked.is_empty() {
        say("This workspace reaches nothing outside its folder.");
        return arguments.write.as_deref().map_or(Ok(Exit::Passed), |file| write(file, &asked));
    }
    say("This workspace asks to:");
    for capability in &asked {
        say(format!("  · {capability}"));
    }
    if let Some(file) = &arguments.write {
        return write(file, &asked);
    }
    let now = about(&workspace.root, &asked).map_err(refuse)?;
    if now.is_full(&asked) {
        say("All of it is granted.");
        return Ok(Exit::Passed);
    }
    if let Trust::Changed { added, removed, .. } = &now {
        say_difference(added, removed);
    }
    if !io::stdin().is_terminal() {
        say("It is not granted. Answer on a terminal, or write a trust file with --write for `run --trust-file`.");
        return Ok(Exit::Passed);
    }
    for capability in &asked {
        if !confirmed(capability) {
            say("Nothing was granted.");
            return Ok(Exit::Failed);
        }
    }
    decisions()?.decide(&workspace.root, &asked, &asked).map_err(refuse)?;
    say("Granted. Take it back with --revoke.");
    Ok(Exit::Passed)
}

/// What is asked for now and was not when the user decided, and the other way round.
fn say_difference(added: &BTreeSet<Capability>, removed: &BTreeSet<Capability>) {
    say("It asks for something else than was granted:");
    for capability in added {
        let changed = removed.iter().any(|before| capability.replaces(before));
        say(format!("  · {}: {capability}", if changed { "changed" } else { "new" }));
    }
    for capability in removed.iter().filter(|before| !added.iter().any(|capability| capability.replaces(before))) {
        say(format!("  · no longer asked: {capability}"));
    }
}

/// A vendor's key to a host that is not the vendor's needs the host typed, all else a yes.
fn confirmed(capability: &Capability) -> bool {
    match capability {
        Capability::Send { origin, key: Some(key), .. } | Capability::Report { origin, key: Some(key) }
            if vendor_bound(key, origin) == Some(false) =>
        {
            answer(&format!(
                "The key from {key} will be sent to {origin}, which is not its vendor. Type {origin} to agree:"
            )) == *origin
        }
        _ => answer(&format!("Grant: {capability}? [y/N]")).eq_ignore_ascii_case("y"),
    }
}

fn answer(question: &str) -> String {
    let mut out = io::stdout();
    // A question that cannot be shown is not answered with yes.
    if write!(out, "{} ", harmless(question)).and_then(|()| out.flush()).is_err() {
        return String::new();
    }
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) => line.trim().to_owned(),
        Err(_) => String::new(),
    }
}

fn write(file: &Path, asked: &BTreeSet<Capability>) -> Result<Exit, Exit> {
    Decision::new(asked, asked)
        .save(file)
        .map_err(|error| refuse(format!("{} cannot be written: {error}.", file.display())))?;
    let what = if asked.is_empty() { "nothing, as nothing is asked" } else { "exactly this" };
    say(format!("Written to {}. Whoever runs with --trust-file and this file grants {what}.", file.display()));
    Ok(Exit::Passed)
}

fn decisions() -> Result<TrustStore, Exit> {
    let folder = config_dir(None).ok_or_else(|| refuse("There is no folder for settings: set HOME."))?;
    let (store, problem) = TrustStore::load(&folder);
    problem.map_or(Ok(store), |problem| Err(refuse(problem)))
}
