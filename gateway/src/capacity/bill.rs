//! The bill of a month.

use serde::Serialize;

use super::prices::Prices;

/// What the engine logs of each decision, in GB: its counts.
const LOG_GB_A_REQUEST: f64 = 280e-9;

/// What is charged for in a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Amounts {
    pub(super) requests: f64,
    pub(super) gb_seconds: f64,
    /// With leases, where plans have them.
    pub(super) writes: f64,
    pub(super) writes_without_leases: f64,
}

/// One kind of cost, behind each front door, in US dollars a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillLine {
    /// What it is for.
    pub what: &'static str,
    /// An HTTP API before a function with Tollgate's layer.
    pub http_api: f64,
    /// The same function's own URL.
    pub function_url: f64,
    /// A REST API with usage plans of its own.
    pub rest_api: f64,
}

/// The bill of a month, in US dollars.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// Where the prices come from.
    pub prices: String,
    /// What it is made of.
    pub lines: Vec<BillLine>,
    /// The sum.
    pub total: BillLine,
    /// What Tollgate's writes would cost without leases, which is in no line.
    pub writes_without_leases: f64,
}

impl Bill {
    pub(super) fn new(amounts: &Amounts, prices: &Prices) -> Self {
        let lambda_requests = prices.lambda_request.of(amounts.requests);
        let lambda_time = prices.lambda_gb_second.of(amounts.gb_seconds);
        let writes = prices.dynamodb_write.of(amounts.writes);
        let logs = prices.log_gb.of(amounts.requests * LOG_GB_A_REQUEST);
        let line = |what, [http_api, function_url, rest_api]: [f64; 3]| BillLine {
            what,
            http_api,
            function_url,
            rest_api,
        };
        let front_doors = [
            prices.http_request.of(amounts.requests),
            0.0,
            prices.rest_request.of(amounts.requests),
        ];
        let lines = vec![
            line("front door", front_doors),
            line("Lambda requests", [lambda_requests; 3]),
            line("Lambda time", [lambda_time; 3]),
            line("DynamoDB writes", [writes, writes, 0.0]),
            line("log of counts", [logs, logs, 0.0]),
        ];
        let sum = |of: fn(&BillLine) -> f64| lines.iter().map(of).sum();
        let total = BillLine {
            what: "total",
            http_api: sum(|line| line.http_api),
            function_url: sum(|line| line.function_url),
            rest_api: sum(|line| line.rest_api),
        };
        Self {
            prices: prices.to_string(),
            lines,
            total,
            writes_without_leases: prices.dynamodb_write.of(amounts.writes_without_leases),
        }
    }
}
