//! What Spark in client mode and codriver's cleanup do with the API, and what happens without it.

use codriver_kube::Rules;

/// How bad it is when something is not allowed. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Spark works, but not all of it.
    Degraded,
    /// Spark works, and leaves something behind.
    Leaks,
    /// Spark does not work.
    Fatal,
}

/// Verbs on a resource, and what happens without one of them.
struct Need {
    resource: &'static str,
    verbs: &'static [&'static str],
    severity: Severity,
    without: &'static str,
}

/// The requests that a driver of Spark 3.5 to 4.3 was seen to make, and those of codriver's own cleanup. A Spark without
/// executor ConfigMaps (`spark.kubernetes.executor.disableConfigMap`) could do with less.
const NEEDS: [Need; 10] = [
    Need {
        resource: "pods",
        verbs: &["get", "list", "watch", "create"],
        severity: Severity::Fatal,
        without: "Spark cannot start executors",
    },
    Need {
        resource: "configmaps",
        verbs: &["create"],
        severity: Severity::Fatal,
        without: "Spark cannot give executors their configuration, and ends with code 1",
    },
    Need {
        resource: "pods",
        verbs: &["delete", "deletecollection"],
        severity: Severity::Leaks,
        without: "executors stay behind",
    },
    Need {
        resource: "configmaps",
        verbs: &["list", "delete", "deletecollection"],
        severity: Severity::Leaks,
        without: "ConfigMaps stay behind",
    },
    Need {
        resource: "persistentvolumeclaims",
        verbs: &["list", "delete", "deletecollection"],
        severity: Severity::Leaks,
        without: "volume claims stay behind",
    },
    Need {
        resource: "persistentvolumeclaims",
        verbs: &["create"],
        severity: Severity::Degraded,
        without: "executors get no volume claims on demand",
    },
    Need {
        resource: "pods",
        verbs: &["patch"],
        severity: Severity::Degraded,
        without: "executors are not labelled when they are decommissioned or kept",
    },
    Need {
        resource: "services",
        verbs: &["deletecollection"],
        severity: Severity::Degraded,
        without: "Spark complains in its log when it stops",
    },
    Need {
        resource: "events",
        verbs: &["create"],
        severity: Severity::Degraded,
        without: "`kubectl describe pod` does not tell how the driver ended",
    },
    Need {
        resource: "events",
        verbs: &["list"],
        severity: Severity::Degraded,
        without: "nobody tells which volume keeps executors from starting",
    },
];

/// Who makes the executors' pods (`spark.kubernetes.allocation.pods.allocator`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocator {
    /// Spark itself, or a class of the user's own.
    Direct,
    /// A controller: its resource, and the one that says how many executors it makes.
    Controller(&'static str, &'static str),
}

impl Allocator {
    /// As Spark's setting says.
    pub fn of(setting: Option<&str>) -> Self {
        match setting {
            Some("statefulset") => Self::Controller("statefulsets", "statefulsets/scale"),
            Some("deployment") => Self::Controller("deployments", "deployments/scale"),
            _ => Self::Direct,
        }
    }

    fn needs(self) -> Vec<Need> {
        let Self::Controller(controller, scale) = self else { return Vec::new() };
        let need = |resource, verbs, severity, without| Need { resource, verbs, severity, without };
        vec![
            need(controller, &["create"], Severity::Fatal, "Spark cannot start executors with this allocator"),
            need(
                controller,
                &["list", "delete"],
                Severity::Leaks,
                "the controller stays behind and makes executors anew",
            ),
            // Seen of 3.5.9 and 4.3.0.
            need(scale, &["get", "update"], Severity::Degraded, "with dynamic allocation Spark ends with code 1"),
        ]
    }
}

/// The API group of a resource of ours; empty for the core group.
pub fn group(resource: &str) -> &'static str {
    if resource.starts_with("statefulsets") || resource.starts_with("deployments") { "apps" } else { "" }
}

/// Verbs that are needed on a resource and not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Such as `pods`.
    pub resource: &'static str,
    /// At least one.
    pub verbs: Vec<&'static str>,
    /// How bad that is.
    pub severity: Severity,
    /// What happens without them.
    pub without: &'static str,
}

/// All that is needed and not allowed. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The worst first.
    pub items: Vec<Item>,
    /// Why something of it may be allowed nevertheless: the server does not know all rules.
    pub uncertain: Option<String>,
}

/// Compares what is allowed with what is needed; none when nothing is missing.
pub fn missing(rules: &Rules, allocator: Allocator) -> Option<Missing> {
    let mut items = Vec::new();
    for need in NEEDS.iter().chain(&allocator.needs()) {
        let is_missing = |verb: &&str| !rules.allows(group(need.resource), need.resource, verb);
        let verbs: Vec<_> = need.verbs.iter().copied().filter(is_missing).collect();
        if !verbs.is_empty() {
            items.push(Item { resource: need.resource, verbs, severity: need.severity, without: need.without });
        }
    }
    let uncertain =
        rules.incomplete.then(|| rules.evaluation_error.clone().unwrap_or_else(|| "it does not say why".to_owned()));
    (!items.is_empty()).then_some(Missing { items, uncertain })
}

