//! Volumes that cannot be used, real ones: each in a mount namespace of its own. Where namespaces cannot be had (neither
//! root nor user namespaces), the tests say so and are skipped.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::world::run::{Ended, Pod};
use crate::world::sts::Sts;
use crate::world::{good_answer, good_claims, jwt};

/// Runs the program with a tmpfs, mounted with these options, as its volume. On stdout are then the temporary files that
/// were left. None when namespaces cannot be had.
fn run_on(options: &[&str]) -> Option<Ended> {
    let unshare = |command: &mut Command| {
        command.arg("--mount");
        if !nix::unistd::geteuid().is_root() {
            command.arg("--map-root-user");
        }
    };
    let mut probe = Command::new("unshare");
    unshare(&mut probe);
    if !probe.arg("true").status().is_ok_and(|status| status.success()) {
        // Past libtest, which keeps what a passing test prints: test.sh counts it.
        let _ = writeln!(io::stderr(), "SKIPPED TEST: no mount namespaces here (neither root nor user namespaces)");
        return None;
    }
    let token = jwt(&good_claims());
    let sts = Sts::play(&json!([good_answer()]), &token, false);
    let mut pod = Pod::new(&sts.url);
    pod.env.insert("PATH".into(), "/usr/sbin:/usr/bin:/sbin:/bin".into());
    pod.bring_token(&token);
    fs::create_dir(pod.volume()).unwrap();
    // More than a small volume holds.
    let script = format!("#!/bin/sh\n: {}\n", "x".repeat(200 * 1024));
    fs::write(pod.folder.path().join("codriver"), script).unwrap();
    let mounts: String = options.iter().map(|option| format!("mount -t tmpfs -o {option} tmpfs \"$V\"; ")).collect();
    let mut command = Command::new("unshare");
    unshare(&mut command);
    command.args(["sh", "-ec"]);
    command.arg(format!(
        "V=$CODRIVER_DIR; {mounts} code=0; \"$0\" || code=$?; find \"$V\" -name '.*' -type f; exit $code"
    ));
    command.arg(env!("CARGO_BIN_EXE_codriver-init"));
    Some(pod.finish(command, |_, _| {}))
}

#[test]
fn a_volume_with_room_is_well() {
    let Some(ended) = run_on(&["size=2m"]) else { return };
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.log);
}

#[test]
fn the_volume_itself_stays_as_the_kubelet_made_it() {
    let token = jwt(&good_claims());
    let sts = Sts::play(&json!([good_answer()]), &token, false);
    let pod = Pod::new(&sts.url);
    pod.bring_token(&token);
    // An emptyDir in memory with fsGroup. It belongs to root there: to change its mode is not permitted, whoever we are.
    fs::create_dir(pod.volume()).unwrap();
    fs::set_permissions(pod.volume(), fs::Permissions::from_mode(0o3777)).unwrap();
    let ended = pod.run(&[]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert_eq!(fs::metadata(pod.volume()).unwrap().permissions().mode() & 0o7777, 0o3777);
}

#[test]
fn a_read_only_volume_is_said_before_sts_is_asked() {
    let Some(ended) = run_on(&["ro"]) else { return };
    assert_eq!(ended.code, 73, "{}", ended.log);
    assert!(ended.message.contains("Read-only file system"), "{}", ended.message);
    assert!(ended.message.contains("mount the volume without readOnly"), "{}", ended.message);
    assert!(!ended.log.contains("STS"), "{}", ended.log);
}

#[test]
fn a_noexec_volume_is_said_in_words() {
    let Some(ended) = run_on(&["noexec"]) else { return };
    assert_eq!(ended.code, 73, "{}", ended.log);
    assert!(ended.message.contains("the volume is mounted noexec"), "{}", ended.message);
}

#[test]
fn a_full_volume_holds_nothing_half_written() {
    // Room for nothing, for the small files, for those and a part of the program.
    for size in ["size=4k", "size=32k", "size=128k"] {
        let Some(ended) = run_on(&[size]) else { return };
        assert_eq!((ended.code, ended.stdout.as_str()), (73, ""), "{}", ended.log);
        assert!(ended.message.contains("the volume is full: give the emptyDir a sizeLimit"), "{}", ended.message);
    }
}
