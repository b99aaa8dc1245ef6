//! The keys of a running driver, and all places where others could see them.

use codriver_e2e::{
    Result,
    driver::Driver,
    kubectl::{get, kubectl},
    stage::Stage,
};

/// A place, and what is to be read there.
pub type Place = (String, String);

/// Where keys may stand, and nowhere else.
const CORE_SITE: &str = "/codriver/hadoop/core-site.xml";
/// Every other file of the volume, then every command line that the driver's container shows.
const SHOW_ALL: &str = "find /codriver -type f ! -path '/codriver/bin/*' ! -path /codriver/hadoop/core-site.xml \
    -exec tail -n +1 {} + ; cat /proc/[0-9]*/cmdline";

/// The values of keys and tokens in core-site.xml.
pub fn in_core_site(stage: &Stage, driver: &Driver) -> Result<Vec<String>> {
    let xml = stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "cat", CORE_SITE])?;
    let value = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<name>{name}</name>"))?;
        let (value, _) = rest.split_once("<value>")?.1.split_once("</value>")?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    Ok(["fs.s3a.access.key", "fs.s3a.secret.key", "fs.s3a.session.token"].into_iter().filter_map(value).collect())
}

/// What the API server, the logs, the volume, the command lines and Spark's UI (which must be on) show of a running driver.
pub fn public(stage: &Stage, driver: &Driver) -> Result<Vec<Place>> {
    let objects = get(&["-n", &stage.namespace, "pods,configmaps,events"])?;
    let mut all = vec![("objects in the API server".to_owned(), objects.to_string())];
    let logs = ["codriver-init", "codriver", "driver"].map(|container| (driver.name.clone(), container));
    let executors = driver.executors.seen().into_keys().map(|name| (name, "spark-kubernetes-executor"));
    for (pod, container) in logs.into_iter().chain(executors) {
        all.push((format!("the log of {container} in {pod}"), stage.kubectl(&["logs", &pod, "-c", container])?));
    }
    let shown = stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "sh", "-c", SHOW_ALL])?;
    all.push(("files and command lines".to_owned(), shown));
    let ui = format!("/api/v1/namespaces/{}/pods/{}:4040/proxy", stage.namespace, driver.name);
    for page in ["/environment/", &format!("/api/v1/applications/{}-1/environment", driver.application)] {
        all.push((format!("Spark's UI {page}"), kubectl(&["get", "--raw", &format!("{ui}{page}")], "")?));
    }
    Ok(all)
}

/// Fails when a secret is in one of these places; the secret itself is not said.
pub fn seen_nowhere(secrets: &[String], public: &[Place]) -> Result<()> {
    let seen = public.iter().filter(|(_, text)| secrets.iter().any(|secret| text.contains(secret.as_str())));
    let places: Vec<&str> = seen.map(|(place, _)| place.as_str()).collect();
    if places.is_empty() { Ok(()) } else { Err(format!("keys are to be seen in: {}", places.join(", "))) }
}
