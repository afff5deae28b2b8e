//! Which runtimes are run here, and by what.

use super::*;

#[test]
fn knows_the_runtimes_of_python_and_of_node_js() {
    for runtime in ["python3.9", "python3.12", "python3.14"] {
        assert_eq!(Language::of(runtime), Some(Language::Python), "{runtime}");
    }
    for runtime in ["nodejs18.x", "nodejs24.x"] {
        assert_eq!(Language::of(runtime), Some(Language::Node), "{runtime}");
    }
    for runtime in [
        "provided.al2023",
        "java21",
        "ruby3.3",
        "dotnet8",
        "python2.7",
        "python3.",
        "python3.x",
        "nodejs",
        "nodejs.x",
        "nodejs4.3",
        "nodejs20",
        "",
    ] {
        assert_eq!(Language::of(runtime), None, "{runtime}");
    }
}

#[test]
fn another_version_of_python_stands_in_and_is_known_to() {
    let found = find_interpreter(Language::Python, "python3.0").unwrap();
    assert!(found.stands_in());
    assert!(found.program().is_absolute());
    let (major, minor) = found.version();
    let same = find_interpreter(Language::Python, &format!("python{major}.{minor}")).unwrap();
    assert!(!same.stands_in());
    assert!(
        same.version_text()
            .starts_with(&format!("{major}.{minor}."))
    );
}

#[test]
fn modules_of_layers_are_looked_for_where_lambda_looks() {
    let python = find_interpreter(Language::Python, "python3.12").unwrap();
    let (_, minor) = python.version();
    let places = Language::Python.modules_of_layers(&python, Path::new("/opt"));
    let of_version = format!("/opt/python/lib/python3.{minor}/site-packages");
    assert_eq!(
        places,
        [of_version.as_str(), "/opt/python"].map(PathBuf::from)
    );
}
