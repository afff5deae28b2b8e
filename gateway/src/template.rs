//! Reads a SAM or `CloudFormation` template: text and settings in, a typed model out.
//!
//! The model holds what the simulated gateway deploys: APIs with their methods, functions, layers, tables, usage plans, API keys.
//! Everything else is listed as not simulated, and `Ref` or `Fn::GetAtt` to it still give a plausible text. Intrinsic functions, `Globals`,
//! `Parameters`, `Mappings` and `Conditions` are resolved; macros and `Fn::Transform` are not run. `Fn::ImportValue` gives a
//! placeholder, because no other stack is at hand.
//!
//! Local ids are stable: they depend on names and logical ids only.

mod api;
mod authorizer;
mod error;
mod field;
mod function;
mod key;
mod layer;
mod left_out;
mod parameter;
mod plan;
mod resolver;
mod resource;
pub mod samconfig;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod yaml;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

pub use self::{
    api::{
        ApiKind, ApiSpec, DEFAULT_ROUTE, LambdaAuthorizerSpec, MethodSpec, PayloadVersion,
        RouteAuthorization,
    },
    error::TemplateError,
    function::{
        EXEC_WRAPPER, FunctionSpec, FunctionUrlAuth, FunctionUrlSpec, InvokeMode, LoggingSpec,
        TOLLGATE_WRAPPER,
    },
    key::{KeySpec, KeyValue, PlanKeySpec},
    layer::LayerSpec,
    left_out::NotSimulated,
    plan::{ApiStageSpec, Period, PlanSpec, Quota, Throttle},
    settings::Settings,
    table::{
        AttributeDefinition, AttributeKind, Billing, IndexSpec, KeyElement, KeyRole, Projection,
        TableSpec,
    },
};
use self::{
    api::{Apis, DEFINITIONS},
    error::Place,
    field::Field,
    plan::Generated,
    resolver::Resolver,
    resource::{IMPLICIT_HTTP_API, IMPLICIT_REST_API, Resource, ResourceKind, Resources},
};

/// The largest template that is read, in bytes. `CloudFormation` itself accepts 1 MB.
const TEMPLATE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a template deploys, each list in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// APIs, the implicit ones last.
    pub apis: Vec<ApiSpec>,
    /// Functions that run from local code.
    pub functions: Vec<FunctionSpec>,
    /// Layers that are made of local files.
    pub layers: Vec<LayerSpec>,
    /// Tables.
    pub tables: Vec<TableSpec>,
    /// Usage plans, those that SAM generates last.
    pub plans: Vec<PlanSpec>,
    /// API keys, those that SAM generates last.
    pub keys: Vec<KeySpec>,
    /// Associations of keys with plans, those that SAM generates last.
    pub plan_keys: Vec<PlanKeySpec>,
    /// What the gateway leaves out.
    pub not_simulated: Vec<NotSimulated>,
    /// The template's directory, against which relative paths are resolved.
    pub directory: PathBuf,
}

impl Template {
    /// A template that deploys nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            apis: Vec::new(),
            functions: Vec::new(),
            layers: Vec::new(),
            tables: Vec::new(),
            plans: Vec::new(),
            keys: Vec::new(),
            plan_keys: Vec::new(),
            not_simulated: Vec::new(),
            directory: PathBuf::new(),
        }
    }
}

/// Reads a template file.
///
/// # Errors
/// A file that cannot be read, is larger than 16 MB or is not UTF-8, and everything that [`parse`] refuses.
pub fn load(path: &Path, settings: &Settings) -> Result<Template, TemplateError> {
    let file_name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        TemplateError::of_file(
            format!("cannot be read: {error}"),
            "name the template with `--template`, or start without one with `--no-template`",
        )
    };
    let read = || {
        let mut bytes = Vec::new();
        // One byte more than allowed, so that a larger file is seen without reading all of it.
        let limit = u64::try_from(TEMPLATE_BYTES_MAX)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        File::open(path)
            .map_err(unreadable)?
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        must_fit(bytes.len())?;
        String::from_utf8(bytes).map_err(|error| {
            TemplateError::of_file(format!("is not UTF-8: {error}"), "save the file as UTF-8")
        })
    };
    let text = read().map_err(|error| error.in_file(&file_name))?;
    parse(&file_name, &text, settings)
}

