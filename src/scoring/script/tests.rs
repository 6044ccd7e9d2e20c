use std::time::Duration;

use serde_json::{Map, Value, json};

use super::realm::Needs;
use super::sandbox::{Limits, Sandbox};
use super::*;
use crate::scoring::assertion::{Asked, Output};

fn graded(code: &Value, output: &Value, not: bool, threshold: Option<f64>) -> Scripted {
    let (config, vars, test) =
        (Map::new(), json!({"n": 3, "word": "two"}), json!({"vars": {"n": 3}, "description": "d"}));
    let asked = Asked { not, value: code, threshold, config: &config, tools: &[] };
    javascript(&asked, &Output::new(output), &context(vars.as_object().unwrap_or(&config), &test))
}

fn context<'a>(vars: &'a Map<String, Value>, test: &'a Value) -> Context<'a> {
    Context {
        vars,
        prompt: "the prompt",
        test,
        config: None,
        provider: Some("echo"),
        provider_response: None,
        metadata: None,
    }
}

fn verdict(code: &str, not: bool, threshold: Option<f64>) -> (bool, f64) {
    let graded = graded(&code.into(), &"Hello world".into(), not, threshold).graded;
    (graded.pass, graded.score)
}

fn reason(code: &str) -> String {
    graded(&code.into(), &"Hello world".into(), false, None).graded.reason
}

#[test]
fn scripts_give_these_verdicts() {
    let cases = [
        ("output.length === 11", None, (true, 1.0), (false, 0.0)),
        ("output.length > 11;", None, (false, 0.0), (true, 1.0)),
        ("output.length > 5 // why", None, (true, 1.0), (false, 0.0)),
        ("2.5", None, (true, 2.5), (false, 2.5)),
        ("-1", None, (false, -1.0), (true, -1.0)),
        ("-1", Some(-2.0), (true, -1.0), (false, -1.0)),
        ("0", Some(0.0), (true, 0.0), (false, 0.0)),
        ("0.5", Some(0.6), (false, 0.5), (true, 0.5)),
        ("false", Some(0.0), (false, 0.0), (true, 1.0)),
        ("1 / 0", None, (true, f64::INFINITY), (false, f64::INFINITY)),
        ("({pass: true, score: 0.1, reason: ''})", Some(0.5), (true, 0.1), (false, 0.1)),
        ("({pass: false, score: 9, reason: 'r', comment: 'c', tokensUsed: null})", None, (false, 9.0), (true, 9.0)),
        ("Promise.resolve(output.length)", None, (true, 11.0), (false, 11.0)),
        ("new Promise(done => setTimeout(() => done(true), 50))", None, (true, 1.0), (false, 0.0)),
        ("(async () => { await null; return 0.25 })()", None, (true, 0.25), (false, 0.25)),
        ("({then(done) { done(true) }})", None, (true, 1.0), (false, 0.0)),
        ("const a = output; a.endsWith('d;') || true", None, (true, 1.0), (false, 0.0)),
        ("const a = output.length;\nreturn a === 11;\n", None, (true, 1.0), (false, 0.0)),
        ("implicit = 1; return implicit\n ; \n//", None, (true, 1.0), (false, 1.0)),
        ("context.vars.n === 3 && context.vars.none === undefined", None, (true, 1.0), (false, 0.0)),
        ("context.prompt === 'the prompt' && context.test.description === 'd'", None, (true, 1.0), (false, 0.0)),
        ("context.config === undefined && context.provider.id() === 'echo'", None, (true, 1.0), (false, 0.0)),
        ("new Date('2020-01-02T00:00:00Z') > Date.parse('2020-01-01')", None, (true, 1.0), (false, 0.0)),
        ("new Date(0) instanceof Date && Date.UTC(1970) === 0", None, (true, 1.0), (false, 0.0)),
        ("console.log(output) || !console.error", None, (false, 0.0), (true, 1.0)),
        ("this === globalThis && typeof process === 'object'", None, (true, 1.0), (false, 0.0)),
    ];
    for (code, threshold, plain, negated) in cases {
        assert_eq!(verdict(code, false, threshold), plain, "{code}");
        assert_eq!(verdict(code, true, threshold), negated, "not {code}");
    }
    let nan = graded(&"NaN".into(), &"".into(), false, None).graded;
    assert!(!nan.pass && nan.score.is_nan());
}

