use std::collections::BTreeSet;

use super::*;

/// A strict reader of the text format: name and labels to value. Panics at anything that is not of the format.
fn read(page: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut lines = page.lines().peekable();
    assert!(page.is_empty() || page.ends_with('\n'));
    while let Some(help) = lines.next() {
        let (name, words) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !words.contains('\\'), "{help}");
        assert!(families.insert(name.to_owned()), "{name} twice");
        let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap();
        assert!(["counter", "gauge"].contains(&kind), "{kind}");
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(sample == name || sample.starts_with(&format!("{name}{{")) && sample.ends_with("\"}"), "{line}");
            assert_eq!(samples.insert(sample.to_owned(), value.parse().unwrap()), None, "{sample} twice");
        }
    }
    samples
}

#[test]
fn the_page_has_what_was_set_and_added() {
    let metrics = Metrics::default();
    assert_eq!(metrics.page(), "");
    metrics.set(&DRIVER_EXIT_CODE, &[], 7.0);
    metrics.set(&DRIVER_EXIT_CODE, &[], -1.0);
    metrics.add(&PROXY_QUITS, &["istio", "quit"], 1.0);
    metrics.add(&PROXY_QUITS, &["istio", "quit"], 1.0);
    metrics.add(&PROXY_QUITS, &["dapr", "refused"], 1.0);
    metrics.set(&DRIVER_END, &[], 1_795_385_431.0);
    metrics.set(&CLEANUP_DURATION, &[], 0.25);
    let samples = read(&metrics.page());
    for (sample, value) in [
        ("codriver_driver_exit_code", -1.0),
        (r#"codriver_proxy_quits_total{proxy="istio",result="quit"}"#, 2.0),
        (r#"codriver_proxy_quits_total{proxy="dapr",result="refused"}"#, 1.0),
        ("codriver_driver_end_timestamp_seconds", 1_795_385_431.0),
        ("codriver_cleanup_duration_seconds", 0.25),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{samples:?}");
    }
    assert_eq!(samples.len(), 5);
}

#[test]
fn label_values_are_escaped() {
    let metrics = Metrics::default();
    metrics.set(&BUILD_INFO, &["a\"b\\c\nd"], 1.0);
    assert!(metrics.page().contains(r#"codriver_build_info{version="a\"b\\c\nd"} 1"#), "{}", metrics.page());
}

#[test]
fn names_follow_the_conventions() {
    let mut names = BTreeSet::new();
    for metric in ALL {
        assert!(names.insert(metric.name), "{} twice", metric.name);
        assert!(metric.name.starts_with("codriver_"), "{}", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{}", metric.name);
    }
}
