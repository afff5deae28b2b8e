//! Patch operations: how every update of API Gateway is written.

use std::collections::BTreeMap;

use super::error::ControlError;
use super::members::Members;
use crate::rest_api::wire_enum;

wire_enum! {
    /// What a patch operation does. In the order in which API Gateway lists them.
    Op {
        /// Adds a value.
        Add = "add",
        /// Takes a value away.
        Remove = "remove",
        /// No operation of API Gateway takes it.
        Move = "move",
        /// No operation of API Gateway takes it.
        Test = "test",
        /// Sets a value.
        Replace = "replace",
        /// Takes a value from another place.
        Copy = "copy",
    }
}

/// One patch operation. Values are always text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) op: Op,
    pub(super) path: String,
    pub(super) value: Option<String>,
    pub(super) from: Option<String>,
}

impl Patch {
    /// The segments of the path between slashes, with `~1` read as a slash and `~0` as a tilde. The path `/` has one, which is empty.
    pub(super) fn segments(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/')
            .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
            .collect()
    }

    /// The error for a path that this operation does not take, with the paths that it does: the text that keys and usage plans have,
    /// two spaces included (recorded from API Gateway).
    pub(super) fn unknown_path(&self, known: &[&str]) -> ControlError {
        ControlError::bad_request(format!(
            "Invalid patch path  '{}' specified for op '{}'. Must be one of: [{}]",
            self.path,
            self.op,
            known.join(", ")
        ))
    }

    /// The value; empty when there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value; `None` when it is empty.
    pub(super) fn optional_text(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// The value as a member of an enum; `None` when it is empty.
    pub(super) fn one_of<T>(
        &self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ControlError> {
        self.optional_text()
            .map(|text| {
                parse(&text).ok_or_else(|| {
                    ControlError::bad_request(format!(
                        "Invalid value '{text}' specified for patch path {}",
                        self.path
                    ))
                })
            })
            .transpose()
    }

    /// Adds, sets or removes an entry of a map. `missing` is the error for one to remove that is not there.
    pub(super) fn change_entry<T>(
        &self,
        entries: &mut BTreeMap<String, T>,
        name: &str,
        value: T,
        missing: impl FnOnce() -> ControlError,
    ) -> Result<(), ControlError> {
        match self.op {
            Op::Add | Op::Replace => {
                entries.insert(name.to_owned(), value);
                Ok(())
            }
            Op::Remove => entries.remove(name).map(|_| ()).ok_or_else(missing),
            Op::Move | Op::Test | Op::Copy => Err(self.invalid_path()),
        }
    }

    /// [`Patch::change_entry`] for maps whose entries can only be replaced when they are there.
    pub(super) fn change_strictly<T>(
        &self,
        entries: &mut BTreeMap<String, T>,
        name: &str,
        value: T,
        missing: impl FnOnce() -> ControlError,
    ) -> Result<(), ControlError> {
        if self.op == Op::Replace && !entries.contains_key(name) {
            return Err(missing());
        }
        self.change_entry(entries, name, value, missing)
    }

    /// The value as a boolean: everything but `true`, in any case, is false, as Java's `Boolean.parseBoolean` reads it (recorded from API
    /// Gateway).
    pub(super) fn boolean(&self) -> bool {
        self.text().eq_ignore_ascii_case("true")
    }

    /// For an operation which no path takes.
    pub(super) fn unsupported_op(&self) -> ControlError {
        ControlError::bad_request(format!(
            "Invalid patch path  '{}' specified for op '{}'. Please choose supported operations",
            self.path, self.op
        ))
    }

    /// What APIs, methods and their answers say of a path that they do not know.
    pub(super) fn invalid_path(&self) -> ControlError {
        let path = Some(self.path.as_str()).filter(|path| !path.is_empty());
        ControlError::bad_request(format!("Invalid patch path {}", path.unwrap_or("null")))
    }
}

/// What APIs and methods say of an operation that a path does not take.
pub(super) fn only_replace() -> ControlError {
    ControlError::bad_request("Invalid patch operation specified. Must be one of: [replace]")
}

/// For an entry of a map of parameters that is not there (recorded).
pub(super) fn no_such_parameter() -> ControlError {
    ControlError::not_found("Invalid parameter name specified")
}

/// For an entry of a map by media type that is not there (recorded).
pub(super) fn no_such_content_type() -> ControlError {
    ControlError::not_found("Content-Type specified was not found")
}

/// Reads the member `patchOperations` of `input`, such as `updateApiKeyInput`. `violations` are what else the request breaks.
///
/// # Errors
///
/// `ValidationException` that names every unknown `op` and then the other violations, and `SerializationException` for a member of another
/// type.
pub(super) fn read(
    members: &Members,
    input: &str,
    violations: impl IntoIterator<Item = String>,
) -> Result<Vec<Patch>, ControlError> {
    let mut patches = Vec::new();
    let others = violations;
    let mut violations = Vec::new();
    for (index, operation) in members
        .objects("patchOperations")?
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        let name = operation.text("op")?.unwrap_or_default();
        let Some(op) = Op::parse(&name) else {
            let place = index.saturating_add(1);
            let known: Vec<&str> = Op::ALL.iter().map(|op| op.as_str()).collect();
            violations.push(format!(
                "Value '{name}' at '{input}.patchOperations.{place}.member.op' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                known.join(", ")
            ));
            continue;
        };
        patches.push(Patch {
            op,
            path: operation.text("path")?.unwrap_or_default(),
            value: operation.text("value")?,
            from: operation.text("from")?,
        });
    }
    violations.extend(others);
    if violations.is_empty() {
        Ok(patches)
    } else {
        Err(ControlError::validation(&violations))
    }
}
