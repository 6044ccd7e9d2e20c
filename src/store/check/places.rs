//! Where a value of a definition stands in its file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::domain::{DefinitionKey, LayerText, Override, Place, Problem, Project, ProjectId, PromptId, VariantId};
use crate::store::files::read_inside;
use crate::store::ron::{MAX_BYTES, Node, Tree, locate, within};

/// Finds places, each file being parsed once.
pub struct Places<'r> {
    root: &'r Path,
    files: HashMap<PathBuf, Option<(String, Tree)>>,
}

impl<'r> Places<'r> {
    pub fn new(root: &'r Path) -> Self {
        Self { root, files: HashMap::new() }
    }

    /// The place of the value that a path leads to, or of the nearest value above it that the file has.
    pub fn of(&mut self, key: &DefinitionKey, path: &[&str]) -> Place {
        self.find(key, path, |_, node| node.span.start)
    }

    /// A composer's problems, which stand inside layers of a variant's prompt, at their places in the project's files.
    pub fn in_files(
        &mut self,
        id: &ProjectId,
        project: &Project,
        variant: &VariantId,
        problems: Vec<Problem>,
    ) -> Vec<Problem> {
        let placed = problems
            .into_iter()
            .map(|problem| Problem { place: self.in_file(id, project, variant, &problem.place), ..problem });
        placed.collect()
    }

    fn in_file(&mut self, id: &ProjectId, project: &Project, variant: &VariantId, place: &Place) -> Place {
        let Some(prompt) = place.file.file_stem().and_then(|stem| stem.to_str()).map(PromptId::from) else {
            return place.clone();
        };
        let Some(inside) = &place.inside else { return self.of(&DefinitionKey::Prompt(id.clone(), prompt), &[]) };
        let (key, mut path) = layer_path(id, project, variant, prompt, inside);
        path.extend(steps(&inside.field));
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.find(&key, &path, |source, node| {
            let at = place.line.zip(place.column);
            at.map_or(node.span.start, |(line, column)| within(source, node, line, column))
        })
    }

    /// `offset` says where in the found value, in bytes of the source.
    fn find(&mut self, key: &DefinitionKey, path: &[&str], offset: impl Fn(&str, &Node) -> usize) -> Place {
        let file = key.path();
        let root = self.root;
        let parsed = self.files.entry(file.clone()).or_insert_with(|| {
            let bytes = read_inside(root, &root.join(&file), &file, MAX_BYTES).ok()?;
            let source = String::from_utf8(bytes).ok()?;
            let source = source.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(source);
            let tree = Tree::parse(&source).ok()?;
            Some((source, tree))
        });
        let found = parsed.as_ref().and_then(|(source, tree)| {
            let depth = (1..=path.len()).rev().find(|depth| tree.find(&path[..*depth]).is_some())?;
            Some(locate(source, offset(source, tree.find(&path[..depth])?)))
        });
        match found {
            Some((line, column)) => Place::at(file, line, column),
            None => Place::file(file),
        }
    }
}

/// The definition that holds a layer's content, and the way to it: the prompt, or the variant that replaces it.
fn layer_path(
    id: &ProjectId,
    project: &Project,
    variant: &VariantId,
    prompt: PromptId,
    inside: &LayerText,
) -> (DefinitionKey, Vec<String>) {
    let replaced = project.variants.get(variant).is_some_and(|definition| {
        definition.prompt == prompt && matches!(definition.layers.get(&inside.layer), Some(Override::Replace(_)))
    });
    if replaced {
        let path = vec!["layers".to_owned(), inside.layer.to_string()];
        return (DefinitionKey::Variant(id.clone(), variant.clone()), path);
    }
    let layers = project.prompts.get(&prompt).map(|prompt| prompt.layers.as_slice()).unwrap_or_default();
    let index = layers.iter().position(|layer| layer.id == inside.layer);
    let path = ["layers".to_owned()].into_iter().chain(index.map(|index| index.to_string()));
    let path = path.chain(["content".to_owned()]).collect();
    (DefinitionKey::Prompt(id.clone(), prompt), path)
}

/// The way to a text inside a layer's content: `examples.1.input` counts from 1, a list in a file from 0.
fn steps(field: &str) -> Vec<String> {
    if field.is_empty() {
        return vec!["text".to_owned()];
    }
    let step = |part: &str| part.parse::<usize>().map_or_else(|_| part.to_owned(), |n| n.saturating_sub(1).to_string());
    field.split('.').map(step).collect()
}
