//! Serves a pod's credentials on loopback, always fresh, by the container-credentials contract that every AWS SDK knows.
//!
//! The rooms: [`description`] is what codriver-init decided; [`keeper`] decides when to ask for new credentials; [`upstream`]
//! asks; [`page`] is what clients read; [`last`] outlives a restart; [`gate`] decides who may read; [`token`] by what;
//! [`crowd`] who may stay connected; [`serve`] listens; [`shelf`] is between the two; [`endpoint`] puts them together. `keeper`,
//! `gate`, `crowd` and `page` touch nothing.
//!
//! Kubernetes is not known here.

pub mod crowd;
pub mod description;
pub mod endpoint;
pub mod gate;
pub mod keeper;
pub mod last;
pub mod page;
pub mod serve;
pub mod shelf;
pub mod token;
pub mod upstream;

pub use description::{BadDescription, Description};
pub use endpoint::Endpoint;
pub use shelf::Standing;
