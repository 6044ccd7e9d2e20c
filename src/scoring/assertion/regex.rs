//! `regex`: the output has a match of an ECMAScript pattern.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rquickjs::context::intrinsic;
use rquickjs::function::This;
use rquickjs::{Constructor, Context, Ctx, Error, Exception, Function, Object, Runtime};

use super::{Asked, Graded, Grading, Output, Undone};
use crate::scoring::found::quote;

/// The output has a match of the value, a pattern as `new RegExp(value)` reads it: no flags, anywhere in the output,
/// letters are UTF-16 code units. A pattern that is none fails, negated or not.
///
/// The search gives up after some millions of steps, so that a pattern that would try forever ends.
pub fn regex(asked: &Asked, output: &Output) -> Grading {
    let pattern = asked.filled_text("regex")?;
    let invalid = |why: &str| Graded {
        pass: false,
        score: 0.0,
        reason: format!("{} is not a pattern that JavaScript knows: {why}.", quote(pattern)),
    };
    if let Some(why) = unknown_group(pattern) {
        return Ok(invalid(why));
    }
    Ok(match search(pattern, &output.text)? {
        Search::Done(found) => {
            let verb = if found { "has a match" } else { "has no match" };
            Graded::binary(found, asked.not, format!("The output {verb} for {}.", quote(pattern)))
        }
        Search::NoPattern(why) => invalid(&why),
    })
}

/// A group that newer editions of ECMAScript have and promptfoo's does not: flags for a part of the pattern, and two
/// groups of one name.
fn unknown_group(pattern: &str) -> Option<&'static str> {
    let mut names = Vec::new();
    let mut in_class = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => _ = letters.next(),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let group = letters.as_str();
                if ["?i", "?m", "?s", "?-"].iter().any(|flags| group.starts_with(flags)) {
                    return Some("a group cannot have flags of its own");
                }
                if let Some(name) = name_of(group) {
                    if names.contains(&name) {
                        return Some("two groups have the same name");
                    }
                    names.push(name);
                }
            }
            _ => {}
        }
    }
    None
}

/// The name of a group, of what follows its parenthesis; looking behind is no name.
fn name_of(group: &str) -> Option<&str> {
    let (name, _) = group.strip_prefix("?<")?.split_once('>')?;
    (!name.starts_with(['=', '!'])).then_some(name)
}

enum Search {
    Done(bool),
    NoPattern(String),
}

/// The engine asks after so many steps whether to go on.
const STEPS_A_TURN: usize = 10_000;

/// Turns of any search: five million steps, well below a second.
const TURNS: usize = 500;

/// Turns more for a long text: 20 steps for each of its letters, since looking through it once is no fault of the pattern.
const LETTERS_A_TURN: usize = STEPS_A_TURN / 20;

/// A step that compares with what a group matched may take as long as the text is; so many letters may be compared.
const COMPARED: usize = 10_000_000_000;

/// Memory of an engine in bytes, which holds the places that a search may return to.
const MEMORY: usize = 96 << 20;

/// Stack of an engine in bytes, which a pattern with groups in groups takes.
const STACK: usize = 256 << 10;

fn turns(pattern: &str, text: &str) -> u32 {
    let turns = TURNS + text.len() / LETTERS_A_TURN;
    let turns = if refers_back(pattern) { turns.min(COMPARED / STEPS_A_TURN / text.len().max(1)) } else { turns };
    u32::try_from(turns).unwrap_or(u32::MAX)
}

/// It may compare with what a group matched.
fn refers_back(pattern: &str) -> bool {
    pattern.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && matches!(pair[1], b'1'..=b'9' | b'k'))
}

/// # Errors
/// The search gave up.
fn search(pattern: &str, text: &str) -> Result<Search, Undone> {
    thread_local! {
        static ENGINE: Result<Engine, Error> = Engine::new();
    }
    ENGINE.with(|engine| match engine {
        Ok(engine) => engine.search(pattern, text),
        Err(error) => Err(Undone(format!("The engine for patterns could not be started: {error}."))),
    })
}

/// A JavaScript engine that has regular expressions and nothing else: it evaluates no code. Of the engines for this
/// dialect it is the one whose searches can be stopped; those of `regress` cannot.
struct Engine {
    context: Context,
    /// How often a search may still be asked whether to go on.
    turns: Arc<AtomicU32>,
}

