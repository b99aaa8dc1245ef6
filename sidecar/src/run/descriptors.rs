//! Closes what a careless parent has left open, so that the driver does not inherit it: a pipe that never ends, another
//! container's folder (CVE-2024-21626), a file on a volume that then cannot be unmounted.

use std::{env, ffi::OsString, fs, os::unix::ffi::OsStrExt};

/// Standard input, output and error.
const STANDARD: i32 = 3;

/// Closes every inherited descriptor but the standard ones, those of `LISTEN_FDS` (sd_listen_fds(3)) and those that the command
/// names as `/dev/fd/N`, as a shell's `<(…)` does. To be called before this program opens any of its own.
pub fn close_inherited(command: &[OsString]) {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    // To the end before the first is closed: the folder is open itself.
    let open: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let listening = env::var("LISTEN_FDS").ok().and_then(|count| count.parse::<u8>().ok()).unwrap_or(0);
    for descriptor in open.into_iter().filter(|descriptor| !meant(*descriptor, listening.into(), command)) {
        // Only the folder's own is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

fn meant(descriptor: i32, listening: i32, command: &[OsString]) -> bool {
    descriptor < STANDARD.saturating_add(listening)
        || ["/dev/fd/", "/proc/self/fd/"].iter().any(|folder| {
            let path = format!("{folder}{descriptor}");
            command.iter().any(|word| word.as_bytes() == path.as_bytes())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_the_driver_stays_open() {
        let command = ["cat", "/dev/fd/63", "/proc/self/fd/7"].map(OsString::from);
        for (descriptor, listening, expected) in [
            (0, 0, true),
            (2, 0, true),
            (3, 0, false),
            (6, 0, false),
            (63, 0, true),
            (7, 0, true),
            (3, 1, true),
            (4, 1, false),
        ] {
            assert_eq!(meant(descriptor, listening, &command), expected, "{descriptor} with {listening} listening");
        }
    }
}
