//! What a JVM answers when it is asked for its threads: no panic, and a short text that is fit for a log.
#![no_main]

use codriver::run::stuck::threads::Threads;
use libfuzzer_sys::fuzz_target;

/// Five names of 60 characters, and how many more there are.
const LONGEST: usize = 350;

fuzz_target!(|input: &[u8]| {
    let Ok(dump) = str::from_utf8(input) else { return };
    let mut threads = Threads::default();
    dump.split('\n').for_each(|line| threads.hear(line));
    let said = threads.to_string();
    assert!(said.chars().count() <= LONGEST, "too much: {said}");
    assert!(!said.chars().any(char::is_control), "not fit for a log: {said:?}");
});
