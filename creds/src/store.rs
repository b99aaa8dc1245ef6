//! One signed look into a bucket: may these credentials list a prefix there, and if not, what is wrong.
//!
//! S3A begins every job with such a listing, so what fails here fails there, only later and with a longer stack trace.

mod denied;
mod lost;
mod page;
mod place;
mod question;
mod sign;
mod uri;
mod verdict;

use std::time::{Duration, Instant, SystemTime};

use crate::clock::Skew;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::https::Https;
use crate::patience::{Failed, Patience};
use crate::proxy::Proxies;
use crate::quote::Mask;
use crate::roots::Roots;
pub use uri::S3Uri;

use place::Place;
use question::Question;

/// The most that is read of one answer, in bytes. A list of one key has about 1 KiB.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Where a store is, and how it wants to be asked.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The region, which goes into the signature, and gives the endpoint unless one is set.
    pub region: String,
    /// An endpoint other than AWS's; `http://` is for stores inside of the cluster.
    pub endpoint: Option<String>,
    /// Put the bucket into the path and not before the host.
    pub path_style: bool,
    /// AWS's endpoints that are validated by FIPS 140.
    pub fips: bool,
    /// AWS's endpoints that speak IPv6 as well.
    pub dual_stack: bool,
    /// Whom to trust beside the web's roots.
    pub roots: Roots,
    /// Which proxy to go through.
    pub proxies: Proxies,
    /// How long to wait, and how often to ask.
    pub patience: Patience,
}

/// As AWS's SDKs connect (a lost SYN is sent again after 1 s and after 3 s), and about half a minute in all.
const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(3100),
    answer: Duration::from_secs(10),
    attempts: 3,
    pause: Duration::from_millis(300),
    total: Duration::from_secs(20),
};

impl StoreSettings {
    /// AWS itself in a region, reached directly.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            endpoint: None,
            path_style: false,
            fips: false,
            dual_stack: false,
            roots: Roots::default(),
            proxies: Proxies::default(),
            patience: PATIENCE,
        }
    }
}

/// What was seen in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The URL of the store that answered, without the bucket.
    pub endpoint: String,
    /// Is there at least one key under the prefix? None is no mistake: a job may be there to write the first.
    pub found: bool,
    /// When the clocks of the node and of the store disagree by more than a minute.
    pub clock: Option<Skew>,
}

/// Lists at most one key of a prefix. Waits as long as the settings' patience says, 34 s at most by default.
///
/// `now` is the time at the call; later attempts are signed with the time that they are sent at.
///
/// # Errors
/// [`Error`], which knows the remedy: no such bucket, another region (and which), no permission (and the statement that
/// is missing), keys that are unknown or over, clocks, TLS, and endpoints that are no S3.
pub async fn read_prefix(
    settings: &StoreSettings,
    credentials: &Credentials,
    uri: &S3Uri,
    now: SystemTime,
) -> Result<Seen, Error> {
    let configuration = |problem: String| {
        Error::new(ErrorKind::Configuration, problem, "correct AWS_ENDPOINT_URL_S3, AWS_REGION or the credentials")
    };
    let place = Place::of(settings, uri).map_err(configuration)?;
    let patience = settings.patience;
    let secure = place.url.starts_with("https://");
    let https = if secure { Https::new(&settings.roots, patience.connect) } else { Https::plain(patience.connect) };
    let https = https.through(settings.proxies.clone());
    let mask = Mask::new(credentials.secrets());
    let question = Question { settings, uri, place: &place, mask: &mask };
    let begun = Instant::now();
    patience
        .ask(begun, async || {
            let now = now + begun.elapsed();
            let request = sign::signed_get(&place.url, &settings.region, credentials, now)
                .map_err(|problem| Failed::never(configuration(problem)))?;
            let answer = https.send(request, patience.answer, LONGEST_ANSWER).await;
            question.judge(answer, now)
        })
        .await
}
