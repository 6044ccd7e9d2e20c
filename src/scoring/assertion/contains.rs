//! `contains` and its kin: the output has this text, all of these, or one of these.

use std::borrow::Cow;

use serde_json::Value;

use super::given::wrong;
use super::{Asked, Graded, Grading, Output, Undone};
use super::{js, list};
use crate::scoring::found::{quote, shorten};

/// The output has the text or number that is the value.
pub fn contains(asked: &Asked, output: &Output) -> Grading {
    one("contains", Case::Counts, asked, output)
}

/// As [`contains`], with both in lower case, letter by letter: `ß` is not `SS`.
pub fn icontains(asked: &Asked, output: &Output) -> Grading {
    one("icontains", Case::Ignored, asked, output)
}

/// The output has every item of the value, a list or a text with commas. An empty list is held by any output.
pub fn contains_all(asked: &Asked, output: &Output) -> Grading {
    all("contains-all", Case::Counts, asked, output)
}

/// As [`contains_all`], with both in lower case.
pub fn icontains_all(asked: &Asked, output: &Output) -> Grading {
    all("icontains-all", Case::Ignored, asked, output)
}

/// The output has an item of the value, a list or a text with commas. No output has one of an empty list.
pub fn contains_any(asked: &Asked, output: &Output) -> Grading {
    any("contains-any", Case::Counts, asked, output)
}

/// As [`contains_any`], with both in lower case.
pub fn icontains_any(asked: &Asked, output: &Output) -> Grading {
    any("icontains-any", Case::Ignored, asked, output)
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Counts,
    Ignored,
}

impl Case {
    /// The text as it is searched and sought.
    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Counts => Cow::Borrowed(text),
            Self::Ignored => Cow::Owned(text.to_lowercase()),
        }
    }
}

fn one(kind: &str, case: Case, asked: &Asked, output: &Output) -> Grading {
    let sought = match asked.value {
        Value::String(text) if !text.is_empty() => Cow::Borrowed(text.as_str()),
        Value::Number(_) => js::string(asked.value),
        other => return Err(wrong(kind, "a number or a text that is not empty", other)),
    };
    let found = case.fold(&output.text).contains(&*case.fold(&sought));
    let verb = if found { "has" } else { "does not have" };
    Ok(Graded::binary(found, asked.not, format!("The output {verb} {}.", quote(&sought))))
}

fn all(kind: &str, case: Case, asked: &Asked, output: &Output) -> Grading {
    let items = items(kind, asked.value)?;
    let text = case.fold(&output.text);
    let missing: Vec<_> =
        items.iter().filter(|item| !text.contains(&*case.fold(item))).map(|item| quote(item)).collect();
    let reason = if missing.is_empty() {
        format!("The output has all of {}.", named(&items))
    } else {
        format!("The output does not have {}.", missing.join(", "))
    };
    Ok(Graded::binary(missing.is_empty(), asked.not, shorten(reason)))
}

fn any(kind: &str, case: Case, asked: &Asked, output: &Output) -> Grading {
    let items = items(kind, asked.value)?;
    let text = case.fold(&output.text);
    let found = items.iter().find(|item| text.contains(&*case.fold(item)));
    let reason = match found {
        Some(item) => format!("The output has {}.", quote(item)),
        None => format!("The output has none of {}.", named(&items)),
    };
    Ok(Graded::binary(found.is_some(), asked.not, shorten(reason)))
}

/// A list as its items are printed, a text as its items between commas.
fn items(kind: &str, value: &Value) -> Result<Vec<String>, Undone> {
    match value {
        Value::Array(items) => Ok(items.iter().map(|item| js::string(item).into_owned()).collect()),
        Value::String(text) if !text.is_empty() => list::items(text),
        other => Err(wrong(kind, "a list or a text with commas", other)),
    }
}

