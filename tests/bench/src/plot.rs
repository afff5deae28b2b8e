//! Plots of the table for the README: bars, in SVG, in colours that can be read on a light and on a dark page.

use std::ops::Range;
use std::path::Path;

use ::tests::Result;
use plotters::coord::ranged1d::SegmentValue;
use plotters::element::{EmptyElement, PathElement, Rectangle, Text};
use plotters::prelude::{
    ChartBuilder, IntoDrawingArea as _, IntoSegmentedCoord as _, RGBColor, SVGBackend,
};
use plotters::style::{Color as _, IntoFont as _};

use crate::row::Row;
use crate::scenario::Scenario;

const WIDTH_PX: u32 = 760;
const BAR_PX: u32 = 30;
const FRAME_PX: u32 = 100;

/// Text, lines and axes.
const GREY: RGBColor = RGBColor(128, 134, 142);
const TOLLGATE: RGBColor = RGBColor(38, 139, 210);
const OTHERS: RGBColor = RGBColor(181, 137, 0);

/// Writes a plot of the requests for each check, and one of the admissions beside the bound, where there are rows for them.
///
/// # Errors
///
/// When a file cannot be written.
pub(crate) fn write_all(folder: &Path, rows: &[Row]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let bars = |scenario: Scenario, figure: &str| -> Vec<Bar> {
        rows.iter()
            .filter(|row| row.scenario == scenario.name())
            .filter_map(|row| Bar::new(row, figure))
            .collect()
    };
    let requests = bars(Scenario::LimitNeverReached, "requests_per_check");
    if !requests.is_empty() {
        let plot = logarithmic(
            "Requests to DynamoDB for each check (log scale, less is better)",
            &requests,
        )?;
        std::fs::write(folder.join("requests-per-check.svg"), plot)?;
    }
    let admitted = bars(Scenario::Saturated16, "admitted_share");
    if !admitted.is_empty() {
        let plot = beside_the_bound(
            "Admitted under saturation, as a share of what the plan allows",
            &admitted,
        )?;
        std::fs::write(folder.join("admitted.svg"), plot)?;
    }
    Ok(())
}

struct Bar {
    name: String,
    value: f64,
    color: RGBColor,
}

impl Bar {
    fn new(row: &Row, figure: &str) -> Option<Self> {
        let is_tollgate = row.system.starts_with("tollgate");
        Some(Self {
            name: row.system.clone(),
            value: row.figure(figure)?,
            color: if is_tollgate { TOLLGATE } else { OTHERS },
        })
    }
}

/// Where values stand, what is written beside them and at the axis, and where a line is drawn across all bars.
struct Axis {
    range: Range<f64>,
    place: fn(f64) -> f64,
    value_text: fn(f64) -> String,
    tick_text: fn(f64) -> String,
    line_at: Option<f64>,
}

fn logarithmic(title: &str, bars: &[Bar]) -> Result<String> {
    let values = || bars.iter().map(|bar| bar.value);
    let least = values().fold(f64::MAX, f64::min).max(1e-6);
    let most = values().fold(1e-6, f64::max);
    let axis = Axis {
        range: (least / 2.0).log10().floor()..most.log10().ceil(),
        place: |value| value.max(1e-6).log10(),
        value_text: |value| format!("{value:.3}"),
        tick_text: |place| format!("{}", 10_f64.powf(place)),
        line_at: None,
    };
    draw(title, bars, &axis)
}

fn beside_the_bound(title: &str, bars: &[Bar]) -> Result<String> {
    let most = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    let axis = Axis {
        range: 0.0..most * 1.2,
        place: |value| value,
        value_text: |value| format!("{:.1} %", value * 100.0),
        tick_text: |place| format!("{:.0} %", place * 100.0),
        line_at: Some(1.0),
    };
    draw(title, bars, &axis)
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
            .margin_right(60)
            .x_label_area_size(34)
            .y_label_area_size(225)
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
            .x_labels(6)
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
            let mut rectangle = Rectangle::new(corners, bar.color.filled());
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
    use crate::system::System;

    #[test]
    fn each_system_has_a_bar_and_the_files_are_small() {
        let rows: Vec<Row> = System::ALL
            .into_iter()
            .map(|system| {
                let mut row = Row {
                    scenario: Scenario::LimitNeverReached.name().to_owned(),
                    system: system.name().to_owned(),
                    ..Row::default()
                };
                row.set("requests_per_check", 0.0117);
                row
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), &rows).unwrap();
        let plot = std::fs::read_to_string(folder.path().join("requests-per-check.svg")).unwrap();
        for system in System::ALL {
            assert!(plot.contains(system.name()), "{}", system.name());
        }
        assert!(plot.contains("0.012"));
        assert!(plot.len() < 60_000, "{}", plot.len());
        assert!(!folder.path().join("admitted.svg").exists());
    }
}
