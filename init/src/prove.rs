//! Proves who the pod is: gets credentials the way that is configured, assumes the second role if there is one, asks who
//! that makes us, and reads the bucket if that is wanted. The first failure ends it: what comes after needs what failed.

mod bucket;
mod bundles;
mod caller;
mod instance;
mod token;

use std::time::{Duration, SystemTime};

use codriver_creds::{Claims, Credentials, Granted, Identity, Sts, StsSettings};
use tracing::info;

use crate::checks::Checks;
use crate::failure::Fault;
use crate::settings::{Settings, Way, WebIdentity};
use crate::time::timestamp;

/// What role chaining gives at most, whatever the role allows.
const LONGEST_CHAINED: Duration = Duration::from_secs(3600);

/// Who we are.
#[derive(Debug, Clone)]
pub struct Proof {
    /// What is good for S3. In the mode `session` the JVMs get these; otherwise they are dropped.
    pub credentials: Credentials,
    /// What the token says, where there was one.
    pub claims: Option<Claims>,
    /// Who STS says that we are, where it could be asked.
    pub caller: Option<String>,
}

/// Does all of it; none when something failed, which is then among the checks. Waits for the token as long as the settings
/// say, and for each service a minute at most.
pub async fn prove(settings: &Settings, checks: &mut Checks) -> Option<Proof> {
    let roots = match bundles::read_all(&settings.sts.bundles) {
        Ok(roots) => roots,
        Err(failure) => {
            checks.fail("certificates", failure);
            return None;
        }
    };
    let sts = Sts::new(&StsSettings {
        region: settings.store.region.clone(),
        endpoint: settings.sts.endpoint.as_ref().map(|endpoint| endpoint.url().to_owned()),
        roots: roots.clone(),
        attempts: settings.sts.attempts,
        backoff: settings.sts.backoff,
        fips: settings.sts.fips,
        dual_stack: settings.sts.dual_stack,
        proxy: settings.sts.proxies.clone(),
    });
    let (credentials, claims) = match &settings.way {
        Way::Keys(keys) => (keys.credentials.clone(), None),
        Way::WebIdentity(identity) => {
            let (credentials, claims) = web_identity(settings, identity, &sts, checks).await?;
            (credentials, Some(claims))
        }
        Way::Instance(instance) => (instance::ask(instance, &roots, checks).await?, None),
    };
    let credentials = chain(settings, credentials, &sts, checks).await?;
    let caller = caller::ask(settings, &credentials, &sts, checks).await?;
    bucket::read(settings, &credentials, roots, checks).await?;
    Some(Proof { credentials, claims, caller })
}

/// The token, and what STS gives for it.
async fn web_identity(
    settings: &Settings,
    identity: &WebIdentity,
    sts: &Sts,
    checks: &mut Checks,
) -> Option<(Credentials, Claims)> {
    let token::Held { token, doubt } = match token::wait(&identity.token).await {
        Ok(held) => held,
        Err(failure) => {
            checks.fail("token", failure);
            return None;
        }
    };
    let claims = token.claims();
    let end = claims.expiry().map_or_else(String::new, |end| format!(", until {}", timestamp(end)));
    checks.fine("token", format!("{} of {}, for {}{end}", claims.subject, claims.issuer, claims.audiences.join(", ")));
    let chained = settings.assume.is_some();
    let asked = Identity {
        role: identity.role.clone(),
        session: settings.session.clone(),
        // What a second role is assumed with need not live long.
        duration: if chained { LONGEST_CHAINED.min(settings.duration) } else { settings.duration },
        policy: if chained { None } else { settings.policy.clone() },
        policy_arns: if chained { Vec::new() } else { settings.policy_arns.clone() },
    };
    match sts.assume_with_token(&asked, &token, SystemTime::now()).await {
        Ok(granted) => {
            info!(
                role = asked.role.as_str(),
                subject = claims.subject,
                session = asked.session.as_str(),
                "STS gave credentials"
            );
            note("STS", &asked, &granted, checks);
            Some((granted.credentials, claims.clone()))
        }
        Err(error) => {
            match doubt {
                // STS does not say that our clock is wrong: then the token is too old.
                Some(failure) if error.clock().is_none() => checks.fail("token", failure),
                _ => checks.fail("STS", error.into()),
            }
            None
        }
    }
}

/// The second role, if there is one.
async fn chain(settings: &Settings, first: Credentials, sts: &Sts, checks: &mut Checks) -> Option<Credentials> {
    let Some(role) = &settings.assume else { return Some(first) };
    let asked = Identity {
        role: role.clone(),
        session: settings.session.clone(),
        duration: settings.duration,
        policy: settings.policy.clone(),
        policy_arns: settings.policy_arns.clone(),
    };
    match sts.assume_with(&asked, &first, SystemTime::now()).await {
        Ok(granted) => {
            info!(
                role = asked.role.as_str(),
                session = asked.session.as_str(),
                "STS gave the second role's credentials"
            );
            note("second role", &asked, &granted, checks);
            Some(granted.credentials)
        }
        Err(error) => {
            checks.fail("second role", error.into());
            None
        }
    }
}

/// What STS gave, and whether it is what was asked for.
fn note(check: &'static str, asked: &Identity, granted: &Granted, checks: &mut Checks) {
    let end =
        granted.credentials.expires.map_or_else(|| "for ever".to_owned(), |end| format!("until {}", timestamp(end)));
    checks.fine(check, format!("gave {} {end}", asked.role));
    if let Some((cause, remedy)) = granted.note() {
        checks.warn(check, vec![Fault::new(cause, remedy)]);
    }
    if let Some(skew) = granted.clock {
        checks.warn(
            "clock",
            vec![Fault::new(
                format!("this node's clock is {skew} STS's"),
                "check the time service of the node (chrony, ntpd)",
            )],
        );
    }
}
