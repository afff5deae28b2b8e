//! Intrinsic functions to values.
//!
//! A value is resolved when it is read, so a function that this reader does not know is an error only where its value matters.
//! Work and output are bounded: references that multiply each other end in an error, not in a hang.

mod condition;
mod identity;
mod reference;
mod sub;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use base64::Engine as _;

pub(super) use self::{
    identity::{function_url_id, resource_id},
    reference::check,
};
use super::{
    error::{Place, TemplateError},
    resource::Resources,
    settings::Settings,
    yaml::{Kind, Node},
};

/// The deepest chain of functions within functions and references to references.
const DEPTH_MAX: usize = 250;
/// The most work for one template, in values visited and bytes produced.
const WORK_MAX: usize = 128 * 1024 * 1024;

/// A template's values by name, and what has been resolved so far.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    pub(super) settings: &'a Settings,
    pub(super) resources: &'a Resources,
    parameters: &'a BTreeMap<Rc<str>, Node>,
    conditions: Option<&'a Node>,
    mappings: Option<&'a Node>,
    verdicts: RefCell<BTreeMap<Rc<str>, bool>>,
    ids: RefCell<BTreeMap<Rc<str>, Rc<str>>>,
    /// What is being resolved now, outermost first: conditions and resources.
    active: RefCell<Vec<Rc<str>>>,
    depth: Cell<usize>,
    work_left: Cell<usize>,
}

