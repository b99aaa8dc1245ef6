//! A token file of any bytes: no panic, and neither errors nor `Debug` show it.
#![no_main]

use std::time::SystemTime;

use codriver_creds::Token;
use libfuzzer_sys::fuzz_target;

/// So long a text without blanks is in no message by chance.
const NO_CHANCE: usize = 40;

fuzz_target!(|content: &[u8]| {
    let text = String::from_utf8_lossy(content);
    let said = match Token::parse(content) {
        Err(fault) => format!("{fault} {fault:?}"),
        Ok(token) => {
            let _ = token.claims().expiry();
            let check = token.check("sts.amazonaws.com", SystemTime::UNIX_EPOCH);
            assert_eq!(token.text().expose(), text.trim_ascii());
            let said = format!("{token:?} {} {check:?}", token.claims());
            assert!(!said.contains(|c: char| c.is_control()), "control characters reach a terminal: {said:?}");
            said
        }
    };
    let is_part = |part: &&str| part.len() >= NO_CHANCE && !part.contains(|c: char| c.is_whitespace());
    for part in text.trim_ascii().split('.').filter(is_part) {
        assert!(!said.contains(part), "a part of the token is said: {said}");
    }
});