#[test]
fn words_and_numbers_are_ordered_and_written_as_in_english() {
    let truths = [
        "'a'.localeCompare('B') === -1 && 'B'.localeCompare('a') === 1",
        "'a'.localeCompare('A') === -1 && 'a'.localeCompare('a') === 0",
        "'résumé'.localeCompare('resume') === 1 && 'résumé'.localeCompare('resumf') === -1",
        "'a'.localeCompare('á', 'en', {sensitivity: 'base'}) === 0 && 'a'.localeCompare('A', undefined, {sensitivity: 'accent'}) === 0",
        "'item 10'.localeCompare('item 9', 'en', {numeric: true}) === 1 && 'item 10'.localeCompare('item 9') === -1",
        "['b', '_', 'C', '1', 'a', ' ', 'ä'].sort((x, y) => x.localeCompare(y)).join('') === ' _1aäbC'",
        "'ab'.localeCompare('abc') === -1 && ''.localeCompare('') === 0",
        "'\\u00e9'.localeCompare('e\\u0301') === 0",
        "(1234567.891).toLocaleString() === '1,234,567.891' && (0).toLocaleString('en-US') === '0'",
        "(1.5).toLocaleString('en-US', {minimumFractionDigits: 2}) === '1.50' && (-1000).toLocaleString() === '-1,000'",
        "(1e6 / 3).toLocaleString(undefined, {maximumFractionDigits: 1}) === '333,333.3'",
    ];
    for code in truths {
        assert_eq!(verdict(code, false, None), (true, 1.0), "{code}: {}", reason(code));
    }
    assert!(reason("(1).toLocaleString('de-DE')").contains("other languages"));
}

#[test]
fn what_is_no_verdict_fails_negated_too() {
    let cases = [
        "undefined",
        "null",
        "'true'",
        "[true]",
        "() => true",
        "10n",
        "Symbol()",
        "output.match(/world/)",
        "new Date(0)",
        "({pass: true})",
        "({pass: true, score: 1})",
        "({pass: 1, score: 1, reason: ''})",
        "({pass: true, score: '1', reason: ''})",
        "({pass: true, score: 1, reason: 'r', namedScores: 5})",
        "({pass: true, score: 1, reason: 'r', componentResults: {}})",
        "({pass: true, score: 1, reason: 'r', comment: null})",
        "return true",
        "const a = true",
        "const a = true;\na",
        "nope(",
        "throw new Error('x')",
        "nothing",
        "throw 1;\n1",
        "Promise.reject(new Error('no'))",
        "Promise.reject()",
        "new Promise(() => {})",
        "const output = 1; output",
        "let process = 1; process",
        "",
        "true }, function () {",
    ];
    for code in cases {
        assert_eq!(verdict(code, false, None), (false, 0.0), "{code}");
        assert_eq!(verdict(code, true, Some(0.0)), (false, 0.0), "not {code}");
    }
    for value in [json!(true), json!(5), json!(null), json!({"pass": true, "score": 1, "reason": "r"})] {
        assert!(!graded(&value, &"".into(), false, None).graded.pass, "{value}");
    }
}

#[test]
fn a_result_names_metrics_and_parts() {
    let code = "({pass: true, score: 0.5, reason: 'why', namedScores: {a: 0.2, b: true, c: '3'},
      componentResults: [{pass: true, score: 1, reason: 'one'}, 7, {}]})";
    let scripted = graded(&code.replace('\n', " ").into(), &"".into(), false, None);
    assert_eq!(scripted.graded.reason, "why");
    assert_eq!(
        scripted.named_scores,
        [("a", 0.2), ("b", 1.0), ("c", 3.0)].map(|(name, score)| (name.to_owned(), score)).into()
    );
    let halves = graded(&"({pass: true, score: 1, reason: '😀'[0] + '.'})".into(), &"".into(), false, None);
    assert_eq!(halves.graded.reason, "\u{fffd}.");
    let parts: Vec<_> = scripted.parts.iter().map(|part| (part.pass, part.score, part.reason.as_str())).collect();
    assert_eq!(parts, [(true, 1.0, "one"), (false, 0.0, "")]);
}

#[test]
fn the_output_arrives_as_the_value_that_it_is() {
    let cases = [
        (json!({"n": 2, "list": [1, null]}), "output.n === 2 && output.list[1] === null"),
        (json!("é😀\u{0}"), "output.length === 4 && output.charCodeAt(3) === 0"),
        (json!({"__proto__": 1}), "Object.keys(output).length === 1"),
        (json!(1e21), "output === 1e21"),
        (json!(null), "output === null"),
    ];
    for (output, code) in cases {
        assert!(graded(&code.into(), &output, false, None).graded.pass, "{output}");
    }
}

