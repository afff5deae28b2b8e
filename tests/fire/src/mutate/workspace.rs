//! The small workspace in which mutants are built.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Mutant;

/// The engine's modules that decide, without I/O, and what they need.
const MODULES: [&str; 10] = [
    "time", "id", "bucket", "quota", "plan", "metadata", "decision", "meter", "lease", "charge",
];

/// The package of the engine with these modules alone.
const ENGINE: &str = r#"[package]
name = "tollgate"
version.workspace = true
edition.workspace = true
publish.workspace = true

[dependencies]
ecow.workspace = true
jiff.workspace = true
sha2.workspace = true
thiserror.workspace = true
tokio = { workspace = true, features = ["sync"] }
"#;

/// Of the store, only how it fails.
const STORE: &str = "mod error;\npub use error::{RegistryError, StoreError, StoreErrorKind};\n";

#[derive(Debug)]
pub(super) struct Workspace {
    /// Where the sources are copied from.
    root: PathBuf,
    folder: PathBuf,
}

impl Workspace {
    /// Makes it beside what Cargo has built.
    pub(super) fn make() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let program = std::env::current_exe()?;
        let target = program.parent().and_then(Path::parent);
        let target = target.ok_or_else(|| io::Error::other("this program stands nowhere"))?;
        let workspace = Self {
            root,
            folder: target.join("mutants"),
        };
        workspace.fill()?;
        Ok(workspace)
    }

    fn fill(&self) -> io::Result<()> {
        for old in ["shared", "tests"] {
            match fs::remove_dir_all(self.folder.join(old)) {
                Err(failure) if failure.kind() != io::ErrorKind::NotFound => return Err(failure),
                Ok(()) | Err(_) => {}
            }
        }
        let manifest = fs::read_to_string(self.root.join("Cargo.toml"))?;
        let members = manifest
            .lines()
            .find(|line| line.starts_with("members = "))
            .ok_or_else(|| io::Error::other("Cargo.toml names no members"))?;
        let manifest = manifest.replace(members, r#"members = ["shared", "tests/fire"]"#);
        self.write("Cargo.toml", &manifest)?;
        self.copy("Cargo.lock")?;
        self.write("shared/Cargo.toml", ENGINE)?;
        for module in MODULES {
            self.copy(&format!("shared/src/{module}.rs"))?;
            self.copy_folder(&format!("shared/src/{module}"))?;
        }
        let modules = MODULES.iter().chain(&["store"]);
        let library: Vec<_> = modules.map(|module| format!("pub mod {module};")).collect();
        self.write("shared/src/lib.rs", &library.join("\n"))?;
        self.write("shared/src/store.rs", STORE)?;
        self.copy("shared/src/store/error.rs")?;
        self.copy("tests/fire/Cargo.toml")?;
        self.copy_folder("tests/fire/src")
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }

    fn copy(&self, file: &str) -> io::Result<()> {
        self.write(file, &fs::read_to_string(self.root.join(file))?)
    }

    /// Copies a folder of sources, when there is one.
    fn copy_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.root.join(folder);
        if !path.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let file = format!("{folder}/{}", entry.file_name().display());
            if entry.file_type()?.is_dir() {
                self.copy_folder(&file)?;
            } else {
                self.copy(&file)?;
            }
        }
        Ok(())
    }

    /// The text of a mutant's file.
    pub(super) fn mutated(&self, mutant: &Mutant) -> io::Result<String> {
        let Mutant {
            name,
            file,
            text,
            replacement,
            ..
        } = *mutant;
        let path = self.root.join("shared/src").join(file);
        let source = fs::read_to_string(path)?;
        let times = source.matches(text).count();
        if times != 1 {
            let seen = format!("{name}: its text stands {times} times in shared/src/{file}");
            return Err(io::Error::other(seen));
        }
        Ok(source.replace(text, replacement))
    }

    /// Does `work` while a file of the engine has another text.
    pub(super) fn with<T>(
        &self,
        file: &str,
        text: &str,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let file = format!("shared/src/{file}");
        self.write(&file, text)?;
        let done = work();
        self.copy(&file)?;
        done
    }

    /// Builds the simulation as the sources are now, under the name `name`.
    pub(super) fn build(&self, name: &str) -> io::Result<PathBuf> {
        let output = Command::new("cargo")
            .args(["build", "--quiet", "--offline", "--bin", "chaos"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // Also where a build server has switched it off: little changes from one mutant to the next.
            .env("CARGO_INCREMENTAL", "1")
            .output()?;
        if !output.status.success() {
            let seen = String::from_utf8_lossy(&output.stderr);
            let seen = format!("{name} cannot be built:\n{seen}");
            return Err(io::Error::other(seen));
        }
        let program = self.folder.join("target").join(name);
        fs::copy(self.folder.join("target/debug/chaos"), &program)?;
        Ok(program)
    }
}
