//! Why no executor comes: one of few kinds, in plain words, each with its remedy.

use std::fmt;

/// Characters of others' words that are kept; a kubelet may quote a whole registry's answer.
const LONGEST: usize = 400;

/// What keeps executors away. Those that say most come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The image cannot be pulled.
    Image,
    /// A ConfigMap or Secret of the container's environment is missing, or its user is not allowed.
    Configuration,
    /// A volume cannot be mounted.
    Volume,
    /// The container cannot be started.
    Start,
    /// It starts, and ends by itself.
    Failing,
    /// No node takes it.
    Unschedulable,
    /// The pod gets no sandbox, so no network.
    Sandbox,
    /// The image is still being pulled.
    Pulling,
    /// It has a node, and nothing more is known.
    Starting,
    /// Refused: the namespace's quota is used up.
    Quota,
    /// Refused: larger or smaller than a `LimitRange` allows.
    LimitRange,
    /// Refused: the service account is not there.
    ServiceAccount,
    /// Refused by the Pod Security Standard of the namespace.
    PodSecurity,
    /// Refused by a webhook or an admission policy.
    Admission,
    /// Refused: the driver's service account may not create pods.
    Rights,
    /// Refused for another cause.
    Refused,
}

impl Kind {
    /// One word for names and filters, in small letters and `-`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Configuration => "configuration",
            Self::Volume => "volume",
            Self::Start => "start",
            Self::Failing => "failing",
            Self::Unschedulable => "unschedulable",
            Self::Sandbox => "sandbox",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::Quota => "quota",
            Self::LimitRange => "limit-range",
            Self::ServiceAccount => "service-account",
            Self::PodSecurity => "pod-security",
            Self::Admission => "admission",
            Self::Rights => "rights",
            Self::Refused => "refused",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Image => "the image cannot be pulled",
            Self::Configuration => "the container's configuration is wrong",
            Self::Volume => "a volume cannot be mounted",
            Self::Start => "the container cannot be started",
            Self::Failing => "executors start, and end by themselves",
            Self::Unschedulable => "no node takes the pod",
            Self::Sandbox => "the node cannot set up the pod's sandbox",
            Self::Pulling => "the image is still being pulled",
            Self::Starting => "the node is still starting the pod, and does not say what it waits for",
            Self::Quota => "the API server refuses executors: the namespace's quota is used up",
            Self::LimitRange => {
                "the API server refuses executors: a LimitRange of the namespace does not allow their size"
            }
            Self::ServiceAccount => "the API server refuses executors: their service account is not there",
            Self::PodSecurity => {
                "the API server refuses executors: the namespace's Pod Security Standard does not allow them"
            }
            Self::Admission => "the API server refuses executors: an admission webhook or policy denies them",
            Self::Rights => "the API server refuses executors: the driver's service account may not create pods",
            Self::Refused => "the API server refuses executors",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Image => {
                "check the name and tag (CODRIVER_EXECUTOR_IMAGE), that the nodes reach the registry, and the imagePullSecrets \
                 of the executors' service account"
            }
            Self::Configuration => {
                "make the ConfigMap or Secret that is named, or correct the name in the executors' template; an image that runs \
                 as root needs a runAsUser"
            }
            Self::Volume => {
                "make the ConfigMap, Secret or claim that is named, see that claims are Bound (`kubectl get pvc`), or correct the \
                 executors' template"
            }
            Self::Start => {
                "check the command and the securityContext of the executors' template, and the image's entrypoint"
            }
            Self::Failing => {
                "see an executor's log while it lives; CODRIVER_KEEP_FAILED keeps failed ones after the driver's end"
            }
            Self::Unschedulable => {
                "lower spark.executor.memory or spark.executor.cores, or their number, add nodes, or correct node selector and \
                 tolerations"
            }
            Self::Sandbox => "look after the node: its network plugin or container runtime is in trouble",
            Self::Pulling => "wait, or use a smaller image or one that the nodes have",
            Self::Starting => "see `kubectl describe pod` of the executor",
            Self::Quota => "ask for fewer or smaller executors, or have the quota raised (`kubectl describe quota`)",
            Self::LimitRange => "change spark.executor.memory or spark.executor.cores (`kubectl describe limits`)",
            Self::ServiceAccount => "create the service account, or correct CODRIVER_EXECUTOR_SERVICE_ACCOUNT",
            Self::PodSecurity => "set in the executors' template (CODRIVER_EXECUTOR_TEMPLATE) what is missing",
            Self::Admission => "the words above are the policy's own; ask who runs it",
            Self::Rights => "add `create` on `pods` to the Role of the driver's service account",
            Self::Refused => "correct what is named, in Spark's settings or in the executors' template",
        }
    }
}

/// Why no executor comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which kind of cause.
    pub kind: Kind,
    /// Of which executor, and how many more: `job-exec-1, and 2 more`; nobody where none was made.
    pub who: Option<String>,
    /// What the kubelet, the scheduler or the API server says, in its words; may be empty.
    pub said: String,
}

impl Reason {
    /// With others' words made one bounded line.
    #[must_use]
    pub fn new(kind: Kind, who: Option<String>, said: &str) -> Self {
        let mut said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = said.char_indices().nth(LONGEST) {
            said.truncate(end);
            said.push('…');
        }
        Self { kind, who, said }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.what())?;
        if let Some(who) = &self.who {
            write!(f, " ({who})")?;
        }
        if !self.said.is_empty() {
            write!(f, ": {}", self.said.trim_end_matches('.'))?;
        }
        write!(f, ". Hint: {}", self.kind.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cause_words_and_remedy_in_one_line() {
        let reason = Reason::new(Kind::Quota, None, "pods \"x\" is forbidden:\n  exceeded quota: q.");
        assert_eq!(
            reason.to_string(),
            "the API server refuses executors: the namespace's quota is used up: pods \"x\" is forbidden: exceeded quota: q. \
             Hint: ask for fewer or smaller executors, or have the quota raised (`kubectl describe quota`)"
        );
        let who = Some("job-exec-1, and 2 more".to_owned());
        let text = Reason::new(Kind::Starting, who, "").to_string();
        assert!(text.contains("does not say what it waits for (job-exec-1, and 2 more). Hint: "), "{text}");
    }

    #[test]
    fn the_words_of_others_are_bounded() {
        let reason = Reason::new(Kind::Image, None, &"ä ".repeat(10_000));
        assert_eq!(reason.said.chars().count(), LONGEST + 1);
    }
}
