//! Reads the user's `spark-defaults.conf` as `java.util.Properties.load` does, and as Spark trims values afterwards.
//!
//! Rules: the documentation of `java.util.Properties.load(Reader)`.

use std::iter::Peekable;
use std::str::Chars;

/// Settings in the order of the file.
///
/// # Errors
/// An escape `\u` without four hexadecimal digits, at which Java gives up too; with the line it begins in, never a value.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut settings = Vec::new();
    let text = text.replace("\r\n", "\n");
    let mut lines = (1..).zip(text.split(['\n', '\r']));
    while let Some((number, first)) = lines.next() {
        let mut line = first.trim_start_matches(is_blank).to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while continues(&line) {
            line.pop();
            let Some((_, next)) = lines.next() else { break };
            line.push_str(next.trim_start_matches(is_blank));
        }
        let (key, value) = divide(&line);
        let wrong = || format!("line {number}: `\\u` wants four hexadecimal digits");
        let (key, value) = (unescape(key).ok_or_else(wrong)?, unescape(value).ok_or_else(wrong)?);
        settings.push((key, value.trim_matches(|c| c <= ' ').to_owned()));
    }
    Ok(settings)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Does an odd number of backslashes end it?
fn continues(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// The key ends at the first bare blank, `=` or `:`; one of the two, with blanks around it, is not part of the value.
fn divide(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c| {
        let ends = !escaped && (is_blank(c) || c == '=' || c == ':');
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some(end) = end else { return (line, "") };
    let rest = line[end..].trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).map_or(rest, |rest| rest.trim_start_matches(is_blank));
    (&line[..end], value)
}

/// None when a `\u` is not followed by four digits. Two of them may make one character; half of one becomes U+FFFD.
fn unescape(text: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = if c == '\\' { chars.next() } else { Some(c) };
        match (c, plain) {
            ('\\', Some('u')) => units.push(four_digits(&mut chars)?),
            ('\\', Some('t')) => units.push(9),
            ('\\', Some('n')) => units.push(10),
            ('\\', Some('f')) => units.push(12),
            ('\\', Some('r')) => units.push(13),
            (_, Some(c)) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            (_, None) => {}
        }
    }
    Some(String::from_utf16_lossy(&units))
}

fn four_digits(chars: &mut Peekable<Chars<'_>>) -> Option<u16> {
    (0..4).try_fold(0, |number, _| {
        let digit = chars.next()?.to_digit(16)?;
        Some(number * 16 + u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_as_java_reads_it() {
        let text = "  ! no\n# no\na b\nc : d\ne==f\ng = h \ni=1\\\r\n  2\nj\\u0041=k\\q\nlast\nm\\ n\\==o\\tp\\\\";
        let expected = [
            ("a", "b"),
            ("c", "d"),
            ("e", "=f"),
            ("g", "h"),
            ("i", "12"),
            ("jA", "kq"),
            ("last", ""),
            ("m n=", "o\tp\\"),
        ];
        assert_eq!(parse(text).unwrap(), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_broken_escape_is_told_with_its_line_and_without_its_value() {
        assert_eq!(parse("a=1\nb=hunter2\\u12g4\n").unwrap_err(), "line 2: `\\u` wants four hexadecimal digits");
    }
}
