//! Settings that Spark does not know but that resemble one it knows. Spark ignores them without a word.
//!
//! The known ones stand in `keys.txt`, whose first lines say where they come from. Only a resemblance is a miss: keys
//! that look like nothing known may belong to a library, or to a newer Spark.

/// The list: comments, keys, and prefixes that end with a dot.
const LIST: &str = include_str!("keys.txt");

/// What people write, often after other settings of the same family, and what does it. Too far away to be found by
/// resemblance. A name that ends with a dot stands for all keys that begin so.
const MISTAKEN: [(&str, &str); 17] = [
    ("spark.driverEnv.", "spark.kubernetes.driverEnv."),
    ("spark.executor.env.", "spark.executorEnv."),
    ("spark.executor.image", "spark.kubernetes.executor.container.image"),
    ("spark.executor.serviceAccountName", "spark.kubernetes.authenticate.executor.serviceAccountName"),
    ("spark.kubernetes.authenticate.serviceAccountName", "spark.kubernetes.authenticate.executor.serviceAccountName"),
    ("spark.kubernetes.driver.env.", "spark.kubernetes.driverEnv."),
    ("spark.kubernetes.executor.cores", "spark.kubernetes.executor.request.cores"),
    ("spark.kubernetes.executor.env.", "spark.executorEnv."),
    ("spark.kubernetes.executor.image", "spark.kubernetes.executor.container.image"),
    ("spark.kubernetes.executor.instances", "spark.executor.instances"),
    ("spark.kubernetes.executor.memory", "spark.executor.memory"),
    ("spark.kubernetes.executor.memoryOverhead", "spark.executor.memoryOverhead"),
    ("spark.kubernetes.executor.serviceAccountName", "spark.kubernetes.authenticate.executor.serviceAccountName"),
    ("spark.kubernetes.executorEnv.", "spark.executorEnv."),
    ("spark.kubernetes.image", "spark.kubernetes.container.image"),
    ("spark.kubernetes.serviceAccountName", "spark.kubernetes.authenticate.executor.serviceAccountName"),
    ("spark.num.executors", "spark.executor.instances"),
];

/// Below this length, `spark.` not counted, two changes would make one word out of another.
const SHORT: usize = 8;

/// What a person should know about this key, in one sentence, when Spark ignores it and a known one was likely meant.
pub fn advice(key: &str) -> Option<String> {
    let likely = likely(key)?;
    let rest = if likely.ends_with('.') { "…" } else { "" };
    Some(format!("Spark does not know `{key}` and ignores it: is `{likely}{rest}` meant?"))
}

/// The setting that was likely meant, when Spark does not know this one. What ends with a dot is the beginning of a
/// family of keys.
pub fn likely(key: &str) -> Option<&'static str> {
    if known().any(|known| covers(known, key)) {
        return None;
    }
    if let Some((_, meant)) = MISTAKEN.iter().find(|(wrong, _)| covers(wrong, key)) {
        return Some(meant);
    }
    let unprefixed = format!("spark.{key}");
    if let Some(known) = known().find(|known| covers(known, &unprefixed)) {
        return Some(known);
    }
    let key = key.to_ascii_lowercase();
    known().filter_map(|known| Some((changes(known, &key)?, known))).min_by_key(|(changes, _)| *changes).map(|it| it.1)
}

fn known() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with('#'))
}

/// Whether the line of the list stands for this key.
fn covers(line: &str, key: &str) -> bool {
    if line.ends_with('.') { key.len() > line.len() && key.starts_with(line) } else { key == line }
}

/// By how many changes the key, in small letters, is away from a line of the list; none when it is too far.
fn changes(line: &str, key: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let limit = if line.len() < "spark.".len() + SHORT { 1 } else { 2 };
    if !line.ends_with('.') {
        return if squashed(&lower) == squashed(key) { Some(0) } else { distance(&lower, key, limit) };
    }
    // The names of maps are long; a short one is a whole family, such as `spark.r.`, which any word resembles.
    let segments = line.matches('.').count();
    if segments > 2 && squashed(key).len() > squashed(&lower).len() && squashed(key).starts_with(&squashed(&lower)) {
        return Some(0);
    }
    let end = key.match_indices('.').nth(segments - 1)?.0 + 1;
    if line.len() >= "spark.hadoop.".len() && end < key.len() { distance(&lower, &key[..end], limit) } else { None }
}

/// Without what people join words by: `nodeSelector` and `node.selector` are the same here.
fn squashed(key: &str) -> String {
    key.chars().filter(|c| !['.', '-', '_'].contains(c)).collect()
}

