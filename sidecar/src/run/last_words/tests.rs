//! What is told of real output (in `samples/`, shortened: of each Java stack the first line) and of odd output.

use proptest::prelude::*;

use super::{
    Stream::{Stderr, Stdout},
    *,
};

fn after(text: &str) -> LastWords {
    let mut words = LastWords::default();
    words.feed(Stderr, text.as_bytes());
    words
}

fn told(text: &str) -> Option<String> {
    after(text).words()
}

const JAVA: &str = "26/11/23 05:00:00 ERROR Executor: something\n\
    Exception in thread \"main\" org.apache.spark.SparkException: Job aborted\n\tat a.B.c(B.scala:1)\n\
    Caused by: java.io.IOException: first\n\t... 3 more\nCaused by: java.net.ConnectException: refused\n\tat d.E\n";
const PYTHON: &str = "Traceback (most recent call last):\n  File \"job.py\", line 3, in <module>\n    1 / 0\n\
    ZeroDivisionError: division by zero\n26/11/23 INFO SparkContext: SparkContext is stopping with exitCode 0 from stop at\n";

#[test]
fn the_last_exception_is_told_of_what_spark_and_python_really_print() {
    const STAGE: &str = "org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 0.0 failed 1 times, most \
        recent failure: Lost task 1.0 in stage 0.0 (TID 1) (localhost executor driver): org.apache.spark.api.python.PythonException: \
        ZeroDivisionError: division by zero — Caused by: org.apache.spark.api.python.PythonException: ZeroDivisionError: division by \
        zero";
    for (sample, said) in [
        (include_str!("samples/spark-3.5-stage.stdout"), STAGE),
        (include_str!("samples/spark-3.5-direct.stderr"), STAGE),
        (
            include_str!("samples/spark-3.5-hive.stderr"),
            "Exception in thread \"main\" org.apache.spark.sql.AnalysisException: org.apache.hadoop.hive.ql.metadata.HiveException: \
             java.lang.RuntimeException: Unable to instantiate org.apache.hadoop.hive.ql.metadata.SessionHiveMetaStoreClient — Caused \
             by: ERROR XSLAN: Database at /job/metastore_db has an incompatible format with the current version of the software.  The \
             database was created by or upgraded by version 10.16.",
        ),
        (
            include_str!("samples/spark-3.5-parser.stdout"),
            "pyspark.errors.exceptions.captured.ParseException: [PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)",
        ),
        (include_str!("samples/spark-3.5-udf.stdout"), "ValueError: invalid literal for int() with base 10: 'a'"),
        (
            include_str!("samples/python-3.11-group.stderr"),
            "ExceptionGroup: two tables failed (3 sub-exceptions) — ValueError: no such table: a",
        ),
        (include_str!("samples/spark-4.3-stage.stdout"), "ZeroDivisionError: division by zero"),
        (
            include_str!("samples/spark-4.3-path.stdout"),
            "org.apache.hadoop.mapred.InvalidInputException: Input path does not exist: file:/nonexistent/x — Caused by: \
             java.io.IOException: Input path does not exist: file:/nonexistent/x",
        ),
        (
            include_str!("samples/spark-4.3-source.stdout"),
            "org.apache.spark.SparkClassNotFoundException: [DATA_SOURCE_NOT_FOUND] Failed to find the data source: nosuch. Make sure \
             the provider name is correct and the package is properly registered and compatible with your Spark version. SQLSTATE: \
             42K02 — Caused by: java.lang.ClassNotFoundException: nosuch.DefaultSource",
        ),
        (
            include_str!("samples/spark-4.3-column.stdout"),
            "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function \
             parameter with name `nosuch` cannot be resolved. Did you mean one of the following? [`id`]. SQLSTATE: 42703;",
        ),
        (
            "  File \"/job/syntax.py\", line 4\n    y ==== 3\n        ^^\nSyntaxError: invalid syntax\n",
            "SyntaxError: invalid syntax",
        ),
        (
            "  File \"/job/indent.py\", line 2\n    return 1\n    ^\nIndentationError: expected an indented block after function \
             definition on line 1\n",
            "IndentationError: expected an indented block after function definition on line 1",
        ),
    ] {
        assert_eq!(told(sample).as_deref(), Some(said));
    }
}

#[test]
fn an_exception_comes_with_its_last_cause_and_an_error_of_the_log_for_want_of_one() {
    for (text, words) in [
        (
            JAVA,
            Some(
                "Exception in thread \"main\" org.apache.spark.SparkException: Job aborted — Caused by: \
                 java.net.ConnectException: refused",
            ),
        ),
        (PYTHON, Some("ZeroDivisionError: division by zero")),
        (
            "a\n26/11/23 05:00:00 ERROR Utils: Aborting task\nINFO b\n",
            Some("26/11/23 05:00:00 ERROR Utils: Aborting task"),
        ),
        ("Error: Failed to load class a.B.\n26/11/23 INFO x\n", Some("Error: Failed to load class a.B.")),
        ("Caused by: nothing before\n", None),
        ("all is well\n", None),
        ("Traceback (most recent call last):\n  File\n", None),
        ("  File \"a.csv\", line 4\nis bad\nValueError: no\n", None),
        ("ExpiredToken without an end of line", None),
    ] {
        assert_eq!(told(text).as_deref(), words, "{text}");
    }
}

