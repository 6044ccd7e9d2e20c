//! What is wrong with a variant before any case is at hand: variables that are missing, misspelt or unused.

use std::collections::BTreeSet;

use crate::domain::{Content, Dialect, Problem};

use super::composer::{Composer, Parsed, Used, layer_problem};
use super::nearest::nearest;
use super::pass::meant;
use super::scan::{Tag, is_guarded, line_and_column, tags};

impl Composer {
    /// Mistakes in the use of variables.
    ///
    /// With the dataset's `columns` a variable that neither they nor a default fill is an error; without a dataset
    /// (`None`) only what is wrong for every dataset is reported. A variable that a template asks for by `is defined`, or
    /// gives a `default`, may be missing.
    #[must_use]
    pub fn lint(&self, columns: Option<&BTreeSet<String>>) -> Vec<Problem> {
        if self.dialect == Dialect::Nunjucks {
            return Vec::new();
        }
        let mut problems = Vec::new();
        for parsed in self.templates.iter().filter(|parsed| !parsed.of_example) {
            self.lint_template(parsed, columns, &mut problems);
        }
        for used in &self.used {
            self.lint_whole(used, columns, &mut problems);
        }
        self.lint_declarations(&mut problems);
        self.lint_tasks(&mut problems);
        problems
    }

    fn lint_template(&self, parsed: &Parsed, columns: Option<&BTreeSet<String>>, problems: &mut Vec<Problem>) {
        let found = tags(&parsed.source);
        for name in &parsed.needs {
            let mistake = if self.prompt.variables.contains_key(name) {
                if is_guarded(&found, name) { None } else { self.unfilled(name, columns) }
            } else {
                Some(self.undeclared(name, columns))
            };
            if let Some((message, hint)) = mistake {
                problems.push(parsed.problem_at(name, &found, message, hint));
            }
        }
    }

    fn lint_whole(&self, used: &Used, columns: Option<&BTreeSet<String>>, problems: &mut Vec<Problem>) {
        let mistake = if self.prompt.variables.contains_key(&*used.name) {
            self.unfilled(&used.name, columns)
        } else {
            Some(self.undeclared(&used.name, columns))
        };
        if let Some((message, hint)) = mistake {
            let places = used.whole.iter();
            problems.extend(places.map(|place| layer_problem(place, message.clone(), hint.clone())));
        }
    }

    fn undeclared(&self, name: &str, columns: Option<&BTreeSet<String>>) -> (String, String) {
        let message = format!("`{name}` is not declared as a variable of the prompt.");
        if columns.is_some_and(|columns| columns.contains(name)) {
            return (message, "Declare it: the dataset has a column of this name.".to_owned());
        }
        let declared = self.prompt.variables.keys().map(String::as_str);
        let near = nearest(name, declared.chain(columns.into_iter().flatten().map(String::as_str)));
        (
            message,
            near.map_or_else(|| "Declare it, or take it out.".to_owned(), |near| format!("Did you mean `{near}`?")),
        )
    }

    /// A declared variable that nothing gives a value.
    fn unfilled(&self, name: &str, columns: Option<&BTreeSet<String>>) -> Option<(String, String)> {
        let columns = columns?;
        let used = self.used.iter().find(|used| *used.name == *name)?;
        if used.default.is_some() || columns.contains(name) {
            return None;
        }
        let near = nearest(name, columns.iter().map(String::as_str));
        Some((format!("The dataset has no column `{name}`, and the variable has no default."), meant(near)))
    }

    fn lint_declarations(&self, problems: &mut Vec<Problem>) {
        let place = &self.place;
        for name in self.prompt.variables.keys().filter(|name| !self.mentioned.contains(*name)) {
            let message = format!("The variable `{name}` is declared, but no layer uses it.");
            problems.push(Problem::warning(place.clone(), message, "Use it or take it out."));
        }
        for name in &self.undeclared_values {
            let near = nearest(name, self.prompt.variables.keys().map(String::as_str));
            let message = format!("The variant gives `{name}` a value, but the prompt does not declare it.");
            problems.push(Problem::warning(place.clone(), message, meant(near)));
        }
    }

