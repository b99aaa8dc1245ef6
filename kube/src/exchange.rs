//! One request and its answer: which connection, which token, how long, and what a failure means.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::{Kept, NoConnection, Sender, open};
use crate::lines::Lines;
use crate::{Config, Error, Subject};

/// A request in full. All of them may be sent twice: reading, asking and deleting the same again does no harm.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) subject: Subject,
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) accept: &'static str,
    /// JSON, or nothing.
    pub(crate) body: String,
    /// For the head of the answer.
    pub(crate) deadline: Duration,
}

/// An answer of success whose body is still to be read, and the connection on which it comes.
pub(crate) struct Answer {
    response: Response<Incoming>,
    sender: Sender,
}

/// The part of a failure's body that is read: a `Status` is some hundred bytes.
const LARGEST_FAILURE: usize = 64 << 10;

/// Speaks HTTP by a [`Config`].
#[derive(Debug)]
pub(crate) struct Exchange {
    config: Config,
    kept: Kept,
    failed: AtomicU64,
}

impl Exchange {
    pub(crate) fn new(config: Config) -> Self {
        Self { config, kept: Kept::default(), failed: AtomicU64::new(0) }
    }

    /// How many requests failed. That an object is not there, or is there already, is an answer.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Closes the connection that is kept.
    pub(crate) fn hang_up(&self) {
        self.kept.clear();
    }

    fn count<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        match &result {
            Ok(_) | Err(Error::NotFound { .. } | Error::Conflict { .. } | Error::Gone { .. }) => {}
            Err(_) => drop(self.failed.fetch_add(1, Ordering::Relaxed)),
        }
        result
    }

    /// Sends the request, and hands out the lines of a successful answer as they come; the connection ends with them.
    pub(crate) async fn lines(&self, call: &Call, longest: usize, idle: Duration) -> Result<Lines, Error> {
        let answer = self.send(call).await?;
        Ok(Lines::new(call.subject.clone(), answer.response.into_body(), longest, idle))
    }

    /// Sends the request and waits for the head of a successful answer.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let result = self.try_send(call).await;
        self.count(result)
    }

    async fn try_send(&self, call: &Call) -> Result<Answer, Error> {
        let mut answer = self.send_once(call).await?;
        if answer.response.status() == StatusCode::UNAUTHORIZED {
            // The token may have been rotated since it was read.
            answer = self.send_once(call).await?;
        }
        let status = answer.response.status();
        if status.is_success() { Ok(answer) } else { Err(self.failure(call, answer).await) }
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, Error> {
        let authorization = self.authorization()?;
        if let Some(sender) = self.kept.take(self.config.deadlines.connect).await {
            match self.exchange(sender, call, authorization.clone()).await {
                // The server closed the idle connection just now.
                Err(Error::Cut { .. }) => {}
                result => return result,
            }
        }
        let deadline = self.config.deadlines.connect;
        let server = || self.config.authority.clone();
        let sender = open(&self.config.transport, deadline).await.map_err(|failure| match failure {
            NoConnection::Late => Error::TimedOut { subject: call.subject.clone(), what: "connection", deadline },
            NoConnection::Untrusted(cause) => Error::Untrusted { server: server(), cause },
            NoConnection::Failed(cause) => Error::Unreachable { server: server(), cause },
        })?;
        self.exchange(sender, call, authorization).await
    }

    async fn exchange(
        &self,
        mut sender: Sender,
        call: &Call,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, Error> {
        let malformed =
            |error: hyper::http::Error| Error::Malformed { subject: call.subject.clone(), cause: error.to_string() };
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.target)
            .header(HOST, &self.config.authority)
            .header(ACCEPT, call.accept)
            .header(USER_AGENT, concat!("codriver/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(call.body.clone())))
            .map_err(malformed)?;
        if let Some(authorization) = authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        if !call.body.is_empty() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match timeout(call.deadline, sender.send_request(request)).await {
            Ok(Ok(response)) => Ok(Answer { response, sender }),
            Ok(Err(error)) => Err(Error::broken(&call.subject, &error)),
            Err(_) => Err(Error::TimedOut { subject: call.subject.clone(), what: "answer", deadline: call.deadline }),
        }
    }

    /// The bearer token as it is now in its file.
    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        let Some(path) = &self.config.token else { return Ok(None) };
        let unusable = |cause: String| Error::Token { path: path.display().to_string(), cause };
        let token = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| unusable("it is not one line of text".into()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Reads the body to its end, piece by piece, and keeps the connection. `take` may refuse what it reads.
    pub(crate) async fn read(
        &self,
        call: &Call,
        answer: Answer,
        take: &mut (dyn FnMut(&[u8]) -> Result<(), String> + Send),
    ) -> Result<(), Error> {
        let result = self.try_read(call, answer, take).await;
        self.count(result)
    }

    async fn try_read(
        &self,
        call: &Call,
        answer: Answer,
        take: &mut (dyn FnMut(&[u8]) -> Result<(), String> + Send),
    ) -> Result<(), Error> {
        let deadlines = &self.config.deadlines;
        let (end, mut body) = (Instant::now() + deadlines.body, answer.response.into_body());
        loop {
            let frame = timeout_at(end.min(Instant::now() + deadlines.idle), body.frame()).await.map_err(|_| {
                let (what, deadline) = if Instant::now() < end {
                    ("more of the body", deadlines.idle)
                } else {
                    ("end of the body", deadlines.body)
                };
                Error::TimedOut { subject: call.subject.clone(), what, deadline }
            })?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|error| Error::broken(&call.subject, &error))?;
            if let Some(data) = frame.data_ref() {
                take(data).map_err(|cause| Error::Malformed { subject: call.subject.clone(), cause })?;
            }
        }
        self.kept.put(answer.sender);
        Ok(())
    }

    /// What an answer other than success means. Its body explains it; if that cannot be had, the status must do.
    async fn failure(&self, call: &Call, answer: Answer) -> Error {
        let (status, after) = (answer.response.status().as_u16(), retry_after(answer.response.headers()));
        let mut body = Vec::new();
        let _ = self
            .try_read(call, answer, &mut |data| {
                let room = LARGEST_FAILURE - body.len();
                body.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room { Err("too long".into()) } else { Ok(()) }
            })
            .await;
        Error::of_answer(call.subject.clone(), status, after, &body)
    }
}

/// `Retry-After` in seconds; the API server never writes it as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds() {
        for (text, expected) in [("1", Some(1)), (" 30 ", Some(30)), ("-1", None), ("soon", None), ("1.5", None)] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
            assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
