//! The report as `check` prints it for people: aligned, short, and fit to be pasted into a ticket.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Facts, Report};
use crate::checks::Outcome;
use crate::failure::Fault;

/// Columns of a name, and of an outcome.
const NAME: usize = 14;
const OUTCOME: usize = 9;

/// Escape sequences of a terminal, or nothing.
struct Colours {
    good: &'static str,
    bad: &'static str,
    odd: &'static str,
    off: &'static str,
}

const NONE: Colours = Colours { good: "", bad: "", odd: "", off: "" };
const TERMINAL: Colours = Colours { good: "\x1b[32m", bad: "\x1b[1;31m", odd: "\x1b[33m", off: "\x1b[0m" };

impl Report<'_> {
    /// As lines for people. `colours` for a terminal.
    pub fn text(&self, colours: bool) -> String {
        let colours = if colours { TERMINAL } else { NONE };
        let mut text = format!("codriver-init {}", self.codriver);
        if let Some(facts) = &self.facts {
            let _ = write!(text, ": pod {}", facts.pod);
            if let Some(node) = facts.node {
                let _ = write!(text, " on {node}");
            }
        }
        text.push_str("\n\n");
        for check in self.checks {
            outcome(&mut text, check.check, &check.outcome, &colours);
        }
        if let Some(facts) = &self.facts {
            text.push('\n');
            for (name, value) in facts.rows() {
                let _ = writeln!(text, "{name:NAME$}{value}");
            }
        }
        if !self.warnings.is_empty() {
            text.push('\n');
            for warning in self.warnings {
                let _ = writeln!(text, "{}{:NAME$}{}{warning}", colours.odd, "warning", colours.off);
            }
        }
        let end = match self.code {
            0 => format!("{}All is well{}: the driver can start.", colours.good, colours.off),
            code => format!("{}The driver would not start{}: exit code {code}.", colours.bad, colours.off),
        };
        let _ = writeln!(text, "\n{end}");
        text
    }
}

fn outcome(text: &mut String, name: &str, outcome: &Outcome, colours: &Colours) {
    let (word, colour) = match outcome {
        Outcome::Fine { .. } => ("ok", colours.good),
        Outcome::Warning { .. } => ("warning", colours.odd),
        Outcome::Failed { .. } => ("FAILED", colours.bad),
        Outcome::Skipped { .. } => ("–", ""),
    };
    let off = if colour.is_empty() { "" } else { colours.off };
    let _ = write!(text, "{name:NAME$}{colour}{word:OUTCOME$}{off}");
    match outcome {
        Outcome::Fine { seen } => line(text, seen),
        Outcome::Skipped { why } => line(text, why),
        Outcome::Warning { faults } | Outcome::Failed { faults, .. } => {
            for (number, Fault { cause, remedy }) in faults.iter().enumerate() {
                if number > 0 {
                    let _ = write!(text, "{:1$}", "", NAME + OUTCOME);
                }
                line(text, cause);
                let _ = write!(text, "{:1$}→ ", "", NAME + OUTCOME);
                line(text, &unfolded(remedy));
            }
        }
    }
}

/// A text of perhaps several lines, with those after the first indented.
fn line(text: &mut String, lines: &str) {
    let indented = lines.replace('\n', &format!("\n{:1$}", "", NAME + OUTCOME));
    let _ = writeln!(text, "{indented}");
}

/// A policy statement, which messages hold in one line, as one pastes it.
fn unfolded(text: &str) -> String {
    let Some(begin) = text.find("{\"") else { return text.to_owned() };
    let mut json = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<Value>();
    let Some(Ok(statement)) = json.next() else { return text.to_owned() };
    let rest = text[begin + json.byte_offset()..].trim_start_matches([';', ' ']);
    format!("{}\n{statement:#}\n{}", text[..begin].trim_end(), unfolded(rest))
}

impl Facts<'_> {
    /// What is worth reading, by name.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("way", format!("{} ({})", self.way, self.way_reason))];
        let mut row = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
        row("mode", Some(format!("{} ({})", self.mode, self.mode_reason)));
        row("role", self.role.map(str::to_owned));
        row("second role", self.assumed_role.map(str::to_owned));
        // Keys, and what an instance gives, are no session that was asked for.
        let asked = self.way == "web-identity" || self.assumed_role.is_some();
        row("session", asked.then(|| format!("{}, {} s asked for", self.session, self.duration_seconds)));
        row("ends", self.credentials_expire.clone());
        row(
            "S3",
            Some(format!(
                "{}, region {}{}",
                self.s3_endpoint,
                self.region,
                if self.path_style { ", path style" } else { "" }
            )),
        );
        row("STS", Some(self.sts_endpoint.to_owned()));
        let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "of unknown version".to_owned());
        row(
            "software",
            Some(format!("Hadoop {}, Spark {}", version(&self.hadoop_version), version(&self.spark_version))),
        );
        row("committer", Some(self.committer.to_owned()));
        row("application", Some(self.application_id.clone()));
        let yours = "by your settings".to_owned();
        row(
            "executors",
            Some(format!(
                "image {}, account {}",
                self.executor_image.map_or(yours.clone(), str::to_owned),
                self.executor_service_account.map_or(yours, str::to_owned),
            )),
        );
        row("", Some(format!("identity by {}, template {}", self.executor_identity, self.executor_template)));
        row("", self.executor_role.map(|role| format!("role {role}")));
        row("replaced", Some(self.replaced.join(", ")).filter(|names| !names.is_empty()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_unfolded_and_nothing_else_is() {
        for (text, expected) in [
            ("add this: {\"a\":[1]}; the token says x", "add this:\n{\n  \"a\": [\n    1\n  ]\n}\nthe token says x"),
            ("a {\"broken", "a {\"broken"),
            ("set it to {x}", "set it to {x}"),
        ] {
            assert_eq!(unfolded(text), expected);
        }
    }
}
