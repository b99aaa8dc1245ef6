//! The user's own settings for Spark and Hadoop.

use super::*;

#[test]
fn overlays_are_files_and_then_lines() {
    let said = |text: &str| Some(text.to_owned());
    let args = Args {
        spark_conf_file: said("/etc/spark.conf"),
        hadoop_conf_file: said("/etc/core-site.xml"),
        spark_conf: said("spark.a=line"),
        hadoop_conf: said("fs.a=line"),
        ..minio_args()
    };
    let xml = "<configuration><property><name>fs.a</name><value>file</value></property>\
               <property><name>fs.s3a.secret.key</name><value>hunter2</value></property>\
               <property><name>fs.b</name><value>${env.B}</value></property></configuration>";
    let files = [("/etc/spark.conf", "spark.a file\nspark.b : file\nother 1\n"), ("/etc/core-site.xml", xml)];
    let settings = parse_with(&args, &[], &files).unwrap();
    let pairs = [("spark.a", "file"), ("spark.b", "file"), ("spark.a", "line")];
    assert_eq!(settings.spark_conf, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(settings.hadoop_conf["fs.a"].text(), "line");
    assert!(settings.hadoop_conf["fs.b"].expands());
    assert!(settings.hadoop_conf["fs.s3a.secret.key"].is_secret());
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn overlays_that_cannot_be_used_are_told_without_what_is_in_them() {
    let said = |text: &str| Some(text.to_owned());
    let spark = Args { spark_conf_file: said("/f"), ..minio_args() };
    let hadoop = Args { hadoop_conf_file: said("/f"), ..minio_args() };
    for (args, text, cause) in [
        (&spark, Some("spark.x=hunter2\\u12"), "CODRIVER_SPARK_CONF_FILE /f line 1: `\\u` wants four"),
        (&spark, Some("spark.ssl.keyPassword=hunter2"), "`spark.ssl.keyPassword`, a secret"),
        (&spark, None, "CODRIVER_SPARK_CONF_FILE /f cannot be read"),
        (&hadoop, Some("<configuration><property>hunter2"), "ends in the middle"),
        (&hadoop, Some("hunter2"), "has no <configuration>"),
        (&hadoop, Some("<!DOCTYPE x><configuration/>"), "has a document type"),
        (&hadoop, Some("<configuration><xi:include href=\"hunter2\"/></configuration>"), "includes another file"),
    ] {
        let files: Vec<(&str, &str)> = text.map(|text| ("/f", text)).into_iter().collect();
        let failure = parse_with(args, &[], &files).unwrap_err();
        assert!(failure.to_string().contains(cause), "{cause} in {failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
}

#[test]
fn the_users_spark_lines_may_name_image_and_service_account() {
    let args = Args {
        executor_image: None,
        executor_service_account: None,
        spark_conf: Some(
            "spark.kubernetes.container.image=mine:1\nspark.kubernetes.authenticate.executor.serviceAccountName=x"
                .into(),
        ),
        ..minio_args()
    };
    let settings = parse(&args).unwrap();
    assert_eq!((settings.executor.image, settings.executor.service_account), (None, None));
}