/// Gives the depth back at the end of a scope.
struct Level<'a>(&'a Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        root: &'a Node,
        settings: &'a Settings,
        parameters: &'a BTreeMap<Rc<str>, Node>,
        resources: &'a Resources,
    ) -> Self {
        Self {
            settings,
            resources,
            parameters,
            conditions: root.get("Conditions"),
            mappings: root.get("Mappings"),
            verdicts: RefCell::default(),
            ids: RefCell::default(),
            active: RefCell::default(),
            depth: Cell::new(0),
            work_left: Cell::new(WORK_MAX),
        }
    }

    /// The value of a node: itself, or what its intrinsic function gives. The members of lists and maps are left as they are.
    /// None for `AWS::NoValue`.
    pub(super) fn value(&self, node: &Node, place: &Place) -> Result<Option<Node>, TemplateError> {
        self.spend(1, node.line, place)?;
        let Some((name, argument)) = node.intrinsic() else {
            return Ok(Some(node.clone()));
        };
        let _level = self.descend(node.line, place)?;
        let line = node.line;
        match name {
            "Ref" => {
                let target = self.text(argument, place)?;
                self.reference(&target, line, place)
            }
            "Fn::GetAtt" => self.get_att(argument, line, place).map(Some),
            "Fn::Sub" => self.sub(argument, line, place).map(Some),
            "Fn::If" => {
                let [condition, then, otherwise] = self.arguments(name, argument, place)?;
                let condition = self.text(condition, place)?;
                let branch = if self.condition(&condition, line, place)? {
                    then
                } else {
                    otherwise
                };
                self.value(branch, place)
            }
            "Fn::Join" => {
                let [delimiter, items] = self.arguments(name, argument, place)?;
                let delimiter = self.text(delimiter, place)?;
                let mut joined = String::new();
                for (index, item) in self.list(items, place)?.iter().enumerate() {
                    let item = self.text(item, place)?;
                    self.spend(item.len().saturating_add(delimiter.len()), line, place)?;
                    if index > 0 {
                        joined.push_str(&delimiter);
                    }
                    joined.push_str(&item);
                }
                Ok(Some(Node::text(line, joined)))
            }
            "Fn::Split" => {
                let [delimiter, text] = self.arguments(name, argument, place)?;
                let (delimiter, text) = (self.text(delimiter, place)?, self.text(text, place)?);
                self.spend(text.len(), line, place)?;
                if delimiter.is_empty() {
                    return Err(place.error(
                        line,
                        "splits at an empty delimiter",
                        "give `Fn::Split` a delimiter such as `,`",
                    ));
                }
                Ok(Some(Node::list(
                    line,
                    text.split(&*delimiter)
                        .map(|part| Node::text(line, part))
                        .collect(),
                )))
            }
            "Fn::Select" => {
                let [index, items] = self.arguments(name, argument, place)?;
                let index = self.text(index, place)?;
                let items = self.list(items, place)?;
                let position = index.parse().ok();
                let item = position
                    .and_then(|position: usize| items.get(position))
                    .ok_or_else(|| {
                        let message =
                            format!("selects item `{index}` of a list of {}", items.len());
                        place.error(line, message, "the index counts from 0")
                    })?;
                self.value(item, place)
            }
            "Fn::FindInMap" => {
                let [map, first, second] = self.arguments(name, argument, place)?;
                let keys = [
                    self.text(map, place)?,
                    self.text(first, place)?,
                    self.text(second, place)?,
                ];
                let mut found = self.mappings;
                for key in &keys {
                    found = found.and_then(|node| node.get(key));
                }
                found.cloned().map(Some).ok_or_else(|| {
                    let message = format!(
                        "looks up `{}`, which Mappings does not have",
                        keys.join(".")
                    );
                    place.error(line, message, "add it to Mappings, or correct the keys")
                })
            }
            "Fn::Base64" => {
                let text = self.text(argument, place)?;
                self.spend(text.len().saturating_mul(2), line, place)?;
                Ok(Some(Node::text(
                    line,
                    base64::engine::general_purpose::STANDARD.encode(text.as_bytes()),
                )))
            }
            "Fn::GetAZs" => {
                let region = &self.settings.region;
                Ok(Some(Node::list(
                    line,
                    ["a", "b", "c"]
                        .map(|zone| Node::text(line, format!("{region}{zone}")))
                        .into(),
                )))
            }
            // No other stack is at hand. The value stays recognisable wherever it turns up.
            "Fn::ImportValue" => {
                let export = self.text(argument, place)?;
                Ok(Some(Node::text(line, format!("{{{{import:{export}}}}}"))))
            }
            other => {
                let hint =
                    "use a parameter for this value, and give it with `--parameter-overrides`";
                Err(place.error(
                    line,
                    format!("uses `{other}`, which is not simulated"),
                    hint,
                ))
            }
        }
    }

    /// The value of a node that must be a text.
    pub(super) fn text(&self, node: &Node, place: &Place) -> Result<Rc<str>, TemplateError> {
        match self.value(node, place)? {
            Some(Node {
                kind: Kind::Scalar(text),
                line: _,
            }) => Ok(text),
            Some(other) => Err(wrong_type(place, &other, "a text")),
            None => Err(place.error(
                node.line,
                "must be a text, found AWS::NoValue",
                "give it a value",
            )),
        }
    }

    /// The items of a node that must be a list; each item is not yet resolved.
    fn list(&self, node: &Node, place: &Place) -> Result<Rc<[Node]>, TemplateError> {
        match self.value(node, place)? {
            Some(Node {
                kind: Kind::List(items),
                line: _,
            }) => Ok(items),
            Some(other) => Err(wrong_type(place, &other, "a list")),
            None => Err(place.error(
                node.line,
                "must be a list, found AWS::NoValue",
                "give it a value",
            )),
        }
    }

    fn arguments<'n, const N: usize>(
        &self,
        name: &str,
        node: &'n Node,
        place: &Place,
    ) -> Result<&'n [Node; N], TemplateError> {
        self.spend(N, node.line, place)?;
        node.as_list()
            .and_then(|items| <&[Node; N]>::try_from(&**items).ok())
            .ok_or_else(|| {
                place.error(
                    node.line,
                    format!("`{name}` takes a list of {N} values"),
                    "see the CloudFormation reference of the function",
                )
            })
    }

    pub(super) fn spend(
        &self,
        work: usize,
        line: usize,
        place: &Place,
    ) -> Result<(), TemplateError> {
        match self.work_left.get().checked_sub(work) {
            Some(left) => {
                self.work_left.set(left);
                Ok(())
            }
            None => Err(place.error(
                line,
                "makes the template too large when it is resolved",
                "shorten what is repeated by references",
            )),
        }
    }

    fn descend(&self, line: usize, place: &Place) -> Result<Level<'_>, TemplateError> {
        if self.depth.get() >= DEPTH_MAX {
            return Err(place.error(
                line,
                format!("nests functions and references deeper than {DEPTH_MAX}"),
                "shorten the chain",
            ));
        }
        self.depth.set(self.depth.get().saturating_add(1));
        Ok(Level(&self.depth))
    }

    /// Runs `work` for a named thing, unless that thing is being resolved already.
    fn guarded<T>(
        &self,
        name: &Rc<str>,
        line: usize,
        place: &Place,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let cycle = {
            let active = self.active.borrow();
            active
                .iter()
                .position(|other| other == name)
                .map(|from| active.iter().skip(from).cloned().collect::<Vec<_>>())
        };
        if let Some(mut cycle) = cycle {
            cycle.push(Rc::clone(name));
            let message = format!("is part of a circle of references: {}", cycle.join(" -> "));
            return Err(place.error(
                line,
                message,
                "break the circle, for example with a parameter",
            ));
        }
        self.active.borrow_mut().push(Rc::clone(name));
        let result = work();
        self.active.borrow_mut().pop();
        result
    }
}

pub(super) fn wrong_type(place: &Place, found: &Node, expected: &str) -> TemplateError {
    place.error(
        found.line,
        format!("must be {expected}, found {}", found.kind_name()),
        format!("write {expected} here"),
    )
}
