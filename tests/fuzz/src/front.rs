//! The gateway's port for clients, with an HTTP API and a function URL, and a function that answers what it is told to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tests::{Answer, HttpClient, Result as HarnessResult};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tollgate::api::{Routes, Routing, Verb};
use tollgate::control::account_limit_of_aws;
use tollgate::http::Problems;
use tollgate::http::fields::Fields;
use tollgate::id::ApiStage;
use tollgate::limiter::Limiter;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::{Clock as _, SystemClock};
use tollgate_gateway::lambda::{FunctionName, Lambdas};
use tollgate_gateway::local;
use tollgate_gateway::rest_api::{RestApis, RestApisSettings};
use tollgate_gateway::router::{ApiAddress, DEFAULT_STAGE, FunctionUrlAddress, Router};
use tollgate_gateway::server::{
    Access, Api, DataPlane, FunctionUrl, Handler, HttpApis, HttpApisSettings, Method, TargetId,
    serve,
};
use tollgate_gateway::tally::Tally;
use tollgate_gateway::template::{InvokeMode, PayloadVersion};

/// Where the HTTP API is.
pub(crate) const HTTP_API: &str = "/_aws/execute-api/hhh/";

/// What the paths of its route with the payload format 1.0 begin with.
pub(crate) const V1: &str = "v1/";

/// However busy the machine is: what takes longer than this is not answered at all.
const PATIENCE: Duration = Duration::from_mins(5);

/// Lambda's Invoke API for a function that answers what it is told to.
#[derive(Clone, Default)]
struct Function(Arc<Mutex<Bytes>>);

impl Handler for Function {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>, _: SocketAddr) -> Response<Full<Bytes>> {
        // What is not read of a request breaks the connection.
        let _ = request.into_body().collect().await;
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Response::new(Full::new(payload.clone()))
    }
}

/// The gateway. It runs in the thread that asks it.
pub(crate) struct Front {
    runtime: Runtime,
    client: HttpClient,
    function: Function,
    _stop: watch::Sender<bool>,
}

impl Front {
    pub(crate) fn start() -> HarnessResult<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let function = Function::default();
        let (client, stop) = runtime.block_on(listening(function.clone()))?;
        Ok(Self {
            runtime,
            client,
            function,
            _stop: stop,
        })
    }

    /// Sends a request, which the function answers with `payload` if it reaches it.
    pub(crate) fn send(&self, method: &str, path: &str, payload: &[u8]) -> Result<Answer, String> {
        let told = Bytes::copy_from_slice(payload);
        *self
            .function
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = told;
        let answer = self.runtime.block_on(async {
            let answer = self.client.send(method, path, &[], Bytes::new());
            tokio::time::timeout(PATIENCE, answer).await
        });
        answer
            .map_err(|_elapsed| "there is no answer".to_owned())?
            .map_err(|error| format!("there is no answer: {error}"))
    }
}

async fn listening(function: Function) -> HarnessResult<(HttpClient, watch::Sender<bool>)> {
    let (stop, stopped) = watch::channel(false);
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (functions, clients) = (bind().await?, bind().await?);
    let endpoint = format!("http://{}", functions.local_addr()?);
    tokio::spawn(serve(functions, function, stopped.clone()));
    let lambdas = Lambdas::elsewhere(endpoint.parse()?, BTreeMap::new());
    let address = clients.local_addr()?;
    let data_plane = data_plane(&lambdas, address.port())?;
    tokio::spawn(serve(clients, data_plane, stopped));
    Ok((HttpClient::new(format!("http://{address}")), stop))
}

fn data_plane(lambdas: &Lambdas, port: u16) -> HarnessResult<DataPlane> {
    let name = FunctionName {
        name: "fn".to_owned(),
        qualifier: None,
    };
    let target = lambdas.target(&name)?;
    let method = |payload_version| Method {
        target: target.clone(),
        access: Access::Open,
        payload_version,
        timeout: PATIENCE,
        resource_id: "res1".to_owned(),
    };
    let mut routes = Routes::new(Routing::HttpApi);
    routes.insert(
        Verb::Any,
        "/v1/{proxy+}".parse()?,
        method(PayloadVersion::V1),
    )?;
    routes.insert_default(method(PayloadVersion::V2))?;
    let http_apis = HttpApisSettings {
        apis: vec![Api {
            api_stage: ApiStage::new("hhh", DEFAULT_STAGE),
            deployment_id: "dep1".to_owned(),
            routes,
            stage_variables: BTreeMap::new(),
        }],
        function_urls: vec![FunctionUrl {
            url_id: "url1".to_owned(),
            target,
            access: Access::Open,
            invoke_mode: InvokeMode::Buffered,
        }],
        lambdas: lambdas.clone(),
        account_id: local::ACCOUNT_ID.to_owned(),
        region: local::REGION.to_owned(),
        port,
    };
    let router = Router::new(
        vec![ApiAddress {
            api_id: "hhh".to_owned(),
            stages: vec![DEFAULT_STAGE.to_owned()],
            target: TargetId::Api(0),
        }],
        Vec::new(),
        vec![FunctionUrlAddress {
            url_id: "url1".to_owned(),
            function_name: "fn".to_owned(),
            target: TargetId::FunctionUrl(0),
        }],
    )?;
    let http_apis = HttpApis::new(http_apis, Arc::new(SystemClock));
    Ok(DataPlane::new(router, http_apis, rest_apis(lambdas, port)?))
}

/// None is there: nothing listens where their store would be.
fn rest_apis(lambdas: &Lambdas, port: u16) -> HarnessResult<Arc<RestApis>> {
    let sdk_config = local::sdk_config("http://127.0.0.1:9", local::REGION);
    let store = DynamoStore::new(
        &sdk_config,
        Patience::REQUEST,
        local::TABLE,
        local::pepper()?,
    );
    Ok(RestApis::new(
        RestApisSettings {
            store: store.clone(),
            limiter: Limiter::new(store, SystemClock, local::pepper()?)?,
            tally: Tally::new(SystemClock.now()),
            lambdas: lambdas.clone(),
            fields: Fields::All,
            problems: Problems::default(),
            account_id: local::ACCOUNT_ID.to_owned(),
            region: local::REGION.to_owned(),
            account_limit: account_limit_of_aws(),
            port,
        },
        Arc::new(SystemClock),
    ))
}
