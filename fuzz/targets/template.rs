//! The user's executor pod template, and codriver's part merged into it: no panic, and merging the result again changes
//! nothing.
//!
//! The first byte says in which mode.
#![no_main]

use std::collections::BTreeMap;

use codriver_fuzz::{judge, pod, said};
use codriver_init::args::Args;
use codriver_init::executor;
use codriver_init::settings::Settings;
use libfuzzer_sys::fuzz_target;

const MODES: [&str; 3] = ["auto", "session", "endpoint"];

fn settings(mode: u8, template: &[u8]) -> Option<Settings> {
    let some = |text: &str| Some(text.to_owned());
    let args = Args {
        executor_template: some("/etc/codriver/executor.yaml"),
        hadoop_version: some("3.5.0"),
        image: some("codriver:1"),
        mode: some(MODES[usize::from(mode) % MODES.len()]),
        ..pod()
    };
    let judged = judge(&args, BTreeMap::new(), template);
    if let Err(failure) = &judged {
        said(failure);
    }
    judged.ok()
}

fuzz_target!(|input: &[u8]| {
    let Some((&mode, template)) = input.split_first() else { return };
    let Some(settings_of_theirs) = settings(mode, template) else { return };
    let Ok(merged) = executor::render(&settings_of_theirs, None) else { return };
    let again = settings(mode, merged.as_bytes()).expect("what we write can be read");
    assert_eq!(executor::render(&again, None).expect("what we write contradicts nothing of ours"), merged);
});
