//! What AWS asks for, from its price lists.
//!
//! Read in November 2026 for us-east-1 (N. Virginia), in US dollars, without the free tier, taxes and data transfer:
//!
//! | what | source |
//! |---|---|
//! | requests to REST and HTTP APIs, in tiers | <https://aws.amazon.com/api-gateway/pricing/> |
//! | Lambda requests and GB-seconds, in tiers | <https://aws.amazon.com/lambda/pricing/> |
//! | DynamoDB, on demand: writes | <https://aws.amazon.com/dynamodb/pricing/on-demand/> |
//! | `CloudWatch` Logs, taken in | <https://aws.amazon.com/cloudwatch/pricing/> |

use std::fmt;

/// When the lists were read.
pub const AS_OF: &str = "November 2026";

/// Where they hold.
pub const REGION: &str = "us-east-1";

/// A price that falls with the amount: each part of an amount costs what its tier says.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// How much of an amount each tier takes at the most, and what one of it costs. The last one takes the rest.
    tiers: Vec<(f64, f64)>,
}

impl Price {
    fn flat(usd: f64) -> Self {
        Self {
            tiers: vec![(f64::INFINITY, usd)],
        }
    }

    fn tiers(tiers: &[(f64, f64)]) -> Self {
        Self {
            tiers: tiers.to_vec(),
        }
    }

    /// What an amount costs, in US dollars.
    pub fn of(&self, amount: f64) -> f64 {
        let mut rest = amount;
        let mut usd = 0.0;
        for (size, price) in &self.tiers {
            let part = rest.min(*size);
            usd += part * price;
            rest -= part;
        }
        usd
    }
}

/// The instruction set of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// `arm64`.
    #[default]
    Arm64,
    /// `x86_64`.
    X86,
}

/// What everything costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    pub(super) rest_request: Price,
    pub(super) http_request: Price,
    pub(super) lambda_request: Price,
    pub(super) lambda_gb_second: Price,
    pub(super) dynamodb_write: Price,
    pub(super) log_gb: Price,
    is_changed: bool,
}

const MILLION: f64 = 1e6;
const BILLION: f64 = 1e9;

impl Prices {
    /// The list prices.
    #[must_use]
    pub fn listed(architecture: Architecture) -> Self {
        let lambda_gb_second = match architecture {
            Architecture::Arm64 => Price::tiers(&[
                (7.5 * BILLION, 0.000_013_333_4),
                (11.25 * BILLION, 0.000_012_000_1),
                (f64::INFINITY, 0.000_010_666_7),
            ]),
            Architecture::X86 => Price::tiers(&[
                (6.0 * BILLION, 0.000_016_666_7),
                (9.0 * BILLION, 0.000_015),
                (f64::INFINITY, 0.000_013_333_4),
            ]),
        };
        Self {
            rest_request: Price::tiers(&[
                (333.0 * MILLION, 3.50 / MILLION),
                (667.0 * MILLION, 2.80 / MILLION),
                (19.0 * BILLION, 2.38 / MILLION),
                (f64::INFINITY, 1.51 / MILLION),
            ]),
            http_request: Price::tiers(&[
                (300.0 * MILLION, 1.00 / MILLION),
                (f64::INFINITY, 0.90 / MILLION),
            ]),
            lambda_request: Price::flat(0.20 / MILLION),
            lambda_gb_second,
            dynamodb_write: Price::flat(0.625 / MILLION),
            log_gb: Price::flat(0.50),
            is_changed: false,
        }
    }

    /// Replaces a price, as an operator writes it: `rest-api=3.50`, for a million where AWS lists a million.
    ///
    /// # Errors
    ///
    /// When there is no such price, or it is no number of US dollars.
    pub fn set(&mut self, text: &str) -> Result<(), InvalidPrice> {
        let (name, usd) = text.split_once('=').ok_or(InvalidPrice)?;
        let usd: f64 = usd.parse().map_err(|_no_number| InvalidPrice)?;
        if !usd.is_finite() || usd < 0.0 {
            return Err(InvalidPrice);
        }
        let (price, of) = match name {
            "rest-api" => (&mut self.rest_request, MILLION),
            "http-api" => (&mut self.http_request, MILLION),
            "lambda-requests" => (&mut self.lambda_request, MILLION),
            "lambda-gb-second" => (&mut self.lambda_gb_second, 1.0),
            "dynamodb-writes" => (&mut self.dynamodb_write, MILLION),
            "logs-gb" => (&mut self.log_gb, 1.0),
            _ => return Err(InvalidPrice),
        };
        *price = Price::flat(usd / of);
        self.is_changed = true;
        Ok(())
    }
}

/// Where the prices come from, in words.
impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "list prices of {REGION}, {AS_OF}, without the free tier")?;
        if self.is_changed {
            f.write_str(", some replaced")?;
        }
        Ok(())
    }
}

/// A text that names no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write it NAME=USD, where NAME is rest-api, http-api, lambda-requests or dynamodb-writes (for a million), lambda-gb-second, or logs-gb"
)]
pub struct InvalidPrice;
