//! A chart as SVG.

use plotters::element::PathElement;
use plotters::prelude::{ChartBuilder, IntoDrawingArea as _, SVGBackend, SeriesLabelPosition};
use plotters::style::{Color as _, IntoFont as _, RGBColor};

use super::report::{Report, Second};

const SIZE_PX: (u32, u32) = (960, 360);
const FONT: (&str, u32) = ("sans-serif", 15);

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(40, 40, 40);
const LINE: RGBColor = RGBColor(190, 190, 190);
// Told apart by people who do not see all colours, and by their width.
const CAME: RGBColor = RGBColor(120, 120, 120);
const ADMITTED: RGBColor = RGBColor(0, 114, 178);
const REFUSED: RGBColor = RGBColor(213, 94, 0);

/// Why there is no chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct NotDrawn(String);

impl<E> From<plotters::drawing::DrawingAreaErrorKind<E>> for NotDrawn
where
    E: std::error::Error + Send + Sync,
{
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

/// What came, what was admitted and what was refused in each second, as SVG.
///
/// # Errors
///
/// When the library for charts refuses.
pub fn svg(report: &Report) -> Result<String, NotDrawn> {
    let seconds = &report.seconds;
    let of = |count: fn(&Second) -> u64| -> Vec<u64> { seconds.iter().map(count).collect() };
    let lines = [
        ("requests", of(|second| second.requests), CAME, 1),
        ("admitted", of(|second| second.admitted), ADMITTED, 3),
        ("refused", of(|second| second.refused), REFUSED, 2),
    ];
    let most = lines.iter().flat_map(|(_, counts, ..)| counts).max();
    let scale = most.copied().unwrap_or(0).max(1);
    let end = u64::try_from(seconds.len()).unwrap_or(u64::MAX).max(2) - 1;
    let title = format!("{}, {}", report.plan, report.traffic);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        root.fill(&PAPER)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, FONT.into_font().color(&INK))
            .margin(12)
            .x_label_area_size(32)
            .y_label_area_size(64)
            .build_cartesian_2d(0..end, 0..scale)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_label_formatter(&|second| format!("{second} s"))
            .label_style(FONT.into_font().color(&INK))
            .axis_style(LINE)
            .bold_line_style(LINE.mix(0.5))
            .light_line_style(LINE.mix(0.0))
            .draw()?;
        for (name, counts, colour, width_px) in lines {
            let style = colour.stroke_width(width_px);
            chart
                .draw_series([PathElement::new(
                    (0..).zip(counts).collect::<Vec<(u64, u64)>>(),
                    style,
                )])?
                .label(name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(PAPER.mix(0.8))
            .label_font(FONT.into_font().color(&INK))
            .draw()?;
        root.present()?;
    }
    Ok(svg)
}