#[test]
fn a_reason_says_what_is_absent() {
    let cases = [
        ("fetch('http://127.0.0.1')", "the network"),
        ("require('fs')", "other modules"),
        ("import('fs')", "other modules"),
        ("Buffer.from('')", "the machine"),
        ("process.env.HOME", "apart from the machine"),
        ("crypto.randomUUID()", "randomness"),
        ("Math.random()", "no randomness"),
        ("performance.now()", "a clock"),
        ("Date.now()", "no clock"),
        ("new Date()", "no clock"),
        ("Date()", "no clock"),
        ("[0].map(() => new Date)", "no clock"),
        ("new Promise(() => {})", "does not settle"),
        ("undefined", "needs a return"),
        ("throw 'plain';\n1", "plain"),
    ];
    for (code, part) in cases {
        assert!(reason(code).contains(part), "{code}: {}", reason(code));
    }
    for name in
        ["std", "os", "fetch", "require", "crypto", "performance", "WeakRef", "Deno", "scriptArgs", "print", "load"]
    {
        assert!(verdict(&format!("typeof {name} === 'undefined'"), false, None).0, "{name}");
    }
}

#[test]
fn nothing_stays_from_one_script_to_the_next() {
    let changes = [
        "leak = 1; return true\n;",
        "globalThis.leak = 1; return true\n;",
        "Array.prototype.leak = 1; return [].leak === 1\n;",
        "String.prototype.includes = () => true; return 'a'.includes('b')\n;",
        "JSON.parse = () => 1; Object.prototype.leak = 1; return true\n;",
        "Promise.resolve = () => 1; Function.prototype.call = null; return true\n;",
        "Object.freeze(Object.prototype); return true\n;",
    ];
    for code in changes {
        assert!(verdict(code, false, None).0, "{code}");
        let clean = "typeof leak === 'undefined' && [].leak === undefined && !'a'.includes('b') && JSON.parse('[]').length === 0";
        assert!(verdict(clean, false, None).0, "after {code}");
        assert!(verdict("Promise.resolve((Object.prototype.x = 1) === ({}).x)", false, None).0, "after {code}");
    }
}

#[test]
fn each_limit_ends_a_script_with_its_name() {
    let small = Limits { work: 20, time: Duration::from_mins(1), memory: 16 << 20, stack: 256 << 10 };
    let (time, memory) = ("ran for too long", "more memory");
    let cases = [
        ("while (true);", time),
        ("try { while (true); } catch (e) { return 1 }", time),
        ("return [3, 2, 1].sort(() => { while (true); })", time),
        ("return /(a+)+$/.test('a'.repeat(40) + 'b')", time),
        ("return new Array(4294967295).includes(1)", time),
        ("const f = () => setTimeout(f); f(); return new Promise(() => {})", time),
        ("return new Proxy({}, { get: () => { while (true); } }).pass", time),
        ("return { then() { while (true); } }", time),
        ("const a = []; while (true) a.push(new Array(1000).fill(0));", memory),
        ("return 'x'.repeat(1 << 29)", memory),
        ("return [...new Array(1e9)]", memory),
        ("return new Uint8Array(1e9)", memory),
        ("let s = 'x'; while (true) s = [s, s].join('')", memory),
        ("return (function f() { return f() })()", "too deeply"),
        ("return (function f() { return [1].map(f) })()", "too deeply"),
        ("return eval('('.repeat(100000))", "too deeply"),
        ("let o = []; for (let i = 0; i < 20000; i++) o = [o]; return o", "too deeply"),
        ("return new RegExp('('.repeat(100000))", "failed"),
        ("return new Array(4294967295).join()", "too many steps"),
        ("return new Array(4294967295).reverse()", "too many steps"),
        ("return [].reverse.call({\"length\": 9e15})", "too many steps"),
        ("return Reflect.apply([]['rev' + 'erse'], JSON.parse('{\"length\": 9e15}'), [])", "too many steps"),
        ("return [].fill.call(JSON.parse('{\"length\": \"9e15\"}'), 1)", "too many steps"),
        ("let n = 1; return [].sort.call({ get length() { return n++ > 1 ? 9e15 : 1 } })", "too many steps"),
        ("let n = 1; return [].flat.call({ length: { valueOf: () => n++ > 1 ? 9e15 : 1 } })", "too many steps"),
        ("let a = []; a.length += 4294967295; return '' + a", "too many steps"),
        ("let a = []; a[4294967290] = 1; return `${a}`", "too many steps"),
        ("return 'a'.repeat(1e6).indexOf('a'.repeat(5e5) + 'b')", "too many steps"),
        ("const a = []; a.push(a); return a", "circular"),
    ];
    for (body, part) in cases {
        let sandbox = Sandbox::new(small).expect("an engine");
        let ended = sandbox.run(Needs { code: body }, |realm| Ok(realm.json(realm.run(&[], body, &[])?)?.is_some()));
        let told = ended.expect_err(body).to_string();
        assert!(told.contains(part), "{body}: {told}");
    }
}

