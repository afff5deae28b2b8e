use std::fmt::Write;

use clap::CommandFactory;

use super::super::Cli;
use super::super::environment::Environment;
use super::super::failure::Exit;
use super::{NOON, Person, Shell, Way, on_both_ways, type_line};
use tollgate::time::ManualClock;

on_both_ways! {
    colours_follow_the_option_and_never_reach_json,
    json_is_one_value_for_every_command_that_changes_or_shows_something,
    a_name_with_control_characters_does_not_steer_the_terminal,
}

async fn typed(arguments: &[&str]) -> super::Done {
    type_line(
        arguments,
        Person::Nobody,
        &ManualClock::new(NOON),
        Environment::default(),
    )
    .await
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// The paths of all commands that do something, such as `["keys", "create"]`.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for inner in command.get_subcommands() {
            let mut path = path.to_vec();
            path.push(inner.get_name().to_owned());
            if inner.has_subcommands() {
                walk(inner, &path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Cli::command(), &[], &mut found);
    found
}

#[tokio::test]
async fn the_help_of_every_command_has_an_example_of_it() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for path in commands {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let done = typed(&arguments).await.expect(Exit::Done);
        let example = format!("  tollgate {}", path.join(" "));
        let examples = done.out.split_once("Examples:\n");
        let (_, examples) = examples.unwrap_or_else(|| panic!("{path:?} has no examples"));
        assert!(examples.contains(&example), "{path:?}: {examples}");
        assert_eq!(done.err, "");
    }
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_leaves_stdout_empty() {
    for arguments in [
        &["keys"] as &[&str],
        &["keys", "create"],
        &["keys", "list", "--limit", "0"],
        &["keys", "list", "--limit", "5", "--all"],
        &["nonsense"],
        &["keys", "list", "--color", "sometimes"],
    ] {
        let done = typed(arguments).await.expect(Exit::Failed);
        assert_eq!(done.out, "", "{arguments:?}");
        assert_ne!(done.err, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn help_and_version_are_data() {
    let done = typed(&["--version"]).await.expect(Exit::Done);
    assert!(done.out.starts_with("tollgate 0."), "{done:?}");
    let done = typed(&["--help"]).await.expect(Exit::Done);
    assert!(done.out.contains("Exit codes: 0 done"), "{done:?}");
}

async fn colours_follow_the_option_and_never_reach_json(way: Way) {
    let shell = Shell::start(way).await;
    shell.run("keys create joe").await.expect(Exit::Done);
    let coloured = shell.run("keys list --color always").await;
    assert!(coloured.out.contains('\u{1b}'), "{coloured:?}");
    let plain = shell.run("keys list --color never").await;
    assert!(!plain.out.contains('\u{1b}'), "{plain:?}");
    let json = shell.run("keys list --json --color always").await;
    assert!(!json.out.contains('\u{1b}'), "{json:?}");
    json.json();
}

async fn json_is_one_value_for_every_command_that_changes_or_shows_something(way: Way) {
    let shell = Shell::start(way).await;
    for command in [
        "plans create Bronze",
        "plans add-stage Bronze users:dev",
        "plans add-stage Bronze users:dev",
        "keys create joe",
        "plans add-key Bronze joe",
        "plans add-key Bronze joe",
        "keys list",
        "keys show joe",
        "keys disable joe",
        "keys enable joe",
        "keys update joe --description d",
        "usage joe",
        "plans list",
        "plans show Bronze",
        "plans remove-key Bronze joe",
        "plans remove-stage Bronze users:dev",
        "plans delete Bronze",
        "keys delete joe",
    ] {
        let value = shell.json(command).await;
        assert!(value.is_object() || value.is_array(), "{command}: {value}");
    }
}

async fn a_name_with_control_characters_does_not_steer_the_terminal(way: Way) {
    let shell = Shell::start(way).await;
    let mut name = String::from("joe");
    write!(name, "\u{1b}[2J").unwrap();
    let created = shell.run_with(&["keys", "create", &name]).await;
    created.expect(Exit::Done);
    for command in ["keys list", "keys list --color always"] {
        let done = shell.run(command).await.expect(Exit::Done);
        assert!(done.out.contains("joe\\u{1b}[2J"), "{done:?}");
    }
    let done = shell.run_with(&["keys", "disable", &name]).await;
    assert!(
        done.err.starts_with("disabled key joe\\u{1b}[2J ("),
        "{done:?}"
    );
}
