use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::bench::{Running, shell, wrapper};

#[test]
fn the_map_changes_the_containers_code_and_nothing_else() {
    for (map, script, code, said) in [
        ("143=0", "exit 143", 0, json!(["exited with code 143", 143, "driver", 0])),
        ("143=0", "kill $$", 0, json!(["was killed by signal 15 (SIGTERM)", 143, "driver", 0])),
        ("143=0,130=0,7=1", "exit 7", 1, json!(["exited with code 7", 7, "driver", 1])),
        ("143=0", "exit 7", 7, json!(["exited with code 7", 7, "driver", null])),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message");
        fs::write(&path, "").unwrap();
        let mut command = wrapper();
        command.env("CODRIVER_MAP", map).env("CODRIVER_TERMINATION_LOG", &path).args(shell(script));
        assert_eq!(Running::start(&mut command).code(), code, "{map} {script}");
        let message: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(json!(["verdict", "code", "whose", "mapped"].map(|field| &message[field])), said);
    }
}

#[test]
fn each_of_the_256_codes_can_be_mapped_and_the_others_pass_by() {
    for code in 0..=255 {
        let to = 255 - code;
        let run =
            |map: String| Running::start(wrapper().args(["--map", &map]).args(shell(&format!("exit {code}")))).code();
        assert_eq!(run(format!("{code}={to}")), to);
        let others: Vec<_> = (0..=255).filter(|other| *other != code).map(|other| format!("{other}={to}")).collect();
        assert_eq!(run(others.join(",")), code);
    }
}

#[test]
fn a_driver_that_did_not_start_is_never_mapped() {
    assert_eq!(Running::start(wrapper().args(["--map", "127=0", "--", "/nonexistent/driver"])).code(), 127);
}

#[test]
fn all_mistakes_of_a_map_are_told_at_once_and_nothing_is_started() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codriver"));
    command.args(["run", "--map", "143", "--map", "300=0"]).args(shell("echo started"));
    let output = command.env("CODRIVER_DIR", "/nonexistent").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(78), true), "{said}");
    assert!(said.contains("`143` is not FROM=TO") && said.contains("`300=0` is not FROM=TO"), "{said}");
}
