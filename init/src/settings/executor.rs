//! How executors are to be.

use codriver_creds::StsKind;

use super::overlays::CONTAINER_KEY;
use super::reader::Reader;
use super::surroundings::Surroundings;
use super::way::{Chosen, Way};
use super::{Executor, given};
use crate::args::Args;
use crate::lines::Lines;

impl Reader {
    /// Image, account, role, user and template.
    pub fn executor(
        &mut self,
        args: &Args,
        around: &Surroundings<'_>,
        kind: StsKind,
        chosen: Option<&Chosen>,
        spark: &Lines,
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
        Some(Executor { image, service_account, role, own_role, user, template, container, codriver_image })
    }
}