/// Letters to insert, remove, replace or swap with their neighbour to make one of the other; none above the limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        (before, last) = (last, row);
    }
    Some(last[b.len()]).filter(|&changes| changes <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_holds_each_key_once() {
        let list: Vec<_> = known().collect();
        assert!(list.is_sorted_by(|a, b| a < b) && list.len() > 500, "{}", list.len());
        assert!(list.iter().all(|line| line.starts_with("spark.") && !line.contains(' ')));
        assert!(MISTAKEN.is_sorted());
    }

    #[test]
    fn no_real_key_is_a_miss() {
        for line in known() {
            let key = if line.ends_with('.') { format!("{line}a.b") } else { line.to_owned() };
            assert_eq!(likely(&key), None, "{key}");
        }
        for key in [
            "spark.hadoop.fs.s3a.endpoint",
            "spark.sql.shuffle.partitions",
            "spark.kubernetes.executor.volumes.persistentVolumeClaim.data.mount.path",
            "spark.executor.resource.gpu.amount",
            "spark.ui.port",
        ] {
            assert_eq!(likely(key), None, "{key}");
        }
    }

    #[test]
    fn what_is_mistaken_is_unknown_and_what_is_meant_is_known() {
        for (wrong, meant) in MISTAKEN {
            assert!(known().any(|line| line == meant), "{meant}");
            assert!(!known().any(|line| line == wrong || covers(line, wrong)), "{wrong}");
        }
    }

    #[test]
    fn keys_of_others_are_left_alone() {
        for key in ["spark.rapids.sql.enabled", "spark.myjob.date", "spark.driver.tables", "spark.qa.run", "my.key", ""]
        {
            assert_eq!(likely(key), None, "{key}");
        }
    }

    #[test]
    fn typical_typos_are_found() {
        for (key, meant) in [
            ("spark.executor.memroy", "spark.executor.memory"),
            ("spark.executor.Memory", "spark.executor.memory"),
            ("spark.executor.memory.overhead", "spark.executor.memoryOverhead"),
            ("spark.excutor.instances", "spark.executor.instances"),
            ("spark.executors.instances", "spark.executor.instances"),
            ("spark.executor.instance", "spark.executor.instances"),
            ("spark.dynamicAllocation.enable", "spark.dynamicAllocation.enabled"),
            ("spark.dynamicallocation.enabled", "spark.dynamicAllocation.enabled"),
            ("spark.dynamic.allocation.enabled", "spark.dynamicAllocation.enabled"),
            ("spark.driver.max-result-size", "spark.driver.maxResultSize"),
            ("spark.kubernetes.namspace", "spark.kubernetes.namespace"),
            ("spark.kubernetes.container.imagePullPolicy", "spark.kubernetes.container.image.pullPolicy"),
            ("spark.kubernetes.executor.podTemplatefile", "spark.kubernetes.executor.podTemplateFile"),
            ("spark.kubernetes.executor.labels.team", "spark.kubernetes.executor.label."),
            ("spark.kubernetes.executor.nodeSelector.disk", "spark.kubernetes.executor.node.selector."),
            ("spark.kubernetes.executor.secretKeyRefs.A", "spark.kubernetes.executor.secretKeyRef."),
            ("spark.executorenv.LANG", "spark.executorEnv."),
            ("spark.hadop.fs.s3a.endpoint", "spark.hadoop."),
            ("spark.kubernetes.executorEnv.LANG", "spark.executorEnv."),
            ("executor.memory", "spark.executor.memory"),
            (
                "spark.kubernetes.authenticate.serviceAccountName",
                "spark.kubernetes.authenticate.executor.serviceAccountName",
            ),
        ] {
            assert_eq!(likely(key), Some(meant), "{key}");
        }
    }

    #[test]
    fn the_advice_names_both_keys() {
        assert_eq!(
            advice("spark.executorenv.LANG").as_deref(),
            Some("Spark does not know `spark.executorenv.LANG` and ignores it: is `spark.executorEnv.…` meant?")
        );
        assert_eq!(advice("spark.executor.memory"), None);
    }

    #[test]
    fn a_swap_is_one_change() {
        for (a, b, expected) in [
            ("abcd", "abdc", Some(1)),
            ("abcd", "abcd", Some(0)),
            ("abcd", "bd", Some(2)),
            ("abcd", "dcba", None),
            ("", "ab", Some(2)),
            ("ä", "ab", Some(2)),
        ] {
            assert_eq!(distance(a, b, 2), expected, "{a} {b}");
        }
    }
}
