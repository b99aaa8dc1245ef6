//! What Spark was told: a driver's settings, as far as codriver must know them.
//!
//! They stand in the attempt's `spark-defaults.conf`, into which the wrapper copies what it sees on the driver's command line.
//! What the job's code sets, which wins over both, nobody outside the JVM can see.

use std::{collections::BTreeMap, ffi::OsString, fs, io, path::Path};

/// Whether Spark removes its executors itself when it stops (Spark: `KUBERNETES_DELETE_EXECUTORS`).
pub const DELETE_ON_TERMINATION: &str = "spark.kubernetes.executor.deleteOnTermination";
/// Who makes the executors' pods: `direct`, `statefulset` or `deployment` (Spark: `KUBERNETES_ALLOCATION_PODS_ALLOCATOR`).
pub const ALLOCATOR: &str = "spark.kubernetes.allocation.pods.allocator";
/// Where the executors are.
pub const NAMESPACE: &str = "spark.kubernetes.namespace";

/// What is copied from a command line: settings that codriver acts by, and no other, since a value may be a secret.
const COPIED: [&str; 12] = [
    ALLOCATOR,
    DELETE_ON_TERMINATION,
    NAMESPACE,
    "spark.driver.port",
    "spark.dynamicAllocation.enabled",
    "spark.dynamicAllocation.initialExecutors",
    "spark.dynamicAllocation.minExecutors",
    "spark.executor.cores",
    "spark.executor.instances",
    "spark.executor.memory",
    "spark.kubernetes.executor.container.image",
    "spark.master",
];

/// Options of `spark-submit` that are short for a setting (Spark: `SparkSubmitArguments`).
const SHORT: [(&str, &str); 4] = [
    ("--executor-cores", "spark.executor.cores"),
    ("--executor-memory", "spark.executor.memory"),
    ("--master", "spark.master"),
    ("--num-executors", "spark.executor.instances"),
];

/// Options without a value (Spark: `SparkSubmitOptionParser.switches`).
const SWITCHES: [&str; 7] =
    ["--help", "-h", "--load-spark-defaults", "--supervise", "--usage-error", "--verbose", "-v"];

/// Settings, the last of equal keys.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SparkConf(BTreeMap<String, String>);

impl SparkConf {
    /// The file's settings; none without it. A file that cannot be read is said, and is as good as none.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        match fs::read_to_string(path) {
            Ok(text) => Self::read(&text),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "cannot read Spark's settings; going by the defaults");
                }
                Self::default()
            }
        }
    }

    /// Reads Java's properties (`java.util.Properties.load`), values trimmed as Spark does it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut settings = BTreeMap::new();
        let mut lines = text.lines().map(|line| line.trim_start_matches(BLANKS));
        while let Some(line) = lines.next() {
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let mut line = line.to_owned();
            // An odd number of backslashes at the end: the line goes on.
            while line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
                line.pop();
                line.push_str(lines.next().unwrap_or_default());
            }
            let (key, value) = split(&line);
            settings.insert(plain(key), plain(value).trim().to_owned());
        }
        Self(settings)
    }

    /// The setting, if it was made.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Those whose key begins so, without that beginning.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let rest = move |(key, value): (&'a String, &'a String)| Some((key.strip_prefix(prefix)?, value.as_str()));
        self.0.iter().filter_map(rest)
    }
}

/// Those of a driver's command line that are copied, as lines of `spark-defaults.conf`; none when it is no `spark-submit`.
#[must_use]
pub fn of_command(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let is_spark =
        |word: &str| matches!(word.rsplit('/').next(), Some("spark-submit" | "pyspark" | "spark-shell" | "spark-sql"));
    // The official image's entrypoint calls spark-submit when its first argument is `driver`.
    let is_entrypoint = |pair: &[String]| pair[0].ends_with("entrypoint.sh") && pair[1] == "driver";
    let begin = words.iter().position(|word| is_spark(word)).map(|at| at + 1);
    let begin = begin.or_else(|| words.windows(2).position(is_entrypoint).map(|at| at + 2));
    let mut lines = String::new();
    let mut words = words.iter().skip(begin.unwrap_or(usize::MAX)).map(String::as_str);
    // The first word that is no option is the application; what follows is its own.
    while let Some(option) = words.next().filter(|word: &&str| word.starts_with('-')) {
        let (option, value) = match option.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, value),
            _ if SWITCHES.contains(&option) => continue,
            _ => (option, words.next().unwrap_or_default()),
        };
        let setting = match option {
            "--conf" | "-c" => value.split_once('='),
            _ => SHORT.iter().find(|(short, _)| *short == option).map(|(_, key)| (*key, value)),
        };
        let copied = setting.filter(|(key, value)| COPIED.contains(&key.trim()) && !value.contains(['\n', '\r']));
        if let Some((key, value)) = copied {
            lines.extend([key.trim(), "=", &value.replace('\\', "\\\\"), "\n"]);
        }
    }
    lines
}

