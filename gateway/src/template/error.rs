//! What is wrong with a template, and where.

use std::{fmt, rc::Rc};

/// The first thing that is wrong with a template.
///
/// Shown as one line and a hint:
///
/// ```text
/// template.yaml:42: UsersFunction: Properties.Events.Get.Properties.Path is missing
/// hint: add `Path: /users/{id}`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1. None when the file could not be read.
    pub line: Option<usize>,
    /// The resource, where the error is inside of one.
    pub logical_id: Option<String>,
    /// What is wrong, with the path of the property.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl TemplateError {
    /// An error that belongs to no line.
    pub(super) fn of_file(message: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line: None,
            logical_id: None,
            message: message.to_string(),
            hint: hint.into(),
        }
    }

    /// The same error, in a named file.
    pub(super) fn in_file(self, file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..self
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(logical_id) = &self.logical_id {
            write!(f, ": {logical_id}")?;
        }
        write!(f, ": {}\nhint: {}", self.message, self.hint)
    }
}

impl std::error::Error for TemplateError {}

/// Where in the template a value stands: the resource and the path inside of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) logical_id: Option<Rc<str>>,
    pub(super) path: String,
}

impl Place {
    /// A section of the template, such as `Parameters`.
    pub(super) fn section(name: &str) -> Self {
        Self {
            logical_id: None,
            path: name.to_owned(),
        }
    }

    /// A part of a resource, such as `Properties`.
    pub(super) fn resource(logical_id: &Rc<str>, path: &str) -> Self {
        Self {
            logical_id: Some(Rc::clone(logical_id)),
            path: path.to_owned(),
        }
    }

    /// A member of the map at this place.
    pub(super) fn child(&self, name: &str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self {
            logical_id: self.logical_id.clone(),
            path,
        }
    }

    /// An item of the list at this place, counted from 0.
    pub(super) fn item(&self, index: usize) -> Self {
        Self {
            logical_id: self.logical_id.clone(),
            path: format!("{}[{index}]", self.path),
        }
    }

    /// An error at this place. The message continues the path: `Properties.Path` + `is missing`.
    pub(super) fn error(
        &self,
        line: usize,
        message: impl fmt::Display,
        hint: impl Into<String>,
    ) -> TemplateError {
        let message = if self.path.is_empty() {
            message.to_string()
        } else {
            format!("{} {message}", self.path)
        };
        TemplateError {
            file: String::new(),
            line: Some(line),
            logical_id: self.logical_id.as_deref().map(str::to_owned),
            message,
            hint: hint.into(),
        }
    }
}
