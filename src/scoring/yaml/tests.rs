//! Texts and the values that js-yaml makes of them.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn plain_scalars_follow_the_core_schema() {
    let check = |text: &str, expect: Value| assert_eq!(read(text), Ok(expect), "{text}");
    for text in [
        "yes", "no", "on", "off", "y", "N", "tRUE", "nULL", "1_000", "12:30", "0b11", "1e400", "0o8", "0x", "-0x1",
        "1.2.3", ".",
    ] {
        check(text, json!(text));
    }
    for text in ["", "~", "null", "Null", "NULL", "# nothing", "---"] {
        check(text, Value::Null);
    }
    for text in ["true", "True", "TRUE"] {
        check(text, json!(true));
    }
    check("FALSE", json!(false));
    for (text, number) in [
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("+12", 12),
        ("-7", -7),
        ("-0", 0),
        ("5.0", 5),
        ("1e3", 1000),
        ("2.", 2),
    ] {
        check(text, json!(number));
    }
    for (text, number) in [("5.10", 5.1), (".5", 0.5), ("-1.5e-3", -0.0015), ("1.0e-7", 1e-7), ("1e21", 1e21)] {
        check(text, json!(number));
    }
    check("9007199254740993", json!(9_007_199_254_740_992_i64));
    check("12345678901234567890", json!(12_345_678_901_234_567_000.0));
    check(
        "[.inf, -.INF, +.Inf, .nan, .NAN, -.nan]",
        json!(["Infinity", "-Infinity", "Infinity", "NaN", "NaN", "-.nan"]),
    );
    check(&"9".repeat(400), json!("9".repeat(400)));
}

#[test]
fn a_date_is_an_object_and_a_quoted_one_is_text() {
    let dates = [
        "2024-01-31",
        "2024-1-2T3:04:05Z",
        "2024-01-31 09:30:00",
        "2024-01-31t09:30:00.123456 +05:30",
        "2001-12-14   21:59:43.10 -5",
        "0001-01-01",
    ];
    for text in dates {
        assert_eq!(read(text), Ok(json!({})), "{text}");
    }
    for text in [
        "2023-02-29",
        "2024-13-01",
        "2024-1-31",
        "2024-01-31T24:00:00Z",
        "2024-01-31T09:30",
        "2024-01-31T09:30:00+25",
        "'2024-01-31'",
    ] {
        assert_eq!(read(text), Ok(json!(text.trim_matches('\''))), "{text}");
    }
    let written = read_for_json("[2024-01-31, 2024-01-31T09:30:00.5+02:00, .inf, 1.5]");
    assert_eq!(written, Ok(json!(["2024-01-31T00:00:00.000Z", "2024-01-31T07:30:00.500Z", null, 1.5])));
}

#[test]
fn tags_say_what_a_node_is() {
    let check = |text: &str, expect: Value| assert_eq!(read(text), Ok(expect), "{text}");
    check("!!str 5", json!("5"));
    check("! 5", json!("5"));
    check("!!int '5'", json!(5));
    check("!!int -0b11", json!(-3));
    check("!!float 3", json!(3));
    check("!!bool 'true'", json!(true));
    check("!!null ''", Value::Null);
    check("!!binary aGk=", json!({"0": 104, "1": 105}));
    check("!!set {b, a}", json!({"b": null, "a": null}));
    check("!!omap [b: 1, a: 2]", json!([{"b": 1}, {"a": 2}]));
    check("!!pairs [a: 1, a: 2]", json!([["a", 1], ["a", 2]]));
    check("!!map", json!({}));
    check("!<tag:yaml.org,2002:str> 1", json!("1"));
}

