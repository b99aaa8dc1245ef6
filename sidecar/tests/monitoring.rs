//! Documentation, dashboard and alerts against the metrics that there are.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

use std::collections::BTreeSet;

use codriver::metrics::{ALL, Kind, Metric};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/monitoring.md");
const DASHBOARD: &str = include_str!("../../manifests/monitoring/dashboard.json");
const RULES: &str = include_str!("../../manifests/monitoring/rules.yaml");
const PROMETHEUS_RULE: &str = include_str!("../../manifests/monitoring/prometheus-rule.yaml");

/// Labels that Prometheus adds when it scrapes a pod.
const SCRAPED: [&str; 2] = ["namespace", "pod"];

/// Every PromQL expression of the dashboard and of the alerts.
fn expressions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let shown = panels.flat_map(|panel| panel["targets"].as_array().unwrap()).map(|target| target["expr"].as_str());
    let alerts = RULES.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    shown.map(Option::unwrap).chain(alerts).map(str::to_owned).collect()
}

/// The metrics in a text, each with the labels of its selector.
fn used(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("codriver_") {
        let name = |byte: char| !(byte.is_ascii_lowercase() || byte == '_');
        let rest = &text[at..];
        let (name, rest) = rest.split_at(rest.find(name).unwrap_or(rest.len()));
        let selector = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
        let labels = selector.split(',').filter_map(|pair| Some(pair.trim().split_once(['=', '!'])?.0.to_owned()));
        found.push((name.to_owned(), labels.collect()));
    }
    found
}

fn known(name: &str) -> &'static Metric {
    let found = ALL.into_iter().find(|metric| metric.name == name);
    assert!(found.is_some(), "there is no metric {name}");
    found.unwrap()
}

#[test]
fn every_metric_that_is_shown_or_alerted_on_exists_with_its_labels() {
    let mut names = BTreeSet::new();
    for (name, labels) in expressions().iter().flat_map(|expression| used(expression)) {
        let metric = known(&name);
        for label in &labels {
            let exists = SCRAPED.contains(&label.as_str()) || metric.labels.contains(&label.as_str());
            assert!(exists, "{name} has no label {label}");
        }
        names.insert(name);
    }
    // All but which version runs, of which only the number of pods is of interest, is worth a look somewhere.
    let unused: Vec<_> = ALL.into_iter().map(|metric| metric.name).filter(|name| !names.contains(*name)).collect();
    assert_eq!(unused, [] as [&str; 0], "neither shown nor alerted on");
}

#[test]
fn the_dashboard_names_no_metric_outside_of_its_expressions_that_does_not_exist() {
    for (name, _) in used(DASHBOARD) {
        known(&name);
    }
}

#[test]
fn the_documentation_lists_exactly_the_metrics_that_there_are() {
    let section = DOCUMENT.split("\n## ").find(|section| section.starts_with("Metrics")).unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> = ALL
        .into_iter()
        .map(|metric| {
            let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
            format!("| `{}` | {kind} | {labels} | {} |", metric.name, metric.help)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_documentation_lists_exactly_the_alerts_that_there_are() {
    let section = DOCUMENT.split("\n## ").find(|section| section.starts_with("Alerts")).unwrap();
    let documented: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect();
    let alerts: Vec<_> = RULES.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(documented.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), alerts);
}

#[test]
fn the_prometheus_rule_has_the_same_alerts_as_the_plain_rules() {
    let groups = &RULES[RULES.find("groups:").unwrap()..];
    let indented: String = groups.lines().map(|line| format!("  {line}\n")).collect();
    let (_, spec) = PROMETHEUS_RULE.split_once("\nspec:\n").unwrap();
    assert_eq!(spec, indented);
}

#[test]
fn panels_have_numbers_of_their_own_and_say_what_they_show() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut numbers = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(numbers.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(!panel["description"].as_str().unwrap().is_empty(), "{panel}");
    }
}
