//! The layers of functions on a machine that has no `/opt`: a folder that stands for it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::build_functions::{LayerContent, is_below, is_executable};

/// The folder that layers are unpacked into on Lambda.
const OPT: &str = "/opt";

/// The folder of a function's own code on Lambda.
const TASK_ROOT: &str = "/var/task";

/// Why a function cannot have its layers or its wrapper. Each message ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The files of layers cannot be put together.
    #[error("the layers of `{function}` cannot be put together in `{}`: {cause}; make room there, or correct the layers", place.display())]
    Assembly {
        /// The function.
        function: String,
        /// The folder that was to stand for `/opt`.
        place: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The wrapper stands where Lambda has no files of the function.
    #[error(
        "`{function}` has the wrapper `{wrapper}`; let AWS_LAMBDA_EXEC_WRAPPER name a file below `{OPT}`, where layers are, or below `{TASK_ROOT}`"
    )]
    WrapperElsewhere {
        /// The function.
        function: String,
        /// What `AWS_LAMBDA_EXEC_WRAPPER` says.
        wrapper: String,
    },
    /// The wrapper does not exist.
    #[error(
        "`{function}` has the wrapper `{wrapper}`, which none of its layers has; add the layer to its `Layers`, by `!Ref` to a layer of this template (one of another stack cannot be used here), correct the name, or take AWS_LAMBDA_EXEC_WRAPPER away"
    )]
    NoWrapper {
        /// The function.
        function: String,
        /// What `AWS_LAMBDA_EXEC_WRAPPER` says.
        wrapper: String,
    },
    /// The wrapper may not be run.
    #[error(
        "the wrapper `{wrapper}` of `{function}` is not executable; run `chmod +x` on its file in the layer"
    )]
    WrapperNotExecutable {
        /// The function.
        function: String,
        /// What `AWS_LAMBDA_EXEC_WRAPPER` says.
        wrapper: String,
    },
}

/// Puts the files of layers into a folder, in order: of two files at one place, the later stays.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn assemble(layers: &[&LayerContent], opt: &Path) -> io::Result<()> {
    fs::create_dir_all(opt)?;
    for layer in layers {
        match layer {
            LayerContent::Directory(directory) => merge(directory, opt)?,
            LayerContent::Program { executable, path } => {
                let place = opt.join(path);
                if let Some(parent) = place.parent() {
                    fs::create_dir_all(parent)?;
                }
                make_way(&place)?;
                // A program of the dev profile is large, and nothing writes to it.
                symlink(executable, &place)?;
            }
        }
    }
    Ok(())
}

fn merge(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, place) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            if !place.is_dir() {
                make_way(&place)?;
                fs::create_dir(&place)?;
            }
            merge(&entry.path(), &place)?;
        } else {
            make_way(&place)?;
            if kind.is_symlink() {
                symlink(fs::read_link(entry.path())?, &place)?;
            } else {
                fs::copy(entry.path(), &place)?;
            }
        }
    }
    Ok(())
}

/// Removes what an earlier layer has at a place.
fn make_way(place: &Path) -> io::Result<()> {
    match fs::symlink_metadata(place) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The file that stands for a function's wrapper. `opt` holds its layers, if it has some.
///
/// # Errors
///
/// [`LayerError`], which names the function and the wrapper.
pub fn find_wrapper(
    function: &str,
    wrapper: &str,
    opt: Option<&Path>,
    task_root: &Path,
) -> Result<PathBuf, LayerError> {
    let (function, named) = (function.to_owned(), wrapper.to_owned());
    let path = Path::new(wrapper);
    let below = |root: &str| {
        let rest = path.strip_prefix(root).ok()?;
        is_below(rest).then_some(rest)
    };
    let place = match (below(OPT), below(TASK_ROOT)) {
        (Some(rest), _) => opt.map(|opt| opt.join(rest)),
        (None, Some(rest)) => Some(task_root.join(rest)),
        (None, None) => {
            return Err(LayerError::WrapperElsewhere {
                function,
                wrapper: named,
            });
        }
    };
    match place.filter(|place| place.is_file()) {
        None => Err(LayerError::NoWrapper {
            function,
            wrapper: named,
        }),
        Some(place) if is_executable(&place) => Ok(place),
        Some(_) => Err(LayerError::WrapperNotExecutable {
            function,
            wrapper: named,
        }),
    }
}

/// The names of the external extensions in layers, which Lambda starts beside a function.
pub fn extensions(opt: &Path) -> Vec<String> {
    let entries = fs::read_dir(opt.join("extensions")).into_iter().flatten();
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| is_executable(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(root: &Path, path: &str, text: &str, mode: u32) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn of_two_layers_with_one_file_the_later_wins_and_the_rest_of_both_stays() {
        let root = tempfile::tempdir().unwrap();
        let [one, two, opt] = ["one", "two", "opt"].map(|name| root.path().join(name));
        write(&one, "python/shared.py", "first", 0o644);
        write(&one, "python/one.py", "1", 0o644);
        write(&one, "bin", "a file, which makes way for a folder", 0o644);
        write(&two, "python/shared.py", "second", 0o444);
        write(&two, "bin/tool", "#!/bin/sh", 0o755);
        symlink("tool", two.join("bin/link")).unwrap();
        write(root.path(), "target/debug/layer", "", 0o755);
        let program = LayerContent::Program {
            executable: root.path().join("target/debug/layer"),
            path: "tollgate".into(),
        };
        let layers = [one, two].map(LayerContent::Directory);
        assemble(&[&layers[0], &layers[1], &program], &opt).unwrap();
        let read = |path: &str| fs::read_to_string(opt.join(path)).unwrap();
        assert_eq!(read("python/shared.py"), "second");
        assert_eq!(read("python/one.py"), "1");
        assert_eq!(read("bin/link"), "#!/bin/sh");
        assert!(is_executable(&opt.join("bin/tool")));
        assert!(is_executable(&opt.join("tollgate")));
        assert_eq!(extensions(&opt), Vec::<String>::new());
    }

    #[test]
    fn finds_a_wrapper_in_the_layers_or_in_the_functions_own_code() {
        let root = tempfile::tempdir().unwrap();
        let [opt, task] = ["opt", "task"].map(|name| root.path().join(name));
        write(&opt, "bin/wrapper", "", 0o755);
        write(&opt, "text", "", 0o644);
        write(&opt, "extensions/watcher", "", 0o755);
        write(&task, "wrapper", "", 0o755);
        let here = Some(opt.as_path());
        let find = |wrapper: &str, opt| find_wrapper("F", wrapper, opt, &task);
        assert!(
            find("/opt/bin/wrapper", here)
                .unwrap()
                .ends_with("opt/bin/wrapper")
        );
        assert!(
            find("/var/task/wrapper", None)
                .unwrap()
                .ends_with("task/wrapper")
        );
        assert_eq!(extensions(&opt), ["watcher"]);
        for (wrapper, opt, said) in [
            (
                "/opt/none",
                here,
                "`/opt/none`, which none of its layers has",
            ),
            ("/opt/bin", here, "which none of its layers has"),
            ("/opt/bin/wrapper", None, "which none of its layers has"),
            (
                "/opt/text",
                here,
                "`/opt/text` of `F` is not executable; run `chmod +x`",
            ),
            ("/bin/sh", here, "name a file below `/opt`"),
            ("/opt/../bin/sh", here, "name a file below `/opt`"),
            ("/opt", here, "name a file below `/opt`"),
        ] {
            let message = find(wrapper, opt).unwrap_err().to_string();
            assert!(
                message.contains(said) && message.contains("`F`"),
                "{message}"
            );
        }
    }
}
