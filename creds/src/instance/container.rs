//! A container endpoint: one `GET`, with an authorization token, answered with JSON, or with an error in plain text.

use aws_smithy_types::body::SdkBody;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use hyper::{Request, Response};

use crate::error::{Error, ErrorKind};
use crate::instance::document::Document;
use crate::instance::{Asker, Container, ContainerToken, Found, plain_text};
use crate::patience::{Again, Failed};
use crate::quote::Mask;
use crate::wire::WireFault;

/// Asks until there are credentials, or patience ends.
///
/// # Errors
/// [`Error`] with the remedy.
pub async fn ask(asker: &Asker, container: &Container, token: Option<&ContainerToken>) -> Result<Found, Error> {
    let mask = Mask::new(token.map(ContainerToken::expose).into_iter().chain(container.secret()));
    let question = Question { container, token, mask };
    asker
        .patience
        .ask(asker.begun, async || {
            let request = question.request().map_err(Failed::never)?;
            let answer = asker.send(request).await.map_err(|fault| question.lost(&fault))?;
            question.judge(asker, &answer)
        })
        .await
}

struct Question<'a> {
    container: &'a Container,
    token: Option<&'a ContainerToken>,
    mask: Mask,
}

impl Question<'_> {
    fn request(&self) -> Result<Request<SdkBody>, Error> {
        let wrong = |problem: String| {
            let cause = format!("{} cannot be asked: {problem}", self.container.origin());
            Error::new(ErrorKind::Configuration, cause, "correct AWS_CONTAINER_CREDENTIALS_FULL_URI and the token")
        };
        let mut request = Request::get(self.container.url()).header(ACCEPT, "application/json");
        if let Some(token) = self.token {
            let mut value = HeaderValue::from_str(token.expose()).map_err(|error| wrong(error.to_string()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(SdkBody::empty()).map_err(|error| wrong(error.to_string()))
    }

    fn judge(&self, asker: &Asker, answer: &Response<Bytes>) -> Result<Found, Failed> {
        let origin = self.container.origin();
        let status = answer.status().as_u16();
        let document = Document::read(answer.body(), asker.now());
        if status == 200 {
            return match document {
                Document::Credentials(credentials) => Ok(Found {
                    credentials,
                    origin: origin.to_owned(),
                    role: None,
                    first_version: false,
                    clock: asker.clock(answer),
                }),
                Document::Over(over) => Err(Failed {
                    error: Error::new(
                        ErrorKind::Temporary,
                        format!("{origin} gave credentials that were over {} s ago", over.as_secs()),
                        "it cannot renew them: look at its log; if they are fresh there, the node's clock is wrong",
                    ),
                    again: Again::UntilTotal,
                }),
                Document::Said { code, message } => {
                    Err(Failed::never(self.refused(status, &format!("{code}: {message}"))))
                }
                Document::Wrong(what) => Err(Failed::few(Error::new(
                    ErrorKind::Malformed,
                    format!("the answer of {origin} is of no use: it {what}"),
                    "check that AWS_CONTAINER_CREDENTIALS_FULL_URI names an endpoint for credentials",
                ))),
            };
        }
        let said = match document {
            Document::Said { code, message } => format!("{code}: {message}"),
            _ => plain_text(answer.body()).unwrap_or_default(),
        };
        Err(match status {
            429 | 500.. => Failed::few(Error::new(
                ErrorKind::Temporary,
                format!("{origin} could not give credentials: {status} {}", self.mask.quote(&said)),
                if self.container.is_pod_identity() {
                    "run again later; look at the log of the eks-pod-identity-agent on this node, and whether many pods \
                     start at once"
                } else {
                    "run again later; look at the endpoint's log"
                },
            )),
            // An association that was made a moment ago is not known everywhere.
            404 => Failed { error: self.refused(status, &said), again: Again::UntilTotal },
            _ => Failed::never(self.refused(status, &said)),
        })
    }

    /// The endpoint said no.
    fn refused(&self, status: u16, said: &str) -> Error {
        let origin = self.container.origin();
        let remedy = if self.token.is_none() && matches!(status, 400 | 401 | 403) {
            "no token was sent: set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN"
        } else if self.container.is_pod_identity() {
            pod_identity_remedy(status, said)
        } else if status == 404 {
            "check the path in AWS_CONTAINER_CREDENTIALS_FULL_URI, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        } else {
            "check the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN, and what \
             the endpoint's own log says"
        };
        let kind = if status == 404 && !self.container.is_pod_identity() {
            ErrorKind::Configuration
        } else {
            ErrorKind::Refused
        };
        Error::new(kind, format!("{origin} refused to give credentials: {status} {}", self.mask.quote(said)), remedy)
    }

    fn lost(&self, fault: &WireFault) -> Failed {
        let cause = format!("cannot ask {} for credentials: {fault}", self.container.origin());
        let unreachable = |remedy| Error::new(ErrorKind::Unreachable, cause.clone(), remedy);
        match fault {
            WireFault::Tls { .. } => Failed::never(unreachable(
                "set AWS_CA_BUNDLE to the certificate of the authority that signed the endpoint's, and use the host \
                 name that it is for",
            )),
            WireFault::BadUrl(_) => Failed::never(Error::new(
                ErrorKind::Configuration,
                cause.clone(),
                "correct AWS_CONTAINER_CREDENTIALS_FULL_URI",
            )),
            WireFault::TooLong(_) => Failed::never(Error::new(
                ErrorKind::Malformed,
                cause.clone(),
                "check that AWS_CONTAINER_CREDENTIALS_FULL_URI names an endpoint for credentials",
            )),
            _ if self.container.is_pod_identity() => Failed::few(unreachable(
                "check that the eks-pod-identity-agent runs on this node (kubectl -n kube-system get pods -o wide; there \
                 is none on Fargate), and that network policies let the pod reach it",
            )),
            _ => Failed::few(unreachable(
                "check that the endpoint runs before this container starts, its port in \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI, and network policies",
            )),
        }
    }
}

/// What EKS Auth and its agent object to.
fn pod_identity_remedy(status: u16, said: &str) -> &'static str {
    match status {
        _ if said.contains("invalid address") => {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must name the agent by its address, http://169.254.170.23/v1/credentials"
        }
        404 => {
            "this service account has no EKS Pod Identity association in this cluster: create one (aws eks \
             create-pod-identity-association), then a new pod"
        }
        _ if said.contains("AccessDenied") || said.contains("not authorized") || status == 403 => {
            "the role's trust policy must allow the service pods.eks.amazonaws.com both sts:AssumeRole and \
             sts:TagSession, and the node's role must allow eks-auth:AssumeRoleForPodIdentity (as the managed policy \
             AmazonEKSWorkerNodePolicy does)"
        }
        _ => {
            "the token is over or not for pods.eks.amazonaws.com: check that the volume eks-pod-identity-token is \
             mounted where AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE points to, and the clock of the node"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_eks_objects_to_has_its_remedy() {
        for (status, said, expected) in [
            (
                403,
                "Access Denied. Called agent through invalid address, please use either 169.254.170.23",
                "by its address",
            ),
            (404, "ResourceNotFoundException: no association", "create-pod-identity-association"),
            (
                400,
                "AccessDeniedException: not authorized to perform: eks-auth:AssumeRoleForPodIdentity",
                "sts:TagSession",
            ),
            (400, "ExpiredTokenException: the token is over", "eks-pod-identity-token"),
            (400, "Service account token cannot be empty", "eks-pod-identity-token"),
        ] {
            assert!(pod_identity_remedy(status, said).contains(expected), "{said}");
        }
    }
}
