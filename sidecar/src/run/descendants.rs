//! Who descends from the wrapper, as /proc tells it: what leaves the driver's group by setsid(2) is still its descendant, and
//! an orphan becomes a child of the wrapper, which is a subreaper or PID 1.

use std::{collections::BTreeSet, fs, process};

use nix::unistd::Pid;

/// One line of /proc/PID/stat: proc_pid_stat(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: Pid,
    /// What it is called, at most 15 bytes.
    pub name: String,
    /// Its process group.
    pub group: Pid,
    /// A signal has stopped it: it hears the next one only once it is continued.
    pub is_stopped: bool,
    parent: Pid,
}

/// All descendants of this process, as they are at this moment; none where there is no /proc. Reads one file for each process
/// that can be seen, so it is for the end of a driver only.
#[must_use]
pub fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let stats = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok());
    // Its comm may be any bytes; one that ended in between is no trouble.
    let stats = stats.filter_map(|entry| fs::read(entry.path().join("stat")).ok());
    below(
        Pid::from_raw(process::id().cast_signed()),
        stats.filter_map(|stat| parse(&String::from_utf8_lossy(&stat))).collect(),
    )
}

/// Those of the processes that descend from this one.
fn below(root: Pid, mut processes: Vec<Process>) -> Vec<Process> {
    let mut family = BTreeSet::from([root]);
    loop {
        let known = family.len();
        let children = processes.iter().filter(|process| family.contains(&process.parent));
        family = children.map(|process| process.pid).chain([root]).collect();
        if family.len() == known {
            break;
        }
    }
    processes.retain(|process| process.pid != root && family.contains(&process.pid));
    processes
}

/// `pid (comm) state ppid pgrp …`, where comm may itself have blanks and brackets.
fn parse(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let is_stopped = fields.next()? == "T";
    let mut ids = fields.map(|field| field.parse().ok().map(Pid::from_raw));
    let (parent, group) = (ids.next()??, ids.next()??);
    Some(Process { pid: Pid::from_raw(pid.parse().ok()?), name: name.to_owned(), group, is_stopped, parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_fields_behind_it() {
        for (stat, expected) in [
            ("7 (sh) S 1 7 7 0", Some((7, "sh", 1, 7))),
            ("8 (a) R 9 (b) Z 7 3 3 0", Some((8, "a) R 9 (b", 7, 3))),
            ("9 (sh) S", None),
            ("nonsense", None),
            ("", None),
        ] {
            let process = parse(stat);
            let read = process.as_ref().map(|p| (p.pid.as_raw(), p.name.as_str(), p.parent.as_raw(), p.group.as_raw()));
            assert_eq!(read, expected, "{stat}");
        }
    }

    #[test]
    fn a_descendant_is_a_child_or_a_descendants_child_in_whatever_order_they_come() {
        // 1 ─ 5 (the root) ─ 9 ─ 3 ─ 20; 2 and 4 are others.
        let world = [
            "20 (e) S 3 1",
            "3 (d) S 9 1",
            "1 (init) S 0 1",
            "5 (root) S 1 1",
            "9 (c) S 5 1",
            "2 (x) S 1 1",
            "4 (y) S 2 1",
        ];
        let found = below(Pid::from_raw(5), world.iter().filter_map(|stat| parse(stat)).collect());
        assert_eq!(found.iter().map(|process| process.pid.as_raw()).collect::<Vec<_>>(), [20, 3, 9]);
    }

    #[test]
    fn a_child_of_this_process_is_found() {
        let mut child = process::Command::new("sleep").arg("3600").spawn().unwrap();
        let found = all().iter().any(|process| process.pid.as_raw() == child.id().cast_signed());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
    }
}
