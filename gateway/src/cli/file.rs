//! Files that are written whole, or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tollgate::random::{self, BASE36};

/// Only who has made the file reads and writes it: it may have secrets in it.
pub(super) const PRIVATE: u32 = 0o600;

/// Whoever the umask lets read and write the file does.
pub(super) const USUAL: u32 = 0o666;

/// The length of what tells unfinished files apart.
const SUFFIX_LEN: usize = 8;

/// Writes a file that those `mode` names may read and write. It takes the place of one that is there when it is whole, and nobody reads half
/// of it.
///
/// # Errors
///
/// When it cannot be written. Nothing is left behind then.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let partial = partial(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
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

/// A name beside the file that no other process takes, and none that was stopped has left.
fn partial(path: &Path) -> io::Result<PathBuf> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_owned();
    let suffix = random::text(BASE36, SUFFIX_LEN).map_err(io::Error::other)?;
    name.push(format!(".{suffix}.partial"));
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
        write(&path, b"new", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        assert!(write(Path::new("/nowhere/keys.csv"), b"", PRIVATE).is_err());
        assert!(write(Path::new("/"), b"", PRIVATE).is_err());
    }

    #[test]
    fn a_file_that_cannot_take_its_place_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.csv");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"new", USUAL).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
