//! What a layer consists of.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::cargo::{Origin, Package, find_package};
use super::error::BuildError;
use super::{BuildMode, Builder, Found, LayerSource, earlier, must_be_directory};

/// The build method by which `make` fills the layer.
const MAKEFILE: &str = "makefile";

/// What a layer consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerContent {
    /// The files of a directory.
    Directory(PathBuf),
    /// One program.
    Program {
        /// Its file on this machine.
        executable: PathBuf,
        /// Its place in the layer: `path` in the manifest's `[package.metadata.layer]`, else the name of the binary.
        path: PathBuf,
    },
}

impl LayerContent {
    /// The program that a package has become.
    pub(super) fn of_package(package: &Package, executable: PathBuf) -> Result<Self, BuildError> {
        let path = place(package)?;
        Ok(Self::Program { executable, path })
    }
}

/// Finds the content of a layer. A Cargo package is built by cargo, whatever SAM builds it by.
pub(super) fn find(
    layer: &LayerSource,
    builder: &Builder<'_>,
) -> Result<Found<LayerContent>, BuildError> {
    let origin = Origin::Layer(layer.logical_id.clone());
    must_be_directory(&origin, &layer.content_uri)?;
    if layer.content_uri.join("Cargo.toml").is_file() {
        let package = find_package(origin, &layer.content_uri, builder.cargo)?;
        let path = place(&package)?;
        return match builder.mode {
            BuildMode::Build => Ok(Found::Package(package)),
            BuildMode::NoBuild => {
                let executable = earlier::find(&package, builder.template_dir, &path)?;
                Ok(Found::Ready(LayerContent::Program { executable, path }))
            }
        };
    }
    let Some(method) = &layer.build_method else {
        let directory = layer.content_uri.clone();
        return Ok(Found::Ready(LayerContent::Directory(directory)));
    };
    let directory = match builder.mode {
        BuildMode::NoBuild => left_by_builds(layer, builder)?,
        BuildMode::Build if method == MAKEFILE => make(layer, builder)?,
        BuildMode::Build => {
            return Err(BuildError::BuiltBySam {
                logical_id: layer.logical_id.clone(),
                build_method: method.clone(),
            });
        }
    };
    Ok(Found::Ready(LayerContent::Directory(directory)))
}

/// The place of a package's binary in its layer.
fn place(package: &Package) -> Result<PathBuf, BuildError> {
    let path = package.path_in_layer.as_ref().unwrap_or(&package.binary);
    let place = PathBuf::from(path);
    if !is_below(&place) {
        return Err(BuildError::PathInLayer {
            logical_id: package.origin.logical_id().to_owned(),
            path: path.clone(),
        });
    }
    Ok(place)
}

/// Whether a path stays below the directory that it is joined to: it has names alone, and one at least.
pub fn is_below(path: &Path) -> bool {
    let mut parts = path.components();
    path != Path::new("") && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// The newer of what SAM and what this left.
fn left_by_builds(layer: &LayerSource, builder: &Builder<'_>) -> Result<PathBuf, BuildError> {
    let searched = vec![
        builder.left_by_sam(&layer.logical_id),
        builder.own_directory(&layer.logical_id),
    ];
    let changed_at = |path: &PathBuf| {
        let metadata = path.metadata().ok()?;
        metadata.modified().ok()
    };
    let found = searched.iter().filter(|path| path.is_dir());
    found
        .max_by_key(|path| changed_at(path))
        .cloned()
        .ok_or_else(|| BuildError::NotBuilt {
            logical_id: layer.logical_id.clone(),
            searched: searched.clone(),
        })
}

/// Runs `make` as SAM does, but in the layer's own directory, not in a copy.
fn make(layer: &LayerSource, builder: &Builder<'_>) -> Result<PathBuf, BuildError> {
    let logical_id = layer.logical_id.clone();
    let directory = builder.own_directory(&logical_id);
    let unusable = |what: String| {
        let logical_id = logical_id.clone();
        move |cause| BuildError::Builder {
            logical_id,
            what,
            cause,
        }
    };
    let folder = format!("`{}`", directory.display());
    if directory.exists() {
        fs::remove_dir_all(&directory).map_err(unusable(folder.clone()))?;
    }
    fs::create_dir_all(&directory).map_err(unusable(folder.clone()))?;
    let artifacts = directory.canonicalize().map_err(unusable(folder))?;
    let mut command = Command::new("make");
    command
        .current_dir(&layer.content_uri)
        .arg(format!("build-{logical_id}"))
        .env("ARTIFACTS_DIR", artifacts);
    match builder.build.run(&mut command) {
        Ok(true) => Ok(directory),
        Ok(false) => Err(BuildError::Make {
            logical_id,
            directory: layer.content_uri.clone(),
        }),
        Err(cause) => Err(unusable("`make`".to_owned())(cause)),
    }
}
