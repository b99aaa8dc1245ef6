//! # codriver
//!
//! The companion of a Spark driver that runs in a Kubernetes pod in client mode. One binary, six verbs:
//!
//! * [`run`]: the wrapper in the driver's own container. Parent of the driver: forwards signals, reaps, keeps the exit code.
//! * [`sidecar`]: the native sidecar. Learns how the driver ended, and removes its executors, ConfigMap and volume claims.
//! * [`credentials`]: the small sidecar of executors' pods, which serves them credentials.
//! * [`sweep`]: removes what dead drivers left behind, where no sidecar could.
//! * [`wait`]: follows another driver's pod, and ends with its driver's exit code.
//! * [`probe`]: what a startup probe calls.
//!
//! Wrapper, sidecar and wait are one pure machine each, `step(&mut self, Event) -> Vec<Effect>`, without clock, file or
//! socket in it, and one `select!` that turns the world into events and effects into the world. They talk over [`protocol`].
//!
//! [`verdict`] and [`failure`] are the only places that name exit codes.

pub mod args;
pub mod cleanup;
pub mod credentials;
pub mod executors;
pub mod failure;
pub mod health;
pub mod log;
pub mod mesh;
pub mod metrics;
pub mod probe;
pub mod protocol;
pub mod run;
pub mod sidecar;
pub mod signals;
pub mod spark_codes;
pub mod spark_conf;
pub mod sweep;
pub mod termination_log;
pub mod timers;
pub mod undumped;
pub mod verdict;
pub mod wait;