impl Engine {
    fn new() -> Result<Self, Error> {
        let runtime = Runtime::new()?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let turns = Arc::new(AtomicU32::new(0));
        let left = Arc::clone(&turns);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
        })));
        let context =
            Context::builder().with::<intrinsic::RegExpCompiler>().with::<intrinsic::RegExp>().build(&runtime)?;
        Ok(Self { context, turns })
    }

    fn search(&self, pattern: &str, text: &str) -> Result<Search, Undone> {
        self.turns.store(turns(pattern, text), Ordering::Relaxed);
        self.context.with(|engine| {
            let Ok(compiled) = compile(&engine, pattern) else { return refused(pattern, thrown(&engine)) };
            has_match(compiled, text).map(Search::Done).map_err(|_| self.given_up(pattern, &thrown(&engine)))
        })
    }

    fn given_up(&self, pattern: &str, why: &str) -> Undone {
        if self.turns.load(Ordering::Relaxed) > 0 {
            return Undone(format!("The search for {} gave up: {why}.", quote(pattern)));
        }
        Undone(format!(
            "The search for {} gave up after some millions of steps: the pattern has too many ways to match this output. \
             Make it less ambiguous.",
            quote(pattern)
        ))
    }
}

/// What is beyond the bounds of this engine may be within those of promptfoo's, and so is not a fault of the pattern.
fn refused(pattern: &str, why: String) -> Result<Search, Undone> {
    if ["too many", "stack overflow", "out of memory", "too large"].iter().any(|bound| why.contains(bound)) {
        return Err(Undone(format!("The pattern {} is too large to be searched for.", quote(pattern))));
    }
    Ok(Search::NoPattern(why))
}

fn compile<'js>(engine: &Ctx<'js>, pattern: &str) -> Result<Object<'js>, Error> {
    let constructor: Constructor = engine.globals().get("RegExp")?;
    constructor.construct((pattern,))
}

fn has_match(compiled: Object, text: &str) -> Result<bool, Error> {
    let search: Function = compiled.get("test")?;
    search.call((This(compiled), text))
}