    fn lint_tasks(&self, problems: &mut Vec<Problem>) {
        for layer in self.prompt.layers.iter().filter(|layer| layer.on) {
            let Content::Task(task) = &layer.content else { continue };
            if task.structured_output && task.output_schema.is_none() {
                let place = self.place.clone().layer(layer.id.clone());
                let message = "The layer asks for structured output, but has no schema.";
                problems.push(Problem::warning(place, message, "Give it an output schema."));
            }
        }
    }
}

impl Parsed {
    /// A problem at the first use of `name` in the template.
    fn problem_at(&self, name: &str, found: &[Tag<'_>], message: String, hint: String) -> Problem {
        let place = self.place.clone();
        let place = match found.iter().find_map(|tag| tag.use_of(name)) {
            Some(at) => {
                let (line, column) = line_and_column(&self.source, at);
                place.line(line, column)
            }
            None => place,
        };
        Problem::error(place, message, hint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compose::fixtures::{Shelf, columns, compose, declaring, layer, prompt, sentences, text, try_compose};
    use crate::domain::{Context, Layer, Override, Prompt, Retrieved, Task, Text, Variable, Variant};

    fn found(of: &Prompt, with: Option<&[&str]>) -> Vec<String> {
        sentences(&compose(of).lint(with.map(columns).as_ref()))
    }

    #[test]
    fn an_undeclared_variable_is_found_without_any_case() {
        let stack = declaring(&["question"], prompt([text("a", "x\n{{ qestion }} {{ question }}")]));
        let expect = "prompts/p.ron · layer a:2:4: error: `qestion` is not declared as a variable of the prompt. Did you \
                      mean `question`?";
        assert_eq!(found(&stack, None), [expect]);
        assert_eq!(found(&stack, Some(&["question"])), [expect]);
    }

    #[test]
    fn a_variable_that_no_column_fills_is_an_error() {
        let stack = declaring(&["question"], prompt([text("a", "{{ question }}")]));
        assert_eq!(found(&stack, None), [""; 0]);
        assert_eq!(found(&stack, Some(&["question"])), [""; 0]);
        assert_eq!(
            found(&stack, Some(&["questions"])),
            [
                "prompts/p.ron · layer a:1:4: error: The dataset has no column `question`, and the variable has no default. Did \
              you mean `questions`?"
            ]
        );
    }

    #[test]
    fn what_is_filled_or_asked_for_is_no_mistake() {
        let check = |source: &str| {
            let mut stack = declaring(&["a", "user", "items"], prompt([text("t", source)]));
            let filled = Variable { default: Some(json!("x")), ..Variable::default() };
            stack.variables.insert("filled".to_owned(), filled);
            let mistakes: Vec<String> =
                found(&stack, Some(&["user", "items"])).into_iter().filter(|one| one.contains("error")).collect();
            assert_eq!(mistakes, [""; 0], "{source}");
        };
        check("{{ user.name }} {{ user['name'] }} {{ user.address.street | upper }}");
        check("{% for item in items %}{{ loop.index }} {{ item.x }}{% endfor %}");
        check("{% for key, value in user | items %}{{ key }}{{ value }}{% endfor %}");
        check("{% if a is defined %}{{ a }}{% endif %}");
        check("{% if a is not defined %}none{% else %}{{ a }}{% endif %}");
        check("{{ a | default('x') }}");
        check("{{ filled }}");
        check("{% set z = user %}{{ z }}");
        check("{% if user %}{% set z = 1 %}{% endif %}{{ z }}");
        check("{% for i in range(3) %}{{ i }}{% endfor %}{% set ns = namespace(n=0) %}{{ ns.n }}");
        check("{% macro m(x, y=1) %}{{ x }}{{ y }}{% endmacro %}{{ m(user) }}");
        check("{% with w = user %}{{ w }}{% endwith %}");
        check("{{ dict(a=1).a }} {{ {'k': user}.k }}");
        check("{{ items | map(attribute='title') | join(', ') }} {{ items | selectattr('on') | list | length }}");
        check("{% raw %}{{ nothing }}{% endraw %}{# {{ nothing }} #}{{ '{{ nothing }}' }}");
        check("{{ user if user else 'x' }}{{ 'a' in items }}{{ items[0] }}{{ items[1:] }}");
    }

    #[test]
    fn an_unused_variable_is_a_warning_unless_some_variant_uses_it() {
        let off = Layer { on: false, ..text("b", "{{ later }}") };
        let stack = declaring(&["q", "later", "replaced", "never"], prompt([text("a", "{{ replaced }}"), off]));
        let replaced = Override::Replace(Content::Text(Text { text: "{{ q }}".to_owned() }));
        let variant = Variant { layers: [("a".into(), replaced)].into(), ..Variant::of("p".into()) };
        let composer = Shelf::default().compose(&stack, &variant).expect("a composer");
        assert_eq!(
            sentences(&composer.lint(None)),
            ["prompts/p.ron: warning: The variable `never` is declared, but no layer uses it. Use it or take it out."]
        );
    }

    #[test]
    fn variables_that_a_layer_uses_as_a_whole_are_checked_too() {
        let retrieved = Retrieved { variable: "docs".to_owned(), max_tokens: None, min_relevance: None };
        let context = Context { retrieved: Some(retrieved), ..Context::default() };
        let stack = prompt([layer("c", Content::Context(Box::new(context))), text("t", "x")]);
        assert_eq!(
            found(&stack, None),
            [
                "prompts/p.ron · layer c · retrieved: error: `docs` is not declared as a variable of the prompt. Declare \
              it, or take it out."
            ]
        );
        let declared = declaring(&["docs"], stack);
        assert_eq!(found(&declared, None), [""; 0]);
        assert_eq!(found(&declared, Some(&["docs"])), [""; 0]);
        assert_eq!(found(&declared, Some(&["doc"])).len(), 1);
    }

    #[test]
    fn a_field_of_a_layer_is_named() {
        let task = Task { action: "Do {{ x }}.".to_owned(), structured_output: true, ..Task::default() };
        let stack = prompt([layer("t", Content::Task(Box::new(task)))]);
        assert_eq!(
            found(&stack, None),
            [
                "prompts/p.ron · layer t · action:1:7: error: `x` is not declared as a variable of the prompt. Declare \
                 it, or take it out.",
                "prompts/p.ron · layer t: warning: The layer asks for structured output, but has no schema. Give it an \
                 output schema.",
            ]
        );
    }

    #[test]
    fn a_variants_mistakes_are_found() {
        let stack = declaring(&["tone"], prompt([text("a", "{{ tone }}")]));
        let misspelt = Variant { variables: [("tome".to_owned(), json!("kind"))].into(), ..Variant::of("p".into()) };
        let composer = Shelf::default().compose(&stack, &misspelt).expect("a composer");
        assert_eq!(
            sentences(&composer.lint(None)),
            [
                "prompts/p.ron: warning: The variant gives `tome` a value, but the prompt does not declare it. Did you mean \
              `tone`?"
            ]
        );
        let elsewhere = Variant { layers: [("aa".into(), Override::Off)].into(), ..Variant::of("p".into()) };
        let problems = Shelf::default().compose(&stack, &elsewhere).err().expect("no such layer");
        assert_eq!(
            sentences(&problems),
            [
                "prompts/p.ron: error: The variant changes the layer `aa`, which the prompt `p` does not have. Did you mean \
              `a`?"
            ]
        );
    }

    #[test]
    fn templates_that_cannot_work_are_refused_at_once() {
        let check = |source: &str, expect: &str| {
            let problems = try_compose(&prompt([text("a", source)])).err().expect(source);
            assert_eq!(sentences(&problems), [expect]);
        };
        check(
            "{{ 'x' | uper }}",
            "prompts/p.ron · layer a:1:10: error: There is no filter `uper`. See Jinja's built-in filters and tests.",
        );
        check(
            "{% if 1 is od %}{% endif %}",
            "prompts/p.ron · layer a:1:12: error: There is no test `od`. See Jinja's built-in filters and tests.",
        );
        check(
            "a\n{% include 'b' %}",
            "prompts/p.ron · layer a:2:4: error: The template has an unknown statement include. Share text by a snippet \
             layer; templates cannot include others.",
        );
        let twice = try_compose(&prompt([text("a", "x"), text("a", "y")])).err().expect("the same id twice");
        assert_eq!(
            sentences(&twice),
            ["prompts/p.ron: error: Two layers have the id `a`. Give one of them another id."]
        );
    }
}
