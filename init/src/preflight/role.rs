//! What is missing, as a Role and its binding to paste. It adds to the roles that are there and replaces none.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Missing, needs::group};

impl Missing {
    /// The manifest for `kubectl apply`: only the rules that are missing, for this service account.
    pub fn yaml(&self, namespace: &str, service_account: &str) -> String {
        // JSON's strings are YAML's, so no name can be taken for a number or for more than a name.
        let [namespace, account, role] = [namespace, service_account, &format!("{service_account}-codriver")]
            .map(|name| Value::from(name).to_string());
        let head = |kind: &str| {
            format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n\
                 metadata: {{name: {role}, namespace: {namespace}}}\n"
            )
        };
        let mut text = head("Role") + "rules:\n";
        for (resources, verbs) in self.rules() {
            let _ = writeln!(
                text,
                "- {{apiGroups: [\"{}\"], resources: [{}], verbs: [{}]}}",
                group(resources[0]),
                resources.join(", "),
                verbs.join(", ")
            );
        }
        let _ = write!(
            text,
            "---\n{}roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {role}}}\n\
             subjects:\n- {{kind: ServiceAccount, name: {account}, namespace: {namespace}}}\n",
            head("RoleBinding")
        );
        text
    }

    /// Resources with their verbs; those of a group that lack the same ones share a rule. None is without resources.
    fn rules(&self) -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
        let mut of_each: Vec<(&str, Vec<&str>)> = Vec::new();
        for item in &self.items {
            match of_each.iter_mut().find(|(resource, _)| *resource == item.resource) {
                Some((_, verbs)) => verbs.extend(&item.verbs),
                None => of_each.push((item.resource, item.verbs.clone())),
            }
        }
        let mut rules: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (resource, mut verbs) in of_each {
            verbs.sort_unstable();
            match rules.iter_mut().find(|(of, known)| *known == verbs && group(of[0]) == group(resource)) {
                Some((resources, _)) => resources.push(resource),
                None => rules.push((vec![resource], verbs)),
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Allocator, missing};
    use crate::executor::yaml;
    use codriver_kube::{ResourceRule, Rules};
    use serde_json::json;

    fn with(resources: &[&str], verbs: &[&str]) -> Rules {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
        let (verbs, resources, api_groups) = (owned(verbs), owned(resources), vec![String::new()]);
        Rules {
            resource_rules: vec![ResourceRule { verbs, api_groups, resources, ..ResourceRule::default() }],
            ..Rules::default()
        }
    }

    #[test]
    fn only_what_is_missing_is_in_the_role() {
        let held = ["get", "list", "watch", "create", "patch", "delete"];
        let missing =
            missing(&with(&["pods", "configmaps", "persistentvolumeclaims"], &held), Allocator::Direct).unwrap();
        assert_eq!(
            missing.yaml("etl", "spark-driver"),
            r#"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "spark-driver-codriver", namespace: "etl"}
rules:
- {apiGroups: [""], resources: [pods, configmaps, persistentvolumeclaims, services], verbs: [deletecollection]}
- {apiGroups: [""], resources: [events], verbs: [create, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "spark-driver-codriver", namespace: "etl"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "spark-driver-codriver"}
subjects:
- {kind: ServiceAccount, name: "spark-driver", namespace: "etl"}
"#
        );
    }

    #[test]
    fn controllers_are_of_another_group() {
        let missing = missing(&with(&["*"], &["*"]), Allocator::of(Some("deployment"))).unwrap();
        let rules = r#"rules:
- {apiGroups: ["apps"], resources: [deployments], verbs: [create, delete, list]}
- {apiGroups: ["apps"], resources: [deployments/scale], verbs: [get, update]}
---"#;
        let yaml = missing.yaml("etl", "spark");
        assert!(yaml.contains(rules), "{yaml}");
    }

    #[test]
    fn any_name_stays_a_name() {
        for account in ["on", "1e3", "a: b", "x\"}\n---\n#", "ü"] {
            let text = missing(&Rules::default(), Allocator::Direct).unwrap().yaml("0x1F", account);
            let [role, binding] = ["Role", "RoleBinding"].map(|kind| {
                let document = text.split("\n---\n").find(|it| it.contains(&format!("kind: {kind}\n"))).unwrap();
                yaml::read(document).unwrap()
            });
            assert_eq!(role["metadata"], json!({"name": format!("{account}-codriver"), "namespace": "0x1F"}));
            assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
            assert_eq!(binding["subjects"][0]["name"], account);
        }
    }

    #[test]
    fn pasting_it_gives_all_that_was_missing() {
        for held in [with(&[], &[]), with(&["pods"], &["get", "list"]), with(&["services"], &["*"])] {
            let mut rules = held.clone();
            for (resources, verbs) in missing(&held, Allocator::Direct).unwrap().rules() {
                rules.resource_rules.extend(with(&resources, &verbs).resource_rules);
            }
            assert_eq!(missing(&rules, Allocator::Direct), None);
        }
    }
}
