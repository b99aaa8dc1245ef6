//! What a driver's settings ask of the cleanup after it.

use crate::spark_conf::{ALLOCATOR, DELETE_ON_TERMINATION, SparkConf};

/// What is spared, and what there may be besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Executors that are not to be removed.
    pub keep: Keep,
    /// Controllers make the executors' pods. Where this is not told, the pods tell it.
    pub controllers: bool,
}

/// Executors that are not to be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// All are.
    #[default]
    Nothing,
    /// Those that failed stay, when one of them failed by itself: somebody wants to read their logs.
    Failed,
    /// All stay, with their ConfigMap and controllers: `spark.kubernetes.executor.deleteOnTermination=false`. Claims go, as
    /// they do when Spark stops by itself.
    All,
}

impl Wishes {
    /// Reads them. `keep_failed`: executors that failed are to stay.
    #[must_use]
    pub fn of(conf: &SparkConf, keep_failed: bool) -> Self {
        let keep = match conf.get(DELETE_ON_TERMINATION) {
            Some(value) if value.eq_ignore_ascii_case("false") => Keep::All,
            _ if keep_failed => Keep::Failed,
            _ => Keep::Nothing,
        };
        let controllers = matches!(conf.get(ALLOCATOR), Some("statefulset" | "deployment"));
        Self { keep, controllers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparks_settings_are_honoured() {
        for (text, keep_failed, keep, controllers) in [
            ("", false, Keep::Nothing, false),
            ("", true, Keep::Failed, false),
            ("spark.kubernetes.executor.deleteOnTermination false", true, Keep::All, false),
            ("spark.kubernetes.executor.deleteOnTermination=true", false, Keep::Nothing, false),
            ("spark.kubernetes.allocation.pods.allocator=statefulset", false, Keep::Nothing, true),
            ("spark.kubernetes.allocation.pods.allocator=deployment", false, Keep::Nothing, true),
            ("spark.kubernetes.allocation.pods.allocator=direct", false, Keep::Nothing, false),
        ] {
            assert_eq!(Wishes::of(&SparkConf::read(text), keep_failed), Wishes { keep, controllers }, "{text}");
        }
    }
}
