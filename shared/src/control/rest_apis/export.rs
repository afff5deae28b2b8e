//! Documents from stages: `GetExport`.

use bytes::Bytes;
use http::{HeaderValue, header};

use super::lookup;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::{ControlError, Kind};
use crate::control::openapi::export::{ExportOptions, ExportType, Extensions, export, version};
use crate::control::reply::Reply;
use crate::id::ApiId;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// The media type of every export, whatever its language. Recorded from API Gateway.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The form of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Yaml,
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let export_type = call.path("export_type");
    let export_type = ExportType::parse(export_type).ok_or_else(|| {
        ControlError::bad_request(format!("No API exporter for type '{export_type}'"))
    })?;
    let form = form(call)?;
    let api = control.api(call).await?;
    let stage = lookup::stage(&api.record, call.path("stage_name"))?;
    let id = ApiId::from(api.record.api.id.as_str());
    let snapshot = control.store.snapshot(&id, &stage.deployment_id).await?;
    let snapshot = snapshot.ok_or_else(lookup::no_deployment)?;
    let extensions = call
        .query_all("extensions")
        .flat_map(|names| names.split(','))
        .fold(Extensions::default(), |extensions, name| {
            extensions.with(name.trim())
        });
    let document = export(
        &snapshot,
        &ExportOptions {
            export_type,
            extensions,
            stage_name: &stage.stage_name,
            region: &control.settings.region,
        },
    );
    let (text, extension) = match form {
        Form::Json => (document.to_json(), "json"),
        Form::Yaml => (document.to_yaml(), "yaml"),
    };
    let file_name = file_name(export_type, &version(&snapshot.api), extension);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\""))
        .map_err(|error| ControlError::new(Kind::Internal, error.to_string()))?;
    Ok(Reply::document(
        MEDIA_TYPE,
        Some(disposition),
        Bytes::from(text),
    ))
}

/// The form that the client accepts, JSON if it does not say.
fn form(call: &Call<'_>) -> Result<Form, ControlError> {
    let accept = call.headers().get(header::ACCEPT);
    let accept = accept.map_or(Ok(""), HeaderValue::to_str).unwrap_or("?");
    match accept.split([',', ';']).next().unwrap_or_default().trim() {
        "" | "*/*" | "application/json" => Ok(Form::Json),
        "application/yaml" => Ok(Form::Yaml),
        _ => Err(ControlError::bad_request(format!(
            "Invalid Accept header '{accept}': application/json and application/yaml are supported"
        ))),
    }
}

/// The name of the file, as recorded from API Gateway. What would end the name or the header field becomes a dash.
fn file_name(export_type: ExportType, version: &str, extension: &str) -> String {
    let version: String = version
        .chars()
        .map(|c| {
            let is_plain = c.is_ascii_graphic() && !"\"\\/;".contains(c);
            if is_plain { c } else { '-' }
        })
        .collect();
    format!("{}_{version}.{extension}", export_type.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_cannot_break_out_of_the_name() {
        let name = file_name(ExportType::Oas30, "1.0\"; x=\n/é", "json");
        assert_eq!(name, "oas30_1.0---x=---.json");
    }
}
