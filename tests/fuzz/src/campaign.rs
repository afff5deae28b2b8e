//! All cases of one target.

use std::collections::HashSet;
use std::path::PathBuf;

use fastrand::Rng;
use tests::Result;

use crate::case::{self, Kind, Violation};
use crate::flight::{self, Flight};
use crate::minimise::minimise;
use crate::mutate::{self, Pool};
use crate::target::{Mark, Seen, Target};

/// After so many different violations a target is given up.
const VIOLATIONS_MAX: usize = 12;

/// How many inputs that were taken are kept because that was in a new way, and how many that were refused.
const KEPT_MAX: usize = 4_000;

/// What came of the cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many cases there were.
    pub steps: u64,
    /// How many inputs were refused with an error.
    pub faults: u64,
    /// How many different ways there were to break a promise.
    pub violations: u64,
}

impl Sum {
    /// Adds what came of others.
    pub fn add(&mut self, other: Self) {
        self.steps = self.steps.saturating_add(other.steps);
        self.faults = self.faults.saturating_add(other.faults);
        self.violations = self.violations.saturating_add(other.violations);
    }
}

/// An input that broke a promise.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it broke.
    pub violation: Violation,
    /// The input, made as small as it gets.
    pub input: Vec<u8>,
}

impl Found {
    /// Writes the input to a file of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&self, target: &str) -> Result<PathBuf> {
        let mark = Mark::of(&self.violation.told).number();
        let path = flight::folder()?.join(format!("fuzz-{target}-{mark:016x}"));
        std::fs::write(&path, &self.input)?;
        Ok(path)
    }
}

/// The cases of one target.
#[derive(Debug)]
pub struct Campaign<'t> {
    target: &'t Target,
    pool: Pool,
    known: HashSet<Mark>,
    broken: HashSet<(Kind, Mark)>,
    random: Rng,
    flight: Option<&'t Flight>,
    sum: Sum,
    found: Vec<Found>,
}

impl<'t> Campaign<'t> {
    /// No case yet. `flight` keeps the input of the case that runs.
    #[must_use]
    pub fn new(target: &'t Target, seed: u64, flight: Option<&'t Flight>) -> Self {
        // Targets draw from streams of their own, so that one of them alone does what it does among all.
        let stream = Mark::of(target.name).number();
        Self {
            target,
            pool: Pool::default(),
            known: HashSet::new(),
            broken: HashSet::new(),
            random: Rng::with_seed(seed ^ stream),
            flight,
            sum: Sum::default(),
            found: Vec::new(),
        }
    }

    /// Reads an input, and keeps it as one that others are made from.
    ///
    /// # Errors
    ///
    /// When it cannot be kept in a file.
    pub fn read(&mut self, input: &[u8]) -> Result<()> {
        self.case(input)?;
        self.pool.taken.push(input.to_vec());
        Ok(())
    }

    /// Reads `steps` inputs that are made from those that were read before.
    ///
    /// # Errors
    ///
    /// When they cannot be kept in a file.
    pub fn run(&mut self, steps: u64) -> Result<()> {
        for _ in 0..steps {
            if self.found.len() >= VIOLATIONS_MAX {
                break;
            }
            let input = mutate::next(&mut self.random, self.target, &self.pool);
            self.case(&input)?;
        }
        Ok(())
    }

    /// What came of it, and what broke something.
    #[must_use]
    pub fn end(self) -> (Sum, Vec<Found>) {
        (self.sum, self.found)
    }

    fn case(&mut self, input: &[u8]) -> Result<()> {
        if let Some(flight) = self.flight {
            flight.begin(input)?;
        }
        self.sum.steps = self.sum.steps.saturating_add(1);
        match case::run(self.target, input) {
            Ok(seen) => {
                let of_its_kind = match seen {
                    Seen::Taken(_) => &mut self.pool.taken,
                    Seen::Refused(_) => {
                        self.sum.faults = self.sum.faults.saturating_add(1);
                        &mut self.pool.refused
                    }
                };
                if of_its_kind.len() < KEPT_MAX && self.known.insert(seen.mark()) {
                    of_its_kind.push(input.to_vec());
                }
            }
            Err(violation) => self.note(input, violation)?,
        }
        Ok(())
    }

    fn note(&mut self, input: &[u8], violation: Violation) -> Result<()> {
        let mark = |violation: &Violation| (violation.kind, Mark::of(&violation.told));
        if !self.broken.insert(mark(&violation)) {
            return Ok(());
        }
        self.sum.violations = self.sum.violations.saturating_add(1);
        let mut failure = Ok(());
        let is_same = |shorter: &[u8]| {
            // Smaller inputs are in the air as well, and may take their time.
            if let Some(Err(error)) = self.flight.map(|flight| flight.begin(shorter)) {
                failure = Err(error);
            }
            case::run(self.target, shorter).is_err_and(|other| mark(&other) == mark(&violation))
        };
        // A slow case is slow a hundred times while it is made smaller.
        let input = match violation.kind {
            Kind::Panic | Kind::Promise | Kind::Memory => minimise(input, is_same),
            Kind::Time => input.to_vec(),
        };
        // What is told is what the small input does.
        let violation = match violation.kind {
            Kind::Panic | Kind::Promise | Kind::Memory => {
                case::run(self.target, &input).err().unwrap_or(violation)
            }
            Kind::Time => violation,
        };
        self.found.push(Found { violation, input });
        failure
    }
}
