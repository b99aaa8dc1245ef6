//! The user's executor pod template and codriver's part of it, made one.
//!
//! codriver's part has two strengths. Its *identity* must hold: where the user's template says something else, that is a
//! mistake, and each is named by its field. Its *defaults* only fill in what the user left out. Whatever else the user's
//! template says stays as it is.
//!
//! Lists are merged as Kubernetes does it: containers, variables and volumes by name, mounts by path; other lists are one
//! value. The executor's container is the one that Spark would take: of the given name, or else the first, or a new one.

use serde_json::{Map, Value, json};

use super::harden;
use crate::failure::Fault;

/// codriver's part of the executors' pod. Both pods hold the executor's container first, with the name that it has when
/// the user's template gives it none.
#[derive(Debug, Clone, PartialEq)]
pub struct Ours {
    /// What must hold.
    pub identity: Value,
    /// What fills in.
    pub defaults: Value,
    /// Variables that the executor must not have: SDKs would take them before its identity.
    pub absent: Vec<&'static str>,
}

/// How strong a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    Must,
    FillsIn,
}

/// Puts codriver's part into the user's template. `container` is what `spark.kubernetes.executor.podTemplateContainerName`
/// says. Merging the result again changes nothing.
///
/// # Errors
/// Each field of the template that contradicts codriver's part, with what both say. Values of variables that look like
/// secrets are not quoted.
pub fn merge(theirs: Value, ours: &Ours, container: Option<&str>) -> Result<Value, Vec<Fault>> {
    let mut pod = theirs;
    let (mut identity, mut defaults) = (ours.identity.clone(), ours.defaults.clone());
    let name = container.or(identity["spec"]["containers"][0]["name"].as_str()).unwrap_or_default().to_owned();
    let at = executor(&mut pod, container, &name).map_err(|fault| vec![fault])?;
    let name = pod["spec"]["containers"][at]["name"].clone();
    for part in [&mut identity, &mut defaults] {
        if let Some(first) = part.pointer_mut("/spec/containers/0") {
            first["name"] = name.clone();
        }
    }
    harden::fit(&mut defaults, &pod, at);
    let mut merger = Merger { strength: Strength::Must, faults: Vec::new() };
    merger.value(&mut pod, &identity, "", "");
    merger.absence(&pod["spec"]["containers"][at], &ours.absent);
    merger.strength = Strength::FillsIn;
    merger.value(&mut pod, &defaults, "", "");
    if merger.faults.is_empty() { Ok(pod) } else { Err(merger.faults) }
}

/// What the executor's container is called in the user's template; none where it has no name yet.
pub fn name<'a>(theirs: &'a Value, wanted: Option<&'a str>) -> Option<&'a str> {
    let containers = theirs["spec"]["containers"].as_array()?;
    let named = containers.iter().filter(|container| container["name"].as_str() == wanted).count();
    if wanted.is_some() && named == 1 { wanted } else { containers.first()?["name"].as_str() }
}

/// Finds the executor's container, or makes one of this name, and gives it the name when it has none.
fn executor(pod: &mut Value, wanted: Option<&str>, name: &str) -> Result<usize, Fault> {
    let wrong = |what: &str, shape: &str| {
        Fault::new(format!("{what} of the executors' pod template is not {shape}"), "write it as in any pod")
    };
    let spec = &mut pod["spec"];
    if spec.is_null() {
        *spec = json!({});
    }
    let spec = spec.as_object_mut().ok_or_else(|| wrong("spec", "a mapping"))?;
    let containers = spec.entry("containers").or_insert(Value::Null);
    if containers.is_null() {
        *containers = json!([]);
    }
    let containers = containers.as_array_mut().ok_or_else(|| wrong("spec.containers", "a list"))?;
    if !containers.iter().all(Value::is_object) {
        return Err(wrong("spec.containers", "a list of containers"));
    }
    let named: Vec<_> = (0..containers.len()).filter(|&at| containers[at]["name"].as_str() == wanted).collect();
    // Spark takes the first one too when the name is there twice, or not at all.
    let at = if let ([at], Some(_)) = (named.as_slice(), wanted) { *at } else { 0 };
    if containers.is_empty() {
        containers.push(json!({}));
    }
    if containers[at]["name"].is_null() {
        containers[at]["name"] = name.into();
    }
    Ok(at)
}

struct Merger {
    strength: Strength,
    faults: Vec<Fault>,
}

