//! Whole checks: a check and an answer go in, a verdict and a reason come out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::domain::{
    Assertion, AssertionKind, AssertionSet, Case, Check, CheckKind, CheckResult, Completion, Dialect, LengthUnit, Need,
    Outcome, PassRule, Problem, Tolerance, Usd, Verdict,
};

pub(super) fn completion(text: &str) -> Completion {
    Completion { latency_ms: 1500.0, ..Completion::given(text.to_owned()) }
}

pub(super) fn case() -> Case {
    let map = |value: Value| value.as_object().cloned().unwrap();
    Case {
        vars: map(json!({ "question": "Which?", "word": "Straße" })),
        expected: map(json!({ "label": "Refund", "total": 12.5, "empty": "", "pattern": "(" })),
        ..Case::default()
    }
}

fn score(check: &Check, output: &str, cost: Option<Usd>) -> CheckResult {
    let (completion, case) = (completion(output), case());
    let checks = Checks::new(std::slice::from_ref(check), PassRule::All).unwrap();
    let outcome = checks.score(&Answer { cost, ..Answer::new(&completion, &case) }, &BTreeMap::new());
    let result = outcome.checks()[0].clone();
    assert_eq!(outcome.verdict(), Some(result.verdict));
    assert_eq!(matches!(outcome, Outcome::Unscored(_)), result.verdict == Verdict::Unscored);
    result
}

#[track_caller]
fn check(check: &Check, output: &str, expect: Verdict, says: &str) {
    let result = score(check, output, Usd::from_dollars(0.01));
    assert_eq!(result.verdict, expect, "{check:?} {output} {}", result.reason);
    assert!(result.reason.contains(says), "{} lacks {says}", result.reason);
}

fn equals(value: &str) -> Check {
    Check::new(CheckKind::Equals { value: value.into(), ignore_case: false })
}

fn contains(values: &[&str], need: Need) -> Check {
    let values = values.iter().map(|&value| value.into()).collect();
    Check::new(CheckKind::Contains { values, need, ignore_case: true })
}

fn regex(pattern: &str) -> Check {
    Check::new(CheckKind::Regex { pattern: pattern.into() })
}

fn schema(schema: Value) -> Check {
    Check::new(CheckKind::JsonSchema { schema })
}

fn number(value: &str, tolerance: Tolerance) -> Check {
    Check::new(CheckKind::Number { value: value.into(), tolerance })
}

fn at(place: &str, check: Check) -> Check {
    Check { at: Some(place.into()), ..check }
}

fn not(check: Check) -> Check {
    Check { not: true, ..check }
}

#[test]
fn equals_is_exact_and_says_what_differs() {
    check(&equals("{{ expected.label }}"), "Refund", Verdict::Pass, "“Refund”");
    check(&equals("Refund"), "Refund\n", Verdict::Fail, "white space");
    check(&equals("Refund"), "refund", Verdict::Fail, "upper and lower case");
    check(&equals("Refund"), "Return", Verdict::Fail, "is “Return”, expected “Refund”");
    check(&not(equals("Refund")), "Return", Verdict::Pass, "Negated");
}

#[test]
fn case_is_ignored_in_every_script() {
    let fold = |value: &str| Check::new(CheckKind::Equals { value: value.into(), ignore_case: true });
    check(&fold("{{ word }}"), "STRASSE", Verdict::Pass, "");
    check(&fold("ΣΊΣΥΦΟΣ"), "σίσυφος", Verdict::Pass, "");
    check(&fold("ПРИВЕТ"), "привет", Verdict::Pass, "");
    check(&contains(&["ΣΟΦΟΣ"], Need::All), "ο σοφος ανηρ", Verdict::Pass, "");
}

#[test]
fn contains_all_gives_the_share_and_any_gives_one() {
    let half = contains(&["alpha", "beta"], Need::All);
    check(&half, "ALPHA only", Verdict::Fail, "lacks “beta”");
    assert_eq!(score(&half, "ALPHA only", None).score, Some(0.5));
    check(&Check { threshold: Some(0.5), ..half }, "ALPHA only", Verdict::Pass, "");
    check(&contains(&["alpha", "beta"], Need::Any), "ALPHA only", Verdict::Pass, "has “alpha”");
    check(&contains(&["gamma", "beta"], Need::Any), "ALPHA only", Verdict::Fail, "has none of");
    check(&contains(&["{{ expected.empty }}"], Need::All), "x", Verdict::Unscored, "empty in this case");
}

