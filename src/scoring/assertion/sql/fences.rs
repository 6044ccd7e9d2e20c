//! Fenced blocks of Markdown.

use super::super::space;

/// The text of each closed block with no language or with `sql`, in any case.
pub(super) fn sql_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, bool, Vec<&str>)> = None;
    for line in lines(text) {
        let Some((fence, rest)) = fence(line) else {
            if let Some((_, _, body)) = &mut open {
                body.push(line);
            }
            continue;
        };
        match &mut open {
            None => {
                let language = space::trim(rest).to_lowercase();
                open = Some((fence, matches!(language.as_str(), "" | "sql"), Vec::new()));
            }
            Some((opened, is_sql, body)) => {
                let closes = fence.starts_with(&opened[..1]) && fence.len() >= opened.len();
                if !closes || !rest.is_empty() {
                    body.push(line);
                    continue;
                }
                if *is_sql {
                    blocks.push(space::trim(&body.join("\n")).to_owned());
                }
                open = None;
            }
        }
    }
    blocks
}

/// Three marks or more after at most three blanks, and what follows them.
fn fence(line: &str) -> Option<(&str, &str)> {
    let blank = |character| matches!(character, ' ' | '\t');
    let marks = line.trim_start_matches(blank);
    if line.len() - marks.len() > 3 {
        return None;
    }
    let mark = marks.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = marks.trim_start_matches(mark);
    let fence = &marks[..marks.len() - rest.len()];
    (fence.len() >= 3).then(|| (fence, rest.trim_start_matches(blank)))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}
