//! `codriver run` and `codriver sidecar` as real processes with real children. Nothing sleeps: each step waits for a line, an end or a connection, and
//! a wait that takes longer than [`bench::PATIENCE`] fails the test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bench;
mod codes;
mod companion;
mod descendants;
mod descriptors;
mod full;
mod groups;
mod job_control;
mod last_words;
mod map;
mod nested;
mod pyspark;
mod sidecar;
mod signals;
mod stuck;
mod terminal;
mod volume;
