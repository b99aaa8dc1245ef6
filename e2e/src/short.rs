//! Credentials that end soon: a front of a store's STS, which tells clients of an early end, and a front of its S3, which holds
//! them to it. No store gives out credentials for less than 15 minutes.
//!
//! The store itself does the work: answers and objects are its own. Both fronts live on a thread until the process ends.

#![allow(clippy::expect_used, reason = "tests alone use it, and they fail by panicking")]

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use codriver_kube::Timestamp;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client, header, server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A client that signs just before the end is still let in just after it, as by AWS.
const LEEWAY: Duration = Duration::from_secs(1);

type Body = Either<Incoming, Full<Bytes>>;
type Answer = Result<Response<Body>, hyper::Error>;
type Ends = Arc<Mutex<HashMap<String, SystemTime>>>;

/// The front of STS.
pub struct Sts {
    address: SocketAddr,
    ends: Ends,
}

impl Sts {
    /// Starts it before the store at this address; credentials live for so long.
    ///
    /// # Panics
    /// When there is no port.
    #[must_use]
    pub fn start(store: &'static str, life: Duration) -> Self {
        let ends = Ends::default();
        let given = Arc::clone(&ends);
        let address = serve(move |request| {
            let given = Arc::clone(&given);
            async move { shorten(pass_on(store, request).await?, life, &given).await }
        });
        Self { address, ends }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The front of S3.
pub struct Door {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<Visit>>>,
}

/// A request to S3.
struct Visit {
    path: String,
    /// None when it was not signed.
    key: Option<String>,
}

impl Door {
    /// Starts it before the store at this address; the keys that this STS gave open it until their end.
    ///
    /// # Panics
    /// When there is no port.
    #[must_use]
    pub fn start(store: &'static str, sts: &Sts) -> Self {
        let visits = Arc::new(Mutex::new(Vec::new()));
        let (seen, ends) = (Arc::clone(&visits), Arc::clone(&sts.ends));
        let address = serve(move |request| {
            let key = key(&request);
            let end = key.as_ref().and_then(|key| lock(&ends).get(key).copied());
            let expired = end.is_some_and(|end| SystemTime::now() > end + LEEWAY);
            let is_signed = key.is_some();
            lock(&seen).push(Visit { path: request.uri().path().to_owned(), key });
            async move {
                match (is_signed, expired) {
                    (false, _) => Ok(of_s3(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")),
                    (true, true) => {
                        let words = "The provided token has expired.";
                        Ok(of_s3(StatusCode::BAD_REQUEST, "ExpiredToken", words))
                    }
                    (true, false) => Ok(pass_on(store, request).await?.map(Either::Left)),
                }
            }
        });
        Self { address, visits }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The keys with which objects were asked for whose path holds this part.
    #[must_use]
    pub fn keys(&self, part: &str) -> BTreeSet<String> {
        lock(&self.visits)
            .iter()
            .filter(|visit| visit.path.contains(part))
            .filter_map(|visit| visit.key.clone())
            .collect()
    }

    /// How many such requests were not signed.
    #[must_use]
    pub fn unsigned(&self, part: &str) -> usize {
        lock(&self.visits).iter().filter(|visit| visit.path.contains(part) && visit.key.is_none()).count()
    }
}

/// Serves on a port of loopback's, on a thread of its own.
fn serve<F>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static) -> SocketAddr
where
    F: Future<Output = Answer> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port of loopback's");
    listener.set_nonblocking(true).expect("a socket of ours");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                let answer = answer.clone();
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move {
                        let words = "the store does not answer";
                        Ok::<_, Infallible>(
                            answer.await.unwrap_or_else(|_| of_s3(StatusCode::BAD_GATEWAY, "Gone", words)),
                        )
                    }
                });
                let _ = stream.set_nodelay(true);
                tokio::spawn(server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            #[expect(unreachable_code, reason = "it says what the type is")]
            io::Result::Ok(())
        })
    });
    address
}

/// Has the store answer, with the headers as they came: the one that names the host is signed.
async fn pass_on(store: &str, request: Request<Incoming>) -> Result<Response<Incoming>, hyper::Error> {
    // Without it hyper's own error says as much.
    let stream = TcpStream::connect(store).await.expect("the store listens");
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

/// Writes an early end into STS's answer, and remembers it.
async fn shorten(answer: Response<Incoming>, life: Duration, ends: &Ends) -> Answer {
    let (mut head, body) = answer.into_parts();
    let mut text = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
    let end = SystemTime::now() + life;
    if let (Some(key), Some(expiration)) = (element(&text, "AccessKeyId"), element(&text, "Expiration")) {
        lock(ends).insert(key.to_owned(), end);
        let expiration = expiration.to_owned();
        text = text.replace(&expiration, &Timestamp::from(end).to_string());
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Either::Right(text.into())))
}

fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let rest = xml.split_once(&format!("<{name}>"))?.1;
    Some(rest.split_once("</")?.0)
}

/// The access key id that signed it: in a header, of version 4 or 2, or in the query.
fn key(request: &Request<Incoming>) -> Option<String> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let of_header = |text: &str| {
        let version_4 = text.split_once("Credential=").and_then(|(_, rest)| rest.split_once('/'));
        let version_2 = || text.strip_prefix("AWS ").and_then(|rest| rest.split_once(':'));
        version_4.or_else(version_2).map(|(key, _)| key.to_owned())
    };
    let of_query = || {
        let (_, rest) = request.uri().query()?.split_once("X-Amz-Credential=")?;
        Some(rest.split(['/', '%']).next()?.to_owned())
    };
    authorization.and_then(of_header).or_else(of_query)
}

/// As S3 says it.
fn of_s3(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    xml(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn xml(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Either::Right(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/xml"));
    response
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
