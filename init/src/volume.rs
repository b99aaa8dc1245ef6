//! The names of what stands in the shared volume and is spoken of in more than one place.

/// Hadoop's configuration folder.
pub const HADOOP_FOLDER: &str = "hadoop";
/// The executors' pod template.
pub const EXECUTOR_TEMPLATE: &str = "spark/executor.yaml";
/// Folders that whoever runs in the pod may write to, as in /tmp.
pub const SHARED_FOLDERS: [&str; 2] = ["run", "attempts"];
