//! The call log for people: one line for each call.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::domain::CallRow;
use crate::interop::run_formats::one_line;

pub(super) fn write(calls: &mut dyn Iterator<Item = io::Result<CallRow>>, out: &mut dyn Write) -> io::Result<u64> {
    let mut count = 0;
    for call in calls {
        let call = call?;
        if count == 0 {
            line(&["sent (UTC)", "run", "model", "case", "for", "outcome", "in", "out", "latency", "cost"], out)?;
        }
        let texts = cells(&call);
        line(&texts.each_ref().map(String::as_str), out)?;
        count += 1;
    }
    Ok(count)
}

fn line(cells: &[&str; 10], out: &mut dyn Write) -> io::Result<()> {
    let [sent, run, model, case, purpose, outcome, input, output, latency, cost] = cells;
    let text = format!(
        "{sent:20} {run:21} {model:16} {case:16} {purpose:10} {outcome:14} {input:>7} {output:>7} {latency:>9} {cost:>10}"
    );
    writeln!(out, "{}", text.trim_end())
}

fn cells(call: &CallRow) -> [String; 10] {
    let purpose = if call.is_judge() { "judge" } else { "answer" };
    let retry = if call.retries() > 0 { format!(" ×{}", call.retries() + 1) } else { String::new() };
    let tokens = |count: Option<u64>| count.map_or("—".to_owned(), |count| count.to_string());
    let usage = call.usage;
    [
        call.sent_at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        one_line(call.run.as_str(), 21),
        one_line(call.model.as_str(), 16),
        one_line(call.case_id.as_ref().map_or("—", |case| case.as_str()), 16),
        format!("{purpose}{retry}"),
        call.word().to_owned(),
        tokens(usage.map(|usage| usage.input_tokens)),
        tokens(usage.map(|usage| usage.output_tokens)),
        call.latency_ms.map_or("—".to_owned(), |ms| format!("{ms:.0} ms")),
        call.cost.map_or("—".to_owned(), |cost| cost.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::CallFormat;
    use super::super::tests::{call, failed, text};

    #[test]
    fn calls_are_a_table() {
        insta::assert_snapshot!(text(CallFormat::Table, vec![call(2), failed(1)]), @r"
        sent (UTC)           run                   model            case             for        outcome             in     out   latency       cost
        2026-11-23 14:05:02  20261123-140501-7f3a  small            ticket-4         answer ×2  answered            40       3    812 ms    $0.0042
        2026-11-23 14:05:02  20261123-140501-7f3a  small            ticket-4         answer ×2  rate-limited         —       —         —         $0
        ");
        assert_eq!(text(CallFormat::Table, vec![]), "");
    }
}
