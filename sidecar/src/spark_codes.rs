//! What the exit codes that Spark gives mean, for people.
//!
//! Spark: `org.apache.spark.util.SparkExitCode` and `org.apache.spark.executor.ExecutorExitCode`.

/// In few words; nothing for codes that say nothing by themselves, such as 1.
#[must_use]
pub fn meaning(code: i32) -> Option<&'static str> {
    Some(match code {
        2 => "Python could not open the job's file, or was called wrongly",
        3 => "the JVM ran out of memory and ended itself (-XX:+ExitOnOutOfMemoryError)",
        11 => "too many executors failed (spark.executor.maxNumFailures)",
        50 => "uncaught exception",
        51 => "uncaught exception, and another while handling it",
        52 => "the JVM ran out of memory",
        53 => "no local directory could be made",
        54 | 55 => "the external store could not be set up",
        56 => "no heartbeat reached the driver",
        57 => "a task could not be killed",
        58 => "the block manager could not register again",
        101 => "the main class or the application's jar was not found",
        124 => "spark.driver.timeout has passed",
        143 => "asked to end by SIGTERM",
        _ => return None,
    })
}
