//! Why a document is no API.

use super::DOCUMENT_BYTES_MAX;

/// Why a document was not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The document is too long.
    #[error(
        "the document has {bytes} bytes, more than {DOCUMENT_BYTES_MAX}: split the API, or leave out examples"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The text is neither JSON nor YAML, or a tree beyond the bounds.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// The document says something else than an API.
    #[error("the document is not OpenAPI 3 or Swagger 2: {0}")]
    NotOpenApi(String),
    /// An integration is not written as one. The text was reported by users of API Gateway.
    #[error("Unable to parse API definition because of a malformed integration at path {path}.")]
    MalformedIntegration {
        /// The resource.
        path: String,
    },
    /// The API cannot exist. One line for each fault, in the form that users of API Gateway reported.
    #[error("Errors found during import:\n\t{}", .0.join("\n\t"))]
    Refused(Vec<String>),
}

impl ImportError {
    /// The text that API Gateway answers with. Of what it cannot read it says no more than that.
    pub fn answer(&self) -> String {
        match self {
            Self::TooLong { bytes: _ }
            | Self::MalformedIntegration { path: _ }
            | Self::Refused(_) => self.to_string(),
            Self::Unreadable(_) | Self::NotOpenApi(_) => "Invalid OpenAPI input.".to_owned(),
        }
    }
}
