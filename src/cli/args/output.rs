//! Where results go, for every verb that has some.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, Args, ValueEnum};

use crate::interop::run_formats::RunFormat;

/// Where results go and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub format: RunFormat,
    /// Standard output where it is not given.
    pub file: Option<PathBuf>,
}

impl ValueEnum for RunFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Json, Self::Jsonl, Self::Junit, Self::Csv, Self::Md, Self::Html]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Table => PossibleValue::new("table").help("For people: one line for each variant and model"),
            Self::Json => PossibleValue::new("json").help("The whole run as one JSON object"),
            Self::Jsonl => PossibleValue::new("jsonl").help("One JSON object a line for each trial"),
            Self::Junit => PossibleValue::new("junit").help("JUnit XML for CI"),
            Self::Csv => PossibleValue::new("csv").help("One row for each trial"),
            Self::Md => PossibleValue::new("md").alias("markdown").help("A summary in Markdown"),
            Self::Html => PossibleValue::new("html").help("One web page with every trial"),
        })
    }
}

/// Offers the formats that a verb writes, and no others, each with what it is there.
pub(super) fn only<const N: usize>(formats: [(RunFormat, &'static str); N]) -> impl FnOnce(Arg) -> Arg {
    move |arg| {
        let offered = formats.into_iter().filter_map(|(format, help)| Some(format.to_possible_value()?.help(help)));
        arg.value_parser(PossibleValuesParser::new(offered).try_map(|name| RunFormat::from_str(&name, false)))
    }
}

#[derive(Args)]
pub(super) struct RawOutput {
    /// How results are written; by the file's extension, else a table
    #[arg(long, value_enum)]
    format: Option<RunFormat>,
    /// Write results to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl RawOutput {
    /// `-` is standard output, as everywhere.
    pub(super) fn resolve(self) -> Output {
        let file = self.output.filter(|file| file != Path::new("-"));
        let by_name = || file.as_deref().and_then(RunFormat::of_file);
        Output { format: self.format.or_else(by_name).unwrap_or(RunFormat::Table), file }
    }
}
