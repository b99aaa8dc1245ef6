//! The instance metadata service: a session, the role's name, its credentials. kube2iam and kiam stand in for it, pass
//! the request for a session on or refuse it, and know a new pod only after a while.

use aws_smithy_types::body::SdkBody;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response};

use crate::credentials::{Credentials, Secret};
use crate::error::{Error, ErrorKind};
use crate::instance::document::Document;
use crate::instance::{Asker, Found, Metadata, plain_text};
use crate::patience::{Again, Failed};
use crate::quote::Mask;
use crate::wire::WireFault;

/// The life of our session, in seconds. It has to outlive this call only.
const SESSION_SECONDS: &str = "60";
/// The longest session token, in bytes; AWS's have 56.
const LONGEST_SESSION: usize = 1024;
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const ANOTHER_WAY: &str = "or give the pod another way to credentials: EKS Pod Identity, web identity or keys";

/// Asks until there are credentials, or patience ends.
///
/// # Errors
/// [`Error`] with the remedy.
pub async fn ask(asker: &Asker, metadata: &Metadata) -> Result<Found, Error> {
    let service = Service { asker, metadata };
    let patience = &asker.patience;
    let session = patience.ask(asker.begun, async || service.session().await).await?;
    let role = patience.ask(asker.begun, async || service.role(session.as_ref()).await).await?;
    let (credentials, answer) =
        patience.ask(asker.begun, async || service.credentials(session.as_ref(), &role).await).await?;
    Ok(Found {
        credentials,
        origin: metadata.endpoint.clone(),
        role: Some(role),
        first_version: session.is_none(),
        clock: asker.clock(&answer),
    })
}

struct Service<'a> {
    asker: &'a Asker,
    metadata: &'a Metadata,
}

