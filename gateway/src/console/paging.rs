//! Long lists, a page at a time.

use maud::{Markup, html};

use super::visit::Visit;
use super::words;

/// How many rows a page has.
const PER_PAGE: usize = 50;

/// The field of the query that says which page.
const FIELD: &str = "page";

/// A page of a list of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// From 1.
    page: usize,
    /// 1 or more.
    pages: usize,
    total: usize,
}

impl Paging {
    /// The page that the visitor asks for, of a list with so many entries; the last one when he asks for one behind it.
    pub(super) fn of(visit: &Visit<'_>, total: usize) -> Self {
        Self::new(visit.query().get(FIELD), total)
    }

    fn new(page: &str, total: usize) -> Self {
        let pages = total.div_ceil(PER_PAGE).max(1);
        let page = page.parse().unwrap_or(1).clamp(1, pages);
        Self { page, pages, total }
    }

    /// The entries of this page.
    pub(super) fn part<T>(self, entries: &[T]) -> &[T] {
        let start = self.page.saturating_sub(1).saturating_mul(PER_PAGE);
        let end = start.saturating_add(PER_PAGE).min(entries.len());
        entries.get(start..end).unwrap_or_default()
    }

    /// Links to the pages around this one. Nothing when there is only one.
    pub(super) fn links(self, visit: &Visit<'_>) -> Markup {
        let address = |page: usize| visit.address_with(FIELD, &page.to_string());
        let Self { page, pages, total } = self;
        html! {
            @if pages > 1 {
                nav.pages aria-label="Pages" {
                    @if page > 1 {
                        a rel="prev" href=(address(page.saturating_sub(1))) { "← Previous" }
                    }
                    span {
                        "Page " (words::count(page)) " of " (words::count(pages))
                        " · " (words::count(total)) " in all"
                    }
                    @if page < pages {
                        a rel="next" href=(address(page.saturating_add(1))) { "Next →" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_there_is_the_nearest_one() {
        let entries: Vec<usize> = (0..120).collect();
        let part = |page| Paging::new(page, entries.len()).part(&entries).to_vec();
        assert_eq!(part("1"), (0..50).collect::<Vec<_>>());
        assert_eq!(part("3"), (100..120).collect::<Vec<_>>());
        assert_eq!(part("99"), part("3"));
        for none in ["", "0", "-1", "x"] {
            assert_eq!(part(none), part("1"), "{none}");
        }
        assert_eq!(Paging::new("7", 0).part(&[0; 0]), [0; 0]);
    }
}
