//! Watches one call to STS: no answer is read beyond a bound, and every attempt is counted and, when it failed, logged.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;

/// The most that is read of one answer, in bytes. A good one has about 2 KiB; session tokens have no stated bound.
pub const LONGEST_ANSWER: usize = 256 * 1024;

/// The watcher of one call; what it saw is asked for afterwards.
#[derive(Debug, Default)]
pub struct Watch {
    attempts: AtomicU32,
    endpoint: OnceLock<String>,
}

impl Watch {
    /// How many requests were sent.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// The URL that the requests went to; none when it never came to one.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.get().map(String::as_str)
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
        self.0.attempts.fetch_add(1, Ordering::Relaxed);
        self.0.endpoint.get_or_init(|| context.request().uri().trim_end_matches('/').to_owned());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
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
        if let Some(Err(error)) = context.output_or_error() {
            let said = error.as_operation_error().and_then(|e| e.downcast_ref::<AssumeRoleWithWebIdentityError>());
            // A word, and not the token in the mouth of a strange server.
            let is_word = |code: &&str| code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
            tracing::warn!(
                code = said.and_then(|said| said.code()).filter(is_word),
                attempt = self.0.attempts(),
                endpoint = self.0.endpoint().unwrap_or_default(),
                status = context.response().map(|answer| answer.status().as_u16()),
                "STS did not give credentials"
            );
        }
        Ok(())
    }
}
