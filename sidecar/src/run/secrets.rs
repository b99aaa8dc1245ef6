//! Leaves secrets out of a line of the driver's: what follows a name such as `password`, and what looks like a key or a token.
//!
//! It is for one line that people are to see, so it would rather take too much than too little; but an `ExpiredToken: The provided
//! token has expired` must stay, since it explains.

/// Parts of names whose values are secrets: Spark's `spark.redaction.regex`, and what signed URLs bear.
const NAMES: [&str; 6] = ["secret", "password", "token", "accesskey", "credential", "signature"];
/// Whole names after which even `: value`, as YAML writes it, is one.
const WHOLE: [&str; 8] =
    ["secret", "password", "passwd", "token", "secretkey", "accesskey", "secretaccesskey", "sessiontoken"];
/// What stands for a secret.
const MASK: char = '…';

/// The line without them.
#[must_use]
pub fn masked(line: &str) -> String {
    let mut said = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        said.push_str(&rest[..=at]);
        let gap = after.len() - after.trim_start_matches([' ', '"', '\'', '\\']).len();
        rest = after;
        if is_secret(before, &after[..gap]) {
            let value = &after[gap..];
            let end = end_of_value(&after[..gap], value);
            if end > 0 {
                said.push_str(&after[..gap]);
                said.push(MASK);
                rest = &value[end..];
            }
        }
    }
    said.push_str(rest);
    said.split(' ').map(without_keys).collect::<Vec<_>>().join(" ")
}

/// Whether what follows is a secret, by the name before the sign and what is between the sign and the value.
fn is_secret(before: &str, gap: &str) -> bool {
    let quoted = before.ends_with(['"', '\'']);
    let name = before.trim_end_matches(['"', '\'', '\\', ' ']);
    let name = name.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).next().unwrap_or_default();
    let whole = name.to_ascii_lowercase().replace(['.', '_', '-'], "");
    // Prose has a blank after its colon.
    let prose = gap.starts_with(' ') && !quoted;
    if prose { WHOLE.contains(&whole.as_str()) } else { NAMES.iter().any(|part| whole.contains(part)) }
}

/// Where the value ends: one in quotes at the quote that began it, or else at a blank or where the next parameter begins (a URL's,
/// a JDBC URL's). A comma or a bracket may be part of it.
fn end_of_value(gap: &str, value: &str) -> usize {
    let Some(quote) = gap.chars().next_back().filter(|quote| "\"'".contains(*quote)) else {
        return value.find([' ', '&', ';', '"', '\'']).unwrap_or(value.len());
    };
    // JSON within a string has its quotes escaped; elsewhere an escaped quote is part of the value.
    let within_string = gap.strip_suffix(quote).is_some_and(|before| before.ends_with('\\'));
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            _ if c == quote && escaped == within_string => return if within_string { at - 1 } else { at },
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    value.len()
}

/// A word, unless an AWS access key id or a JWT is in it.
fn without_keys(word: &str) -> String {
    let is_key = |part: &str| {
        (part.starts_with("AKIA") || part.starts_with("ASIA")) && part.len() >= 16
            || part.starts_with("eyJ") && part.len() > 32
    };
    let holds = word.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).any(is_key);
    if holds { MASK.to_string() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_left_out_and_what_explains_is_not() {
        for (line, said) in [
            ("fs.s3a.secret.key=abc/def+0", "fs.s3a.secret.key=…"),
            ("SECRET_KEY=abc PASSWORD=def", "SECRET_KEY=… PASSWORD=…"),
            (
                "jdbc:postgresql://db/x?user=u&password=hunter2&ssl=true",
                "jdbc:postgresql://db/x?user=u&password=…&ssl=true",
            ),
            (r#"{"user": "u", "password": "hunter2"}"#, r#"{"user": "u", "password": "…"}"#),
            (r#"{\"token\":\"abc\"}"#, r#"{\"token\":\"…\"}"#),
            ("{'secret_key': 'abc'}", "{'secret_key': '…'}"),
            ("password: hunter2", "password: …"),
            ("{'password': 'correct horse, staple', 'a': 'b'}", "{'password': '…', 'a': 'b'}"),
            (r#"{"password": "a\"b", "c": "d"}"#, r#"{"password": "…", "c": "d"}"#),
            (r#"{"password": "a\\", "c": "d"}"#, r#"{"password": "…", "c": "d"}"#),
            (r#"password="without an end"#, r#"password="…"#),
            ("{password=a,b}c), user=u}", "{password=… user=u}"),
            (
                "https://b.s3/k?X-Amz-Credential=a%2Fb&X-Amz-Signature=00ff",
                "https://b.s3/k?X-Amz-Credential=…&X-Amz-Signature=…",
            ),
            ("id AKIAIOSFODNN7EXAMPLE, denied", "id … denied"),
            ("Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OTAifQ.x.y", "Bearer …"),
        ] {
            assert_eq!(masked(line), said);
        }
        for line in [
            "AmazonS3Exception: ExpiredToken: The provided token has expired",
            "java.io.IOException: No credentials: tried a, b",
            "KeyError: 'x'",
            "a == b: c",
            "",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_and_does_not_grow_much(line in "(\\PC|[=:'\"\\\\ ]|token|secret){0,80}") {
            let said = masked(&line);
            prop_assert!(said.chars().count() <= line.chars().count());
        }

        #[test]
        fn what_is_masked_stays_masked(line in "([a-z=:&;' \"]|token|password|\\PC){0,60}") {
            let said = masked(&line);
            prop_assert_eq!(masked(&said), said);
        }

        #[test]
        fn no_part_of_a_secret_stays(
            secret in "[a-zA-Z0-9/+,()\\[\\]{}!#]{12}",
            (begin, end) in prop_oneof![
                Just(("password=", "")), Just(("password=", "&ssl=true")), Just(("--password='", "'")), Just(("\"token\": \"", "\"")),
                Just(("secret.key: ", " b")), Just(("'secret_key': 'a ", " b'")), Just(("{\\\"token\\\":\\\"", "\\\"}")),
            ],
        ) {
            let said = masked(&format!("before {begin}{secret}{end}"));
            let parts: Vec<_> = secret.as_bytes().windows(4).filter(|part| said.as_bytes().windows(4).any(|said| said == *part)).collect();
            prop_assert!(parts.is_empty(), "{}", said);
            prop_assert!(said.starts_with("before "));
        }

        #[test]
        fn a_secret_of_letters_never_stays(secret in "[a-z]{12}", sign in "=|: \"|:\"|=\"") {
            let line = format!("a \"db.password\"{sign}{secret}\" b");
            prop_assert!(!masked(&line).contains(&secret), "{}", masked(&line));
        }
    }
}