#[test]
fn keys_are_text_in_javascripts_order() {
    let ordered =
        |text: &str, expect: &str| assert_eq!(read(text).map(|value| value.to_string()), Ok(expect.to_owned()));
    ordered("{b: 1, 10: 2, 2: 3, a: 4, 01: 5, '0': 6}", r#"{"0":6,"1":5,"2":3,"10":2,"b":1,"a":4}"#);
    ordered("{true: a, null: b, 1.5: c, 1e21: d}", r#"{"true":"a","null":"b","1.5":"c","1e+21":"d"}"#);
}

#[test]
fn merges_fold_in_what_is_missing() {
    let text = "\
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, b: 9}
two: {b: 9, <<: [*base, *more]}
three: {<<: {x: 1}, <<: {x: 2, y: 3}}
quoted: {'<<': 1}
";
    let read = read(text).unwrap();
    assert_eq!(read["one"], json!({"a": 1, "b": 9}));
    assert_eq!(read["two"], json!({"b": 9, "a": 1, "c": 4}));
    assert_eq!(read["three"], json!({"x": 1, "y": 3}));
    assert_eq!(read["quoted"], json!({"<<": 1}));
}

#[test]
fn an_alias_repeats_the_latest_anchor_of_its_name() {
    assert_eq!(read("[&a 1, *a, &a [2], *a, &b, *b]"), Ok(json!([1, 1, [2], [2], null, null])));
    assert_eq!(read("{&k key: *k}"), Ok(json!({"key": "key"})));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let check = |text: &str, line: usize, column: usize, words: &str| {
        let error = read(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.message.contains(words), "{text}: {error}");
    };
    check("a: 1\nb: 2\na: 3", 3, 1, "`a` is there twice");
    check("{1: a, '1': b}", 1, 8, "`1` is there twice");
    check("a: *nope", 1, 4, "nknown anchor");
    check("a: &a [*a]", 1, 8, "inside what it repeats");
    check("? [1]\n: 2", 1, 3, "A key must be");
    check("{2024-01-01: x}", 1, 2, "A key must be");
    check("{<<: [1]}", 1, 7, "Only mappings can be merged");
    check("{<<: 1}", 1, 2, "Only mappings can be merged");
    check("a: !mine 1", 1, 4, "`!mine` is not known");
    check("!!int x", 1, 1, "no value of the tag `!!int`");
    check("!!binary '??'", 1, 1, "no value of the tag");
    check("!!set {a: 1}", 1, 11, "keys only");
    check("!!omap [{a: 1}, {a: 2}]", 1, 17, "the key `a` twice");
    check("a: 1\n---\nb: 2", 3, 1, "second document");
    check(&format!("{}1{}", "[".repeat(101), "]".repeat(101)), 1, 101, "deeper than 100");
    assert!(read("a: [1, 2").is_err());
    assert!(read("a: \"x").is_err());
    assert!(read("- a\nb: c").is_err());
}

#[test]
fn a_repeated_key_is_fine_where_json_is_meant() {
    assert_eq!(read_json_mode("{\"a\": 1, \"b\": 2, \"a\": 3,}"), Ok(json!({"a": 3, "b": 2})));
}

#[test]
fn several_documents_are_read_where_several_are_asked_for() {
    assert_eq!(read_all("a: 1\n---\n- 2\n---\n"), Ok(vec![json!({"a": 1}), json!([2]), Value::Null]));
    assert_eq!(read_all(""), Ok(Vec::new()));
    assert_eq!(read_all("--- &a 1\n--- *a").unwrap_err().line, 2);
}

#[test]
fn json_is_read_as_what_it_is() {
    let text = r#"{"a": [1, 2.5, true, null, "x\u00e9\n\/"], "b:c": {"d":"e"}}"#;
    assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn block_texts_keep_and_fold_lines() {
    assert_eq!(read("|\n  a\n   b\n\n"), Ok(json!("a\n b\n")));
    assert_eq!(read("|-\n  a\n\n"), Ok(json!("a")));
    assert_eq!(read("|+\n  a\n\n"), Ok(json!("a\n\n")));
    assert_eq!(read(">\n  a\n  b\n\n  c\n"), Ok(json!("a b\nc\n")));
    assert_eq!(read("a: plain\n  on two lines"), Ok(json!({"a": "plain on two lines"})));
    assert_eq!(read("\u{feff}a: 1\r\nb: 2\r\n"), Ok(json!({"a": 1, "b": 2})));
}

#[test]
fn places_follow_keys_items_aliases_and_merges() {
    let text = "tests:\n  - &t\n    vars: {q: 1}\n    assert:\n      - type: x\n  - *t\n  - <<: *t\n    vars: 2\n";
    let (_, places) = read_with_places(text).unwrap();
    let check =
        |path: &[Step], line: usize, column: usize| assert_eq!(places.of(path), Place { line, column }, "{path:?}");
    check(&[], 1, 1);
    check(&["tests".into()], 1, 1);
    check(&["tests".into(), 0.into(), "assert".into(), 0.into(), "type".into()], 5, 9);
    check(&["tests".into(), 0.into(), "vars".into(), "q".into()], 3, 12);
    check(&["tests".into(), 1.into()], 6, 5);
    check(&["tests".into(), 1.into(), "assert".into(), 0.into()], 5, 9);
    check(&["tests".into(), 2.into(), "vars".into()], 8, 5);
    check(&["tests".into(), 2.into(), "assert".into()], 7, 5);
    check(&["tests".into(), 0.into(), "nothing".into(), "deeper".into()], 2, 5);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{inner}]").unwrap();
    }
    let error = read(&text).unwrap_err();
    assert!(error.message.contains("copy more"), "{error}");
    let long = format!("- &a {}\n{}", "x".repeat(1 << 20), "- *a\n".repeat(100));
    assert!(read(&long).unwrap_err().message.contains("copy more"));
    let anchors = (0..90).map(|level| format!("&a{level} [")).collect::<Vec<_>>().concat();
    let nested = |text: &str| read(&format!("{anchors}{text}{}", "]".repeat(90)));
    assert!(nested("x").is_ok());
    assert!(nested(&"x".repeat(1 << 20)).unwrap_err().message.contains("copy more"));
    assert!(nested(&"x, ".repeat(20_000)).unwrap_err().message.contains("copy more"));
    let mut deep = "a0: &a0 x\n".to_owned();
    for level in 1..120 {
        writeln!(deep, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(read(&deep).unwrap_err().message.contains("nests deeper"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = read_with_places(&text);
    }

    #[test]
    fn no_text_of_signs_panics(text in "([-:?,\\[\\]{}#&*!|>'\"%@`~<. \n\tax10]|\\\\|\r\n|<<|\\.\\.\\.|---|!!set|!!omap|: |- ){0,60}") {
        let _ = read_all(&text);
        let _ = read_json_mode(&text);
    }

    #[test]
    fn what_json_writes_is_read_back(value in json_value()) {
        prop_assert_eq!(read(&value.to_string()), Ok(value));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000_i64..1_000_000).prop_map(Value::from),
        "[ -~é☃\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[ a-z#:\"]{0,6}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}
