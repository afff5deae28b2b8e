//! The trie that routes stand in.

use std::collections::HashMap;

use http::Method;

use super::{Remaining, Verb};

/// What follows one segment. Routes are named by their place in the set.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) literals: HashMap<Box<str>, Self>,
    pub(super) variable: Option<Box<Self>>,
    /// The routes that end here.
    pub(super) here: Vec<(Verb, usize)>,
    /// The routes that end here with a greedy variable.
    pub(super) greedy: Vec<(Verb, usize)>,
    /// The first variable that stood below this node, with braces.
    pub(super) variable_part: Option<Box<str>>,
}

/// Which routes a search accepts: those that cover the method, or all when there is none.
#[derive(Clone, Copy)]
pub(super) struct Search<'m> {
    pub(super) method: Option<&'m Method>,
    /// Whether routes without a greedy variable count.
    pub(super) full: bool,
    /// Whether routes with a greedy variable count.
    pub(super) greedy: bool,
}

impl Node {
    /// The routes of the most specific path that fits and that the search accepts.
    pub(super) fn search(
        &self,
        rest: Remaining<'_>,
        search: Search<'_>,
    ) -> Option<&[(Verb, usize)]> {
        let below = match rest.split() {
            None => search.accepts(search.full, &self.here),
            Some((part, tail)) => self
                .literals
                .get(part)
                .and_then(|node| node.search(tail, search))
                .or_else(|| {
                    self.variable
                        .as_deref()
                        .filter(|_| !part.is_empty())?
                        .search(tail, search)
                }),
        };
        below.or_else(|| {
            rest.greedy()
                .and_then(|_| search.accepts(search.greedy, &self.greedy))
        })
    }
}

impl Search<'_> {
    fn accepts(self, counts: bool, list: &[(Verb, usize)]) -> Option<&[(Verb, usize)]> {
        let fits = match self.method {
            Some(method) => choose(list, method).is_some(),
            None => !list.is_empty(),
        };
        (counts && fits).then_some(list)
    }
}

/// The route for a method: the verb of its own, else `ANY`.
pub(super) fn choose(list: &[(Verb, usize)], method: &Method) -> Option<usize> {
    let own = list
        .iter()
        .find(|(verb, _)| *verb != Verb::Any && verb.covers(method));
    own.or_else(|| list.iter().find(|(verb, _)| *verb == Verb::Any))
        .map(|(_, index)| *index)
}
