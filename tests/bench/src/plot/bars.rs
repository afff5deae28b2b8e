//! Bars, one under the other, in SVG, in colours that can be read on a light and on a dark page.

use std::ops::Range;

use ::tests::Result;
use plotters::coord::ranged1d::SegmentValue;
use plotters::element::{EmptyElement, PathElement, Rectangle, Text};
use plotters::prelude::{
    ChartBuilder, IntoDrawingArea as _, IntoSegmentedCoord as _, RGBColor, SVGBackend,
};
use plotters::style::{Color as _, IntoFont as _};

const WIDTH_PX: u32 = 760;
const BAR_PX: u32 = 30;
const FRAME_PX: u32 = 100;

/// What stands for nothing where the axis has no zero.
const LEAST: f64 = 1e-6;

/// Text, lines and axes.
const GREY: RGBColor = RGBColor(128, 134, 142);
const TOLLGATE: RGBColor = RGBColor(38, 139, 210);
const OTHERS: RGBColor = RGBColor(181, 137, 0);

/// A bar, with what is written before it.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) is_tollgate: bool,
}

/// Where values stand, what is written beside them and at the axis, and where a line is drawn across all bars.
struct Axis {
    range: Range<f64>,
    ticks: usize,
    place: fn(f64) -> f64,
    value_text: fn(f64) -> String,
    tick_text: fn(f64) -> String,
    line_at: Option<f64>,
}

/// Values of different sizes: each step of the axis is ten times the one before.
pub(super) fn logarithmic(title: &str, bars: &[Bar]) -> Result<String> {
    let values = || bars.iter().map(|bar| bar.value);
    let least = values().fold(f64::MAX, f64::min).max(LEAST);
    let most = values().fold(LEAST, f64::max);
    let mut places = vec![(least / 2.0).log10().floor()];
    while places.last().is_some_and(|last| *last < most.log10()) {
        places.extend(places.last().map(|last| last + 1.0));
    }
    let (first, last) = (places.first(), places.last());
    let axis = Axis {
        range: first.copied().unwrap_or(0.0)..last.copied().unwrap_or(1.0),
        ticks: places.len(),
        place: |value| value.max(LEAST).log10(),
        value_text: plain,
        tick_text: |place| {
            let is_step = (place - place.round()).abs() < 1e-9;
            if is_step {
                plain(10_f64.powf(place))
            } else {
                String::new()
            }
        },
        line_at: None,
    };
    draw(title, bars, &axis)
}

/// Shares of a bound, with a line where it is.
pub(super) fn beside_the_bound(title: &str, bars: &[Bar]) -> Result<String> {
    let most = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    let axis = Axis {
        range: 0.0..most * 1.2,
        ticks: 6,
        place: |value| value,
        value_text: |value| format!("{:.1} %", value * 100.0),
        tick_text: |place| format!("{:.0} %", place * 100.0),
        line_at: Some(1.0),
    };
    draw(title, bars, &axis)
}

/// A number with three digits that say something; millions and thousands as such.
fn plain(number: f64) -> String {
    let (size, unit) = match number.abs() {
        size if size >= 1e6 => (number / 1e6, " million"),
        size if size >= 1e3 => (number / 1e3, " thousand"),
        _ => (number, ""),
    };
    let digits = match size.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        size if size >= 0.01 => 4,
        _ => 5,
    };
    let text = format!("{size:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{unit}")
}

fn draw(title: &str, bars: &[Bar], axis: &Axis) -> Result<String> {
    let count = i32::try_from(bars.len())?;
    let height = FRAME_PX + BAR_PX * u32::try_from(bars.len())?;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH_PX, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .caption(title, ("sans-serif", 17).into_font().color(&GREY))
            .margin(10)
            .margin_right(90)
            .x_label_area_size(34)
            .y_label_area_size(255)
            .build_cartesian_2d(axis.range.clone(), (0..count - 1).into_segmented())?;
        // The first bar is on top, and the axis counts from below.
        let bar_at = |place: i32| {
            let from_top = usize::try_from(count - 1 - place).ok()?;
            bars.get(from_top)
        };
        let names = |place: &SegmentValue<i32>| match place {
            SegmentValue::CenterOf(place) => bar_at(*place).map_or("", |bar| &bar.name).to_owned(),
            SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .x_labels(axis.ticks)
            .y_labels(bars.len())
            .x_label_formatter(&|place| (axis.tick_text)(*place))
            .y_label_formatter(&names)
            .axis_style(GREY)
            .bold_line_style(GREY.mix(0.25))
            .light_line_style(GREY.mix(0.0))
            .label_style(("sans-serif", 14).into_font().color(&GREY))
            .draw()?;
        let text = ("sans-serif", 14).into_font().color(&GREY);
        for place in 0..count {
            let Some(bar) = bar_at(place) else { continue };
            let end = (axis.place)(bar.value);
            let corners = [
                (axis.range.start, SegmentValue::Exact(place)),
                (end, SegmentValue::Exact(place + 1)),
            ];
            let color = if bar.is_tollgate { TOLLGATE } else { OTHERS };
            let mut rectangle = Rectangle::new(corners, color.filled());
            rectangle.set_margin(5, 5, 0, 0);
            let value = (axis.value_text)(bar.value);
            let beside = EmptyElement::at((end, SegmentValue::CenterOf(place)))
                + Text::new(value, (6, -7), text.clone());
            chart.draw_series([rectangle])?;
            chart.draw_series([beside])?;
        }
        if let Some(line_at) = axis.line_at {
            let ends = vec![
                (line_at, SegmentValue::Exact(0)),
                (line_at, SegmentValue::Exact(count)),
            ];
            chart.draw_series([PathElement::new(ends, GREY.stroke_width(2))])?;
        }
        root.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_can_be_read() {
        for (number, text) in [
            (0.0, "0"),
            (0.001_17, "0.00117"),
            (0.011_74, "0.0117"),
            (0.1, "0.1"),
            (1.25, "1.25"),
            (100.0, "100"),
            (20_512.4, "20.5 thousand"),
            (10_000_000.0, "10 million"),
        ] {
            assert_eq!(plain(number), text);
        }
    }

    #[test]
    fn each_step_of_a_logarithmic_axis_is_labelled() {
        let bar = |value| Bar {
            name: "a".to_owned(),
            value,
            is_tollgate: false,
        };
        let plot = logarithmic("title", &[bar(0.0117), bar(4.1)]).unwrap();
        for step in ["0.001", "0.01", "0.1", "1", "10"] {
            assert!(plot.contains(&format!("\n{step}\n")), "{step}: {plot}");
        }
    }
}
