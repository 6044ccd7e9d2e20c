//! Snippets: a layer of another prompt, followed to the layer that has the words.

use std::sync::Arc;

use crate::domain::{Content, Layer, LayerId, Place, Problem, Prompt, PromptId, Role, Snippet};

use super::composer::Library;
use super::nearest::nearest;
use super::overrides::layer_place;

/// What a layer is once snippets are followed.
pub(super) struct Resolved {
    pub content: Content,
    pub role: Role,
    /// The file and layer where the words stand.
    pub place: Place,
    /// The prompts that were passed through; their variables are declared for these words.
    pub through: Vec<Arc<Prompt>>,
}

/// Follows snippets from a layer of `prompt` to content of another kind.
///
/// # Errors
/// A prompt or layer that is not there, a version that was not agreed, or a circle, with its full path.
pub(super) fn resolved(prompt: &PromptId, layer: &Layer, library: &Library<'_>) -> Result<Resolved, Problem> {
    let start = layer_place(prompt, &layer.id);
    let mut path: Vec<(PromptId, LayerId)> = vec![(prompt.clone(), layer.id.clone())];
    let mut through: Vec<Arc<Prompt>> = Vec::new();
    let mut here = layer.clone();
    let mut role = layer.role;
    loop {
        let Content::Snippet(snippet) = &here.content else {
            let place = path.last().map_or_else(|| start.clone(), |(prompt, layer)| layer_place(prompt, layer));
            let role = role.unwrap_or_else(|| here.role());
            return Ok(Resolved { content: here.content, role, place, through });
        };
        let step = (snippet.prompt.clone(), snippet.layer.clone());
        if path.contains(&step) {
            return Err(circle(start, &path, &step));
        }
        let (target, found) = fetched(snippet, library, &start)?;
        role = role.or(found.role);
        through.push(target);
        path.push(step);
        here = found;
    }
}

fn fetched(snippet: &Snippet, library: &Library<'_>, start: &Place) -> Result<(Arc<Prompt>, Layer), Problem> {
    let Some(target) = library.prompts.get(&snippet.prompt) else {
        let near = nearest(snippet.prompt.as_str(), library.prompts.keys().map(PromptId::as_str));
        return Err(missing(start, &format!("There is no prompt `{}`.", snippet.prompt), near));
    };
    if let Some(agreed) = snippet.version.as_ref().filter(|agreed| **agreed != target.version) {
        let message = format!("The prompt `{}` has version {}, not {agreed}.", snippet.prompt, target.version);
        let hint = "Read what has changed, then set the snippet's version to the new one.";
        return Err(Problem::error(start.clone(), message, hint));
    }
    let Some(layer) = target.layer(&snippet.layer) else {
        let near = nearest(snippet.layer.as_str(), target.layers.iter().map(|layer| layer.id.as_str()));
        let message = format!("The prompt `{}` has no layer `{}`.", snippet.prompt, snippet.layer);
        return Err(missing(start, &message, near));
    };
    Ok((Arc::clone(target), layer.clone()))
}

fn missing(start: &Place, message: &str, near: Option<&str>) -> Problem {
    let hint = near.map_or_else(|| "Choose another snippet.".to_owned(), |near| format!("Did you mean `{near}`?"));
    Problem::error(start.clone(), message, hint)
}

fn circle(start: Place, path: &[(PromptId, LayerId)], step: &(PromptId, LayerId)) -> Problem {
    let names: Vec<String> = path.iter().chain([step]).map(|(prompt, layer)| format!("{prompt}/{layer}")).collect();
    let message = format!("The snippet leads back to itself: {}.", names.join(" → "));
    Problem::error(start, message, "Write the words in one of these layers.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::compose::fixtures::{Shelf, case, layer, messages, prompt, sentences, system, text};
    use crate::domain::{Content, Layer, Prompt, Role, Snippet, Variable, Variant};

    fn snippet(id: &str, prompt: &str, of: &str, version: Option<&str>) -> Layer {
        let version = version.map(str::to_owned);
        layer(id, Content::Snippet(Snippet { prompt: prompt.into(), layer: of.into(), version }))
    }

    fn refused(shelf: &Shelf, of: &Prompt) -> Vec<String> {
        let problems = shelf.compose(of, &Variant::of("p".into())).err().expect("a problem");
        sentences(&problems)
    }

    #[test]
    fn a_snippet_is_the_other_layer_with_its_role_and_variables() {
        let mut house = prompt([system("tone", "Be {{ mood }}."), snippet("again", "house", "tone", None)]);
        let mood = Variable { default: Some(json!("kind")), ..Variable::default() };
        house.variables.insert("mood".to_owned(), mood);
        let shelf = Shelf::default().with("house", house);
        let as_user = Layer { role: Some(Role::User), ..snippet("b", "house", "tone", None) };
        let own = prompt([snippet("a", "house", "again", Some("0.1.0")), as_user]);
        let composer = shelf.compose(&own, &Variant::of("p".into())).expect("a composer");
        let rendered = composer.render(&case(&json!({})), &std::collections::BTreeSet::new(), 0).expect("messages");
        insta::assert_snapshot!(messages(&rendered), @r"
        [system]
        Be kind.

        [user]
        Be kind.
        ");
        assert_eq!(composer.lint(Some(&std::collections::BTreeSet::new())), []);
        let frozen = composer.frozen();
        let again = Shelf::default().compose(&frozen, &Variant::of("p".into())).expect("a prompt that stands alone");
        assert_eq!(again.render(&case(&json!({})), &std::collections::BTreeSet::new(), 0), Ok(rendered));
    }

    #[test]
    fn a_snippet_that_points_nowhere_is_refused() {
        let shelf = Shelf::default().with("house", prompt([text("tone", "x")]));
        let check = |layer: Layer, expect: &str| assert_eq!(refused(&shelf, &prompt([layer])), [expect]);
        check(
            snippet("a", "hous", "tone", None),
            "prompts/p.ron · layer a: error: There is no prompt `hous`. Did you mean `house`?",
        );
        check(
            snippet("a", "house", "tune", None),
            "prompts/p.ron · layer a: error: The prompt `house` has no layer `tune`. Did you mean `tone`?",
        );
        check(
            snippet("a", "house", "tone", Some("0.0.9")),
            "prompts/p.ron · layer a: error: The prompt `house` has version 0.1.0, not 0.0.9. Read what has changed, then \
             set the snippet's version to the new one.",
        );
    }

    #[test]
    fn a_circle_is_refused_with_its_path() {
        let shelf = Shelf::default()
            .with("x", prompt([snippet("one", "y", "two", None)]))
            .with("y", prompt([snippet("two", "x", "one", None)]));
        assert_eq!(
            refused(&shelf, &prompt([snippet("a", "x", "one", None)])),
            [
                "prompts/p.ron · layer a: error: The snippet leads back to itself: p/a → x/one → y/two → x/one. Write the \
                 words in one of these layers."
            ]
        );
    }

    #[test]
    fn a_mistake_in_a_snippet_is_placed_where_the_words_are() {
        let shelf = Shelf::default().with("house", prompt([text("tone", "a {{ b")]));
        let problems = refused(&shelf, &prompt([snippet("a", "house", "tone", None)]));
        assert!(problems[0].starts_with("prompts/house.ron · layer tone:1:"), "{problems:?}");
    }
}
