//! Directives, and the blocks that they open.

use super::{
    super::{
        error::{ParseTemplateError, Position},
        syntax::{Branch, Node, Reference, Step},
    },
    Closer, Nodes, Parser, Result,
    cursor::is_blank,
};

/// The directives of Velocity 1.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directive {
    Set,
    If,
    ElseIf,
    Else,
    End,
    Foreach,
    Define,
    Break,
    Stop,
    /// Part of Velocity, and refused here.
    Refused(&'static str),
}

impl Directive {
    /// None for what Velocity prints as text, such as `#hashtag`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "set" => Self::Set,
            "if" => Self::If,
            "elseif" => Self::ElseIf,
            "else" => Self::Else,
            "end" => Self::End,
            "foreach" => Self::Foreach,
            "define" => Self::Define,
            "break" => Self::Break,
            "stop" => Self::Stop,
            "macro" => Self::Refused(
                "write its body with `#define($name) ... #end` and print it with `$name`",
            ),
            "include" | "parse" | "evaluate" => {
                Self::Refused("put the text into this template; it cannot load or run another one")
            }
            _ => return None,
        })
    }
}

impl Parser<'_> {
    pub(super) fn directive(
        &mut self,
        directive: Directive,
        position: Position,
        nodes: &mut Nodes,
    ) -> Result<Option<Closer>> {
        match directive {
            Directive::Set => {
                nodes.drop_blanks();
                self.open("set", position)?;
                let target = self.target("#set($name = value)")?;
                if matches!(target.steps.last(), Some(Step::Method { .. })) {
                    return Err(Self::error(
                        target.position,
                        format!(
                            "`{}` is a call, and nothing can be assigned to it",
                            target.source
                        ),
                        "write `#set($map.key = value)`, or `#set($ignored = $map.put(\"key\", value))`",
                    ));
                }
                self.expect("=", "#set($name = value)")?;
                let value = self.expression()?;
                self.close("#set($name = value)")?;
                nodes.push(Node::Set { target, value });
            }
            Directive::If => {
                let node = self.condition(position)?;
                nodes.push(node);
            }
            Directive::ElseIf => return Ok(Some(Closer::ElseIf)),
            Directive::Else => {
                self.cursor.skip_rest_of_line();
                return Ok(Some(Closer::Else));
            }
            Directive::End => {
                self.cursor.skip_rest_of_line();
                return Ok(Some(Closer::End));
            }
            Directive::Foreach => {
                let form = "#foreach($item in $list)";
                self.open("foreach", position)?;
                let variable = self.variable(form)?;
                self.expect("in", form)?;
                let items = self.expression()?;
                self.close(form)?;
                let body = self.body("#foreach", position)?;
                nodes.push(Node::Foreach {
                    variable,
                    items,
                    body,
                });
            }
            Directive::Define => {
                self.open("define", position)?;
                let variable = self.variable("#define($name)")?;
                self.close("#define($name)")?;
                let body = self.body("#define", position)?;
                let block = self.blocks.len();
                self.blocks.push(body);
                nodes.push(Node::Define { variable, block });
            }
            Directive::Break => {
                self.cursor.skip_rest_of_line();
                nodes.push(Node::Break);
            }
            Directive::Stop => {
                self.cursor.skip_rest_of_line();
                nodes.push(Node::Stop);
            }
            Directive::Refused(hint) => {
                return Err(Self::error(
                    position,
                    "the directives `#macro`, `#parse`, `#include` and `#evaluate` are not supported",
                    hint,
                ));
            }
        }
        Ok(None)
    }

    /// `#if` after its name, to its `#end`.
    fn condition(&mut self, position: Position) -> Result<Node> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            self.open("if", position)?;
            let condition = self.expression()?;
            self.close("#if(condition)")?;
            let (body, mut end, mut end_position) = self.block()?;
            branches.push(Branch { condition, body });
            if end == Closer::Else {
                let (body, after, after_position) = self.block()?;
                otherwise = Some(body);
                (end, end_position) = (after, after_position);
            }
            match end {
                Closer::ElseIf if otherwise.is_none() => {}
                Closer::End => break,
                Closer::ElseIf | Closer::Else => {
                    return Err(Self::error(
                        end_position,
                        "nothing but `#end` may follow `#else`",
                        "put the `#elseif` before the `#else`",
                    ));
                }
                Closer::Text => return Err(Self::no_end("#if", position)),
            }
        }
        Ok(Node::If {
            branches,
            otherwise: otherwise.unwrap_or_default(),
        })
    }

    /// The body of a block that knows no `#else`.
    fn body(&mut self, name: &str, position: Position) -> Result<Vec<Node>> {
        let (body, end, end_position) = self.block()?;
        match end {
            Closer::End => Ok(body),
            Closer::Text => Err(Self::no_end(name, position)),
            Closer::ElseIf | Closer::Else => Err(Self::error(
                end_position,
                format!("`{name}` takes no `#else`"),
                "write `#end` before it, or put an `#if` around it",
            )),
        }
    }

    fn no_end(name: &str, position: Position) -> ParseTemplateError {
        Self::error(
            position,
            format!("`{name}` has no `#end`"),
            "write `#end` where the block ends",
        )
    }

    /// The parenthesis that opens a directive.
    fn open(&mut self, name: &str, position: Position) -> Result<()> {
        self.cursor.take_while(is_blank);
        if self.cursor.take("(") {
            self.cursor.skip_whitespace();
            return Ok(());
        }
        Err(Self::error(
            position,
            format!("`#{name}` is not followed by `(`"),
            &format!("write `#{name}(...)`, or `\\#{name}` to print it"),
        ))
    }

    /// The parenthesis that closes a directive, and the end of its line.
    fn close(&mut self, form: &str) -> Result<()> {
        self.expect(")", form)?;
        self.cursor.skip_rest_of_line();
        Ok(())
    }

    pub(super) fn expect(&mut self, token: &str, form: &str) -> Result<()> {
        self.cursor.skip_whitespace();
        if !self.cursor.take(token) {
            return Err(Self::error(
                self.cursor.position(),
                format!("`{token}` is missing before {}", self.shown()),
                &format!("write `{form}`"),
            ));
        }
        Ok(())
    }

    /// What comes next, for a message.
    pub(super) fn shown(&self) -> String {
        match self.cursor.peek() {
            Some('\n' | '\r') => "the end of the line".to_owned(),
            Some(next) => format!("`{next}`"),
            None => "the end of the text".to_owned(),
        }
    }

    /// A reference that can be assigned to.
    fn target(&mut self, form: &str) -> Result<Reference> {
        if self.at_reference() {
            return self.reference();
        }
        Err(Self::error(
            self.cursor.position(),
            format!("a variable is missing before {}", self.shown()),
            &format!("write `{form}`"),
        ))
    }

    /// The name of a variable, without anything after it.
    fn variable(&mut self, form: &str) -> Result<Box<str>> {
        let reference = self.target(form)?;
        if reference.steps.is_empty() {
            return Ok(reference.variable);
        }
        Err(Self::error(
            reference.position,
            format!("`{}` is not a variable's name", reference.source),
            &format!("write `{form}`"),
        ))
    }
}
