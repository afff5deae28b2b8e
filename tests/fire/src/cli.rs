//! The command line: `tests/chaos` passes on what it was told. It is read by hand, because this package is built for each mutant, and a
//! library for it would be most of that.

use std::io;
use std::panic;
use std::process::ExitCode;
use std::thread;

use crate::mutate;
use crate::output::{complain, conclude, show};
use crate::run::{Finding, Report, Story, run};
use crate::shrink::{shrink, tell};
use crate::tally::Tally;
use crate::violation::Violation;

/// What `tests/chaos sim` does when it is not told how much.
const STEPS: u64 = 20_000_000;

/// From so many steps on, each thing has to happen at least once.
const STEPS_FOR_ALL: u64 = 200_000;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    what: What,
    seed: Option<u64>,
    world: Option<u64>,
    steps: Option<u64>,
    only: Option<String>,
    is_brief: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Sim,
    Mutate,
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let what = match words.next().as_deref() {
            Some("sim") => What::Sim,
            Some("mutate") => What::Mutate,
            Some(other) => return Err(format!("there is no `{other}`")),
            None => return Err("nothing was asked for".to_owned()),
        };
        let mut asked = Self {
            what,
            seed: None,
            world: None,
            steps: None,
            only: None,
            is_brief: false,
        };
        while let Some(word) = words.next() {
            let number = match word.as_str() {
                "--seed" => &mut asked.seed,
                "--world" => &mut asked.world,
                "--steps" => &mut asked.steps,
                "--only" => {
                    asked.only = words.next();
                    continue;
                }
                "--brief" => {
                    asked.is_brief = true;
                    continue;
                }
                other => return Err(format!("there is no `{other}`")),
            };
            let text = words.next().unwrap_or_default();
            *number = Some(
                text.parse()
                    .map_err(|_no_number| format!("`{word} {text}`: that is no whole number"))?,
            );
        }
        if asked.steps == Some(0) {
            return Err("`--steps 0` would show nothing".to_owned());
        }
        match asked.what {
            What::Sim if asked.only.is_some() => {
                return Err("`--only` is for `mutate`".to_owned());
            }
            What::Mutate if asked.world.is_some() => {
                return Err("`--world` is for `sim`".to_owned());
            }
            What::Sim | What::Mutate => {}
        }
        Ok(asked)
    }
}

/// Does what the words after the program's name ask for.
pub fn main(words: impl Iterator<Item = String>) -> ExitCode {
    let asked = match Asked::read(words) {
        Ok(asked) => asked,
        Err(mistake) => {
            complain(&format!("chaos: {mistake}"));
            return ExitCode::from(2);
        }
    };
    let done = match (asked.what, asked.world) {
        (What::Sim, Some(world)) => replay(world),
        (What::Sim, None) => simulate(&asked),
        (What::Mutate, _) => {
            let seed = asked.seed.unwrap_or(1);
            mutate::mutate(seed, asked.steps, asked.only.as_deref())
        }
    };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            complain(&format!("chaos: {failure}"));
            ExitCode::from(2)
        }
    }
}

fn fresh_seed() -> u64 {
    fastrand::u64(..)
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many promises were broken.
fn simulate(asked: &Asked) -> io::Result<u64> {
    let seed = asked.seed.unwrap_or_else(fresh_seed);
    let steps = asked.steps.unwrap_or(STEPS);
    // A panic of the engine is a finding, and is told as one.
    panic::set_hook(Box::new(|_| ()));
    if asked.is_brief {
        // The same each time, also with a finding.
        let report = run(seed, steps, 1);
        let _ = panic::take_hook();
        return brief(&report);
    }
    show(&format!("seed {seed}"))?;
    let report = run(seed, steps, threads());
    let mut violations = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    show(report.tally.to_string().trim_end())?;
    if let Some(finding) = report.findings.first() {
        explain(finding)?;
    } else if steps >= STEPS_FOR_ALL {
        for deed in report.tally.missing() {
            violations += 1;
            show(&format!("never happened: {}", deed.as_str()))?;
        }
    }
    let _ = panic::take_hook();
    end(&report.tally, violations)
}

/// The first finding in one line, for whoever reads many of them.
fn brief(report: &Report) -> io::Result<u64> {
    if let Some(Finding {
        seed, violation, ..
    }) = report.findings.first()
    {
        show(&format!("found: world {seed}, {violation}"))?;
    }
    let violations = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    end(&report.tally, violations)
}

fn replay(seed: u64) -> io::Result<u64> {
    panic::set_hook(Box::new(|_| ()));
    let story = Story::of(seed);
    let mut tally = Tally::default();
    let violation = story.play(&mut tally);
    let violations = u64::from(violation.is_some());
    match violation {
        Some(violation) => explain(&Finding {
            number: 0,
            seed,
            violation,
        })?,
        None => {
            for line in tell(&story) {
                show(&line)?;
            }
        }
    }
    let _ = panic::take_hook();
    end(&tally, violations)
}

fn explain(finding: &Finding) -> io::Result<()> {
    let Finding {
        seed, violation, ..
    } = finding;
    show(&format!("world {seed}: {violation}"))?;
    show(&format!("again: tests/chaos sim --world {seed}"))?;
    let (story, violation): (Story, Violation) = shrink(Story::of(*seed), violation.clone());
    show(&format!(
        "the shortest story found, {} events, breaks: {violation}",
        story.events.len()
    ))?;
    for line in tell(&story) {
        show(&line)?;
    }
    Ok(())
}

fn end(tally: &Tally, violations: u64) -> io::Result<u64> {
    conclude("sim", tally.steps, tally.faults(), violations)?;
    Ok(violations)
}
