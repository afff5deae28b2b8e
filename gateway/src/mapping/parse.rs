//! The text of a template to its pieces.
//!
//! Line ends follow Velocity 1.x: a directive takes blanks and the end of the line after it, a line comment takes the end of its line,
//! and `#set` takes the blanks before it too.

mod cursor;
mod directive;
mod expression;

use self::{
    cursor::{Cursor, is_blank, is_name_start},
    directive::Directive,
};
use super::{
    error::{ParseTemplateError, Position},
    syntax::Node,
};

/// How deep blocks, expressions and strings may be nested.
const NESTING_MAX: usize = 50;

/// A template's pieces, and the bodies of its `#define`s.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parsed {
    pub(super) nodes: Vec<Node>,
    pub(super) blocks: Vec<Vec<Node>>,
}

/// Reads a whole template.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseTemplateError> {
    let mut parser = Parser {
        cursor: Cursor::new(text, Position::START),
        depth: 0,
        blocks: Vec::new(),
    };
    let nodes = parser.whole()?;
    Ok(Parsed {
        nodes,
        blocks: parser.blocks,
    })
}

/// What ends a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closer {
    ElseIf,
    Else,
    End,
    Text,
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    blocks: Vec<Vec<Node>>,
}

type Result<T, E = ParseTemplateError> = std::result::Result<T, E>;

impl Parser<'_> {
    fn error(position: Position, message: impl Into<String>, hint: &str) -> ParseTemplateError {
        ParseTemplateError {
            position,
            message: message.into(),
            hint: hint.to_owned(),
        }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_MAX {
            return Err(Self::error(
                self.cursor.position(),
                format!("blocks, strings or brackets are nested more than {NESTING_MAX} deep"),
                "keep a part in a variable with `#set`, and use the variable",
            ));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn whole(&mut self) -> Result<Vec<Node>> {
        let (nodes, end, position) = self.block()?;
        match end {
            Closer::Text => Ok(nodes),
            Closer::ElseIf | Closer::Else | Closer::End => Err(Self::error(
                position,
                "an `#end`, `#else` or `#elseif` has no `#if`, `#foreach` or `#define` before it",
                "remove it, or write `\\#end` to print it",
            )),
        }
    }

    /// Pieces up to what ends a block, which is taken.
    fn block(&mut self) -> Result<(Vec<Node>, Closer, Position)> {
        self.nested(|parser| {
            let mut nodes = Nodes::default();
            loop {
                let position = parser.cursor.position();
                match parser.piece(&mut nodes)? {
                    None => {}
                    Some(end) => return Ok((nodes.finish(), end, position)),
                }
            }
        })
    }

    /// Takes one piece. Some when it ends a block.
    fn piece(&mut self, nodes: &mut Nodes) -> Result<Option<Closer>> {
        let position = self.cursor.position();
        let slashes = self.cursor.take_while(|c| c == '\\');
        if self.at_reference() {
            let reference = self.reference()?;
            nodes.push(Node::Reference {
                reference,
                backslashes: slashes.len(),
            });
            return Ok(None);
        }
        if let Some((directive, length)) = self.at_directive() {
            nodes.text.extend(slashes.chars().take(slashes.len() / 2));
            if slashes.len() % 2 == 1 {
                for _ in 0..length {
                    nodes.text.extend(self.cursor.bump());
                }
                return Ok(None);
            }
            for _ in 0..length {
                self.cursor.bump();
            }
            return self.directive(directive, position, nodes);
        }
        nodes.text.push_str(slashes);
        if self.cursor.take("##") {
            self.cursor.take_while(|c| !matches!(c, '\n' | '\r'));
            self.cursor.skip_rest_of_line();
        } else if self.cursor.take("#*") {
            self.until("*#", position, "comment")?;
        } else if self.cursor.take("#[[") {
            let raw = self.until("]]#", position, "raw text")?;
            nodes.text.push_str(&raw);
        } else if slashes.is_empty() {
            match self.cursor.bump() {
                Some(next) => nodes.text.push(next),
                None => return Ok(Some(Closer::Text)),
            }
        }
        Ok(None)
    }

    fn until(&mut self, mark: &str, position: Position, what: &str) -> Result<String> {
        let taken = self.cursor.take_until(mark).map(str::to_owned);
        taken.ok_or_else(|| {
            Self::error(
                position,
                format!("a {what} has no end"),
                &format!("write `{mark}` where it ends"),
            )
        })
    }

    /// Whether a reference starts here; a dollar sign alone is text.
    fn at_reference(&self) -> bool {
        let Some(rest) = self.cursor.rest().strip_prefix('$') else {
            return false;
        };
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.starts_with(is_name_start)
    }

    /// The directive that starts here, and its length in characters.
    fn at_directive(&self) -> Option<(Directive, usize)> {
        let mut ahead = self.cursor.clone();
        if !ahead.take("#") {
            return None;
        }
        let has_brace = ahead.take("{");
        let name = ahead.take_name(false)?;
        let length = 1 + name.len() + if has_brace { 2 } else { 0 };
        if has_brace && !ahead.take("}") {
            return None;
        }
        Some((Directive::from_name(name)?, length))
    }
}

/// Pieces, with neighbouring text in one of them.
#[derive(Default)]
struct Nodes {
    nodes: Vec<Node>,
    text: String,
}

impl Nodes {
    fn push(&mut self, node: Node) {
        self.flush();
        self.nodes.push(node);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.nodes.push(Node::Text(text.into()));
        }
    }

    /// Drops the blanks at the end of the text, as `#set` does; those that separate it from a reference stay.
    fn drop_blanks(&mut self) {
        let kept = self.text.trim_end_matches(is_blank).len();
        let after_reference =
            kept == 0 && matches!(self.nodes.last(), Some(Node::Reference { .. }));
        if !after_reference {
            self.text.truncate(kept);
        }
    }

    fn finish(mut self) -> Vec<Node> {
        self.flush();
        self.nodes
    }
}
