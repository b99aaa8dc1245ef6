//! Writes `spark-defaults.conf` so that `java.util.Properties`, and Spark's trimming after it, read back what was meant.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::failure::Fault;

/// Renders Spark settings, one a line.
///
/// # Errors
/// Each setting that Spark would read otherwise: an empty key, or a value with blanks around it, which Spark trims.
pub fn render(properties: &BTreeMap<String, String>) -> Result<String, Vec<Fault>> {
    let mut text = String::from("# Written by codriver-init.\n");
    let mut faults = Vec::new();
    for (key, value) in properties {
        if key.is_empty() || value.trim_matches(is_blank) != value {
            faults.push(Fault::new(
                format!("spark-defaults.conf cannot carry `{}`: Spark trims values", key.escape_debug()),
                "write the value without blanks around it",
            ));
        }
        escape(&mut text, key, true);
        text.push('=');
        escape(&mut text, value, false);
        text.push('\n');
    }
    if faults.is_empty() { Ok(text) } else { Err(faults) }
}

/// What Java's `trim` takes away: everything up to the space.
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// Escapes as `Properties.store` does: a key ends at the first bare blank, `=` or `:`, and a line that begins with `#` or
/// `!` is a comment. In values only the backslash and what is not printable ASCII matter, since values have no blanks in
/// front and `=` has been written.
fn escape(text: &mut String, part: &str, key: bool) {
    for (at, c) in part.chars().enumerate() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' ' | '=' | ':' if key => text.extend(['\\', c]),
            '#' | '!' if key => text.extend(['\\', c]),
            // `k==v` would be read as `=v` all the same, yet the eye is helped.
            '=' | ':' if at == 0 => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04X}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `java.util.Properties.load`, from its documentation, and `trim` on the values as Spark does it.
    fn read(text: &str) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::new();
        let mut lines = text.split(['\n', '\r']);
        while let Some(line) = lines.next() {
            let mut line = line.trim_start_matches([' ', '\t', '\u{c}']).to_owned();
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            while line.len().wrapping_sub(line.trim_end_matches('\\').len()) % 2 == 1 {
                line.pop();
                line.push_str(lines.next().unwrap_or_default().trim_start_matches([' ', '\t', '\u{c}']));
            }
            let units: Vec<u16> = line.encode_utf16().collect();
            let is = |at: usize, set: &str| units.get(at).is_some_and(|u| set.encode_utf16().any(|s| s == *u));
            let mut end = 0;
            while end < units.len() && !is(end, " \t\u{c}=:") {
                end += if is(end, "\\") { 2 } else { 1 };
            }
            let end = end.min(units.len());
            let mut start = end;
            while is(start, " \t\u{c}") {
                start += 1;
            }
            if is(start, "=:") {
                start += 1;
                while is(start, " \t\u{c}") {
                    start += 1;
                }
            }
            let value = unescape(&units[start..]);
            properties.insert(unescape(&units[..end]), value.trim_matches(is_blank).to_owned());
        }
        properties
    }

    fn unescape(units: &[u16]) -> String {
        let mut plain = Vec::new();
        let mut rest = units.iter().copied();
        while let Some(unit) = rest.next() {
            if unit != u16::from(b'\\') {
                plain.push(unit);
                continue;
            }
            match rest.next().and_then(|unit| char::from_u32(unit.into())) {
                Some('u') => {
                    let digits: Vec<u16> = rest.by_ref().take(4).collect();
                    plain.push(u16::from_str_radix(&String::from_utf16(&digits).unwrap(), 16).unwrap());
                }
                Some('n') => plain.push(10),
                Some('r') => plain.push(13),
                Some('t') => plain.push(9),
                Some('f') => plain.push(12),
                Some(other) => plain.extend(other.encode_utf16(&mut [0; 2]).iter()),
                None => {}
            }
        }
        String::from_utf16(&plain).unwrap()
    }

    fn one(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_form_is_javas() {
        for (key, value, line) in [
            (
                "spark.master",
                "k8s://https://kubernetes.default.svc:443",
                "spark.master=k8s://https://kubernetes.default.svc:443",
            ),
            ("spark.driver.extraJavaOptions", "-Da=b -Dc=\"d e\"", "spark.driver.extraJavaOptions=-Da=b -Dc=\"d e\""),
            ("spark.x", "C:\\temp\\", "spark.x=C:\\\\temp\\\\"),
            ("spark.x", "a\nb\tc", "spark.x=a\\nb\\tc"),
            ("spark.x", "=v", "spark.x=\\=v"),
            ("spark.x", "ä𝄞", "spark.x=\\u00E4\\uD834\\uDD1E"),
            ("spark.x", "", "spark.x="),
            ("spark.a b:c=d#e!", "1", "spark.a\\ b\\:c\\=d\\#e\\!=1"),
        ] {
            assert_eq!(render(&one(key, value)).unwrap(), format!("# Written by codriver-init.\n{line}\n"));
        }
    }

    #[test]
    fn what_cannot_be_carried_is_refused_with_the_reason() {
        for (key, value) in [("", "v"), ("spark.x", " v"), ("spark.x", "v\n"), ("spark.x", "\u{0}v")] {
            assert!(render(&one(key, value)).unwrap_err()[0].cause.contains("Spark trims"), "{value:?}");
        }
    }

    #[test]
    fn the_little_parser_reads_what_people_write() {
        let text = "  ! no\n# no\na b\nc : d\ne==f\ng = h \ni=1\\\n  2\nj\\u0041=k\\q\n";
        let expected = [("a", "b"), ("c", "d"), ("e", "=f"), ("g", "h"), ("i", "12"), ("jA", "kq")];
        assert_eq!(read(text), expected.into_iter().map(|(k, v)| (k.into(), v.into())).collect());
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            properties in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8)
        ) {
            if let Ok(text) = render(&properties) {
                prop_assert_eq!(read(&text), properties);
            }
        }

        #[test]
        fn all_but_outer_blanks_is_carried(key in "\\PC{1,10}", value in any::<String>()) {
            let properties = one(&key, value.trim_matches(is_blank));
            prop_assert_eq!(read(&render(&properties).unwrap()), properties);
        }
    }
}
