//! What a file of prompts holds, by its ending.

use std::path::Path;

use super::super::suite::PromptEntry;
use super::csv::{self, Lenience};
use super::desk::{Desk, Read, refuse};
use super::external::{extension, loaded_inside};
use super::json;
use super::prompts::Draft;
use super::spot::Spot;
use super::text::{head, lines, trim};
use crate::scoring::yaml;

pub(super) fn prompts(draft: &Draft, path: &Path, text: &str, desk: &Desk) -> Read<Vec<PromptEntry>> {
    match extension(path) {
        "txt" => Ok(of_text(draft, path, text)),
        "md" | "j2" => {
            let label = |raw: &str| format!("{}: {}...", path.display(), head(raw, 50));
            Ok(vec![draft.entry(text.to_owned(), label)])
        }
        "json" => of_json(draft, path, text, desk),
        "jsonl" => Ok(of_lines(draft, path, text)),
        "yaml" | "yml" => of_yaml(draft, path, text),
        "csv" => Ok(of_csv(draft, text)),
        _ => Ok(Vec::new()),
    }
}

/// Lines of `---` part the prompts.
fn of_text(draft: &Draft, path: &Path, text: &str) -> Vec<PromptEntry> {
    let mut pieces = vec![Vec::new()];
    for line in lines(text) {
        match pieces.last_mut() {
            Some(piece) if trim(line) != "---" => piece.push(line),
            _ => pieces.push(Vec::new()),
        }
    }
    let pieces = pieces.iter().map(|piece| piece.join("\n"));
    pieces
        .filter_map(|piece| {
            let raw = trim(&piece).to_owned();
            let own = format!("{}: {raw}", path.display());
            let label = match draft.label.as_deref() {
                None | Some("") => own,
                Some(label) => format!("{label}: {own}"),
            };
            (!raw.is_empty()).then(|| PromptEntry { label, config: None, ..draft.entry(raw, str::to_owned) })
        })
        .collect()
}

/// The whole file, with files that it names read in. What is not JSON is taken as it is.
fn of_json(draft: &Draft, path: &Path, text: &str, desk: &Desk) -> Read<Vec<PromptEntry>> {
    let raw = match json::parse(text) {
        Ok(value) => json::stringify(&loaded_inside(&value, desk, &draft.spot)?),
        Err(_) => text.to_owned(),
    };
    Ok(vec![draft.entry(raw, |raw| format!("{}: {raw}", path.display()))])
}

fn of_lines(draft: &Draft, path: &Path, text: &str) -> Vec<PromptEntry> {
    let prompts: Vec<&str> = lines(text).filter(|line| !line.is_empty()).collect();
    let several = prompts.len() > 1;
    let entry = |line: &&str| {
        let name = draft.label.clone().filter(|label| !label.is_empty());
        let name = name.unwrap_or_else(|| path.display().to_string());
        let label = if several { format!("{name}: {line}") } else { name };
        PromptEntry { label, ..draft.entry((*line).to_owned(), str::to_owned) }
    };
    prompts.iter().map(entry).collect()
}

fn of_yaml(draft: &Draft, path: &Path, text: &str) -> Read<Vec<PromptEntry>> {
    let value = yaml::read_for_json(text)
        .map_err(|error| refuse(error.message.clone(), &Spot::file(path).at_line(error.line)))?;
    let raw = json::stringify(&value);
    Ok(vec![draft.entry(raw, |raw| format!("{}: {}", path.display(), head(raw, 80)))])
}

/// A column `prompt`, perhaps `label`; or a prompt a line.
fn of_csv(draft: &Draft, text: &str) -> Vec<PromptEntry> {
    let lenience = Lenience { quotes: true, trim: true, skip_empty_lines: true };
    let rows = if text.contains(',') { csv::rows_with(text, lenience).ok() } else { None };
    let Some(rows) = rows else {
        let prompts: Vec<&str> = lines(text).filter(|line| !trim(line).is_empty()).collect();
        let headed = prompts.first().is_some_and(|line| trim(line).eq_ignore_ascii_case("prompt"));
        let prompts = prompts.into_iter().skip(usize::from(headed)).zip(1..);
        return prompts.map(|(line, number)| draft.entry(line.to_owned(), |raw| numbered(number, raw))).collect();
    };
    let cell = |row: &csv::Row, name: &str| {
        let found = row.cells.iter().find(|(column, _)| column == name).map(|(_, cell)| cell.clone());
        found.filter(|cell| !cell.is_empty())
    };
    let with_prompt = rows.iter().filter_map(|row| Some((row, cell(row, "prompt")?))).zip(1..);
    with_prompt
        .map(|((row, prompt), number)| {
            let entry = draft.entry(prompt, |raw| numbered(number, raw));
            let label = cell(row, "label").unwrap_or_else(|| entry.label.clone());
            PromptEntry { label, ..entry }
        })
        .collect()
}

fn numbered(number: usize, raw: &str) -> String {
    format!("Prompt {number} - {raw}")
}
