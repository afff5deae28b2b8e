//! Requests a second, of the last minutes.

use maud::{Markup, html};
use plotters::element::PathElement;
use plotters::prelude::{ChartBuilder, IntoDrawingArea as _, SVGBackend};
use plotters::style::{Color as _, IntoFont as _};

use super::theme::{Colour, NotDrawn, framed};
use crate::console::words;
use crate::tally::Counts;

const SIZE_PX: (u32, u32) = (760, 180);

const FONT: (&str, u32) = ("sans-serif", 16);

/// Two lines: what passed and what was refused in each second, the earliest first. Nothing where it cannot be drawn.
pub(in crate::console::usage) fn rates(seconds: &[Counts]) -> Markup {
    let Ok(svg) = draw(seconds) else {
        return html! {};
    };
    let most = |of: fn(Counts) -> u64| seconds.iter().map(|second| of(*second)).max().unwrap_or(0);
    let words = format!(
        "Requests a second in the last {} seconds: at most {} passed and {} refused",
        seconds.len(),
        words::number(most(Counts::passed)),
        words::number(most(Counts::refused)),
    );
    html! {
        figure {
            (framed(&svg, SIZE_PX, words))
            figcaption.quiet { "The thick line shows the requests that passed in each second, the thin line those that were refused." }
        }
    }
}

fn draw(seconds: &[Counts]) -> Result<String, NotDrawn> {
    let passed: Vec<u64> = seconds.iter().map(|second| second.passed()).collect();
    let refused: Vec<u64> = seconds.iter().map(|second| second.refused()).collect();
    let most = passed.iter().chain(&refused).copied().max().unwrap_or(0);
    // A quiet gateway has a scale all the same.
    let scale = most.max(5);
    let ends_at = i64::try_from(seconds.len()).unwrap_or(i64::MAX);
    let points = |counts: Vec<u64>| -> Vec<(i64, u64)> {
        (0..ends_at)
            .map(|second| second.saturating_sub(ends_at))
            .zip(counts)
            .collect()
    };
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_right(30)
            .x_label_area_size(30)
            .y_label_area_size(70)
            .build_cartesian_2d(ends_at.saturating_neg()..-1_i64, 0..scale)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(7)
            .y_labels(4)
            .x_label_formatter(&|second| format!("{second} s"))
            .y_label_formatter(&|count| words::number(*count))
            .label_style(FONT.into_font().color(&Colour::Ink.rgb()))
            .axis_style(Colour::Line.rgb())
            .bold_line_style(Colour::Line.rgb().mix(0.4))
            .light_line_style(Colour::Line.rgb().mix(0.0))
            .draw()?;
        for (counts, colour, width_px) in [(passed, Colour::First, 3), (refused, Colour::Third, 1)]
        {
            let style = colour.rgb().stroke_width(width_px);
            chart.draw_series([PathElement::new(points(counts), style)])?;
        }
        root.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seconds_are_drawn_in_the_colours_of_the_page() {
        let mut seconds = vec![Counts::default(); 120];
        seconds[119].admitted = 1_200;
        seconds[118].throttled = 7;
        let html = rates(&seconds).into_string();
        assert!(!html.contains("style"), "{html}");
        assert!(!html.contains("=\"#"), "{html}");
        assert!(
            html.contains("at most 1,200 passed and 7 refused"),
            "{html}"
        );
        assert!(html.contains("var(--series-1)") && html.contains("var(--series-3)"));
    }

    #[test]
    fn a_gateway_without_requests_has_a_chart_too() {
        assert!(
            rates(&[Counts::default(); 120])
                .into_string()
                .contains("<svg")
        );
        assert!(rates(&[]).into_string().contains("<svg"));
    }
}
