//! What a service account may do in one namespace: the answer to a `SelfSubjectRulesReview`.

use serde::{Deserialize, Deserializer};

/// The rules that hold for whoever asked, in the namespace that was asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rules {
    /// What is allowed; the rules add up.
    #[serde(deserialize_with = "null_is_empty")]
    pub resource_rules: Vec<ResourceRule>,
    /// Some of the cluster's authorizers cannot list their rules (webhooks, such as that of EKS, cannot): more than this
    /// may be allowed.
    pub incomplete: bool,
    /// Why the list is incomplete, as far as the server says it.
    pub evaluation_error: Option<String>,
}

/// Verbs that are allowed on resources. `*` stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceRule {
    /// Such as `list`.
    #[serde(deserialize_with = "null_is_empty")]
    pub verbs: Vec<String>,
    /// `""` is the core group, where pods are.
    #[serde(deserialize_with = "null_is_empty")]
    pub api_groups: Vec<String>,
    /// Such as `pods`; a subresource is another one (`pods/log`), and `*/scale` is that of any.
    #[serde(deserialize_with = "null_is_empty")]
    pub resources: Vec<String>,
    /// When not empty: only objects of these names.
    #[serde(deserialize_with = "null_is_empty")]
    pub resource_names: Vec<String>,
}

impl Rules {
    /// Whether the verb is allowed on every object of this resource; `group` is `""` for the core group.
    ///
    /// A rule for certain names does not count: no list, watch, creation or deletion of many ever matches one, and the
    /// names of executors are not known beforehand.
    #[must_use]
    pub fn allows(&self, group: &str, resource: &str, verb: &str) -> bool {
        let holds = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        let of_any = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        self.resource_rules.iter().any(|rule| {
            rule.resource_names.is_empty()
                && holds(&rule.api_groups, group)
                && (holds(&rule.resources, resource) || of_any.as_ref().is_some_and(|any| rule.resources.contains(any)))
                && holds(&rule.verbs, verb)
        })
    }
}

/// A review as the server answers it.
#[derive(Deserialize)]
pub(crate) struct Review {
    /// Not optional: an answer without it must not read as "nothing is allowed".
    pub(crate) status: Rules,
}

/// The question, as JSON.
pub(crate) fn question(namespace: &str) -> String {
    serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": { "namespace": namespace },
    })
    .to_string()
}

/// The API server writes an empty list as `null`.
fn null_is_empty<'de, T: Deserialize<'de>, D: Deserializer<'de>>(source: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(source)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Rules {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_verb_is_allowed_when_one_rule_has_all_three() {
        let rules = rules(
            r#"{"resourceRules":[
                {"verbs":["get","list"],"apiGroups":[""],"resources":["pods","configmaps"]},
                {"verbs":["*"],"apiGroups":["apps"],"resources":["*"]},
                {"verbs":["create"],"apiGroups":["*"],"resources":["services"]},
                {"verbs":["update"],"apiGroups":["batch"],"resources":["*/scale"]},
                {"verbs":["delete","watch"],"apiGroups":[""],"resources":["pods"],"resourceNames":["job"]}],
              "nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/healthz"]}],"incomplete":false}"#,
        );
        for (group, resource, verb, allowed) in [
            ("", "pods", "get", true),
            ("", "configmaps", "list", true),
            ("", "pods", "create", false),
            ("", "pods/log", "get", false),
            ("apps", "pods", "get", true),
            ("apps", "statefulsets", "deletecollection", true),
            ("", "services", "create", true),
            ("batch", "services", "create", true),
            ("batch", "pods", "get", false),
            ("batch", "jobs/scale", "update", true),
            ("batch", "jobs/status", "update", false),
            ("batch", "scale", "update", false),
            // Only for the pod of that name.
            ("", "pods", "delete", false),
            ("", "pods", "watch", false),
        ] {
            assert_eq!(rules.allows(group, resource, verb), allowed, "{verb} {resource} of {group:?}");
        }
    }

    #[test]
    fn lists_that_are_null_or_absent_are_empty() {
        for json in ["{}", r#"{"resourceRules":null}"#, r#"{"resourceRules":[{"verbs":null,"apiGroups":null}]}"#] {
            assert!(!rules(json).allows("", "pods", "get"), "{json}");
        }
    }

    #[test]
    fn an_incomplete_answer_says_so() {
        let rules = rules(r#"{"resourceRules":[],"incomplete":true,"evaluationError":"webhook authorizer"}"#);
        assert!(rules.incomplete);
        assert_eq!(rules.evaluation_error.as_deref(), Some("webhook authorizer"));
    }

    #[test]
    fn an_answer_without_a_status_is_no_answer() {
        assert!(serde_json::from_str::<Review>(r#"{"kind":"SelfSubjectRulesReview"}"#).is_err());
    }
}
