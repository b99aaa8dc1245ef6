//! What was asked of a store; everything that a message about its answer needs.

use crate::quote::Mask;
use crate::store::place::Place;
use crate::store::{S3Uri, StoreSettings};

/// For stores that do not serve `<bucket>.<host>`.
pub const PATH_STYLE: &str = "set CODRIVER_PATH_STYLE=true: this store has no host name for each bucket";

/// What was asked; everything that a message needs.
pub struct Question<'a> {
    /// The store.
    pub settings: &'a StoreSettings,
    /// What was looked for.
    pub uri: &'a S3Uri,
    /// Where.
    pub place: &'a Place,
    /// What must not be in a message.
    pub mask: &'a Mask,
}