#[test]
fn the_last_line_counts_without_its_end() {
    for (text, words) in [
        ("Traceback (most recent call last):\n  File\nKeyError: 'x'", "KeyError: 'x'"),
        ("Exception in thread \"main\" a.B", "Exception in thread \"main\" a.B"),
        ("Exception in thread \"main\" a.B\nCaused by: c.D: e", "Exception in thread \"main\" a.B — Caused by: c.D: e"),
    ] {
        assert_eq!(told(text).as_deref(), Some(words));
    }
}

#[test]
fn the_log_of_a_jvm_in_the_midst_of_a_traceback_is_not_its_exception() {
    let log = "26/11/23 08:00:00 ERROR TaskSetManager: Task 1 in stage 0.0 failed 1 times; aborting job";
    for foreign in [
        log.into(),
        format!("{log}\njava.io.IOException: No space left\n\tat a.B.c(B.java:1)\n\t... 3 more"),
        "WARN: something".into(),
        "{\"ts\":\"2026-11-23T08:00:00Z\",\"level\":\"ERROR\",\"msg\":\"a: b\"}".into(),
        "\r[Stage 0:>                (0 + 2) / 2]\r            \r".into(),
        "^^^^^^^^^^^".into(),
    ] {
        for exception in ["KeyError: 'x'", "KeyboardInterrupt", "__main__.main.<locals>.Late: x"] {
            let text =
                format!("Traceback (most recent call last):\n  File \"job.py\", line 3\n{foreign}\n{exception}\n");
            assert_eq!(told(&text).as_deref(), Some(exception), "{text}");
        }
    }
}

#[test]
fn a_traceback_without_an_end_is_given_up() {
    let log = "26/11/23 08:00:00 INFO a: b\n".repeat(1000);
    assert_eq!(told(&format!("Traceback (most recent call last):\n{log}total: 5\n")), None);
}

#[test]
fn a_later_exception_takes_the_place_of_an_earlier_one_on_whichever_stream() {
    assert_eq!(told(&format!("{JAVA}{PYTHON}")).as_deref(), Some("ZeroDivisionError: division by zero"));
    let mut words = LastWords::default();
    words.feed(Stdout, b"Traceback (most recent call last):\n  Fi");
    words.feed(Stderr, JAVA.as_bytes());
    assert!(words.clone().words().unwrap().starts_with("Exception in thread"));
    words.feed(Stdout, b"le\nKeyError: 'x'\n");
    words.feed(Stderr, b"26/11/23 08:00:00 ERROR Utils: Aborting task\n");
    assert_eq!(words.words().as_deref(), Some("KeyError: 'x'"));
}

#[test]
fn what_the_application_earned_is_read() {
    for (text, code) in [
        ("", 0),
        (JAVA, 1),
        (PYTHON, 0),
        ("Exception in thread \"pool-1\" java.lang.Error\n", 0),
        ("INFO SparkContext: SparkContext is stopping with exitCode 1 from stop at X.\n", 1),
        ("INFO SparkContext: SparkContext is stopping with exitCode 7.\n", 7),
    ] {
        assert_eq!(after(text).earned(), code, "{text}");
    }
}

#[test]
fn secrets_are_left_out_also_of_what_is_cut() {
    let told = told("Traceback (most recent call last):\nError: {\"password\": \"hunter2\"}\n");
    assert_eq!(told.as_deref(), Some("Error: {\"password\": \"…\"}"));
}

#[test]
fn little_is_kept_of_lines_that_are_long_or_no_text() {
    let mut words = after("Exception in thread \"x\" ");
    words.feed(Stderr, "a ".repeat(1 << 20).as_bytes());
    words.feed(Stderr, b"\nCaused by: \xff\xfe\n");
    let told = words.words().unwrap();
    assert!(told.ends_with("… — Caused by: \u{fffd}\u{fffd}"), "{told}");
    assert!(told.chars().count() < 450);
}

/// Lines that mean something to the reader, and others.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Traceback (most recent call last):".to_owned()),
        Just("Caused by: a.B:".into()),
        Just("py4j.protocol.Py4JJavaError: An error occurred while calling o46.collect.".into()),
        Just("\tat a.B.c".into()),
        Just("x: Traceback (most recent call last):".into()),
        "  File \"a\", line [0-9]{1,3}",
        "(Exception in thread |: |  |Caused by: |26/11/23 ERROR )?.{0,30}:?",
        "SyntaxError: .{0,600}",
        "\\PC*",
    ]
}

proptest! {
    #[test]
    fn whatever_is_printed_a_few_words_are_told_in_whatever_pieces_it_comes(
        lines in prop::collection::vec(line(), 0..30),
        cuts in prop::collection::vec(0..1000_usize, 0..20),
    ) {
        let text = lines.join("\n");
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let mut words = LastWords::default();
        for pair in cuts.windows(2) {
            words.feed(Stderr, &text.as_bytes()[pair[0]..pair[1]]);
        }
        let told = words.words();
        prop_assert!(told.as_ref().is_none_or(|told| told.chars().count() <= 2 * 401 + 3));
        prop_assert_eq!(told, after(&text).words());
    }

    #[test]
    fn no_part_of_a_secret_is_told(before in "[a-z ]{0,1100}", secret in "[A-Z0-9/+]{40}", name in "secret_key=|password: |token=") {
        let line = format!("ValueError: {before} {name}{secret} and more");
        let told = told(&format!("Traceback (most recent call last):\n{line}\n")).unwrap_or_default();
        prop_assert!(!told.contains(&secret[..4]), "{told}");
    }
}
