//! Asks one proxy on loopback: the sockets and the pauses of [`Asking`].

use std::{
    convert::Infallible,
    future::pending,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use http_body_util::Empty;
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1,
    header::{CONNECTION, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    select,
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::mesh::{
    Target,
    asking::{Asking, Came, Next, Seen},
};

/// For a look: a connection on loopback takes microseconds, or waits in a queue that is full.
const LOOK: Duration = Duration::from_secs(1);

/// Asks until there is nothing more to do, and tells what comes of it as it comes. Takes minutes at most: every request has
/// its patience, and their number a bound. Dropping the future ends it.
pub async fn ask(target: Target, pause: Duration, told: mpsc::Sender<(Target, Came)>) {
    let (mut asking, mut next) = (Asking::default(), Next::Ask);
    loop {
        let seen = match next {
            Next::Ask => request(&target).await,
            Next::Look => look(target.port).await,
            Next::Done => return,
        };
        let (then, came) = asking.step(seen);
        if let Some(came) = came {
            let _ = told.send((target.clone(), came)).await;
        }
        next = then;
        if next != Next::Done {
            sleep(pause).await;
        }
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

async fn look(port: u16) -> Seen {
    match timeout(LOOK, TcpStream::connect(address(port))).await {
        Ok(Err(_)) => Seen::Closed,
        Ok(Ok(_)) | Err(_) => Seen::Open,
    }
}

async fn request(target: &Target) -> Seen {
    match timeout(target.patience, exchange(target)).await {
        Ok(Ok(status)) if target.agrees(status) => Seen::Agreed,
        Ok(Ok(status)) => Seen::Refused(status),
        Ok(Err(Lost::NobodyListens)) => Seen::Closed,
        Ok(Err(Lost::NoAnswer)) | Err(_) => Seen::Silent,
    }
}

enum Lost {
    NobodyListens,
    NoAnswer,
}

/// The status of the answer. Its body is left unread: what counts is whether the port closes.
async fn exchange(target: &Target) -> Result<u16, Lost> {
    let address = address(target.port);
    let stream = TcpStream::connect(address).await.map_err(|_| Lost::NobodyListens)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Lost::NoAnswer)?;
    let request = Request::builder()
        .method(target.method.clone())
        .uri(&target.path)
        .header(HOST, address.to_string())
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Lost::NoAnswer)?;
    // The connection may end before its answer is taken: then the answer is there.
    let carry = async {
        let _ = connection.await;
        pending::<Infallible>().await
    };
    select! {
        answer = sender.send_request(request) => answer.map(|it| it.status().as_u16()).map_err(|_| Lost::NoAnswer),
        never = carry => match never {},
    }
}
