//! When requests come.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

/// A shape of traffic: when the requests of one key come.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// So many requests a second, evenly.
    Constant {
        /// Requests a second, above 0.
        rate: f64,
    },
    /// So many requests a second on average, each independent of the others.
    Poisson {
        /// Requests a second, above 0.
        rate: f64,
    },
    /// So many requests at once, again and again.
    Bursts {
        /// Requests at once.
        size: u32,
        /// From one burst to the next.
        every: Duration,
    },
    /// So many requests a second on average for a while, then none for a while.
    OnOff {
        /// Requests a second while it is on, above 0.
        rate: f64,
        /// How long it is on.
        on: Duration,
        /// How long it is off.
        off: Duration,
    },
    /// At these times after the start, in order.
    Times(Arc<[Duration]>),
}

/// A text that is no shape of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write it constant:RATE, poisson:RATE, bursts:SIZE/SECONDS, on-off:RATE/SECONDS/SECONDS, or file:NAME"
)]
pub struct InvalidShape;

impl FromStr for Shape {
    type Err = InvalidShape;

    /// Reads `constant:8`, `poisson:8`, `bursts:20/10`, or `on-off:20/5/15`: rates a second, and seconds.
    fn from_str(text: &str) -> Result<Self, InvalidShape> {
        let (name, numbers) = text.split_once(':').ok_or(InvalidShape)?;
        let numbers: Vec<&str> = numbers.split('/').collect();
        match (name, numbers.as_slice()) {
            ("constant", [rate]) => Ok(Self::Constant {
                rate: positive(rate)?,
            }),
            ("poisson", [rate]) => Ok(Self::Poisson {
                rate: positive(rate)?,
            }),
            ("bursts", [size, every]) => Ok(Self::Bursts {
                size: size.parse().map_err(|_no_number| InvalidShape)?,
                every: seconds(every)?,
            }),
            ("on-off", [rate, on, off]) => Ok(Self::OnOff {
                rate: positive(rate)?,
                on: seconds(on)?,
                off: seconds(off)?,
            }),
            _ => Err(InvalidShape),
        }
    }
}

fn positive(text: &str) -> Result<f64, InvalidShape> {
    let number: f64 = text.parse().map_err(|_no_number| InvalidShape)?;
    // Slower than a request in a century is no traffic, and faster than one a nanosecond is no time.
    (1e-9..=1e9)
        .contains(&number)
        .then_some(number)
        .ok_or(InvalidShape)
}

fn seconds(text: &str) -> Result<Duration, InvalidShape> {
    let text = text.strip_suffix('s').unwrap_or(text);
    Duration::try_from_secs_f64(positive(text)?).map_err(|_out_of_range| InvalidShape)
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { rate } => write!(f, "constant:{rate}"),
            Self::Poisson { rate } => write!(f, "poisson:{rate}"),
            Self::Bursts { size, every } => write!(f, "bursts:{size}/{}", every.as_secs_f64()),
            Self::OnOff { rate, on, off } => {
                write!(
                    f,
                    "on-off:{rate}/{}/{}",
                    on.as_secs_f64(),
                    off.as_secs_f64()
                )
            }
            Self::Times(times) => write!(f, "{} times of a file", times.len()),
        }
    }
}

/// When the requests of one key come, after the start: in order, and without end but for those of a file.
#[derive(Debug)]
pub(super) struct Arrivals {
    shape: Shape,
    draws: Rng,
    /// How many have come.
    count: u64,
    /// The sum of the gaps that were drawn.
    drawn: Duration,
}

impl Arrivals {
    pub(super) const fn new(shape: Shape, draws: Rng) -> Self {
        Self {
            shape,
            draws,
            count: 0,
            drawn: Duration::ZERO,
        }
    }

    /// The time of the next of independent requests.
    fn draw(&mut self, rate: f64) -> Option<Duration> {
        // 1 less a draw from [0, 1) is never 0.
        let gap_s = -(1.0 - self.draws.f64()).ln() / rate;
        let gap = Duration::try_from_secs_f64(gap_s).ok()?;
        self.drawn = self.drawn.checked_add(gap)?;
        Some(self.drawn)
    }

    fn next_time(&mut self) -> Option<Duration> {
        match &self.shape {
            Shape::Constant { rate } => {
                // From the start, so that no error adds up.
                let interval = Duration::try_from_secs_f64(1.0 / rate).ok()?;
                let nanos = interval.as_nanos().checked_mul(u128::from(self.count))?;
                u64::try_from(nanos).ok().map(Duration::from_nanos)
            }
            Shape::Poisson { rate } => {
                let rate = *rate;
                self.draw(rate)
            }
            Shape::Bursts { size, every } => {
                let burst = self.count.checked_div(u64::from(*size))?;
                every.checked_mul(u32::try_from(burst).ok()?)
            }
            Shape::OnOff { rate, on, off } => {
                let (rate, on, off) = (*rate, *on, *off);
                // Drawn as if it was always on: nothing remembers when the last request was.
                let drawn = self.draw(rate)?;
                let periods = drawn.as_nanos().checked_div(on.as_nanos())?;
                drawn.checked_add(off.checked_mul(u32::try_from(periods).ok()?)?)
            }
            Shape::Times(times) => {
                let at = usize::try_from(self.count).ok()?;
                times.get(at).copied()
            }
        }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let next = self.next_time()?;
        self.count = self.count.checked_add(1)?;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(shape: &str, seed: u64, count: usize) -> Vec<f64> {
        let arrivals = Arrivals::new(shape.parse().unwrap(), Rng::with_seed(seed));
        arrivals.take(count).map(|at| at.as_secs_f64()).collect()
    }

    #[test]
    fn shapes_are_read_and_written() {
        for text in [
            "constant:8",
            "poisson:0.5",
            "bursts:20/10",
            "on-off:20/5/15",
        ] {
            let shape: Shape = text.parse().unwrap();
            assert_eq!(shape.to_string(), text);
        }
        assert_eq!(
            "bursts:20/10s".parse::<Shape>().unwrap().to_string(),
            "bursts:20/10"
        );
        for text in [
            "",
            "constant",
            "constant:",
            "constant:0",
            "constant:-1",
            "constant:NaN",
            "poisson:inf",
            "bursts:20",
            "bursts:1.5/3",
            "on-off:5/1",
            "waves:3",
        ] {
            assert_eq!(text.parse::<Shape>(), Err(InvalidShape), "{text}");
        }
    }

    #[test]
    fn requests_come_as_the_shape_says() {
        assert_eq!(first("constant:4", 1, 5), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(first("bursts:2/10", 1, 5), [0.0, 0.0, 10.0, 10.0, 20.0]);
        assert_eq!(first("bursts:0/10", 1, 5), [0.0; 0]);
        let poisson = first("poisson:10", 1, 10_000);
        assert!((950.0..1_050.0).contains(poisson.last().unwrap()));
        assert!(poisson.is_sorted());
    }

    #[test]
    fn nothing_comes_while_it_is_off() {
        let times = first("on-off:50/2/3", 3, 5_000);
        assert!(times.is_sorted());
        assert!(times.iter().all(|at| at % 5.0 < 2.0 + 1e-6));
        // 50 a second for two fifths of the time.
        let mean = 5_000.0 / times.last().unwrap();
        assert!((18.0..22.0).contains(&mean), "{mean}");
    }

    #[test]
    fn a_seed_is_repeatable_and_another_one_differs() {
        assert_eq!(first("poisson:10", 5, 100), first("poisson:10", 5, 100));
        assert_ne!(first("poisson:10", 5, 100), first("poisson:10", 6, 100));
    }
}