#[test]
fn promises_without_end_end() {
    // A promise for whose settling there is no memory left is, at some places, only never settled.
    let sandbox = Sandbox::new(Limits { memory: 16 << 20, ..Limits::default() }).expect("an engine");
    let body = "const f = () => Promise.resolve().then(f); return f()";
    let ended = sandbox.run(Needs { code: body }, |realm| Ok(realm.json(realm.run(&[], body, &[])?)?.is_some()));
    assert!(matches!(ended, Err(ScriptError::OutOfMemory(_) | ScriptError::Pending)), "{ended:?}");
}

#[test]
fn long_steps_in_a_loop_end_with_the_time() {
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let bodies = [
        "const s = 'x'.repeat(5e6); for (;;) s.toUpperCase()",
        "const s = 'x'.repeat(5e6); for (;;) { try { s['to' + 'LowerCase']() } catch {} }",
        "const s = 'é'.repeat(1e6); const f = () => { s.normalize('NFD'); f() }; for (;;) try { f() } catch {}",
        "const s = JSON.stringify('x'.repeat(1e6)); while (true) JSON.parse(s)",
        "const list = new Array(1e6).fill(1); while (true) list.slice().sort()",
        "const bytes = new Uint8Array(3e7); while (true) bytes.fill(1)",
    ];
    for body in bodies {
        let sandbox = Sandbox::new(limits).expect("an engine");
        let ended = sandbox.run(Needs { code: body }, |realm| Ok(realm.json(realm.run(&[], body, &[])?)?.is_some()));
        assert_eq!(ended, Err(ScriptError::OutOfTime), "{body}");
    }
}

#[test]
fn bounded_methods_do_what_they_did() {
    let truths = [
        "[3, 1, 2].sort((a, b) => a - b).join('') === '123' && [].reverse.call({ length: 2, 0: 'a', 1: 'b' })[0] === 'b'",
        "[].slice.call('abc', 1).join() === 'b,c' && [].join.call(new Uint8Array(2)) === '0,0'",
        "(function () { return [].slice.call(arguments, 1)[0] })(1, 2) === 2",
        "'aXb'.replace(/X/, (x) => x + x) === 'aXXb' && 'a-b'.split('-')[1] === 'b' && 'A'['to' + 'LowerCase']() === 'a'",
        "[].concat.name === 'concat' && ''.includes.call(123, '2') && Object.keys({ a: 1 })[0] === 'a'",
        "new Uint8Array([3, 1]).sort().join(' ') === '1 3' && parseInt('7x') === 7 && String([1, [2]]) === '1,2'",
        "(() => { try { ''.trim.call(null) } catch (e) { return e instanceof TypeError } })()",
    ];
    for code in truths {
        assert_eq!(verdict(code, false, None), (true, 1.0), "{code}: {}", reason(code));
    }
}

#[test]
fn a_script_after_one_that_was_stopped_runs_as_ever() {
    for code in [
        "const f = () => Promise.resolve().then(f); f();\nreturn 'never ending'",
        "'x'.repeat(1 << 29)",
        "(function f() { return f() })()",
        "new Array(1e9).fill(0).length",
    ] {
        assert!(!verdict(code, false, None).0, "{code}");
        assert!(verdict("Promise.resolve(output.length === 11)", false, None).0, "after {code}");
    }
}

