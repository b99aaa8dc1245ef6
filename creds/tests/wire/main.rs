//! The instance way and the look into a bucket, asked over real sockets: servers on loopback that answer well, answer
//! badly, and are hostile.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod container;
mod metadata;
mod server;
mod store;

use std::time::{Duration, SystemTime};

use codriver_creds::Patience;

/// Generous where an answer comes, so that a busy machine does not matter, and short where none ever will.
fn patience(replies: &[server::Reply]) -> Patience {
    let silent = replies.iter().any(|reply| matches!(reply, server::Reply::Stalls(_)));
    Patience {
        connect: Duration::from_secs(10),
        answer: if silent { Duration::from_millis(100) } else { Duration::from_secs(10) },
        attempts: 3,
        pause: Duration::from_millis(1),
        total: Duration::from_secs(60),
    }
}

/// 2 January 2026, 03:04:05 UTC.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
