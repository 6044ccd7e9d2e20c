//! `strata guardrails`: how good the guards are on labelled texts. Nothing is sent.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::args::GuardrailsArgs;
use super::chosen::refuse;
use super::exit::Exit;
use super::write::Target;
use crate::analysis::{Detection, Guard, Miss, Tally, measure};
use crate::domain::Interval;
use crate::interop::run_formats::{RunFormat, one_line};
use crate::scoring::guardrails::labelled::{Half, Labelled, bundled, read};
use crate::store::read_text;

/// The most characters of a text that was missed.
const TEXT: usize = 100;

/// What the figures of the bundled texts are worth.
const BUNDLED: &str = "The patterns were tuned on the development half only; but texts and patterns have the same \
                       authors, and attacks of other people fare worse.";

/// What the halves of other texts are for.
const OWN: &str = "A text's half goes by its id: tune patterns of your own on the development half only.";

type Measured = BTreeMap<(Guard, Half), Detection>;

pub(super) fn guardrails(arguments: &GuardrailsArgs) -> Exit {
    report(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn report(arguments: &GuardrailsArgs) -> Result<(), Exit> {
    let texts = texts(arguments.file.as_deref())?;
    let target = Target::open(arguments.output.file.as_deref())?;
    let (measured, file) = (measure(&texts), arguments.output.file.as_deref());
    match arguments.output.format {
        RunFormat::Table => target.write(file, |out| table(&measured, arguments, out)),
        RunFormat::Json => target.write(file, |out| {
            serde_json::to_writer_pretty(&mut *out, &whole(&measured, arguments.misses))?;
            writeln!(out)
        }),
        RunFormat::Jsonl | RunFormat::Junit | RunFormat::Csv | RunFormat::Md | RunFormat::Html => {
            Err(refuse("The guards' figures are written as table or json."))
        }
    }
}

fn texts(file: Option<&Path>) -> Result<Vec<Labelled>, Exit> {
    let Some(file) = file else { return Ok(bundled()) };
    let texts = read(&read_text(file).map_err(refuse)?).map_err(|why| refuse(format!("{}: {why}", file.display())))?;
    if texts.is_empty() {
        return Err(refuse(format!("{} has no labelled text. Write one JSON object a line.", file.display())));
    }
    Ok(texts)
}

fn table(measured: &Measured, arguments: &GuardrailsArgs, out: &mut dyn Write) -> io::Result<()> {
    let (misses, own) = (arguments.misses, arguments.file.is_some());
    for guard in [Guard::Input, Guard::Output] {
        let halves: Vec<_> =
            measured.iter().filter(|((of, _), _)| *of == guard).map(|((_, half), d)| (*half, d)).collect();
        if halves.is_empty() {
            continue;
        }
        writeln!(out, "{}", title(guard))?;
        writeln!(out, "{:22}{:>7}{:>24}{:>24}{:>24}", "", "texts", "precision", "recall", "F1")?;
        for (half, detection) in &halves {
            row(word(*half), detection.texts, &detection.total, out)?;
        }
        for (half, detection) in &halves {
            writeln!(out, "\n{:22}{:>7}{:>9}{:>8}{:>14}", word(*half), "right", "caught", "missed", "false alarms")?;
            for (kind, tally) in &detection.by_kind {
                let Tally { caught, missed, false_alarms, passed } = tally;
                writeln!(
                    out,
                    "  {:20}{:>7}{caught:>9}{missed:>8}{false_alarms:>14}",
                    one_line(kind, 18),
                    caught + passed
                )?;
            }
            if misses {
                detection.misses.iter().try_for_each(|miss| missed(miss, out))?;
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "Intervals are Wilson's, of 95 %. {}", if own { OWN } else { BUNDLED })
}

const fn title(guard: Guard) -> &'static str {
    match guard {
        Guard::Input => "Sanitiser: attacks among inputs",
        Guard::Output => "Validator: leaks, personal data, harm and forbidden phrases in answers",
    }
}

const fn word(half: Half) -> &'static str {
    match half {
        Half::Development => "development",
        Half::HeldOut => "held out",
    }
}

fn row(name: &str, texts: u64, tally: &Tally, out: &mut dyn Write) -> io::Result<()> {
    let [precision, recall, f1] = [tally.precision(), tally.recall(), tally.f1()].map(rate);
    writeln!(out, "{name:22}{texts:>7}{precision:>24}{recall:>24}{f1:>24}")
}

/// `93.1 % (88.0–96.2)`.
fn rate(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "–".to_owned(),
        |Interval { value, low, high }| format!("{:.1} % ({:.1}–{:.1})", value * 100.0, low * 100.0, high * 100.0),
    )
}

fn missed(miss: &Miss, out: &mut dyn Write) -> io::Result<()> {
    let names = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let (expected, found) = (names(&miss.expected), names(&miss.found));
    writeln!(out, "  {}: {expected} expected, {found} found: {}", one_line(&miss.id, 40), one_line(&miss.text, TEXT))
}

fn whole(measured: &Measured, misses: bool) -> Value {
    let parts = measured.iter().map(|((guard, half), detection)| {
        let kinds = detection.by_kind.iter().map(|(kind, tally)| (kind.clone(), figures(tally)));
        let mut part = json!({
            "guard": guard,
            "half": word(*half),
            "texts": detection.texts,
            "total": figures(&detection.total),
            "by_kind": kinds.collect::<serde_json::Map<_, _>>(),
        });
        if misses {
            part["misses"] = detection.misses.iter().map(as_data).collect();
        }
        part
    });
    Value::Array(parts.collect())
}

/// Without the text, which may hold what terminals act on; the id leads to it.
fn as_data(miss: &Miss) -> Value {
    json!({ "id": miss.id, "kind": miss.kind, "expected": miss.expected, "found": miss.found })
}

fn figures(tally: &Tally) -> Value {
    json!({
        "caught": tally.caught,
        "missed": tally.missed,
        "false_alarms": tally.false_alarms,
        "passed": tally.passed,
        "precision": tally.precision(),
        "recall": tally.recall(),
        "f1": tally.f1(),
    })
}
