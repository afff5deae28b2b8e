//! A chart of text.

/// Eighths of a cell, from none to all.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A column for each value, of so many lines, with the scale to its left. The first line is the highest. The largest value fills its
/// column; one that is not 0 is seen, however small it is.
#[must_use]
pub fn columns(values: &[u64], height: usize) -> Vec<String> {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let steps = height.saturating_mul(8);
    let filled: Vec<usize> = values
        .iter()
        .map(|value| eighths(*value, most, steps))
        .collect();
    let width = most.to_string().len();
    (0..height)
        .map(|line| {
            let label = match line {
                0 => most.to_string(),
                _ if line.saturating_add(1) == height => "0".to_owned(),
                _ => String::new(),
            };
            let below = height
                .saturating_sub(line.saturating_add(1))
                .saturating_mul(8);
            let cells = filled.iter().map(|filled| {
                let eighths = filled.saturating_sub(below).min(8);
                EIGHTHS.get(eighths).copied().unwrap_or(' ')
            });
            format!("{label:>width$} ┤{}", cells.collect::<String>())
        })
        .collect()
}

fn eighths(value: u64, most: u64, steps: usize) -> usize {
    let wide = u128::try_from(steps)
        .unwrap_or(0)
        .saturating_mul(u128::from(value));
    let rounded_up = wide.div_ceil(u128::from(most.max(1)));
    usize::try_from(rounded_up).unwrap_or(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_fills_its_column_and_a_small_one_is_seen() {
        let lines = columns(&[0, 1, 50, 100], 2);
        assert_eq!(lines, ["100 ┤   █", "  0 ┤ ▁██"]);
        assert_eq!(columns(&[], 1), ["1 ┤"]);
        assert_eq!(columns(&[0, 0], 1), ["1 ┤  "]);
    }
}
