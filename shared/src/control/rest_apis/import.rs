//! APIs from documents: `ImportRestApi` and `PutRestApi`.

use super::change::{new_api_id, no_entropy};
use super::integration::check;
use super::view;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::openapi::apply::{self, ApplyError};
use crate::control::openapi::{BasePath, ImportError, ImportOptions, Imported, definition_of};
use crate::control::reply::Reply;
use crate::id::ApiId;
use crate::random::{self, BASE36, NoEntropy};
use crate::rest_api::{Definition, EndpointType, RestApi};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// What becomes of the API that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PutMode {
    Merge,
    Overwrite,
}

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = new_api_id()?;
    let imported = read(call, &id)?;
    let record = apply::create(&imported, &id, call.now().as_secs(), &mut new_id)?;
    control.store.create_rest_api(&record).await?;
    control.gateway.api_changed(&ApiId::from(id.as_str()));
    Reply::created(&view::api(&with_warnings(&record.api, &imported))?)
}

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let mode = put_mode(call)?;
    let imported = read(call, call.path("restapi_id"))?;
    let api = control
        .change_api(call, |edit| {
            let record = &mut edit.record;
            match mode {
                PutMode::Merge => apply::merge(record, &imported, &mut new_id)?,
                PutMode::Overwrite => apply::overwrite(record, &imported, &mut new_id)?,
            }
            Ok(record.api.clone())
        })
        .await?;
    Reply::ok(&view::api_with_tags(&with_warnings(&api, &imported))?)
}

/// Reads the document and checks what it describes.
fn read(call: &Call<'_>, api_id: &str) -> Result<Imported, ControlError> {
    let base_path = parameter(call, "basepath", BasePath::parse)?.unwrap_or_default();
    let endpoint_type = parameter(call, "endpointConfigurationTypes", EndpointType::parse)?;
    let document = str::from_utf8(call.body())
        .map_err(|error| ImportError::Unreadable(format!("it is not UTF-8: {error}")))?;
    let options = ImportOptions {
        api_id,
        base_path,
        endpoint_type,
    };
    let imported = definition_of(document, &options)?;
    check_integrations(&imported.definition)?;
    if call.flag("failonwarnings") && !imported.warnings.is_empty() {
        return Err(ControlError::bad_request(format!(
            "Warnings found during import:\n\t{}",
            imported.warnings.join("\n\t")
        )));
    }
    Ok(imported)
}

/// A parameter of the import.
fn parameter<T>(
    call: &Call<'_>,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ControlError> {
    let Some(text) = call.query(name) else {
        return Ok(None);
    };
    parse(text).map(Some).ok_or_else(|| {
        ControlError::bad_request(format!("Invalid value '{text}' for parameter '{name}'"))
    })
}

fn put_mode(call: &Call<'_>) -> Result<PutMode, ControlError> {
    match call.query("mode") {
        None | Some("merge") => Ok(PutMode::Merge),
        Some("overwrite") => Ok(PutMode::Overwrite),
        Some(other) => Err(ControlError::validation(&[format!(
            "Value '{other}' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [overwrite, merge]"
        )])),
    }
}

/// The rules of `PutIntegration`, with the texts in which imports report them.
fn check_integrations(definition: &Definition) -> Result<(), ControlError> {
    let mut refused = Vec::new();
    for resource in definition.resources.values() {
        for method in resource.resource_methods.values() {
            let Some(integration) = &method.method_integration else {
                continue;
            };
            let timeout_ms = i64::from(integration.timeout_in_millis);
            let checked = check::check(integration).and(check::timeout(timeout_ms));
            if let Err(error) = checked {
                refused.push(format!(
                    "Unable to put integration on '{}' for resource at path '{}': {}",
                    method.http_method,
                    resource.path,
                    error.message()
                ));
            }
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(ImportError::Refused(refused).into())
    }
}

/// The answer shows the warnings, the stored API does not.
fn with_warnings(api: &RestApi, imported: &Imported) -> RestApi {
    RestApi {
        warnings: imported.warnings.clone(),
        ..api.clone()
    }
}

fn new_id(len: usize) -> Result<String, NoEntropy> {
    random::text(BASE36, len)
}

impl From<ImportError> for ControlError {
    fn from(error: ImportError) -> Self {
        let answer = error.answer();
        if error.to_string() != answer {
            tracing::info!(%error, "a document was not imported");
        }
        Self::bad_request(answer)
    }
}

impl From<ApplyError> for ControlError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Import(error) => error.into(),
            ApplyError::NoEntropy(error) => no_entropy(error),
        }
    }
}
