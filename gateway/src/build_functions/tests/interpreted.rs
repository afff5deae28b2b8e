//! The code of functions in Python and Node.js.

use super::*;

fn function(runtime: &str, directory: &Path) -> FunctionSource {
    FunctionSource {
        build_method: None,
        runtime: runtime.to_owned(),
        handler: "app.handler".to_owned(),
        ..source("F", directory.to_owned())
    }
}

fn code(function: FunctionSource, mode: BuildMode) -> Result<Interpreted, BuildError> {
    let sources = Sources {
        template_dir: function.code_uri.clone(),
        functions: vec![function],
        ..Sources::default()
    };
    match build(&sources, mode)?.functions.remove("F") {
        Some(FunctionCode::Interpreted(code)) => Ok(code),
        other => panic!("{other:?}"),
    }
}

fn message(function: FunctionSource, mode: BuildMode) -> String {
    code(function, mode).unwrap_err().to_string()
}

#[test]
fn code_without_packages_is_used_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    // Lambda does not run it for this runtime either.
    write_executable(&root.path().join("bootstrap"));
    write(&root.path().join("requirements.txt"), "# none\n\n");
    for mode in [BuildMode::Build, BuildMode::NoBuild] {
        let code = code(function("python3.12", root.path()), mode).unwrap();
        assert_eq!(
            (code.directory.as_path(), code.packages),
            (root.path(), None)
        );
    }
}

#[test]
fn packages_of_python_are_installed_once_and_again_when_the_list_changes() {
    let root = tempfile::tempdir().unwrap();
    let wanted = function("python3.12", root.path());
    let list = root.path().join("requirements.txt");
    write(&list, "./no-such-package\n");
    let unbuilt = message(wanted.clone(), BuildMode::NoBuild);
    assert!(unbuilt.contains("leave out `--no-build`"), "{unbuilt}");
    let failed = message(wanted.clone(), BuildMode::Build);
    assert!(failed.contains("could not be installed"), "{failed}");

    let folder = root.path().join(".aws-sam/tollgate/F");
    let python = crate::language::find_interpreter(Language::Python, "python3.12").unwrap();
    let stamp = format!("# Python {}\n./no-such-package\n", python.version_text());
    write(&folder.join(".installed-from"), &stamp);
    for mode in [BuildMode::Build, BuildMode::NoBuild] {
        let code = code(wanted.clone(), mode).unwrap();
        assert_eq!(code.packages.as_deref(), Some(folder.as_path()));
    }
    write(&list, "./another-package\n");
    let changed = message(wanted, BuildMode::Build);
    assert!(changed.contains("could not be installed"), "{changed}");
}

#[test]
fn what_sam_has_built_has_the_packages_in_it() {
    let root = tempfile::tempdir().unwrap();
    let left = root.path().join(".aws-sam/build/F");
    let mut wanted = function("python3.12", root.path());
    wanted.build_method = Some("makefile".to_owned());
    write(&root.path().join("requirements.txt"), "boto3\n");
    let asked = message(wanted.clone(), BuildMode::Build);
    assert!(
        asked.contains("`makefile`, which is SAM's; run `sam build`"),
        "{asked}"
    );
    fs::create_dir_all(&left).unwrap();
    let code = code(wanted, BuildMode::NoBuild).unwrap();
    assert_eq!((code.directory, code.packages), (left, None));
}

#[test]
fn modules_of_node_js_have_to_be_installed_beside_the_code_or_above_it() {
    if crate::language::find_interpreter(Language::Node, "nodejs22.x").is_err() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("shop");
    let manifest = directory.join("package.json");
    write(&manifest, r#"{"dependencies": {"left-pad": "1"}}"#);
    let wanted = function("nodejs22.x", &directory);
    let missing = message(wanted.clone(), BuildMode::Build);
    assert!(missing.contains("run `npm install` in"), "{missing}");
    fs::create_dir(root.path().join("node_modules")).unwrap();
    assert_eq!(
        code(wanted.clone(), BuildMode::Build).unwrap().packages,
        None
    );
    fs::remove_dir(root.path().join("node_modules")).unwrap();
    write(&manifest, r#"{"type": "module", "dependencies": {}}"#);
    assert_eq!(code(wanted, BuildMode::Build).unwrap().directory, directory);
}