#[test]
fn transforms_make_these_values() {
    let context = json!({"vars": {"name": "bob"}, "prompt": {"label": "p"}, "metadata": {}});
    let cases = [
        ("output.toUpperCase()", "ab", json!("AB")),
        ("output.length", "ab", json!(2)),
        ("({n: 1.0, list: [0.5, undefined, NaN]})", "", json!({"n": 1, "list": [0.5, null, null]})),
        ("output + '-' + context.vars.name;", "ab", json!("ab-bob")),
        ("const x = output;\nreturn x + x", "ab", json!("abab")),
        ("JSON.parse(output).k", r#"{"k":{"b":1,"a":2}}"#, json!({"b": 1, "a": 2})),
        ("Promise.resolve(output)", "ab", json!("ab")),
        ("''", "ab", json!("")),
        ("false", "ab", json!(false)),
        ("0", "ab", json!(0)),
        ("NaN", "ab", json!(null)),
        ("output[0]", "😀", json!("\u{fffd}")),
        ("2 ** 53", "", json!(9_007_199_254_740_992_u64)),
        ("-0", "", json!(0)),
    ];
    for (code, output, expected) in cases {
        assert_eq!(transform(Code::Inline(code), &output.into(), &context), Ok(expected), "{code}");
    }
    let failing = [
        ("undefined", "gave back undefined"),
        ("null", "gave back null"),
        ("output.toUpperCase()\n", "gave back undefined"),
        ("return output", "failed"),
        ("throw 1", "failed"),
        ("() => 1", "JSON"),
        ("10n", "failed"),
        ("output.none.none", "failed"),
    ];
    for (code, part) in failing {
        let told = transform(Code::Inline(code), &"ab".into(), &context).expect_err(code).to_string();
        assert!(told.contains(part), "{code}: {told}");
    }
}

#[test]
fn variables_are_laid_over_those_that_there_are() {
    let vars = json!({"a": "A", "b": "B"});
    let vars = vars.as_object().cloned().unwrap_or_default();
    let cases = [
        ("({b: vars.a.toLowerCase(), c: [1]})", r#"{"a":"A","b":"a","c":[1]}"#),
        ("({...vars, a: undefined})", r#"{"b":"B"}"#),
        ("['x']", r#"{"0":"x","a":"A","b":"B"}"#),
        ("vars.a = 'changed';\nreturn vars;", r#"{"a":"changed","b":"B"}"#),
    ];
    for (code, expected) in cases {
        let made = transform_vars(Code::Inline(code), &vars, &json!({}));
        assert_eq!(made.map(|made| Value::Object(made).to_string()).as_deref(), Ok(expected), "{code}");
    }
    for code in ["'text'", "undefined", "5", "vars.none.none"] {
        assert!(transform_vars(Code::Inline(code), &vars, &json!({})).is_err(), "{code}");
    }
}

#[test]
fn files_export_functions_in_either_form() {
    let cases = [
        ("module.exports = (output, context) => output + context.n;", None, Some(json!("a1"))),
        ("module.exports = { twice: (output) => output + output };", Some("twice"), Some(json!("aa"))),
        ("exports.default = async () => 1;", None, Some(json!(1))),
        ("export default (output) => ({ output });", None, Some(json!({"output": "a"}))),
        ("export default function () { return null }", None, Some(json!(null))),
        ("const one = () => 1;\nexport { one };", Some("one"), Some(json!(1))),
        ("export async function later(output) { await null; return output }", Some("later"), Some(json!("a"))),
        ("const wait = await Promise.resolve(2);\nexport default () => wait", None, Some(json!(2))),
        ("module.exports = () => {};", None, None),
    ];
    for (source, export, expected) in cases {
        let made = call_file(ScriptFile { source, export }, &[json!("a"), json!({"n": 1})]);
        assert_eq!(made, Ok(expected), "{source}");
    }
    let failing = [
        ("module.exports = 5", None, "must export a function"),
        ("module.exports = {}", Some("named"), "\"named\""),
        ("const fs = require('fs');", None, "cannot load \"fs\""),
        ("import fs from 'fs';\nexport default () => 1", None, "other modules"),
        ("module.exports = () => {", None, "failed"),
        ("module.exports = () => { throw new Error('inside') }", None, "inside"),
        ("module.exports = () => () => 1", None, "JSON"),
    ];
    for (source, export, part) in failing {
        let told = call_file(ScriptFile { source, export }, &[]).expect_err(source).to_string();
        assert!(told.contains(part), "{source}: {told}");
    }
}

#[test]
fn a_file_that_grades_may_make_the_assertion_impossible() {
    let (config, test) = (Map::new(), json!({}));
    let asked = Asked { not: false, value: &Value::Null, threshold: Some(0.5), config: &config, tools: &[] };
    let run = |source| {
        let file = ScriptFile { source, export: None };
        let scripted = javascript_file(file, &asked, &Output::new(&json!("abc")), &context(&config, &test));
        scripted.map(|scripted| (scripted.graded.pass, scripted.graded.score)).map_err(|undone| undone.0)
    };
    assert_eq!(run("module.exports = (output) => output.length / 10"), Ok((false, 0.3)));
    assert_eq!(run("module.exports = () => Promise.resolve({ pass: true, score: 0, reason: '' })"), Ok((true, 0.0)));
    assert_eq!(run("module.exports = () => 'yes'"), Ok((false, 0.0)));
    assert_eq!(run("module.exports = () => undefined"), Ok((false, 0.0)));
    assert!(run("module.exports = () => { throw new Error('x') }").is_err_and(|told| told.contains('x')));
    assert!(run("module.exports = 1").is_err());
}