impl Missing {
    /// The worst of it. What is uncertain is never fatal: a driver must not be stopped for a rule that it may have.
    pub fn severity(&self) -> Severity {
        let worst = self.items.iter().map(|item| item.severity).max().unwrap_or(Severity::Degraded);
        if self.uncertain.is_some() { worst.min(Severity::Leaks) } else { worst }
    }

    /// What is wrong, in one line.
    pub fn cause(&self, namespace: &str, service_account: &str) -> String {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| format!("{} {} ({})", item.verbs.join(", "), item.resource, item.without))
            .collect();
        let doubt = self.uncertain.as_ref().map_or_else(String::new, |why| {
            format!("; or it may after all, since the API server cannot list all rules: {why}")
        });
        format!("service account {service_account} in namespace {namespace} may not {}{doubt}", items.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codriver_kube::ResourceRule;

    fn rules(allowed: &[(&str, &[&str])]) -> Rules {
        let rule = |&(resource, verbs): &(&str, &[&str])| ResourceRule {
            verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
            api_groups: vec![String::new()],
            resources: vec![resource.to_owned()],
            resource_names: Vec::new(),
        };
        Rules { resource_rules: allowed.iter().map(rule).collect(), ..Rules::default() }
    }

    const PODS: (&str, &[&str]) = ("pods", &["get", "list", "watch", "create", "patch", "delete", "deletecollection"]);
    const CONFIG_MAPS: (&str, &[&str]) = ("configmaps", &["create", "list", "delete", "deletecollection"]);
    const CLAIMS: (&str, &[&str]) = ("persistentvolumeclaims", &["create", "list", "delete", "deletecollection"]);
    const SERVICES: (&str, &[&str]) = ("services", &["deletecollection"]);
    const EVENTS: (&str, &[&str]) = ("events", &["create", "list"]);

    #[test]
    fn the_worst_decides() {
        for (allowed, expected) in [
            (vec![PODS, CONFIG_MAPS, CLAIMS, SERVICES, EVENTS], None),
            (vec![("*", &["*"][..])], None),
            (vec![PODS, CONFIG_MAPS, CLAIMS, EVENTS], Some((1, Severity::Degraded))),
            (vec![PODS, CONFIG_MAPS, CLAIMS, SERVICES], Some((2, Severity::Degraded))),
            (vec![PODS, CONFIG_MAPS, SERVICES, EVENTS], Some((2, Severity::Leaks))),
            (vec![PODS, CLAIMS, SERVICES, EVENTS], Some((2, Severity::Fatal))),
            (vec![], Some((10, Severity::Fatal))),
        ] {
            let found =
                missing(&rules(&allowed), Allocator::Direct).map(|missing| (missing.items.len(), missing.severity()));
            assert_eq!(found, expected, "{allowed:?}");
        }
    }

    #[test]
    fn the_role_of_the_manifest_is_enough() {
        let page = include_str!("../../../manifests/raw/spark-driver.yaml");
        let role = page.split("kind: Role\n").nth(1).unwrap().split("---").next().unwrap();
        let listed = |line: &str, key: &str| -> Option<Vec<String>> {
            let list = line.trim().strip_prefix(key)?.split_once('[')?.1.split_once(']')?.0;
            Some(list.split(", ").map(str::to_owned).collect())
        };
        let mut rules = Rules::default();
        for line in role.lines() {
            if let Some(resources) = listed(line, "resources: ") {
                let api_groups = vec![String::new()];
                rules.resource_rules.push(ResourceRule { resources, api_groups, ..ResourceRule::default() });
            } else if let Some(verbs) = listed(line, "verbs: ") {
                rules.resource_rules.last_mut().unwrap().verbs = verbs;
            }
        }
        assert_eq!(rules.resource_rules.len(), 3);
        assert_eq!(missing(&rules, Allocator::Direct), None);
    }

    #[test]
    fn an_allocator_that_uses_controllers_needs_them_too() {
        let held = rules(&[PODS, CONFIG_MAPS, CLAIMS, SERVICES, EVENTS]);
        for (setting, expected) in [
            (None, None),
            (Some("direct"), None),
            (Some("statefulset"), Some((3, Severity::Fatal))),
            (Some("deployment"), Some((3, Severity::Fatal))),
        ] {
            let missing = missing(&held, Allocator::of(setting));
            assert_eq!(missing.map(|it| (it.items.len(), it.severity())), expected, "{setting:?}");
        }
    }

    #[test]
    fn what_the_server_does_not_know_for_certain_stops_nobody() {
        let mut rules = rules(&[]);
        rules.incomplete = true;
        let missing = missing(&rules, Allocator::Direct).unwrap();
        assert_eq!(missing.severity(), Severity::Leaks);
        assert!(missing.cause("etl", "spark").ends_with("cannot list all rules: it does not say why"));
    }

    #[test]
    fn the_cause_names_verbs_and_consequences() {
        let missing = missing(&rules(&[PODS, CONFIG_MAPS, SERVICES, EVENTS]), Allocator::Direct).unwrap();
        assert_eq!(
            missing.cause("etl", "spark-driver"),
            "service account spark-driver in namespace etl may not list, delete, deletecollection \
             persistentvolumeclaims (volume claims stay behind); create persistentvolumeclaims (executors get no volume \
             claims on demand)"
        );
    }
}
