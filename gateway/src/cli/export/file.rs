//! Files that may have secrets in them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// Who may read and write the file: whoever has made it.
const MODE: u32 = 0o600;

/// Writes a file that only its owner can read. It takes the place of one that is there when it is whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = write_beside(path, bytes);
    written.map_err(|error| {
        Failure::failed(format!("{} cannot be written", path.display())).caused_by(&error)
    })
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&partial)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn partial(path: &Path) -> io::Result<PathBuf> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_also_where_another_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.csv");
        fs::write(&path, "old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        assert!(write(Path::new("/nowhere/keys.csv"), b"").is_err());
        assert!(write(Path::new("/"), b"").is_err());
    }
}
