//! Bytes as lines: they come in pieces, and lines may be long or no text at all, so only the beginning of each is looked at.

use std::mem;

/// Bytes of a line that are looked at.
const LONGEST: usize = 1024;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Lines {
    line: Vec<u8>,
    /// There was more of it.
    is_cut: bool,
}

impl Lines {
    /// Takes the next bytes, and says each line that ends in them. A carriage return ends a line, too: Spark's progress bar
    /// writes over itself, and an exception after it.
    pub fn feed(&mut self, bytes: &[u8], mut say: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(is_end) {
            let text = piece.strip_suffix(b"\n").or(piece.strip_suffix(b"\r")).unwrap_or(piece);
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            self.is_cut |= text.len() > room;
            if piece.last().is_some_and(is_end) {
                self.end(&mut say);
            }
        }
    }

    /// Of a line that was cut the last word is no whole one: half a secret may not look like one.
    fn end(&mut self, say: &mut impl FnMut(&str)) {
        let mut line = mem::take(&mut self.line);
        if mem::take(&mut self.is_cut) {
            line.truncate(line.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1));
            line.extend_from_slice("…".as_bytes());
        }
        say(String::from_utf8_lossy(&line).trim_end());
        line.clear();
        self.line = line;
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut said) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.feed(piece, |line| said.push(line.to_owned()));
        }
        said
    }

    #[test]
    fn a_line_ends_with_a_newline_or_a_carriage_return() {
        let said = lines(&[b"a\n[Stage 0:>  ", b"  (0 + 1) / 1]\r      \rb\r\nc"]);
        assert_eq!(said, ["a", "[Stage 0:>    (0 + 1) / 1]", "", "b", ""]);
    }

    #[test]
    fn of_a_long_line_whole_words_are_said() {
        let long = "secret ".repeat(1000);
        let said = lines(&[long.as_bytes(), b"\nnext\n"]);
        assert_eq!(said, ["secret ".repeat(LONGEST / 7) + "…", "next".into()]);
        assert_eq!(lines(&["x".repeat(5000).as_bytes(), b"\n"]), ["…"]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_read_and_little_is_kept(pieces: Vec<Vec<u8>>, long in 0..5000_usize) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let whole = [&pieces.concat()[..], &vec![b'x'; long][..], b"\n"].concat();
            let tail = [&vec![b'x'; long][..], b"\n"].concat();
            let said = lines(&[&pieces[..], &[&tail]].concat());
            prop_assert!(said.iter().all(|line| line.len() <= 3 * LONGEST + 4));
            prop_assert_eq!(said, lines(&[&whole]));
        }
    }
}
