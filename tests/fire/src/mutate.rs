//! The engine, broken on purpose, one guard after another: does the simulation find it?
//!
//! A copy of the engine's pure modules and of this package makes a small workspace of its own, which is built again for each mutant in a
//! second or two. Meanwhile the one before it is simulated.

mod mutants;
mod workspace;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use crate::output::{conclude, show};
pub use mutants::{MUTANTS, Mutant};
use workspace::Workspace;

/// How many events a mutant may survive.
const STEPS: u64 = 20_000_000;

/// How many events the engine as it is has to pass first.
const STEPS_UNBROKEN: u64 = 1_000_000;

/// What came of simulating one program.
struct Trial {
    /// What was found, if anything was.
    found: Option<String>,
    steps: u64,
}

/// Breaks each guard, and shows what finds it. `steps` is how many events a mutant may survive, `only` a part of the names of
/// those that are tried. How many survived.
///
/// # Errors
///
/// When a mutant's text does not stand exactly once where it should, when it cannot be built, or when the engine as it is does not
/// pass.
pub fn mutate(seed: u64, steps: Option<u64>, only: Option<&str>) -> io::Result<u64> {
    let steps = steps.unwrap_or(STEPS);
    show(&format!("seed {seed}"))?;
    let workspace = Workspace::make()?;
    let is_asked_for = |mutant: &&Mutant| only.is_none_or(|name| mutant.name.contains(name));
    let mutants: Vec<_> = MUTANTS.iter().filter(is_asked_for).collect();
    for mutant in &mutants {
        workspace.mutated(mutant)?;
    }
    let unbroken = workspace.build("unbroken")?;
    if let Some(found) = try_out(&unbroken, seed, STEPS_UNBROKEN)?.found {
        let seen = format!("the engine as it is does not pass: {found}");
        return Err(io::Error::other(seen));
    }
    let (to_runner, from_builder) = mpsc::sync_channel::<(&'static Mutant, PathBuf)>(2);
    let (survivors, total) = thread::scope(|scope| {
        let runner = scope.spawn(move || run_all(&from_builder, seed, steps));
        let built = build_all(&workspace, &mutants, &to_runner);
        drop(to_runner);
        let ran = runner
            .join()
            .map_err(|_panic| io::Error::other("the simulation of mutants has panicked"))?;
        built?;
        ran
    })?;
    let mutants = u64::try_from(mutants.len()).unwrap_or(u64::MAX);
    conclude("mutate", total, mutants, survivors)?;
    Ok(survivors)
}

fn build_all(
    workspace: &Workspace,
    mutants: &[&'static Mutant],
    to_runner: &mpsc::SyncSender<(&'static Mutant, PathBuf)>,
) -> io::Result<()> {
    for mutant in mutants {
        let text = workspace.mutated(mutant)?;
        let program = workspace.with(mutant.file, &text, || workspace.build(mutant.name))?;
        if to_runner.send((mutant, program)).is_err() {
            // The runner has failed, and says why.
            return Ok(());
        }
    }
    Ok(())
}

/// How many mutants survive, and the events of all.
fn run_all(
    programs: &mpsc::Receiver<(&Mutant, PathBuf)>,
    seed: u64,
    steps: u64,
) -> io::Result<(u64, u64)> {
    let (mut survivors, mut total) = (0, 0);
    for (mutant, program) in programs {
        let trial = try_out(&program, seed, steps)?;
        std::fs::remove_file(&program)?;
        total += trial.steps;
        let Mutant { name, breaks, .. } = mutant;
        let Trial { found, steps } = trial;
        if let Some(found) = found {
            show(&format!("{name}: found after {steps} steps: {found}"))?;
        } else {
            survivors += 1;
            show(&format!("{name}: SURVIVED {steps} steps: {breaks}"))?;
        }
    }
    Ok((survivors, total))
}

/// Simulates with a program that may be broken.
fn try_out(program: &Path, seed: u64, steps: u64) -> io::Result<Trial> {
    let output = Command::new(program)
        .args(["sim", "--brief"])
        .args(["--seed", &seed.to_string(), "--steps", &steps.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| line.strip_prefix("found: "));
    let last = text.lines().last().and_then(|line| {
        let counts = line.strip_prefix("sim: ")?;
        counts.split(' ').next()?.parse().ok()
    });
    match last {
        Some(steps) => Ok(Trial {
            found: found.map(str::to_owned),
            steps,
        }),
        // What ends the program itself is found as well.
        None => Ok(Trial {
            found: Some(format!("the simulation ended with {}", output.status)),
            steps: 0,
        }),
    }
}
