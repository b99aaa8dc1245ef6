//! A program of codriver's that panics, for the tests of its log: on a thread, which ends with it, and then ends with code 3.

#![allow(clippy::panic, reason = "that is its purpose")]

use std::{process::ExitCode, thread};

fn main() -> ExitCode {
    if codriver::log::start("error").is_err() {
        return ExitCode::from(4);
    }
    let panicked = thread::spawn(|| panic!("on purpose")).join().is_err();
    ExitCode::from(if panicked { 3 } else { 4 })
}
