//! Small packages without dependencies, built by the cargo that runs the tests.

mod interpreted;
mod layers;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;

fn source(logical_id: &str, code_uri: PathBuf) -> FunctionSource {
    FunctionSource {
        logical_id: logical_id.to_owned(),
        code_uri,
        build_method: Some("rust-cargolambda".to_owned()),
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
    }
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn write_executable(path: &Path) {
    write(path, "#!/bin/sh\n");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A workspace with the packages `one` and `two`, each with a binary of its name.
fn workspace() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n";
    write(&root.path().join("Cargo.toml"), manifest);
    for name in ["one", "two"] {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(&root.path().join(name).join("Cargo.toml"), &manifest);
        write(&root.path().join(name).join("src/main.rs"), "fn main() {}");
    }
    root
}

fn cargo() -> PathBuf {
    PathBuf::from(env!("CARGO"))
}

fn build(sources: &Sources, mode: BuildMode) -> Result<Built, BuildError> {
    build_all(sources, mode, &cargo(), &Build::default())
}

/// The executables of functions, by logical id.
fn find(
    functions: &[FunctionSource],
    root: &Path,
    mode: BuildMode,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let sources = Sources {
        functions: functions.to_vec(),
        template_dir: root.to_owned(),
        ..Sources::default()
    };
    let functions = build(&sources, mode)?.functions.into_iter();
    let executables = functions.map(|(logical_id, code)| match code {
        FunctionCode::Executable(path) => (logical_id, path),
        FunctionCode::Interpreted(code) => panic!("{code:?}"),
    });
    Ok(executables.collect())
}

fn message(source: FunctionSource, root: &Path, mode: BuildMode) -> String {
    find(&[source], root, mode).unwrap_err().to_string()
}

#[test]
fn builds_the_functions_of_a_workspace_and_finds_them_again_without_building() {
    let root = workspace();
    let sources = ["one", "two"].map(|name| source(name, root.path().join(name)));
    let built = find(&sources, root.path(), BuildMode::Build).unwrap();
    assert_eq!(built.len(), 2);
    for (name, executable) in &built {
        assert_eq!(executable.file_name().unwrap(), name.as_str());
        assert!(earlier::is_executable(executable));
    }
    assert_eq!(
        find(&sources, root.path(), BuildMode::NoBuild).unwrap(),
        built
    );
}

#[test]
fn names_the_function_that_does_not_compile() {
    let root = workspace();
    write(&root.path().join("two/src/main.rs"), "fn main() { 1 }");
    let sources = ["one", "two"].map(|name| source(name, root.path().join(name)));
    let error = find(&sources, root.path(), BuildMode::Build).unwrap_err();
    assert!(error.to_string().contains("`two`"), "{error}");
}

#[test]
fn uses_an_executable_bootstrap_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let bootstrap = root.path().join("bootstrap");
    write_executable(&bootstrap);
    let sources = [source("F", root.path().to_owned())];
    for mode in [BuildMode::Build, BuildMode::NoBuild] {
        assert_eq!(find(&sources, root.path(), mode).unwrap()["F"], bootstrap);
    }
}

#[test]
fn without_building_the_newest_executable_is_used() {
    let root = workspace();
    let sam = root.path().join(".aws-sam/build/One/bootstrap");
    let cargo_lambda = root.path().join("target/lambda/one/bootstrap");
    write_executable(&sam);
    write_executable(&cargo_lambda);
    let sources = [source("One", root.path().join("one"))];
    for newest in [&sam, &cargo_lambda] {
        for path in [&sam, &cargo_lambda] {
            let age_seconds = if path == newest { 1 } else { 2 };
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age_seconds);
            fs::File::open(path).unwrap().set_modified(at).unwrap();
        }
        let found = find(&sources, root.path(), BuildMode::NoBuild).unwrap();
        assert_eq!(
            found["One"].canonicalize().unwrap(),
            newest.canonicalize().unwrap()
        );
    }
}

#[test]
fn says_what_is_wrong_with_the_source_of_a_function() {
    let root = workspace();
    let path = root.path();
    let missing = message(source("F", path.join("none")), path, BuildMode::Build);
    assert!(missing.contains("is not a directory"), "{missing}");

    let empty = tempfile::tempdir().unwrap();
    let nothing = message(source("F", empty.path().into()), path, BuildMode::Build);
    assert!(nothing.contains("neither a Cargo.toml nor"), "{nothing}");

    let mut java = source("F", path.join("one"));
    java.runtime = "java21".to_owned();
    let java = message(java, path, BuildMode::Build);
    assert!(java.contains("`java21`, which is not simulated"), "{java}");

    let mut makefile = source("F", path.join("one"));
    makefile.build_method = Some("makefile".to_owned());
    let makefile = message(makefile, path, BuildMode::Build);
    assert!(makefile.contains("build method `makefile`"), "{makefile}");

    let virtual_manifest = message(source("F", path.into()), path, BuildMode::Build);
    assert!(
        virtual_manifest.contains("no package"),
        "{virtual_manifest}"
    );

    let unbuilt = message(source("F", path.join("one")), path, BuildMode::NoBuild);
    assert!(unbuilt.contains("leave out `--no-build`"), "{unbuilt}");

    write(&path.join("two/src/bin/other.rs"), "fn main() {}");
    let several = message(source("F", path.join("two")), path, BuildMode::Build);
    assert!(several.contains("has the binaries"), "{several}");

    fs::remove_file(path.join("one/src/main.rs")).unwrap();
    write(&path.join("one/src/lib.rs"), "");
    let no_binary = message(source("F", path.join("one")), path, BuildMode::Build);
    assert!(no_binary.contains("has no binary"), "{no_binary}");

    write(&path.join("one/Cargo.toml"), "not toml at all");
    let unreadable = message(source("F", path.join("one")), path, BuildMode::Build);
    assert!(unreadable.contains("cannot be read"), "{unreadable}");
}

#[test]
fn says_that_cargo_is_not_there() {
    let root = workspace();
    let sources = [source("F", root.path().join("one"))];
    let cargo = root.path().join("no-cargo");
    let sources = Sources {
        functions: sources.to_vec(),
        template_dir: root.path().to_owned(),
        ..Sources::default()
    };
    let built = build_all(&sources, BuildMode::Build, &cargo, &Build::default());
    let error = built.unwrap_err();
    assert!(matches!(error, BuildError::NoCargo { .. }), "{error}");
}
