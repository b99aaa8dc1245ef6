//! The user's own settings, one `key=value` a line, as `CODRIVER_SPARK_CONF` and `CODRIVER_HADOOP_CONF` hold them.

use crate::hadoop::names_a_secret;

/// Settings in the order in which they were written.
pub type Lines = Vec<(String, String)>;

/// Reads lines. Empty lines and lines that begin with `#` do not count.
///
/// # Errors
/// Every line that cannot be used, with its number and the reason; never its value.
pub fn parse(text: &str) -> Result<Lines, Vec<String>> {
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(line) {
            Ok(pair) => lines.push(pair),
            Err(problem) => wrong.push(format!("line {}: {problem}", number + 1)),
        }
    }
    if wrong.is_empty() { Ok(lines) } else { Err(wrong) }
}

fn parse_line(line: &str) -> Result<(String, String), String> {
    let Some((key, value)) = line.split_once('=') else {
        return Err("it is not key=value".to_owned());
    };
    let (key, value) = (key.trim_end(), value.trim_start());
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("its key is empty or has blanks".to_owned());
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("the value of `{key}` has control characters"));
    }
    if names_a_secret(key) {
        return Err(format!("`{key}` is a secret, which must not stand in a configuration file that Spark copies"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_pairs() {
        let text = "# ours\n\nspark.a = 1\n  spark.b=x=y # z \nspark.c=\n";
        let expected = [("spark.a", "1"), ("spark.b", "x=y # z"), ("spark.c", "")];
        assert_eq!(parse(text).unwrap(), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn every_wrong_line_is_told_without_its_value() {
        let text = "nothing\n=1\nspark.ok=1\nfs.s3a.secret.key=hunter2\nspark.x=a\u{1}b\na b=1";
        let wrong = parse(text).unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert!(!wrong.join(" ").contains("hunter2"));
        assert!(wrong[2].starts_with("line 4: `fs.s3a.secret.key` is a secret"), "{wrong:?}");
    }

    #[test]
    fn references_to_secrets_are_welcome() {
        for line in [
            "spark.kubernetes.executor.secretKeyRef.DB_PASSWORD_FILE=db:file",
            "fs.s3a.aws.credentials.provider=com.example.Provider",
            "hadoop.security.credential.provider.path=localjceks://file/etc/keys.jceks",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }
}
