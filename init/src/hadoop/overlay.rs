//! Reads the user's `core-site.xml` as Hadoop's `Configuration` does, so that it can be put over codriver's.
//!
//! `final` has no meaning here: the user's file wins anyway. `xi:include` and entities of a document type are refused, since
//! what they name lies outside of the file.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Properties, Value, names_a_secret};

/// Reads settings. A later one of the same name wins. Secrets stay secret: they will stand in `core-site.xml` alone.
///
/// # Errors
/// What is wrong with the file, without any value of it.
pub fn parse(xml: &str) -> Result<Properties, String> {
    let mut reader = Reader::from_str(xml);
    let mut state = State::default();
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| format!("is no XML at byte {at}: {}", shortened(&error)))?;
        match event {
            Event::Start(start) => state.open(&start)?,
            Event::Empty(start) => {
                state.open(&start)?;
                state.close();
            }
            Event::End(_) => state.close(),
            Event::Text(text) => state.text(&text.replace("\r\n", "\n").replace('\r', "\n")),
            Event::CData(text) => state.text(&text),
            Event::GeneralRef(name) => state.text(&resolve(&name)?),
            Event::DocType(_) => return Err("has a document type, which is not read".to_owned()),
            Event::Eof if state.path.is_empty() && state.is_configuration => return Ok(state.properties),
            Event::Eof if state.path.is_empty() => return Err("has no <configuration>".to_owned()),
            Event::Eof => return Err("ends in the middle of an element".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

/// An error's first line; the rest may quote the file.
fn shortened(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::IllFormed(error) => match error {
            quick_xml::errors::IllFormedError::MismatchedEndTag { .. } => {
                "an end tag closes another element".to_owned()
            }
            _ => "an element is not well formed".to_owned(),
        },
        quick_xml::Error::Syntax(_) => "a tag, comment or declaration does not end".to_owned(),
        _ => "it cannot be read".to_owned(),
    }
}

/// Where in the file the reader is, and what it has found.
#[derive(Default)]
struct State {
    path: Vec<String>,
    is_configuration: bool,
    name: Option<String>,
    value: Option<String>,
    properties: Properties,
}

impl State {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let element = name_of(start);
        match (self.path.len(), element.as_str()) {
            (0, "configuration") if !self.is_configuration => self.is_configuration = true,
            (0, _) => return Err("has another root than one <configuration>".to_owned()),
            (_, "xi:include" | "include") => {
                return Err("includes another file, which is not followed: put its settings into this one".to_owned());
            }
            (1, "property") => {
                (self.name, self.value) = (None, None);
                // The short form, since Hadoop 3.
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|_| "has an attribute that is no name=\"value\"".to_owned())?;
                    let text = attribute
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .map_err(|_| "has an attribute that cannot be read".to_owned())?;
                    match attribute.key.as_ref() {
                        "name" => self.name = Some(text.into_owned()),
                        "value" => self.value = Some(text.into_owned()),
                        _ => {}
                    }
                }
            }
            (2, "name") => self.name = Some(String::new()),
            (2, "value") => self.value = Some(String::new()),
            // Groups of properties, and what Hadoop does not read either: final, source, tag, description.
            _ => {}
        }
        self.path.push(element);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        match self.path.last().map(String::as_str) {
            Some("name") => self.name.get_or_insert_default().push_str(text),
            Some("value") => self.value.get_or_insert_default().push_str(text),
            _ => {}
        }
    }

    /// Hadoop ignores a setting without a value, or with an empty one.
    fn close(&mut self) {
        if self.path.pop().as_deref() != Some("property") {
            return;
        }
        let (name, value) = (self.name.take().unwrap_or_default(), self.value.take().unwrap_or_default());
        let name = name.trim();
        if !name.is_empty() && !value.is_empty() {
            self.properties.insert(name.to_owned(), Value::expanding(value, names_a_secret(name)));
        }
    }
}

fn name_of(start: &BytesStart<'_>) -> String {
    start.name().as_ref().to_owned()
}

/// `&amp;` and its four siblings, and characters by their number.
fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    let unknown = || "refers to an entity that XML itself does not have".to_owned();
    if let Some(c) = reference.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(c.to_string());
    }
    Ok(match &**reference {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(unknown()),
    }
    .to_owned())
}
