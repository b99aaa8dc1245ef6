//! The `env` file that codriver-init leaves for the driver's environment.
//!
//! One entry a line: `NAME=value` sets, `NAME+=a,b` adds what is not there yet to a list with commas, `NAME<FILE` sets to what the
//! file holds, `-NAME` removes, `#` starts a comment line.
//! No quoting: the value is the rest of the line. Secrets stand in files of their own, since everybody may read this one.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The most that is read of a variable's file, in bytes.
const LONGEST_VALUE: u64 = 64 * 1024;
/// Whose files cannot be read, and what gives them to all containers of the pod.
const FS_GROUP: &str = "it is for one group: set securityContext.fsGroup of the pod, or the same runAsUser for codriver-init \
    and the driver";

/// What the driver's environment must have and must not have.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Set, in this order.
    pub set: Vec<(OsString, OsString)>,
    /// Removed.
    pub remove: Vec<OsString>,
    /// Lists, and what must be in them.
    add: Vec<(OsString, String)>,
    /// Set to what these files hold, once they are read.
    from_files: Vec<(OsString, PathBuf)>,
}

impl Environment {
    /// Reads the file; a missing one is an empty one, since the wrapper also works without codriver-init.
    ///
    /// # Errors
    /// When it, or a file that it names, cannot be read, or when lines are not of the form above (all of them are named).
    /// Also when Hadoop's configuration is there and is not for us: S3A would go on without it, as somebody else.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let mut environment = Self::read(path)?;
        for (name, more) in std::mem::take(&mut environment.add) {
            let list = env::var_os(&name).unwrap_or_default();
            environment.set.push((name, with(list, &more)));
        }
        for (name, file) in std::mem::take(&mut environment.from_files) {
            environment.set.push((name, OsString::from_vec(read(&file)?)));
        }
        if let Some((_, folder)) = environment.set.iter().find(|(name, _)| name == "HADOOP_CONF_DIR") {
            let core_site = Path::new(folder).join("core-site.xml");
            match File::open(&core_site) {
                Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(Failure::Files { doing: "read", path: core_site, source, hint: FS_GROUP });
                }
                _ => {}
            }
        }
        Ok(environment)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|lines| {
                Failure::Configuration(lines.into_iter().map(|line| format!("{}: {line}", path.display())).collect())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Failure::Files {
                doing: "read",
                path: path.to_owned(),
                source,
                hint: "codriver-init writes it; do all containers mount the same volume?",
            }),
        }
    }

    /// Reads the text of the file, and no other file.
    ///
    /// # Errors
    /// All lines that are not of the form above, by their numbers.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut environment = Self::default();
        let mut mistakes = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let sign = line.find(['=', '<']).map(|at| (&line[..at], &line[at..=at], &line[at + 1..]));
            match (line.strip_prefix('-'), sign) {
                (Some(name), None) if !name.is_empty() => environment.remove.push(name.into()),
                (None, Some((name, "=", value))) if !name.trim_end_matches('+').is_empty() => {
                    match name.strip_suffix('+') {
                        Some(name) => environment.add.push((name.into(), value.to_owned())),
                        None => environment.set.push((name.into(), value.into())),
                    }
                }
                (None, Some((name, _, file))) if !name.is_empty() && file.starts_with('/') => {
                    environment.from_files.push((name.into(), file.into()));
                }
                // The line itself stays unsaid: it may hold what nobody should read in a log.
                _ => mistakes.push(format!("line {number} is none of NAME=value, NAME+=a,b, NAME<FILE and -NAME")),
            }
        }
        if mistakes.is_empty() { Ok(environment) } else { Err(mistakes) }
    }
}

/// The list with what it lacks of the other one.
fn with(list: OsString, more: &str) -> OsString {
    let text = list.to_string_lossy().into_owned();
    let has = |one: &&str| text.split(',').any(|it| it.trim() == *one);
    let lacks: Vec<&str> = more.split(',').filter(|one| !has(one)).collect();
    let mut list = list;
    for one in lacks {
        if !list.is_empty() {
            list.push(",");
        }
        list.push(one);
    }
    list
}

/// A variable's value, as it stands in its file.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut value = Vec::new();
    match File::open(path).and_then(|file| file.take(LONGEST_VALUE).read_to_end(&mut value)) {
        Ok(_) => Ok(value),
        Err(source) => Err(Failure::Files { doing: "read", path: path.to_owned(), source, hint: FS_GROUP }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sets_and_removes_and_keeps_values_as_they_are() {
        let text = "# made by codriver-init\nHADOOP_CONF_DIR=/codriver/hadoop\n\nA=b=c <\"d\"\nT</t=1\n-AWS_PROFILE\n\
            NO_PROXY+=127.0.0.1,localhost\n";
        let expected = Environment {
            set: vec![("HADOOP_CONF_DIR".into(), "/codriver/hadoop".into()), ("A".into(), "b=c <\"d\"".into())],
            remove: vec!["AWS_PROFILE".into()],
            add: vec![("NO_PROXY".into(), "127.0.0.1,localhost".into())],
            from_files: vec![("T".into(), "/t=1".into())],
        };
        assert_eq!(Environment::parse(text), Ok(expected));
    }

    #[test]
    fn all_mistakes_are_named_and_none_is_quoted() {
        let mistakes = Environment::parse("=x\n+=x\nGOOD=1\nnonsense\n-\n-A=b\nT<t\n</t\n").unwrap_err();
        let wrong = [1, 2, 4, 5, 6, 7, 8]
            .map(|line| format!("line {line} is none of NAME=value, NAME+=a,b, NAME<FILE and -NAME"));
        assert_eq!(mistakes, wrong);
    }

    #[test]
    fn a_list_gets_what_it_lacks() {
        for (list, all) in [
            ("", "127.0.0.1,localhost"),
            (".corp, localhost", ".corp, localhost,127.0.0.1"),
            ("localhost,127.0.0.1", "localhost,127.0.0.1"),
        ] {
            assert_eq!(with(list.into(), "127.0.0.1,localhost"), all);
        }
    }

    #[test]
    fn a_value_may_stand_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (env, token) = (folder.path().join("env"), folder.path().join("token"));
        fs::write(&env, format!("TOKEN<{}\n", token.display())).unwrap();
        let failure = Environment::load(&env).unwrap_err();
        assert_eq!(failure.code(), 73);
        assert!(failure.to_string().contains(token.to_str().unwrap()), "{failure}");
        fs::write(&token, "hunter2").unwrap();
        assert_eq!(Environment::load(&env).unwrap().set, [("TOKEN".into(), "hunter2".into())]);
    }

    #[test]
    fn without_the_file_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Environment::load(&folder.path().join("env")).unwrap(), Environment::default());
    }
}
