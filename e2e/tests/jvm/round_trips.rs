//! What codriver-init's writers write is what the real parsers read; and what they refuse Hadoop would alter.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use codriver_init::hadoop::{Properties, Value, core_site};
use codriver_init::spark::properties;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::Test;
use crate::java::Java;
use crate::world::{Hadoop, World};

/// The tests.
pub const ALL: &[Test] = &[
    ("core-site.xml is read as it was meant", core_site_is_read_as_meant),
    ("what core-site.xml refuses Hadoop would alter", what_is_refused_would_be_altered),
    ("spark-defaults.conf is read as it was meant by Java's Properties", spark_defaults_are_read_as_meant),
];

/// Settings in a file, and files in a test.
const SETTINGS: usize = 12;
const FILES: u32 = 60;

/// Any text at all, or what is likely to be read as something else.
fn text() -> impl Strategy<Value = String> {
    let likely = "([ -~]|[${}.:-]|[\\\\=:#!<>&\"'/]|[\t\n\r\u{b}\u{c}\u{85}\u{a0}\u{2028}\u{feff}\u{fffd}]|\\$\\{user\\.name}|\
                  \\$\\{env\\.PATH|]]>|u00e4|ä|𝄞){0,12}";
    prop_oneof![any::<String>(), likely, "[\u{0}-\u{20}\u{7f}-\u{a0}\u{ffff}a]{0,6}"]
}

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: FILES, failure_persistence: None, ..Config::default() })
}

fn bare(hadoop: &Hadoop) -> RefCell<Java> {
    RefCell::new(Java::start(&hadoop.class_path, &BTreeMap::new(), None))
}

fn core_site_is_read_as_meant(_: &World, hadoop: &Hadoop) -> Result<(), String> {
    let java = bare(hadoop);
    let value = (text(), any::<bool>()).prop_map(|(text, expands)| match expands {
        true => Value::expanding(text, false),
        false => Value::new(text),
    });
    let settings = prop::collection::vec((text(), value), 0..SETTINGS);
    let outcome = runner().run(&settings, |settings| {
        // One that cannot be carried must not spoil the others' test.
        let carried = settings.into_iter().filter(|one| core_site::render(&[one.clone()].into()).is_ok());
        let meant: Properties = carried.collect();
        let xml = core_site::render(&meant).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        let mut java = java.borrow_mut();
        let file = java.file(&xml);
        let read = java.ask("configuration", &[file.to_str().unwrap()]).map_err(TestCaseError::fail)?;
        prop_assert_eq!(read.len(), meant.len() * 3, "{:?}", read);
        for setting in read.chunks(3) {
            let [name, raw, value] = setting else { unreachable!("chunks of three") };
            let meant = meant.get(name).map(|value| (value.text(), value.expands()));
            prop_assert_eq!(Some(raw.as_str()), meant.map(|(text, _)| text), "{:?}", name);
            if meant.is_some_and(|(_, expands)| !expands) {
                prop_assert_eq!(value, raw, "{:?} was altered by get()", name);
            }
        }
        Ok(())
    });
    outcome.map_err(|error| error.to_string())
}

/// Each is refused by the writer; written by hand, the real parser makes something else of it, or nothing at all.
fn what_is_refused_would_be_altered(_: &World, hadoop: &Hadoop) -> Result<(), String> {
    let mut java = Java::start(&hadoop.class_path, &BTreeMap::new(), None);
    for (name, value, xml) in [
        ("n", "a${user.name}", "a${user.name}"),
        ("n", "", ""),
        (" n", "v", "v"),
        ("n", "a\u{1}", "a&#1;"),
        ("n", "a\u{fffe}", "a&#xfffe;"),
    ] {
        assert!(core_site::render(&[(name.to_owned(), Value::new(value))].into()).is_err(), "{name:?} {value:?}");
        let text =
            format!("<configuration><property><name>{name}</name><value>{xml}</value></property></configuration>");
        let file = java.file(&text);
        if let Ok(read) = java.ask("configuration", &[file.to_str().unwrap()])
            && read == [name, value, value]
        {
            return Err(format!("{name:?} = {value:?} is read as it was meant"));
        }
    }
    Ok(())
}

fn spark_defaults_are_read_as_meant(_: &World, hadoop: &Hadoop) -> Result<(), String> {
    read_by(&bare(hadoop), "properties")
}

/// Spark as a whole: its launcher, which reads the file first, and then `spark-submit`, which hands it to the program.
pub fn spark_submit_reads_as_meant(world: &World, home: &Path) -> Result<(), String> {
    let mut runner = runner();
    let setting = (text().prop_map(|key| format!("spark.test.{key}")), text());
    let several = prop::collection::vec(setting, 300).new_tree(&mut runner).map_err(|reason| reason.to_string())?;
    let mut meant: BTreeMap<String, String> = several.current().into_iter().collect();
    meant.retain(|key, value| properties::render(&[(key.clone(), value.clone())].into()).is_ok());
    let file = properties::render(&meant).map_err(|faults| format!("{faults:?}"))?;
    let class_path = &world.hadoops[0].class_path;
    let server = class_path.split(':').next().unwrap_or_default();
    let mut java = Java::submit(home, server, &file);
    let read = java.ask("system", &[])?;
    let read = read.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    let read: BTreeMap<String, String> = read.filter(|(key, _)| key.starts_with("spark.test.")).collect();
    if read != meant {
        let of_one = |map: &BTreeMap<String, String>, other: &BTreeMap<String, String>| -> Vec<(String, String)> {
            map.iter()
                .filter(|(key, value)| other.get(*key) != Some(value))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        return Err(format!("meant {:?}, read {:?}", of_one(&meant, &read), of_one(&read, &meant)));
    }
    read_by(&RefCell::new(java), "spark")
}

/// The same for each that reads properties.
fn read_by(java: &RefCell<Java>, verb: &str) -> Result<(), String> {
    let settings = prop::collection::vec((text(), text()), 0..SETTINGS);
    let outcome = runner().run(&settings, |settings| {
        let carried = settings.into_iter().filter(|one| properties::render(&[one.clone()].into()).is_ok());
        let meant: BTreeMap<String, String> = carried.collect();
        let text = properties::render(&meant).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        let mut java = java.borrow_mut();
        let file = java.file(&text);
        let read = java.ask(verb, &[file.to_str().unwrap()]).map_err(TestCaseError::fail)?;
        let read = read.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        prop_assert_eq!(meant, read);
        Ok(())
    });
    outcome.map_err(|error| error.to_string())
}
