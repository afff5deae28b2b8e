//! What is left of a quota, from the start of its window to the end.

use maud::{Markup, html};
use plotters::element::PathElement;
use plotters::prelude::{ChartBuilder, IntoDrawingArea as _, SVGBackend};
use plotters::series::DashedLineSeries;
use plotters::style::{Color as _, IntoFont as _};
use tollgate::quota::Day;
use tollgate::time::{SECONDS_PER_DAY, Timestamp};

use super::super::meters::WindowUsed;
use super::super::projection::Projection;
use super::theme::{Colour, NotDrawn, framed};
use crate::console::words;

const SIZE_PX: (u32, u32) = (760, 260);

const FONT: (&str, u32) = ("sans-serif", 16);

/// The lines of a chart: seconds since the start of the window, and requests.
#[derive(Clone, Debug, PartialEq)]
struct Lines {
    length_s: f64,
    most: f64,
    left: Vec<(f64, f64)>,
    projected: Option<[(f64, f64); 2]>,
}

/// The chart, with a legend. Nothing where it cannot be drawn: all of it stands in words and in a table as well.
pub(in crate::console::usage) fn burn_down(
    used: &WindowUsed,
    projection: Projection,
    now: Timestamp,
) -> Markup {
    let lines = Lines::new(used, projection, now);
    let Ok(svg) = draw(&lines, used.window.first) else {
        return html! {};
    };
    let words = format!(
        "Requests left of {} between {} and {}: {} now",
        words::number(used.limit),
        used.window.first,
        used.window.next,
        words::number(used.remaining),
    );
    html! {
        figure {
            (framed(&svg, SIZE_PX, words))
            figcaption.quiet {
                "The solid line shows what was left at the end of each day, and is left now. "
                @if lines.projected.is_some() { "The dashed line goes on at the mean rate of this window. " }
                "The thin line is an even use of the whole quota."
            }
        }
    }
}

impl Lines {
    fn new(used: &WindowUsed, projection: Projection, now: Timestamp) -> Self {
        let start = used.window.first.start();
        let second = |instant: Timestamp| exact(instant.saturating_since(start).as_secs());
        let limit = exact(used.limit);
        let mut left = vec![(0.0, limit)];
        for day in &used.days {
            let end = day.day.plus(1).start().min(now);
            left.push((second(end), exact(day.remaining.unwrap_or(0))));
        }
        let here = (second(now), exact(used.remaining));
        let end = second(used.window.resets_at());
        let projected = match projection {
            Projection::Unused | Projection::UsedUp => None,
            Projection::RunsOut { at } => Some([here, (second(at), 0.0)]),
            Projection::Lasts { left } => Some([here, (end, exact(left))]),
        };
        let most = left.iter().map(|(_, left)| *left).fold(1.0, f64::max);
        Self {
            length_s: end,
            most,
            left,
            projected,
        }
    }
}

/// Numbers of a chart are places on a screen: beyond 2^53 they need not be exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "places on a screen need not be exact"
)]
const fn exact(number: u64) -> f64 {
    number as f64
}

fn draw(lines: &Lines, first: Day) -> Result<String, NotDrawn> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_right(30)
            .x_label_area_size(30)
            .y_label_area_size(100)
            .build_cartesian_2d(0.0..lines.length_s, 0.0..lines.most)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(8)
            .y_labels(5)
            .x_label_formatter(&|second| place_name(first, *second, lines.length_s))
            .y_label_formatter(&|left| words::number(whole(*left)))
            .label_style(FONT.into_font().color(&Colour::Ink.rgb()))
            .axis_style(Colour::Line.rgb())
            .bold_line_style(Colour::Line.rgb().mix(0.4))
            .light_line_style(Colour::Line.rgb().mix(0.0))
            .draw()?;
        let even = vec![(0.0, lines.most), (lines.length_s, 0.0)];
        let thin = Colour::Line.rgb().stroke_width(1);
        chart.draw_series([PathElement::new(even, thin)])?;
        let solid = Colour::First.rgb().stroke_width(3);
        chart.draw_series([PathElement::new(lines.left.clone(), solid)])?;
        if let Some(projected) = lines.projected {
            let dashed = Colour::Second.rgb().stroke_width(3);
            chart.draw_series(DashedLineSeries::new(projected, 8, 6, dashed))?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// What stands below a place on the axis: the day, or the time where the window is a day.
fn place_name(first: Day, second: f64, length_s: f64) -> String {
    let seconds = whole(second);
    if length_s <= exact(SECONDS_PER_DAY) {
        let minutes = seconds / 60;
        return format!("{:02}:{:02}", minutes / 60, minutes % 60);
    }
    let start = first.start().as_secs();
    let day = Day::of(Timestamp::from_secs(start.saturating_add(seconds))).to_string();
    // The year stands in the words beside the chart.
    day.split_once('-')
        .map_or(day.clone(), |(_, rest)| rest.to_owned())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on an axis are positive, and labels are rounded"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use tollgate::quota::{Period, Quota};
    use tollgate::store::DayUse;

    use super::*;

    fn used() -> WindowUsed {
        let quota = Quota::new(1_000, Period::Month, 0).unwrap();
        let first = Day::parse("2026-11-01").unwrap();
        let days = (0..10).map(|number| DayUse {
            day: first.plus(number),
            used: 30,
            remaining: Some(1_000 - 30 * u64::from(number + 1)),
        });
        WindowUsed {
            window: quota.window_of(first),
            limit: 1_000,
            used: 300,
            remaining: 700,
            days: days.collect(),
        }
    }

    fn noon() -> Timestamp {
        let tenth = Day::parse("2026-11-10").unwrap().start();
        Timestamp::from_secs(tenth.as_secs() + SECONDS_PER_DAY / 2)
    }

    #[test]
    fn the_line_begins_with_the_whole_quota_and_ends_now() {
        let lines = Lines::new(&used(), Projection::Lasts { left: 52 }, noon());
        assert_eq!(lines.left.first(), Some(&(0.0, 1_000.0)));
        let now_s = 9.5 * exact(SECONDS_PER_DAY);
        assert_eq!(lines.left.last(), Some(&(now_s, 700.0)));
        let end_s = 30.0 * exact(SECONDS_PER_DAY);
        assert_eq!(lines.projected, Some([(now_s, 700.0), (end_s, 52.0)]));
    }

    #[test]
    fn a_chart_has_the_colours_of_the_page_and_no_style_of_its_own() {
        let html = burn_down(&used(), Projection::Lasts { left: 52 }, noon()).into_string();
        assert!(!html.contains("style"), "{html}");
        assert!(!html.contains("=\"#"), "{html}");
        for colour in ["currentColor", "var(--series-1)", "var(--series-2)"] {
            assert!(html.contains(colour), "{colour}: {html}");
        }
        assert!(html.contains(">\n11-15\n<") || html.contains("11-16"), "{html}");
        assert!(html.contains("1,000"), "{html}");
        assert_eq!(html.matches("<svg").count(), 1);
    }

    #[test]
    fn a_day_is_labelled_by_the_hour() {
        let first = Day::parse("2026-11-01").unwrap();
        let day = exact(SECONDS_PER_DAY);
        assert_eq!(place_name(first, day / 4.0, day), "06:00");
        assert_eq!(place_name(first, day, 30.0 * day), "11-02");
    }
}
