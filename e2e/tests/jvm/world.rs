//! What the tests find inside: the stores, the identity, and the class path of each Hadoop.

use std::fs;
use std::path::PathBuf;

use codriver_e2e::kubectl::HERE;

use crate::{inside, store};

/// The bucket that both stores have.
pub const BUCKET: &str = "jvm";

/// One version of Hadoop.
#[derive(Debug, Clone)]
pub struct Hadoop {
    /// Such as `3.5.0`.
    pub version: String,
    /// With our server.
    pub class_path: String,
}

impl Hadoop {
    /// Its version in numbers, for comparisons.
    pub fn numbers(&self) -> Vec<u32> {
        self.version.split('.').map(|part| part.parse().unwrap()).collect()
    }
}

/// Everything that tests share.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// In it `token`, `ca.pem` and `trust.p12`.
    pub store: PathBuf,
    /// The program codriver-init.
    pub init: PathBuf,
    /// The program codriver.
    pub codriver: PathBuf,
    /// The Hadoops to try, the oldest first.
    pub hadoops: Vec<Hadoop>,
    /// Each Spark's version, and its home with what starts programs.
    pub sparks: Vec<(String, PathBuf)>,
}

impl World {
    /// Starts the stores; they end with the namespaces. Outside, where nothing can run, there are only the names of tests.
    ///
    /// # Panics
    /// When the stores do not start within 30 s; the script says why.
    pub fn inside() -> Self {
        let Some(folder) = inside::folder() else {
            return Self { hadoops: names(), sparks: sparks(), ..Self::default() };
        };
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let store = folder.join("store");
        fs::create_dir(&store).unwrap();
        store::start(&read("minio"), &store);
        let hadoops = read("hadoops").lines().map(hadoop).collect();
        let pair = |line: &str| line.split_once(' ').map(|(version, home)| (version.to_owned(), home.into()));
        let sparks = read("sparks").lines().filter_map(pair).collect();
        Self { store, init: read("init").into(), codriver: read("codriver").into(), hadoops, sparks }
    }
}

fn hadoop(line: &str) -> Hadoop {
    let (version, class_path) = line.split_once(' ').unwrap();
    Hadoop { version: version.to_owned(), class_path: class_path.to_owned() }
}

/// From the table that `jvm/hadoop.sh` works by.
fn names() -> Vec<Hadoop> {
    let text = fs::read_to_string(format!("{HERE}/jvm/versions.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(hadoop).collect()
}

/// From the folders that `jvm/spark.sh` works by.
fn sparks() -> Vec<(String, PathBuf)> {
    let lines = fs::read_dir(format!("{HERE}/spark/versions")).unwrap();
    lines.map(|line| (line.unwrap().file_name().into_string().unwrap(), PathBuf::new())).collect()
}
