//! Text to nodes.
//!
//! An alias shares the node of its anchor. Its expanded size is counted, so that a small text cannot become a huge tree.

use std::{collections::HashMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Kind, Map, Node};
use crate::template::error::{Place, TemplateError};

/// The most nodes that a template may have after its aliases are expanded.
const NODES_MAX: u64 = 1_000_000;
/// The deepest nesting of lists, maps and short-form functions.
const DEPTH_MAX: usize = 200;

/// Reads one document.
///
/// # Errors
/// Text that is not YAML, more than one document or none, a key that is not text or stands twice, a tag or a merge key that
/// `CloudFormation` does not know, an alias inside of its own anchor, and a tree beyond [`NODES_MAX`] or [`DEPTH_MAX`].
pub(in crate::template) fn read(text: &str) -> Result<Node, TemplateError> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|scan| {
            let what = scan.info();
            error(
                scan.marker().line(),
                format!("the text is not YAML: {what}"),
                "check indentation, quotes and brackets near this line",
            )
        })?;
        builder.event(event, span.start.line())?;
    }
    builder
        .root
        .ok_or_else(|| error(1, "the template is empty", "add a `Resources` section"))
}

/// A node with the size and the height of its expanded tree.
#[derive(Clone)]
struct Measured {
    node: Node,
    nodes: u64,
    height: usize,
}

enum Content {
    List(Vec<Node>),
    Map {
        map: Map,
        key: Option<(Rc<str>, usize)>,
    },
}

/// A list or map whose end has not been seen.
struct Open {
    line: usize,
    anchor: usize,
    function: Option<String>,
    content: Content,
    nodes: u64,
    height: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Measured>,
    root: Option<Node>,
    nodes: u64,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), TemplateError> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(error(
                line,
                "a second document begins here",
                "keep one template in one file",
            )),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let Some(shared) = self.anchors.get(&anchor).cloned() else {
                    return Err(error(
                        line,
                        "the alias stands inside of its own anchor",
                        "write the value out",
                    ));
                };
                self.count(shared.nodes, line)?;
                self.complete(shared)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = matches!(style, ScalarStyle::Plain) && tag.is_none();
                let null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = if null {
                    Kind::Null
                } else {
                    Kind::Scalar(Rc::from(&*text))
                };
                let scalar = Measured {
                    node: Node { line, kind },
                    nodes: 1,
                    height: 1,
                };
                self.count(1, line)?;
                self.close(scalar, function(tag.as_deref(), line)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Content::List(Vec::new()), anchor, tag.as_deref(), line)
            }
            Event::MappingStart(anchor, tag) => self.begin(
                Content::Map {
                    map: Map::default(),
                    key: None,
                },
                anchor,
                tag.as_deref(),
                line,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Err(error(
                        line,
                        "a list or map ends that did not begin",
                        "check the brackets",
                    ));
                };
                let Open {
                    line,
                    anchor,
                    function,
                    content,
                    nodes,
                    height,
                } = open;
                let node = match content {
                    Content::List(items) => Node::list(line, items),
                    Content::Map { map, key: _ } => Node::map(line, map),
                };
                self.close(
                    Measured {
                        node,
                        nodes: nodes.saturating_add(1),
                        height: height.saturating_add(1),
                    },
                    function,
                    anchor,
                )
            }
        }
    }

    fn begin(
        &mut self,
        content: Content,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), TemplateError> {
        self.count(1, line)?;
        let function = function(tag, line)?;
        self.open.push(Open {
            line,
            anchor,
            function,
            content,
            nodes: 0,
            height: 0,
        });
        if self.open.len() > DEPTH_MAX {
            Err(too_deep(line))
        } else {
            Ok(())
        }
    }

    fn count(&mut self, nodes: u64, line: usize) -> Result<(), TemplateError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        let message = format!(
            "the template has more than {NODES_MAX} values, counted with its aliases expanded"
        );
        Err(error(
            line,
            message,
            "split the template, or use fewer aliases",
        ))
    }

    /// Wraps a finished node into the function of its tag, remembers it for aliases, and hands it to what contains it.
    fn close(
        &mut self,
        inner: Measured,
        function: Option<String>,
        anchor: usize,
    ) -> Result<(), TemplateError> {
        let line = inner.node.line;
        let finished = match function {
            None => inner,
            Some(name) => {
                let mut map = Map::default();
                map.insert(name.into(), line, inner.node);
                self.count(1, line)?;
                Measured {
                    node: Node::map(line, map),
                    nodes: inner.nodes.saturating_add(1),
                    height: inner.height.saturating_add(1),
                }
            }
        };
        if anchor > 0 {
            self.anchors.insert(anchor, finished.clone());
        }
        self.complete(finished)
    }

    fn complete(&mut self, child: Measured) -> Result<(), TemplateError> {
        let line = child.node.line;
        if self.open.len().saturating_add(child.height) > DEPTH_MAX {
            return Err(too_deep(line));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(child.node);
            return Ok(());
        };
        parent.nodes = parent.nodes.saturating_add(child.nodes);
        parent.height = parent.height.max(child.height);
        match &mut parent.content {
            Content::List(items) => items.push(child.node),
            Content::Map { map, key } => match key.take() {
                Some((name, key_line)) => {
                    if !map.insert(Rc::clone(&name), key_line, child.node) {
                        let message = format!("the key `{name}` stands twice in one map");
                        return Err(error(key_line, message, "remove or rename one of them"));
                    }
                }
                None => *key = Some((key_text(&child.node)?, line)),
            },
        }
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<Rc<str>, TemplateError> {
    let Some(text) = node.as_text() else {
        let found = node.kind_name();
        return Err(error(
            node.line,
            format!("a key must be a text, found {found}"),
            "write the key as a plain word",
        ));
    };
    if &**text == "<<" {
        return Err(error(
            node.line,
            "CloudFormation does not support the merge key `<<`",
            "write the members out",
        ));
    }
    Ok(Rc::clone(text))
}

/// The long form of a short-form tag. None for no tag, or for one that only says what the value is anyway.
fn function(tag: Option<&Tag>, line: usize) -> Result<Option<String>, TemplateError> {
    let Some(tag) = tag else { return Ok(None) };
    if tag.is_yaml_core_schema() || (tag.handle.is_empty() && tag.suffix == "!") {
        return Ok(None);
    }
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("!", name @ ("Ref" | "Condition")) => Ok(Some(name.to_owned())),
        (
            "!",
            name @ ("And" | "Base64" | "Cidr" | "Equals" | "FindInMap" | "GetAZs" | "GetAtt" | "If"
            | "ImportValue" | "Join" | "Length" | "Not" | "Or" | "Select" | "Split" | "Sub"
            | "ToJsonString" | "Transform"),
        ) => Ok(Some(format!("Fn::{name}"))),
        (handle, suffix) => {
            let message = format!("`{handle}{suffix}` is no function of CloudFormation");
            Err(error(
                line,
                message,
                "use `!Ref`, `!Sub`, `!GetAtt` or another intrinsic function",
            ))
        }
    }
}

fn too_deep(line: usize) -> TemplateError {
    error(
        line,
        format!("the template is nested deeper than {DEPTH_MAX} levels"),
        "make it flatter",
    )
}

fn error(line: usize, message: impl std::fmt::Display, hint: &str) -> TemplateError {
    Place::default().error(line, message, hint)
}
