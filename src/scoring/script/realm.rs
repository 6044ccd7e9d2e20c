//! The world of one script: the language, what is changed in it, and the ways in and out.

use std::rc::Rc;

use rquickjs::function::{Args, Constructor, IntoArgs};
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, FromJs, Function, Module, Object, Promise, Value};

use super::cross;
use super::error::{ScriptError, Stop};
use super::sandbox::Meter;

const BOUNDS: &str = include_str!("prelude/bounds.js");
const CONSOLE: &str = include_str!("prelude/console.js");
const DATE: &str = include_str!("prelude/date.js");
const FILE: &str = include_str!("prelude/file.js");
const LOCALE: &str = include_str!("prelude/locale.js");
const PROCESS: &str = include_str!("prelude/process.js");
const PROVIDER: &str = include_str!("prelude/provider.js");
const TIMERS: &str = include_str!("prelude/timers.js");

/// What of the prelude a script may come upon, by what stands in its code.
///
/// To compile a whole prelude takes longer than to make the realm. Whoever builds a name from parts finds nothing there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs<'a> {
    pub(super) code: &'a str,
}

impl Needs<'_> {
    pub(super) fn date(self) -> bool {
        self.code.contains("Date")
    }

    /// Whether the engine may be sent into a loop of its own that is long, or into many: not by a code that has no loop
    /// and no function, looks for written texts only, and names no method of lists and no way to hide a name.
    fn bounds(self) -> bool {
        let named = [LOOPS, LISTS, LIST_METHODS, NEWER_LIST_METHODS].iter().any(|words| has_any(self.code, words));
        named || self.hides_names() || self.seeks() || self.lengthens()
    }

    /// Whether it may come upon a method that it does not name.
    fn hides_names(self) -> bool {
        has_any(self.code, WAYS_AROUND) || self.reaches()
    }

    /// A name that is made from parts, in `a[n]` or `{[n]: a}`. Small numbers are no names.
    fn reaches(self) -> bool {
        self.code.match_indices('[').any(|(place, _)| {
            let (before, after) = (self.code[..place].trim_end(), &self.code[place + 1..]);
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let is_number = digits < 5 && after[digits..].starts_with(']');
            let follows_comment = before.ends_with("*/") || before.ends_with("//");
            let starts_a_list = before.is_empty() || before.ends_with(['(', '=', '&', '|', '!', '?', ':', '[', '/']);
            !is_number && (follows_comment || !starts_a_list)
        })
    }

    /// `text.includes(…)` and the like, of anything but a text that stands there.
    fn seeks(self) -> bool {
        SEEKERS.iter().flat_map(|name| self.code.match_indices(name)).any(|(place, name)| {
            let given = self.code[place + name.len()..].trim_start().strip_prefix('(').map(str::trim_start);
            !given.is_some_and(begins_with_a_text)
        })
    }

    /// `a.length = …`, also with another operator before the sign, or `{x: a.length} = …`.
    fn lengthens(self) -> bool {
        let takes_apart = ["} =", "}="].iter().any(|sign| self.code.contains(sign));
        takes_apart
            || self.code.match_indices("length").any(|(place, name)| {
                let after = self.code[place + name.len()..].trim_start();
                let signs = after.find(|sign| !"+-*/%&|^?<>!=".contains(sign)).unwrap_or(after.len());
                after[..signs].split_once('=').is_some_and(|(operator, rest)| {
                    !rest.starts_with(['=', '>']) && !matches!(operator, "!" | "<" | ">")
                })
            })
    }

    fn locale(self) -> bool {
        self.code.contains("localeCompare") || self.code.contains("toLocaleString")
    }

    fn timers(self) -> bool {
        self.code.contains("setTimeout") || self.code.contains("setImmediate")
    }
}

/// What runs a code more than once, and the comments that could hide it.
const LOOPS: &[&str] = &["for", "while", "=>", "function", ") {", "){", ")\n", "/*", "//"];

/// What makes long lists and texts, or goes through them.
const LISTS: &[&str] = &["Array", "Object", "apply", "bind", "call", "length:", "length\"", "length'", "repeat", "pad"];
const LIST_METHODS: &[&str] = &["concat", "copyWithin", "fill", "flat", "join", "reverse", "shift", "slice", "sort"];
const NEWER_LIST_METHODS: &[&str] = &["splice", "toReversed", "toSorted", "toSpliced"];

/// What leads to a method without its name.
const WAYS_AROUND: &[&str] = &["Reflect", "Function", "constructor", "eval", "getOwnProperty", "\\u"];

/// Methods that look for a text in a text: for a long one in a long one they take minutes.
const SEEKERS: [&str; 6] = ["includes", "indexOf", "lastIndexOf", "replace", "replaceAll", "split"];

