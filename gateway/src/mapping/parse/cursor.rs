//! A place in a text that moves forward.

use super::super::error::Position;

/// Reads a text from left to right and knows line and column.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    position: Position,
}

impl<'a> Cursor<'a> {
    /// `position` is where the text itself begins.
    pub(super) fn new(text: &'a str, position: Position) -> Self {
        Self {
            text,
            at: 0,
            position,
        }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// The byte at which the cursor stands.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// What was read since an offset.
    pub(super) fn since(&self, offset: usize) -> &'a str {
        self.text.get(offset..self.at).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix)
    }

    /// Takes the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        if next == '\n' {
            self.position.line += 1;
            self.position.column = 1;
        } else {
            self.position.column += 1;
        }
        Some(next)
    }

    /// Takes a prefix if it is next.
    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let is_next = self.starts_with(prefix);
        if is_next {
            for _ in prefix.chars() {
                self.bump();
            }
        }
        is_next
    }

    /// Takes characters for as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&fits) {
            self.bump();
        }
        self.since(start)
    }

    /// Takes everything up to a mark, and the mark; None when it does not come.
    pub(super) fn take_until(&mut self, mark: &str) -> Option<&'a str> {
        let before = self.rest().split_once(mark)?.0;
        self.take(before);
        self.take(mark);
        Some(before)
    }

    /// Takes a name: a letter or `_`, then letters, digits, `_` and, where `hyphen` says so, `-`.
    pub(super) fn take_name(&mut self, hyphen: bool) -> Option<&'a str> {
        if !self.peek().is_some_and(is_name_start) {
            return None;
        }
        Some(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || (hyphen && c == '-')))
    }

    pub(super) fn skip_whitespace(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes spaces and tabs and the end of the line, if nothing else comes before it.
    pub(super) fn skip_rest_of_line(&mut self) {
        let mut ahead = self.clone();
        ahead.take_while(is_blank);
        if ahead.take("\r\n") || ahead.take("\n") || ahead.take("\r") {
            *self = ahead;
        }
    }
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}