/// The message of what was thrown, which the engine forgets with it.
fn thrown(engine: &Ctx) -> String {
    let exception = engine.catch().into_object().and_then(Exception::from_object);
    exception.and_then(|exception| exception.message()).unwrap_or_else(|| "the engine does not say why".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::super::testing::{check, grade, undone};
    use super::*;

    #[test]
    fn patterns_are_searched_as_ecmascript_without_flags_has_them() {
        for (pattern, output, expect) in [
            ("o.l", "an owl", true),
            ("^owl", "an owl", false),
            ("OWL", "an owl", false),
            ("^b$", "a\nb\nc", false),
            ("c$", "a\nb\nc", true),
            ("c$", "c\n", false),
            ("a.b", "a\nb", false),
            ("a.b", "a\u{2028}b", false),
            ("a.b", "a\u{85}b", true),
            ("a[^]b", "a\nb", true),
            ("[]", "a", false),
            (r"\s{3}", "\u{a0}\u{feff}\u{3000}", true),
            (r"\s", "\u{85}\u{200b}", false),
            (r"\bid\b", "_id", false),
            (r"\bid\b", "éid", true),
            (r"\w", "é", false),
            (r"\d", "٣", false),
            ("^.$", "😀", false),
            ("^..$", "😀", true),
            (r"\ud83d", "😀", true),
            ("^[😀]{2}$", "😀", true),
            (r"\u{61}", "a", false),
            (r"\u{3}", "uuu", true),
            (r"\p{L}", "é", false),
            (r"\p{L}", "p{L}", true),
            (r"\x41\101\cJ", "AA\n", true),
            (r"\cé", r"\cé", true),
            (r"\0", "a\0b", true),
            (r"(?<y>\d+)-\k<y>", "7-7", true),
            (r"\k<y>", "k<y>", true),
            (r"(a)|b\1c", "bc", true),
            (r"\2(a)", "\u{2}a", true),
            ("(?:(a)|b)*-\\1$", "ab-a", false),
            (r"(?<=€)\d", "€5", true),
            (r"(?<!€)5", "€5", false),
            (r"(?<=(\d)\1)x", "77x", true),
            (r"q(?!u)", "quit qat", true),
            ("(?=a)*b", "b", true),
            ("x{,2}", "x{,2}", true),
            ("x{2", "x{2", true),
            ("]}", "]}", true),
            (r"[\b]", "\u{8}", true),
            (r"[\w-z]", "-", true),
            ("/owl/", "an owl", false),
            ("/owl/", "/owl/", true),
            ("[(?i)]", "i", true),
            (r"\(?i\)?", "i", true),
            ("(?<ab>a)(?<ac>a)", "aa", true),
        ] {
            check(regex, &json!(pattern), &json!(output), expect);
        }
        check(regex, &json!(r#"^\{"n":7\}$"#), &json!({"n": 7.0}), true);
    }

    #[test]
    fn what_is_no_pattern_fails_negated_or_not() {
        for pattern in [
            "(",
            ")",
            "[a",
            "*a",
            "a**",
            "a++",
            "a{2}{3}",
            "{1}",
            "a{3,2}",
            "[b-a]",
            r"\",
            "(?i)a",
            "(?i:a)",
            "(?-s:a)",
            "(?#c)",
            "(?x)a",
            "(?P<a>b)",
            "(?>a)",
            "(?<a>x)|(?<a>y)",
            "(?<1>a)",
            "(?<a",
            r"(?<a>x)\k<b>",
            r"(?<=a)+b",
        ] {
            for not in [false, true] {
                let graded = grade(regex, not, None, &json!(pattern), &json!("a")).unwrap();
                assert!(!graded.pass && graded.score.eq(&0.0), "{pattern}");
                assert!(graded.reason.contains("not a pattern") && graded.reason.ends_with('.'), "{}", graded.reason);
            }
        }
    }

    #[test]
    fn a_pattern_must_be_given() {
        for value in [json!(null), json!(""), json!(5), json!(true), json!(["a"]), json!({})] {
            undone(regex, &value);
        }
    }

    #[test]
    fn a_search_that_would_never_end_gives_up_and_the_next_one_is_not_harmed() {
        for (pattern, text) in [
            ("^(a+)+$", format!("{}b", "a".repeat(60))),
            (r"^(\w+\s?)*!$", "word ".repeat(40)),
            ("(x*)*(x*)*y", "x".repeat(60)),
            (r"^(x+x+)+\1y", "x".repeat(60)),
            (r"(a*)*\1b", "a".repeat(20_000)),
        ] {
            let grading = grade(regex, false, None, &json!(pattern), &json!(text));
            assert!(grading.as_ref().is_err_and(|undone| undone.0.contains("gave up")), "{pattern}: {grading:?}");
            check(regex, &json!("^a$"), &json!("a"), true);
        }
    }

    #[test]
    fn a_pattern_beyond_the_bounds_of_the_engine_is_not_called_wrong() {
        for pattern in ["(".repeat(50_000) + &")".repeat(50_000), "(a)".repeat(300)] {
            let grading = grade(regex, false, None, &json!(pattern), &json!("a"));
            assert!(grading.as_ref().is_err_and(|undone| undone.0.contains("too large")), "{grading:?}");
        }
    }

    #[test]
    fn long_outputs_are_searched() {
        let text = "hay ".repeat(50_000) + "needle";
        for (pattern, expect) in
            [("needle$", true), ("[a-z]+e$", true), ("straw", false), (r"y\s+n", true), ("(h)ay x|(q)", false)]
        {
            check(regex, &json!(pattern), &json!(text), expect);
        }
        check(regex, &json!(r"(\d)\1"), &json!("a1b2 ".repeat(2_000)), false);
    }

    proptest! {
        #[test]
        fn an_escaped_text_matches_itself(text in r"[ -~é😀]{1,20}") {
            let escaped: String = text.chars().map(|letter| if letter.is_ascii_punctuation() { format!("\\{letter}") } else { letter.to_string() }).collect();
            check(regex, &json!(format!("^{escaped}$")), &json!(text), true);
        }

        #[test]
        fn no_pattern_breaks_it(pattern in r"[ab(){}\[\]?*+|^$.,:=!<>0-9k\\-]{1,20}", text in "[ab0-9(]{0,12}") {
            let _ = grade(regex, false, None, &json!(pattern), &json!(text));
        }
    }
}