fn named(items: &[String]) -> String {
    if items.is_empty() {
        return "an empty list".to_owned();
    }
    items.iter().map(|item| quote(item)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any as anything, proptest};
    use serde_json::json;

    use super::super::testing::{check, passes, undone};
    use super::*;

    #[test]
    fn a_text_is_found_anywhere() {
        for (value, output, exact, folded) in [
            (json!("moon"), "the moon landing", true, true),
            (json!("Moon"), "the moon landing", false, true),
            (json!("moo.n"), "the moon landing", false, false),
            (json!("ÅNGSTRÖM"), "ångström", false, true),
            (json!("GROSS"), "groß", false, false),
            (json!("ΣΑΣ"), "σα\u{3c2}", false, true),
            (json!("ΣΑΣ"), "σα\u{3c3}", false, false),
            (json!("i"), "İ", false, true),
            (json!("k"), "\u{212a}", false, true),
            (json!(0), "level 0", true, true),
            (json!(2.5), "2.50", true, true),
            (json!(1e21), "about 1E+21", false, true),
            (json!(" "), "", false, false),
            (json!("{{n}}"), "{{n}}", true, true),
        ] {
            check(contains, &value, &json!(output), exact);
            check(icontains, &value, &json!(output), folded);
        }
    }

    #[test]
    fn an_output_that_is_no_text_is_searched_as_json() {
        check(contains, &json!("\"n\":7"), &json!({"n": 7.0}), true);
        check(contains, &json!("\"n\": 7"), &json!({"n": 7}), false);
    }

    #[test]
    fn one_text_must_be_given() {
        for value in [json!(""), json!(null), json!(true), json!(["a"]), json!({"a": 1})] {
            undone(contains, &value);
            undone(icontains, &value);
        }
    }

    #[test]
    fn lists_are_held_whole_or_in_part() {
        for (value, output, of_all, of_any) in [
            (json!(["sun", "sea"]), "sun and sea", true, true),
            (json!(["sun", "sky"]), "sun and sea", false, true),
            (json!(["dew", "sky"]), "sun and sea", false, false),
            (json!("sun, sea"), "sun and sea", true, true),
            (json!("\"sun, sea\""), "sun and sea", false, false),
            (json!("\"sun, sea\""), "sun, sea", true, true),
            (json!([]), "sun", true, false),
            (json!("  "), "sun", true, false),
            (json!([""]), "sun", true, true),
            (json!([1, 2.5, null, true]), "1 2.5 null true", true, true),
            (json!([[1, null, 2], {"a": 1}]), "1,,2 [object Object]", true, true),
        ] {
            check(contains_all, &value, &json!(output), of_all);
            check(contains_any, &value, &json!(output), of_any);
            check(icontains_all, &value, &json!(output.to_uppercase()), of_all);
            check(icontains_any, &value, &json!(output.to_uppercase()), of_any);
        }
        assert!(!passes(contains_all, false, &json!(["Sun"]), &json!("sun")));
        assert!(!passes(contains_any, false, &json!(["Sun"]), &json!("sun")));
    }

    #[test]
    fn a_list_must_be_given() {
        for kind in [contains_all, contains_any, icontains_all, icontains_any] {
            for value in [json!(""), json!(null), json!(3), json!(0), json!(true), json!({"a": 1}), json!("\"open")] {
                undone(kind, &value);
            }
        }
    }

    proptest! {
        #[test]
        fn a_text_contains_its_parts(before in ".*", part in ".+", after in ".*") {
            check(contains, &json!(part), &json!(format!("{before}{part}{after}")), true);
        }

        #[test]
        fn what_has_all_has_one(list in proptest::collection::vec("[ab]{1,3}", 1..4), text in "[ab]{0,8}", not in anything::<bool>()) {
            let (value, output) = (json!(list), json!(text));
            let (of_all, of_any) = (passes(contains_all, not, &value, &output), passes(contains_any, not, &value, &output));
            assert!(if not { of_all || !of_any } else { !of_all || of_any });
        }
    }
}
