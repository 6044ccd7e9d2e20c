//! Which variables a template prints and does not provide for: where nothing gives one, it prints nothing in its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::{Binary, Expr, For, MacroDef, Node};
use super::text::Text;

/// Names that every template has.
const GLOBALS: [&str; 8] = ["caller", "cycler", "env", "joiner", "loop", "range", "super", "undefined"];

/// The free names whose values are printed, looped over or kept under another name, without a word for their absence.
/// A name that the template itself sets, asks for in a condition, or gives a `default` is none of them.
pub(super) fn needed(nodes: &[Node]) -> BTreeSet<Arc<str>> {
    let Reader { needed, provided, .. } = Reader::of(nodes);
    needed.into_iter().filter(|name| !provided.contains(name) && !GLOBALS.contains(&&**name)).collect()
}

/// As [`needed`], of the names that are asked of `env`.
pub(super) fn needed_of_env(nodes: &[Node]) -> BTreeSet<String> {
    let Reader { needed_of_env, provided_of_env, .. } = Reader::of(nodes);
    needed_of_env.difference(&provided_of_env).cloned().collect()
}

#[derive(Default)]
struct Reader {
    needed: BTreeSet<Arc<str>>,
    provided: BTreeSet<Arc<str>>,
    needed_of_env: BTreeSet<String>,
    provided_of_env: BTreeSet<String>,
}

impl Reader {
    fn of(nodes: &[Node]) -> Self {
        let mut reader = Self::default();
        reader.nodes(nodes);
        reader
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(_) | Node::Foreign { .. } => {}
            Node::Print(value, _) => self.used(value),
            Node::If { branches, otherwise, .. } => {
                for (condition, body) in branches {
                    self.asked(condition);
                    self.nodes(body);
                }
                self.nodes(otherwise);
            }
            Node::For(each) => self.each(each),
            Node::Set { names, value, .. } => {
                self.provided.extend(names.iter().cloned());
                self.used(value);
            }
            Node::Macro(defined) => self.defined(defined),
            Node::Switch { value, cases, default, .. } => {
                self.asked(value);
                for (case, body) in cases {
                    self.asked(case);
                    self.nodes(body);
                }
                self.nodes(default);
            }
            Node::Block { body, .. } => self.nodes(body),
        }
    }

    fn each(&mut self, each: &For) {
        self.provided.extend(each.names.iter().cloned());
        // Whoever says what is printed without items knows that there may be none.
        if each.otherwise.is_some() {
            self.asked(&each.over);
        } else {
            self.used(&each.over);
        }
        self.nodes(&each.body);
        self.nodes(each.otherwise.as_deref().unwrap_or_default());
    }

    fn defined(&mut self, defined: &MacroDef) {
        let own = [&defined.name].into_iter().chain(&defined.positional);
        self.provided.extend(own.chain(defined.keywords.iter().map(|(name, _)| name)).cloned());
        self.all_used(defined.keywords.iter().map(|(_, value)| value));
        self.nodes(&defined.body);
    }

    fn all_asked<'e>(&mut self, values: impl IntoIterator<Item = &'e Expr>) {
        for value in values {
            self.asked(value);
        }
    }

    fn all_used<'e>(&mut self, values: impl IntoIterator<Item = &'e Expr>) {
        for value in values {
            self.used(value);
        }
    }

    /// An expression whose value is wanted.
    fn used(&mut self, value: &Expr) {
        if let Some(name) = of_env(value) {
            self.needed_of_env.insert(name.lossy());
            return;
        }
        match value {
            Expr::Name(name) => drop(self.needed.insert(name.clone())),
            Expr::Filter { name, args, .. } if matches!(&**name, "default" | "d") => {
                self.all_asked(args);
            }
            Expr::Test { args, .. } => self.all_asked(args),
            Expr::If(parts) => {
                let (then, condition, otherwise) = &**parts;
                self.asked(condition);
                self.used(then);
                self.all_used(otherwise);
            }
            Expr::Chain(first, rest) if rest.iter().any(|(binary, _)| is_choice(*binary)) => {
                self.asked(first);
                self.all_asked(rest.iter().map(|(_, value)| value));
            }
            Expr::Caller(defined) => self.defined(defined),
            Expr::Capture(nodes) => self.nodes(nodes),
            other => self.all_used(parts(other)),
        }
    }

    /// An expression that asks whether something is there, or what it is: its names may be missing.
    fn asked(&mut self, value: &Expr) {
        if let Some(name) = of_env(value) {
            self.provided_of_env.insert(name.lossy());
            return;
        }
        match value {
            Expr::Name(name) => drop(self.provided.insert(name.clone())),
            Expr::Caller(defined) => self.defined(defined),
            Expr::Capture(nodes) => self.nodes(nodes),
            other => self.all_asked(parts(other)),
        }
    }
}

