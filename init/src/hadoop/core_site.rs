//! Writes `core-site.xml` so that Hadoop's `Configuration` reads back exactly what was meant.

use std::fmt::Write as _;

use crate::failure::Fault;
use crate::hadoop::Properties;

/// Renders Hadoop settings as XML.
///
/// # Errors
/// Each setting that XML, or Hadoop's reading of it, would alter. A secret's value is never quoted.
pub fn render(properties: &Properties) -> Result<String, Vec<Fault>> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by codriver-init. -->\n<configuration>\n",
    );
    let mut faults = Vec::new();
    for (name, value) in properties {
        if let Err((reason, remedy)) = check(name, value.text(), value.expands()) {
            let cause = format!("core-site.xml cannot carry `{}`: {reason}", name.escape_debug());
            faults.push(Fault::new(cause, remedy));
        }
        let _ = writeln!(
            xml,
            "  <property><name>{}</name><value>{}</value></property>",
            escape(name),
            escape(value.text())
        );
    }
    xml.push_str("</configuration>\n");
    if faults.is_empty() { Ok(xml) } else { Err(faults) }
}

fn check(name: &str, value: &str, expands: bool) -> Result<(), (&'static str, &'static str)> {
    if name.is_empty() || name.trim_matches(is_blank) != name {
        return Err(("Hadoop trims names", "write the name without blanks around it"));
    }
    if value.is_empty() {
        return Err((
            "Hadoop ignores empty values",
            "write it as spark.hadoop.…= in CODRIVER_SPARK_CONF, which carries empty values",
        ));
    }
    if [name, value].iter().any(|text| !text.chars().all(is_xml)) {
        return Err(("it has control characters, which XML cannot hold", "use another value"));
    }
    if !expands && has_reference(value) {
        return Err((
            "Hadoop would put something else in place of its `${…}`, and has no way to say that it should not",
            "where that is meant, put the setting into the file of CODRIVER_HADOOP_CONF_FILE",
        ));
    }
    Ok(())
}

/// What Java's `trim` takes away: everything up to the space.
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// Would Hadoop expand something in it? The pattern of `Configuration.substituteVars`: `${`, then at least one character
/// that is neither `}` nor `$` nor a space, then `}`.
pub fn has_reference(value: &str) -> bool {
    value.match_indices("${").any(|(at, _)| {
        let name = &value[at + 2..];
        name.find(['}', '$', ' ']).is_some_and(|end| end > 0 && name[end..].starts_with('}'))
    })
}

/// The characters of XML 1.0. Rust's strings hold no surrogates.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// A carriage return would become a line feed, and a `>` could end a `]]>`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hadoop::Value;
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;
    use std::collections::BTreeMap;

    /// What Hadoop does, with an XML parser that is not ours: text of `name` trimmed, text of `value` as it stands.
    fn read(xml: &str) -> BTreeMap<String, String> {
        let mut reader = Reader::from_str(xml);
        let (mut properties, mut name, mut text) = (BTreeMap::new(), String::new(), String::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(_) => text.clear(),
                // XML turns a plain CR, alone or before LF, into LF.
                Event::Text(part) => text.push_str(&part.replace("\r\n", "\n").replace('\r', "\n")),
                Event::GeneralRef(part) => match part.resolve_char_ref().unwrap() {
                    Some(c) => text.push(c),
                    None => text.push(match &*part {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        other => panic!("unknown entity {other}"),
                    }),
                },
                Event::End(end) => match end.name().as_ref() {
                    "name" => text.trim_matches(is_blank).clone_into(&mut name),
                    "value" => {
                        properties.insert(name.clone(), text.clone());
                    }
                    _ => {}
                },
                Event::Eof => return properties,
                _ => {}
            }
        }
    }

    fn one(name: &str, value: &str) -> Properties {
        Properties::from([(name.to_owned(), Value::new(value))])
    }

    fn texts(properties: &Properties) -> BTreeMap<String, String> {
        properties.iter().map(|(name, value)| (name.clone(), value.text().to_owned())).collect()
    }

    #[test]
    fn the_form_is_hadoops() {
        assert_eq!(
            render(&one("fs.s3.impl", "a<b&c]]>")).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by codriver-init. -->\n<configuration>\n  \
             <property><name>fs.s3.impl</name><value>a&lt;b&amp;c]]&gt;</value></property>\n</configuration>\n"
        );
    }

    #[test]
    fn what_cannot_be_carried_is_refused_with_the_reason() {
        for (name, value, reason) in [
            ("", "v", "trims names"),
            (" n", "v", "trims names"),
            ("n", "", "ignores empty"),
            ("n", "a\u{0}b", "control characters"),
            ("n", "a\u{b}b", "control characters"),
            ("n", "a\u{fffe}b", "control characters"),
            ("n", "a${user.name}b", "something else"),
        ] {
            let faults = render(&one(name, value)).unwrap_err();
            assert!(faults[0].cause.contains(reason), "{faults:?}");
        }
    }

    #[test]
    fn references_are_what_hadoop_takes_for_them() {
        for (value, reference) in [
            ("${a}", true),
            ("x${env.HOME:-/tmp}y", true),
            ("${${a}}", true),
            ("${}", false),
            ("${a b}", false),
            ("${a$}", false),
            ("${a", false),
            ("$a}", false),
        ] {
            assert_eq!(has_reference(value), reference, "{value}");
        }
        let meant = Properties::from([("n".to_owned(), Value::expanding("${env.X}", false))]);
        assert!(render(&meant).unwrap().contains("<value>${env.X}</value>"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(values in prop::collection::btree_map("\\PC{1,20}", any::<String>(), 0..8)) {
            let properties = values.into_iter().map(|(name, value)| (name, Value::new(value))).collect();
            if let Ok(xml) = render(&properties) {
                prop_assert_eq!(read(&xml), texts(&properties));
            }
        }

        #[test]
        fn all_that_xml_has_is_carried(value in "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{1,40}") {
            prop_assume!(!has_reference(&value));
            let properties = one("n", &value);
            prop_assert_eq!(read(&render(&properties).unwrap()), texts(&properties));
        }
    }
}
