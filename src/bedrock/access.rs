//! Access: whether this account may call a model, as far as Bedrock says without being called.

use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::operation::get_foundation_model_availability::GetFoundationModelAvailabilityOutput;
use aws_sdk_bedrock::types::{
    AgreementAvailability, AgreementStatus, AuthorizationStatus, EntitlementAvailability, RegionAvailability,
};

use crate::bedrock::fault::{self, Place};
use crate::bench::fault::Fault;
use crate::bench::model::ModelId;

/// What Bedrock says of an account's access to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The account may call it. Whether this caller may is IAM's to say.
    Granted,
    /// Not yet.
    Awaited(&'static str),
    /// No.
    Refused(&'static str),
    /// This endpoint does not answer the question.
    Unknown,
}

impl Access {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Awaited(_) => "awaited",
            Self::Refused(_) => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// One sentence: what is so, and what to do about it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Granted => "This account may call it.",
            Self::Awaited(says) | Self::Refused(says) => says,
            Self::Unknown => "This endpoint does not say; a call shows it.",
        }
    }
}

/// Asks `GetFoundationModelAvailability` of a base model: one call, which takes the permission
/// `bedrock:GetFoundationModelAvailability`.
pub async fn access(client: &Client, place: &Place, id: &ModelId) -> Result<Access, Fault> {
    let answer = client.get_foundation_model_availability().model_id(id.base()).send().await;
    match answer.map_err(|error| fault::of_sdk_error(&error, place, Some(id))) {
        Err(fault) if fault.code.as_deref() == Some("UnknownOperationException") => Ok(Access::Unknown),
        answer => answer.map(|answer| judged(&answer)),
    }
}

fn judged(answer: &GetFoundationModelAvailabilityOutput) -> Access {
    let agreement = answer.agreement_availability().map(AgreementAvailability::status);
    if *answer.region_availability() == RegionAvailability::NotAvailable {
        Access::Refused("The model is not offered to this account in this region: choose another region.")
    } else if *answer.authorization_status() == AuthorizationStatus::NotAuthorized {
        Access::Refused("This account is not authorised for the model: ask for access in the Bedrock console.")
    } else if agreement == Some(&AgreementStatus::Pending) {
        Access::Awaited("The agreement on the model is being made: try again in a few minutes.")
    } else if agreement == Some(&AgreementStatus::Error) {
        Access::Refused("The agreement on the model failed: make it again under Model catalog in the Bedrock console.")
    } else if agreement == Some(&AgreementStatus::NotAvailable)
        || *answer.entitlement_availability() == EntitlementAvailability::NotAvailable
    {
        Access::Awaited(
            "There is no agreement on the model yet: open it under Model catalog in the Bedrock console, or call it \
             once with the permission aws-marketplace:Subscribe.",
        )
    } else {
        Access::Granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_what_is_said_decides() {
        let said = |agreement: AgreementStatus, authorised: &str, entitled: &str, region: &str| {
            let agreement = AgreementAvailability::builder().status(agreement).build();
            let answer = GetFoundationModelAvailabilityOutput::builder()
                .model_id("a.b")
                .agreement_availability(agreement.expect("whole"))
                .authorization_status(authorised.into())
                .entitlement_availability(entitled.into())
                .region_availability(region.into())
                .build();
            judged(&answer.expect("whole")).name()
        };
        let (yes, no) = ("AVAILABLE", "NOT_AVAILABLE");
        assert_eq!(said(AgreementStatus::Available, "AUTHORIZED", yes, yes), "granted");
        assert_eq!(said(AgreementStatus::Available, "AUTHORIZED", yes, no), "refused");
        assert_eq!(said(AgreementStatus::Available, "NOT_AUTHORIZED", yes, yes), "refused");
        assert_eq!(said(AgreementStatus::Error, "AUTHORIZED", yes, yes), "refused");
        assert_eq!(said(AgreementStatus::Pending, "AUTHORIZED", no, yes), "awaited");
        assert_eq!(said(AgreementStatus::NotAvailable, "AUTHORIZED", no, yes), "awaited");
        assert_eq!(said(AgreementStatus::Available, "AUTHORIZED", no, yes), "awaited");
        assert_eq!(said(AgreementStatus::Available, "SOMETHING_NEW", yes, yes), "granted");
    }
}
