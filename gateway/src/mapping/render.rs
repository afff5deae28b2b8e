//! Runs a template.

mod evaluate;

use std::{collections::HashMap, rc::Rc};

use super::{
    Bounds, Input, Rendered,
    budget::Budget,
    error::{Position, RenderError},
    overrides::OverrideMaps,
    parse::Parsed,
    syntax::{Expression, Node, Reference, Step},
    value::{Entries, Heap, Keys, LoopState, MapId, Value},
};

/// One run of a template.
pub(super) struct Renderer<'a> {
    parsed: &'a Parsed,
    pub(super) input: &'a Input<'a>,
    pub(super) heap: Heap,
    pub(super) budget: Budget,
    variables: HashMap<&'a str, Value>,
    overrides: OverrideMaps,
    /// The body as JSON, once it was asked for.
    pub(super) document: Option<Value>,
    /// After `#stop`, or after `#break` outside of a loop.
    is_stopped: bool,
}

/// Where to go on after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(
        parsed: &'a Parsed,
        input: &'a Input<'a>,
        bounds: Bounds,
    ) -> Result<Self, RenderError> {
        let mut heap = Heap::default();
        let mut budget = Budget::new(bounds);
        let context = if let Value::Map(id) = heap.add_json(input.context) {
            id
        } else {
            heap.add_map(Entries::new(), Keys::Exact)
        };
        let overrides = OverrideMaps::new(&mut heap, context);
        budget.charge(input.stage_variables.len())?;
        let stage_variables = input
            .stage_variables
            .iter()
            .map(|(name, value)| (Rc::from(name.as_str()), Value::text(value.as_str())))
            .collect();
        let stage_variables = heap.add_map(stage_variables, Keys::Exact);
        let variables = HashMap::from([
            ("input", Value::Input),
            ("util", Value::Functions),
            ("context", Value::Map(context)),
            ("stageVariables", Value::Map(stage_variables)),
        ]);
        Ok(Self {
            parsed,
            input,
            heap,
            budget,
            variables,
            overrides,
            document: None,
            is_stopped: false,
        })
    }

    pub(super) fn run(mut self) -> Result<Rendered, RenderError> {
        let mut text = String::new();
        self.nodes(&self.parsed.nodes, &mut text)?;
        let overrides = self.overrides.read(&self.heap, &mut self.budget)?;
        Ok(Rendered { text, overrides })
    }

    fn nodes(&mut self, nodes: &'a [Node], out: &mut String) -> Result<Flow, RenderError> {
        self.budget.enter()?;
        let mut flow = Flow::Next;
        for node in nodes {
            flow = self.node(node, out)?;
            if flow == Flow::Break || self.is_stopped {
                break;
            }
        }
        self.budget.leave();
        Ok(flow)
    }

    fn node(&mut self, node: &'a Node, out: &mut String) -> Result<Flow, RenderError> {
        self.budget.charge(1)?;
        match node {
            Node::Text(text) => self.budget.push(out, text)?,
            Node::Reference {
                reference,
                backslashes,
            } => self.reference(reference, *backslashes, out)?,
            Node::Set { target, value } => self.set(target, value)?,
            Node::If {
                branches,
                otherwise,
            } => {
                for branch in branches {
                    if self.evaluate(&branch.condition)?.is_true() {
                        return self.nodes(&branch.body, out);
                    }
                }
                return self.nodes(otherwise, out);
            }
            Node::Foreach {
                variable,
                items,
                body,
            } => self.foreach(variable, items, body, out)?,
            Node::Define { variable, block } => {
                self.variables.insert(variable, Value::Block(*block));
            }
            Node::Break => return Ok(Flow::Break),
            Node::Stop => self.is_stopped = true,
        }
        Ok(Flow::Next)
    }

    /// Prints a reference. Each pair of backslashes before it prints one; an odd one takes the reference's meaning away, but only if its
    /// variable is defined.
    fn reference(
        &mut self,
        reference: &'a Reference,
        backslashes: usize,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let is_defined = self.variables.contains_key(&*reference.variable);
        let kept = if is_defined || reference.is_quiet {
            backslashes / 2
        } else {
            backslashes
        };
        self.budget.push(out, &"\\".repeat(kept))?;
        if backslashes % 2 == 1 {
            return self.budget.push(out, &reference.source);
        }
        match self.resolve(reference)? {
            Some(value) => self.heap.print(&value, out, &mut self.budget),
            None if reference.is_quiet => Ok(()),
            None => self.budget.push(out, &reference.source),
        }
    }

    /// The text of a `#define`d block.
    fn block(&mut self, block: usize) -> Result<Value, RenderError> {
        let mut text = String::new();
        let parsed = self.parsed;
        if let Some(nodes) = parsed.blocks.get(block) {
            self.nodes(nodes, &mut text)?;
        }
        Ok(Value::text(text))
    }

    /// Assigns a value. As in Velocity 1.x, nothing is assigned when there is none.
    fn set(&mut self, target: &'a Reference, value: &'a Expression) -> Result<(), RenderError> {
        let value = self.evaluate(value)?;
        if matches!(value, Value::Null) {
            return Ok(());
        }
        let Some((last, steps)) = target.steps.split_last() else {
            self.variables.insert(&target.variable, value);
            return Ok(());
        };
        let Some(container) = self.walk(&target.variable, steps)? else {
            return Ok(());
        };
        let key = match last {
            Step::Property(name) => Value::text(&**name),
            Step::Index(index) => self.evaluate(index)?,
            Step::Method { .. } => return Ok(()),
        };
        match container {
            Value::Map(id) => {
                let key = self.text(&key)?;
                self.put(id, key, value, target.position)?;
            }
            Value::List(id) => {
                let index = key
                    .as_integer()
                    .and_then(|index| usize::try_from(index).ok());
                let items = self.heap.items_mut(id);
                if let Some(item) = items.and_then(|items| items.get_mut(index?)) {
                    *item = value;
                }
            }
            Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Entry(_)
            | Value::Loop(_)
            | Value::Block(_)
            | Value::Input
            | Value::Functions => {}
        }
        Ok(())
    }

    /// Puts a value into a map, and gives the one that was there.
    pub(super) fn put(
        &mut self,
        map: MapId,
        key: Rc<str>,
        value: Value,
        position: Position,
    ) -> Result<Value, RenderError> {
        self.overrides.assign(map, &key, position)?;
        let entries = self.heap.entries_mut(map);
        let previous = entries.and_then(|entries| entries.insert(key, value));
        Ok(previous.unwrap_or(Value::Null))
    }

    fn foreach(
        &mut self,
        variable: &'a str,
        items: &'a Expression,
        body: &'a [Node],
        out: &mut String,
    ) -> Result<(), RenderError> {
        let items = match self.evaluate(items)? {
            Value::List(id) => self.heap.items(id).to_vec(),
            Value::Map(id) => {
                let entries = self.heap.entries(id).into_iter().flatten();
                entries.map(|(_, value)| value.clone()).collect()
            }
            Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Entry(_)
            | Value::Loop(_)
            | Value::Block(_)
            | Value::Input
            | Value::Functions => Vec::new(),
        };
        self.budget.charge(items.len())?;
        let names = [variable, "foreach", "velocityCount"];
        let before = names.map(|name| self.variables.get(name).cloned());
        let length = items.len();
        let rounds = items.into_iter().take(self.budget.bounds.iterations_max);
        for (index, item) in rounds.enumerate() {
            let state = LoopState { index, length };
            self.variables.insert("foreach", Value::Loop(state));
            self.variables
                .insert("velocityCount", Value::count(index + 1));
            self.variables.insert(variable, item);
            if self.nodes(body, out)? == Flow::Break || self.is_stopped {
                break;
            }
        }
        for (name, value) in names.into_iter().zip(before) {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(name),
            };
        }
        Ok(())
    }
}
