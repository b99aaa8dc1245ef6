//! The driver's output, in pieces of any length: no panic, few words, no password in them, and the same as from one piece.
#![no_main]

use codriver::run::last_words::{LastWords, Stream};
use codriver_fuzz::never_said;
use libfuzzer_sys::fuzz_target;

/// An exception and its cause, 400 characters each, with what shows that they were cut and what joins them.
const LONGEST: usize = 810;

fuzz_target!(|input: &[u8]| {
    let Some((length, output)) = input.split_first() else { return };
    let words = heard(output.chunks(usize::from(*length).max(1)));
    assert_eq!(words, heard([output].into_iter()), "the pieces matter");
    let Some(words) = words else { return };
    assert!(words.chars().count() <= LONGEST, "too much: {words}");
    never_said(&words, output, b"password=");
});

fn heard<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let mut words = LastWords::default();
    pieces.for_each(|piece| words.feed(Stream::Stderr, piece));
    let _ = words.earned();
    words.words()
}
