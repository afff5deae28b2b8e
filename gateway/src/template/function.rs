//! `AWS::Serverless::Function`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use tollgate::api::MethodPatterns;
use tollgate::http::variable;

use super::{
    error::TemplateError,
    field::Field,
    resolver::{Resolver, function_url_id},
    resource::Resource,
};

/// The most invocations that one process may have in hand, as on AWS.
const MAX_PER_PROCESS: u32 = 1_600;

/// How many these are on AWS where a capacity provider is named and no number: 8 for each processor. Here two are assumed.
const DEFAULT_PER_PROCESS: u32 = 16;

/// The variable that names the wrapper by which Lambda starts a runtime.
pub const EXEC_WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// Where Tollgate's layer puts its wrapper.
pub const TOLLGATE_WRAPPER: &str = "/opt/tollgate";

/// A Lambda function of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// The logical id.
    pub logical_id: String,
    /// `FunctionName`, else the logical id.
    pub name: String,
    /// `Runtime`, for example `provided.al2023`.
    pub runtime: String,
    /// `Handler`, for example `bootstrap`.
    pub handler: String,
    /// `CodeUri`, resolved against the template's directory.
    pub code_uri: PathBuf,
    /// `Metadata.BuildMethod`, for example `rust-cargolambda`.
    pub build_method: Option<String>,
    /// Seconds, 1 to 900. Lambda's default is 3.
    pub timeout_s: u32,
    /// MB, 128 to 10,240. Lambda's default is 128.
    pub memory_mb: u32,
    /// The logical ids of its layers, in order: of two that hold one file, the later wins. Only those of this template.
    pub layers: Vec<String>,
    /// `Environment.Variables`. Dynamic references such as `{{resolve:…}}` are left as they are.
    pub environment: BTreeMap<String, String>,
    /// How many invocations one process may have in hand, 1 to 1,600: `PerExecutionEnvironmentMaxConcurrency` of the
    /// `CapacityProviderConfig`, else the variable `AWS_LAMBDA_MAX_CONCURRENCY`. `None`: the template does not say.
    pub per_process: Option<u32>,
    /// `LoggingConfig`.
    pub logging: LoggingSpec,
    /// The function URL, where the function has one.
    pub url: Option<FunctionUrlSpec>,
    /// The line of the resource, from 1.
    pub line: usize,
}

impl FunctionSpec {
    /// The methods that need no key, where something in the function asks for keys, as it reads the environment itself. `None`: nothing
    /// does. A list that cannot be read opens nothing: such a function does not start.
    ///
    /// In a compiled function that is the tower layer. In one of another runtime it is Tollgate's Lambda layer, which is not there unless
    /// the function is started by its wrapper.
    #[must_use]
    pub fn public_methods(&self) -> Option<MethodPatterns> {
        let enforces =
            self.is_told_of_plans() && (self.is_compiled() || self.has_tollgate_wrapper());
        enforces.then(|| {
            self.environment
                .get(variable::PUBLIC)
                .and_then(|list| list.parse().ok())
                .unwrap_or_default()
        })
    }

    /// Whether the function has Tollgate's table and nothing that asks for keys: whoever wrote its template may believe that it has.
    #[must_use]
    pub fn is_unguarded(&self) -> bool {
        self.is_told_of_plans() && self.public_methods().is_none()
    }

    /// Whether an authorizer with this function decides by usage plans: the function of Tollgate's own, which is compiled.
    #[must_use]
    pub fn decides_by_plans(&self) -> bool {
        self.is_compiled() && self.environment.contains_key(variable::TABLE)
    }

    /// Whether the function is an executable of its own, and needs no language's runtime.
    #[must_use]
    pub fn is_compiled(&self) -> bool {
        self.runtime.starts_with("provided")
    }

    /// The wrapper that the runtime is started by, by its path on Lambda. `None`: by none. Lambda runs no wrapper for compiled functions.
    #[must_use]
    pub fn wrapper(&self) -> Option<&str> {
        let wrapper = self.environment.get(EXEC_WRAPPER)?;
        (!self.is_compiled() && !wrapper.is_empty()).then_some(wrapper)
    }

    fn is_told_of_plans(&self) -> bool {
        self.environment.contains_key(variable::TABLE)
            && self.environment.get(variable::LAYER).map(String::as_str) != Some("off")
    }

    fn has_tollgate_wrapper(&self) -> bool {
        self.wrapper() == Some(TOLLGATE_WRAPPER)
    }
}

/// `LoggingConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggingSpec {
    /// Whether the function is asked for one JSON object a line.
    pub is_json: bool,
    /// `ApplicationLogLevel`, with a meaning for JSON only: `TRACE` to `FATAL`, `INFO` unless said otherwise.
    pub level: Option<String>,
    /// `LogGroup`.
    pub group: Option<String>,
}