/// `X` of `env.X` and `env['X']`.
fn of_env(value: &Expr) -> Option<&Text> {
    match value {
        Expr::Member(of, name) => match (&**of, &**name) {
            (Expr::Name(of), Expr::Str(name)) if &**of == "env" => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// Operators that have something for a value that is missing: `a or b`, `a == b`.
const fn is_choice(binary: Binary) -> bool {
    matches!(binary, Binary::Or | Binary::And | Binary::Equal | Binary::NotEqual | Binary::Same | Binary::NotSame)
}

/// The expressions that an expression is made of; what is written after a dot is none.
fn parts(value: &Expr) -> Vec<&Expr> {
    match value {
        Expr::Null
        | Expr::Bool(_)
        | Expr::Num(_)
        | Expr::Str(_)
        | Expr::Regex(_)
        | Expr::Name(_)
        | Expr::Caller(_)
        | Expr::Capture(_) => Vec::new(),
        Expr::Group(items) | Expr::List(items) => items.iter().collect(),
        Expr::Object(fields) | Expr::Keywords(fields) => fields.iter().map(|(_, value)| value).collect(),
        Expr::Member(one, other) | Expr::In(one, other) | Expr::Power(one, other) => vec![one, other],
        Expr::Call { callee, args, .. } => [&**callee].into_iter().chain(args).collect(),
        Expr::Filter { args, .. } | Expr::Test { args, .. } => args.iter().collect(),
        Expr::If(parts) => [&parts.0, &parts.1].into_iter().chain(&parts.2).collect(),
        Expr::FloorDivide(inner) | Expr::Unary(_, inner) => vec![inner],
        Expr::Chain(first, rest) => [&**first].into_iter().chain(rest.iter().map(|(_, value)| value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::template::Template;

    #[test]
    fn a_name_is_needed_where_its_value_is_printed_and_nothing_is_said_of_its_absence() {
        let check = |source: &str, expect: &[&str]| {
            let found = Template::parse(source).unwrap().needed();
            assert_eq!(found.iter().map(|name| &**name).collect::<Vec<_>>(), expect, "{source}");
        };
        check("Hello {{ name }}, {{ a.b.c | upper }} {{ f(x)[y] }}", &["a", "f", "name", "x", "y"]);
        check("{{ 'text' }} {{ 1 + n }} {{ range(3) }} {{ env.X }} {{ loop.index }}", &["n"]);
        check("{{ name | default('you') }} {{ a or b }} {{ x if x else 'no' }}", &[]);
        check("{% if name %}{{ name }}{% endif %}{{ nam }}", &["nam"]);
        check("{% if a is defined and b == 'x' %}{{ c }}{% endif %}", &["c"]);
        check("{% for turn in turns %}{{ turn.text }} {{ other }}{% endfor %}", &["other", "turns"]);
        check("{% for turn in turns %}{{ turn }}{% else %}none{% endfor %}", &[]);
        check("{% set a = b %}{{ a }}", &["b"]);
        check("{% macro m(x, y=z) %}{{ x }}{{ y }}{{ w }}{% endmacro %}{{ m(q) }}", &["q", "w", "z"]);
        check("{% raw %}{{ name }}{% endraw %}{# {{ name }} #}", &[]);
    }

    #[test]
    fn a_variable_of_the_environment_is_needed_unless_something_stands_in_for_it() {
        let check = |source: &str, expect: &[&str]| {
            let found = Template::parse(source).unwrap().needed_of_env();
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expect, "{source}");
        };
        check("{{ env.B }} {{ env['A-1'] | upper }} {{ n }} {{ process.env.C }}", &["A-1", "B"]);
        check("{{ env.A | d('x') }} {{ env.B | default(env.C) | upper }} {{ (env.D or env.E) | trim }}", &[]);
        check("{{ env.my_default | upper }} {{ ('a-' ~ env.d) | trim }}", &["d", "my_default"]);
    }
}
