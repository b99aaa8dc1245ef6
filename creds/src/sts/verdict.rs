//! From what STS said, or failed to say, to the error that a reader gets. Pure.

use crate::error::{Error, ErrorKind};
use crate::sts::asked::{Asked, What};
use crate::sts::meaning::{Meaning, meaning};
use crate::sts::said::{Said, Strange};
use crate::sts::watch::LONGEST_ANSWER;
use crate::sts::{reach, refusal};
use crate::wire::WireFault;

impl Asked<'_> {
    /// The error for what came of this request.
    pub fn error(&self, said: &Said) -> Error {
        self.judge(said).at(self.skew)
    }

    fn judge(&self, said: &Said) -> Error {
        match said {
            Said::Error { code, message, status } => self.refused(code, message, *status),
            Said::Strange(strange) if strange.status == 429 => self.refused("TooManyRequestsException", "", 429),
            Said::Strange(strange) if matches!(strange.status, 405 | 501) => self.refused("", "", strange.status),
            Said::Strange(strange) if strange.status >= 500 => self.unreachable(
                &format!("it answered {}", strange.status),
                "look at the log of the server, and of the ingress or proxy before it, and run again later".to_owned(),
            ),
            Said::Strange(strange) => self.strange(strange),
            Said::TooLong => self.malformed(&format!("it is longer than {LONGEST_ANSWER} bytes")),
            Said::Wire(WireFault::TooLong(bound)) => self.malformed(&format!("it is longer than {bound} bytes")),
            Said::Wire(fault) => self.unreachable(&fault.to_string(), reach::remedy(fault, self)),
            Said::OutOfTime => self.unreachable("no answer in time", reach::silence(self)),
            Said::Unsent(problem) => self.unsent(problem),
        }
    }

    /// An answer that is of no use; `problem` is what is wrong with it.
    pub fn malformed(&self, problem: &str) -> Error {
        let Self { endpoint, .. } = self;
        let cause = format!("STS at {endpoint} gave an answer that is of no use: {problem}{}", self.clocks());
        let clock = if self.skew.is_some() { "set this node's clock (NTP); " } else { "" };
        let remedy = format!(
            "{clock}check that {endpoint} is an STS endpoint and not a console, a proxy or an ingress \
             (AWS_ENDPOINT_URL_STS)"
        );
        Error::new(ErrorKind::Malformed, cause, remedy).at(self.skew)
    }

    fn strange(&self, strange: &Strange) -> Error {
        let Strange { status, kind, location, detail } = strange;
        let said = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let problem = match location {
            Some(location) => format!("status {status}, a redirect to {location}"),
            None => format!("status {status}, type {kind}, and not the XML of STS{said}"),
        };
        // The words of Go, nginx and Apache.
        let detail = detail.to_ascii_lowercase();
        let wants_tls =
            ["request to an https server", "request was sent to https port", "speaking plain http to an ssl"];
        if self.endpoint.starts_with("http://") && wants_tls.iter().any(|words| detail.contains(words)) {
            let remedy = format!("this port speaks TLS: write {} with https://", self.endpoint);
            return Error::new(ErrorKind::Malformed, self.malformed(&problem).to_string(), remedy);
        }
        self.malformed(&problem)
    }

    fn unreachable(&self, cause: &str, remedy: String) -> Error {
        let through = self.proxy.as_ref().map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
        let cause = format!("cannot reach STS at {}{through}: {cause}", self.endpoint);
        Error::new(ErrorKind::Unreachable, cause, remedy)
    }

    fn unsent(&self, problem: &str) -> Error {
        let remedy = if problem.contains("FIPS") || problem.contains("DualStack") || problem.contains("Dualstack") {
            "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, which are for AWS's own endpoints and not \
             there in each region, or unset AWS_ENDPOINT_URL_STS"
        } else {
            "check AWS_REGION, AWS_ENDPOINT_URL_STS and AWS_ROLE_ARN"
        };
        Error::new(ErrorKind::Configuration, format!("the request to STS cannot be made: {problem}"), remedy)
    }

    /// STS answered with a code of its own.
    fn refused(&self, code: &str, message: &str, status: u16) -> Error {
        let Self { endpoint, what, attempts, .. } = self;
        let meant = refusal::in_context(meaning(code, message, status), *what);
        let code = if code.is_empty() { status.to_string() } else { code.to_owned() };
        let said = if message.is_empty() { code } else { format!("{code}: {message}") };
        let (kind, cause) = match meant {
            Meaning::Throttled => {
                (ErrorKind::Temporary, format!("STS at {endpoint} throttled each of {attempts} attempts: {said}"))
            }
            Meaning::NotReady => {
                (ErrorKind::Temporary, format!("STS at {endpoint} was not ready at any of {attempts} attempts: {said}"))
            }
            Meaning::Unsupported => {
                (ErrorKind::Unsupported, format!("STS at {endpoint} does not know {}: {said}", what.action()))
            }
            Meaning::Role
            | Meaning::Duration
            | Meaning::PolicySize
            | Meaning::Policy
            | Meaning::Region
            | Meaning::Request => {
                (ErrorKind::Configuration, format!("the request to STS at {endpoint} is wrong: {said}"))
            }
            _ => (ErrorKind::Refused, format!("STS at {endpoint} refused {}: {said}", what.object())),
        };
        let clocks = if refusal::is_about_time(meant) { self.clocks() } else { String::new() };
        Error::new(kind, cause + &clocks, refusal::remedy(meant, message, self))
    }

    /// What the clocks have to do with it.
    fn clocks(&self) -> String {
        self.skew.map_or_else(String::new, |skew| format!("; this node's clock is {skew} that of STS"))
    }
}

impl What<'_> {
    /// Who asked, in one line; nothing where keys asked.
    pub fn bearer(&self) -> String {
        match self {
            Self::WithToken(_, claims) => format!("; the token says {claims}"),
            Self::WithKeys(_) | Self::Caller => String::new(),
        }
    }
}
