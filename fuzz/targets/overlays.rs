//! The user's settings as lines, as Hadoop's XML and as Java's properties: no panic, no value in a message, and what is
//! read and written again is read the same.
#![no_main]

use std::collections::BTreeMap;

use codriver_fuzz::never_said;
use codriver_init::hadoop::{core_site, overlay};
use codriver_init::lines;
use codriver_init::spark::{near_misses, overlay as properties, properties as spark};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&which, rest)) = input.split_first() else { return };
    let Ok(text) = str::from_utf8(rest) else { return };
    match which % 3 {
        0 => match lines::parse(text) {
            Ok(lines) => lines.iter().for_each(|(key, _)| drop(near_misses::advice(key))),
            Err(mistakes) => never_said(&mistakes.join("\n"), rest, b"="),
        },
        1 => match overlay::parse(text) {
            Ok(read) => {
                if let Ok(xml) = core_site::render(&read) {
                    let again = overlay::parse(&xml).expect("what we write can be read");
                    let texts = |all: &codriver_init::hadoop::Properties| -> Vec<(String, String)> {
                        all.iter().map(|(name, value)| (name.clone(), value.text().to_owned())).collect()
                    };
                    assert_eq!(texts(&again), texts(&read));
                }
            }
            Err(mistake) => never_said(&mistake, rest, b"<value>"),
        },
        _ => match properties::parse(text) {
            Ok(read) => {
                let read: BTreeMap<String, String> = read.into_iter().collect();
                if let Ok(written) = spark::render(&read) {
                    let again = properties::parse(&written).expect("what we write can be read");
                    assert_eq!(again.into_iter().collect::<BTreeMap<_, _>>(), read);
                }
            }
            Err(mistake) => never_said(&mistake, rest, b"="),
        },
    }
});
