//! The smallest IAM policy under which a plan runs and its quotas can be read.

use serde_json::{Value, json};

use crate::bench::model::{ModelId, Scope};
use crate::bench::plan::Plan;

/// The policy's document (source of actions and resources: facts on endpoint, auth and IAM).
pub fn policy(plan: &Plan) -> Value {
    let invoke = if plan.api.streams() { "bedrock:InvokeModelWithResponseStream" } else { "bedrock:InvokeModel" };
    let mut resources: Vec<String> = plan.models.iter().flat_map(|model| resources(&model.id, &plan.region)).collect();
    resources.sort_unstable();
    resources.dedup();
    let read = [
        "bedrock:ListFoundationModels",
        "bedrock:ListInferenceProfiles",
        "servicequotas:ListServiceQuotas",
        "servicequotas:ListAWSDefaultServiceQuotas",
    ];
    json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Sid": "Invoke", "Effect": "Allow", "Action": [invoke], "Resource": resources },
            { "Sid": "ReadModelsAndQuotas", "Effect": "Allow", "Action": read, "Resource": "*" },
        ],
    })
}

/// A profile needs the profile and the model in every region to which it may send; a global one the model without a
/// region too.
fn resources(id: &ModelId, region: &str) -> Vec<String> {
    let partition = partition(region);
    let model = |region: &str, base: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{base}");
    let profile = || match id.as_str() {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => format!("arn:{partition}:bedrock:{region}:*:inference-profile/{name}"),
    };
    match id.scope() {
        Scope::OnDemand => vec![model(region, id.base())],
        Scope::CrossRegion => vec![profile(), model("*", id.base())],
        Scope::Global => vec![profile(), model(region, id.base()), model("", id.base())],
        Scope::Dedicated => vec![id.as_str().to_owned()],
        Scope::Unresolved => vec![id.as_str().to_owned(), model("*", "*")],
    }
}

fn partition(region: &str) -> &'static str {
    const BY_START: [(&str, &str); 2] = [("us-gov-", "aws-us-gov"), ("cn-", "aws-cn")];
    BY_START.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_names_what_it_touches() {
        let of = |id: &str| resources(&ModelId::parse(id), "us-east-1");
        let base = "anthropic.claude-sonnet-5";
        assert_eq!(of(base), [format!("arn:aws:bedrock:us-east-1::foundation-model/{base}")]);
        assert_eq!(
            of(&format!("us.{base}")),
            [
                format!("arn:aws:bedrock:us-east-1:*:inference-profile/us.{base}"),
                format!("arn:aws:bedrock:*::foundation-model/{base}")
            ]
        );
        assert!(of(&format!("global.{base}")).contains(&format!("arn:aws:bedrock:::foundation-model/{base}")));
        let bought = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc";
        assert_eq!(of(bought), [bought]);
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
