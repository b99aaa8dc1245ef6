//! What surrounds the program beside its flags: the variables that have none, since they hold secrets or belong to others,
//! and the files that settings name. Given as values, so that judging settings touches nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

/// Reads a file up to a bound in bytes. What is longer is an error.
pub type ReadFile<'a> = &'a dyn Fn(&Path, u64) -> io::Result<Vec<u8>>;

/// The environment and a way to read files.
pub struct Surroundings<'a> {
    /// All variables. What is no text in them was made one.
    pub variables: BTreeMap<String, String>,
    /// How files are read.
    pub read: ReadFile<'a>,
}

impl Surroundings<'_> {
    /// A variable that is set to more than blanks.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first of these that is set: proxies are written in both cases.
    pub fn first_of(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.variable(name))
    }

    /// A file as text.
    ///
    /// # Errors
    /// Why not, as the end of a sentence that begins with the file's name.
    pub fn text(&self, path: &Path, bound: u64) -> Result<String, String> {
        let content = (self.read)(path, bound).map_err(|error| format!("cannot be read: {error}"))?;
        String::from_utf8(content).map_err(|_| "is no text".to_owned())
    }
}

/// Names only: values may be secret.
impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
