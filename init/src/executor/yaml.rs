//! YAML as pod templates hold it, read into JSON's values.
//!
//! Plain words become what Spark's own reader makes of them (the Kubernetes client of fabric8, YAML 1.2), not what
//! kubectl does (YAML 1.1): `yes`, `no`, `on` and `off` stay text. Where both agree that a number is meant as text, its
//! text is kept: no field of a pod is a fraction, so `1.10`, `1e3` and `0x1F` are quantities or values of variables. One
//! mercy: `0644` is octal where a file mode is meant, as for kubectl; Spark before 4 would take it for 644.
//!
//! What the two read differently or not at all is refused: `<<`, keys that are not text, a key twice, tags of one's own.
//! Nothing here is recursive, and the size of what aliases expand to is bounded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

/// Values in one document, aliases expanded. A pod of a hundred containers has a few thousand.
const MOST_VALUES: usize = 20_000;
/// Levels of nesting. Pods have about ten.
const DEEPEST: usize = 64;

/// Reads the one document of a text.
///
/// # Errors
/// What is wrong, and in which line. The text itself is not quoted but for keys and names.
pub fn read(text: &str) -> Result<Value, String> {
    // JSON is YAML, but its escapes in two halves (\ud83d\ude00) are not.
    if let Some(json) = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten() {
        return Ok(json);
    }
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        reader.take(event).map_err(|problem| format!("line {}: {problem}", span.start.line()))?;
    }
    let mut documents = reader.documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) => Ok(document),
        (None, _) => Err("it is empty".to_owned()),
        _ => Err("it holds more than one document".to_owned()),
    }
}

/// A collection that is not at its end yet.
enum Open {
    List(Vec<Value>),
    /// With the key whose value comes next.
    Mapping(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Reader {
    /// Empty ones, as a stray `---` makes them, do not count.
    documents: Vec<Value>,
    /// From the outermost to the innermost, each with its anchor (0 for none) and the count of values before it.
    open: Vec<(Open, usize, usize)>,
    /// What anchors stand for, and how many values that is.
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref()),
            Event::SequenceStart(anchor, tag) => self.begin(Open::List(Vec::new()), anchor, tag.as_deref(), "seq"),
            Event::MappingStart(anchor, tag) => {
                self.begin(Open::Mapping(Map::new(), None), anchor, tag.as_deref(), "map")
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).ok_or("an alias stands within what it stands for")?;
                let (value, size) = (value.clone(), *size);
                self.count(size)?;
                self.put(value)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values += values;
        if self.values > MOST_VALUES { Err(format!("it holds more than {MOST_VALUES} values")) } else { Ok(()) }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>) -> Result<(), String> {
        let is_plain = match tag {
            None => style == ScalarStyle::Plain,
            Some(tag) => match core(tag) {
                Some("str") => false,
                Some("null" | "bool" | "int" | "float") => true,
                _ => return Err(format!("the tag {tag} is not for pods")),
            },
        };
        if let Some((Open::Mapping(entries, key @ None), ..)) = self.open.last_mut() {
            if is_plain && text == "<<" {
                return Err("`<<` is not read by Spark: write the fields out".to_owned());
            }
            if entries.contains_key(text) {
                return Err(format!("the key {text:?} is there twice"));
            }
            *key = Some(text.to_owned());
            return Ok(());
        }
        self.count(1)?;
        let is_mode = matches!(self.open.last(), Some((Open::Mapping(_, Some(key)), ..)) if is_mode(key));
        let value = if is_plain { plain(text, is_mode) } else { Value::from(text) };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), 1));
        }
        self.put(value)
    }

    fn begin(&mut self, open: Open, anchor: usize, tag: Option<&Tag>, kind: &str) -> Result<(), String> {
        if let Some(tag) = tag.filter(|tag| core(tag) != Some(kind)) {
            return Err(format!("the tag {tag} is not for pods"));
        }
        if matches!(self.open.last(), Some((Open::Mapping(_, None), ..))) {
            return Err("a key is not text".to_owned());
        }
        if self.open.len() == DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} levels deep"));
        }
        self.open.push((open, anchor, self.values));
        self.count(1)
    }

    fn end(&mut self) -> Result<(), String> {
        let Some((open, anchor, before)) = self.open.pop() else { return Ok(()) };
        let value = match open {
            Open::List(items) => Value::Array(items),
            Open::Mapping(entries, _) => Value::Object(entries),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.values - before));
        }
        self.put(value)
    }

    fn put(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut() {
            None if value.is_null() => {}
            None => self.documents.push(value),
            Some((Open::List(items), ..)) => items.push(value),
            Some((Open::Mapping(entries, key), ..)) => {
                let key = key.take().ok_or("a key is an alias")?;
                entries.insert(key, value);
            }
        }
        Ok(())
    }
}

/// The name of a tag that every YAML has.
fn core(tag: &Tag) -> Option<&str> {
    tag.is_yaml_core_schema().then_some(tag.suffix.as_str())
}

/// The fields of a pod that are file modes.
fn is_mode(key: &str) -> bool {
    matches!(key, "mode" | "defaultMode")
}

