//! S3A works on `s3://` with what codriver-init wrote, in each mode, with the version told and without.

use crate::Test;
use crate::init::{Place, Volume};
use crate::java::Java;
use crate::world::{BUCKET, Hadoop, World};

/// The tests.
pub const ALL: &[Test] = &[
    ("S3A writes, lists and reads s3:// on AWS", |world, hadoop| everything(world, hadoop, Place::Aws)),
    ("S3A writes, lists and reads s3:// in a store of one's own", |world, hadoop| {
        everything(world, hadoop, Place::Own)
    }),
];

/// The first version whose SDK can ask an STS that is not AWS's, and the first with a `FileContext` for any scheme.
const OWN_STS: [u32; 3] = [3, 4, 2];
const FILE_CONTEXT: [u32; 3] = [3, 3, 6];
/// The first with version 2 of the SDK.
const SDK_V2: [u32; 3] = [3, 4, 0];

const TEMPORARY: &str = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider";

/// One JVM for one place: the environment is the same in all modes, and the configuration is read anew for each.
fn everything(world: &World, hadoop: &Hadoop, place: Place) -> Result<(), String> {
    let trusted = world.store.join("trust.p12");
    let mut java: Option<(Java, _)> = None;
    for mode in ["web-identity", "session"] {
        for told in [true, false] {
            if mode == "web-identity" && place == Place::Own && hadoop.numbers()[..] < OWN_STS[..] {
                continue;
            }
            let case = format!("mode {mode}, version {}", if told { "told" } else { "unknown" });
            let version = if told { hadoop.version.as_str() } else { "" };
            let settings = [("CODRIVER_MODE", mode), ("CODRIVER_HADOOP_VERSION", version)];
            let volume = Volume::write(world, place, &settings).map_err(|error| format!("{case}: {error}"))?;
            let environment = volume.environment();
            let (java, known) = java.get_or_insert_with(|| {
                (Java::start(&hadoop.class_path, &environment, Some(&trusted)), environment.clone())
            });
            assert_eq!(&environment, known, "{case}: the environment depends on the mode");
            works(java, &volume, hadoop, mode, told).map_err(|error| format!("{case}: {error}"))?;
        }
    }
    Ok(())
}

fn works(java: &mut Java, volume: &Volume, hadoop: &Hadoop, mode: &str, told: bool) -> Result<(), String> {
    let folder = volume.path("hadoop");
    let folder = folder.to_str().unwrap();
    for scheme in ["s3", "s3n"] {
        let file = format!("{scheme}://{BUCKET}/{}/{mode}-{told}/file", hadoop.version);
        let found = java.ask("s3", &[folder, &file])?;
        let uri = format!("{scheme}://{BUCKET}");
        let (class, provider) = ("org.apache.hadoop.fs.s3a.S3AFileSystem", provider(hadoop, mode));
        if found != [class, &uri, provider] {
            return Err(format!("{scheme}: S3 was reached by {found:?}"));
        }
    }
    if told && hadoop.numbers()[..] >= FILE_CONTEXT[..] {
        let file = format!("s3://{BUCKET}/{}/context/file", hadoop.version);
        let found = java.ask("file-context", &[folder, &file])?;
        if found != ["org.apache.hadoop.fs.s3a.S3A"] {
            return Err(format!("the FileContext is {found:?}"));
        }
    }
    Ok(())
}

/// Whose credentials S3A must have taken.
fn provider(hadoop: &Hadoop, mode: &str) -> &'static str {
    match mode {
        "session" => TEMPORARY,
        _ if hadoop.numbers()[..] < SDK_V2[..] => "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
        _ => "software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider",
    }
}
