//! Layers: `AWS::Serverless::LayerVersion`, `AWS::Lambda::LayerVersion`, and which of them a function has.

use std::path::{Path, PathBuf};

use super::{
    error::TemplateError, field::Field, left_out::NotSimulated, resolver::Resolver,
    resource::Resource,
};

/// A layer that is made of local files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSpec {
    /// The logical id.
    pub logical_id: String,
    /// What `Ref` to it gives.
    pub arn: String,
    /// `ContentUri`, or `Content`, resolved against the template's directory.
    pub content_uri: PathBuf,
    /// `Metadata.BuildMethod`, for example `makefile`.
    pub build_method: Option<String>,
    /// The line of the resource, from 1.
    pub line: usize,
}

/// The layers of a function.
#[derive(Debug, Default)]
pub(super) struct OfFunction {
    /// The logical ids of those that this template makes, in order.
    pub(super) here: Vec<String>,
    /// Those that other stacks or accounts have.
    pub(super) elsewhere: Vec<NotSimulated>,
}

/// Reads a layer. `None`: its files are in S3.
pub(super) fn read(
    resolver: &Resolver<'_>,
    resource: &Resource,
    directory: &Path,
) -> Result<Option<LayerSpec>, TemplateError> {
    let is_of_sam = resource.type_name.starts_with("AWS::Serverless::");
    let properties = Field::properties(resolver, resource);
    let content = properties.required(if is_of_sam { "ContentUri" } else { "Content" })?;
    if content.is_map() {
        return Ok(None);
    }
    let path = content.text()?;
    if path.starts_with("s3://") {
        return Ok(None);
    }
    let build_method = match Field::metadata(resolver, resource)? {
        Some(metadata) => metadata.text_of("BuildMethod")?,
        None => None,
    };
    Ok(Some(LayerSpec {
        logical_id: resource.logical_id.to_string(),
        arn: resolver.physical_id(resource)?.to_string(),
        content_uri: directory.join(path),
        build_method,
        line: resource.line,
    }))
}

/// The layers that a function names, by their ARNs.
pub(super) fn of_function(
    resolver: &Resolver<'_>,
    resource: &Resource,
    layers: &[LayerSpec],
) -> Result<OfFunction, TemplateError> {
    /// The most layers of a function, as on AWS.
    const MAX_LAYERS: usize = 5;
    let properties = Field::properties(resolver, resource);
    let Some(named) = properties.get("Layers")? else {
        return Ok(OfFunction::default());
    };
    let items = named.items()?;
    if items.len() > MAX_LAYERS {
        let message = format!("has {} layers, and Lambda takes {MAX_LAYERS}", items.len());
        return Err(named.error(message, "put what belongs together into one layer"));
    }
    let mut found = OfFunction::default();
    for item in &items {
        let arn = item.text()?;
        if let Some(layer) = layers.iter().find(|layer| layer.arn == arn) {
            found.here.push(layer.logical_id.clone());
        } else if arn.contains(":layer:") || arn.contains("{{") {
            found.elsewhere.push(NotSimulated {
                logical_id: format!("{}.Layers", resource.logical_id),
                resource_type: format!("layer {arn}"),
                line: item.line(),
            });
        } else {
            return Err(item.error(
                format!("names {}, which is no layer", item.shown()),
                "write `!Ref` and the logical id of an AWS::Serverless::LayerVersion, or the ARN of a layer's version",
            ));
        }
    }
    Ok(found)
}
