//! Identity to temporary credentials: who a pod is, proven to STS, and what STS answers.
//!
//! The pieces, in the order of use: [`RoleArn`] and [`SessionName`] make an [`Identity`]; a [`Token`] is parsed from the
//! bytes of the projected service-account token, and its [`Claims`] are looked at before anybody else sees it;
//! [`Sts::assume_with_token`] exchanges both for [`Credentials`], or says in an [`Error`] what was refused, why, and what to do.
//!
//! The world comes in as values: the caller reads the environment, the token file and the clock.
//!
//! No secret leaves this crate by accident: [`Secret`] shows `…`, and what a server said is searched for the token
//! before it becomes part of an error.

mod answer;
mod credentials;
mod error;
mod https;
mod identity;
mod policy;
mod refusal;
mod roots;
mod sts;
mod token;

pub use credentials::{Credentials, Granted, Secret};
pub use error::{Error, Refusal};
pub use identity::{DURATION_SECONDS, Identity, RoleArn, SessionName, StsKind};
pub use policy::SessionPolicy;
pub use roots::{BadRoots, Roots};
pub use sts::{Sts, StsSettings};
pub use token::{Claims, KubernetesClaims, Named, Token, TokenFault};
