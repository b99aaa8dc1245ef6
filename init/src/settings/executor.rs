//! How executors are to be.

use std::{collections::BTreeSet, path::PathBuf};

use codriver_creds::StsKind;

use super::overlays::CONTAINER_KEY;
use super::reader::Reader;
use super::surroundings::Surroundings;
use super::way::{Chosen, Way};
use super::{Executor, given};
use crate::args::Args;
use crate::lines::Lines;

/// More than any bundle of certificates.
const LONGEST_BUNDLE: u64 = 4 * 1024 * 1024;
/// Half of what Linux lets one variable be long (execve(2), `MAX_ARG_STRLEN`).
const LONGEST_VARIABLE: usize = 64 * 1024;

impl Reader {
    /// Image, account, role, user and template.
    pub fn executor(
        &mut self,
        args: &Args,
        around: &Surroundings<'_>,
        kind: StsKind,
        chosen: Option<&Chosen>,
        spark: &Lines,
        bundles: &BTreeSet<PathBuf>,
    ) -> Option<Executor> {
        let said = |keys: &[&str]| spark.iter().any(|(key, _)| keys.contains(&key.as_str()));
        let image = self.word("CODRIVER_EXECUTOR_IMAGE", &args.executor_image);
        if given(&args.executor_image).is_none()
            && !said(&["spark.kubernetes.executor.container.image", "spark.kubernetes.container.image"])
        {
            self.mistake("CODRIVER_EXECUTOR_IMAGE is not set", "set it to the image of the driver's container");
        }
        let service_account = self.word("CODRIVER_EXECUTOR_SERVICE_ACCOUNT", &args.executor_service_account);
        if given(&args.executor_service_account).is_none()
            && !said(&["spark.kubernetes.authenticate.executor.serviceAccountName"])
        {
            self.mistake(
                "CODRIVER_EXECUTOR_SERVICE_ACCOUNT is not set",
                "set it to a service account for the executors; without one they would run as `default`",
            );
        }
        let user = match given(&args.executor_user) {
            Some("image") => None,
            _ => Some(self.number("CODRIVER_EXECUTOR_USER", &args.executor_user, 185, 1..=u64::from(u32::MAX >> 1))),
        };
        let driver = chosen.and_then(|chosen| match &chosen.way {
            Way::WebIdentity(identity) => Some(identity.role.clone()),
            Way::Instance(instance) => instance.role.clone(),
            Way::Keys(_) => None,
        });
        let role = self.role("CODRIVER_EXECUTOR_ROLE_ARN", &args.executor_role_arn, kind).or_else(|| driver.clone());
        let own_role = role != driver;
        let template = self.template(args, around, spark);
        let container = spark.iter().rev().find(|(key, _)| key == CONTAINER_KEY).map(|(_, name)| name.clone());
        let codriver_image = self.word("CODRIVER_IMAGE", &args.image);
        let certificates = self.certificates(args, around, bundles);
        Some(Executor {
            image,
            service_account,
            role,
            own_role,
            user,
            template,
            container,
            codriver_image,
            certificates,
        })
    }

    /// What the sidecars of executors are to trust beside the web's roots, which they have compiled in. A bundle that cannot be read
    /// is told elsewhere.
    fn certificates(&mut self, args: &Args, around: &Surroundings<'_>, bundles: &BTreeSet<PathBuf>) -> Option<String> {
        if given(&args.mode) != Some("endpoint") || bundles.is_empty() {
            return None;
        }
        let texts = bundles.iter().filter_map(|path| around.text(path, LONGEST_BUNDLE).ok());
        let pem = texts.collect::<Vec<_>>().join("\n");
        if pem.len() > LONGEST_VARIABLE {
            self.mistake(
                format!(
                    "the certificates of AWS_CA_BUNDLE and SSL_CERT_FILE are {} KiB long, which no variable of an executor's \
                     sidecar can carry",
                    pem.len() / 1024
                ),
                "leave out what any image has, and name a file with your own authority's certificate alone",
            );
        }
        Some(pem)
    }
}
