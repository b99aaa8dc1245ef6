//! What all tests share: the store, what stands in front of it, and a pod whose credentials live for seconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use codriver_e2e::kubectl::HERE;
use codriver_e2e::short::{Door, Sts};

use crate::pod::Pod;
use crate::store;

/// The bucket that the store has.
pub const BUCKET: &str = "jvm";
/// How long credentials live here.
pub const LIFE: Duration = Duration::from_secs(12);
/// The store's own address; S3 and STS.
const STORE: &str = "127.0.0.1:9000";

/// Before Hadoop's version.
const S3A: &str = "s3a-";
/// What `clients/get.sh` gets, beside S3A.
const NAMES: [&str; 10] = [
    "boto3",
    "aws",
    "s3fs",
    "pyarrow",
    "duckdb",
    "object_store",
    "aws-sdk-rust",
    "aws-sdk-go-v2",
    "java-v1",
    "java-v2",
];

/// A client that can be started.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its objects have it before their names.
    pub name: String,
    /// What was got.
    pub version: String,
    /// Words with spaces between.
    pub command: String,
}

impl Known {
    /// Their names alone, where nothing can run.
    pub fn names() -> Vec<Self> {
        let name = |name: &str| Self { name: name.to_owned(), ..Self::default() };
        let versions = fs::read_to_string(format!("{HERE}/jvm/versions.txt")).unwrap();
        let hadoops = versions.lines().filter(|line| !line.starts_with('#'));
        let hadoops = hadoops.map(|line| name(&format!("{S3A}{}", line.split(' ').next().unwrap_or_default())));
        NAMES.map(name).into_iter().chain(hadoops).collect()
    }

    /// Hadoop's.
    pub fn is_s3a(&self) -> bool {
        self.name.starts_with(S3A)
    }

    /// A line that `clients/get.sh` has printed.
    fn parse(line: &str) -> Self {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        Self { name: word(), version: word(), command: word() }
    }
}

/// Everything that tests share.
pub struct World {
    /// In it `token`, and `own.keys` with the store's own keys.
    pub store: PathBuf,
    /// The program codriver-init.
    pub init: PathBuf,
    /// The program codriver.
    pub codriver: PathBuf,
    /// The clients to try.
    pub clients: Vec<Known>,
    /// Gives credentials that end soon.
    pub sts: Sts,
    /// Takes them until they end.
    pub door: Door,
    /// By web identity.
    pod: OnceLock<Result<Pod, String>>,
}

impl World {
    /// Starts the store and what is in front of it; they end with the namespaces.
    ///
    /// # Panics
    /// When one does not start within 30 s; the script says why.
    pub fn start(folder: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let store = folder.join("store");
        fs::create_dir(&store).unwrap();
        store::start(&read("minio"), &store);
        let sts = Sts::start(STORE, LIFE);
        let door = Door::start(STORE, &sts);
        let clients = read("clients").lines().map(Known::parse).collect();
        Self {
            store,
            init: read("init").into(),
            codriver: read("codriver").into(),
            clients,
            sts,
            door,
            pod: OnceLock::new(),
        }
    }

    /// The pod that has web identity.
    ///
    /// # Errors
    /// Why there is none.
    pub fn pod(&self) -> Result<&Pod, String> {
        self.pod.get_or_init(|| self.another_pod(0)).as_ref().map_err(Clone::clone)
    }

    /// One like it, on the n-th of this machine's endpoints.
    ///
    /// # Errors
    /// Why there is none.
    pub fn another_pod(&self, number: u16) -> Result<Pod, String> {
        let token = self.store.join("token");
        let settings = [
            ("AWS_ROLE_ARN", "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ];
        Pod::start(self, number, &settings)
    }
}
