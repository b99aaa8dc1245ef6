//! Executors that never come: Spark only says "Initial job has not accepted any resources"; the API server knows why.
//!
//! Nothing is asked before an executor could be expected; then there is a look every [`crate::sidecar::watching::PERIOD`] until one serves: a list
//! of the attempt's executors, the events of a few of them, and where there is none, a trial: an executor like Spark's is sent
//! through admission (`dryRun=All`) and not kept. That is the only way to hear of a quota, a LimitRange, a missing service account
//! or a policy: pods that are refused leave no trace.
//!
//! [`patience`] says when to speak and when to give up, [`diagnose`] what about, [`reason`] in which words; [`trial`] makes the
//! pod that is tried; [`look`] asks. The loop is the sidecar's: [`crate::sidecar::watching`].

pub mod diagnose;
pub mod look;
pub mod patience;
pub mod reason;
pub mod trial;
mod volumes;
