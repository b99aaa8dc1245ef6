//! What an answer of a store means: a look that succeeded, something to try again, or a cause with its remedy.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};

use crate::clock::Skew;
use crate::error::{Error, ErrorKind};
use crate::patience::Failed;
use crate::store::page::{Fault, Page};
use crate::store::place::Place;
use crate::store::question::{PATH_STYLE, Question};
use crate::store::{Seen, denied, lost};
use crate::wire::WireFault;

impl Question<'_> {
    /// Judges what came back for a request that was sent at `now`.
    pub fn judge(&self, answer: Result<Response<Bytes>, WireFault>, now: SystemTime) -> Result<Seen, Failed> {
        let answer = answer.map_err(|fault| lost::failed(self, &fault))?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let clock = header("date").and_then(|date| Skew::of(date, now));
        let region = header("x-amz-bucket-region");
        match Page::read(answer.body()) {
            Page::List { found } if answer.status() == StatusCode::OK => {
                Ok(Seen { endpoint: self.place.endpoint.clone(), found, clock })
            }
            Page::Buckets if self.place.virtual_host => Err(Failed::never(Error::new(
                ErrorKind::Configuration,
                format!("{} did not see the bucket in its host name and listed all buckets", self.place.endpoint),
                PATH_STYLE,
            ))),
            Page::Error(fault) => {
                let region = fault.region.clone().or_else(|| region.map(str::to_owned));
                let told = Told { status: answer.status(), fault, region, clock, date: header("date"), now };
                Err(self.said_no(&told))
            }
            Page::Strange | Page::Other(_) | Page::Buckets | Page::List { .. } => match region {
                Some(region) if region != self.settings.region => Err(Failed::never(self.elsewhere(region))),
                _ => Err(self.strange(&answer)),
            },
        }
    }

    /// An error of the store's own.
    fn said_no(&self, told: &Told<'_>) -> Failed {
        let Fault { code, message, .. } = &told.fault;
        let (code, message) = (self.mask.quote(code), self.mask.quote(message));
        let Self { uri, place: Place { endpoint, virtual_host, .. }, settings, .. } = self;
        let skew = told.clock.map_or_else(String::new, |skew| format!("; this node's clock is {skew} the store's"));
        let error = |kind, remedy: String| {
            Error::new(kind, format!("{endpoint} refused to list {uri}: {code}: {message}{skew}"), remedy)
        };
        let refused = |remedy: &str| Failed::never(error(ErrorKind::Refused, remedy.to_owned()));
        match code.as_str() {
            "NoSuchBucket" => Failed::never(Error::new(
                ErrorKind::Configuration,
                format!("{endpoint} has no bucket `{}`", uri.bucket()),
                if settings.endpoint.is_some() && *virtual_host {
                    format!("create it, or correct its name; if it is there, {PATH_STYLE}")
                } else {
                    "create it, or correct its name in CODRIVER_PROBE".to_owned()
                },
            )),
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "Redirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "InvalidRegion" => match told.right_region().filter(|region| *region != settings.region) {
                Some(region) => Failed::never(self.elsewhere(region)),
                None => Failed::never(error(ErrorKind::Configuration, self.ask_for_region(&told.fault))),
            },
            "AccessDenied" | "AllAccessDisabled" | "AccessForbidden" | "Forbidden" => {
                Failed::never(error(ErrorKind::Refused, denied::remedy(uri, &settings.region, &message)))
            }
            "InvalidAccessKeyId" | "InvalidClientTokenId" | "UnrecognizedClientException" => refused(
                "this store does not know the keys: check that they were given by its own STS, or for its own users \
                 (AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_STS must belong together), and that they were not deleted",
            ),
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
                refused("the credentials are over: check what renews them, and the clocks of the node and of the store")
            }
            "InvalidToken" | "InvalidTokenId" => refused(
                "the session token does not belong to the keys, or was given by another STS than the store's: set \
                 AWS_SESSION_TOKEN together with the keys, or leave it out for keys that have none",
            ),
            "SignatureDoesNotMatch" => refused(
                "check the secret key for a typing error or a line end; if it is right, a proxy between here and the \
                 store changes the request's host or path",
            ),
            "RequestTimeTooSkewed" | "RequestExpired" => {
                let date = || Some(readable(DateTime::from_str(told.date?, Format::HttpDate).ok()?));
                let theirs = told.fault.server_time.clone().or_else(date).unwrap_or_else(|| "otherwise".to_owned());
                let ours = readable(DateTime::from(told.now));
                Failed::never(Error::new(
                    ErrorKind::Refused,
                    format!(
                        "{endpoint} refused a request as its clock says {} and this node's {ours}{skew}",
                        self.mask.quote(&theirs)
                    ),
                    "set the clock of whichever is wrong (chrony or systemd-timesyncd on the node); S3 allows 15 minutes",
                ))
            }
            "InvalidBucketName" => {
                Failed::never(error(ErrorKind::Configuration, "correct the bucket's name in CODRIVER_PROBE".to_owned()))
            }
            "MethodNotAllowed" | "NotImplemented" => Failed::never(error(
                ErrorKind::Malformed,
                "check that the endpoint is the S3 API and not a console, a static site or another service \
                 (AWS_ENDPOINT_URL_S3)"
                    .to_owned(),
            )),
            // MinIO's console to whoever asks it for more than pages.
            "InvalidArgument" if message.contains("API port") => Failed::never(error(
                ErrorKind::Configuration,
                "this is the port of the store's console: write that of its API into AWS_ENDPOINT_URL_S3".to_owned(),
            )),
            _ if told.can_pass() => Failed::few(error(ErrorKind::Temporary, later())),
            _ => refused("look for the code in the store's documentation and at what the store's own log says"),
        }
    }

    fn elsewhere(&self, region: &str) -> Error {
        let (right, bucket) = (self.mask.quote(region), self.uri.bucket());
        Error::new(
            ErrorKind::Configuration,
            format!("the bucket `{bucket}` is in the region {right} and not in {}", self.settings.region),
            match &self.settings.endpoint {
                None => format!(
                    "set AWS_REGION={right}, or for this bucket alone \
                                 fs.s3a.bucket.{bucket}.endpoint.region={right} in CODRIVER_HADOOP_CONF"
                ),
                Some(endpoint) => {
                    format!("set AWS_REGION={right}, and see that {endpoint} is the endpoint of that region")
                }
            },
        )
    }

    fn ask_for_region(&self, fault: &Fault) -> String {
        let host = fault.endpoint.as_deref().map(|host| format!("; it names {}", self.mask.quote(host)));
        format!(
            "set AWS_REGION to the bucket's region, and AWS_ENDPOINT_URL_S3 to the endpoint of that region{}",
            host.unwrap_or_default()
        )
    }

    /// An answer that S3 does not give.
    fn strange(&self, answer: &Response<Bytes>) -> Failed {
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let (status, endpoint) = (answer.status().as_u16(), &self.place.endpoint);
        let body = String::from_utf8_lossy(answer.body());
        if body.contains("HTTP request to an HTTPS server") {
            let remedy = "write https:// in AWS_ENDPOINT_URL_S3".to_owned();
            let cause = format!("{endpoint} speaks TLS, and http:// was asked for");
            return Failed::never(Error::new(ErrorKind::Configuration, cause, remedy));
        }
        if can_pass(answer.status()) {
            let cause = format!("{endpoint} answered {status} to a listing of {}", self.uri);
            return Failed::few(Error::new(ErrorKind::Temporary, cause, later()));
        }
        let kind = self.mask.quote(header("content-type").unwrap_or("unknown"));
        let sent = header("location").map(|to| format!(", and sends us to {}", self.mask.quote(to)));
        let said: String = self.mask.quote(&body).chars().take(120).collect();
        let cause = format!(
            "{endpoint} does not answer as S3 does: status {status}, type {kind}{}, beginning with `{said}`",
            sent.unwrap_or_default()
        );
        let remedy = "check that the endpoint is the S3 API and not a console, a proxy or an ingress \
                      (AWS_ENDPOINT_URL_S3; MinIO's console has a port of its own)";
        Failed::never(Error::new(ErrorKind::Malformed, cause, remedy))
    }
}

