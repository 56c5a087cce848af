//! Faults: what can go wrong with an invocation, and how often it does.

use serde::Deserialize;

use crate::simulator::scenario::Rate;

/// Rates by the key that a file gives them, each with what happens at it: one list, so that no key is read and then never
/// happens.
macro_rules! rates {
    (
        $(#[$about:meta])* $name:ident {
            $($(#[$doc:meta])* $key:ident => $mishap:expr,)+
        }
        $($(#[$more_doc:meta])* $more:ident: $rates:ty)?
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$doc])* pub $key: Rate,)+
            $($(#[$more_doc])* pub $more: $rates,)?
        }

        impl $name {
            /// Each mishap with its rate.
            pub(in crate::simulator) fn rates(&self) -> Vec<(Mishap, f64)> {
                #[allow(unused_mut, reason = "only one of the two has more")]
                let mut rates = vec![$(($mishap, self.$key.0),)+];
                $(rates.extend(self.$more.rates());)?
                rates
            }
        }
    };
}

rates! {
    /// How often each thing goes wrong, as shares of all invocations; at most one of them happens to one.
    FaultRates {
        /// 429 although the quota has room.
        throttled => Mishap::Refused(Refusal::Throttled),
        /// 429 in the words of a daily quota, although it has room.
        daily => Mishap::Refused(Refusal::Daily),
        /// 500.
        internal => Mishap::Refused(Refusal::Internal),
        /// 503.
        unavailable => Mishap::Refused(Refusal::Unavailable),
        /// 408.
        timed_out => Mishap::Refused(Refusal::TimedOut),
        /// 424.
        model_error => Mishap::Refused(Refusal::ModelError),
        /// 424 `ModelStreamErrorException`, before the stream.
        stream_error => Mishap::Refused(Refusal::StreamError),
        /// 429 `ModelNotReadyException`.
        not_ready => Mishap::Refused(Refusal::NotReady),
        /// 400 `ValidationException`.
        validation => Mishap::Refused(Refusal::Validation),
        /// 400 `ConflictException`.
        conflict => Mishap::Refused(Refusal::Conflict),
        /// 400 `ServiceQuotaExceededException`.
        quota_exceeded => Mishap::Refused(Refusal::QuotaExceeded),
        /// 403 `AccessDeniedException`.
        denied => Mishap::Refused(Refusal::Denied),
        /// 403 `ExpiredTokenException`.
        expired_token => Mishap::Refused(Refusal::ExpiredToken),
        /// 403 `UnrecognizedClientException`.
        unrecognized_client => Mishap::Refused(Refusal::UnrecognizedClient),
        /// 403 `MPAgreementBeingCreated`.
        agreement_pending => Mishap::Refused(Refusal::AgreementPending),
        /// 404 `FTUFormNotFilled`.
        form_missing => Mishap::Refused(Refusal::FormMissing),
        /// 404 `ResourceNotFoundException`.
        not_found => Mishap::Refused(Refusal::NotFound),
        /// No answer at all.
        hang => Mishap::Hang,
        /// The connection breaks in the middle of the reply.
        reset => Mishap::Reset,
        /// The reply stops in the middle and never goes on.
        stall => Mishap::Stall,
        /// The stream says the same over and over and never ends; a reply that is no stream stalls.
        endless => Mishap::Endless,
        /// The reply comes at a tenth of its speed.
        slow => Mishap::Slow,
        /// Bytes that are no frame, or no JSON.
        garbage => Mishap::Garbage,
        /// The reply is over in the middle, without a stop event and without an error.
        unfinished => Mishap::Unfinished,
        /// The reply is whole, but nothing says its tokens: a stream stops without metadata.
        no_metadata => Mishap::NoMetadata,
    }
    /// Exceptions inside a stream.
    in_stream: InStreamRates
}

rates! {
    /// How often a stream carries each exception after HTTP 200.
    InStreamRates {
        /// `throttlingException`.
        throttled => Mishap::InStream(InStream::Throttled),
        /// `internalServerException`.
        internal => Mishap::InStream(InStream::Internal),
        /// `serviceUnavailableException`.
        unavailable => Mishap::InStream(InStream::Unavailable),
        /// `modelTimeoutException`.
        timed_out => Mishap::InStream(InStream::TimedOut),
        /// `modelStreamErrorException`.
        model_error => Mishap::InStream(InStream::ModelError),
        /// `validationException`.
        validation => Mishap::InStream(InStream::Validation),
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Mishap {
    /// An error instead of a reply.
    Refused(Refusal),
    /// No answer at all.
    Hang,
    /// The connection breaks in the middle.
    Reset,
    /// Nothing more comes.
    Stall,
    /// More and more comes.
    Endless,
    /// A tenth of the speed.
    Slow,
    /// Bytes that mean nothing.
    Garbage,
    /// Over in the middle, as if that were the end.
    Unfinished,
    /// Whole, but without its token counts.
    NoMetadata,
    /// An exception inside a stream.
    InStream(InStream),
}

/// Errors before the head of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Refusal {
    Throttled,
    Daily,
    Internal,
    Unavailable,
    TimedOut,
    ModelError,
    StreamError,
    NotReady,
    Validation,
    Conflict,
    QuotaExceeded,
    Denied,
    ExpiredToken,
    UnrecognizedClient,
    AgreementPending,
    FormMissing,
    NotFound,
}

impl Refusal {
    /// Whether it is a throttle: those depend on the time and leave no trace in what a body is answered.
    pub(in crate::simulator) fn throttles(self) -> bool {
        matches!(self, Self::Throttled | Self::Daily)
    }
}

/// Exceptions inside a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum InStream {
    Throttled,
    Internal,
    Unavailable,
    TimedOut,
    ModelError,
    Validation,
}

impl FaultRates {
    /// The throttle that happens at a point between 0 and 1 of all arrivals.
    pub(in crate::simulator) fn throttle_at(&self, point: f64) -> Option<Refusal> {
        match at(self.rates().into_iter().filter(|(mishap, _)| throttles(*mishap)), point)? {
            Mishap::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What else happens at a point between 0 and 1 of all invocations that were let in.
    pub(in crate::simulator) fn at(&self, point: f64) -> Option<Mishap> {
        at(self.rates().into_iter().filter(|(mishap, _)| !throttles(*mishap)), point)
    }
}

fn throttles(mishap: Mishap) -> bool {
    matches!(mishap, Mishap::Refused(refusal) if refusal.throttles())
}

fn at(rates: impl Iterator<Item = (Mishap, f64)>, point: f64) -> Option<Mishap> {
    let mut upto = 0.0;
    let mut rates = rates;
    rates.find_map(|(mishap, rate)| {
        upto += rate;
        (point < upto).then_some(mishap)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::scenario::Scenario;

    /// The keys of the commented file's `[faults]`, in order, those of `in_stream` behind.
    fn keys() -> Vec<String> {
        let (_, faults) = Scenario::COMMENTED.split_once("[faults]").expect("there");
        let (faults, _) = faults.split_once("# Tempo").expect("there");
        let mut table = "";
        let mut keys = Vec::new();
        for line in faults.lines() {
            if line.starts_with("[faults.in_stream]") {
                table = "in_stream.";
            } else if let Some((key, _)) = line.split_once('=') {
                keys.push(format!("{table}{}", key.trim()));
            }
        }
        keys
    }

    #[test]
    fn a_rate_of_one_always_happens_and_none_never() {
        let none = FaultRates::default();
        assert_eq!((none.at(0.0), none.throttle_at(0.0)), (None, None));
        let keys = keys();
        assert_eq!(keys.len(), none.rates().len(), "every key is in the commented file");
        for (key, (mishap, _)) in keys.iter().zip(none.rates()) {
            let faults = Scenario::parse(&format!("faults.{key} = 1.0")).expect("parses").faults;
            assert_eq!(faults.rates().iter().filter(|(_, rate)| *rate == 1.0).count(), 1, "{key}");
            assert!(faults.rates().contains(&(mishap, 1.0)), "{key}");
            for point in [0.0, 0.999_999] {
                let seen = faults.throttle_at(point).map(Mishap::Refused).or(faults.at(point));
                assert_eq!(seen, Some(mishap), "{key}");
            }
        }
    }
}
