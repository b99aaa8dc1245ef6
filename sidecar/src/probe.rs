//! `codriver probe`: one GET of the sidecar's /healthz.

use std::time::Duration;

use http_body_util::Empty;
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::{args::ProbeArgs, failure::Failure};

/// For the whole probe. A probe's `timeoutSeconds` is 1 by default, and starting this process is part of it.
const DEADLINE: Duration = Duration::from_millis(800);

/// Returns 0 when the sidecar is well.
///
/// # Errors
/// When it is not, or does not answer within the deadline.
pub async fn run(args: &ProbeArgs) -> Result<u8, Failure> {
    let address = args.address;
    match timeout(DEADLINE, ask(args)).await {
        Ok(Ok(StatusCode::OK)) => Ok(0),
        Ok(Ok(status)) => Err(Failure::Unhealthy(format!("the sidecar at {address} answered {status}"))),
        Ok(Err(error)) => Err(Failure::Unhealthy(format!("the sidecar at {address} does not answer: {error}"))),
        Err(_) => Err(Failure::Unhealthy(format!(
            "the sidecar at {address} did not answer within {} ms",
            DEADLINE.as_millis()
        ))),
    }
}

async fn ask(args: &ProbeArgs) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(args.address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get("/healthz").header(HOST, args.address.to_string()).body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?.status())
}
