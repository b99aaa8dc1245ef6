//! What can be asked for, and how it is written in a request's target.

use std::fmt;
use std::fmt::Write as _;

/// The kinds of object that codriver asks for: those that a Spark driver leaves behind, what tells about them, and a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Executors, and the driver's own pod.
    Pods,
    /// The executors' Spark configuration.
    ConfigMaps,
    /// Volumes asked for on demand.
    PersistentVolumeClaims,
    /// What happened to an object, in words.
    Events,
    /// What a container of a pod has written.
    PodLogs,
    /// Controllers of executors (`spark.kubernetes.allocation.pods.allocator=deployment`).
    Deployments,
    /// Controllers of executors (`spark.kubernetes.allocation.pods.allocator=statefulset`).
    StatefulSets,
    /// The question what one may do in a namespace. It is answered and not kept.
    SelfSubjectRulesReviews,
}

impl Kind {
    /// What a driver leaves behind, in the order in which it is removed: a claim is in use as long as its pod is there.
    pub const ALL: [Self; 3] = [Self::Pods, Self::ConfigMaps, Self::PersistentVolumeClaims];

    /// The resource's name in paths and in RBAC rules.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::ConfigMaps => "configmaps",
            Self::PersistentVolumeClaims => "persistentvolumeclaims",
            Self::Events => "events",
            Self::PodLogs => "pods/log",
            Self::Deployments => "deployments",
            Self::StatefulSets => "statefulsets",
            Self::SelfSubjectRulesReviews => "selfsubjectrulesreviews",
        }
    }

    /// The API group, as it stands in RBAC rules; empty for the core group.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Self::Pods | Self::ConfigMaps | Self::PersistentVolumeClaims | Self::Events | Self::PodLogs => "",
            Self::Deployments | Self::StatefulSets => "apps",
            Self::SelfSubjectRulesReviews => "authorization.k8s.io",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource())
    }
}

/// What is done, in the words of RBAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Hear of each change to many.
    Watch,
    /// Make one.
    Create,
    /// Delete one.
    Delete,
    /// Delete many.
    DeleteCollection,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        })
    }
}

/// What a request is about: it stands in each error, and a refusal names the rule that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub kind: Kind,
    /// Where; empty for all namespaces at once.
    pub namespace: String,
    /// To which one, when it is one.
    pub name: Option<String>,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.kind)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        match self.namespace.as_str() {
            "" => f.write_str(" in all namespaces"),
            namespace => write!(f, " in namespace {namespace}"),
        }
    }
}

impl Subject {
    /// The path, without a query.
    pub(crate) fn path(&self) -> String {
        if self.kind == Kind::SelfSubjectRulesReviews {
            // Its namespace stands in the body.
            return format!("/apis/{}/v1/{}", self.kind.group(), self.kind);
        }
        let mut path = match self.kind.group() {
            "" => String::from("/api/v1"),
            group => format!("/apis/{group}/v1"),
        };
        if !self.namespace.is_empty() {
            path.push_str("/namespaces/");
            escape(&self.namespace, &mut path);
        }
        // The path of a subresource has the name before it.
        let (resource, subresource) =
            self.kind.resource().split_once('/').map_or((self.kind.resource(), None), |(it, sub)| (it, Some(sub)));
        let _ = write!(path, "/{resource}");
        if let Some(name) = &self.name {
            path.push('/');
            escape(name, &mut path);
        }
        if let Some(subresource) = subresource {
            let _ = write!(path, "/{subresource}");
        }
        path
    }
}

/// A query string of these parameters, `?` included; empty values are left out.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        escape(value, &mut text);
    }
    text
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => into.push(byte as char),
            _ => {
                let _ = write!(into, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_escaped() {
        let mut subject = Subject { verb: Verb::List, kind: Kind::ConfigMaps, namespace: "etl".into(), name: None };
        assert_eq!(subject.path(), "/api/v1/namespaces/etl/configmaps");
        subject.name = Some("a/../b".into());
        assert_eq!(subject.path(), "/api/v1/namespaces/etl/configmaps/a%2F..%2Fb");
        subject.kind = Kind::StatefulSets;
        assert_eq!(subject.path(), "/apis/apps/v1/namespaces/etl/statefulsets/a%2F..%2Fb");
        subject.kind = Kind::PodLogs;
        assert_eq!(subject.path(), "/api/v1/namespaces/etl/pods/a%2F..%2Fb/log");
        subject.kind = Kind::StatefulSets;
        (subject.namespace, subject.name) = (String::new(), None);
        assert_eq!(subject.path(), "/apis/apps/v1/statefulsets");
        assert_eq!(
            query(&[("labelSelector", "a=b,c!=ü"), ("continue", ""), ("limit", "500")]),
            "?labelSelector=a%3Db%2Cc%21%3D%C3%BC&limit=500"
        );
        assert_eq!(query(&[("continue", "")]), "");
    }

    #[test]
    fn a_subject_reads_like_a_permission() {
        let mut subject =
            Subject { verb: Verb::Get, kind: Kind::Pods, namespace: "etl".into(), name: Some("job".into()) };
        assert_eq!(subject.to_string(), "get pods job in namespace etl");
        (subject.verb, subject.name) = (Verb::DeleteCollection, None);
        assert_eq!(subject.to_string(), "deletecollection pods in namespace etl");
        subject.namespace.clear();
        assert_eq!(subject.to_string(), "deletecollection pods in all namespaces");
    }
}