/// What a word without quotes means.
fn plain(text: &str, is_mode: bool) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_mode && text.len() > 1 && text.starts_with('0') => {
            u32::from_str_radix(text.trim_start_matches("0o"), 8).map_or_else(|_| text.into(), Value::from)
        }
        // Numbers that would be written the same again; others stay text.
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_mean_what_they_mean_to_spark() {
        for (text, expected) in [
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("True", json!(true)),
            ("false", json!(false)),
            ("'true'", json!("true")),
            ("!!str true", json!("true")),
            ("!!int 5", json!(5)),
            ("~", json!(null)),
            ("\"\"", json!("")),
            ("5", json!(5)),
            ("-5", json!(-5)),
            ("1.10", json!("1.10")),
            ("1e3", json!("1e3")),
            ("0x1F", json!("0x1F")),
            ("007", json!("007")),
            ("+5", json!("+5")),
            ("123456789012345678901234", json!("123456789012345678901234")),
            ("2026-11-23", json!("2026-11-23")),
            ("|\n  a\n  b\n", json!("a\nb\n")),
            ("{\"a\": \"\\u00e4\\/\", \"b\":\n [1,\t2.50]}", json!({"a": "ä/", "b": [1, "2.50"]})),
        ] {
            assert_eq!(read(&format!("k: {text}\n")), Ok(json!({ "k": expected })), "{text}");
        }
    }

    #[test]
    fn only_file_modes_are_octal() {
        let text = "defaultMode: 0644\nmode: 0o600\nvalue: 0644\nitems: [{mode: 420}, {mode: '0644'}, {mode: 0888}]\n";
        let expected = json!({
            "defaultMode": 0o644, "mode": 0o600, "value": "0644",
            "items": [{"mode": 420}, {"mode": "0644"}, {"mode": "0888"}],
        });
        assert_eq!(read(text), Ok(expected));
    }

    #[test]
    fn a_stray_separator_does_no_harm() {
        for text in ["---\na: 1\n", "---\na: 1\n---\n", "# c\n---\n---\na: 1\n...\n", "\u{feff}a: 1", "a: 1\r\n"] {
            assert_eq!(read(text), Ok(json!({"a": 1})), "{text:?}");
        }
    }

    #[test]
    fn json_may_have_tabs_and_escapes_of_its_own() {
        let text = "\n{\n\t\"a\": [\n\t\t1,\n\t\"\\ud83d\\ude00\"\n\t]\n}\n";
        assert_eq!(read(text), Ok(json!({"a": [1, "😀"]})));
        assert_eq!(read("{\n\t\"a\": [1,],\n\tb: 2}\n"), Ok(json!({"a": [1], "b": 2})));
    }

    #[test]
    fn aliases_are_expanded() {
        let text = "a: &x {n: [1, &y z]}\nb: *x\nc: *y\n";
        assert_eq!(read(text), Ok(json!({"a": {"n": [1, "z"]}, "b": {"n": [1, "z"]}, "c": "z"})));
    }

    #[test]
    fn what_cannot_be_read_well_is_refused_with_its_line() {
        for (text, problem) in [
            ("", "it is empty"),
            ("# nothing\n", "it is empty"),
            ("a: 1\n---\nb: 2\n", "it holds more than one document"),
            ("a: 1\na: 2\n", "line 2: the key \"a\" is there twice"),
            ("x: &a {n: m}\ny:\n  <<: *a\n", "line 3: `<<` is not read by Spark"),
            ("? [a]\n: b\n", "line 1: a key is not text"),
            ("a: &k b\n*k : c\n", "line 2: a key is an alias"),
            ("a: &a [*a]\n", "line 1: an alias stands within"),
            ("a: !secret b\n", "line 1: the tag !secret is not for pods"),
            ("a: !!set {b}\n", "line 1: the tag tag:yaml.org,2002:!set is not for pods"),
            ("a: [1\n", "line 2: while parsing a flow sequence"),
            ("a: *b\n", "line 1: "),
            ("a: b: c\n", "line 1: "),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.starts_with(problem), "{text:?}: {found}");
        }
    }

    #[test]
    fn bombs_are_bounded() {
        let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let list = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert_eq!(read(&laughs).unwrap_err(), "line 5: it holds more than 20000 values");
        for opened in ["[", "{a: ", "- ", "? "] {
            assert!(read(&opened.repeat(100_000)).is_err(), "{opened}");
        }
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert_eq!(read(&deep).unwrap_err(), "line 1: it is nested more than 64 levels deep");
    }

    proptest::proptest! {
        #[test]
        fn rubbish_is_an_error_and_nothing_worse(text in "[-a: \\n\\[\\]{}&*!|>'\"#%@`,?~<\\\\0-9\\t]{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn json_reads_as_itself(keys in proptest::collection::vec("\\PC{0,20}", 0..5), text in "\\PC*", n in proptest::num::i64::ANY) {
            let mut value = json!({"text": text, "list": [n, true, null, [], {}]});
            for key in keys {
                value[key] = json!("x");
            }
            proptest::prop_assert_eq!(read(&value.to_string()), Ok(value.clone()));
            proptest::prop_assert_eq!(read(&format!("{value:#}")), Ok(value));
        }
    }
}
