//! The small client with which codriver speaks to the API server of the cluster it runs in.
//!
//! It does what the end of a Spark driver needs and no more: read one pod, list objects page by page, make one, delete
//! many of them with one request, delete one, hear of changes to them and of what a container writes; and it asks what
//! one may do. There is no cache. One connection is kept
//! between requests, and opened anew when it died or was idle for long.
//!
//! What it promises:
//! - it trusts the certificate authority of the service account and nothing else;
//! - the token is read from its file for each request, since the kubelet rotates it; `401` is tried once more;
//! - every wait has a deadline ([`Deadlines`]) and every body a bound; lists are read object by object, so a page of
//!   500 pods never lies in memory as a whole;
//! - an [`Error`] says what was tried, why it failed and, for a missing permission, which rule to add.

mod client;
mod config;
mod connection;
mod error;
mod exchange;
mod items;
mod lines;
mod object;
mod request;
mod rules;
mod timestamp;
mod transport;
mod watch;

pub use client::{Client, Collection, PAGE, View};
pub use config::{Config, ConfigError};
pub use connection::Deadlines;
pub use error::Error;
pub use lines::Lines;
pub use object::{
    Condition, Container, ContainerState, ContainerStatus, ExitCodes, Metadata, Object, OwnerReference, PodSpec,
    PodStatus, RestartRule, Running, Terminated, Waiting,
};
pub use request::{Kind, Subject, Verb};
pub use rules::{ResourceRule, Rules};
pub use timestamp::Timestamp;
pub use watch::{Change, WATCH, Watch};