/// Reads a template from its text. Paths are resolved against the directory of `file_name`; no file is touched.
///
/// # Errors
/// The first thing that is wrong: the YAML, a reference that names nothing or runs in a circle, a missing or mistyped property, a
/// value outside of its range, two routes or ids that clash.
pub fn parse(file_name: &str, text: &str, settings: &Settings) -> Result<Template, TemplateError> {
    let directory = Path::new(file_name)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    read_template(text, settings, directory).map_err(|error| error.in_file(file_name))
}

fn must_fit(bytes: usize) -> Result<(), TemplateError> {
    if bytes <= TEMPLATE_BYTES_MAX {
        return Ok(());
    }
    Err(TemplateError::of_file(
        format!("is larger than {TEMPLATE_BYTES_MAX} bytes"),
        "split the template",
    ))
}

fn read_template(
    text: &str,
    settings: &Settings,
    directory: PathBuf,
) -> Result<Template, TemplateError> {
    must_fit(text.len())?;
    let root = yaml::read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    if root.as_map().is_none() {
        let message = format!("a template must be a map, found {}", root.kind_name());
        return Err(Place::default().error(root.line, message, "add a `Resources` section"));
    }
    let resources = resource::read(&root)?;
    let parameters = parameter::read(root.get("Parameters"), settings)?;
    let resolver = Resolver::new(&root, settings, &parameters, &resources);
    resolver::check(&resolver, &root)?;
    let mut template = Template {
        apis: Vec::new(),
        functions: Vec::new(),
        layers: Vec::new(),
        tables: Vec::new(),
        plans: Vec::new(),
        keys: Vec::new(),
        plan_keys: Vec::new(),
        not_simulated: left_out::macros(&root),
        directory,
    };
    template.fill(&resolver, &resources)?;
    Ok(template)
}

