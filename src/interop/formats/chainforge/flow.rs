//! The graph of a flow: nodes, and the edges between them.

use serde_json::{Map, Value};

use crate::interop::formats::source::Lines;

/// Kinds of node that are read.
pub const KNOWN: [&str; 9] =
    ["prompt", "chat", "textfields", "table", "csv", "simpleval", "evaluator", "llmeval", "multieval"];

pub struct Node {
    pub id: String,
    pub kind: String,
    pub data: Map<String, Value>,
    pub line: u32,
}

impl Node {
    pub fn is_prompt(&self) -> bool {
        ["prompt", "chat"].contains(&self.kind.as_str())
    }

    /// The title, or the id where there is none.
    pub fn title(&self) -> &str {
        let title = self.data.get("title").and_then(Value::as_str).unwrap_or_default().trim();
        if title.is_empty() { &self.id } else { title }
    }

    pub fn part(&self) -> String {
        format!("{} {}", self.kind, self.title())
    }
}

pub struct Edge {
    pub source: String,
    pub source_handle: String,
    pub target: String,
    pub target_handle: String,
}

pub struct Flow {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

impl Flow {
    pub fn of(value: &Value, lines: &Lines) -> Option<Self> {
        let nodes = value.pointer("/flow/nodes")?.as_array()?;
        let nodes = (0_usize..).zip(nodes).filter_map(|(index, node)| {
            Some(Node {
                id: node.get("id")?.as_str()?.to_owned(),
                kind: node.get("type")?.as_str()?.to_owned(),
                data: node.get("data").and_then(Value::as_object).cloned().unwrap_or_default(),
                line: lines.at(&format!("/flow/nodes/{index}")),
            })
        });
        let edges = value.pointer("/flow/edges").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let edges = edges.iter().map(|edge| {
            let of = |name: &str| edge.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Edge {
                source: of("source"),
                source_handle: of("sourceHandle"),
                target: of("target"),
                target_handle: of("targetHandle"),
            }
        });
        Some(Self { nodes: nodes.collect(), edges: edges.collect() })
    }

    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The nodes that take the output of this one.
    pub fn fed_by<'a>(&'a self, id: &str) -> Vec<&'a Node> {
        let mut found: Vec<&Node> = Vec::new();
        for edge in self.edges.iter().filter(|edge| edge.source == id) {
            if let Some(node) = self.node(&edge.target).filter(|node| found.iter().all(|known| known.id != node.id)) {
                found.push(node);
            }
        }
        found
    }
}
