//! Permissions: the actions beside calling a model, and which of those on Service Quotas this caller is allowed.

use aws_sdk_servicequotas::Client;

use crate::bedrock::fault::{self, Place};
use crate::bedrock::quotas::SERVICE;
use crate::bench::fault::Fault;

/// The actions that reading quotas takes.
pub const QUOTAS: [&str; 2] = ["servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"];

/// The action that reading an account's use of a model takes.
pub const METRICS: &str = "cloudwatch:GetMetricData";

/// Tries each of [`QUOTAS`].
pub async fn quotas(client: &Client, place: &Place) -> [(&'static str, Result<(), Fault>); 2] {
    let applied = client.list_service_quotas().service_code(SERVICE).max_results(1).send().await;
    let default = client.list_aws_default_service_quotas().service_code(SERVICE).max_results(1).send().await;
    let [list, list_default] = QUOTAS;
    [
        (list, applied.map(drop).map_err(|error| fault::of_sdk_error(&error, place, None))),
        (list_default, default.map(drop).map_err(|error| fault::of_sdk_error(&error, place, None))),
    ]
}