/// An error of the store's and what came with it.
struct Told<'a> {
    status: StatusCode,
    fault: Fault,
    region: Option<String>,
    clock: Option<Skew>,
    date: Option<&'a str>,
    now: SystemTime,
}

impl Told<'_> {
    /// Where the bucket is: AWS and MinIO tell it beside the error, other stores only in its words.
    fn right_region(&self) -> Option<&str> {
        let in_words = || self.fault.message.split_once("expecting '")?.1.split('\'').next();
        self.region.as_deref().or_else(in_words).filter(|region| !region.is_empty())
    }

    fn can_pass(&self) -> bool {
        // Some stores answer 200 before they know that they cannot.
        let code = self.fault.code.as_str();
        let passing = ["SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"];
        can_pass(self.status) || passing.contains(&code) || code.starts_with("Throttl")
    }
}

/// In whole seconds, as S3 writes times.
fn readable(time: DateTime) -> String {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).unwrap_or_default()
}

fn can_pass(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

fn later() -> String {
    "run again later; if it stays, look at the store's own health and log".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quote::Mask;
    use crate::store::{S3Uri, StoreSettings};

    #[test]
    fn a_store_that_overlooks_the_bucket_in_the_host_wants_path_style() {
        let settings =
            StoreSettings { endpoint: Some("http://minio:9000".to_owned()), ..StoreSettings::of_region("us-east-1") };
        let uri = S3Uri::parse("s3://data/jobs").unwrap();
        let place = Place::of(&settings, &uri).unwrap();
        let question = Question { settings: &settings, uri: &uri, place: &place, mask: &Mask::new([]) };
        let answer = Response::new(Bytes::from_static(b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"));
        let error = question.judge(Ok(answer), SystemTime::UNIX_EPOCH).unwrap_err().error;
        assert_eq!((error.kind(), error.remedy()), (ErrorKind::Configuration, PATH_STYLE));
    }
}