/// What Java skips at the beginning of a line, and between a key and its value.
const BLANKS: [char; 3] = [' ', '\t', '\x0c'];

/// A key ends at the first bare blank, `=` or `:`.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c| {
        let ends = !escaped && (BLANKS.contains(&c) || matches!(c, '=' | ':'));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(BLANKS);
    (key, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(BLANKS))
}

/// Without the escapes. What is no character of its own (half of a pair) is a replacement character: no setting of ours has one.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let c = match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('t')) => '\t',
            ('\\', Some('f')) => '\x0c',
            ('\\', Some('u')) => {
                let digits: String = rest.by_ref().take(4).collect();
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            ('\\', Some(other)) => other,
            ('\\', None) => continue,
            (other, _) => other,
        };
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn settings_are_read_as_java_reads_them() {
        let text = "# a comment\n! another\n\nspark.a=1\nspark.b 2\n  spark.c : 3 \nspark.d\nspark.e=x=y\n\
                    spark\\ f\\==g\\u00e4\\tt\nspark.long=one,\\\n   two\nspark.a=last\nspark.open=z\\";
        let conf = SparkConf::read(text);
        for (key, value) in [
            ("spark.a", "last"),
            ("spark.b", "2"),
            ("spark.c", "3"),
            ("spark.d", ""),
            ("spark.e", "x=y"),
            ("spark f=", "gä\tt"),
            ("spark.long", "one,two"),
            ("spark.open", "z"),
        ] {
            assert_eq!(conf.get(key), Some(value), "{key}");
        }
        assert_eq!(conf.get("# a"), None);
    }

    #[test]
    fn without_the_file_nothing_is_set() {
        assert_eq!(SparkConf::load(Path::new("/nonexistent")), SparkConf::default());
    }

    #[test]
    fn of_a_command_only_the_options_of_spark_submit_are_taken_and_of_these_what_codriver_needs() {
        let keep = "spark.kubernetes.executor.deleteOnTermination=false";
        for (command, lines) in [
            (format!("/opt/spark/bin/spark-submit --conf {keep} job.py"), format!("{keep}\n")),
            (format!("tini -s -- spark-submit -v --conf={keep} job.py"), format!("{keep}\n")),
            (format!("/opt/entrypoint.sh driver -c {keep} --class Main job.jar"), format!("{keep}\n")),
            (
                "spark-submit --num-executors 0 --master=local[2] job.py".into(),
                "spark.executor.instances=0\nspark.master=local[2]\n".into(),
            ),
            (format!("spark-submit job.py --conf {keep}"), String::new()),
            (format!("spark-submit --name --conf {keep}"), String::new()),
            (format!("python job.py --conf {keep}"), String::new()),
            ("spark-submit --conf spark.hadoop.fs.s3a.secret.key=hunter2 job.py".into(), String::new()),
            ("spark-submit --conf".into(), String::new()),
            (String::new(), String::new()),
        ] {
            let words: Vec<OsString> = command.split_whitespace().map(Into::into).collect();
            assert_eq!(of_command(&words), lines, "{command}");
        }
    }

    proptest! {
        #[test]
        fn what_is_copied_from_a_command_is_read_back(value in "[ -~]{0,20}") {
            let words = ["spark-submit".into(), "--conf".into(), format!("spark.master={value}").into()];
            let lines = of_command(&words);
            let conf = SparkConf::read(&lines);
            prop_assert_eq!(conf.get("spark.master"), Some(value.trim()));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = SparkConf::read(&text);
        }
    }
}
