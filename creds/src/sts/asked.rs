//! What STS was asked, as far as errors about it need to know.

use crate::clock::Skew;
use crate::identity::RoleArn;
use crate::token::Claims;

/// One request to STS.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    /// The URL that was asked.
    pub endpoint: String,
    /// The region in the settings.
    pub region: &'a str,
    /// The endpoint is AWS's own, and not one from the settings.
    pub regional: bool,
    /// The proxy on the way, without user and password.
    pub proxy: Option<String>,
    /// For what.
    pub what: What<'a>,
    /// How many requests were sent.
    pub attempts: u32,
    /// How far our clock is from that of STS.
    pub skew: Option<Skew>,
}

/// The three things that STS is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// A role, for a token.
    WithToken(&'a RoleArn, &'a Claims),
    /// A role, for credentials of another role or user.
    WithKeys(&'a RoleArn),
    /// Whose credentials these are.
    Caller,
}

impl What<'_> {
    /// The name of the action.
    pub fn action(&self) -> &'static str {
        match self {
            Self::WithToken(..) => "AssumeRoleWithWebIdentity",
            Self::WithKeys(_) => "AssumeRole",
            Self::Caller => "GetCallerIdentity",
        }
    }

    /// The role that was asked for.
    pub fn role(&self) -> Option<&RoleArn> {
        match self {
            Self::WithToken(role, _) | Self::WithKeys(role) => Some(role),
            Self::Caller => None,
        }
    }

    /// What was refused, as the object of a sentence.
    pub fn object(&self) -> String {
        match self.role() {
            Some(role) => format!("the role {role}"),
            None => "to say whose the credentials are".to_owned(),
        }
    }
}
