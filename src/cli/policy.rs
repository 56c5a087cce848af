//! The smallest IAM policy under which a plan runs and its quotas can be read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bedrock::permission;
use crate::bench::model::{ModelId, Scope};
use crate::bench::plan::{ModelPlan, Plan};

/// The policy's document (source of actions and resources: facts on endpoint, auth and IAM). A run does without the
/// last two statements.
pub fn policy(plan: &Plan) -> Value {
    let models = || plan.models.iter().chain(&plan.judges);
    let streams = |model: &ModelPlan| plan.api_of(model).streams();
    let action = |streams| if streams { "bedrock:InvokeModelWithResponseStream" } else { "bedrock:InvokeModel" };
    // Judges do not stream.
    let judged = (!plan.judges.is_empty()).then_some(false);
    let invoke: BTreeSet<&str> = plan.models.iter().map(streams).chain(judged).map(action).collect();
    let mut resources: Vec<String> = models().flat_map(|model| resources(&model.id, &plan.region)).collect();
    resources.sort_unstable();
    resources.dedup();
    let mut statements = vec![json!({ "Sid": "Invoke", "Effect": "Allow", "Action": invoke, "Resource": resources })];
    let profiles: Vec<&str> = models().map(|model| model.id.as_str()).filter(|id| is_application(id)).collect();
    if !profiles.is_empty() {
        let action = ["bedrock:GetInferenceProfile"];
        statements.push(json!({ "Sid": "ReadProfiles", "Effect": "Allow", "Action": action, "Resource": profiles }));
    }
    let every =
        |sid: &str, actions: &[&str]| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*" });
    if !plan.quota.complete() {
        statements.push(every("ReadQuotas", &permission::QUOTAS));
    }
    let models =
        ["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles", "bedrock:GetFoundationModelAvailability"];
    statements.push(every("ReadModels", &models));
    statements.push(every("ReadMetrics", &[permission::METRICS]));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A profile needs the profile and the model in every region to which it may send; a global one the model without a
/// region too.
fn resources(id: &ModelId, region: &str) -> Vec<String> {
    let partition = partition(region);
    let model = |region: &str, base: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{base}");
    let profile = match id.as_str() {
        arn if is_application(arn) => Some(arn.to_owned()),
        arn if arn.starts_with("arn:") => Some(arn.to_owned()).filter(|arn| arn.contains(":inference-profile/")),
        name => id.prefix().map(|_| format!("arn:{partition}:bedrock:{region}:*:inference-profile/{name}")),
    };
    let models = match id.scope() {
        Scope::OnDemand => vec![model(region, id.base())],
        Scope::CrossRegion => vec![model("*", id.base())],
        Scope::Global => vec![model(region, id.base()), model("", id.base())],
        Scope::Dedicated => vec![id.as_str().to_owned()],
        Scope::Unresolved => vec![model("*", "*")],
    };
    profile.into_iter().chain(models).collect()
}

fn is_application(id: &str) -> bool {
    id.contains(":application-inference-profile/")
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
        assert_eq!(
            of(&format!("global.{base}")),
            [
                format!("arn:aws:bedrock:us-east-1:*:inference-profile/global.{base}"),
                format!("arn:aws:bedrock:us-east-1::foundation-model/{base}"),
                format!("arn:aws:bedrock:::foundation-model/{base}"),
            ]
        );
        let team = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team";
        assert_eq!(of(team), [team, "arn:aws:bedrock:*::foundation-model/*"]);
        let wraps = |scope| resources(&ModelId::parse(team).resolved(base, scope), "us-east-1");
        assert_eq!(wraps(Scope::OnDemand), [team, &format!("arn:aws:bedrock:us-east-1::foundation-model/{base}")]);
        assert_eq!(wraps(Scope::CrossRegion), [team, &format!("arn:aws:bedrock:*::foundation-model/{base}")]);
        assert_eq!(wraps(Scope::Global).len(), 3);
        let arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
        assert_eq!(of(arn), [arn]);
        let bought = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc";
        assert_eq!(of(bought), [bought]);
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
