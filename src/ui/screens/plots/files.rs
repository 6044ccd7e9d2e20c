//! A chart as a file: a drawing that stands alone, and its numbers as a table.

use std::fmt::Write as _;

use egui::Color32;

use super::chart::{Chart, Fact, Item, Legend, Part};
use super::marker::Marker;
use crate::ui::theme::Theme;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 58.0;
const LINE: f64 = 20.0;
/// Points that a letter of the small text takes, on average.
const LETTER: f64 = 6.6;

/// What stands around a chart in a file.
pub(super) struct Sheet<'a> {
    pub legend: &'a Legend,
    /// The run: its experiment, when it was, its id.
    pub run: &'a str,
    /// *Scripted, not a model.*
    pub scripted: bool,
    pub theme: &'a Theme,
}

/// The chart as a standalone SVG file.
pub(super) fn svg(chart: &Chart, sheet: &Sheet<'_>) -> String {
    let keys = keys(chart, sheet);
    let rows = keys.iter().map(|key| key.row).max().map_or(0, |row| row + 1);
    let whole = HEIGHT + f64::from(rows) * LINE + 8.0;
    let mut page = Page { chart, sheet, text: String::new() };
    let ground = page.colour(sheet.theme.grounds.surface);
    page.put(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {whole}\" width=\"{WIDTH}\" height=\"{whole}\" font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n"
    ));
    page.heads();
    page.axes();
    page.data();
    page.keys(&keys);
    page.put("</svg>\n");
    page.text
}

