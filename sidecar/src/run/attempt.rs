//! One start of the driver container: its number, its application id, and its merged Spark configuration folder.
//!
//! A restart in place keeps the volume, so `attempts/1`, `attempts/2`, … count the starts. Each gets an application id of its
//! own: Spark's watch selects by it, and old executors must not be taken for new ones (spark-app-selector; SPARK-37856).
//! So no attempt waits for the cleanup of the one before: executors of another application id are nothing to it, and the cleanup
//! spares its own. codriver-init's second run (Kubernetes 1.35: `RestartAllContainers`) leaves the folders as they are.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use crate::{
    failure::Failure,
    protocol::{Attempt, now},
    spark_conf::{self, SparkConf},
};

const SPARK_DEFAULTS: &str = "spark-defaults.conf";
const HINT: &str = "the volume must be writable for the driver's user; codriver-init makes the folder with mode 1777";

/// Takes the next number. Making a folder is atomic, so two starts can never share one.
///
/// # Errors
/// When the folder cannot be made.
pub fn next(volume: &Path, pod_uid: &str) -> Result<(Attempt, PathBuf), Failure> {
    let attempts = volume.join("attempts");
    let mut number = 1;
    loop {
        let folder = attempts.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => {
                let application_id = application_id(pod_uid, number);
                return Ok((Attempt { number, application_id, since: now() }, folder));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(Failure::Files { doing: "create", path: folder, source, hint: HINT }),
        }
    }
}

/// The last attempt that a wrapper of this pod began, if there was one: its configuration is there, and bears its application id.
#[must_use]
pub fn newest(volume: &Path, pod_uid: &str) -> Option<Attempt> {
    let begun = |number: &u32| volume.join("attempts").join(number.to_string()).is_dir();
    let number = (1..).take_while(begun).last()?;
    let (defaults, application_id) = (spark_defaults(volume, number), application_id(pod_uid, number));
    let since = fs::metadata(&defaults).and_then(|defaults| defaults.modified()).ok()?;
    let since = since.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let is_its = SparkConf::load(&defaults).get("spark.app.id") == Some(&application_id);
    is_its.then_some(Attempt { number, application_id, since })
}

/// `spark-<pod uid without dashes>-<attempt>`: at most 63 characters of `[a-z0-9-]`, so it is valid as a label value. Where nobody
/// counts, as for attempt 0, it is codriver-init's, without a number.
#[must_use]
pub fn application_id(pod_uid: &str, number: u32) -> String {
    let uid = pod_uid.replace('-', "");
    if number == 0 { format!("spark-{uid}") } else { format!("spark-{uid}-{number}") }
}

/// Where the attempt's merged configuration is; without a wrapper, where codriver-init's is.
#[must_use]
pub fn spark_defaults(volume: &Path, number: u32) -> PathBuf {
    match number {
        0 => volume.join("spark").join(SPARK_DEFAULTS),
        number => volume.join("attempts").join(number.to_string()).join("conf").join(SPARK_DEFAULTS),
    }
}

/// Merges four layers into `<attempt>/conf`, later ones winning: the image's own folder (log4j2.properties, spark-env.sh,
/// spark-defaults.conf), codriver-init's spark-defaults.conf with the user's lines at its end, what codriver must know of the
/// command line (there it wins anyhow; here the sidecar finds it), and this attempt's application id.
/// Only the wrapper can do it, since only the driver's container sees the image.
///
/// # Errors
/// When a file cannot be read or written.
pub fn merge_conf(
    volume: &Path,
    image_conf: Option<&Path>,
    folder: &Path,
    attempt: &Attempt,
    command: &[OsString],
) -> Result<PathBuf, Failure> {
    let conf = folder.join("conf");
    fs::create_dir(&conf).map_err(|source| Failure::Files {
        doing: "create",
        path: conf.clone(),
        source,
        hint: HINT,
    })?;
    let mut defaults = String::new();
    for path in image_conf.map(files).transpose()?.unwrap_or_default() {
        if path.file_name() == Some(OsStr::new(SPARK_DEFAULTS)) {
            add_layer(&mut defaults, "the image's own", &read(&path)?);
        } else if let Some(name) = path.file_name() {
            fs::copy(&path, conf.join(name)).map_err(|source| Failure::Files {
                doing: "copy",
                path: path.clone(),
                source,
                hint: HINT,
            })?;
        }
    }
    let ours = volume.join("spark").join(SPARK_DEFAULTS);
    if ours.exists() {
        add_layer(&mut defaults, "codriver-init's, with the user's lines last", &read(&ours)?);
    }
    match spark_conf::of_command(command).as_str() {
        "" => {}
        lines => add_layer(&mut defaults, "of the command line", lines),
    }
    add_layer(&mut defaults, "this attempt's", &format!("spark.app.id={}", attempt.application_id));
    let path = conf.join(SPARK_DEFAULTS);
    fs::write(&path, defaults).map_err(|source| Failure::Files { doing: "write", path, source, hint: HINT })?;
    Ok(conf)
}

