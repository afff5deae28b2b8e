//! How the functions of a template are started: their programs, what these are given, and what stands for `/opt`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::build_functions::{Built, FunctionCode, Interpreted, LayerContent};
use crate::language::Language;
use crate::layers::{LayerError, assemble, extensions, find_wrapper};
use crate::template::{EXEC_WRAPPER, FunctionSpec};

/// The directories of programs on Lambda, without those of a function's own.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How one function is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    /// The executable: the function itself, an interpreter, or a wrapper.
    pub(super) program: PathBuf,
    /// What it is given.
    pub(super) arguments: Vec<OsString>,
    /// The directory of the function's code.
    pub(super) task_root: PathBuf,
    /// The variables that its runtime and its layers need.
    pub(super) variables: BTreeMap<String, String>,
}

/// How all functions are started.
#[derive(Debug, Default)]
pub(super) struct Launches {
    /// By logical id.
    pub(super) by_function: BTreeMap<String, Launch>,
    /// Holds the layers and our own programs. `None`: no function needs it. It is removed when this is dropped.
    pub(super) scratch: Option<TempDir>,
}

impl Launches {
    /// Prepares the start of functions. Blocks while files are copied.
    ///
    /// # Errors
    ///
    /// [`LayerError`], which names the function.
    pub(super) fn prepare(functions: &[FunctionSpec], built: &Built) -> Result<Self, LayerError> {
        let mut preparing = Preparing {
            built,
            launches: Self::default(),
            opts: BTreeMap::new(),
        };
        for function in functions {
            if let Some(code) = built.functions.get(&function.logical_id) {
                let launch = preparing.launch(function, code)?;
                let logical_id = function.logical_id.clone();
                preparing.launches.by_function.insert(logical_id, launch);
            }
        }
        Ok(preparing.launches)
    }
}

struct Preparing<'a> {
    built: &'a Built,
    launches: Launches,
    /// What stands for `/opt`, by the layers in it. Functions with the same layers share it: nothing writes to it.
    opts: BTreeMap<Vec<String>, PathBuf>,
}

impl Preparing<'_> {
    fn launch(
        &mut self,
        function: &FunctionSpec,
        code: &FunctionCode,
    ) -> Result<Launch, LayerError> {
        let opt = self.opt(function)?;
        let mut variables = BTreeMap::new();
        let (program, arguments, task_root, path) = match code {
            FunctionCode::Executable(executable) => {
                let executable = whole(executable);
                let task_root = executable.parent().map(PathBuf::from).unwrap_or_default();
                (executable, Vec::new(), task_root, Vec::new())
            }
            FunctionCode::Interpreted(code) => {
                let task_root = whole(&code.directory);
                let bootstrap = self.bootstrap(function, code.interpreter.language())?;
                variables.extend(variables_of(code, opt.as_deref(), &bootstrap));
                let program = code.interpreter.program().to_owned();
                let path = program.parent().map(PathBuf::from);
                let arguments = vec![bootstrap.into_os_string()];
                (program, arguments, task_root, path.into_iter().collect())
            }
        };
        if let Some(opt) = &opt {
            let libraries = [task_root.clone(), task_root.join("lib"), opt.join("lib")];
            variables.insert("LD_LIBRARY_PATH".to_owned(), joined(&libraries));
            tell_of_extensions(function, opt);
        }
        let bin = opt.as_ref().map(|opt| opt.join("bin"));
        let path = path.into_iter().chain([PATH.into()]).chain(bin);
        variables.insert("PATH".to_owned(), joined(&path.collect::<Vec<_>>()));
        let launch = Launch {
            program,
            arguments,
            task_root,
            variables,
        };
        match function.wrapper() {
            Some(wrapper) => launch.wrapped(function, wrapper, opt.as_deref()),
            None => Ok(launch),
        }
    }

    /// What stands for `/opt`. `None`: the function has no layer.
    fn opt(&mut self, function: &FunctionSpec) -> Result<Option<PathBuf>, LayerError> {
        if function.layers.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.opts.get(&function.layers) {
            return Ok(Some(known.clone()));
        }
        let opt = self
            .scratch(function)?
            .join(format!("opt-{}", self.opts.len()));
        let layers: Vec<&LayerContent> = function
            .layers
            .iter()
            .filter_map(|layer| self.built.layers.get(layer))
            .collect();
        assemble(&layers, &opt).map_err(|cause| failed(function, &opt, cause))?;
        self.opts.insert(function.layers.clone(), opt.clone());
        Ok(Some(opt))
    }

    /// Our program that runs functions in a language.
    fn bootstrap(
        &mut self,
        function: &FunctionSpec,
        language: Language,
    ) -> Result<PathBuf, LayerError> {
        let (name, text) = language.bootstrap();
        let path = self.scratch(function)?.join(name);
        if !path.exists() {
            fs::write(&path, text).map_err(|cause| failed(function, &path, cause))?;
        }
        Ok(path)
    }

    fn scratch(&mut self, function: &FunctionSpec) -> Result<PathBuf, LayerError> {
        if let Some(scratch) = &self.launches.scratch {
            return Ok(scratch.path().to_owned());
        }
        let made = tempfile::Builder::new()
            .prefix("tollgate-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir();
        let scratch =
            made.map_err(|cause| failed(function, Path::new("the temporary folder"), cause))?;
        let path = scratch.path().to_owned();
        self.launches.scratch = Some(scratch);
        Ok(path)
    }
}

