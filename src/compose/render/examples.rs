//! Examples from a dataset: rendered once for all cases; the case under test is left out of its own.

use std::sync::Arc;

use crate::compose::outline::Slot;
use crate::compose::sampling::{candidates, is_same_case};
use crate::domain::{Case, Examples, Turns};

pub(in crate::compose) struct ExamplesBody {
    cases: Arc<Vec<Case>>,
    /// Rows that can be taken, the first in front.
    order: Vec<usize>,
    most: usize,
    pub input: Slot,
    pub output: Slot,
    pub form: Turns,
    /// The texts of the first rows of `order`.
    ready: Vec<(String, String)>,
}

impl ExamplesBody {
    pub(in crate::compose) fn new(definition: &Examples, cases: Arc<Vec<Case>>, input: Slot, output: Slot) -> Self {
        let (order, most) = candidates(&definition.pick, &cases);
        Self { cases, order, most, input, output, form: definition.form, ready: Vec::new() }
    }

    /// Renders the rows that most cases will see: one more than are taken, for the case that is among them.
    ///
    /// # Errors
    /// The first row that cannot be rendered, with what `render` says of it.
    pub(in crate::compose) fn prepare<E>(
        &mut self,
        mut render: impl FnMut(&Case) -> Result<(String, String), E>,
    ) -> Result<(), (usize, E)> {
        for &index in self.order.iter().take(self.most.saturating_add(1)) {
            let example = &self.cases[index];
            self.ready.push(render(example).map_err(|error| (index, error))?);
        }
        Ok(())
    }

    pub(in crate::compose) fn row(&self, index: usize) -> &Case {
        &self.cases[index]
    }

