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

/// The lines of a chart: days since the start of the window, or hours where the window is a day, and requests.
#[derive(Clone, Debug, PartialEq)]
struct Lines {
    first: Day,
    unit: Unit,
    length: f64,
    most: f64,
    left: Vec<(f64, f64)>,
    projected: Option<[(f64, f64); 2]>,
}

/// What the axis of a window counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
}

impl Unit {
    const fn seconds(self) -> u64 {
        match self {
            Self::Hours => SECONDS_PER_DAY / 24,
            Self::Days => SECONDS_PER_DAY,
        }
    }
}

/// The chart, with a legend. Nothing where it cannot be drawn: all of it stands in words and in a table as well.
pub(in crate::console::usage) fn burn_down(
    used: &WindowUsed,
    projection: Projection,
    now: Timestamp,
) -> Markup {
    let lines = Lines::new(used, projection, now);
    let Ok(svg) = draw(&lines) else {
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
        let unit = if used.window.length_s() <= SECONDS_PER_DAY {
            Unit::Hours
        } else {
            Unit::Days
        };
        let place = |instant: Timestamp| {
            exact(instant.saturating_since(start).as_secs()) / exact(unit.seconds())
        };
        let limit = exact(used.limit);
        let mut left = vec![(0.0, limit)];
        for day in &used.days {
            let end = day.day.plus(1).start().min(now);
            left.push((place(end), exact(day.remaining.unwrap_or(0))));
        }
        let here = (place(now), exact(used.remaining));
        let end = place(used.window.resets_at());
        let projected = match projection {
            Projection::Unused | Projection::UsedUp => None,
            Projection::RunsOut { at } => Some([here, (place(at), 0.0)]),
            Projection::Lasts { left } => Some([here, (end, exact(left))]),
        };
        let most = left.iter().map(|(_, left)| *left).fold(1.0, f64::max);
        Self {
            first: used.window.first,
            unit,
            length: end,
            most,
            left,
            projected,
        }
    }

    /// What stands below a place on the axis.
    fn place_name(&self, place: f64) -> String {
        let number = whole(place);
        match self.unit {
            Unit::Hours => format!("{number:02}:00"),
            Unit::Days => {
                let day = self.first.plus(u32::try_from(number).unwrap_or(u32::MAX));
                let day = day.to_string();
                // The year stands in the words beside the chart.
                day.split_once('-')
                    .map_or_else(|| day.clone(), |(_, rest)| rest.to_owned())
            }
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

fn draw(lines: &Lines) -> Result<String, NotDrawn> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_right(30)
            .x_label_area_size(30)
            .y_label_area_size(100)
            .build_cartesian_2d(0.0..lines.length, 0.0..lines.most)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(8)
            .y_labels(5)
            .x_label_formatter(&|place| lines.place_name(*place))
            .y_label_formatter(&|left| words::number(whole(*left)))
            .label_style(FONT.into_font().color(&Colour::Ink.rgb()))
            .axis_style(Colour::Line.rgb())
            .bold_line_style(Colour::Line.rgb().mix(0.4))
            .light_line_style(Colour::Line.rgb().mix(0.0))
            .draw()?;
        let even = vec![(0.0, lines.most), (lines.length, 0.0)];
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
        assert_eq!(lines.left.last(), Some(&(9.5, 700.0)));
        assert_eq!(lines.projected, Some([(9.5, 700.0), (30.0, 52.0)]));
        assert_eq!(lines.place_name(14.0), "11-15");
    }

    #[test]
    fn a_chart_has_the_colours_of_the_page_and_no_style_of_its_own() {
        let html = burn_down(&used(), Projection::Lasts { left: 52 }, noon()).into_string();
        assert!(!html.contains("style"), "{html}");
        assert!(!html.contains("=\"#"), "{html}");
        for colour in ["currentColor", "var(--series-1)", "var(--series-2)"] {
            assert!(html.contains(colour), "{colour}: {html}");
        }
        assert!(html.contains("1,000"), "{html}");
        assert_eq!(html.matches("<svg").count(), 1);
    }

    #[test]
    fn a_day_is_labelled_by_the_hour() {
        let quota = Quota::new(1_000, Period::Day, 0).unwrap();
        let used = WindowUsed {
            window: quota.window_of(Day::of(noon())),
            days: Vec::new(),
            ..used()
        };
        let lines = Lines::new(&used, Projection::UsedUp, noon());
        assert!((lines.length - 24.0).abs() < 1e-9);
        assert_eq!(lines.place_name(5.0), "05:00");
    }
}
