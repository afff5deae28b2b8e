//! Patch operations: how every update of API Gateway is written.

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

    /// The value; empty when there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value as a boolean: everything but `true`, in any case, is false, as Java's `Boolean.parseBoolean` reads it (recorded from API
    /// Gateway).
    pub(super) fn boolean(&self) -> bool {
        self.text().eq_ignore_ascii_case("true")
    }
}

/// Reads the member `patchOperations` of `input`, such as `updateApiKeyInput`.
///
/// # Errors
///
/// `ValidationException` that names every unknown `op`, and `SerializationException` for a member of another type.
pub(super) fn read(members: &Members, input: &str) -> Result<Vec<Patch>, ControlError> {
    let mut patches = Vec::new();
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
    if violations.is_empty() {
        Ok(patches)
    } else {
        Err(ControlError::validation(&violations))
    }
}