impl Service<'_> {
    /// The token of a session, or none where the service knows only its first version.
    async fn session(&self) -> Result<Option<Secret>, Failed> {
        let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", HeaderValue::from_static(SESSION_SECONDS));
        let answer = match self.send(Method::PUT, "/latest/api/token", Some(ttl)).await {
            Err(WireFault::AnswerTimeout(after)) => return Err(Failed::few(self.hop_limit(after))),
            answer => answer.map_err(|fault| self.lost(&fault))?,
        };
        let endpoint = &self.metadata.endpoint;
        match answer.status().as_u16() {
            200 => {
                let text = str::from_utf8(answer.body()).unwrap_or_default().trim();
                if (1..=LONGEST_SESSION).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
                    Ok(Some(Secret::new(text.to_owned())))
                } else {
                    Err(Failed::few(self.strange("the token of a session")))
                }
            }
            // As AWS's SDKs decide it: these say that there is no such thing as a session.
            403..=405 if self.metadata.first_version => Ok(None),
            status @ 403..=405 => Err(Failed::never(Error::new(
                ErrorKind::Refused,
                format!("{endpoint} refused to begin a session: {status}"),
                format!(
                    "it is switched off, or knows IMDSv1 only, which AWS_EC2_METADATA_V1_DISABLED forbids: {ANOTHER_WAY}"
                ),
            ))),
            _ => Err(self.said_no("to begin a session", &answer, None)),
        }
    }

    /// The name of the role.
    async fn role(&self, session: Option<&Secret>) -> Result<String, Failed> {
        let answer = self.get(ROLES, session).await.map_err(|fault| self.lost(&fault))?;
        if answer.status() != 200 {
            return Err(self.said_no("to name a role", &answer, session));
        }
        let text = str::from_utf8(answer.body()).unwrap_or("\0");
        let role = text.lines().next().unwrap_or_default().trim();
        // kube2iam names a role of another account by its whole ARN.
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_/:-".contains(&b);
        if role.is_empty() {
            Err(Failed { error: self.no_role("200, with nothing in it"), again: Again::Few })
        } else if role.len() <= 2048 && role.bytes().all(is_name) && !role.contains("..") {
            Ok(role.to_owned())
        } else {
            Err(Failed::few(self.strange("the name of a role")))
        }
    }

    /// The credentials of that role.
    async fn credentials(
        &self,
        session: Option<&Secret>,
        role: &str,
    ) -> Result<(Credentials, Response<Bytes>), Failed> {
        let path = format!("{ROLES}{role}");
        let answer = self.get(&path, session).await.map_err(|fault| self.lost(&fault))?;
        let endpoint = &self.metadata.endpoint;
        let what = format!("to give credentials of the role {role}");
        if answer.status() != 200 {
            return Err(self.said_no(&what, &answer, session));
        }
        match Document::read(answer.body(), self.asker.now()) {
            Document::Credentials(credentials) => Ok((credentials, answer)),
            Document::Over(over) => Err(Failed {
                error: Error::new(
                    ErrorKind::Temporary,
                    format!("{endpoint} gave credentials of the role {role} that were over {} s ago", over.as_secs()),
                    "run again later: it cannot renew them at the moment; if it stays, the node's clock is wrong",
                ),
                again: Again::UntilTotal,
            }),
            Document::Said { code, message } => {
                let said = mask(session).quote(&format!("{code}: {message}"));
                Err(Failed::never(Error::new(
                    ErrorKind::Refused,
                    format!("{endpoint} refused {what}: {said}"),
                    format!(
                        "the role {role} must exist, and its trust policy must allow the service ec2.amazonaws.com \
                         sts:AssumeRole; {ANOTHER_WAY}"
                    ),
                )))
            }
            Document::Wrong(_) => Err(Failed::few(self.strange("credentials"))),
        }
    }

    async fn get(&self, path: &str, session: Option<&Secret>) -> Result<Response<Bytes>, WireFault> {
        let header = session.and_then(|session| HeaderValue::from_str(session.expose()).ok()).map(|mut value| {
            value.set_sensitive(true);
            ("x-aws-ec2-metadata-token", value)
        });
        self.send(Method::GET, path, header).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        header: Option<(&'static str, HeaderValue)>,
    ) -> Result<Response<Bytes>, WireFault> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.metadata.endpoint));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(SdkBody::empty()).map_err(|error| WireFault::BadUrl(error.to_string()))?;
        self.asker.send(request).await
    }

    /// An answer with another status than 200. `what` follows "refused".
    fn said_no(&self, what: &str, answer: &Response<Bytes>, session: Option<&Secret>) -> Failed {
        let endpoint = &self.metadata.endpoint;
        let status = answer.status().as_u16();
        let text = plain_text(answer.body()).map(|text| mask(session).quote(&text));
        let said = text.as_deref().map_or_else(|| status.to_string(), |text| format!("{status} {text}"));
        let refused =
            |remedy: &str| Error::new(ErrorKind::Refused, format!("{endpoint} refused {what}: {said}"), remedy);
        let about_role = said.contains("AccessDenied") || said.contains("not authorized");
        match status {
            // Words instead of a page of AWS's: kube2iam, which may not have heard of this pod yet.
            404 if text.is_some() => Failed { error: self.no_role(&said), again: Again::UntilTotal },
            404 => Failed::few(self.no_role(&said)),
            401 => Failed::never(refused(&format!(
                "it wants IMDSv2 and would not begin a session: raise HttpPutResponseHopLimit of the instance to 2, \
                 {ANOTHER_WAY}"
            ))),
            403 => Failed::never(refused(&format!(
                "what stands before the metadata service forbids it to this pod: with kube2iam check the annotation \
                 iam.amazonaws.com/role of the pod and iam.amazonaws.com/allowed-roles of its namespace; {ANOTHER_WAY}"
            ))),
            500.. if about_role => Failed::never(refused(
                "kube2iam or kiam may not assume the role: the role's trust policy must name the role of the nodes (or \
                 of the kiam server) as its principal",
            )),
            429 | 500.. => Failed::few(Error::new(
                ErrorKind::Temporary,
                format!("{endpoint} failed {what}: {said}"),
                "run again later; with kube2iam or kiam look at its log on this node",
            )),
            _ => Failed::never(Error::new(
                ErrorKind::Malformed,
                format!("{endpoint} does not answer as the instance metadata service does, asked {what}: {said}"),
                "check AWS_EC2_METADATA_SERVICE_ENDPOINT",
            )),
        }
    }

    fn no_role(&self, said: &str) -> Error {
        Error::new(
            ErrorKind::Refused,
            format!("{} knows no role for this pod: {said}", self.metadata.endpoint),
            format!(
                "attach an instance profile with a role to the node; with kube2iam or kiam annotate the pod with \
                 iam.amazonaws.com/role; {ANOTHER_WAY}"
            ),
        )
    }

    fn strange(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Malformed,
            format!("{} answered 200, and not with {what}", self.metadata.endpoint),
            "check AWS_EC2_METADATA_SERVICE_ENDPOINT, and what stands between the pod and the metadata service",
        )
    }

    /// The connection stands, and the answer is lost on its way back through one hop too many.
    fn hop_limit(&self, after: std::time::Duration) -> Error {
        Error::new(
            ErrorKind::Unreachable,
            format!(
                "{} took the connection and gave no session token within {} ms",
                self.metadata.endpoint,
                after.as_millis()
            ),
            format!(
                "a pod is one hop further away than its node: raise HttpPutResponseHopLimit of the instance to 2 (aws \
                 ec2 modify-instance-metadata-options), {ANOTHER_WAY}"
            ),
        )
    }

    fn lost(&self, fault: &WireFault) -> Failed {
        let cause = format!("cannot ask {} for credentials: {fault}", self.metadata.endpoint);
        match fault {
            WireFault::BadUrl(_) => {
                let remedy = "correct AWS_EC2_METADATA_SERVICE_ENDPOINT";
                Failed::never(Error::new(ErrorKind::Configuration, cause, remedy))
            }
            WireFault::TooLong(_) => {
                Failed::never(Error::new(ErrorKind::Malformed, cause, "check AWS_EC2_METADATA_SERVICE_ENDPOINT"))
            }
            _ => Failed::few(Error::new(
                ErrorKind::Unreachable,
                cause,
                format!(
                    "nothing was configured that gives credentials, and this pod cannot reach a metadata service: it may \
                     not run on EC2, or the nodes keep pods away from it; set AWS_ROLE_ARN and \
                     AWS_WEB_IDENTITY_TOKEN_FILE (was the pod mutated by the webhook?), {ANOTHER_WAY}"
                ),
            )),
        }
    }
}

fn mask(session: Option<&Secret>) -> Mask {
    Mask::new(session.map(Secret::expose))
}
