//! A prompt, a dataset of two cases and two models, all in memory.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::domain::{
    Api, Content, Dataset, Layer, ModelSpec, Override, Params, Project, ProjectSpec, ProviderSpec, Source, Text,
    Variable,
};

fn layer(id: &str, role: Role, text: &str) -> Layer {
    let content = Content::Text(Text { text: text.to_owned() });
    Layer { id: id.into(), title: String::new(), note: String::new(), on: true, role: Some(role), content }
}

fn model(name: &str) -> ModelSpec {
    ModelSpec {
        provider: "house".into(),
        model: name.to_owned(),
        price: None,
        context: Some(6),
        max_output: None,
        params: Params::default(),
        transform: None,
        note: String::new(),
        kept: serde_json::Map::new(),
    }
}

fn workspace(layers: Vec<Layer>) -> Workspace {
    let spec = ProjectSpec::titled("");
    let mut project = Project::new(Arc::new(spec));
    let variables = [("name".to_owned(), Variable::default()), ("tone".to_owned(), Variable::default())];
    let prompt = Prompt { variables: variables.into(), layers, ..Prompt::default() };
    project.prompts.insert("p".into(), Arc::new(prompt));
    let case = |id: &str, name: &str| Case {
        id: id.into(),
        vars: json!({"name": name, "tone": "kind"}).as_object().cloned().unwrap_or_default(),
        ..Case::default()
    };
    let cases = vec![case("one", "Ada"), case("two", "Grace")];
    let dataset = Dataset { source: Source::Cases(cases), ..Dataset::of_file(String::new()) };
    project.datasets.insert("d".into(), Arc::new(dataset));
    let provider = ProviderSpec {
        api: Api::OpenAi,
        base_url: Some("http://127.0.0.1:9/v1".to_owned()),
        key: None,
        concurrency: 1,
        note: String::new(),
    };
    let manifest = Manifest {
        format: 1,
        name: "w".to_owned(),
        note: String::new(),
        providers: [("house".into(), provider)].into(),
        models: [("exact".into(), model("gpt-4o")), ("near".into(), model("other"))].into(),
        policy: crate::domain::Policy::default(),
        alerts: crate::domain::AlertRules::default(),
        otlp: None,
    };
    Workspace {
        root: PathBuf::from("/nowhere"),
        manifest: Arc::new(manifest),
        projects: [("x".into(), project)].into(),
        scripts: BTreeMap::new(),
        problems: Vec::new(),
    }
}

fn spec(dataset: Option<&str>, case: usize) -> PreviewSpec {
    PreviewSpec {
        project: "x".into(),
        prompt: "p".into(),
        dataset: dataset.map(DatasetId::from),
        case,
        ..PreviewSpec::default()
    }
}

fn shown(workspace: &Workspace, spec: &PreviewSpec) -> Preview {
    preview(workspace, &Shelf::default(), spec)
}

/// Messages as `role: layer=text | layer=text`.
fn lines(preview: &Preview) -> Vec<String> {
    let name = |piece: &Piece| piece.layer.map_or("?", |index| preview.layers[index].id.as_str()).to_owned();
    let line = |message: &MessageView| {
        let pieces = message.pieces.iter().map(|piece| format!("{}={}", name(piece), piece.text.replace('\n', "/")));
        format!("{}: {}", message.role.word(), pieces.collect::<Vec<_>>().join(" | "))
    };
    preview.messages.iter().map(line).collect()
}

#[test]
fn each_word_of_the_messages_belongs_to_the_layer_that_wrote_it() {
    let workspace = workspace(vec![
        layer("a", Role::System, "Be {{ tone }}."),
        layer("b", Role::System, "Line.\n\nAnother."),
        layer("empty", Role::System, "{# nothing #}"),
        layer("c", Role::User, "Hello {{ name }}"),
    ]);
    let check = |case, expect: &str| {
        let found = shown(&workspace, &spec(Some("d"), case));
        assert_eq!(lines(&found), ["system: a=Be kind. | b=Line.//Another.", expect]);
        assert_eq!(found.problems, []);
    };
    check(0, "user: c=Hello Ada");
    check(1, "user: c=Hello Grace");
    check(99, "user: c=Hello Grace");
}

#[test]
fn counts_are_estimates_for_a_model_with_another_tokenizer_and_an_unknown_price_is_no_price() {
    let workspace = workspace(vec![layer("a", Role::User, "{{ name }} and {{ tone }}")]);
    let found = shown(&workspace, &PreviewSpec { model: Some("near".into()), ..spec(Some("d"), 0) });
    assert!(found.estimated);
    assert_eq!(found.models.iter().map(|model| model.exact).collect::<Vec<_>>(), [true, false]);
    assert!(found.models.iter().all(|model| model.cost.is_none() && model.overflows()));
    assert_eq!(found.tokens, found.layers[0].tokens + 4);
}

#[test]
fn a_misspelt_variable_is_told_with_its_layer_line_and_column() {
    let workspace = workspace(vec![layer("a", Role::User, "x\n{{ nmae }} {{ name }} {{ tone }}")]);
    let found = shown(&workspace, &spec(Some("d"), 0));
    let first = &found.problems[0];
    assert_eq!(first.layer, Some("a".into()));
    assert_eq!((first.problem.place.line, first.problem.place.column), (Some(2), Some(4)));
    assert_eq!(first.problem.hint, "Did you mean `name`?");
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert_eq!(found.messages, []);
}

#[test]
fn without_a_dataset_variables_stand_by_their_names() {
    let workspace = workspace(vec![layer("a", Role::User, "Hello {{ name }}")]);
    let found = shown(&workspace, &spec(None, 0));
    assert_eq!(lines(&found), ["user: a=Hello ‹name›"]);
    assert_eq!(found.unfilled, ["name", "tone"]);
}

#[test]
fn a_variant_switches_layers_off() {
    let mut workspace = workspace(vec![layer("a", Role::User, "{{ name }} {{ tone }}"), layer("b", Role::User, "x")]);
    let changed = Variant { layers: [("b".into(), Override::Off)].into(), ..Variant::of("p".into()) };
    workspace.projects.get_mut(&ProjectId::from("x")).unwrap().variants.insert("v".into(), Arc::new(changed));
    let found = shown(&workspace, &PreviewSpec { variant: Some("v".into()), ..spec(Some("d"), 0) });
    assert_eq!(lines(&found), ["user: a=Ada kind"]);
}
