//! `strata tiers`: thresholds of tiers, fitted to a recorded run.

use std::io::{self, Write};

use serde::Serialize;

use super::args::TiersArgs;
use super::chosen::{self, complain_all, refuse};
use super::exit::Exit;
use super::write::Target;
use crate::domain::ModelTier;
use crate::interop::run_formats::{RunFormat, harmless};
use crate::session::Shelf;
use crate::session::tiers::{FittedTiers, fitted_tiers};

pub(super) fn tiers(arguments: &TiersArgs) -> Exit {
    perform(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn perform(arguments: &TiersArgs) -> Result<(), Exit> {
    let (format, file) = (arguments.output.format, arguments.output.file.as_deref());
    if !matches!(format, RunFormat::Table | RunFormat::Json) {
        return Err(refuse("Tiers are written as table or json."));
    }
    let workspace = chosen::workspace(&arguments.workspace)?;
    let target = Target::open(file)?;
    let records = chosen::records(&workspace)?;
    let fitted = fitted_tiers(&workspace, &Shelf::default(), &records, &arguments.run, arguments.margin);
    let fitted = fitted.map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    target.write(file, |out| match format {
        RunFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &fitted.iter().map(Told::of).collect::<Vec<_>>())?;
            writeln!(out)
        }
        _ => fitted.iter().try_for_each(|found| tell(found, out)),
    })
}

/// A variant's fit with what is made of it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    fitted: &'a FittedTiers,
    /// As the variant's file would have them.
    tiers: Option<Vec<ModelTier>>,
    sentences: Vec<String>,
}

impl<'a> Told<'a> {
    fn of(fitted: &'a FittedTiers) -> Self {
        Self { fitted, tiers: fitted.tiers(), sentences: fitted.sentences() }
    }
}

/// What came of a variant's fit, and the tiers as its file has them.
fn tell(found: &FittedTiers, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}:", harmless(found.variant.as_str()))?;
    for sentence in found.sentences() {
        writeln!(out, "  {}", harmless(&sentence))?;
    }
    let as_ron =
        |tier: &ModelTier| format!("(model: \"{}\", up_to: {:.3})", tier.model, tier.up_to.unwrap_or_default());
    if let Some(tiers) = found.tiers() {
        let tiers: Vec<String> = tiers.iter().map(as_ron).collect();
        writeln!(out, "  tiers: (tiers: [{}])", harmless(&tiers.join(", ")))?;
    }
    Ok(())
}