fn has_any(code: &str, words: &[&str]) -> bool {
    words.iter().any(|word| code.contains(word))
}

/// A text in quotes is the whole of the first argument.
fn begins_with_a_text(arguments: &str) -> bool {
    let Some(quote) = arguments.chars().next().filter(|first| ['\'', '"'].contains(first)) else { return false };
    let inside = &arguments[1..];
    let after = inside.find(quote).map(|end| inside[end + 1..].trim_start());
    after.is_some_and(|after| after.starts_with([')', ',']))
}

pub(super) struct Realm<'js> {
    ctx: Ctx<'js>,
    process: Value<'js>,
    /// Runs the next timer, where a script may have set some.
    tick: Option<Function<'js>>,
    /// Lets a context's provider be asked for its name.
    provider: Option<Function<'js>>,
    meter: Rc<Meter>,
}

impl<'js> Realm<'js> {
    pub(super) fn new(ctx: Ctx<'js>, needs: Needs<'_>, meter: Rc<Meter>) -> rquickjs::Result<Self> {
        let on_need = |needed: bool, part: &str| if needed { ctx.eval(part).map(Some) } else { Ok(None) };
        let on_name = |name: &str, part: &str| on_need(needs.code.contains(name), part);
        ctx.globals().get::<_, Object<'_>>("Math")?.set("random", Function::new(ctx.clone(), no_random)?)?;
        if let Some(bounds) = on_need(needs.bounds(), BOUNDS)?.and_then(Value::into_function) {
            let named = (!needs.hides_names()).then_some(needs.code);
            bounds.call::<_, ()>((look(&ctx, Rc::clone(&meter))?, named))?;
        }
        on_need(needs.date(), DATE)?;
        on_name("console", CONSOLE)?;
        on_need(needs.locale(), LOCALE)?;
        let process = on_name("process", PROCESS)?.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
        let tick = on_need(needs.timers(), TIMERS)?.and_then(Value::into_function);
        let provider = on_name("provider", PROVIDER)?.and_then(Value::into_function);
        Ok(Self { ctx, process, tick, provider, meter })
    }

