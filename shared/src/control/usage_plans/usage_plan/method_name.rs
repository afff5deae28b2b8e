//! Names of methods in a usage plan.

use std::fmt;

use crate::api::Verb;
use crate::control::error::ControlError;

/// What stands for every method of a stage.
const EVERY_METHOD: &str = "*/*";

/// The name of a method in a plan's stage: `/users/{id}/GET`, `//GET` for the root, or `*/*` for every method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::control) struct MethodName {
    name: String,
    /// How long the resource's path is, in bytes.
    resource_len: usize,
}

impl MethodName {
    /// Reads a name as clients write it. The slash before the path may be missing, and the path of the root empty.
    ///
    /// # Errors
    ///
    /// `BadRequestException` where no method can be meant.
    pub(super) fn parse(text: &str) -> Result<Self, ControlError> {
        let invalid = || {
            ControlError::bad_request(format!(
                "Invalid method {text} specified. Must be a resource path and an HTTP method, or {EVERY_METHOD}"
            ))
        };
        let (resource, verb) = text.rsplit_once('/').ok_or_else(invalid)?;
        let resource = match resource {
            "*" | "/*" if verb == "*" => "*".to_owned(),
            "" => "/".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/{path}"),
        };
        let is_every_method = resource == "*";
        let has_verb = Verb::ALL.iter().any(|known| known.as_str() == verb);
        if !is_every_method && (resource.contains('*') || !has_verb) {
            return Err(invalid());
        }
        Ok(Self {
            name: format!("{resource}/{verb}"),
            resource_len: resource.len(),
        })
    }

    /// The name as plans keep it.
    pub(super) fn as_str(&self) -> &str {
        &self.name
    }

    /// The resource's path.
    pub(super) fn resource(&self) -> &str {
        self.name.get(..self.resource_len).unwrap_or_default()
    }

    /// The HTTP method, or `ANY`.
    pub(super) fn verb(&self) -> &str {
        let after = self.resource_len.saturating_add(1);
        self.name.get(after..).unwrap_or_default()
    }

    pub(super) fn is_every_method(&self) -> bool {
        self.name == EVERY_METHOD
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_each_form_that_clients_write() {
        let names = [
            ("/test/GET", "/test/GET", "/test", "GET"),
            ("test/GET", "/test/GET", "/test", "GET"),
            ("/users/{id}/ANY", "/users/{id}/ANY", "/users/{id}", "ANY"),
            ("//GET", "//GET", "/", "GET"),
            ("/GET", "//GET", "/", "GET"),
            ("*/*", "*/*", "*", "*"),
            ("/*/*", "*/*", "*", "*"),
        ];
        for (text, name, resource, verb) in names {
            let method = MethodName::parse(text).unwrap();
            assert_eq!(method.as_str(), name, "{text}");
            assert_eq!(
                (method.resource(), method.verb()),
                (resource, verb),
                "{text}"
            );
        }
        assert!(MethodName::parse("*/*").unwrap().is_every_method());
    }

    #[test]
    fn what_can_be_no_method_is_refused() {
        let names = [
            "",
            "GET",
            "/test",
            "/test/get",
            "/test/*",
            "*/GET",
            "/*/GET",
            "/test/TRACE",
        ];
        for text in names {
            assert!(MethodName::parse(text).is_err(), "{text}");
        }
    }
}
