//! Whom to ask after an end of the driver, if anybody.

use codriver_kube::{Container, PodSpec};

use crate::mesh::{
    Target,
    catalogue::{Known, OTHER},
    wish::Wish,
};

/// What follows for the proxies from an end of the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Ask these; perhaps none.
    Ask(Vec<Target>),
    /// The driver is going to be started again in its place, and needs them.
    Restarts,
}

/// Decides. `pod` is absent when the API server never told: then only those that are listed are asked, as if the pod
/// had `restartPolicy: Never`. `code` is that of the driver's container, where it is known.
#[must_use]
pub fn plan(wish: &Wish, pod: Option<&PodSpec>, driver: &str, code: Option<u8>) -> Plan {
    let Some(pod) = pod else { return Plan::Ask(wish.listed.clone()) };
    if restarts(pod, driver, code) {
        return Plan::Restarts;
    }
    let listed = wish.listed.iter().filter(|target| !is_native(pod, target)).cloned();
    let found = pod.containers.iter().filter(|container| wish.auto && container.name != driver);
    let found = found.filter_map(|container| Some(Known::of(container)?.target(&container.name)));
    let mut targets: Vec<Target> = Vec::new();
    for target in listed.chain(found) {
        if !targets.iter().any(|known| (known.port, &known.path) == (target.port, &target.path)) {
            targets.push(target);
        }
    }
    Plan::Ask(targets)
}

/// Whether the kubelet starts the driver's container again in its place (Kubernetes, "Pod Lifecycle": container restart
/// policy; KEP-5307 for rules of the container's own, which come first).
#[must_use]
pub fn restarts(pod: &PodSpec, driver: &str, code: Option<u8>) -> bool {
    let container = pod.containers.iter().find(|container| container.name == driver);
    let rules = container.map_or(&[][..], |container| &container.restart_policy_rules);
    if code.is_some_and(|code| rules.iter().any(|rule| rule.exit_codes.mean(i32::from(code)))) {
        return true;
    }
    let own = container.and_then(|container| container.restart_policy.as_deref());
    match own.or(pod.restart_policy.as_deref()) {
        Some("Never") => false,
        // Nobody knows the code of a container that was killed as a whole; it was not 0.
        Some("OnFailure") => code != Some(0),
        _ => true,
    }
}

/// A proxy that was listed by its name, and that this pod has as a native sidecar.
fn is_native(pod: &PodSpec, target: &Target) -> bool {
    let is = |container: &Container| Known::named(target.proxy).is_some_and(|known| known.is(container));
    target.proxy != OTHER && !pod.containers.iter().any(is) && pod.init_containers.iter().any(is)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: Value) -> PodSpec {
        serde_json::from_value(spec).unwrap()
    }

    fn asked(wish: &str, spec: Value, code: Option<u8>) -> Option<Vec<String>> {
        match plan(&wish.parse().unwrap(), Some(&pod(spec)), "driver", code) {
            Plan::Ask(targets) => Some(targets.into_iter().map(|target| target.name).collect()),
            Plan::Restarts => None,
        }
    }

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn proxies_among_the_ordinary_containers_are_found() {
        let spec = json!({ "restartPolicy": "Never",
            "containers": [{ "name": "driver" }, { "name": "istio-proxy" }, { "name": "logs" },
                { "name": "sql", "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.15.0" }] });
        assert_eq!(asked("auto", spec.clone(), Some(7)), names(&["istio-proxy", "sql"]));
        assert_eq!(asked("none", spec.clone(), Some(7)), names(&[]));
        assert_eq!(asked("istio; auto", spec.clone(), Some(7)), names(&["istio", "sql"]), "nobody is asked twice");
        let url = "POST http://127.0.0.1:9/stop";
        assert_eq!(asked(url, spec, None), names(&["http://127.0.0.1:9/stop"]));
    }

    #[test]
    fn native_sidecars_are_never_asked() {
        let spec = json!({ "restartPolicy": "Never", "containers": [{ "name": "driver" }],
            "initContainers": [{ "name": "istio-proxy", "restartPolicy": "Always" }, { "name": "codriver" }] });
        for wish in ["auto", "istio", "auto; istio"] {
            assert_eq!(asked(wish, spec.clone(), Some(0)), names(&[]), "{wish}");
        }
    }

    #[test]
    fn a_driver_that_is_a_proxy_by_its_name_is_no_proxy() {
        let spec = json!({ "restartPolicy": "Never", "containers": [{ "name": "driver", "image": "my/daprd" }] });
        assert_eq!(asked("auto", spec, Some(0)), names(&[]));
    }

    #[test]
    fn nobody_is_asked_while_the_driver_is_going_to_be_started_again() {
        let rule =
            |operator: &str| json!([{ "action": "Restart", "exitCodes": { "operator": operator, "values": [42] } }]);
        for (policy, own, rules, code, restarts) in [
            ("Never", None, json!([]), Some(1), false),
            ("Never", None, json!([]), None, false),
            ("OnFailure", None, json!([]), Some(0), false),
            ("OnFailure", None, json!([]), Some(1), true),
            ("OnFailure", None, json!([]), None, true),
            ("Always", None, json!([]), Some(0), true),
            ("Never", Some("OnFailure"), json!([]), Some(1), true),
            ("Always", Some("Never"), json!([]), Some(1), false),
            ("Never", Some("Never"), rule("In"), Some(42), true),
            ("Never", Some("Never"), rule("In"), Some(41), false),
            ("Never", Some("Never"), rule("NotIn"), Some(41), true),
            ("Never", Some("Never"), rule("NotIn"), Some(42), false),
            ("OnFailure", None, rule("In"), Some(0), false),
        ] {
            let mut driver = json!({ "name": "driver", "restartPolicyRules": rules });
            if let Some(own) = own {
                driver["restartPolicy"] = own.into();
            }
            let spec = json!({ "restartPolicy": policy, "containers": [driver, { "name": "daprd" }] });
            let expected = if restarts { None } else { names(&["daprd"]) };
            assert_eq!(asked("auto", spec, code), expected, "{policy} {own:?} {code:?}");
        }
    }

    #[test]
    fn without_an_answer_of_the_api_server_only_those_that_are_listed_are_asked() {
        let Plan::Ask(targets) = plan(&"auto; linkerd".parse().unwrap(), None, "driver", Some(1)) else { panic!() };
        assert_eq!(targets.iter().map(|target| target.proxy).collect::<Vec<_>>(), ["linkerd"]);
    }
}
