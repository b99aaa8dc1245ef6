//! What the kernel says of the container's memory: evidence for "out of memory". Without it nobody says so.
//!
//! The counters are the container's own control group's, as it sees them under `/sys/fs/cgroup`: version 2 (Linux:
//! `cgroup-v2.rst`, `memory.events`, `memory.peak`, `memory.max`), or version 1 (`memory.oom_control`,
//! `memory.max_usage_in_bytes`, `memory.limit_in_bytes`). Where the kernel kills the whole group (`memory.oom.group`, which
//! the kubelet sets from Kubernetes 1.28 on), the wrapper dies too, and the kubelet's word in the container's status is the
//! evidence; here it is for processes that were killed alone.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Where a container sees its control group.
pub const ROOT: &str = "/sys/fs/cgroup";

/// Version 1 writes "no limit" as the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 62;

/// The names of one version's files.
struct Files {
    kills: &'static str,
    peak: &'static str,
    limit: &'static str,
}

const VERSION_2: Files = Files { kills: "memory.events", peak: "memory.peak", limit: "memory.max" };
const VERSION_1: Files = Files {
    kills: "memory/memory.oom_control",
    peak: "memory/memory.max_usage_in_bytes",
    limit: "memory/memory.limit_in_bytes",
};

/// The counters as they were before the driver started.
#[derive(Debug)]
pub struct Watched {
    root: PathBuf,
    kills: u64,
}

/// The kernel killed processes of this container for want of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfMemory {
    /// Since the driver started.
    pub kills: u64,
    /// The container's limit in bytes, if there is one.
    pub limit: Option<u64>,
    /// The most that it used, in bytes.
    pub peak: Option<u64>,
}

impl Watched {
    /// Notes how it is now. Reads one small file.
    #[must_use]
    pub fn begin(root: &Path) -> Self {
        Self { root: root.to_owned(), kills: kills(root) }
    }

    /// What happened since; nothing when no process was killed, or there are no counters.
    #[must_use]
    pub fn evidence(&self) -> Option<OutOfMemory> {
        let kills = kills(&self.root).saturating_sub(self.kills);
        let number = |file: fn(&Files) -> &'static str| {
            [VERSION_2, VERSION_1].iter().find_map(|files| read(&self.root, file(files))?.trim().parse().ok())
        };
        (kills > 0).then(|| OutOfMemory {
            kills,
            limit: number(|files| files.limit).filter(|limit| *limit < NO_LIMIT),
            peak: number(|files| files.peak),
        })
    }
}

fn kills(root: &Path) -> u64 {
    let text = [VERSION_2, VERSION_1].iter().find_map(|files| read(root, files.kills));
    text.map_or(0, |text| parse_kills(&text))
}

fn read(root: &Path, file: &str) -> Option<String> {
    fs::read_to_string(root.join(file)).ok()
}

/// Both versions have a line `oom_kill <number>`.
fn parse_kills(text: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = if self.kills == 1 { "process" } else { "processes" };
        write!(f, "out of memory: the kernel killed {} {processes} of this container", self.kills)?;
        if let Some(limit) = self.limit {
            write!(f, ", at its limit of {}", Mebibytes(limit))?;
        }
        if let Some(peak) = self.peak {
            write!(f, " (peak {})", Mebibytes(peak))?;
        }
        f.write_str(
            "; raise resources.limits.memory of the driver's container, or lower spark.driver.memory (--driver-memory): the JVM \
             needs about a tenth and at least 384 MiB more than its heap, and Python its own share on top",
        )
    }
}

struct Mebibytes(u64);

impl fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0 >> 20)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A control group with these files.
    fn group(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("memory")).unwrap();
        for (name, text) in files {
            fs::write(root.path().join(name), text).unwrap();
        }
        root
    }

    const EVENTS: &str = "low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 0\n";

    #[test]
    fn it_is_said_only_when_the_counter_rose() {
        for (file, before, after, kills) in [
            ("memory.events", "oom_kill 0\n", EVENTS, Some(2)),
            ("memory.events", "oom_kill 2\n", EVENTS, None),
            ("memory.events", "oom_kill 9\n", EVENTS, None),
            ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "oom_kill 1\n", Some(1)),
            ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", "oom_kill_disable 0\n", None),
            ("memory.stat", "", "oom_kill 1\n", None),
        ] {
            let root = group(&[(file, before)]);
            let watched = Watched::begin(root.path());
            fs::write(root.path().join(file), after).unwrap();
            assert_eq!(watched.evidence().map(|evidence| evidence.kills), kills, "{file}: {before} {after}");
        }
    }

    #[test]
    fn limit_and_peak_stand_beside_it() {
        for (files, said) in [
            (
                &[("memory.max", "67108864\n"), ("memory.peak", "67108864\n")][..],
                ", at its limit of 64 MiB (peak 64 MiB); raise",
            ),
            (
                &[
                    ("memory/memory.limit_in_bytes", "2147483648\n"),
                    ("memory/memory.max_usage_in_bytes", "2147483648\n"),
                ],
                ", at its limit of 2048 MiB (peak 2048 MiB); raise",
            ),
            (&[("memory.max", "max\n"), ("memory.peak", "1048576\n")], " (peak 1 MiB); raise"),
            (&[("memory/memory.limit_in_bytes", "9223372036854771712\n")], " of this container; raise"),
        ] {
            let root = group(files);
            let watched = Watched::begin(root.path());
            fs::write(root.path().join("memory.events"), "oom_kill 1\n").unwrap();
            let text = watched.evidence().unwrap().to_string();
            assert!(text.starts_with("out of memory: the kernel killed 1 process of this container"), "{text}");
            assert!(text.contains(said), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_files_hold_it_is_read(
            before in any::<u64>(),
            events in "(oom_kill [0-9-]{0,21}\n|\\PC{0,20}\n){0,4}",
            limit in "max|[0-9]{0,21}|\\PC{0,10}",
        ) {
            let root = group(&[("memory.events", &events), ("memory.max", &limit), ("memory.peak", &limit)]);
            let evidence = Watched { root: root.path().to_owned(), kills: before }.evidence();
            let said = evidence.map_or_else(String::new, |evidence| evidence.to_string());
            prop_assert!(said.len() < 512, "{}", said);
        }
    }
}
