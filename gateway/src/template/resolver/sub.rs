//! `Fn::Sub`.

use std::rc::Rc;

use super::Resolver;
use crate::template::{
    error::{Place, TemplateError},
    yaml::{Kind, Map, Node},
};

/// A part of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(&'t str),
    /// `${Name}` or `${Name.Attribute}`.
    Reference(&'t str),
}

/// The parts of a text. `${!Name}` is the literal `${Name}`; a `${` without an end is literal too.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        pieces.push(Piece::Literal(before));
        if let Some(literal) = name.strip_prefix('!') {
            pieces.extend([
                Piece::Literal("${"),
                Piece::Literal(literal),
                Piece::Literal("}"),
            ]);
        } else {
            pieces.push(Piece::Reference(name.trim()));
        }
        rest = tail;
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

/// The text and the variables of `Fn::Sub`'s argument, in either form.
pub(super) fn parts<'n>(
    argument: &'n Node,
    place: &Place,
) -> Result<(&'n Rc<str>, Option<&'n Rc<Map>>), TemplateError> {
    let wrong = || {
        place.error(
            argument.line,
            "`Fn::Sub` takes a text, or a list of a text and a map",
            "write `!Sub \"${Name}\"`",
        )
    };
    match &argument.kind {
        Kind::Scalar(text) => Ok((text, None)),
        Kind::List(items) => match &**items {
            [text, variables] => Ok((
                text.as_text().ok_or_else(wrong)?,
                Some(variables.as_map().ok_or_else(wrong)?),
            )),
            _ => Err(wrong()),
        },
        Kind::Null | Kind::Map(_) => Err(wrong()),
    }
}

impl Resolver<'_> {
    pub(super) fn sub(
        &self,
        argument: &Node,
        line: usize,
        place: &Place,
    ) -> Result<Node, TemplateError> {
        let (text, variables) = parts(argument, place)?;
        self.spend(text.len(), line, place)?;
        let mut result = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => result.push_str(literal),
                Piece::Reference(name) => {
                    let value = match variables.and_then(|variables| variables.get(name)) {
                        Some(variable) => self.text(variable, place)?,
                        None => self.named_text(name, line, place)?,
                    };
                    self.spend(value.len().saturating_add(1), line, place)?;
                    result.push_str(&value);
                }
            }
        }
        Ok(Node::text(line, result))
    }

    fn named_text(&self, name: &str, line: usize, place: &Place) -> Result<Rc<str>, TemplateError> {
        match self.reference(name, line, place)? {
            Some(Node {
                kind: Kind::Scalar(text),
                line: _,
            }) => Ok(text),
            Some(Node {
                kind: Kind::Null | Kind::List(_) | Kind::Map(_),
                line: _,
            })
            | None => Err(place.error(
                line,
                format!("puts `{name}`, which is no text, into a text"),
                "use `Fn::Join` for a list",
            )),
        }
    }
}
