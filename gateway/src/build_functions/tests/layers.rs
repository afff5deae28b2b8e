//! Layers: plain directories, Cargo packages and makefiles.

use super::*;

fn layer(logical_id: &str, content_uri: PathBuf, build_method: Option<&str>) -> LayerSource {
    LayerSource {
        logical_id: logical_id.to_owned(),
        content_uri,
        build_method: build_method.map(str::to_owned),
    }
}

fn sources(root: &Path, layer: LayerSource) -> Sources {
    Sources {
        layers: vec![layer],
        template_dir: root.to_owned(),
        ..Sources::default()
    }
}

fn message(sources: &Sources, mode: BuildMode) -> String {
    build(sources, mode).unwrap_err().to_string()
}

#[test]
fn a_layer_that_is_a_package_is_built_with_the_functions_and_stands_under_the_name_that_it_says() {
    let root = workspace();
    let path = root.path();
    let named = "\n[package.metadata.layer]\npath = \"bin/wrapper\"\n";
    let manifest = path.join("two/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    write(&manifest, &format!("{text}{named}"));
    let sources = Sources {
        functions: vec![source("F", path.join("one"))],
        // SAM builds it by make; here cargo does.
        ..sources(path, layer("L", path.join("two"), Some("makefile")))
    };
    let built = build(&sources, BuildMode::Build).unwrap();
    assert!(
        matches!(&built.functions["F"], FunctionCode::Executable(path) if path.ends_with("one"))
    );
    let LayerContent::Program { executable, path } = &built.layers["L"] else {
        panic!("{built:?}");
    };
    assert!(executable.ends_with("target/debug/two"), "{executable:?}");
    assert_eq!(path, Path::new("bin/wrapper"));
    assert_eq!(build(&sources, BuildMode::NoBuild).unwrap(), built);
}

#[test]
fn a_package_may_not_stand_outside_of_its_layer() {
    let root = workspace();
    let path = root.path();
    for outside in ["../wrapper", "/usr/bin/wrapper", ""] {
        let manifest = "[package]\nname = \"two\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        let named = format!("{manifest}[package.metadata.layer]\npath = \"{outside}\"\n");
        write(&path.join("two/Cargo.toml"), &named);
        let sources = sources(path, layer("L", path.join("two"), None));
        let said = message(&sources, BuildMode::Build);
        assert!(said.contains("name a file in the layer"), "{said}");
    }
}

#[test]
fn a_layer_of_files_is_used_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let sources = sources(root.path(), layer("L", root.path().to_owned(), None));
    for mode in [BuildMode::Build, BuildMode::NoBuild] {
        let content = build(&sources, mode).unwrap().layers["L"].clone();
        assert_eq!(content, LayerContent::Directory(root.path().to_owned()));
    }
}

#[test]
fn a_makefile_fills_a_layer_anew_at_each_build() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("content");
    let makefile = directory.join("Makefile");
    write(
        &makefile,
        "build-L:\n\techo one > \"$(ARTIFACTS_DIR)/one\"\n",
    );
    let sources = sources(root.path(), layer("L", directory.clone(), Some("makefile")));
    let unbuilt = message(&sources, BuildMode::NoBuild);
    assert!(unbuilt.contains("leave out `--no-build`"), "{unbuilt}");

    let built = build(&sources, BuildMode::Build).unwrap();
    let LayerContent::Directory(content) = &built.layers["L"] else {
        panic!("{built:?}");
    };
    assert_eq!(fs::read_to_string(content.join("one")).unwrap(), "one\n");
    assert_eq!(build(&sources, BuildMode::NoBuild).unwrap(), built);

    write(
        &makefile,
        "build-L:\n\techo two > \"$(ARTIFACTS_DIR)/two\"\n",
    );
    build(&sources, BuildMode::Build).unwrap();
    assert!(content.join("two").is_file() && !content.join("one").exists());

    write(&makefile, "build-L:\n\tfalse\n");
    let failed = message(&sources, BuildMode::Build);
    assert!(failed.contains("`make build-L` failed"), "{failed}");
}

#[test]
fn what_sam_has_built_of_a_layer_is_used_without_building() {
    let root = tempfile::tempdir().unwrap();
    let left = root.path().join(".aws-sam/build/L");
    let sources = sources(
        root.path(),
        layer("L", root.path().to_owned(), Some("python3.12")),
    );
    let asked = message(&sources, BuildMode::Build);
    assert!(asked.contains("run `sam build`"), "{asked}");
    fs::create_dir_all(&left).unwrap();
    let built = build(&sources, BuildMode::NoBuild).unwrap();
    assert_eq!(built.layers["L"], LayerContent::Directory(left));
}

#[test]
fn says_which_layer_names_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let sources = sources(root.path(), layer("L", root.path().join("layer.zip"), None));
    let said = message(&sources, BuildMode::Build);
    assert!(said.starts_with("the ContentUri of `L`"), "{said}");
}
