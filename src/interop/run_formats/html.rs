//! A run as one web page that needs nothing else: a summary by column, and every trial.

use std::io::{self, Write};
use std::sync::Arc;

use super::escape::one_line;
use super::report::Report;
use super::table::{columns, size, title};
use super::trial::Row;
use crate::domain::TrialEnded;

const LONGEST_CELL: usize = 4_000;

/// Follows the reader's own light or dark setting; loads nothing.
const STYLE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:110rem}\
table{border-collapse:collapse;margin:1rem 0;width:100%}th,td{border-bottom:1px solid #8884;padding:.35rem .6rem;\
text-align:left;vertical-align:top}th{position:sticky;top:0;background:Canvas}td{white-space:pre-wrap;overflow-wrap:anywhere}\
.pass{color:#1a7f37}.fail{color:#cf222e}.errored,.unscored{color:#9a6700}\
@media(prefers-color-scheme:dark){.pass{color:#3fb950}.fail{color:#f85149}.errored,.unscored{color:#d29922}}";

pub(super) fn write(
    report: &Report,
    trials: &mut dyn Iterator<Item = Arc<TrialEnded>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let title = escaped(&title(report));
    // Nothing in the page may load or run anything, whatever an answer says.
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>"
    )?;
    writeln!(out, "<h1>{title}</h1>\n<p>{}</p>", escaped(&size(report)))?;
    let columns = columns(report);
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    head(&names, out)?;
    for at in 0..report.named().count() {
        let cells: Vec<&str> = columns.iter().map(|column| column.cells[at].as_str()).collect();
        row("", &cells, out)?;
    }
    writeln!(out, "</tbody></table>")?;
    if report.has_stars() {
        writeln!(out, "<p>* <em>scripted, not a model</em></p>")?;
    }
    head(&["Case", "Variant", "Model", "Repeat", "Outcome", "Score", "Reason", "Output"], out)?;
    for ended in trials {
        let trial = Row::of(report, &ended);
        let (repeat, score) =
            (trial.repeat.to_string(), trial.score.map_or(String::new(), |score| format!("{score:.3}")));
        let name = trial.name();
        let cells =
            [name.as_str(), trial.variant, trial.model, &repeat, trial.outcome, &score, &trial.reason, trial.output];
        row(trial.outcome, &cells, out)?;
    }
    writeln!(out, "</tbody></table></body></html>")
}

fn head(names: &[&str], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<table><thead><tr>")?;
    for name in names {
        write!(out, "<th>{}</th>", escaped(name))?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

fn row(class: &str, cells: &[&str], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<tr>")?;
    for cell in cells {
        let class = if *cell == class && !class.is_empty() { format!(" class=\"{class}\"") } else { String::new() };
        write!(out, "<td{class}>{}</td>", escaped(cell))?;
    }
    writeln!(out, "</tr>")
}

/// Text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    let mut lines = text.lines().map(|line| one_line(line, LONGEST_CELL)).collect::<Vec<_>>().join("\n");
    if let Some((at, _)) = lines.char_indices().nth(LONGEST_CELL) {
        lines.truncate(at);
        lines.push('…');
    }
    for letter in lines.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::run_formats::tests::report;

    #[test]
    fn nothing_that_an_answer_says_is_markup() {
        assert_eq!(
            escaped("<script>\"a\" & 'b'\n</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\n&lt;/script&gt;"
        );
    }

    #[test]
    fn a_page_is_whole_and_loads_nothing() {
        let mut page = Vec::new();
        write(&report(), &mut std::iter::empty(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{page}");
        assert!(!page.contains("src=") && !page.contains("href="), "{page}");
    }
}
