//! What stops the gateway from starting: one clear sentence each, and never a panic.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use tempfile::TempDir;
use tests::{Gateway, Output};

use super::{Template, on_both_templates};

on_both_templates! {
    names_where_a_template_is_broken,
    says_which_port_is_taken,
    says_which_function_does_not_build,
    says_which_function_has_not_been_built,
    a_template_of_anchors_is_refused,
    what_is_no_template_is_refused,
}

async fn start(template: &Path, more: &[&str]) -> Output {
    let template = template.to_str().unwrap();
    let ports = ["--admin-port", "0", "--dynamodb-port", "0"];
    let arguments = [&["start-api", "--template", template], &ports[..], more].concat();
    Gateway::builder().run(&arguments).await.unwrap()
}

/// The start was refused: a sentence on stderr, and nothing on stdout.
fn assert_refused(output: &Output, sentence: &str) {
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    assert_eq!(status.code(), Some(2), "{output:?}");
    assert_eq!(stdout, "", "{output:?}");
    assert!(stderr.contains(sentence), "no `{sentence}` in: {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

async fn names_where_a_template_is_broken(template: Template) {
    let (_folder, path) = template.edited(&[("BurstLimit: 40", "BurstLimit: many")]);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let line = lines
        .position(|line| line.contains("BurstLimit: many"))
        .unwrap()
        + 1;
    let output = start(&path, &["--no-build", "--port", "0"]).await;
    let place = format!("{}:{line}: Silver: Properties.Throttle", path.display());
    assert_refused(&output, &place);
    assert!(output.stderr.contains("BurstLimit"), "{output:?}");
    assert!(output.stderr.contains("hint:"), "{output:?}");
}

async fn says_which_port_is_taken(template: Template) {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let path = template.path();
    let output = start(&path, &["--no-build", "--port", &port.to_string()]).await;
    let sentence = format!("127.0.0.1:{port} cannot be listened on: Address already in use");
    assert_refused(&output, &sentence);
    let mut lines = output.stderr.lines();
    lines.find(|line| line.contains(&sentence));
    let rest: Vec<_> = lines.collect();
    let hint = "hint: stop what uses the port, or choose another with --port";
    assert_eq!(rest, [hint]);
}

/// A copy of a template whose function is a package of its own, with this source.
fn with_package(template: Template, source: &str) -> (TempDir, std::path::PathBuf) {
    let package = TempDir::new().unwrap();
    let manifest = "[package]\nname = \"broken\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(package.path().join("src")).unwrap();
    fs::write(package.path().join("src/main.rs"), source).unwrap();
    let users = tests::workspace_root().join("functions/users");
    let code_uri = format!("CodeUri: {}", users.display());
    let (folder, path) = template.edited(&[]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&code_uri), "{text}");
    let own = format!("CodeUri: {}", package.path().display());
    fs::write(&path, text.replace(&code_uri, &own)).unwrap();
    drop(folder.keep());
    (package, path)
}

async fn says_which_function_does_not_build(template: Template) {
    let (_package, path) = with_package(template, "fn main() { this is not Rust }");
    let output = start(&path, &["--port", "0"]).await;
    assert_refused(
        &output,
        "`UsersFunction` could not be built; correct the errors",
    );
    assert!(
        output.stderr.contains("src/main.rs"),
        "cargo's words are missing: {output:?}"
    );
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

async fn says_which_function_has_not_been_built(template: Template) {
    let (_package, path) = with_package(template, "fn main() {}");
    let output = start(&path, &["--no-build", "--port", "0"]).await;
    assert_refused(&output, "`UsersFunction` has not been built");
    assert!(
        output.stderr.contains("leave out `--no-build`"),
        "{output:?}"
    );
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

async fn a_template_of_anchors_is_refused(template: Template) {
    // Each list names the one before it ten times: spelt out, the last would have more entries than there are atoms.
    let mut anchors = String::from("Metadata:\n  a0: &a0 [x]\n");
    let mut index = 0;
    while anchors.len() < 10 * 1024 * 1024 {
        let aliases = format!("*a{index}, ").repeat(10);
        index += 1;
        writeln!(anchors, "  a{index}: &a{index} [{aliases}]").unwrap();
    }
    let (_folder, path) = template.edited(&[("Parameters:", &format!("{anchors}Parameters:"))]);
    let output = start(&path, &["--no-build", "--port", "0"]).await;
    assert_refused(&output, &path.display().to_string());
    assert!(
        output.stderr.len() < 10_000,
        "{} bytes",
        output.stderr.len()
    );
}

async fn what_is_no_template_is_refused(template: Template) {
    let (folder, path) = template.edited(&[]);
    let whole = fs::read(&path).unwrap();
    let half = whole.len() / 2;
    let mut invalid = whole[..half].to_vec();
    invalid.extend([0xff, 0xfe, 0x00]);
    for content in [&b""[..], b"[]", b"{", b"\0\0\0", &invalid] {
        fs::write(&path, content).unwrap();
        let output = start(&path, &["--no-build", "--port", "0"]).await;
        assert_refused(&output, &path.display().to_string());
    }
    let missing = folder.path().join("nowhere.yaml");
    let output = start(&missing, &["--no-build", "--port", "0"]).await;
    assert_refused(&output, &missing.display().to_string());
}
