//! Colours that follow the page, and the frame around a chart.

use std::fmt;

use maud::{Markup, PreEscaped, html};
use plotters::style::RGBColor;

/// A colour of the style sheet. Charts are drawn in colours that stand for these, since a library for charts knows no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Ink,
    Line,
    First,
    Second,
    Third,
}

impl Colour {
    const ALL: [Self; 5] = [
        Self::Ink,
        Self::Line,
        Self::First,
        Self::Second,
        Self::Third,
    ];

    /// What stands for it.
    pub(super) const fn rgb(self) -> RGBColor {
        match self {
            Self::Ink => RGBColor(0, 0, 1),
            Self::Line => RGBColor(0, 0, 2),
            Self::First => RGBColor(0, 0, 3),
            Self::Second => RGBColor(0, 0, 4),
            Self::Third => RGBColor(0, 0, 5),
        }
    }

    const fn css(self) -> &'static str {
        match self {
            Self::Ink => "currentColor",
            Self::Line => "var(--field-line)",
            Self::First => "var(--series-1)",
            Self::Second => "var(--series-2)",
            Self::Third => "var(--series-3)",
        }
    }
}

/// Why there is no chart: text could not be measured, or there is no room.
#[derive(Debug)]
pub(super) struct NotDrawn;

impl<E> From<plotters::drawing::DrawingAreaErrorKind<E>> for NotDrawn
where
    E: std::error::Error + Send + Sync,
{
    fn from(_: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self
    }
}

/// A chart of this size as a part of a page, and what it shows in words. `svg` is what the library has drawn.
pub(super) fn framed(svg: &str, (width, height): (u32, u32), words: impl fmt::Display) -> Markup {
    // The library's own frame has a fixed size.
    let inside = svg
        .split_once('>')
        .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
        .map_or("", |(inside, _)| inside);
    let mut inside = inside.to_owned();
    for colour in Colour::ALL {
        let RGBColor(red, green, blue) = colour.rgb();
        let drawn = format!("=\"#{red:02X}{green:02X}{blue:02X}\"");
        inside = inside.replace(&drawn, &format!("=\"{}\"", colour.css()));
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Chart" {
            svg.chart viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(words) {
                (PreEscaped(inside))
            }
        }
    }
}
