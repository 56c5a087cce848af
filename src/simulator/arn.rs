//! ARNs: the names that Bedrock gives to models and inference profiles, for the simulator's own account.

/// The simulator's account.
pub(super) const ACCOUNT: &str = "123456789012";

/// What an ARN of Bedrock names (source: facts on model ids).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// A base model; it belongs to no account.
    FoundationModel(&'a str),
    /// A system-defined profile by its prefixed id.
    Profile(&'a str),
    /// An application's profile by its opaque id.
    ApplicationProfile(&'a str),
    /// Provisioned, custom or imported.
    Dedicated,
}

/// Takes an ARN apart; `None` where it names nothing that this account has in this region.
pub(super) fn read<'a>(arn: &'a str, region: &str) -> Option<Named<'a>> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", partition, "bedrock", at, account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    if !["aws", "aws-us-gov", "aws-cn"].contains(&partition) || at != region {
        return None;
    }
    let (kind, name) = resource.split_once('/').filter(|(_, name)| !name.is_empty())?;
    match (kind, account) {
        ("foundation-model", "") => Some(Named::FoundationModel(name)),
        ("inference-profile", ACCOUNT) => Some(Named::Profile(name)),
        ("application-inference-profile", ACCOUNT) => Some(Named::ApplicationProfile(name)),
        ("provisioned-model" | "custom-model" | "custom-model-deployment" | "imported-model", ACCOUNT) => {
            Some(Named::Dedicated)
        }
        _ => None,
    }
}

/// What CloudWatch's dimension `ModelId` says of what was called (source: facts on CloudWatch): the id, of an ARN its
/// last part, but all of it where it names nothing that has an id of its own.
pub(super) fn metric_id(called: &str) -> &str {
    let named = called.splitn(6, ':').nth(5).and_then(|resource| resource.split_once('/'));
    match named {
        Some(("foundation-model" | "inference-profile" | "application-inference-profile", id)) => id,
        _ => called,
    }
}

/// A base model's ARN; without a region it stands for all that a global profile may use.
pub(super) fn of_model(region: &str, base: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{base}")
}

/// A system-defined profile's ARN.
pub(super) fn of_profile(region: &str, id: &str) -> String {
    format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{id}")
}

/// An application profile's ARN.
pub(super) fn of_application_profile(region: &str, id: &str) -> String {
    format!("arn:aws:bedrock:{region}:{ACCOUNT}:application-inference-profile/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_account_has_in_the_region_is_named() {
        let east = |arn: &'static str| read(arn, "us-east-1");
        assert_eq!(metric_id("arn:aws:bedrock:us-east-1::foundation-model/a.b:0"), "a.b:0");
        assert_eq!(metric_id("a.b:0"), "a.b:0");
        assert_eq!(east("arn:aws:bedrock:us-east-1::foundation-model/a.b:0"), Some(Named::FoundationModel("a.b:0")));
        assert_eq!(
            east("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.a.b"),
            Some(Named::Profile("us.a.b"))
        );
        assert_eq!(
            east("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x"),
            Some(Named::ApplicationProfile("x"))
        );
        assert_eq!(east("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/x"), Some(Named::Dedicated));
        for wrong in [
            "arn:aws:bedrock:us-west-2::foundation-model/a.b",
            "arn:aws:bedrock:us-east-1:123456789012:foundation-model/a.b",
            "arn:aws:bedrock:us-east-1:210987654321:inference-profile/us.a.b",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/",
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/x",
            "arn:aws:s3:us-east-1:123456789012:inference-profile/us.a.b",
            "arn:other:bedrock:us-east-1::foundation-model/a.b",
            "arn:aws:bedrock",
        ] {
            assert_eq!(east(wrong), None, "{wrong}");
        }
    }
}