impl Merger {
    /// Merges ours into theirs; `path` is where that is, and `field` the last name in it.
    fn value(&mut self, theirs: &mut Value, ours: &Value, path: &str, field: &str) {
        match (theirs, ours) {
            (theirs @ Value::Null, _) => *theirs = ours.clone(),
            (Value::Object(theirs), Value::Object(ours)) => {
                for (key, ours) in ours {
                    self.value(theirs.entry(key).or_insert(Value::Null), ours, &below(path, key), key);
                }
            }
            (Value::Array(theirs), Value::Array(ours)) if key_of(field).is_some() => {
                self.list(theirs, ours, path, field);
            }
            (theirs, ours) => {
                if self.strength == Strength::Must && !same(theirs, ours) {
                    self.conflict(path, Some(theirs), Some(ours), false);
                }
            }
        }
    }

    /// Merges a list whose elements have a key.
    fn list(&mut self, theirs: &mut Vec<Value>, ours: &[Value], path: &str, field: &str) {
        let Some((key, is_whole)) = key_of(field) else { return };
        for ours in ours {
            let name = text(&ours[key]);
            let path = format!("{path}[{name}]");
            let mut is_there = false;
            for theirs in theirs.iter_mut().filter(|it| text(&it[key]).trim_end_matches('/') == name) {
                is_there = true;
                if !is_whole {
                    self.value(theirs, ours, &path, field);
                } else if self.strength == Strength::Must {
                    self.whole(theirs, ours, &path, field == "env" && looks_secret(&name));
                }
            }
            if !is_there {
                theirs.push(ours.clone());
            }
        }
    }

    /// A variable from elsewhere, or a volume of another kind, is another one: it must be just ours.
    fn whole(&mut self, theirs: &Value, ours: &Value, path: &str, is_secret: bool) {
        let empty = Map::new();
        let (theirs, ours) = (theirs.as_object().unwrap_or(&empty), ours.as_object().unwrap_or(&empty));
        let other = theirs.iter().filter(|(_, value)| !value.is_null()).find(|(key, value)| {
            *key != "name" && *key != "mountPath" && !ours.get(*key).is_some_and(|ours| same(value, ours))
        });
        let lacking = ours.iter().find(|(key, _)| theirs.get(*key).is_none_or(Value::is_null));
        if let Some((key, value)) = other {
            self.conflict(&below(path, key), Some(value), ours.get(key), is_secret);
        } else if let Some((key, value)) = lacking {
            self.conflict(&below(path, key), None, Some(value), is_secret);
        }
    }

    fn conflict(&mut self, path: &str, theirs: Option<&Value>, ours: Option<&Value>, is_secret: bool) {
        let say = |value: Option<&Value>| match value {
            None => "has none".to_owned(),
            Some(_) if is_secret => "is not shown".to_owned(),
            Some(value) => short(&value.to_string()),
        };
        self.faults.push(Fault::new(
            format!("{path} of the executors' pod template: yours {}, codriver's {}", say(theirs), say(ours)),
            "remove it from the template, since codriver sets it, or change codriver's setting that it comes from",
        ));
    }

    fn absence(&mut self, container: &Value, absent: &[&str]) {
        let names = container["env"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
        for name in names.filter(|name| absent.contains(name)) {
            let container = text(&container["name"]);
            self.faults.push(Fault::new(
                format!(
                    "spec.containers[{container}].env[{name}] of the executors' pod template: every SDK would take it \
                     before the executors' identity"
                ),
                "remove it from the template",
            ));
        }
    }
}

/// By what the elements of a list are told apart, and whether one is a thing that cannot be made of two.
fn key_of(field: &str) -> Option<(&'static str, bool)> {
    match field {
        "containers" | "initContainers" => Some(("name", false)),
        "env" | "volumes" | "imagePullSecrets" => Some(("name", true)),
        "volumeMounts" => Some(("mountPath", true)),
        _ => None,
    }
}

/// The same for Kubernetes' clients, which read `"5"` and `5` alike.
fn same(a: &Value, b: &Value) -> bool {
    let is_word = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
    a == b || (is_word(a) && is_word(b) && text(a) == text(b))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn below(path: &str, key: &str) -> String {
    match path {
        _ if key.contains(['.', '/']) => format!("{path}[{key}]"),
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

/// Enough of a value to know it again.
fn short(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A variable with such a name may hold a secret. Names of files do not.
fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    !name.ends_with("_FILE") && ["SECRET", "TOKEN", "PASS", "KEY", "CREDENTIAL"].iter().any(|it| name.contains(it))
}

#[cfg(test)]
mod tests;
