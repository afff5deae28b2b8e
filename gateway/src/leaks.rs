//! Values of keys in files: found by their form and their checksum.
//!
//! Every byte of a file is looked at, whether it is text or not: keys are compiled into programs and packed into archives, too.

mod read;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use tollgate::key::KeyValue;

pub use read::{Place, read};

/// A folder that nobody edits: what it has of files is packed, and cannot be found in it.
const GIT: &str = ".git";

/// Which files of a folder are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those that `.gitignore` and `.ignore` do not name.
    NotIgnored,
    /// All of them.
    All,
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// The value, which is a secret.
    pub value: KeyValue,
}

/// What was looked into, and what was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// The values, in the order of files and places.
    pub found: Vec<Finding>,
    /// How many files were read to their ends.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

impl Findings {
    /// Adds what a stream has.
    pub fn add_stream(&mut self, name: &Path, stream: impl io::Read) {
        let mut found = Vec::new();
        let outcome = read(stream, |place, value| found.push((place, value)));
        match outcome {
            Ok(bytes) => {
                self.files = self.files.saturating_add(1);
                self.bytes = self.bytes.saturating_add(bytes);
            }
            Err(error) => self.unread.push(format!("{}: {error}", name.display())),
        }
        // What was found before a failure is a leak all the same.
        let found = found.into_iter().map(|(place, value)| Finding {
            file: name.to_owned(),
            place,
            value,
        });
        self.found.extend(found);
    }

    fn add(&mut self, other: Self) {
        self.found.extend(other.found);
        self.files = self.files.saturating_add(other.files);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.unread.extend(other.unread);
    }

    /// Puts what was found into the order of files and places.
    pub fn sort(&mut self) {
        self.found
            .sort_by(|one, other| (&one.file, one.place).cmp(&(&other.file, other.place)));
        self.unread.sort();
    }
}

/// Looks into files and folders, with all processors. Links are not followed; hidden files are looked into.
pub fn scan(paths: &[PathBuf], choice: Choice) -> Findings {
    let Some((first, others)) = paths.split_first() else {
        return Findings::default();
    };
    let mut walk = WalkBuilder::new(first);
    for path in others {
        walk.add(path);
    }
    walk.standard_filters(choice == Choice::NotIgnored)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != GIT);
    let all = Mutex::new(Findings::default());
    walk.build_parallel().run(|| {
        Box::new(|entry| {
            let own = match entry {
                Ok(entry) => {
                    let kind = entry.file_type();
                    let is_file = kind.is_some_and(|kind| kind.is_file());
                    let is_folder = kind.is_some_and(|kind| kind.is_dir());
                    // What somebody names is read, also when it is a pipe.
                    let is_named = entry.depth() == 0 && !is_folder;
                    (is_file || is_named).then(|| of_file(entry.path()))
                }
                Err(error) => Some(Findings {
                    unread: vec![error.to_string()],
                    ..Findings::default()
                }),
            };
            if let Some(own) = own {
                all.lock().unwrap_or_else(PoisonError::into_inner).add(own);
            }
            WalkState::Continue
        })
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort();
    all
}

fn of_file(path: &Path) -> Findings {
    let mut findings = Findings::default();
    match File::open(path) {
        Ok(file) => findings.add_stream(path, file),
        Err(error) => findings.unread.push(format!("{}: {error}", path.display())),
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tollgate::key::EnvironmentLetter;

    use super::*;

    fn value() -> KeyValue {
        KeyValue::generate(EnvironmentLetter::of("dev")).unwrap()
    }

    #[test]
    fn files_are_looked_into_as_git_would_and_hidden_ones_too() {
        let folder = tempfile::tempdir().unwrap();
        let key = value();
        let text = format!("one\ntwo = \"{}\"\n", key.expose());
        for (name, text) in [
            ("source/main.rs", text.as_str()),
            (".env", text.as_str()),
            ("program", &format!("\0\u{1}{}", key.expose())),
            ("built/main.rs", text.as_str()),
            (".git/config", text.as_str()),
            (".gitignore", "built/\n"),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let files = |choice| {
            let findings = scan(&[folder.path().to_owned()], choice);
            assert_eq!(findings.unread, [""; 0]);
            assert!(findings.found.iter().all(|found| found.value == key));
            let files = findings.found.iter();
            let files = files.map(|found| found.file.strip_prefix(folder.path()).unwrap());
            files
                .map(|file| file.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            files(Choice::NotIgnored),
            [".env", "program", "source/main.rs"]
        );
        assert_eq!(
            files(Choice::All),
            [".env", "built/main.rs", "program", "source/main.rs"]
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let findings = scan(&[PathBuf::from("/nowhere/at/all")], Choice::All);
        assert_eq!((findings.files, findings.unread.len()), (0, 1));
        assert!(findings.unread[0].contains("/nowhere/at/all"));
    }
}
