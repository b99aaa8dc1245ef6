//! The program as the kubelet sees it: environment and files in; files, log lines, a termination message and a code out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod runs;
mod scenarios;
mod volume;
mod world;
