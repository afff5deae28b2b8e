//! Which input is in the air: what is left of a case that never ends, or that takes the whole process with it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tests::Result;

/// Where inputs are kept that broke something.
///
/// # Errors
///
/// When the folder cannot be made.
pub fn folder() -> Result<PathBuf> {
    let folder = tests::workspace_root().join("target/chaos");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Keeps the input of the case that runs in a file.
#[derive(Debug)]
pub struct Flight {
    file: File,
    path: PathBuf,
    cases: AtomicU64,
}

impl Flight {
    /// With a file of this process alone.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn start() -> Result<Self> {
        let path = folder()?.join(format!("fuzz-in-flight-{}", std::process::id()));
        Ok(Self {
            file: File::create(&path)?,
            path,
            cases: AtomicU64::new(0),
        })
    }

    /// The file that has the input.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many cases have begun.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.cases.load(Ordering::Relaxed)
    }

    /// A case begins.
    ///
    /// # Errors
    ///
    /// When its input cannot be written.
    pub fn begin(&self, input: &[u8]) -> Result<()> {
        self.file.set_len(u64::try_from(input.len())?)?;
        self.file.write_all_at(input, 0)?;
        self.cases.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// All cases have ended: the file goes.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn end(&self) -> Result<()> {
        std::fs::remove_file(&self.path)?;
        Ok(())
    }
}