    /// The rows that `case` gets as examples, with their texts where they are ready.
    pub(in crate::compose) fn for_case<'a>(
        &'a self,
        case: &'a Case,
    ) -> impl Iterator<Item = (&'a Case, Option<&'a (String, String)>)> {
        let rows = self.order.iter().enumerate().map(|(place, &index)| (&self.cases[index], self.ready.get(place)));
        rows.filter(|(example, _)| !is_same_case(example, case)).take(self.most)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use crate::compose::fixtures::{Shelf, case, columns, layer, messages, prompt, sentences, text};
    use crate::compose::{Composer, layer_text};
    use crate::domain::{Case, Content, Examples, Layer, Pick, Prompt, Turns, Variant};

    fn shot(id: &str, question: &str, answer: &str, tag: &str) -> Case {
        let expected = json!({ "answer": answer });
        Case {
            id: id.into(),
            expected: expected.as_object().cloned().unwrap_or_default(),
            tags: vec![tag.to_owned()],
            ..case(&json!({ "q": question }))
        }
    }

    fn shelf() -> Shelf {
        let shots = vec![
            shot("1", "One?", "1", "odd"),
            shot("2", "Two?", "2", "even"),
            shot("3", "Three?", "3", "odd"),
            shot("4", "{{ x }}", "{% y %}", "even"),
        ];
        Shelf { shots, ..Shelf::default() }
    }

    fn examples(pick: Pick, form: Turns) -> Layer {
        let (input, output) = ("{{ q }}".to_owned(), "{{ expected.answer }}".to_owned());
        layer("shots", Content::Examples(Examples { dataset: "shots".into(), pick, input, output, form }))
    }

    fn composed(of: &Prompt) -> Composer {
        shelf().compose(of, &Variant::of("p".into())).expect("a composer")
    }

    fn questions(pick: Pick, id: &str, vars: &Value) -> Vec<String> {
        let composer = composed(&prompt([examples(pick, Turns::Messages), text("a", "Go.")]));
        let case = Case { id: id.into(), ..case(vars) };
        let rendered = composer.render(&case, &BTreeSet::new(), 0).expect("messages");
        let turns = rendered.messages.iter().step_by(2).map(|message| message.content.clone());
        turns.filter(|content| content != "Go.").collect()
    }

    #[test]
    fn examples_are_a_block_or_turns() {
        let block = composed(&prompt([examples(Pick::First(2), Turns::Block)]));
        let rendered = block.render(&case(&json!({"q": "?"})), &BTreeSet::new(), 0);
        insta::assert_snapshot!(messages(&rendered.expect("messages")), @r"
        [user]
        ## Examples

        ### Example 1

        Input:
        Two?

        Output:
        2

        ### Example 2

        Input:
        Three?

        Output:
        3
        ");
        let turns = composed(&prompt([examples(Pick::First(1), Turns::Messages), text("a", "Go.")]));
        let other = Case { id: "9".into(), ..case(&json!({"q": "?"})) };
        insta::assert_snapshot!(messages(&turns.render(&other, &BTreeSet::new(), 0).expect("messages")), @r"
        [user]
        One?

        [assistant]
        1

        [user]
        Go.
        ");
    }

    #[test]
    fn the_case_under_test_is_never_among_its_own_examples() {
        let other = json!({"q": "?"});
        assert_eq!(questions(Pick::First(2), "9", &other), ["One?", "Two?"]);
        assert_eq!(questions(Pick::First(2), "1", &other), ["Two?", "Three?"]);
        // The same words under another id give the answer away just as well.
        assert_eq!(questions(Pick::First(2), "9", &json!({"q": "Two?"})), ["One?", "Three?"]);
        let odd = Pick::Tagged { tag: "odd".to_owned(), most: 9 };
        assert_eq!(questions(odd.clone(), "9", &other), ["One?", "Three?"]);
        assert_eq!(questions(odd, "3", &other), ["One?"]);
        for id in ["1", "2", "3", "4"] {
            let sample = questions(Pick::Sample { count: 3, seed: 7 }, id, &other);
            assert_eq!(sample.len(), 3);
            let own = &shelf().shots[id.parse::<usize>().expect("a number") - 1].vars["q"];
            assert!(!sample.iter().any(|question| question == own), "{id}: {sample:?}");
        }
    }

    #[test]
    fn untrusted_examples_are_fenced() {
        let composer = composed(&prompt([examples(Pick::First(1), Turns::Block)]));
        let rendered = composer.render(&Case::default(), &columns(&["q"]), 1).expect("messages");
        assert!(rendered.messages[0].content.contains(">One?</untrusted-"), "{}", rendered.messages[0].content);
        assert!(rendered.messages[0].content.contains("Output:\n1"));
    }

    #[test]
    fn examples_that_cannot_be_had_are_told() {
        let check = |change: &dyn Fn(&mut Examples), expect: &str| {
            let mut layer = examples(Pick::First(2), Turns::Block);
            if let Content::Examples(examples) = &mut layer.content {
                change(examples);
            }
            let problems = shelf().compose(&prompt([layer]), &Variant::of("p".into())).err().expect(expect);
            assert_eq!(sentences(&problems), [expect]);
        };
        check(
            &|examples| examples.dataset = "shot".into(),
            "prompts/p.ron · layer shots: error: There is no dataset `shot` to take examples from. Choose a dataset of \
             this project.",
        );
        check(
            &|examples| examples.input = "{{ qq }}".to_owned(),
            "prompts/p.ron · layer shots · input:1:4: error: The example `1` has no `qq`. Did you mean `q`?",
        );
    }

    #[test]
    fn a_frozen_prompt_has_its_examples_written_out() {
        for form in [Turns::Block, Turns::Messages] {
            let composer = composed(&prompt([examples(Pick::First(4), form), text("a", "Go.")]));
            let stranger = Case::default();
            let before = composer.render(&stranger, &BTreeSet::new(), 0).expect("messages");
            let frozen = composer.frozen();
            let alone =
                Shelf::default().compose(&frozen, &Variant::of("p".into())).expect("a prompt that stands alone");
            let after = alone.render(&stranger, &BTreeSet::new(), 0).expect("messages");
            assert_eq!(
                messages(&before).replace("\n\n[user]\nGo.", "\n\nGo."),
                messages(&after).replace("\n\n[user]\nGo.", "\n\nGo.")
            );
        }
    }

    #[test]
    fn the_definition_says_where_examples_come_from() {
        insta::assert_snapshot!(layer_text(&examples(Pick::Sample { count: 2, seed: 7 }, Turns::Messages)), @r"
        (Examples from `shots`: a sample of 2, seed 7, as turns.)

        Input:
        {{ q }}

        Output:
        {{ expected.answer }}
        ");
    }
}
