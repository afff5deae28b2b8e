//! The code of functions that an interpreter runs, and the packages that it asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::error::BuildError;
use super::{BuildMode, Builder, FunctionSource};
use crate::language::{Interpreter, Language, find_interpreter};

/// The file in which a folder of installed packages says what they were installed from.
const INSTALLED_FROM: &str = ".installed-from";

/// What an interpreter needs to run a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreted {
    /// What runs it.
    pub interpreter: Interpreter,
    /// The directory of its code.
    pub directory: PathBuf,
    /// The packages that were installed for it, where these stand apart from its code.
    pub packages: Option<PathBuf>,
}

/// The interpreters that were found, by runtime.
#[derive(Debug, Default)]
pub(super) struct Interpreters(BTreeMap<String, Interpreter>);

impl Interpreters {
    fn find(
        &mut self,
        function: &FunctionSource,
        language: Language,
    ) -> Result<Interpreter, BuildError> {
        let runtime = &function.runtime;
        if let Some(known) = self.0.get(runtime) {
            return Ok(known.clone());
        }
        let found = find_interpreter(language, runtime);
        let found = found.map_err(|cause| BuildError::NoInterpreter {
            logical_id: function.logical_id.clone(),
            runtime: runtime.clone(),
            cause,
        })?;
        self.0.insert(runtime.clone(), found.clone());
        Ok(found)
    }
}

/// Finds the code of a function, and installs its packages.
pub(super) fn find(
    function: &FunctionSource,
    language: Language,
    builder: &Builder<'_>,
    interpreters: &mut Interpreters,
) -> Result<Interpreted, BuildError> {
    let interpreter = interpreters.find(function, language)?;
    let left = builder.left_by_sam(&function.logical_id);
    if builder.mode == BuildMode::NoBuild && left.is_dir() {
        // It has the packages in it.
        return Ok(Interpreted {
            interpreter,
            directory: left,
            packages: None,
        });
    }
    if let Some(method) = &function.build_method
        && Language::of(method) != Some(language)
    {
        return Err(BuildError::BuiltBySam {
            logical_id: function.logical_id.clone(),
            build_method: method.clone(),
        });
    }
    let packages = match language {
        Language::Python => packages_of_python(function, &interpreter, builder)?,
        Language::Node => {
            modules_must_be_there(function)?;
            None
        }
    };
    Ok(Interpreted {
        interpreter,
        directory: function.code_uri.clone(),
        packages,
    })
}

/// Node.js looks for modules beside the code and above it, so they have to be installed there.
fn modules_must_be_there(function: &FunctionSource) -> Result<(), BuildError> {
    let directory = &function.code_uri;
    let manifest = fs::read(directory.join("package.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let dependencies = manifest.get("dependencies").and_then(Value::as_object);
    let whole = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.clone());
    let is_there = || {
        whole
            .ancestors()
            .any(|place| place.join("node_modules").is_dir())
    };
    if dependencies.is_none_or(serde_json::Map::is_empty) || is_there() {
        return Ok(());
    }
    Err(BuildError::NoModules {
        logical_id: function.logical_id.clone(),
        directory: directory.clone(),
    })
}

/// Installs what requirements.txt names into a folder of the function's own, unless that is done.
fn packages_of_python(
    function: &FunctionSource,
    interpreter: &Interpreter,
    builder: &Builder<'_>,
) -> Result<Option<PathBuf>, BuildError> {
    let requirements = function.code_uri.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).unwrap_or_default();
    let names_any = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
    if !wanted.lines().any(names_any) {
        return Ok(None);
    }
    let folder = builder.own_directory(&function.logical_id);
    let stamp = folder.join(INSTALLED_FROM);
    let installed_from = format!("# Python {}\n{wanted}", interpreter.version_text());
    if fs::read_to_string(&stamp).is_ok_and(|text| text == installed_from) {
        return Ok(Some(folder));
    }
    if builder.mode == BuildMode::NoBuild {
        return Err(BuildError::NotBuilt {
            logical_id: function.logical_id.clone(),
            searched: vec![builder.left_by_sam(&function.logical_id), folder],
        });
    }
    install(function, interpreter, &requirements, &folder, builder)?;
    fs::write(&stamp, installed_from).map_err(|cause| BuildError::Builder {
        logical_id: function.logical_id.clone(),
        what: format!("`{}`", stamp.display()),
        cause,
    })?;
    Ok(Some(folder))
}

fn install(
    function: &FunctionSource,
    interpreter: &Interpreter,
    requirements: &Path,
    folder: &Path,
    builder: &Builder<'_>,
) -> Result<(), BuildError> {
    let unusable = |what: String| {
        let logical_id = function.logical_id.clone();
        move |cause| BuildError::Builder {
            logical_id,
            what,
            cause,
        }
    };
    if folder.exists() {
        let what = format!("`{}`", folder.display());
        fs::remove_dir_all(folder).map_err(unusable(what))?;
    }
    // Places in the list are meant from its folder.
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut command = Command::new(interpreter.program());
    command
        .current_dir(&function.code_uri)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(whole(requirements))
        .arg("--target")
        .arg(whole(folder));
    let pip = format!("`{} -m pip`", interpreter.program().display());
    if builder.build.run(&mut command).map_err(unusable(pip))? {
        return Ok(());
    }
    Err(BuildError::NoPackages {
        logical_id: function.logical_id.clone(),
        requirements: requirements.to_owned(),
    })
}