#[test]
fn starts_with_looks_at_the_start_only() {
    let starts = Check::new(CheckKind::StartsWith { value: "Dear".into(), ignore_case: false });
    check(&starts, "Dear all", Verdict::Pass, "starts with “Dear”");
    check(&starts, "My Dear", Verdict::Fail, "does not start with");
}

#[test]
fn a_template_that_cannot_be_filled_in_leaves_the_check_unscored() {
    check(&equals("{{ expected.missing }}"), "x", Verdict::Unscored, "could not be filled in");
    check(
        &equals("{% for i in range(100000) %}{% for j in range(1000) %}.{% endfor %}{% endfor %}"),
        "x",
        Verdict::Unscored,
        "",
    );
}

#[test]
fn patterns_pass_fail_or_give_up() {
    check(&regex(r"^\w+$"), "Refund", Verdict::Pass, "“Refund”");
    check(&regex(r"^{{ expected.label }}$"), "Refund", Verdict::Pass, "");
    check(&regex(r"\d"), "none", Verdict::Fail, "no match");
    check(&regex(r"^(x+x+)+\1y"), &format!("{}zy", "x".repeat(40)), Verdict::Unscored, "gave up");
    check(&not(regex(r"^(x+x+)+\1y")), &format!("{}zy", "x".repeat(40)), Verdict::Unscored, "gave up");
    check(&regex("{{ expected.pattern }}"), "x", Verdict::Unscored, "is wrong");
}

