//! The APIs of a template, ready to be routed to.

use std::sync::Arc;

use tollgate::http::Problems;
use tollgate::http::fields::Fields;
use tollgate::limiter::Limiter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use super::{StartApi, StartError, http_apis};
use crate::lambda::Lambdas;
use crate::local;
use crate::rest_api::{RestApis, RestApisSettings};
use crate::router::{ApiAddress, FunctionUrlAddress, RestApiAddress, Router};
use crate::server::{DataPlane, HttpApis, HttpApisSettings, TargetId};
use crate::tally::Tally;
use crate::template::{ApiKind, Template};

/// The REST APIs in the store, with the functions of the template.
pub(super) fn rest_apis(
    lambdas: Lambdas,
    store: DynamoStore,
    limiter: Limiter<DynamoStore>,
    tally: Tally,
    arguments: &StartApi,
    port: u16,
) -> Arc<RestApis> {
    let fields = if arguments.strict_aws {
        Fields::AwsOnly
    } else {
        Fields::All
    };
    let usual = Problems::usual(fields);
    let settings = RestApisSettings {
        store,
        limiter,
        tally,
        lambdas,
        fields,
        problems: arguments.problem_details.unwrap_or(usual),
        account_id: local::ACCOUNT_ID.to_owned(),
        region: local::REGION.to_owned(),
        account_limit: arguments.account_limit,
        port,
    };
    RestApis::new(settings, Arc::new(SystemClock))
}

pub(super) fn data_plane(
    template: &Template,
    lambdas: Lambdas,
    rest_apis: Arc<RestApis>,
    port: u16,
) -> Result<DataPlane, StartError> {
    let mut addresses = Vec::new();
    let mut apis = Vec::new();
    let mut rest_addresses = Vec::new();
    for spec in &template.apis {
        match spec.kind {
            ApiKind::Http => {}
            ApiKind::Rest => {
                rest_addresses.push(RestApiAddress {
                    api_id: spec.id.clone(),
                    stages: vec![spec.stage.clone()],
                });
                continue;
            }
        }
        addresses.push(ApiAddress {
            api_id: spec.id.clone(),
            stages: vec![spec.stage.clone()],
            target: TargetId::Api(apis.len()),
        });
        apis.push(http_apis::api(spec, template, &lambdas)?);
    }
    let mut url_addresses = Vec::new();
    let mut function_urls = Vec::new();
    for spec in &template.functions {
        let Some(url) = &spec.url else {
            continue;
        };
        url_addresses.push(FunctionUrlAddress {
            url_id: url.id.clone(),
            function_name: spec.name.clone(),
            target: TargetId::FunctionUrl(function_urls.len()),
        });
        function_urls.push(http_apis::function_url(spec, url, &lambdas)?);
    }
    let router = Router::new(addresses, rest_addresses, url_addresses)?;
    let settings = HttpApisSettings {
        apis,
        function_urls,
        lambdas,
        account_id: local::ACCOUNT_ID.to_owned(),
        region: local::REGION.to_owned(),
        port,
    };
    let http_apis = HttpApis::new(settings, Arc::new(SystemClock));
    Ok(DataPlane::new(router, http_apis, rest_apis))
}