    /// Runs a body as a function of these names and these values, each written as JSON.
    pub(super) fn run(&self, names: &[&str], body: &str, given: &[String]) -> Result<Value<'js>, Stop> {
        let code: Constructor<'_> = self.ctx.globals().get("Function")?;
        let mut parts = Args::new(self.ctx.clone(), names.len() + 2);
        parts.push_args(names.iter().copied().chain(["process", body]))?;
        let function: Function<'_> = parts.construct(&code)?;
        self.call(&function, given)
    }

    /// Runs a file's text and calls what it exports under this name, or as a whole.
    pub(super) fn call_export(&self, source: &str, export: Option<&str>, given: &[String]) -> Result<Value<'js>, Stop> {
        let file: Object<'_> = self.ctx.eval(FILE)?;
        let exported =
            if is_module(source) { self.module(source)? } else { ask(&file, "load", (source, self.process.clone()))? };
        let function = match export {
            Some(name) => ask(&file, "pick", (exported, name))?,
            None => ask(&file, "pick", (exported,))?,
        };
        self.call(&function, given)
    }

    /// Variables, with those that a script gave laid over them.
    pub(super) fn merged(&self, vars: &str, made: Value<'js>) -> Result<Value<'js>, Stop> {
        let object: Object<'_> = self.ctx.globals().get("Object")?;
        Ok(ask(&object, "assign", (self.ctx.json_parse(vars)?, made))?)
    }

    /// As JSON; `None` for what JSON has no word for, such as a function.
    pub(super) fn json(&self, value: Value<'js>) -> Result<Option<serde_json::Value>, Stop> {
        self.ctx.json_stringify(value)?.map(|text| cross::read(&text.to_string()?)).transpose()
    }

    fn call(&self, function: &Function<'js>, given: &[String]) -> Result<Value<'js>, Stop> {
        let given = given.iter().map(|json| self.ctx.json_parse(json.as_str())).collect::<Result<Vec<_>, _>>()?;
        if let (Some(provider), Some(context)) = (&self.provider, given.get(1)) {
            provider.call::<_, ()>((context.clone(),))?;
        }
        let mut args = Args::new(self.ctx.clone(), given.len() + 1);
        args.push_args(given.into_iter().chain([self.process.clone()]))?;
        let value: Value<'_> = args.apply(function)?;
        self.awaited(value)
    }

    fn module(&self, source: &str) -> Result<Object<'js>, Stop> {
        let (module, promise) = Module::declare(self.ctx.clone(), "script", source)?.eval()?;
        self.settled(&promise)?;
        Ok(module.namespace()?)
    }

    /// What a promise comes to, or anything else that has a `then`.
    fn awaited(&self, value: Value<'js>) -> Result<Value<'js>, Stop> {
        match value.as_object().map(|object| object.get::<_, Value<'_>>("then")).transpose()? {
            Some(then) if then.is_function() => {
                let promises: Object<'_> = self.ctx.globals().get("Promise")?;
                self.settled(&ask(&promises, "resolve", (value,))?)
            }
            _ => Ok(value),
        }
    }

    /// Runs the queue of jobs, then the timers, until the promise has its value.
    fn settled(&self, promise: &Promise<'js>) -> Result<Value<'js>, Stop> {
        while promise.state() == PromiseState::Pending {
            if self.meter.is_spent() {
                return Err(ScriptError::OutOfTime.into());
            }
            if !self.ctx.execute_pending_job() && !self.ticked()? {
                return Err(ScriptError::Pending.into());
            }
        }
        Ok(promise.result().unwrap_or(Err(rquickjs::Error::WouldBlock))?)
    }

    fn ticked(&self) -> rquickjs::Result<bool> {
        self.tick.as_ref().map_or(Ok(false), |tick| tick.call(()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the engine hands it over")]
fn no_random(ctx: Ctx<'_>) -> rquickjs::Result<()> {
    let why = "A script has no randomness: the same answer must get the same verdict.";
    Err(rquickjs::Exception::throw_message(&ctx, why))
}

/// Looks at the clock for the engine, which does so itself too seldom for steps that are long.
fn look<'js>(ctx: &Ctx<'js>, meter: Rc<Meter>) -> rquickjs::Result<Function<'js>> {
    Function::new(ctx.clone(), move |ctx: Ctx<'js>| {
        if meter.is_out_of_time() {
            return Err(rquickjs::Exception::throw_message(&ctx, "The script has no time left."));
        }
        Ok(())
    })
}

/// Calls an object's method.
fn ask<'js, T: FromJs<'js>>(object: &Object<'js>, name: &str, args: impl IntoArgs<'js>) -> rquickjs::Result<T> {
    let method: Function<'_> = object.get(name)?;
    let mut given = Args::new(object.ctx().clone(), args.num_args());
    given.this(object.clone())?;
    args.into_args(&mut given)?;
    given.apply(&method)
}

/// A file in the form of the standard, not of `module.exports`: a line of it imports or exports.
fn is_module(source: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| {
        ["import", "export"]
            .iter()
            .any(|word| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '{', '*', '"', '\'', '\t'])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_codes_that_may_send_the_engine_into_long_loops() {
        let plain = [
            "output.length === 5 && output.includes('=')",
            "output.length>=3 && output.length !== 4 && output.length<=9",
            "output.toLowerCase().startsWith(\"a\")",
            "JSON.parse(output).items[0].name === 'x' && output.replace('a', output) !== ''",
            "['a', 'b'].includes('a') || output == [1, 2]",
            "({pass: true, score: 1, reason: 'why'})",
            "/[a-z]+/.test(output)",
        ];
        for code in plain {
            assert!(!Needs { code }.bounds(), "{code}");
        }
        let named = [
            "new Array(9)",
            "a.length= 9",
            "a.length += 9",
            "a.length **= 9",
            "({length: 9})",
            "({\"length\": 9})",
            "({x: a.length} = {x: 9})",
            "for (a.length of [9]);",
            "'a'.repeat(9)",
            "output.includes(output + 'b')",
            "output.split('a' + output)",
            "output.includes(context.vars.long)",
            "[1, 2].map(n => n)",
            "({ f() { this.f() } })",
            "[].reverse.call(1)",
        ];
        for code in named {
            assert!(Needs { code }.bounds() && !Needs { code }.hides_names(), "{code}");
        }
        let hidden = [
            "a[99999] = 1",
            "[]['rev' + 'erse']",
            "[]/**/['rev' + 'erse']",
            "[] //\n['rev' + 'erse']",
            "[]?.['rev' + 'erse']",
            "({['rev' + 'erse']: f} = [])",
            "[].r\\u0065verse",
            "Reflect.get([], 'rev' + 'erse')",
            "eval('[].rev' + 'erse')",
        ];
        for code in hidden {
            assert!(Needs { code }.bounds() && Needs { code }.hides_names(), "{code}");
        }
    }

    #[test]
    fn tells_modules_by_their_lines() {
        let cases = [
            ("module.exports = () => 1;", false),
            ("exports.a = 1", false),
            ("const exported = 1; module.exports = exported;", false),
            ("export default () => 1", true),
            ("const a = 1;\n  export { a };", true),
            ("export{a}", true),
            ("import fs from 'fs'", true),
            ("import('x').then(() => 1)", false),
            ("importance(1)", false),
        ];
        for (source, expected) in cases {
            assert_eq!(is_module(source), expected, "{source}");
        }
    }
}