/// `FunctionUrlConfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUrlSpec {
    /// The first label of its host, from the function's logical id. It stands for the API in plans.
    pub id: String,
    /// Who may call the URL.
    pub auth: FunctionUrlAuth,
    /// How the answer is sent.
    pub invoke_mode: InvokeMode,
}

/// `AuthType` of a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionUrlAuth {
    /// Anybody.
    None,
    /// Callers that sign their requests.
    AwsIam,
}

/// `InvokeMode` of a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvokeMode {
    /// The answer is sent when it is complete.
    Buffered,
    /// The answer is sent while the function writes it.
    ResponseStream,
}

/// Whether a function has no local code to run: an image, or code inside of the template.
pub(super) fn is_not_simulated(
    resolver: &Resolver<'_>,
    resource: &Resource,
) -> Result<bool, TemplateError> {
    let properties = Field::properties(resolver, resource);
    if properties.get("InlineCode")?.is_some() {
        return Ok(true);
    }
    Ok(properties
        .text_of("PackageType")?
        .is_some_and(|package| package == "Image"))
}

pub(super) fn read(
    resolver: &Resolver<'_>,
    resource: &Resource,
    directory: &Path,
) -> Result<FunctionSpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    let code_uri = properties.required("CodeUri")?;
    let code = code_uri.text().map_err(|error| TemplateError {
        hint: "name a local directory".to_owned(),
        ..error
    })?;
    if code.starts_with("s3://") {
        return Err(code_uri.error(
            "names an object in S3",
            "name the local directory that it is built from",
        ));
    }
    let build_method = match Field::metadata(resolver, resource)? {
        Some(metadata) => metadata.text_of("BuildMethod")?,
        None => None,
    };
    let environment = match properties.get("Environment")? {
        Some(environment) => environment.texts_of("Variables")?,
        None => BTreeMap::new(),
    };
    Ok(FunctionSpec {
        logical_id: resource.logical_id.to_string(),
        name: resolver.physical_id(resource)?.to_string(),
        runtime: properties.required("Runtime")?.text()?.to_owned(),
        handler: properties.required("Handler")?.text()?.to_owned(),
        code_uri: directory.join(code),
        build_method,
        timeout_s: properties.whole_number_of("Timeout", 3, (1, 900))?,
        memory_mb: properties.whole_number_of("MemorySize", 128, (128, 10_240))?,
        layers: Vec::new(),
        per_process: per_process(&properties)?,
        environment,
        logging: logging(&properties)?,
        url: properties
            .get("FunctionUrlConfig")?
            .map(|config| url(&config, &resource.logical_id))
            .transpose()?,
        line: resource.line,
    })
}

/// On AWS the variable is set by Lambda. In a template it is for laptops, where there are no capacity providers.
fn per_process(properties: &Field<'_>) -> Result<Option<u32>, TemplateError> {
    const PROPERTY: &str = "PerExecutionEnvironmentMaxConcurrency";
    const VARIABLE: &str = "AWS_LAMBDA_MAX_CONCURRENCY";
    let bounds = (1, MAX_PER_PROCESS);
    if let Some(provider) = properties.get("CapacityProviderConfig")? {
        return provider
            .whole_number_of(PROPERTY, DEFAULT_PER_PROCESS, bounds)
            .map(Some);
    }
    let variables = match properties.get("Environment")? {
        Some(environment) => environment.get("Variables")?,
        None => None,
    };
    match variables {
        Some(variables) if variables.get(VARIABLE)?.is_some() => variables
            .whole_number_of(VARIABLE, DEFAULT_PER_PROCESS, bounds)
            .map(Some),
        Some(_) | None => Ok(None),
    }
}

fn logging(properties: &Field<'_>) -> Result<LoggingSpec, TemplateError> {
    const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let Some(config) = properties.get("LoggingConfig")? else {
        return Ok(LoggingSpec::default());
    };
    let is_json = match config.get("LogFormat")? {
        Some(format) => format.choice(&[("JSON", true), ("Text", false)])?,
        None => false,
    };
    let level = match config.get("ApplicationLogLevel")? {
        Some(level) => Some(level.choice(&LEVELS.map(|name| (name, name)))?.to_owned()),
        None => None,
    };
    Ok(LoggingSpec {
        is_json,
        level,
        group: config.text_of("LogGroup")?,
    })
}

fn url(config: &Field<'_>, logical_id: &str) -> Result<FunctionUrlSpec, TemplateError> {
    let auth = config.required("AuthType")?.choice(&[
        ("NONE", FunctionUrlAuth::None),
        ("AWS_IAM", FunctionUrlAuth::AwsIam),
    ])?;
    let invoke_mode = match config.get("InvokeMode")? {
        Some(mode) => mode.choice(&[
            ("BUFFERED", InvokeMode::Buffered),
            ("RESPONSE_STREAM", InvokeMode::ResponseStream),
        ])?,
        None => InvokeMode::Buffered,
    };
    Ok(FunctionUrlSpec {
        id: function_url_id(logical_id),
        auth,
        invoke_mode,
    })
}
