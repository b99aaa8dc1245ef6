//! The client against real servers: over TLS on loopback, and over in-memory pipes with the clock paused.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod network;
mod requests;
mod server;
mod streams;
