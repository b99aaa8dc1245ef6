//! STS over real sockets: what is sent, byte by byte, and what becomes of good, strange and hostile answers.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod hostile;
mod proxies;
mod roles;
mod server;
mod time;
mod world;
