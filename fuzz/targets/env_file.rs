//! The file `env` of the wrapper: no panic, and no line of it in a message.
#![no_main]

use codriver::run::environment::Environment;
use codriver_fuzz::SECRET;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    match Environment::parse(text) {
        Ok(environment) => {
            assert!(environment.set.iter().all(|(name, _)| !name.is_empty()));
            assert!(environment.remove.iter().all(|name| !name.is_empty()));
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(!mistakes.join("\n").contains(SECRET), "a line is quoted");
        }
    }
});
