//! The code of a template's functions, found and built, and how it is started.

use std::collections::BTreeMap;

use http::Uri;
use tollgate::http::variable;

use super::launch::{Launches, tell_of_differences};
use super::{StartApi, StartError};
use crate::build_functions::{
    Build, FunctionSource, LayerSource, Sources, binary_names, build_all,
};
use crate::template::{ApiKind, EXEC_WRAPPER, TOLLGATE_WRAPPER, Template};

/// Where the code of a template's functions is.
#[derive(Debug)]
pub(super) enum Code {
    /// On this machine.
    Here(Launches),
    /// Behind an endpoint, with the names of the functions' binaries by those of the functions.
    Elsewhere {
        endpoint: Uri,
        binaries: BTreeMap<String, String>,
    },
}

/// Finds and builds the functions, unless they run elsewhere.
pub(super) async fn find_code(
    template: &Template,
    arguments: &StartApi,
) -> Result<Code, StartError> {
    let functions: Vec<FunctionSource> = template
        .functions
        .iter()
        .map(|function| FunctionSource {
            logical_id: function.logical_id.clone(),
            code_uri: function.code_uri.clone(),
            build_method: function.build_method.clone(),
            runtime: function.runtime.clone(),
            handler: function.handler.clone(),
        })
        .collect();
    let (mode, cargo) = (arguments.build, arguments.cargo.clone());
    let Some(endpoint) = arguments.lambda_endpoint.clone() else {
        let build = Build::default();
        let _stopped_with_this = build.stopped_on_drop();
        let sources = Sources {
            functions,
            layers: layers(template),
            template_dir: template.directory.clone(),
        };
        let specs = template.functions.clone();
        let building = tokio::task::spawn_blocking(move || {
            let built = build_all(&sources, mode, &cargo, &build)?;
            let launches = Launches::prepare(&specs, &built)?;
            tell_of_differences(&specs, &built);
            Ok::<_, StartError>(launches)
        });
        let launches = building.await.map_err(StartError::Build)??;
        tell_of_unguarded(template);
        return Ok(Code::Here(launches));
    };
    let asking = tokio::task::spawn_blocking(move || binary_names(&functions, &cargo));
    let of_logical_ids = asking.await.map_err(StartError::Build)?;
    let named = template.functions.iter().filter_map(|function| {
        let binary = of_logical_ids.get(&function.logical_id)?;
        Some((function.name.clone(), binary.clone()))
    });
    Ok(Code::Elsewhere {
        endpoint,
        binaries: named.collect(),
    })
}

/// The layers that functions have. Others are not built.
fn layers(template: &Template) -> Vec<LayerSource> {
    let is_used = |logical_id: &String| {
        let mut functions = template.functions.iter();
        functions.any(|function| function.layers.contains(logical_id))
    };
    let used = template
        .layers
        .iter()
        .filter(|layer| is_used(&layer.logical_id))
        .map(|layer| LayerSource {
            logical_id: layer.logical_id.clone(),
            content_uri: layer.content_uri.clone(),
            build_method: layer.build_method.clone(),
        });
    used.collect()
}

/// Says which functions have Tollgate's table and nothing that asks for keys, where no gateway does it before them.
fn tell_of_unguarded(template: &Template) {
    for function in template.functions.iter().filter(|it| it.is_unguarded()) {
        let is_reached = function.url.is_some()
            || template.apis.iter().any(|api| {
                let mut methods = api.methods.iter();
                api.kind == ApiKind::Http
                    && methods.any(|method| method.function_logical_id == function.logical_id)
            });
        if is_reached {
            tracing::warn!(
                "`{}` has {} and not Tollgate's layer, so its methods need no key: add the layer, and {EXEC_WRAPPER}={TOLLGATE_WRAPPER}",
                function.logical_id,
                variable::TABLE
            );
        }
    }
}