/// The folder that the image's Spark would have read: `SPARK_CONF_DIR`, else `$SPARK_HOME/conf`, else the official image's.
#[must_use]
pub fn image_conf(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("SPARK_CONF_DIR")
        .or_else(|| variable("SPARK_HOME").map(|home| home.join("conf")))
        .into_iter()
        .chain([PathBuf::from("/opt/spark/conf")])
        .find(|folder| folder.is_dir())
}

/// In a properties file the last of equal keys wins. The blank line ends a value that a layer left open with a backslash.
fn add_layer(defaults: &mut String, whose: &str, text: &str) {
    defaults.push_str("# ");
    defaults.push_str(whose);
    defaults.push('\n');
    defaults.push_str(text);
    defaults.push_str("\n\n");
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Files {
        doing: "read",
        path: path.to_owned(),
        source,
        hint: "it must be readable for the driver's user, and UTF-8",
    })
}

/// The regular files of a folder, also behind links (a mounted ConfigMap is made of links), in order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut paths =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.is_file());
        paths.sort();
        Ok(paths)
    };
    list().map_err(|source| Failure::Files {
        doing: "list",
        path: folder.to_owned(),
        source,
        hint: "it must be readable for the driver's user",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0c1b2d3e-0000-4000-8000-123456789abc";

    fn volume() -> tempfile::TempDir {
        let volume = tempfile::tempdir().unwrap();
        for folder in ["attempts", "spark", "image"] {
            fs::create_dir(volume.path().join(folder)).unwrap();
        }
        volume
    }

    #[test]
    fn each_start_is_the_next_attempt_with_an_application_id_of_its_own() {
        let volume = volume();
        let ids: Vec<_> = (0..3).map(|_| next(volume.path(), UID).unwrap().0.application_id).collect();
        assert_eq!(ids, [1, 2, 3].map(|n| format!("spark-0c1b2d3e000040008000123456789abc-{n}")));
        assert!(ids.iter().all(|id| id.len() <= 63));
    }

    #[test]
    fn a_missing_volume_says_what_to_do() {
        let error = next(Path::new("/nonexistent"), UID).unwrap_err();
        assert_eq!(error.code(), 73);
        assert!(error.to_string().contains("hint: the volume must be writable"), "{error}");
    }

    #[test]
    fn the_image_is_below_codriver_and_the_application_id_above_all() {
        let volume = volume();
        let image = volume.path().join("image");
        fs::write(image.join("log4j2.properties"), "rootLogger.level=warn").unwrap();
        fs::write(image.join(SPARK_DEFAULTS), "spark.a=image\nspark.app.id=image\nspark.open=value\\").unwrap();
        fs::create_dir(image.join("folder")).unwrap();
        fs::write(volume.path().join("spark").join(SPARK_DEFAULTS), "spark.a=codriver\n").unwrap();
        let (attempt, folder) = next(volume.path(), UID).unwrap();
        let command = ["spark-submit", "--num-executors", "3", "job.py"].map(OsString::from);

        let conf = merge_conf(volume.path(), Some(&image), &folder, &attempt, &command).unwrap();
        assert_eq!(spark_defaults(volume.path(), 1), conf.join(SPARK_DEFAULTS));

        assert_eq!(
            fs::read_to_string(conf.join(SPARK_DEFAULTS)).unwrap(),
            format!(
                "# the image's own\nspark.a=image\nspark.app.id=image\nspark.open=value\\\n\n\
                 # codriver-init's, with the user's lines last\nspark.a=codriver\n\n\n\
                 # of the command line\nspark.executor.instances=3\n\n\n\
                 # this attempt's\nspark.app.id={}\n\n",
                attempt.application_id
            )
        );
        assert_eq!(fs::read_to_string(conf.join("log4j2.properties")).unwrap(), "rootLogger.level=warn");
        assert!(!conf.join("folder").exists());
    }

    #[test]
    fn the_images_folder_is_where_its_spark_would_have_looked() {
        let volume = volume();
        let image = volume.path().join("image");
        fs::create_dir(image.join("conf")).unwrap();
        let only = |name: &'static str, path: PathBuf| move |asked: &str| (asked == name).then(|| path.clone());
        assert_eq!(image_conf(only("SPARK_CONF_DIR", image.clone())), Some(image.clone()));
        assert_eq!(image_conf(only("SPARK_HOME", image.clone())), Some(image.join("conf")));
    }
}
