//! YAML and JSON as a tree of nodes with line numbers.
//!
//! The tags of `CloudFormation`'s short forms become the long forms (`!Sub x` is `{"Fn::Sub": x}`), so that nothing above knows tags.

mod read;

use std::{collections::BTreeMap, rc::Rc};

pub(super) use self::read::read;

/// A value of the template, and the line where it begins.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    /// Text, number or boolean: `CloudFormation` takes each for the other.
    Scalar(Rc<str>),
    List(Rc<[Node]>),
    Map(Rc<Map>),
}

impl Node {
    pub(super) fn text(line: usize, text: impl Into<Rc<str>>) -> Self {
        Self {
            line,
            kind: Kind::Scalar(text.into()),
        }
    }

    pub(super) fn list(line: usize, items: Vec<Self>) -> Self {
        Self {
            line,
            kind: Kind::List(items.into()),
        }
    }

    pub(super) fn map(line: usize, map: Map) -> Self {
        Self {
            line,
            kind: Kind::Map(Rc::new(map)),
        }
    }

    /// What the node is, for an error message. Never its content, which may be secret.
    pub(super) fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    pub(super) fn as_text(&self) -> Option<&Rc<str>> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&Rc<[Self]>> {
        match &self.kind {
            Kind::List(items) => Some(items),
            Kind::Null | Kind::Scalar(_) | Kind::Map(_) => None,
        }
    }

    pub(super) fn as_map(&self) -> Option<&Rc<Map>> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            Kind::Null | Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// A member of the map that this node is.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// The name and the argument, when this is an intrinsic function: a map with the one key `Ref` or `Fn::…`.
    pub(super) fn intrinsic(&self) -> Option<(&str, &Self)> {
        let (key, _, argument) = self.as_map()?.only_entry()?;
        (&**key == "Ref" || key.starts_with("Fn::")).then_some((&**key, argument))
    }
}

/// A map that keeps the order of the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    entries: Vec<(Rc<str>, usize, Node)>,
    index: BTreeMap<Rc<str>, usize>,
}

impl Map {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.index
            .get(key)
            .and_then(|at| self.entries.get(*at))
            .map(|(_, _, node)| node)
    }

    /// Key, line of the key, value; in the order of the text.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Rc<str>, usize, Node)> {
        self.entries.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn only_entry(&self) -> Option<&(Rc<str>, usize, Node)> {
        match self.entries.as_slice() {
            [entry] => Some(entry),
            _ => None,
        }
    }

    /// Adds or replaces a member. True when the key was new.
    pub(super) fn insert(&mut self, key: Rc<str>, line: usize, value: Node) -> bool {
        if let Some(entry) = self
            .index
            .get(&key)
            .and_then(|at| self.entries.get_mut(*at))
        {
            *entry = (key, line, value);
            return false;
        }
        self.index.insert(Rc::clone(&key), self.entries.len());
        self.entries.push((key, line, value));
        true
    }
}
