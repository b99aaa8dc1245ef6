//! What the run inside needs of the network.

use std::path::Path;

use crate::inside::{bash, program};

/// Puts it into the folder.
///
/// # Panics
/// When something could not be got.
pub fn get(folder: &Path) {
    let put = |name: &str, content: &str| std::fs::write(folder.join(name), content).expect("a temporary folder");
    put("minio", bash("cluster/common.sh", "minio_program").trim());
    put("hadoops", &bash("lib.sh", "jvm/hadoop.sh"));
    put("sparks", &bash("lib.sh", "jvm/spark.sh"));
    put("init", &program("codriver-init"));
    put("codriver", &program("codriver"));
}
