//! Parts of long lists.

/// How many entries one call looks at when it filters. A page of what few entries fit may then be short, and still have a next one.
pub const MAX_EXAMINED: u32 = 2_500;

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many entries at the most, 1 or more.
    pub limit: u32,
    /// Where the page before it ended, from [`Page::next`]. It may come from a client: what no page ended with is an
    /// [`InvalidPosition`](crate::store::StoreErrorKind::InvalidPosition).
    pub after: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where to go on. `None`: this is the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page with each entry changed by `change`.
    ///
    /// # Errors
    ///
    /// When `change` fails for an entry.
    pub(in crate::store) fn try_map<U, E>(
        self,
        change: impl FnMut(T) -> Result<U, E>,
    ) -> Result<Page<U>, E> {
        Ok(Page {
            entries: self
                .entries
                .into_iter()
                .map(change)
                .collect::<Result<_, _>>()?,
            next: self.next,
        })
    }
}
