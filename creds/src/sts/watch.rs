//! Watches one call to STS: no answer is read beyond a bound, and every attempt is counted and, when it failed, logged.

use std::error::Error as StdError;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef, Error as AnyError,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;
use tokio::time::Instant;

use crate::clock::Skew;
use crate::sts::said::{Said, is_code};
use crate::wire::{WireFault, causes};

/// The most that is read of one answer, in bytes. A good one has about 2 KiB; session tokens have no stated bound.
pub const LONGEST_ANSWER: usize = 256 * 1024;

/// The watcher of one call; what it saw is asked for afterwards.
#[derive(Debug)]
pub struct Watch {
    now: SystemTime,
    started: Instant,
    endpoint: OnceLock<String>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    attempts: u32,
    skew: Option<Skew>,
    failure: Option<Said>,
}

impl Watch {
    /// Of a call that begins now.
    pub fn new(now: SystemTime) -> Self {
        Self { now, started: Instant::now(), endpoint: OnceLock::new(), seen: Mutex::default() }
    }

    /// The time at this moment.
    pub fn now(&self) -> SystemTime {
        self.now + self.started.elapsed()
    }

    /// How many requests were sent.
    pub fn attempts(&self) -> u32 {
        self.seen(|seen| seen.attempts)
    }

    /// The URL that the requests went to; none when it never came to one.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.get().map(String::as_str)
    }

    /// How far our clock is from that of the last answer.
    pub fn skew(&self) -> Option<Skew> {
        self.seen(|seen| seen.skew)
    }

    /// Why the last attempt failed, as far as it was seen.
    pub fn failure(&self) -> Option<Said> {
        self.seen(|seen| seen.failure.clone())
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands the same watch to the SDK and to the caller.
#[derive(Debug)]
pub struct Watcher(pub std::sync::Arc<Watch>);

#[dyn_dispatch_hint]
impl Intercept for Watcher {
    fn name(&self) -> &'static str {
        "codriver-watch"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.seen(|seen| seen.attempts += 1);
        self.0.endpoint.get_or_init(|| context.request().uri().trim_end_matches('/').to_owned());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response_mut();
        let skew = answer.headers().get("date").and_then(|date| Skew::of(date, self.0.now()));
        self.0.seen(|seen| seen.skew = skew);
        let body = answer.body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(whole, LONGEST_ANSWER));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        // A word, and not the token in the mouth of a strange server.
        let code = error.as_operation_error().and_then(code).filter(|code| is_code(code));
        let status = context.response().map(|answer| answer.status().as_u16());
        let fault = error.as_connector_error().and_then(|e| causes(e).find_map(|e| e.downcast_ref::<WireFault>()));
        let failure = match (fault, code, status) {
            (Some(fault), _, _) => Some(Said::Wire(fault.clone())),
            (None, Some(code), Some(status)) => {
                Some(Said::Error { code: code.to_owned(), message: String::new(), status })
            }
            _ => None,
        };
        self.0.seen(|seen| seen.failure = failure);
        tracing::warn!(
            code,
            attempt = self.0.attempts(),
            endpoint = self.0.endpoint().unwrap_or_default(),
            status,
            cause = fault.map(ToString::to_string),
            "STS did not answer well"
        );
        Ok(())
    }
}

/// The code in the error of whichever operation it was.
fn code(error: &AnyError) -> Option<&str> {
    fn of<E: ProvideErrorMetadata + StdError + Send + Sync + 'static>(error: &AnyError) -> Option<&str> {
        error.downcast_ref::<E>()?.code()
    }
    of::<AssumeRoleWithWebIdentityError>(error)
        .or_else(|| of::<AssumeRoleError>(error))
        .or_else(|| of::<GetCallerIdentityError>(error))
}
