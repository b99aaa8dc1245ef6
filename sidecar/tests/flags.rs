//! `docs/flags.md` has every flag as `--help` has it, and no page names a variable that there is not.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

use std::{collections::BTreeSet, fs, path::Path};

use clap::{Arg, Command, CommandFactory};
use codriver::args::Cli;

/// What stands above the tables.
const HEAD: &str = "\
# Flags and variables of codriver

A test makes this page of what `--help` says. Every flag has a variable, and a flag wins over its variable; times are whole
seconds. Those of codriver-init are in [configuration.md](configuration.md).
";

fn codriver() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Those that have a variable: all but `--help`, and the driver's command.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|flag| flag.get_env().is_some())
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| verb.get_name() != "help")
}

fn row(flag: &Arg) -> String {
    let value = flag.get_action().takes_values().then(|| flag.get_value_names().unwrap_or_default().join(" "));
    let name = match (flag.get_long(), value) {
        (None, value) => value.unwrap_or_default(),
        (Some(long), None) => format!("--{long}"),
        (Some(long), Some(value)) => format!("--{long} {value}"),
    };
    let variable = flag.get_env().unwrap().to_str().unwrap();
    let default: Vec<_> = flag.get_default_values().iter().map(|it| format!("`{}`", it.to_str().unwrap())).collect();
    let meaning = flag.get_help().unwrap().to_string();
    format!("| `{name}` | `{variable}` | {} | {} |\n", default.join(", "), meaning.replace('|', "\\|"))
}

fn section<'a>(title: &str, flags: impl Iterator<Item = &'a Arg>) -> String {
    let rows: String = flags.map(row).collect();
    format!("\n## {title}\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n{rows}")
}

#[test]
fn the_documentation_has_every_flag_as_the_help_has_it() {
    let (path, command) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/flags.md"), codriver());
    let own = |verb: &Command| -> String {
        let global = |flag: &&Arg| !flag.is_global_set();
        section(&format!("`codriver {}`", verb.get_name()), flags(verb).filter(global))
    };
    let page =
        format!("{HEAD}{}{}", section("All verbs", flags(&command)), verbs(&command).map(own).collect::<String>());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page, "run the tests with UPDATE_GOLDEN=1");
}

/// Everything that begins as codriver's variables do.
fn named(page: &str) -> impl Iterator<Item = &str> {
    let words = page.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    words.filter(|word| word.starts_with("CODRIVER_"))
}

/// All pages of the documentation and all manifests.
fn pages(folder: &Path, pages: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            self::pages(&path, pages);
        } else {
            pages.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn no_page_names_a_variable_that_there_is_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let command = codriver();
    let of_codriver = flags(&command).chain(verbs(&command).flat_map(flags));
    let mut known: BTreeSet<_> = of_codriver.map(|flag| flag.get_env().unwrap().to_str().unwrap()).collect();
    // Another test compares this list with the program.
    let of_init = fs::read_to_string(root.join("docs/configuration.md")).unwrap();
    let list = of_init.split_once("## All variables").unwrap().1;
    known.extend(list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()));
    let mut all = vec![("README.md".to_owned(), fs::read_to_string(root.join("README.md")).unwrap())];
    for folder in ["docs", "manifests"] {
        pages(&root.join(folder), &mut all);
    }
    let unknown: Vec<_> = all
        .iter()
        .flat_map(|(path, page)| named(page).map(move |name| (path, name)))
        .filter(|(_, name)| !known.contains(name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
