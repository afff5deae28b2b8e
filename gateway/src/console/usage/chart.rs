//! Charts in SVG, in the colours of the page.

mod burn_down;
mod rates;
mod theme;

pub(super) use burn_down::burn_down;
pub(super) use rates::rates;
