//! A page as the parser of the HTML standard builds it, with scripting on, as a browser does. Kept is only what the
//! assertions ask for: names, places, and whether a text is more than white space.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ExpandedName, LocalName, Namespace, ParseOpts, QualName, parse_document};

use super::super::space;

/// Where elements nest deeper, the rest of the text is left out: the standard's parser looks up the whole nest at each tag.
const DEEPEST: usize = 512;

/// So many nodes may there be; unclosed formatting elements are made anew in every block.
const MOST: usize = 2_000_000;

/// The text goes to the parser in pieces of about so many bytes, with a look at the bounds after each.
const PIECE: usize = 4096;

pub(super) struct Page {
    /// Of all elements, those that the parser adds included.
    pub(super) names: Vec<LocalName>,
    /// A text that is a direct child of the body and more than white space.
    pub(super) has_body_text: bool,
}

pub(super) fn parse(text: &str) -> Page {
    let mut parser = parse_document(Tree::default(), ParseOpts::default());
    let mut rest = text;
    while !rest.is_empty() && parser.tokenizer.sink.sink.is_within_bounds() {
        let end = rest.ceil_char_boundary(PIECE.min(rest.len()));
        parser.process(StrTendril::from_slice(&rest[..end]));
        rest = &rest[end..];
    }
    parser.finish()
}

type Id = usize;

#[derive(Debug)]
enum Kind {
    Document,
    Element { name: QualName, contents: Option<Id>, is_integration_point: bool },
    Text { is_blank: bool },
    Other,
}

/// A node and its neighbours; siblings are a doubly linked list, so that all moves are constant work.
#[derive(Debug)]
struct Node {
    kind: Kind,
    parent: Option<Id>,
    before: Option<Id>,
    after: Option<Id>,
    first: Option<Id>,
    last: Option<Id>,
    depth: usize,
}

#[derive(Debug)]
struct Tree {
    nodes: RefCell<Vec<Node>>,
    deepest: Cell<usize>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: RefCell::new(vec![Node::new(Kind::Document)]), deepest: Cell::new(0) }
    }
}

impl Node {
    fn new(kind: Kind) -> Self {
        Self { kind, parent: None, before: None, after: None, first: None, last: None, depth: 0 }
    }
}

impl Tree {
    fn is_within_bounds(&self) -> bool {
        self.deepest.get() < DEEPEST && self.nodes.borrow().len() < MOST
    }

    fn add(&self, kind: Kind) -> Id {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(kind));
        nodes.len() - 1
    }

    fn detach(&self, id: Id) {
        let mut nodes = self.nodes.borrow_mut();
        let Node { parent, before, after, .. } = nodes[id];
        let Some(parent) = parent else { return };
        match before {
            Some(before) => nodes[before].after = after,
            None => nodes[parent].first = after,
        }
        match after {
            Some(after) => nodes[after].before = before,
            None => nodes[parent].last = before,
        }
        (nodes[id].parent, nodes[id].before, nodes[id].after) = (None, None, None);
    }

    /// Puts a node under a parent, before one of its children or last.
    fn attach(&self, id: Id, parent: Id, after: Option<Id>) {
        self.detach(id);
        let mut nodes = self.nodes.borrow_mut();
        let before = match after {
            Some(after) => nodes[after].before.replace(id),
            None => nodes[parent].last.replace(id),
        };
        match before {
            Some(before) => nodes[before].after = Some(id),
            None => nodes[parent].first = Some(id),
        }
        let depth = nodes[parent].depth + 1;
        let node = &mut nodes[id];
        (node.parent, node.before, node.after, node.depth) = (Some(parent), before, after, depth);
        self.deepest.set(self.deepest.get().max(depth));
    }

    fn insert(&self, parent: Id, after: Option<Id>, child: NodeOrText<Id>) {
        let text = match child {
            NodeOrText::AppendNode(id) => return self.attach(id, parent, after),
            NodeOrText::AppendText(text) => text,
        };
        let more_is_blank = text.chars().all(space::is_space);
        let neighbour = {
            let nodes = self.nodes.borrow();
            after.map_or(nodes[parent].last, |after| nodes[after].before)
        };
        if let Some(neighbour) = neighbour
            && let Kind::Text { is_blank } = &mut self.nodes.borrow_mut()[neighbour].kind
        {
            *is_blank &= more_is_blank;
            return;
        }
        let id = self.add(Kind::Text { is_blank: more_is_blank });
        self.attach(id, parent, after);
    }

    fn page(self) -> Page {
        let nodes = self.nodes.into_inner();
        let mut page = Page { names: Vec::new(), has_body_text: false };
        let mut has_body = false;
        let mut next = Some(0);
        while let Some(id) = next {
            let node = &nodes[id];
            if let Kind::Element { name, .. } = &node.kind {
                if !has_body && &*name.local == "body" {
                    has_body = true;
                    page.has_body_text = has_text(&nodes, node.first);
                }
                page.names.push(name.local.clone());
            }
            next = node.first.or_else(|| following(&nodes, id));
        }
        page
    }
}

/// The next node in the order of the document that is not inside this one.
fn following(nodes: &[Node], mut id: Id) -> Option<Id> {
    loop {
        match nodes[id].after {
            Some(after) => return Some(after),
            None => id = nodes[id].parent?,
        }
    }
}

fn has_text(nodes: &[Node], first: Option<Id>) -> bool {
    std::iter::successors(first, |id| nodes[*id].after)
        .any(|id| matches!(nodes[id].kind, Kind::Text { is_blank: false }))
}

/// A name for the parser's questions. Held by value: the nodes may grow meanwhile.
#[derive(Debug)]
struct Name(QualName);

impl html5ever::tree_builder::ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }

    fn expanded(&self) -> ExpandedName<'_> {
        self.0.expanded()
    }
}

impl TreeSink for Tree {
    type Handle = Id;
    type Output = Page;
    type ElemName<'a> = Name;

    fn finish(self) -> Page {
        self.page()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Id {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a Id) -> Name {
        match &self.nodes.borrow()[*target].kind {
            Kind::Element { name, .. } => Name(name.clone()),
            _ => Name(QualName::new(None, Namespace::default(), LocalName::default())),
        }
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, flags: ElementFlags) -> Id {
        let contents = flags.template.then(|| self.add(Kind::Other));
        let is_integration_point = flags.mathml_annotation_xml_integration_point;
        self.add(Kind::Element { name, contents, is_integration_point })
    }

    fn create_comment(&self, _: StrTendril) -> Id {
        self.add(Kind::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Id {
        self.add(Kind::Other)
    }

    fn append(&self, parent: &Id, child: NodeOrText<Id>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Id, previous: &Id, child: NodeOrText<Id>) {
        if self.nodes.borrow()[*element].parent.is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Id) -> Id {
        match self.nodes.borrow()[*target].kind {
            Kind::Element { contents: Some(contents), .. } => contents,
            _ => *target,
        }
    }

    fn same_node(&self, one: &Id, other: &Id) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Id, child: NodeOrText<Id>) {
        let parent = self.nodes.borrow()[*sibling].parent;
        if let Some(parent) = parent {
            self.insert(parent, Some(*sibling), child);
        }
    }

    fn add_attrs_if_missing(&self, _: &Id, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Id) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &Id, parent: &Id) {
        loop {
            let Some(child) = self.nodes.borrow()[*node].first else { return };
            self.attach(child, *parent, None);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Id) -> bool {
        matches!(self.nodes.borrow()[*target].kind, Kind::Element { is_integration_point: true, .. })
    }
}
