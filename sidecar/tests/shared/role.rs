//! The rights in a page with a Role or a ClusterRole.

/// Each as `verb resource`, in order. The rules are written as everywhere here: `resources: […]`, then `verbs: […]`.
pub fn rights(page: &str) -> Vec<String> {
    let listed = |line: &str, key: &str| -> Option<Vec<String>> {
        let list = line.trim().strip_prefix(key)?.split_once(']')?.0;
        Some(list.split(", ").map(str::to_owned).collect())
    };
    let (mut resources, mut rights) = (Vec::new(), Vec::new());
    for line in page.lines() {
        resources = listed(line, "resources: [").unwrap_or(resources);
        let verbs = listed(line, "verbs: [").unwrap_or_default();
        rights.extend(verbs.iter().flat_map(|verb| resources.iter().map(move |it| format!("{verb} {it}"))));
    }
    rights.sort();
    rights
}
