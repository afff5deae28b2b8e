//! The interpreters of this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Language;

/// What an interpreter of Python is asked, and answers in two lines: where it is, and its version.
const ASK_PYTHON: [&str; 2] = [
    "-c",
    "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))",
];

/// The same for Node.js.
const ASK_NODE: [&str; 2] = ["-p", "process.execPath + '\\n' + process.versions.node"];

/// An interpreter that was found and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    language: Language,
    /// The program itself, where the command that was found only passes calls on.
    program: PathBuf,
    version: String,
    numbers: (u32, u32),
    stands_in: bool,
}

/// No interpreter can run functions of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct NoInterpreter {
    language: Language,
    runtime: String,
    /// The version of one that is too old.
    too_old: Option<String>,
}

impl NoInterpreter {
    fn message(&self) -> String {
        let Self {
            language,
            runtime,
            too_old,
        } = self;
        let (commands, cure) = match language {
            Language::Python => (
                format!("neither `{runtime}` nor `python3`"),
                "install Python 3.9 or later",
            ),
            Language::Node => ("no `node`".to_owned(), "install Node.js 18 or later"),
        };
        match too_old {
            None => format!("there is {commands} on the PATH; {cure}"),
            Some(version) => {
                format!(
                    "the interpreter on the PATH has the version {version}, which is too old; {cure}"
                )
            }
        }
    }
}

impl Interpreter {
    /// Its language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The executable, by its whole path.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The first two numbers of its version.
    #[must_use]
    pub const fn version(&self) -> (u32, u32) {
        self.numbers
    }

    /// The version, for people.
    #[must_use]
    pub fn version_text(&self) -> &str {
        &self.version
    }

    /// Whether it has another version than the runtime that it stands for.
    #[must_use]
    pub const fn stands_in(&self) -> bool {
        self.stands_in
    }
}

/// The interpreter of this machine that runs functions of `runtime`: one of the same version if there is one. Blocks while it answers.
///
/// # Errors
///
/// [`NoInterpreter`], when none is on the PATH, or only one that is too old.
pub fn find_interpreter(language: Language, runtime: &str) -> Result<Interpreter, NoInterpreter> {
    let commands = match language {
        Language::Python => vec![runtime, "python3"],
        Language::Node => vec!["node"],
    };
    let mut too_old = None;
    for command in commands {
        let Some(found) = ask(language, command, runtime) else {
            continue;
        };
        if found.numbers >= oldest(language) {
            return Ok(found);
        }
        too_old = Some(found.version);
    }
    Err(NoInterpreter {
        language,
        runtime: runtime.to_owned(),
        too_old,
    })
}

/// The oldest version that can run our program.
const fn oldest(language: Language) -> (u32, u32) {
    match language {
        Language::Python => (3, 9),
        Language::Node => (18, 0),
    }
}

fn ask(language: Language, command: &str, runtime: &str) -> Option<Interpreter> {
    let question = match language {
        Language::Python => ASK_PYTHON,
        Language::Node => ASK_NODE,
    };
    let answer = Command::new(command)
        .args(question)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let (program, version) = text.trim().split_once('\n')?;
    let mut parts = version.split('.').map(str::parse);
    let numbers = (parts.next()?.ok()?, parts.next()?.ok()?);
    let is_same = match language {
        Language::Python => runtime == format!("python{}.{}", numbers.0, numbers.1),
        Language::Node => runtime == format!("nodejs{}.x", numbers.0),
    };
    (answer.status.success() && !program.is_empty()).then(|| Interpreter {
        language,
        program: PathBuf::from(program.trim_end()),
        version: version.to_owned(),
        numbers,
        stands_in: !is_same,
    })
}
