//! Writes `core-site.xml` so that Hadoop's `Configuration` reads back exactly what was meant.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::failure::Fault;

/// Renders Hadoop settings as XML.
///
/// # Errors
/// A setting that XML, or Hadoop's reading of it, cannot carry.
pub fn render(properties: &BTreeMap<String, String>) -> Result<String, Fault> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by codriver-init. -->\n<configuration>\n",
    );
    for (name, value) in properties {
        check(name, value).map_err(|(reason, remedy)| {
            Fault::new(format!("core-site.xml cannot carry `{}`: {reason}", name.escape_debug()), remedy)
        })?;
        let _ = writeln!(xml, "  <property><name>{}</name><value>{}</value></property>", escape(name), escape(value));
    }
    xml.push_str("</configuration>\n");
    Ok(xml)
}

fn check(name: &str, value: &str) -> Result<(), (&'static str, &'static str)> {
    if name.is_empty() || name.trim() != name {
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
    Ok(())
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
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

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
                    "name" => text.trim().clone_into(&mut name),
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

    fn one(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
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
        ] {
            let fault = render(&one(name, value)).unwrap_err();
            assert!(fault.cause.contains(reason), "{fault:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(properties in prop::collection::btree_map("\\PC{1,20}", any::<String>(), 0..8)) {
            if let Ok(xml) = render(&properties) {
                prop_assert_eq!(read(&xml), properties);
            }
        }

        #[test]
        fn all_that_xml_has_is_carried(value in "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{1,40}") {
            let properties = one("n", &value);
            prop_assert_eq!(read(&render(&properties).unwrap()), properties);
        }
    }
}
