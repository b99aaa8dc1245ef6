//! Leaves secrets out of a line of the driver's: what follows a name such as `password`, a URL's password, and what looks like a key
//! or a token.
//!
//! It is for one line that people are to see, so it would rather take too much than too little; but an `ExpiredToken: The provided
//! token has expired` must stay, since it explains.

/// Parts of names whose values are secrets: Spark's `spark.redaction.regex`, what signed URLs bear, and what others write.
const NAMES: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "token",
    "accesskey",
    "apikey",
    "privatekey",
    "credential",
    "signature",
];
/// Whole names after which even `: value`, as YAML writes it, is one. Shells say `pwd: command not found`.
const WHOLE: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "secretkey",
    "accesskey",
    "secretaccesskey",
    "sessiontoken",
    "apikey",
    "privatekey",
];
/// After these words of an `Authorization` header comes a token.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
/// No token is shorter; most words are.
const SHORTEST_TOKEN: usize = 16;
/// Longer words after a name are no `is`, `was` or `must`.
const LONGEST_PROSE: usize = 4;
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
        if let Some(end) = end_of_url_password(&line[..line.len() - rest.len()], after) {
            said.push(MASK);
            rest = &after[end..];
        } else if is_secret(before, &after[..gap]) {
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
    let mut before = "";
    let words = said.split(' ').map(|word| {
        let hidden = if is_told_by(before, word) { MASK.to_string() } else { without_keys(word) };
        if !word.is_empty() {
            before = word;
        }
        hidden
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where the password of `scheme://user:password@host` ends, if this colon is the one before it.
fn end_of_url_password(until_colon: &str, after: &str) -> Option<usize> {
    let user = until_colon.strip_suffix(':')?.rsplit("://").next()?;
    let is_user = user.len() + 1 < until_colon.len() && !user.contains(['/', ' ', '"', '\'', '?', '#', '@', ':']);
    let authority = &after[..after.find(['/', ' ', '"', '\'', '?', '#']).unwrap_or(after.len())];
    authority.rfind('@').filter(|end| is_user && *end > 0)
}

/// Whether the word is a secret by the one before it: `--password x`, `aws_secret_access_key x`, `Bearer x`.
fn is_told_by(before: &str, word: &str) -> bool {
    let name = before.trim_start_matches(['"', '\'', '(', '[', '{']);
    let is_prose = word.len() <= LONGEST_PROSE && word.bytes().all(|b| b.is_ascii_lowercase());
    if word.is_empty() || name.ends_with(['=', ':', ',', '.', MASK]) {
        false
    } else if name.starts_with("--") {
        has_secret_name(name) && !word.starts_with("--")
    } else if name.contains('_') {
        has_secret_name(name) && !is_prose
    } else {
        let is_token = word.len() >= SHORTEST_TOKEN && word.bytes().any(|b| b.is_ascii_digit());
        is_token
            && SCHEMES
                .contains(&name.rsplit([':', '=', '"', '\'']).next().unwrap_or_default().to_ascii_lowercase().as_str())
    }
}

/// Whether it is one name, without a value, and of a secret.
fn has_secret_name(name: &str) -> bool {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_name && NAMES.iter().any(|part| plain(name).contains(part))
}

/// A name without what people put between its words.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['.', '_', '-'], "")
}

/// Whether what follows is a secret, by the name before the sign and what is between the sign and the value.
fn is_secret(before: &str, gap: &str) -> bool {
    let quoted = before.ends_with(['"', '\'']);
    let name = before.trim_end_matches(['"', '\'', '\\', ' ']);
    let name = name.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).next().unwrap_or_default();
    let whole = plain(name);
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
            ("Authorization: Bearer ya29.a0AfH6SMBx-1234", "Authorization: Bearer …"),
            ("{'Authorization': 'Basic dXNlcjpodW50ZXIyMTIz'}", "{'Authorization': 'Basic …"),
            ("passwd=hunter2 pwd=hunter2", "passwd=… pwd=…"),
            ("passphrase=a api_key=b apikey=c private_key=d", "passphrase=… api_key=… apikey=… private_key=…"),
            ("jdbc:sqlserver://db;user=u;pwd=hunter2;encrypt=true", "jdbc:sqlserver://db;user=u;pwd=…;encrypt=true"),
            ("GET https://me:hunter2@host:9000/x?y=1 failed", "GET https://me:…@host:9000/x?y=1 failed"),
            ("mongodb://me:hun@ter2@host", "mongodb://me:…@host"),
            ("redis://:hunter2@host", "redis://:…@host"),
            ("exit code 1: psql --password hunter2 --host db", "exit code 1: psql --password … --host db"),
            ("mysql --password  hunter", "mysql --password  …"),
            ("aws_secret_access_key wJalrXUtnFEMI", "aws_secret_access_key …"),
        ] {
            assert_eq!(masked(line), said);
        }
        for line in [
            "AmazonS3Exception: ExpiredToken: The provided token has expired",
            "java.io.IOException: No credentials: tried a, b",
            "KeyError: 'x'",
            "a == b: c",
            "The password is wrong, the token expired yesterday",
            "aws_session_token is not set",
            "MY_TOKEN must begin with a letter",
            "https://host:9000/path/a@b",
            "s3a://bucket/key: getFileStatus on s3a://bucket/key@version:7: 403",
            "org.apache.spark.sql.Dataset@1a2b3c4d: x@y",
            "pwd: command not found",
            "mail to: a@b.example",
            "Bearer token is missing, Basic authentication-is-not-supported",
            "--password",
            "got 12:30:05 user@host",
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
        fn what_is_masked_stays_masked(line in "([a-z=:&;' \"@_-]|token|password|--|\\PC){0,60}") {
            let said = masked(&line);
            prop_assert_eq!(masked(&said), said);
        }

        #[test]
        fn no_part_of_a_secret_stays(
            secret in "[a-zA-Z0-9/+,()\\[\\]{}!#]{12}",
            (begin, end) in prop_oneof![
                Just(("password=", "")), Just(("password=", "&ssl=true")), Just(("--password='", "'")), Just(("\"token\": \"", "\"")),
                Just(("secret.key: ", " b")), Just(("--password ", " --x")), Just(("db_password ", "")), Just(("'secret_key': 'a ", " b'")), Just(("{\\\"token\\\":\\\"", "\\\"}")),
            ],
        ) {
            let said = masked(&format!("before {begin}{secret}{end}"));
            let parts: Vec<_> = secret.as_bytes().windows(4).filter(|part| said.as_bytes().windows(4).any(|said| said == *part)).collect();
            prop_assert!(parts.is_empty(), "{}", said);
            prop_assert!(said.starts_with("before "));
        }

        #[test]
        fn no_password_of_a_url_stays(secret in "[a-zA-Z0-9+,()!%:@]{12}", user in "[a-z]{0,3}") {
            let said = masked(&format!("before s3://{user}:{secret}@host/x:y@z"));
            prop_assert_eq!(said, format!("before s3://{user}:…@host/x:y@z"));
        }

        #[test]
        fn a_secret_of_letters_never_stays(secret in "[a-z]{12}", sign in "=|: \"|:\"|=\"") {
            let line = format!("a \"db.password\"{sign}{secret}\" b");
            prop_assert!(!masked(&line).contains(&secret), "{}", masked(&line));
        }
    }
}