impl Template {
    fn fill(
        &mut self,
        resolver: &Resolver<'_>,
        resources: &Resources,
    ) -> Result<(), TemplateError> {
        let mut present = Vec::new();
        for resource in resources.iter() {
            let place = Place::resource(&resource.logical_id, "Condition");
            match &resource.condition {
                Some(condition) if !resolver.condition(condition, resource.line, &place)? => {}
                Some(_) | None => present.push(resource),
            }
        }
        let mut apis = Apis::default();
        let mut implicit_authorizers = Vec::new();
        // Every API before the first event, which may name an API further down.
        for resource in present.iter().filter(|resource| {
            matches!(resource.kind, ResourceKind::RestApi | ResourceKind::HttpApi)
        }) {
            apis.add(resolver, resource)?;
            for definition in DEFINITIONS {
                if let Some(node) = resource.properties.get(definition) {
                    self.leave_out(
                        format!("{}.{definition}", resource.logical_id),
                        "OpenAPI definition",
                        node.line,
                    );
                }
            }
            let kind = if resource.kind == ResourceKind::HttpApi {
                ApiKind::Http
            } else {
                ApiKind::Rest
            };
            let properties = Field::properties(resolver, resource);
            authorizer::leave_out_of_api(
                kind,
                &properties,
                &resource.logical_id,
                &mut self.not_simulated,
            )?;
        }
        for (implicit, kind) in [
            (IMPLICIT_REST_API, ApiKind::Rest),
            (IMPLICIT_HTTP_API, ApiKind::Http),
        ] {
            // From `Globals`: the template itself does not have these APIs.
            if let Some(resource) = resources.by_id.get(implicit)
                && present
                    .iter()
                    .all(|known| known.logical_id != resource.logical_id)
            {
                let properties = Field::properties(resolver, resource);
                let mut found = Vec::new();
                authorizer::leave_out_of_api(kind, &properties, implicit, &mut found)?;
                implicit_authorizers.push((implicit, found));
            }
        }
        // Every layer before the first function, which may name a layer further down.
        for resource in present
            .iter()
            .filter(|resource| resource.kind == ResourceKind::Layer)
        {
            match layer::read(resolver, resource, &self.directory)? {
                Some(layer) => self.layers.push(layer),
                None => self.leave_out(
                    resource.logical_id.to_string(),
                    &resource.type_name,
                    resource.line,
                ),
            }
        }
        for resource in &present {
            match resource.kind {
                ResourceKind::Function if function::is_not_simulated(resolver, resource)? => {
                    self.leave_out(
                        resource.logical_id.to_string(),
                        &resource.type_name,
                        resource.line,
                    );
                }
                ResourceKind::Function => {
                    let mut function = function::read(resolver, resource, &self.directory)?;
                    let found = layer::of_function(resolver, resource, &self.layers)?;
                    function.layers = found.here;
                    self.not_simulated.extend(found.elsewhere);
                    self.functions.push(function);
                    apis.add_events(resolver, resource, &mut self.not_simulated)?;
                }
                ResourceKind::SimpleTable => {
                    self.tables.push(table::read_simple(resolver, resource)?);
                }
                ResourceKind::Table => self.tables.push(table::read(resolver, resource)?),
                ResourceKind::ApiKey => self.keys.push(key::read(resolver, resource)?),
                // These need the APIs, plans and keys.
                ResourceKind::UsagePlan
                | ResourceKind::UsagePlanKey
                | ResourceKind::ApiStage
                | ResourceKind::Layer
                | ResourceKind::RestApi
                | ResourceKind::HttpApi => {}
                ResourceKind::NotSimulated => {
                    self.leave_out(
                        resource.logical_id.to_string(),
                        &resource.type_name,
                        resource.line,
                    );
                }
            }
        }
        for resource in present
            .iter()
            .filter(|resource| resource.kind == ResourceKind::UsagePlan)
        {
            self.plans
                .push(plan::read(resolver, resource, apis.specs())?);
        }
        for resource in present
            .iter()
            .filter(|resource| resource.kind == ResourceKind::ApiStage)
        {
            plan::attach_stage(resolver, resource, apis.specs(), &mut self.plans)?;
        }
        let generated = Generated::read(resolver, apis.specs())?;
        self.apis = apis.into_specs();
        for (logical_id, found) in implicit_authorizers {
            if self.apis.iter().any(|api| api.logical_id == logical_id) {
                self.not_simulated.extend(found);
            }
        }
        self.plans.extend(generated.plans);
        self.keys.extend(generated.keys);
        let plan_ids = self.plans.iter().map(|plan| plan.id.clone()).collect();
        let key_ids = self.keys.iter().map(|key| key.id.clone()).collect();
        for resource in present
            .iter()
            .filter(|resource| resource.kind == ResourceKind::UsagePlanKey)
        {
            self.plan_keys
                .push(key::read_plan_key(resolver, resource, &plan_ids, &key_ids)?);
        }
        self.plan_keys.extend(generated.plan_keys);
        names_are_unique(resolver, &present)
    }

    fn leave_out(&mut self, logical_id: String, resource_type: &str, line: usize) {
        self.not_simulated.push(NotSimulated {
            logical_id,
            resource_type: resource_type.to_owned(),
            line,
        });
    }
}

/// Two functions or two tables of one name would be one.
fn names_are_unique(resolver: &Resolver<'_>, present: &[&Resource]) -> Result<(), TemplateError> {
    let mut seen = BTreeMap::new();
    for resource in present {
        let what = match resource.kind {
            ResourceKind::Function => "function",
            ResourceKind::Table | ResourceKind::SimpleTable => "table",
            ResourceKind::RestApi
            | ResourceKind::HttpApi
            | ResourceKind::UsagePlan
            | ResourceKind::ApiKey
            | ResourceKind::UsagePlanKey
            | ResourceKind::ApiStage
            | ResourceKind::Layer
            | ResourceKind::NotSimulated => continue,
        };
        let name = resolver.physical_id(resource)?;
        if let Some(other) = seen.insert((what, name.clone()), &resource.logical_id) {
            let message = format!("has the name `{name}`, which the {what} {other} has too");
            return Err(
                Field::properties(resolver, resource).error(message, "give each a name of its own")
            );
        }
    }
    Ok(())
}
