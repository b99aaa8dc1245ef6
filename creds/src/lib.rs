//! Identity to temporary credentials: who a pod is, proven to STS, and what STS answers.
//!
//! The pieces, in the order of use: [`RoleArn`] and [`SessionName`] make an [`Identity`]; a [`Token`] is parsed from the
//! bytes of the projected service-account token, and its [`Claims`] are looked at before anybody else sees it;
//! [`Sts::assume_with_token`] exchanges both for [`Credentials`], [`Sts::assume_with`] exchanges credentials for those of
//! another role, [`Sts::caller`] asks whose they are. Each says in an [`Error`] what was refused, why, and what to do.
//!
//! [`instance_credentials`] asks whoever runs the pod instead: a [`Source`] is a container endpoint (EKS Pod Identity, ECS)
//! or the instance metadata service (or kube2iam in its place). [`read_prefix`] lists one key of an [`S3Uri`] with
//! whatever credentials there are.
//!
//! The world comes in as values: the caller reads the environment, the token file and the clock.
//!
//! No secret leaves this crate by accident: [`Secret`] shows `…`, and what a server said is searched for the secrets of
//! the request before it becomes part of an error.

mod caller;
mod chance;
mod clock;
mod credentials;
mod error;
mod https;
mod identity;
mod instance;
mod no_proxy;
mod patience;
mod policy;
mod proxy;
mod quote;
mod roots;
mod store;
mod sts;
mod token;
mod tunnel;
mod wire;

pub use caller::Caller;
pub use chance::random_token;
pub use clock::Skew;
pub use credentials::{Credentials, Secret};
pub use error::{Error, ErrorKind};
pub use identity::{DURATION_SECONDS, Identity, RoleArn, SessionName, StsKind, partition_of};
pub use instance::{
    Container, ContainerToken, Found, InstanceSettings, Metadata, Source, SourceVariables, instance_credentials,
};
pub use patience::Patience;
pub use policy::SessionPolicy;
pub use proxy::{Proxies, ProxyVariables};
pub use roots::{BadRoots, Roots};
pub use store::{S3Uri, Seen, StoreSettings, read_prefix};
pub use sts::{Granted, Limit, Sts, StsSettings};
pub use token::{Claims, KubernetesClaims, Named, Token, TokenFault};
