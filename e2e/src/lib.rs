//! What the demo and the end-to-end tests share: the stage they play on, and drivers on it.
//!
//! [`stage`] prepares the cluster, the store and the images by the scripts of this folder, [`spark`] says which Sparks, [`room`]
//! gives a test a namespace of its own; [`kubectl`] talks to the cluster, [`containers`] reaches under it, [`faults`] between it and
//! its API server; [`short`] gives credentials that end soon; [`driver`] makes a pod from `manifests/raw`, watches it live and looks at what it leaves, [`departure`] also when
//! it is taken away.

pub mod containers;
pub mod departure;
pub mod driver;
pub mod executors;
pub mod faults;
pub mod kubectl;
pub mod room;
pub mod scripts;
pub mod short;
pub mod spark;
pub mod stage;

/// Everything here ends up before a person: a sentence is enough.
pub type Result<T> = std::result::Result<T, String>;
