//! A line of the driver's that people are to see: no panic, no growth, and no value of a password in it.
#![no_main]

use codriver::run::secrets::masked;
use codriver_fuzz::never_said;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(line) = str::from_utf8(input) else { return };
    let said = masked(line);
    assert!(said.chars().count() <= line.chars().count(), "it grew: {said}");
    never_said(&said, input, b"password=");
});
