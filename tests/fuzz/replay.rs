//! The corpus, and some inputs made from it: what CI reads of `tests/chaos fuzz`.

use fuzz::campaign::{Campaign, Found};
use fuzz::case::Kind;
use fuzz::corpus;
use fuzz::target::{ALL, Memory, Seen, Target};
use tests::Result;

/// How many inputs are made from the corpus of each of the cheap targets.
const STEPS: u64 = 2_000;

fn complaints(target: &Target) -> Result<Vec<String>> {
    let mut campaign = Campaign::new(target, 1, None);
    for (_, input) in corpus::inputs(target.name)? {
        campaign.read(&input)?;
    }
    campaign.run(STEPS / target.weight)?;
    let told = |found: &Found| {
        let input = String::from_utf8_lossy(&found.input);
        format!("{}: {}: {input:?}", target.name, found.violation)
    };
    Ok(campaign.end().1.iter().map(told).collect())
}

#[test]
fn no_input_of_the_corpus_and_none_made_from_it_breaks_a_promise() {
    for target in ALL {
        let complaints = complaints(target).unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn every_folder_of_the_corpus_is_that_of_a_target() {
    for entry in std::fs::read_dir(corpus::folder()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(ALL.iter().any(|target| *target.name == *name), "{name:?}");
    }
}

/// What reads anything, and breaks a promise when it reads what it must not.
fn toy(check: fn(&[u8]) -> std::result::Result<Seen, String>) -> Target {
    Target {
        name: "toy",
        words: &["BANG"],
        fresh: None,
        memory: Memory {
            base_bytes: 1 << 16,
            bytes_per_byte: 16,
        },
        weight: 1,
        check,
    }
}

fn found(target: &Target) -> Result<Vec<Found>> {
    let mut campaign = Campaign::new(target, 1, None);
    campaign.read(b"some words to begin with")?;
    campaign.run(STEPS)?;
    Ok(campaign.end().1)
}

fn has_bang(input: &[u8]) -> bool {
    input.windows(4).any(|window| window == b"BANG")
}

#[test]
fn a_panic_is_found_and_its_input_made_small() {
    let target = toy(|input| {
        assert!(!has_bang(input), "bang");
        Ok(Seen::taken("read"))
    });
    let found = found(&target).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].violation.kind, Kind::Panic);
    assert_eq!(found[0].input, b"BANG");
}

#[test]
fn a_broken_promise_is_told_once() {
    let target = toy(|input| {
        if has_bang(input) {
            return Err(format!("bang at `{}`", input.len()));
        }
        Ok(Seen::refused("nothing"))
    });
    let found = found(&target).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].violation.told, "bang at `4`");
}

#[test]
fn what_takes_too_much_memory_is_found() {
    let target = toy(|input| {
        let text = if has_bang(input) {
            "x".repeat(1 << 20)
        } else {
            String::new()
        };
        Ok(Seen::taken(&text))
    });
    let found = found(&target).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].violation.kind, Kind::Memory);
}

#[test]
fn a_run_is_the_same_again_for_the_same_seed() {
    let target = ALL.iter().find(|target| target.name == "key").unwrap();
    let run = || {
        let mut campaign = Campaign::new(target, 7, None);
        campaign.run(STEPS).unwrap();
        campaign.end().0
    };
    assert_eq!(run(), run());
}