/// The chart's numbers, one row for each item, safe to open in a spreadsheet.
///
/// # Errors
/// Never for text in memory; the writer's type has it.
pub(super) fn csv(chart: &Chart, sheet: &Sheet<'_>) -> Result<Vec<u8>, csv::Error> {
    let facts =
        |item: &Item| -> Vec<Fact> { item.facts.iter().filter(|fact| !fact.column.is_empty()).cloned().collect() };
    let mut table = csv::Writer::from_writer(Vec::new());
    if let Some(first) = chart.items.first() {
        let heads: Vec<&str> = facts(first).iter().map(|fact| fact.column).collect();
        table.write_record(heads.into_iter().chain(["about", "scripted"]))?;
    }
    for item in &chart.items {
        let cells = facts(item).into_iter().map(|fact| no_formula(fact.raw));
        table.write_record(cells.chain([no_formula(sheet.run.to_owned()), sheet.scripted.to_string()]))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// Text that no spreadsheet takes for a formula.
fn no_formula(text: String) -> String {
    let number = text.parse::<f64>().is_ok();
    if !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// An entry of the legend in its place.
struct KeyEntry<'a> {
    name: &'a str,
    sign: Sign,
    x: f64,
    row: u16,
}

enum Sign {
    Colour(usize),
    Shape(usize),
}

fn keys<'a>(chart: &Chart, sheet: &Sheet<'a>) -> Vec<KeyEntry<'a>> {
    if chart.kind == super::chart::Kind::Runs {
        return Vec::new();
    }
    let variants = sheet.legend.variants.iter().enumerate().map(|(index, name)| (Sign::Colour(index), name));
    let models = sheet.legend.models.iter().enumerate().map(|(index, name)| (Sign::Shape(index), name));
    let (mut x, mut row) = (LEFT, 0);
    variants
        .chain(models)
        .map(|(sign, name)| {
            let width = 34.0 + letters(name) * LETTER;
            if x > LEFT && x + width > WIDTH - RIGHT {
                (x, row) = (LEFT, row + 1);
            }
            let entry = KeyEntry { name, sign, x, row };
            x += width;
            entry
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a name has few letters")]
fn letters(text: &str) -> f64 {
    text.chars().count() as f64
}

struct Page<'a> {
    chart: &'a Chart,
    sheet: &'a Sheet<'a>,
    text: String,
}

impl Page<'_> {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    #[expect(clippy::unused_self, reason = "reads as part of the page")]
    fn colour(&self, colour: Color32) -> String {
        format!("#{:02x}{:02x}{:02x}", colour.r(), colour.g(), colour.b())
    }

    fn across(&self, x: f64) -> f64 {
        let axis = &self.chart.x;
        LEFT + (x - axis.low) / (axis.high - axis.low) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        let axis = &self.chart.y;
        HEIGHT - BOTTOM - (y - axis.low) / (axis.high - axis.low) * (HEIGHT - TOP - BOTTOM)
    }

    fn words(&mut self, x: f64, y: f64, size: f64, anchor: &str, colour: Color32, text: &str) {
        let (colour, text) = (self.colour(colour), escaped(text));
        let _ = writeln!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Color32, width: f64, dashes: &str) {
        let colour = self.colour(colour);
        let _ = writeln!(
            self.text,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>",
            from.0, from.1, to.0, to.1
        );
    }

    fn heads(&mut self) {
        let theme = self.sheet.theme;
        let title = escaped(self.chart.kind.title());
        let _ = writeln!(self.text, "<title>{title}</title>");
        self.words(LEFT, 28.0, 18.0, "start", theme.texts.plain, self.chart.kind.title());
        let run = self.sheet.run.to_owned();
        self.words(LEFT, 46.0, 12.0, "start", theme.texts.muted, &run);
        let about = self.chart.about.clone();
        self.words(LEFT, 62.0, 12.0, "start", theme.texts.muted, &about);
        if self.sheet.scripted {
            self.words(WIDTH - RIGHT, 28.0, 12.0, "end", theme.notices.info.plain, "scripted, not a model");
        }
    }

    fn axes(&mut self) {
        let theme = self.sheet.theme;
        let (left, right, foot) = (LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM);
        let (x_axis, y_axis) = (self.chart.x.clone(), self.chart.y.clone());
        for tick in &y_axis.ticks {
            let y = self.down(tick.at);
            self.line((left, y), (right, y), theme.lines.border, 1.0, "");
            self.words(left - 8.0, y + 4.0, 12.0, "end", theme.texts.muted, &tick.text);
        }
        for tick in &x_axis.ticks {
            let x = self.across(tick.at);
            self.words(x, foot + 18.0, 12.0, "middle", theme.texts.muted, &tick.text);
        }
        self.line((left, foot), (right, foot), theme.lines.strong, 1.0, "");
        self.words(f64::midpoint(left, right), foot + 40.0, 12.0, "middle", theme.texts.muted, &x_axis.label);
        let (colour, label, middle) =
            (self.colour(theme.texts.muted), escaped(&y_axis.label), f64::midpoint(TOP, foot));
        let _ = writeln!(
            self.text,
            "<text transform=\"translate(20 {middle:.1}) rotate(-90)\" font-size=\"12\" text-anchor=\"middle\" fill=\"{colour}\">{label}</text>"
        );
    }

    fn data(&mut self) {
        let (chart, theme) = (self.chart, self.sheet.theme);
        for guide in &chart.guides {
            let colour = theme.notices.warning.plain;
            if guide.upright {
                let (x, foot) = (self.across(guide.at), self.down(chart.y.low));
                self.line((x, self.down(chart.y.high)), (x, foot), colour, 1.0, " stroke-dasharray=\"5 4\"");
                self.words(x - 5.0, foot - 5.0, 12.0, "end", colour, &guide.text);
                continue;
            }
            let y = self.down(guide.at);
            self.line((LEFT, y), (WIDTH - RIGHT, y), colour, 1.0, " stroke-dasharray=\"5 4\"");
            self.words(WIDTH - RIGHT, y - 5.0, 12.0, "end", colour, &guide.text);
        }
        for pair in chart.paths.iter().flat_map(|path| path.windows(2)) {
            let (from, to) = (pair[0], pair[1]);
            let place = |at: [f64; 2]| (self.across(at[0]), self.down(at[1]));
            let (from, to) = (place(from), place(to));
            self.line(from, to, theme.lines.strong, 1.5, "");
        }
        for item in &chart.items {
            let shown: Vec<String> = item
                .facts
                .iter()
                .filter(|fact| !fact.name.is_empty())
                .map(|fact| format!("{}: {}", fact.name, fact.shown))
                .collect();
            let _ =
                writeln!(self.text, "<g><title>{}</title>", escaped(&format!("{}\n{}", item.name, shown.join("\n"))));
            for part in &item.parts {
                self.part(item, part);
            }
            self.put("</g>\n");
        }
    }

    fn part(&mut self, item: &Item, part: &Part) {
        let colour = self.sheet.theme.series(item.look.series);
        let (x, half) = (self.across(item.x), (self.across(0.31) - self.across(0.0)).min(36.0));
        match *part {
            Part::Bar { from, to, pale } => {
                let opacity = if pale { 0.4 } else { 0.85 };
                self.block((x - half, self.down(to)), half * 2.0, self.down(from) - self.down(to), colour, opacity, "");
            }
            Part::Interval { low, high } => {
                let (low, high) = (self.down(low), self.down(high));
                self.line((x, low), (x, high), colour, 1.6, "");
                for y in [low, high] {
                    self.line((x - 4.0, y), (x + 4.0, y), colour, 1.6, "");
                }
            }
            Part::Box(numbers) => {
                let at = |value: f64| self.down(value);
                let (q1, q3, median) = (at(numbers.q1), at(numbers.q3), at(numbers.median));
                let (low, high) = (at(numbers.whisker_low), at(numbers.whisker_high));
                let rim = format!(" stroke=\"{}\"", self.colour(colour));
                self.block((x - half, q3), half * 2.0, q1 - q3, colour, 0.22, &rim);
                self.line((x - half, median), (x + half, median), colour, 1.5, "");
                for (from, to) in [(q1, low), (q3, high)] {
                    self.line((x, from), (x, to), colour, 1.2, "");
                    self.line((x - half / 2.0, to), (x + half / 2.0, to), colour, 1.2, "");
                }
            }
            Part::Mark { y, filled } => {
                let y = self.down(y);
                self.mark((x, y), Marker::of(item.look.shape), colour, filled);
            }
        }
    }

    fn block(&mut self, at: (f64, f64), width: f64, height: f64, colour: Color32, opacity: f64, rim: &str) {
        let colour = self.colour(colour);
        let _ = writeln!(
            self.text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"{rim}/>",
            at.0,
            at.1,
            height.max(0.0)
        );
    }

    fn mark(&mut self, at: (f64, f64), marker: Marker, colour: Color32, filled: bool) {
        let (stroke, ground) = (self.colour(colour), self.colour(self.sheet.theme.grounds.surface));
        let (fill, radius) = (if filled { &stroke } else { &ground }, 6.0);
        let corners: Vec<String> = marker
            .corners()
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", at.0 + f64::from(*x) * radius, at.1 + f64::from(*y) * radius))
            .collect();
        let shape = if corners.is_empty() {
            format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"", at.0, at.1)
        } else {
            format!("<polygon points=\"{}\"", corners.join(" "))
        };
        let _ = writeln!(self.text, "{shape} fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.6\"/>");
    }

    fn keys(&mut self, keys: &[KeyEntry<'_>]) {
        let theme = self.sheet.theme;
        for key in keys {
            let y = HEIGHT + f64::from(key.row) * LINE + 4.0;
            match key.sign {
                Sign::Colour(series) => self.block((key.x, y - 6.0), 12.0, 12.0, theme.series(series), 1.0, ""),
                Sign::Shape(shape) => self.mark((key.x + 6.0, y), Marker::of(shape), theme.texts.muted, true),
            }
            self.words(key.x + 18.0, y + 4.0, 12.0, "start", theme.texts.plain, key.name);
        }
    }
}

/// Text as it may stand in XML; characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::data::{Targets, plots, tests::board};
    use super::*;

    fn with_sheet<R>(scripted: bool, check: impl Fn(&Chart, &Sheet<'_>) -> R) -> Vec<R> {
        let found = plots(&board(), &[], Targets::default());
        let theme = Theme::dark_or_light(false);
        let sheet = Sheet { legend: &found.legend, run: "=e · <run> & \u{7}", scripted, theme };
        found.charts.iter().map(|chart| check(chart, &sheet)).collect()
    }

    #[test]
    fn a_drawing_stands_alone_and_says_where_it_is_from() {
        for text in with_sheet(true, svg) {
            assert!(text.starts_with("<svg xmlns=") && text.ends_with("</svg>\n"));
            for word in ["scripted, not a model", "better", "large", "&lt;run&gt; &amp;"] {
                assert!(text.contains(word), "{word} in {text}");
            }
            assert!(!text.contains('\u{7}') && !text.contains("NaN"), "{text}");
            assert_eq!(text.matches("<g>").count(), text.matches("</g>").count());
        }
        assert!(with_sheet(false, svg).iter().all(|text| !text.contains("scripted")));
    }

    #[test]
    fn a_table_has_a_row_for_each_item_and_no_formula() {
        let tables = with_sheet(true, |chart, sheet| (chart.items.len(), csv(chart, sheet).unwrap()));
        for (items, bytes) in tables {
            let text = String::from_utf8(bytes).unwrap();
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), items, "{text}");
            assert!(rows.iter().all(|row| row.iter().any(|cell| cell.starts_with("'=e"))), "{text}");
        }
    }
}