impl Launch {
    /// Lambda gives a wrapper the command of the runtime, which it is to run.
    fn wrapped(
        self,
        function: &FunctionSpec,
        wrapper: &str,
        opt: Option<&Path>,
    ) -> Result<Self, LayerError> {
        let found = find_wrapper(&function.logical_id, wrapper, opt, &self.task_root)?;
        let mut arguments = vec![self.program.into_os_string()];
        arguments.extend(self.arguments);
        Ok(Self {
            program: found,
            arguments,
            ..self
        })
    }
}

/// The variables of a language's runtime.
fn variables_of(
    code: &Interpreted,
    opt: Option<&Path>,
    bootstrap: &Path,
) -> BTreeMap<String, String> {
    let interpreter = &code.interpreter;
    let language = interpreter.language();
    let of_layers = opt.map(|opt| language.modules_of_layers(interpreter, opt));
    let packages = code.packages.as_deref().map(whole);
    let modules: Vec<PathBuf> = packages
        .into_iter()
        .chain(of_layers.into_iter().flatten())
        .collect();
    let mut variables = BTreeMap::new();
    if !modules.is_empty() {
        variables.insert(language.module_path().to_owned(), joined(&modules));
    }
    if let Some(directory) = bootstrap.parent() {
        let directory = directory.display().to_string();
        variables.insert("LAMBDA_RUNTIME_DIR".to_owned(), directory);
    }
    match language {
        // On Lambda the code cannot be written to, and so has no compiled copies beside it.
        Language::Python => {
            variables.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        }
        Language::Node => {}
    }
    variables
}

/// Says what runs here in another way than on Lambda, as far as the template and the machine show it.
pub(super) fn tell_of_differences(functions: &[FunctionSpec], built: &Built) {
    for function in functions {
        let name = &function.logical_id;
        if function.is_compiled() && function.environment.contains_key(EXEC_WRAPPER) {
            tracing::warn!(
                "`{name}` has {EXEC_WRAPPER}, which Lambda leaves out for `{}`, and so is left out here: put Tollgate's tower layer into the function",
                function.runtime
            );
        }
        if let Some(FunctionCode::Interpreted(code)) = built.functions.get(name)
            && code.interpreter.stands_in()
        {
            tracing::warn!(
                "`{name}` has the runtime `{}`, and is run by the version {} here",
                function.runtime,
                code.interpreter.version_text()
            );
        }
    }
}

fn tell_of_extensions(function: &FunctionSpec, opt: &Path) {
    let names = extensions(opt);
    if !names.is_empty() {
        tracing::warn!(
            "the layers of `{}` have external extensions, which are not run here: {}",
            function.logical_id,
            names.join(", ")
        );
    }
}

fn failed(function: &FunctionSpec, place: &Path, cause: io::Error) -> LayerError {
    LayerError::Assembly {
        function: function.logical_id.clone(),
        place: place.to_owned(),
        cause,
    }
}

/// A path that means the same in every working directory.
fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Paths as the variables of Unix list them.
fn joined(paths: &[PathBuf]) -> String {
    let texts: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    texts.join(":")
}