#[test]
fn values_inside_json_are_found_by_pointer() {
    let output = r#"{"label": "Refund", "total": 12.5, "tags": ["a", "b"]}"#;
    check(&at("/label", equals("Refund")), output, Verdict::Pass, "");
    check(&at("/tags/1", equals("b")), output, Verdict::Pass, "");
    check(&at("/tags", equals(r#"[ "a", "b" ]"#)), output, Verdict::Pass, "");
    check(&at("/total", equals("12.50")), output, Verdict::Pass, "");
    check(&at("/total", number("{{ expected.total }}", Tolerance::default())), output, Verdict::Pass, "");
    check(&at("/none", equals("Refund")), output, Verdict::Fail, "no value at `/none`");
    check(&at("/label", equals("Refund")), "Refund", Verdict::Fail, "not JSON");
}

#[test]
fn a_place_that_is_not_there_fails_a_negated_check_as_well() {
    check(&not(at("/label", equals("Refund"))), "oops", Verdict::Fail, "not JSON");
    check(&not(at("/label", equals("Refund"))), r#"{"label": "Other"}"#, Verdict::Pass, "");
}

#[test]
fn json_may_be_asked_for_or_forbidden() {
    let json = Check::new(CheckKind::Json);
    check(&json, "[1, 2]", Verdict::Pass, "");
    check(&json, "```json\n[1, 2]\n```", Verdict::Fail, "inside a code fence");
    check(&not(json.clone()), "plain words", Verdict::Pass, "");
    check(&at("/a", json), r#"{"a": null}"#, Verdict::Pass, "");
}

#[test]
fn schemas_say_what_is_broken_and_where() {
    let label =
        schema(json!({ "type": "object", "required": ["label"], "properties": { "label": { "enum": ["a", "b"] } } }));
    check(&label, r#"{"label": "a"}"#, Verdict::Pass, "obeys");
    check(&label, r#"{"label": "c"}"#, Verdict::Fail, "`/label`");
    check(&label, "{}", Verdict::Fail, "label");
    check(&label, "nothing", Verdict::Fail, "not JSON");
    check(
        &schema(json!({ "pattern": "^(x+x+)+\\1y" })),
        &format!("\"{}zy\"", "x".repeat(40)),
        Verdict::Unscored,
        "gave up",
    );
    check(&schema(json!({ "pattern": "(?=a)a" })), "\"a\"", Verdict::Pass, "");
}

#[test]
fn schemas_may_refer_to_themselves() {
    let tree = schema(json!({ "$ref": "#/$defs/node",
        "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } } }));
    let deep = format!("{}{{}}{}", "{\"next\":".repeat(120), "}".repeat(120));
    check(&tree, &deep, Verdict::Pass, "");
    check(&schema(json!({ "$ref": "#" })), "1", Verdict::Pass, "");
}

#[test]
fn numbers_are_compared_within_their_tolerance() {
    check(
        &number("{{ expected.total }}", Tolerance::Absolute(0.5)),
        "It is 12.9 in all",
        Verdict::Pass,
        "12.9 is within 0.5 of 12.5",
    );
    check(&number("100", Tolerance::Relative(0.01)), "102", Verdict::Fail, "1 %");
    check(&number("100", Tolerance::Relative(0.01)), "no idea", Verdict::Fail, "no number");
    check(&number("{{ expected.label }}", Tolerance::default()), "1", Verdict::Unscored, "not a number");
}

#[test]
fn lengths_costs_and_times_have_limits() {
    let words = |min, max| Check::new(CheckKind::Length { min, max, unit: LengthUnit::Words });
    check(&words(Some(1), Some(2)), "one two", Verdict::Pass, "2 words");
    check(&words(None, Some(1)), "one two", Verdict::Fail, "at most 1");
    let cost = |dollars| Check::new(CheckKind::Cost { max: Usd::from_dollars(dollars).unwrap() });
    check(&cost(0.01), "", Verdict::Pass, "$0.01");
    check(&cost(0.009), "", Verdict::Fail, "at most $0.0090");
    assert_eq!(score(&cost(0.01), "", None).verdict, Verdict::Unscored);
    check(&Check::new(CheckKind::Latency { max_ms: 1500.0 }), "", Verdict::Pass, "1.50 s");
    check(&Check::new(CheckKind::Latency { max_ms: 900.0 }), "", Verdict::Fail, "900 ms");
}

#[test]
fn reasons_stay_short() {
    let long = "x".repeat(100_000);
    for check in
        [equals(&long), contains(&[&long, "b", "c", "d", "e"], Need::All), regex("y"), Check::new(CheckKind::Json)]
    {
        assert!(score(&check, &long.to_uppercase(), None).reason.chars().count() <= 300);
    }
}

fn problems(checks: &[Check]) -> Vec<Problem> {
    Checks::new(checks, PassRule::All).err().unwrap_or_default()
}

#[test]
fn what_is_wrong_is_said_before_the_run() {
    let says = |check: Check, expect: &str| {
        let found = problems(&[equals("fine"), check]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.starts_with("Check 2 ("), "{}", found[0].message);
        assert!(found[0].message.contains(expect), "{} lacks {expect}", found[0].message);
        assert!(!found[0].hint.is_empty());
    };
    says(regex("(a"), "unclosed group");
    says(regex(""), "empty");
    says(equals("{{ open"), "template");
    says(contains(&[], Need::All), "no text");
    says(number("twelve", Tolerance::default()), "not a number");
    says(number("1", Tolerance::Absolute(-1.0)), "tolerance");
    says(Check { weight: -1.0, ..equals("a") }, "weight");
    says(Check { threshold: Some(50.0), ..equals("a") }, "threshold");
    says(at("label", equals("a")), "JSON Pointer");
    says(Check::new(CheckKind::Length { min: Some(9), max: Some(1), unit: LengthUnit::default() }), "no output");
    says(Check::new(CheckKind::Latency { max_ms: 0.0 }), "time limit");
    says(Check::new(CheckKind::Judge { model: "j".into(), rubric: " ".into() }), "rubric");
    says(schema(json!({ "type": "text" })), "type");
    says(schema(json!(7)), "schema");
    assert!(Checks::new(&[], PassRule::Score(70.0)).is_err());
}

#[test]
fn schemas_fetch_nothing_and_read_no_file() {
    for target in
        ["http://169.254.169.254/latest", "https://example.com/s.json", "file:///etc/passwd", "//host/x", "other.json"]
    {
        let found = problems(&[schema(json!({ "properties": { "a": { "$ref": target } } }))]);
        assert_eq!(found.len(), 1, "{target}");
        assert!(!found[0].message.contains("root:"));
    }
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({ "not": deep });
    }
    assert!(problems(&[schema(deep)])[0].message.contains("deeper"));
}

#[test]
fn misspelt_variables_are_found_with_the_nearest_name() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let lint = |value: &str| {
        let checks = Checks::new(&[equals(value)], PassRule::All).unwrap();
        checks
            .lint(&names(&["question"]), &names(&["label"]))
            .into_iter()
            .map(|problem| problem.hint)
            .collect::<Vec<_>>()
    };
    assert_eq!(lint("{{ expected.label }} {{ question }} {{ expected.label.inner }}"), [""; 0]);
    assert_eq!(lint("{{ expected.lable }}"), ["Did you mean `expected.label`?"]);
    assert_eq!(lint("{{ label }}"), ["Did you mean `expected.label`?"]);
    assert_eq!(lint("{{ qestion }}"), ["Did you mean `question`?"]);
    assert_eq!(lint("{{ nothing_like_it }}"), ["There are: question, expected.label."]);
    assert_eq!(lint("{% for x in range(3) %}{{ x }}{% endfor %}"), [""; 0]);
    assert_eq!(lint("{% set y = question %}{{ y }}"), [""; 0]);
    let optional = Checks::new(&[equals("{{ expected.note | default('') }}")], PassRule::All).unwrap();
    assert!(!optional.lint(&names(&["question"]), &names(&["label"]))[0].is_error(), "a default is provided");
}

#[test]
fn checks_that_tell_nothing_are_warned_about() {
    let lint = |checks: &[Check]| {
        let none = BTreeSet::new();
        Checks::new(checks, PassRule::All).unwrap().lint(&none, &none).len()
    };
    assert_eq!(lint(&[regex("a")]), 0);
    assert_eq!(lint(&[regex(".*")]), 1);
    assert_eq!(lint(&[]), 1);
    assert_eq!(lint(&[Check { weight: 0.0, ..regex("a") }]), 1);
    assert_eq!(lint(&[at("/a", Check::new(CheckKind::Latency { max_ms: 1.0 }))]), 1);
}

#[test]
fn a_judge_that_was_not_asked_leaves_its_check_unscored() {
    let judge = Check::new(CheckKind::Judge { model: "j".into(), rubric: "Polite".into() });
    check(&judge, "x", Verdict::Unscored, "not been asked");
    let checks = Checks::new(&[equals("x"), judge], PassRule::All).unwrap();
    let (index, asked) = checks.graders(&case()).into_iter().next().unwrap();
    assert_eq!(index, 1);
    let (answered, case) = (completion("x"), case());
    let answer = Answer::new(&answered, &case);
    let grading = asked.begin(&answer, "m", 0);
    assert!(matches!(grading.next(&[]), Next::Ask(_)));
    let reply = Reply::Said(std::sync::Arc::new(completion(r#"{"reason": "Kind.", "score": 0.5}"#)));
    let Next::Done(said) = grading.next(&[reply]) else { panic!("it asks again") };
    assert_eq!(checks.score(&answer, &BTreeMap::from([(1, said)])).verdict(), Some(Verdict::Pass));
}

fn assertion(kind: AssertionKind, value: Value) -> Check {
    Check::new(CheckKind::Assertion(Box::new(Assertion::new(kind, value))))
}

fn set(checks: Vec<Check>) -> Check {
    Check::new(CheckKind::Set(AssertionSet { checks }))
}

#[test]
fn models_grade_parts_of_sets_and_checks_of_cases_in_both_dialects() {
    let rubric = || assertion(AssertionKind::LlmRubric, json!("Polite"));
    let case = Case { checks: vec![rubric()], ..case() };
    let answered = completion("x");
    let answer = Answer::new(&answered, &case);
    for dialect in [Dialect::Jinja, Dialect::Nunjucks] {
        let common = [set(vec![equals("x"), rubric()])];
        let checks = Checks::in_dialect(dialect, &common, PassRule::All).unwrap();
        let positions: Vec<u16> = checks.graders(&case).into_iter().map(|(position, _)| position).collect();
        assert_eq!(positions, [1, 3]);
        let said = |verdict, score| CheckResult {
            metric: "llm-rubric".into(),
            verdict,
            score: Some(score),
            weight: 1.0,
            reason: String::new(),
        };
        let outcome = |own, part| checks.score(&answer, &BTreeMap::from([(1, own), (3, part)])).verdict();
        let (pass, fail) = (said(Verdict::Pass, 1.0), said(Verdict::Fail, 0.0));
        assert_eq!(outcome(pass.clone(), pass.clone()), Some(Verdict::Pass), "{dialect:?}");
        assert_eq!(outcome(pass.clone(), fail.clone()), Some(Verdict::Fail), "{dialect:?}");
        assert_eq!(outcome(fail, pass.clone()), Some(Verdict::Fail), "{dialect:?}");
        assert_eq!(
            checks.score(&answer, &BTreeMap::from([(1, pass)])).verdict(),
            Some(Verdict::Unscored),
            "{dialect:?}"
        );
    }
}

#[test]
fn of_several_outputs_the_chosen_one_passes() {
    let (answered, case) = (completion("x"), case());
    let answer = Answer::new(&answered, &case);
    let choose = assertion(AssertionKind::SelectBest, json!("The best"));
    let check = |dialect, common: &[Check], chosen: Chosen, verdicts: [Verdict; 2]| {
        let checks = Checks::in_dialect(dialect, common, PassRule::All).unwrap();
        let position = checks.choices(&case)[0].position;
        let mut outcomes = [(); 2].map(|()| checks.score(&answer, &BTreeMap::new()));
        let mut all: Vec<&mut Outcome> = outcomes.iter_mut().collect();
        checks.compare(&case, &mut all, &BTreeMap::from([(position, chosen)]));
        assert_eq!(outcomes.each_ref().map(|outcome| outcome.verdict().unwrap()), verdicts, "{dialect:?} {outcomes:?}");
        for outcome in &outcomes {
            assert_eq!(matches!(outcome, Outcome::Unscored(_)), outcome.verdict() == Some(Verdict::Unscored));
            assert_eq!(outcome.checks().len(), common.len(), "{outcome:?}");
        }
    };
    for dialect in [Dialect::Jinja, Dialect::Nunjucks] {
        use Verdict::{Fail, Pass, Unscored};
        let second = || Ok((1, "It is kind.".to_owned()));
        check(dialect, &[choose.clone(), equals("x")], second(), [Fail, Pass]);
        check(dialect, &[choose.clone(), equals("y")], second(), [Fail, Fail]);
        check(dialect, std::slice::from_ref(&choose), second(), [Fail, Pass]);
        check(dialect, &[equals("x"), choose.clone()], Err("Nobody knows.".to_owned()), [Unscored, Unscored]);
        check(dialect, &[equals("y"), choose.clone()], Err("Nobody knows.".to_owned()), [Fail, Fail]);
    }
}

#[test]
fn a_choice_is_a_number_of_an_output_that_was_shown() {
    let case = case();
    let model = Some("m".into());
    let best = Assertion { model, ..Assertion::new(AssertionKind::SelectBest, json!("Names {{ expected.label }}")) };
    let checks = Checks::new(&[Check::new(CheckKind::Assertion(Box::new(best)))], PassRule::All).unwrap();
    let choice = checks.choices(&case).remove(0);
    let outputs = ["one".to_owned(), "two".to_owned()];
    let request = choice.request(&outputs, "big", 0).unwrap();
    let text = &request.messages[1].content;
    assert!(text.contains("Names Refund") && text.contains("BEGIN OUTPUT 1"), "{text}");
    assert!(choice.request(&outputs[..1], "big", 0).is_err());
    for (reply, place) in [
        (r#"{"reason": "r", "best": 1}"#, Some(1)),
        ("0", Some(0)),
        (r#"{"best": 2}"#, None),
        (r#"{"best": -1}"#, None),
        ("the first", None),
        ("", None),
    ] {
        assert_eq!(Choice::chosen(&completion(reply), 2).ok().map(|(place, _)| place), place, "{reply}");
    }
}
