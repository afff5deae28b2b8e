//! The languages whose functions need a runtime: what runs them here in the place of Lambda's own runtimes.
//!
//! An interpreter of this machine runs a small program of ours, which speaks the Runtime API as AWS's runtimes do.

mod interpreter;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use interpreter::{Interpreter, NoInterpreter, find_interpreter};

/// A language whose functions are run by an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `python3.9` and later.
    Python,
    /// `nodejs18.x` and later.
    Node,
}

impl Language {
    /// The language of a runtime's identifier. `None`: its functions are compiled, or not run here.
    #[must_use]
    pub fn of(runtime: &str) -> Option<Self> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        if runtime.strip_prefix("python3.").is_some_and(is_number) {
            return Some(Self::Python);
        }
        let node = runtime.strip_prefix("nodejs")?.strip_suffix(".x")?;
        is_number(node).then_some(Self::Node)
    }

    /// The name and the text of the program that runs a function.
    #[must_use]
    pub const fn bootstrap(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => ("bootstrap.py", include_str!("language/bootstrap.py")),
            Self::Node => ("bootstrap.mjs", include_str!("language/bootstrap.mjs")),
        }
    }

    /// Where Lambda's runtime looks for modules of layers, in its order. `opt` holds the layers.
    #[must_use]
    pub fn modules_of_layers(self, interpreter: &Interpreter, opt: &Path) -> Vec<PathBuf> {
        let (major, minor) = interpreter.version();
        match self {
            Self::Python => vec![
                opt.join(format!("python/lib/python{major}.{minor}/site-packages")),
                opt.join("python"),
            ],
            Self::Node => vec![
                opt.join(format!("nodejs/node{major}/node_modules")),
                opt.join("nodejs/node_modules"),
                opt.join("nodejs"),
            ],
        }
    }

    /// The variable that names where modules are looked for.
    #[must_use]
    pub const fn module_path(self) -> &'static str {
        match self {
            Self::Python => "PYTHONPATH",
            Self::Node => "NODE_PATH",
        }
    }
}
